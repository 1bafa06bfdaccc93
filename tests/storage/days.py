"""A hall that works: a real actor on a journal, with visitors and clerks out of a seed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from queued.core.commands import (
    CallNext,
    CallTicket,
    CancelTicket,
    CloseDay,
    Command,
    Configure,
    FinishService,
    IssueTicket,
    MissTicket,
    OpenDay,
    OpenWindow,
    ParkTicket,
    Recall,
    StartService,
    TransferTicket,
    Undo,
    UnparkTicket,
)
from queued.core.model import TicketId
from queued.core.plan import MINUTE, ClassPlan, Millis, Plan, QueuePlan, WindowPlan
from queued.core.refusals import Refused
from queued.engine.bus import Bus
from queued.engine.clock import SimulatedClock
from queued.engine.draft import Outcome
from queued.engine.hall import HallActor
from queued.engine.ports import Journal
from queued.engine.recovery import recover
from tests.storage.chains import NINE

DAY_MS = 86_400_000
DATES = ("2026-11-23", "2026-11-24", "2026-11-25")

PLAN = Plan(
    name="Hall",
    queues={"a": QueuePlan("a", "A", "General"), "b": QueuePlan("b", "B", "Social")},
    windows={
        "1": WindowPlan("1", "Window 1", ("a",), overflow=("b",)),
        "2": WindowPlan("2", "Window 2", ("a", "b")),
    },
    classes={
        "normal": ClassPlan("normal", "Normal"),
        "priority": ClassPlan("priority", "Priority", 30 * MINUTE),
    },
)


@dataclass
class WorkingHall:
    """An actor and the clock it lives by."""

    actor: HallActor
    clock: SimulatedClock

    async def open_day(self, number: int = 0) -> None:
        """Furnish the hall, open day `number` and both windows."""
        begin = Millis(NINE + number * DAY_MS)
        self.clock.move_to(max(begin, self.clock.now()))
        await self.actor.submit(Configure(plan=PLAN, by="admin:test"))
        await self.actor.submit(
            OpenDay(day=DATES[number], ends_at=Millis(begin + DAY_MS // 2), by="timer:")
        )
        for window in PLAN.windows:
            await self.actor.submit(OpenWindow(window=window, by="clerk:王"))

    async def close_day(self) -> None:
        """The day's end, with its snapshot."""
        await self.actor.submit(CloseDay(by="admin:test"))

    async def live(self, random: Random, commands: int) -> int:
        """So many random commands, some refused; how many were carried out."""
        done = 0
        for _ in range(commands):
            self.clock.move_to(Millis(self.clock.now() + random.randrange(20_000)))
            try:
                await self.actor.submit(some_command(random, len(self.actor.hall.tickets)))
                done += 1
            except Refused:
                pass
        return done

    async def take(self, key: str | None = None, queue: str = "a") -> Outcome:
        """Take a number; the answer is its text."""
        return await self.actor.submit(
            IssueTicket(queue=queue, by="kiosk:east"),
            key=key,
            fingerprint=queue,
            render=lambda hall, events: events[0].number.encode(),
        )


async def work(journal: Journal, hall_id: str = "demo") -> WorkingHall:
    """The hall as its journal tells it, at work."""
    recovered = await recover(journal, hall_id)
    clock = SimulatedClock(max(NINE, recovered.hall.at))
    keys = await journal.keys(hall_id, Millis(0))
    actor = HallActor(hall_id, journal, clock, Bus(), recovered, keys=keys)
    actor.start()
    return WorkingHall(actor, clock)


def some_command(random: Random, tickets: int) -> Command:
    """Anything people do in a hall; often not possible now."""
    window = random.choice(["1", "2"])
    by = "clerk:王"
    number = f"{random.choice('AB')}{random.randrange(1, 30):03}"
    choices: list[Command] = [
        *[IssueTicket(queue=random.choice(["a", "b"]), by="kiosk:east")] * 5,
        IssueTicket(queue="a", class_="priority", by="kiosk:east"),
        *[CallNext(window=window, by=by)] * 4,
        *[StartService(window=window, by=by)] * 3,
        *[FinishService(window=window, outcome="办结", by=by)] * 3,
        MissTicket(window=window, by=by),
        ParkTicket(window=window, reason="缺身份证", by=by),
        Recall(window=window, by=by),
        Undo(window=window, by=by),
        TransferTicket(window=window, to_queue="b", by=by),
        TransferTicket(window=window, to_window="2", by=by),
        UnparkTicket(window=window, number=number, by=by),
        CallTicket(window=window, number=number, by=by),
        CancelTicket(ticket=TicketId(random.randrange(1, tickets + 2)), by="visitor:"),
    ]
    return random.choice(choices)


async def a_day_and_a_half(
    journal: Journal, seed: int = 1, hall: str = "demo"
) -> WorkingHall:
    """Two days of work, the first one closed, with keys; the actor is stopped."""
    at_work = await work(journal, hall)
    for number in range(2):
        await at_work.open_day(number)
        await at_work.live(Random(seed + number), 80)
        await at_work.take(f"key {number}")
        if number == 0:
            await at_work.close_day()
    await at_work.actor.stop()
    return at_work
