"""Days of a hall from one seed: arrivals, clerks, and everything that goes wrong.

The seed decides all of it, so a seed that fails once fails every time. People and faults act
through the actor like a server would; time moves from one happening to the next.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import Any

from queued.core import commands as c
from queued.core.model import Status
from queued.core.plan import MINUTE
from queued.core.refusals import Refused
from queued.engine.clock import SimulatedClock
from queued.engine.codec import event_of
from queued.engine.hall import HallStopped
from queued.engine.ports import AppendFailed
from tests.core.given import HOUR, PLAN
from tests.engine.box import HALL, NINE, Box
from tests.simulation.auditor import Told

CLASSES = ("normal",) * 8 + ("priority", "appointment")


@dataclass
class Days:
    """A run. `told` is what people hold in hands; `lost` counts commands nobody knows about."""

    seed: int
    steps: int = 400
    box: Box = field(default_factory=Box)
    told: list[Told] = field(default_factory=list)
    refused: int = 0
    lost: int = 0
    restarts: int = 0

    async def run(self) -> Days:
        """From an empty journal to the end of the last day."""
        self.random = Random(self.seed)
        await self.box.furnish(windows=tuple(PLAN.windows))
        for _ in range(self.steps):
            doing = self.random.choices(
                [self.rush, self.clerks, self.clerk_acts, self.pass_time, self.mishap],
                weights=[30, 40, 30, 25, 5],
            )[0]
            await doing()
        await self.box.move_to(max(self.box.hall.day_ends_at, self.box.clock.now()))
        await self.box.actor.stop()
        return self

    async def give(self, *commands: c.Command) -> None:
        """Commands that arrive at the same moment; everybody notes what they were told."""
        keys = [f"{self.random.random()}" for _ in commands]
        # Some retry at once, as an impatient browser does: same key, same body.
        tasks = [
            self.box.ask(command, key=key, fingerprint="f", render=told)
            for command, key in zip(commands, keys, strict=True)
            for _ in range(self.random.choice([1, 1, 1, 2]))
        ]
        heard: dict[bytes, int] = {}
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            match result:
                case Refused():
                    self.refused += 1
                case AppendFailed() | HallStopped():
                    self.lost += 1
                case BaseException():
                    raise result
                case _:
                    heard[result.answer] = heard.get(result.answer, 0) + 1
        for answer in heard:
            if answer:
                seq, _, number = answer.decode().partition(" ")
                self.told.append(Told(int(seq), number))

    async def rush(self) -> None:
        """Some people come together."""
        arrivals = []
        for _ in range(self.random.randint(1, 6)):
            class_ = self.random.choice(CLASSES)
            slot = None
            if class_ == "appointment":
                slot = self.box.clock.now() + self.random.randint(-10, 60) * MINUTE
            queue = self.random.choice(["general", "general", "social", "tax"])
            arrivals.append(
                c.IssueTicket(
                    queue=queue, class_=class_, slot=slot, by="kiosk:1",
                    here=self.random.random() < 0.8,
                )
            )  # fmt: skip
        await self.give(*arrivals)

    async def clerks(self) -> None:
        """Every clerk presses the obvious button, all at once."""
        await self.give(*(self.obvious(window) for window in PLAN.windows))

    def obvious(self, window: str) -> c.Command:
        now, by = self.box.hall.windows[window], f"clerk:{window}"
        if now.status.value != "open":
            return c.OpenWindow(window=window, by=by)
        if now.ticket is None:
            return c.CallNext(window=window, by=by)
        if self.box.hall.ticket(now.ticket).status is Status.SERVING:
            return c.FinishService(window=window, by=by)
        return c.StartService(window=window, by=by)

    async def clerk_acts(self) -> None:
        """A clerk does something else, possible or not."""
        window = self.random.choice(list(PLAN.windows))
        facts: dict[str, Any] = {"window": window, "by": f"clerk:{window}"}
        numbers = [ticket.number for ticket in self.box.hall.tickets] or ["A001"]
        number = self.random.choice(numbers[-40:])
        place = self.random.choice(["keep", "first", "last"])
        target = self.random.choice(
            [{"to_queue": "social"}, {"to_queue": "general"}, {"to_window": "3"}, {}]
        )
        command = self.random.choice(
            [
                c.Undo(**facts),
                c.Recall(**facts),
                c.MissTicket(**facts),
                c.ParkTicket(**facts, reason="paper"),
                c.UnparkTicket(**facts, number=number),
                c.UnparkTicket(**facts, number=number),
                c.CallTicket(**facts, number=number),
                c.TransferTicket(**facts, **target, place=place),
                c.PauseWindow(**facts),
                c.CloseWindow(**facts),
                c.CancelTicket(ticket=self.random.randint(1, len(numbers)), by="remote:"),
                c.Arrive(ticket=self.random.randint(1, len(numbers)), by="visitor:"),
                c.Arrive(ticket=max(1, len(numbers) - 5), by="visitor:"),
            ]
        )
        # Together with a call of the neighbour: races are the point.
        neighbour = self.random.choice(list(PLAN.windows))
        await self.give(command, c.CallNext(window=neighbour, by=f"clerk:{neighbour}"))

    async def pass_time(self) -> None:
        """Time goes on, sometimes into the next day; deadlines fire on the way."""
        ms = self.random.choice([500, 9_000, 60_000, 200_000, 10 * MINUTE, 10 * MINUTE, HOUR])
        await self.box.move_to(self.box.clock.now() + ms)

    async def mishap(self) -> None:
        """The plug, the disk, or the clock."""
        match self.random.choice(["restart", "lost", "unknown", "clock", "stop"]):
            case "restart":
                self.restarts += 1
                await self.box.restart()
            case "lost":
                self.box.journal.fail_next(committed=False)
            case "unknown":
                self.box.journal.fail_next(committed=True)
            case "clock":
                await self.box.actor.stop()
                back = self.random.choice([-HOUR, -MINUTE, HOUR])
                self.box.clock = SimulatedClock(max(NINE, self.box.clock.now() + back))
                await self.box.start()
            case "stop":
                tasks = [
                    self.box.ask(c.IssueTicket(queue="general", by="kiosk:1")) for _ in range(3)
                ]
                await self.box.restart()
                for result in await asyncio.gather(*tasks, return_exceptions=True):
                    if isinstance(result, BaseException) and not isinstance(
                        result, HallStopped | Refused | AppendFailed
                    ):
                        raise result

    def records(self) -> list[Any]:
        """The journal's rows."""
        return list(self.box.journal._chains[HALL])


def told(hall: Any, events: Any) -> bytes:
    """What the person reads: the number, and where in the journal it stands."""
    if not events:
        return b""
    return f"{hall.seq} {getattr(events[-1], 'number', '')}".encode()


def last_call(records: list[Any]) -> int:
    """The place of the last call by the rule that had a later runner-up; for forged journals."""
    for place in range(len(records) - 1, -1, -1):
        event = event_of(records[place]) if records[place].type == "TicketCalled" else None
        if event is not None and event.runner_up and event.runner_up_key != event.key:
            return place
    raise AssertionError("no call in this journal")
