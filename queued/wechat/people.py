"""Which ticket belongs to whose phone. The openid itself lies sealed in the table of people.

A binding ends with the business day it is good for. The first phone keeps a ticket: whoever
photographs a slip in passing cannot take its reminders over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal, Protocol, TypeAlias

from queued.core.model import Status, Ticket, TicketId
from queued.core.plan import Millis
from queued.engine.clock import Clock
from queued.engine.halls import RunningHall
from queued.engine.reminders import Person
from queued.wechat.inbound import OpenId

KIND: Literal["openid"] = "openid"

TICKETS_MAX = 10
"""Bound to one phone in a day: a family's papers; more is somebody who collects numbers."""

Bound: TypeAlias = Literal["bound", "already", "taken", "ended", "many"]
"""What came of binding."""

ENDED = frozenset({Status.SERVED, Status.CANCELLED})


class People(Protocol):
    """The table of people; see `storage.people`."""

    def digest(self, kind: Literal["openid"], text: str) -> str:
        """What stands for an openid everywhere else."""
        ...

    async def put(
        self,
        hall: str,
        day: str,
        ticket: TicketId,
        kind: Literal["openid"],
        digest: str,
        *,
        expires_at: Millis,
        masked: str = "",
        secret: str | None = None,
    ) -> Any:
        """Say who holds a ticket."""
        ...

    async def find_by_digest(
        self, hall: str, kind: Literal["openid"], digest: str, at: Millis
    ) -> Sequence[Any]:
        """The tickets of one person, newest first."""
        ...

    async def of_ticket(
        self, hall: str, day: str, ticket: TicketId, at: Millis
    ) -> Sequence[Any]:
        """Every way in which the holder of a ticket is known."""
        ...

    def reveal(self, person: Any) -> str | None:
        """What was sealed."""
        ...

    async def forget(self, kind: Literal["openid"], digest: str) -> int:
        """Take one person off the disk."""
        ...


class Phones:
    """The phones bound to tickets of one hall."""

    def __init__(self, hall: RunningHall, people: People, clock: Clock) -> None:
        self._hall = hall
        self._people = people
        self._clock = clock
        self._bound: dict[tuple[str, TicketId], str] = {}
        self._binding = asyncio.Lock()

    async def load(self) -> None:
        """Learn which tickets of today are bound, after a start."""
        hall = self._hall.actor.hall
        for ticket in hall.tickets:
            if hall.day is not None and ticket.status not in ENDED:
                await self._holders(hall.day, ticket.id)

    def bound(self, day: str, ticket: TicketId) -> str | None:
        """The digest of whoever a ticket is bound to, from memory: asked at every event."""
        return self._bound.get((day, ticket))

    @property
    def any_bound(self) -> bool:
        """Whether anybody waits for a reminder."""
        return bool(self._bound)

    def digest(self, person: OpenId) -> str:
        """What stands for a person in ledgers and memory."""
        return self._people.digest(KIND, person)

    async def bind(self, person: OpenId, ticket: Ticket) -> Bound:
        """Bind a ticket of today, once."""
        async with self._binding:  # of two phones at once, the second finds the first
            return await self._bind(person, ticket)

    async def _bind(self, person: OpenId, ticket: Ticket) -> Bound:
        hall = self._hall.actor.hall
        if ticket.status in ENDED or hall.day is None:
            return "ended"
        digest, now = self.digest(person), self._clock.now()
        holders = await self._holders(hall.day, ticket.id)
        if holders:
            return "already" if holders[0].digest == digest else "taken"
        if len(await self.tickets(person)) >= TICKETS_MAX:
            return "many"
        await self._people.put(
            self._hall.id,
            hall.day,
            ticket.id,
            KIND,
            digest,
            expires_at=max(hall.day_ends_at, Millis(now + 1)),
            secret=person,
        )
        self._bound = {key: one for key, one in self._bound.items() if key[0] == hall.day}
        self._bound[hall.day, ticket.id] = digest
        return "bound"

    async def tickets(self, person: OpenId) -> list[Ticket]:
        """A person's tickets of today, oldest first."""
        hall = self._hall.actor.hall
        found = await self._people.find_by_digest(
            self._hall.id, KIND, self.digest(person), self._clock.now()
        )
        ids = sorted(one.ticket for one in found if one.day == hall.day)
        return [hall.ticket(id_) for id_ in ids if id_ <= len(hall.tickets)]

    async def holder(self, day: str, ticket: TicketId) -> tuple[str, OpenId] | None:
        """Digest and openid of a ticket's holder; None if nobody, or no longer."""
        for one in await self._holders(day, ticket):
            openid = self._people.reveal(one)
            if openid is not None:
                return one.digest, OpenId(openid)
        return None

    async def forget(self, person: OpenId) -> None:
        """Nothing of this person is left."""
        digest = self.digest(person)
        self._bound = {key: one for key, one in self._bound.items() if one != digest}
        await self._people.forget(KIND, digest)

    async def _holders(self, day: str, ticket: TicketId) -> list[Person]:
        now = self._clock.now()
        found = await self._people.of_ticket(self._hall.id, day, ticket, now)
        holders = [one for one in found if one.kind == KIND]
        if holders:
            self._bound[day, ticket] = holders[0].digest
        return holders
