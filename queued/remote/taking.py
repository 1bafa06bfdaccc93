"""Taking a number on the phone, and saying that one has come.

One number at a time is given out: looking up what a person holds, counting the day's numbers and
taking one more must not be pulled apart by a second request of the same finger. A hall gives out
a few of these a second at most, each in some milliseconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from queued.core import commands as c
from queued.core.events import Event, TicketIssued
from queued.core.model import Hall, Ticket, TicketId
from queued.core.plan import Millis, ServiceId
from queued.core.refusals import AlreadyWaiting
from queued.core.tally import UNDECIDED
from queued.engine.ports import PeopleFailed
from queued.phone_sessions import Holder
from queued.remote.places import OnSiteCode, Proof, in_the_hall, within
from queued.server.live import Live
from queued.server.problems import Problem
from queued.settings_values import ServiceSettings, Settings
from queued.storage.people import People
from queued.wechat.inbound import OpenId
from queued.wechat.people import TICKETS_MAX, Phones

log = logging.getLogger(__name__)

BY = "visitor:phone"
"""Who takes numbers in this way, in the journal: a visitor, never which one."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A person's ticket of today; `new` if it was given out just now."""

    ticket: Ticket
    token: str
    new: bool


class Taking:
    """Numbers of one hall, taken on phones. Without an account there are no `phones`."""

    def __init__(self, live: Live, people: People, phones: Phones | None, code: OnSiteCode) -> None:
        self._live = live
        self._people = people
        self._phones = phones
        self._code = code
        self._one_at_a_time = asyncio.Lock()

    def digest(self, holder: Holder) -> str:
        """What stands for a person."""
        return self._people.digest(holder.kind, holder.text)

    async def tickets(self, holder: Holder) -> list[Ticket]:
        """A person's tickets of today, oldest first."""
        hall = self._live.hall
        found = await self._people.find_by_digest(
            self._live.id, holder.kind, self.digest(holder), self._live.now()
        )
        ids = sorted({one.ticket for one in found if one.day == hall.day})
        return [hall.ticket(id_) for id_ in ids if id_ <= len(hall.tickets)]

    async def take(
        self,
        settings: Settings,
        holder: Holder,
        service: ServiceSettings,
        proof: Proof,
        language: str,
        key: str,
    ) -> Taken:
        """A number, or the one this person holds in the same queue already.

        `key` is the same for a second try of the same wish. Raises `Problem`, `Refused`.
        """
        now = self._live.now()
        self._may(settings, service, proof, now)
        async with self._one_at_a_time:
            mine = await self.tickets(holder)
            held = [t for t in mine if t.status in UNDECIDED and t.queue == service.queue]
            if held:
                return Taken(held[-1], self.token(held[-1]), new=False)
            self._room(settings, service, mine)
            here = self._here(settings, proof, now)
            command = c.IssueTicket(
                service=ServiceId(service.id),
                language=language,
                others=tuple(ticket.id for ticket in mine),
                here=here,
                by=BY,
            )
            ticket = await self._issued(command, f"{BY}:{self.digest(holder)[:24]}:{key}")
            await self._bind(holder, ticket)
            return Taken(ticket, self.token(ticket), new=True)

    async def arrive(self, settings: Settings, ticket: Ticket, proof: Proof) -> None:
        """Its holder is in the hall. Raises `Problem` not_shown, `Refused`."""
        self.prove(settings, proof)
        await self._live.running.actor.submit(c.Arrive(ticket=ticket.id, by=BY))

    def prove(self, settings: Settings, proof: Proof) -> None:
        """Raises `Problem` unless a phone has shown that it is in the hall."""
        if not in_the_hall(settings.remote, self._code, proof, self._live.now()):
            raise Problem(
                "wrong_code" if proof.code else "not_near" if proof.latitude else "not_shown"
            )

    def token(self, ticket: Ticket) -> str:
        """The own-ticket token of a ticket of today."""
        return self._live.running.tokens.token(self._live.hall.day or "", ticket.id)

    # ── What must be true ─────────────────────────────────────────────────────────────────

    def _may(
        self, settings: Settings, service: ServiceSettings, proof: Proof, now: Millis
    ) -> None:
        """Raises `Problem` unless this service is offered now, and to phones there."""
        remote = settings.remote
        if not service.remote:
            raise Problem("not_offered", facts={"service": service.name})
        local = datetime.fromtimestamp(now / 1000, self._live.calendar.zone)
        if not remote.since_minutes <= local.hour * 60 + local.minute < remote.until_minutes:
            facts = {"from": clock(remote.since_minutes), "until": clock(remote.until_minutes)}
            raise Problem("not_at_this_time", facts=facts)
        if remote.place == "anywhere":
            return
        if remote.code and proof.code:
            if not self._code.good(proof.code, now):
                raise Problem("wrong_code")
            return
        if remote.place == "hall":
            raise Problem("not_shown")
        if not within(remote, proof, remote.near_m):
            raise Problem("not_near" if proof.latitude else "not_shown")

    def _here(self, settings: Settings, proof: Proof, now: Millis) -> bool:
        """Whether the phone has shown that it is in the hall already."""
        remote = settings.remote
        asked = bool(remote.code or remote.position)
        return asked and in_the_hall(remote, self._code, proof, now)

    def _room(
        self, settings: Settings, service: ServiceSettings, mine: Sequence[Ticket]
    ) -> None:
        """Raises `Problem` if this person, or the service, has had the day's numbers."""
        most = settings.remote.per_person
        if sum(ticket.origin == BY for ticket in mine) >= most or len(mine) >= TICKETS_MAX:
            raise Problem("too_many_numbers", facts={"most": most})
        limit = service.remote_per_day
        given = sum(
            ticket.origin == BY and ticket.service == service.id
            for ticket in self._live.hall.tickets
        )
        if limit is not None and given >= limit:
            raise Problem("no_more_today", facts={"most": limit})

    # ── What follows ──────────────────────────────────────────────────────────────────────

    async def _issued(self, command: c.IssueTicket, key: str) -> Ticket:
        def render(hall: Hall, events: Sequence[Event]) -> bytes:
            issued = next(event for event in events if isinstance(event, TicketIssued))
            return f"{hall.day}/{issued.ticket}".encode()

        fingerprint = f"{command.service}"
        try:
            outcome = await self._live.running.actor.submit(
                command, key=key, fingerprint=fingerprint, render=render
            )
        except AlreadyWaiting as refusal:
            raise Problem("already_waiting", facts=refusal.facts) from None
        day, _, id_ = outcome.answer.decode().partition("/")
        if day != self._live.hall.day:
            raise Problem("not_at_this_time")  # the day has just ended
        return self._live.hall.ticket(TicketId(int(id_)))

    async def _bind(self, holder: Holder, ticket: Ticket) -> None:
        """Say whose it is, so that there is no second one, and reminders find their phone."""
        try:
            if holder.kind == "openid" and self._phones is not None:
                await self._phones.bind(OpenId(holder.text), ticket)
            else:
                await self._people.put(
                    self._live.id,
                    self._live.hall.day or "",
                    ticket.id,
                    holder.kind,
                    self.digest(holder),
                    expires_at=self._live.hall.day_ends_at,
                )
        except PeopleFailed as error:
            # The number is out and its holder gets it; only a second one would not be noticed.
            log.error("a number is not bound to its phone: %s", error)


def clock(minutes: int) -> str:
    """Minutes after midnight as "08:30"."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
