"""`queued serve` with one promise broken on purpose: what the tests of kills must notice.

    python -m tests.crash.careless_serve early serve …       answers before the commit
    python -m tests.crash.careless_serve forgetful serve …   does not store answers with events
    python -m tests.crash.careless_serve eager serve …       prints again what may be on paper
    python -m tests.crash.careless_serve hasty serve …       prints before it has written it down
    python -m tests.crash.careless_serve lawless serve …     writes a city's hall that others own
    python -m tests.crash.careless_serve honest serve …      breaks nothing: this file is no fault
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

from queued.__main__ import main
from queued.core.events import Event
from queued.core.model import Hall
from queued.engine.ports import Batch, Beside, Record
from queued.slip_orders import SlipOrders
from queued.slips import Slips
from queued.storage.journal import SqlJournal
from queued.storage.ledger import SlipStatus
from queued.storage.postgresql import Owner

append = SqlJournal.append

LATE_S = 0.05
"""How far the disk is behind the answers: a few batches."""


SLOW_S = 1.0
"""A disk on which a slip is out before its ticket is down."""


class _Behind:
    """Batches that were acknowledged and are not on the disk yet."""

    def __init__(self) -> None:
        self._batches: list[Batch] = []
        self._task: asyncio.Task[None] | None = None

    async def append(self, journal: SqlJournal, hall: str, batch: Batch) -> None:
        """Returns at once."""
        self._batches.append(batch)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._write(journal, hall))

    async def _write(self, journal: SqlJournal, hall: str) -> None:
        while self._batches:
            await asyncio.sleep(LATE_S)
            await append(journal, hall, self._batches.pop(0))


def early() -> None:
    """Answer first, write later."""
    behind = _Behind()

    async def append_later(self: SqlJournal, hall: str, batch: Batch) -> None:
        await behind.append(self, hall, batch)

    SqlJournal.append = append_later  # type: ignore[method-assign]


def forgetful() -> None:
    """Events are durable, the answers to their commands are not."""

    async def append_events(self: SqlJournal, hall: str, batch: Batch) -> None:
        await append(self, hall, replace(batch, answers=()))

    SqlJournal.append = append_events  # type: ignore[method-assign]


def eager() -> None:
    """What was sent to the printer when the process died is sent once more."""
    start = Slips.start

    async def start_over(self: Slips) -> None:
        for left in await self._ledger.unfinished(self._hall.id):
            if left.status is SlipStatus.SENT:
                now = self._clock.now()
                mark = self._ledger.mark
                again = SlipStatus.QUEUED
                await mark(self._hall.id, left.job, again, "", now, nothing_printed=True)
        await start(self)

    Slips.start = start_over  # type: ignore[method-assign]


def hasty() -> None:
    """The bytes of a slip leave while its transaction is under way."""
    accompany = Slips._accompany

    def too_early(
        self: Slips, hall: Hall, records: Sequence[Record], events: Sequence[Event]
    ) -> Sequence[Beside]:
        beside = accompany(self, hall, records, events)
        for slip in self._draft.slips if self._draft else ():
            self.orders.go(slip.job)
        return beside

    async def append_slowly(self: SqlJournal, hall: str, batch: Batch) -> None:
        await asyncio.sleep(SLOW_S)
        await append(self, hall, batch)

    SlipOrders.idle = lambda self, device: True  # type: ignore[method-assign]
    Slips._accompany = too_early  # type: ignore[method-assign]
    SqlJournal.append = append_slowly  # type: ignore[method-assign]


def lawless() -> None:
    """Whoever owns the hall in the city's database is not asked."""

    def take_nothing(self: Owner, connection: object) -> None:
        pass

    Owner._take = take_nothing  # type: ignore[method-assign]


def honest() -> None:
    """As it is."""


FAULTS: dict[str, Callable[[], None]] = {
    fault.__name__: fault for fault in (early, forgetful, eager, hasty, lawless, honest)
}

if __name__ == "__main__":
    FAULTS[sys.argv[1]]()
    sys.exit(main(sys.argv[2:]))
