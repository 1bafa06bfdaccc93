"""From the ledger of notices to WeChat. AT MOST ONCE: `sending` is durable before a byte leaves.

After a crash nobody knows whether the bytes of a notice in `sending` had left: it is `unknown`
and not sent again. What WeChat certainly did not do (it was busy, a connection never came about,
a quota of this minute) goes back to `owed` for as long as it is true and in time. A consent is
used up before the message leaves, and given back only if WeChat certainly did not send it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from queued.core import views
from queued.core.model import Hall, Status, Ticket
from queued.core.plan import Millis
from queued.engine.clock import Clock, Timer
from queued.engine.halls import RunningHall
from queued.engine.notices import Kind, Notice, Notices, NoticeStatus
from queued.settings_wechat_values import WechatNoticeSettings
from queued.wechat import errors, templates, told
from queued.wechat.inbound import OpenId
from queued.wechat.people import Phones
from queued.wechat.phrases import phrases

log = logging.getLogger(__name__)

RETRY_MS = 5_000
"""What could not be sent is looked at again so often; most notices are true for minutes."""

MINUTE_QUOTA_MS = 60_000
DAY_MS = 86_400_000
BEIJING_MS = 8 * 3_600_000
"""WeChat's days end at midnight in Beijing, wherever the hall is."""

AT_ONCE = 8
"""Notices under way together: WeChat answers in a tenth of a second, halls call one a second."""


class Carrier(Protocol):
    """Who brings notices to phones: the client."""

    async def send_template(
        self,
        person: str,
        template: str,
        data: Mapping[str, Mapping[str, str]],
        url: str,
        once_id: str,
    ) -> str: ...

    async def send_subscribed(
        self, person: str, template: str, data: Mapping[str, Mapping[str, str]], url: str
    ) -> str: ...


@dataclass(frozen=True, slots=True)
class _Tried:
    """What came of trying a way: the status to write, or None to try the next way."""

    status: NoticeStatus | None
    reason: str = ""
    carrier_id: str = ""


