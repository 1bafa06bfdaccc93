"""A hall's box in a test: actor, journal in memory, a clock we move, and the plug to pull.

Nothing sleeps: time moves when told to, and waiting means letting the event loop turn until a
condition holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from queued.core.commands import Command, Configure, IssueTicket, OpenWindow
from queued.core.events import Event
from queued.core.model import Hall
from queued.core.plan import Plan
from queued.engine.bus import Bus
from queued.engine.calendar import Calendar
from queued.engine.clock import Clock, SimulatedClock
from queued.engine.codec import event_of
from queued.engine.draft import Outcome
from queued.engine.hall import HallActor
from queued.engine.ports import Batch
from queued.engine.recovery import recover
from queued.storage.memory import MemoryJournal
from tests.core.given import PLAN

HALL = "hall"
SHANGHAI = Calendar(ZoneInfo("Asia/Shanghai"), time(4, 0))
TURNS_MAX = 20_000
"""Turns of the event loop after which a condition will not come true any more."""


def moment(zone: str, day: str, clock: str, fold: int = 0) -> int:
    """Unix milliseconds of a local time."""
    local = datetime.combine(date.fromisoformat(day), time.fromisoformat(clock))
    return int(local.replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()) * 1000


NINE = moment("Asia/Shanghai", "2026-11-23", "09:00")


async def until(condition: Callable[[], Any]) -> None:
    """Let everything run until `condition()`; an `AssertionError` if it never comes true."""
    for _ in range(TURNS_MAX):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("waited for something that did not happen")


class CountingJournal(MemoryJournal):
    """Remembers what was appended together, and can make appends wait for `let_go`."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[Batch] = []
        self.appending = 0
        """Appends begun since the last `hold`."""
        self.gate: asyncio.Event | None = None
        self.broken: Exception | None = None
        """Raised by every append, nothing kept, until taken away."""
        self.away: Exception | None = None
        """Raised instead of the journal's head and pages, until taken away."""

    def hold(self) -> None:
        """From now on the disk takes its time."""
        self.gate = asyncio.Event()
        self.appending = 0

    def let_go(self) -> None:
        """The disk is done, and quick again."""
        assert self.gate is not None
        self.gate.set()
        self.gate = None

    async def append(self, hall: str, batch: Batch) -> None:
        self.appending += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.broken is not None:
            raise self.broken
        await super().append(hall, batch)
        self.batches.append(batch)

    async def head(self, hall: str) -> tuple[int, bytes]:
        if self.away is not None:
            raise self.away
        return await super().head(hall)


@dataclass
class Box:
    """One hall. `start` after construction and after every `cut`."""

    journal: CountingJournal = field(default_factory=CountingJournal)
    clock: Clock = field(default_factory=lambda: SimulatedClock(NINE))
    calendar: Calendar | None = SHANGHAI
    bus: Bus = field(default_factory=Bus)
    actor: HallActor = field(init=False)

    async def start(self) -> Box:
        """Recover from the journal and begin."""
        calendar = self.calendar
        self.actor = HallActor(
            HALL,
            self.journal,
            self.clock,
            self.bus,
            await recover(self.journal, HALL),
            keys=await self.journal.keys(HALL, 0),
            after_close=None if calendar is None else lambda at: calendar.opening(at, "timer:"),
        )
        self.actor.start()
        return self

    async def furnish(self, plan: Plan = PLAN, windows: Sequence[str] = ()) -> Box:
        """Start with furniture, today open, and clerks at these windows."""
        await self.start()
        await self.do(Configure(plan=plan))
        if self.calendar is not None:
            await self.do(self.calendar.opening(self.clock.now(), "system:"))
        for window in windows:
            await self.do(OpenWindow(window=window, by=f"clerk:{window}"))
        return self

    async def do(self, command: Command, **keywords: Any) -> Outcome:
        """Give a command and wait for its answer."""
        return await self.actor.submit(command, **keywords)

    def ask(self, command: Command, **keywords: Any) -> asyncio.Task[Outcome]:
        """Give a command, do not wait."""
        return asyncio.get_running_loop().create_task(self.do(command, **keywords))

    async def take(self, queue: str = "general", **keywords: Any) -> str:
        """Take a number."""
        outcome = await self.do(IssueTicket(queue=queue, by="kiosk:1"), **keywords)
        return outcome.events[0].number

    async def restart(self) -> Box:
        """Stop and come back on the same journal."""
        await self.actor.stop()
        self.bus = Bus()
        return await self.start()

    async def move_to(self, at: int) -> None:
        """Go to a moment, and let what it brings happen."""
        assert isinstance(self.clock, SimulatedClock)
        self.clock.move_to(at)
        await self.idle()

    async def idle(self) -> None:
        """Until the actor has nothing in hand and sleeps."""
        for _ in range(20):
            await asyncio.sleep(0)

    @property
    def hall(self) -> Hall:
        """The committed hall."""
        return self.actor.hall

    def events(self) -> list[Event]:
        """Everything in the journal."""
        return [event_of(record) for record in self.journal._chains[HALL]]
