"""Reminders: "three ahead of you", "your turn, window 3", "missed, come back until 17:00".

How it works. A follower of the journal owes reminders to the phones of tickets: reminder and cursor
are one transaction, and the key of a reminder names its event, so nobody is owed the same twice.
`sending` takes what is owed, and drops what is late or no longer true.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import TypeVar

from queued.core import views
from queued.core.events import DayClosed, Event, TicketCalled, TicketHeld, TicketMissed
from queued.core.model import Hall, Status, Ticket
from queued.core.plan import MINUTE, Millis, QueueId
from queued.engine.bus import Bus
from queued.engine.clock import Clock
from queued.engine.codec import event_of
from queued.engine.follow import pages
from queued.engine.halls import RunningHall
from queued.engine.ports import Journal, Record
from queued.engine.reminders import Kind, Reminder, ReminderLedger, ReminderStatus
from queued.wechat.people import Phones

log = logging.getLogger(__name__)

T = TypeVar("T")

FOLLOWER = "reminders"
"""Name of the cursor."""

GOOD_FOR_MS: Mapping[Kind, int] = {
    "ahead": 10 * MINUTE,
    "held": 10 * MINUTE,
    "called": 2 * MINUTE,
    "missed": 10 * MINUTE,
}
"""Later it would only puzzle its reader: the call is over, the line has moved on."""

KEPT_MS = 24 * 60 * MINUTE
"""Reminders stay this long after their day: a question of the next morning has an answer."""

STORE_PAUSE_S = 1.0
"""A full disk is looked at again so often; the cursor has not moved meanwhile."""

CURSOR_EVERY = 200
"""Events between two writes of the cursor when nothing is owed: a busy hall's disk has better to
do. What a crash makes us read again is owed already, or is too late."""

TOLD = "told_when_bound"
"""Why a reminder is not sent: binding the phone said the same a moment ago."""

_CAUSES: Mapping[str, Kind] = {
    TicketHeld.__name__: "held",
    TicketCalled.__name__: "called",
    TicketMissed.__name__: "missed",
}


class Reminders:
    """What one hall owes to phones. `on_owed` hears that there is something to send."""

    def __init__(
        self,
        *,
        hall: RunningHall,
        journal: Journal,
        bus: Bus,
        ledger: ReminderLedger,
        phones: Phones,
        clock: Clock,
        ahead: int,
        kinds: frozenset[str],
        on_owed: Callable[[], None],
    ) -> None:
        """`kinds` are those with a template: of the others nothing is owed."""
        self._hall = hall
        self._journal = journal
        self._bus = bus
        self._ledger = ledger
        self._phones = phones
        self._clock = clock
        self._ahead = ahead
        self._kinds = kinds
        self._on_owed = on_owed
        self._said: set[str] = set()
        """Keys of "ahead" owed today: the ledger is not asked again for each event."""
        self._written = 0
        self.seen = 0
        """Seq of the last event dealt with."""
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Settle what a crash left, then follow the journal."""
        unknown = await self._ledger.settle_crash(self._hall.id)
        if unknown:
            log.warning("%d reminders may have been sent before the last stop", unknown)
        self._task = asyncio.get_running_loop().create_task(self._follow())

    async def stop(self) -> None:
        """Stop following. What is owed is in the ledger."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def bound(self, ticket: Ticket, person: str) -> None:
        """A phone was bound, and told how its ticket stands: it is not told the same again."""
        hall = self._hall.actor.hall
        near = ticket.status is Status.WAITING and views.ahead(hall, ticket) <= self._ahead
        if not near or "ahead" not in self._kinds:
            return
        told = self._reminder(hall, ticket, "ahead", _ahead_key(hall, ticket), hall.at, person)
        if told.key not in self._said:
            self._said.add(told.key)
            dropped = _as(told, ReminderStatus.DROPPED, TOLD)
            await self._ledger.owe(self._hall.id, FOLLOWER, 0, [dropped])

    # ── From the journal to the ledger ────────────────────────────────────────────────────

    async def _follow(self) -> None:
        after = await self._until_done(lambda: self._ledger.cursor(self._hall.id, FOLLOWER))
        await self._until_done(self._phones.load)
        async for page in pages(self._journal, self._bus, self._hall.id, after):
            await self._until_done(partial(self._take, page))

    async def _until_done(self, work: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await work()
            except Exception as failure:  # noqa: BLE001 — an edge: reminders outlive a full disk
                log.error("reminders wait: %s", failure)
                await asyncio.sleep(STORE_PAUSE_S)

    async def _take(self, page: Sequence[Record]) -> None:
        # A record is readable a moment before the actor swaps its hall: wait for the swap.
        await self._bus.passed(self._hall.id, page[-1].seq - 1)
        hall, now = self._hall.actor.hall, self._clock.now()
        owed = [*self._caused(page, hall, now), *self._near(hall, now)]
        closed = [record.at for record in page if record.type == DayClosed.__name__]
        if owed or closed or page[-1].seq >= self._written + CURSOR_EVERY:
            await self._ledger.owe(self._hall.id, FOLLOWER, page[-1].seq, owed)
            self._written = page[-1].seq
        if closed:
            self._said.clear()
            await self._ledger.expire(Millis(closed[-1] - KEPT_MS))
        self._said.update(one.key for one in owed if one.kind == "ahead")
        self.seen = page[-1].seq
        if owed:
            self._on_owed()

    def _caused(self, page: Sequence[Record], hall: Hall, now: Millis) -> Iterator[Reminder]:
        """Calls and misses of bound tickets that are worth telling."""
        for record in page:
            kind = _CAUSES.get(record.type)
            if kind is None or kind not in self._kinds or now >= record.at + GOOD_FOR_MS[kind]:
                continue
            event: Event = event_of(record)
            assert isinstance(event, TicketHeld | TicketCalled | TicketMissed)
            if hall.day is None or event.ticket > len(hall.tickets):
                continue  # of the day before
            ticket = hall.ticket(event.ticket)
            if ticket.issued_at > record.at:
                continue  # the day has changed, and with it who has this ticket's id
            person = self._phones.bound(hall.day, event.ticket)
            if person is not None:
                key = f"{kind}/{hall.day}/{event.ticket}/{record.seq}"
                yield self._reminder(hall, ticket, kind, key, record.at, person)

    def _near(self, hall: Hall, now: Millis) -> Iterator[Reminder]:
        """Bound tickets at the front of their lines that have not been told yet."""
        if hall.day is None or "ahead" not in self._kinds or not self._phones.any_bound:
            return
        for queue in hall.plan.queues:
            for ticket in self._front(hall, queue):
                person = self._phones.bound(hall.day, ticket.id)
                key = _ahead_key(hall, ticket)
                if person is not None and key not in self._said:
                    yield self._reminder(hall, ticket, "ahead", key, now, person)

    def _front(self, hall: Hall, queue: QueueId) -> list[Ticket]:
        front = islice(views.line_of(hall, queue), self._ahead + 1)
        return [hall.ticket(entry[1]) for entry in front]

    def _reminder(
        self, hall: Hall, ticket: Ticket, kind: Kind, key: str, at: Millis, person: str
    ) -> Reminder:
        return Reminder(
            key=key,
            person=person,
            kind=kind,
            day=hall.day or "",
            ticket=ticket.id,
            at=at,
            expires_at=Millis(at + GOOD_FOR_MS[kind]),
        )


def _ahead_key(hall: Hall, ticket: Ticket) -> str:
    """Once for each time it joins a line: who came back wants to know again."""
    return f"ahead/{hall.day}/{ticket.id}/{ticket.returns}"


def _as(reminder: Reminder, status: ReminderStatus, reason: str) -> Reminder:
    values = {name: getattr(reminder, name) for name in Reminder.__dataclass_fields__}
    return Reminder(**{**values, "status": status, "reason": reason})
