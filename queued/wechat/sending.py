"""From the ledger of reminders to WeChat. AT MOST ONCE: `sending` is durable before a byte leaves.

After a crash nobody knows whether the bytes of a reminder in `sending` had left: it is `unknown`
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
from queued.engine.reminders import Kind, Reminder, ReminderLedger, ReminderStatus
from queued.settings_wechat_values import ReminderSettings
from queued.wechat import errors, templates, told
from queued.wechat.inbound import OpenId
from queued.wechat.people import Phones
from queued.wechat.phrases import phrases

log = logging.getLogger(__name__)

RETRY_MS = 5_000
"""What could not be sent is looked at again so often; most reminders are true for minutes."""

MINUTE_QUOTA_MS = 60_000
DAY_MS = 86_400_000
BEIJING_MS = 8 * 3_600_000
"""WeChat's days end at midnight in Beijing, wherever the hall is."""

AT_ONCE = 8
"""Under way together: WeChat answers in a tenth of a second, halls call one a second."""


class Carrier(Protocol):
    """Who brings reminders to phones: the client."""

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

    status: ReminderStatus | None
    reason: str = ""
    carrier_id: str = ""


class Sender:
    """Sends what a hall owes. `counts`: what became of reminders, "kind status" or "… reason"."""

    def __init__(
        self,
        *,
        hall: RunningHall,
        ledger: ReminderLedger,
        phones: Phones,
        carrier: Carrier,
        clock: Clock,
        ways: Sequence[ReminderSettings],
        ahead: int,
        url: str,
        names: told.Names,
    ) -> None:
        """`ways` in the order of trying; `url` is what phones reach us by."""
        self._hall = hall
        self._ledger = ledger
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
            except Exception:  # an edge: reminders go on after a full disk or a bug in one of them
                log.exception("reminders could not be sent, trying again")
                self._again()

    async def _round(self) -> None:
        owed = await self._ledger.owed(self._hall.id)
        for start in range(0, len(owed), AT_ONCE):
            some = owed[start : start + AT_ONCE]
            done = await asyncio.gather(*(self._one(reminder) for reminder in some))
            if not all(done):
                self._again()

    def _again(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        moment = Millis(self._clock.now() + RETRY_MS)
        self._timer = self._clock.call_at(moment, self._wake.set)

    async def _one(self, reminder: Reminder) -> bool:
        """Whether this reminder needs no further look."""
        why = self._untrue(reminder)
        if why:
            return await self._drop(reminder, why)
        holder = await self._phones.holder(reminder.day, reminder.ticket)
        if holder is None or holder[0] != reminder.person:
            return await self._drop(reminder, "forgotten")
        ways = await self._possible(reminder)
        if not ways:
            return await self._drop(reminder, "no_way")
        if not await self._ledger.mark(self._hall.id, reminder, ReminderStatus.SENDING):
            return True  # the person has just been forgotten
        tried = await self._tried(reminder, holder[1], ways)
        status = tried.status or ReminderStatus.FAILED
        await self._ledger.mark(
            self._hall.id, reminder, status, reason=tried.reason, carrier_id=tried.carrier_id
        )
        self._count(reminder, tried.reason or status.value)
        return status is not ReminderStatus.OWED

    async def _drop(self, reminder: Reminder, reason: str) -> bool:
        status = ReminderStatus.DROPPED
        await self._ledger.mark(self._hall.id, reminder, status, reason=reason)
        self._count(reminder, reason)
        return True

    def _count(self, reminder: Reminder, what: str) -> None:
        self.counts[f"{reminder.kind} {what}"] += 1

    # ── Is it true, is there a way ────────────────────────────────────────────────────────

    def _untrue(self, reminder: Reminder) -> str:
        """Why it must not be sent now; "" if it may."""
        hall = self._hall.actor.hall
        if self._clock.now() >= reminder.expires_at:
            return "expired"
        if hall.day != reminder.day or reminder.ticket > len(hall.tickets):
            return "day_over"
        ticket = hall.ticket(reminder.ticket)
        if ticket.status is Status.CANCELLED:
            return "left"
        return "" if _TRUE[reminder.kind](hall, ticket, self._ahead) else "no_longer"

    async def _possible(self, reminder: Reminder) -> list[ReminderSettings]:
        ways = [way for way in self._ways if way.kind == reminder.kind]
        if not any(way.carrier == "subscribe" for way in ways):
            return ways
        agreed = await self._ledger.consents(reminder.person)
        return [way for way in ways if way.carrier != "subscribe" or way.template in agreed]

    async def _tried(
        self, reminder: Reminder, person: OpenId, ways: Sequence[ReminderSettings]
    ) -> _Tried:
        tried = _Tried(None)
        for way in ways:
            # Again, after the ledger has been written: nobody who left meanwhile is told.
            why = self._untrue(reminder)
            if why:
                return _Tried(ReminderStatus.FAILED, why)
            if self._paused.get(way.carrier, 0) > self._clock.now():
                tried = _Tried(None, "quota")
                continue
            tried = await self._send(reminder, person, way)
            if tried.status is not None:
                return tried
        if tried.reason == "quota":
            return _Tried(ReminderStatus.OWED, "quota")
        return tried

    # ── One way ───────────────────────────────────────────────────────────────────────────

    async def _send(self, reminder: Reminder, person: OpenId, way: ReminderSettings) -> _Tried:
        spends = way.carrier == "subscribe" and not way.long_term
        now = self._clock.now()
        if spends:
            await self._ledger.consent(reminder.person, way.template, -1, now)
        try:
            return _Tried(ReminderStatus.SENT, "", await self._speak(reminder, person, way))
        except errors.Unreachable as failure:
            if failure.maybe_done:
                return _Tried(ReminderStatus.UNKNOWN, "no_answer")
            tried = _Tried(ReminderStatus.OWED, "unreachable")
        except errors.Busy:
            tried = _Tried(ReminderStatus.OWED, "busy")
        except errors.ConsentSpent:
            await self._ledger.consent(reminder.person, way.template, None, now)
            return _Tried(None, "no_consent")
        except errors.TooMany as failure:
            self._pause(way.carrier, failure)
            tried = _Tried(None, "quota")
        except errors.NotReachable as failure:
            tried = _Tried(None, f"errcode {failure.code}")
        except errors.CallFailed as failure:
            log.error("reminders of template %s are refused: %s", way.id, failure)
            facts: dict[str, str | int] = {"template": way.id, "code": failure.code}
            self._hall.alarms.raise_("wechat_refused", way.id, facts)
            tried = _Tried(None, f"errcode {failure.code}")
        if spends:
            await self._ledger.consent(reminder.person, way.template, 1, now)
        return tried

    async def _speak(self, reminder: Reminder, person: OpenId, way: ReminderSettings) -> str:
        hall = self._hall.actor.hall
        ticket = hall.ticket(reminder.ticket)
        data = templates.data(way.fields, self._facts(reminder.kind, hall, ticket))
        page = f"{self._url}/t/{self._hall.tokens.token(reminder.day, reminder.ticket)}"
        if way.carrier == "subscribe":
            return await self._carrier.send_subscribed(person, way.template, data, page)
        named = f"{self._hall.id}|{reminder.key}|{reminder.person}".encode()
        once_id = blake2b(named, digest_size=16).hexdigest()
        return await self._carrier.send_template(person, way.template, data, page, once_id)

    def _facts(self, kind: Kind, hall: Hall, ticket: Ticket) -> dict[str, str]:
        say, zone = phrases(ticket.language), self._hall.calendar.zone
        ahead = views.ahead(hall, ticket)
        until = told.clock(told.back_until(hall), zone)
        window = told.window_name(hall, ticket.window, say, self._names)
        kept = hall.absent.get(ticket.id)
        name = "reminder.ahead_none" if kind == "ahead" and not ahead else f"reminder.{kind}"
        if kind == "ahead" and kept is not None:
            name = "reminder.ahead_absent"
        if kind == "held" and kept:
            until = told.clock(kept, zone)
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
            "status": say(f"reminder.{kind}_phrase"),
        }

    def _pause(self, carrier: str, failure: errors.TooMany) -> None:
        now = self._clock.now()
        until = now + MINUTE_QUOTA_MS
        if failure.daily:
            until = (now + BEIJING_MS) // DAY_MS * DAY_MS + DAY_MS - BEIJING_MS
        self._paused[carrier] = until
        log.warning("WeChat takes no more %s reminders for a while: %s", carrier, failure)


_TRUE: Mapping[Kind, Callable[[Hall, Ticket, int], bool]] = {
    "ahead": lambda hall, ticket, most: (
        ticket.status is Status.WAITING and views.ahead(hall, ticket) <= most
    ),
    "held": lambda hall, ticket, most: (
        ticket.status is Status.WAITING and bool(hall.absent.get(ticket.id))
    ),
    "called": lambda hall, ticket, most: ticket.status is Status.CALLED,
    "missed": lambda hall, ticket, most: ticket.status is Status.MISSED,
}
"""Whether a reminder still says how things are."""