class Sender:
    """Sends what a hall owes. `counts`: what became of notices, "kind status" or "… reason"."""

    def __init__(
        self,
        *,
        hall: RunningHall,
        notices: Notices,
        phones: Phones,
        carrier: Carrier,
        clock: Clock,
        ways: Sequence[WechatNoticeSettings],
        ahead: int,
        url: str,
        names: told.Names,
    ) -> None:
        """`ways` in the order of trying; `url` is what phones reach us by."""
        self._hall = hall
        self._notices = notices
        self._phones = phones
        self._carrier = carrier
        self._clock = clock
        self._ways = ways
        self._ahead = ahead
        self._url = url
        self._names = names
        self._paused: dict[str, int] = {}
        """By carrier: until when its quota is used up."""
        self._wake = asyncio.Event()
        self._timer: Timer | None = None
        self._task: asyncio.Task[None] | None = None
        self.counts: Counter[str] = Counter()

    def start(self) -> None:
        """Begin with what is owed from before."""
        self._wake.set()
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop; what is under way is `unknown` after the next start."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def wake(self) -> None:
        """There is something to send."""
        self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._round()
            except Exception:  # an edge: notices go on after a full disk or a bug in one of them
                log.exception("notices could not be sent, trying again")
                self._again()

    async def _round(self) -> None:
        owed = await self._notices.owed(self._hall.id)
        for start in range(0, len(owed), AT_ONCE):
            some = owed[start : start + AT_ONCE]
            done = await asyncio.gather(*(self._one(notice) for notice in some))
            if not all(done):
                self._again()

    def _again(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        moment = Millis(self._clock.now() + RETRY_MS)
        self._timer = self._clock.call_at(moment, self._wake.set)

    async def _one(self, notice: Notice) -> bool:
        """Whether this notice needs no further look."""
        why = self._untrue(notice)
        if why:
            return await self._drop(notice, why)
        holder = await self._phones.holder(notice.day, notice.ticket)
        if holder is None or holder[0] != notice.person:
            return await self._drop(notice, "forgotten")
        ways = await self._possible(notice)
        if not ways:
            return await self._drop(notice, "no_way")
        if not await self._notices.mark(self._hall.id, notice, NoticeStatus.SENDING):
            return True  # the person has just been forgotten
        tried = await self._tried(notice, holder[1], ways)
        status = tried.status or NoticeStatus.FAILED
        await self._notices.mark(
            self._hall.id, notice, status, reason=tried.reason, carrier_id=tried.carrier_id
        )
        self._count(notice, tried.reason or status.value)
        return status is not NoticeStatus.OWED

    async def _drop(self, notice: Notice, reason: str) -> bool:
        status = NoticeStatus.DROPPED
        await self._notices.mark(self._hall.id, notice, status, reason=reason)
        self._count(notice, reason)
        return True

    def _count(self, notice: Notice, what: str) -> None:
        self.counts[f"{notice.kind} {what}"] += 1

    # ── Is it true, is there a way ────────────────────────────────────────────────────────

    def _untrue(self, notice: Notice) -> str:
        """Why it must not be sent now; "" if it may."""
        hall = self._hall.actor.hall
        if self._clock.now() >= notice.expires_at:
            return "expired"
        if hall.day != notice.day or notice.ticket > len(hall.tickets):
            return "day_over"
        ticket = hall.ticket(notice.ticket)
        if ticket.status is Status.CANCELLED:
            return "left"
        return "" if _TRUE[notice.kind](hall, ticket, self._ahead) else "no_longer"

    async def _possible(self, notice: Notice) -> list[WechatNoticeSettings]:
        ways = [way for way in self._ways if way.kind == notice.kind]
        if not any(way.carrier == "subscribe" for way in ways):
            return ways
        agreed = await self._notices.consents(notice.person)
        return [way for way in ways if way.carrier != "subscribe" or way.template in agreed]

    async def _tried(
        self, notice: Notice, person: OpenId, ways: Sequence[WechatNoticeSettings]
    ) -> _Tried:
        tried = _Tried(None)
        for way in ways:
            # Again, after the ledger has been written: nobody who left meanwhile is told.
            why = self._untrue(notice)
            if why:
                return _Tried(NoticeStatus.FAILED, why)
            if self._paused.get(way.carrier, 0) > self._clock.now():
                tried = _Tried(None, "quota")
                continue
            tried = await self._send(notice, person, way)
            if tried.status is not None:
                return tried
        if tried.reason == "quota":
            return _Tried(NoticeStatus.OWED, "quota")
        return tried

    # ── One way ───────────────────────────────────────────────────────────────────────────

    async def _send(self, notice: Notice, person: OpenId, way: WechatNoticeSettings) -> _Tried:
        spends = way.carrier == "subscribe" and not way.long_term
        now = self._clock.now()
        if spends:
            await self._notices.consent(notice.person, way.template, -1, now)
        try:
            return _Tried(NoticeStatus.SENT, "", await self._speak(notice, person, way))
        except errors.Unreachable as failure:
            if failure.maybe_done:
                return _Tried(NoticeStatus.UNKNOWN, "no_answer")
            tried = _Tried(NoticeStatus.OWED, "unreachable")
        except errors.Busy:
            tried = _Tried(NoticeStatus.OWED, "busy")
        except errors.ConsentSpent:
            await self._notices.consent(notice.person, way.template, None, now)
            return _Tried(None, "no_consent")
        except errors.TooMany as failure:
            self._pause(way.carrier, failure)
            tried = _Tried(None, "quota")
        except errors.NotReachable as failure:
            tried = _Tried(None, f"errcode {failure.code}")
        except errors.CallFailed as failure:
            log.error("notices of template %s are refused: %s", way.id, failure)
            facts: dict[str, str | int] = {"template": way.id, "code": failure.code}
            self._hall.alarms.raise_("wechat_refused", way.id, facts)
            tried = _Tried(None, f"errcode {failure.code}")
        if spends:
            await self._notices.consent(notice.person, way.template, 1, now)
        return tried

    async def _speak(self, notice: Notice, person: OpenId, way: WechatNoticeSettings) -> str:
        hall = self._hall.actor.hall
        ticket = hall.ticket(notice.ticket)
        data = templates.data(way.fields, self._facts(notice.kind, hall, ticket))
        page = f"{self._url}/t/{self._hall.tokens.token(notice.day, notice.ticket)}"
        if way.carrier == "subscribe":
            return await self._carrier.send_subscribed(person, way.template, data, page)
        named = f"{self._hall.id}|{notice.key}|{notice.person}".encode()
        once_id = blake2b(named, digest_size=16).hexdigest()
        return await self._carrier.send_template(person, way.template, data, page, once_id)

    def _facts(self, kind: Kind, hall: Hall, ticket: Ticket) -> dict[str, str]:
        say, zone = phrases(ticket.language), self._hall.calendar.zone
        ahead = views.ahead(hall, ticket)
        until = told.clock(told.back_until(hall), zone)
        window = told.window_name(hall, ticket.window, say, self._names)
        name = "notice.ahead_none" if kind == "ahead" and not ahead else f"notice.{kind}"
        service = hall.plan.services.get(ticket.service) if ticket.service else None
        return {
            "number": ticket.number,
            "queue": told.queue_name(hall, ticket.queue, say, self._names),
            "service": service.name if service else "",
            "window": window,
            "ahead": str(ahead),
            "hall": hall.plan.name,
            "time": told.clock(self._clock.now(), zone),
            "until": until,
            "note": say(name, ahead=ahead, window=window, until=until),
            "status": say(f"notice.{kind}_phrase"),
        }

    def _pause(self, carrier: str, failure: errors.TooMany) -> None:
        now = self._clock.now()
        until = now + MINUTE_QUOTA_MS
        if failure.daily:
            until = (now + BEIJING_MS) // DAY_MS * DAY_MS + DAY_MS - BEIJING_MS
        self._paused[carrier] = until
        log.warning("WeChat takes no more %s notices for a while: %s", carrier, failure)


_TRUE: Mapping[Kind, Callable[[Hall, Ticket, int], bool]] = {
    "ahead": lambda hall, ticket, most: (
        ticket.status is Status.WAITING and views.ahead(hall, ticket) <= most
    ),
    "called": lambda hall, ticket, most: ticket.status is Status.CALLED,
    "missed": lambda hall, ticket, most: ticket.status is Status.MISSED,
}
"""Whether a notice still says how things are."""
