"""A log through the engine: a `HallActor`, its journal, and a clock that jumps.

How it works. Each queue of the log becomes a queue with one window. An arrival takes a ticket;
a recorded call presses call-next at the window and lets the visitor start and finish at once,
so that the window is free for the next recorded call. Business days end by the hall's own
timer; whoever was never called ends with the day. At one moment, calls of earlier arrivals
come first, then arrivals in the order of the file.

What differs from the record: the engine calls in the order of taking, so the n-th call of a
queue serves its n-th ticket still there, whoever the record says it was. The sum of all waits
stays the same; single waits move where the record calls out of order, or where a ticket that
was never called stands before others. A reconstructed log (calls and arrivals placed evenly
inside 5-minute steps) has many ties, which the rule above settles. Service times and the
number of windows are unknown and not needed: the record says when the line moved. A call after
the end of its business day cannot happen here; it is left out and counted.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter, itemgetter

from queued.core import commands as c
from queued.core import views
from queued.core.correction import Correction
from queued.core.estimate import Estimator, Wait
from queued.core.events import DayClosed, Event, TicketCalled, TicketIssued
from queued.core.model import Hall, TicketId
from queued.core.plan import (
    NORMAL,
    ClassPlan,
    Millis,
    Plan,
    QueueId,
    QueuePlan,
    Rules,
    ServiceId,
    ServicePlan,
    WindowId,
    WindowPlan,
)
from queued.engine.bus import Bus, Committed
from queued.engine.calendar import Calendar
from queued.engine.clock import SimulatedClock
from queued.engine.hall import BATCH_MAX, HallActor
from queued.engine.ports import HASH_ZERO, Journal, JournalBroken
from queued.engine.recovery import Recovered, recover
from queued.replay.log import ROWS_MAX, Row

HALL = "replay"
BY = "system:replay"

MINUTES_PER_CALL = 5
"""Guess before a queue has shown its own pace: ten minutes of service at two windows."""

LAST_CALLS = 10
"""The mean of the last ten waits is what many products show; kept to compare with."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

DIGITS = len(str(ROWS_MAX))
"""Numbers never run out, however long a day."""

STEPS_MAX = BATCH_MAX
"""Steps of one moment submitted together: three commands each fit the actor's mailbox."""

Progress = Callable[[int], None]


@dataclass(slots=True)
class Prediction:
    """What a ticket with somebody ahead was told when it was taken, and what came true."""

    row: Row
    ahead: int
    wait: Wait | None
    last_wait_ms: int
    """The wait of the last one called (LES): what simpler boards show."""
    recent_wait_ms: int
    """The mean of the last `LAST_CALLS` waits."""
    waited_ms: int | None = None


@dataclass(slots=True)
class Longest:
    """The longest line seen, when first."""

    waiting: int = 0
    queue: QueueId = QueueId("")
    at: Millis = Millis(0)


@dataclass(slots=True)
class Result:
    """What came of a replay. Waits in milliseconds, in the order of the calls."""

    days: int = 0
    tickets: int = 0
    calls: int = 0
    never_called: int = 0
    calls_left_out: int = 0
    events: int = 0
    waits_ms: list[int] = field(default_factory=list)
    recorded_ms: list[int] = field(default_factory=list)
    longest: Longest = field(default_factory=Longest)
    predictions: list[Prediction] = field(default_factory=list)


async def replay(
    rows: Sequence[Row],
    calendar: Calendar,
    journal: Journal,
    *,
    predict: bool = False,
    minutes_per_call: int = MINUTES_PER_CALL,
    progress: Progress = lambda _done: None,
) -> tuple[Result, Hall]:
    """Run `rows` (at least one) through a hall that `journal` does not know yet.

    `progress` is told how many arrivals and calls were done since it was told last.
    """
    days = business_days(rows, calendar)
    run = _Run(journal, days[0].rows[0].arrival, predict)
    run.actor.start()
    try:
        await run.furnish(plan_of(rows, minutes_per_call))
        for day in days:
            await run.play(day, calendar, progress)
    finally:
        await run.actor.stop()
    return run.result, run.actor.hall


async def prove(journal: Journal, hall: Hall) -> None:
    """Read the journal back from its start: hashes, folds, promises, and the same hall again.

    Raises `JournalBroken`.
    """
    recovered = await recover(journal, HALL, from_start=True)
    if recovered.hall != hall:
        raise JournalBroken(
            recovered.hall.seq, "it does not fold to the hall that wrote it"
        )


@dataclass(slots=True)
class Day:
    """A business day's rows, by arrival and then as the log has them."""

    ends_at: Millis
    rows: list[Row] = field(default_factory=list)


def business_days(rows: Sequence[Row], calendar: Calendar) -> list[Day]:
    """The rows by business day, in order."""
    days: list[Day] = []
    for row in sorted(rows, key=lambda row: row.arrival):
        if not days or row.arrival >= days[-1].ends_at:
            days.append(Day(calendar.opening(row.arrival, BY).ends_at))
        days[-1].rows.append(row)
    return days


@dataclass(frozen=True, slots=True)
class Step:
    """An arrival, or a call, at a moment."""

    at: Millis
    call: bool
    row: Row


def timeline(day: Day) -> list[Step]:
    """What happened, in the order it is carried out."""
    ordered = []
    for index, row in enumerate(day.rows):
        ordered.append((row.arrival, 1, index, Step(row.arrival, False, row)))
        if row.called is not None and row.called < day.ends_at:
            # A call at the moment of the arrival follows it; other calls precede arrivals.
            rank = int(row.called == row.arrival)
            ordered.append((row.called, rank, index, Step(row.called, True, row)))
    ordered.sort(key=itemgetter(0, 1, 2))  # stable: an arrival stays before its own call
    return [step for *_, step in ordered]


def commands_of(step: Step) -> tuple[c.Command, ...]:
    """What kiosk or clerk press for it."""
    if not step.call:
        return (c.IssueTicket(queue=step.row.queue, by=BY),)
    window = WindowId(step.row.queue)
    return (
        c.CallNext(window=window, by=BY),
        c.StartService(window=window, by=BY),
        c.FinishService(window=window, by=BY),
    )


def plan_of(rows: Sequence[Row], minutes_per_call: int) -> Plan:
    """A hall with the queues of the log: one window, one service each, room for all."""
    queues = dict.fromkeys(row.queue for row in rows)
    return Plan(
        name=HALL,
        queues={
            queue: QueuePlan(
                queue, _letter(index), queue, digits=DIGITS, waiting_max=ROWS_MAX
            )
            for index, queue in enumerate(queues)
        },
        services={
            (id_ := ServiceId(queue)): ServicePlan(id_, queue, queue, minutes_per_call)
            for queue in queues
        },
        windows={
            (window := WindowId(queue)): WindowPlan(window, queue, (queue,))
            for queue in queues
        },
        classes={NORMAL: ClassPlan(NORMAL, "normal")},
        rules=Rules(auto_miss_after_ms=0),
    )


class _Run:
    """One replay: the actor, what it committed, and what is counted."""

    def __init__(self, journal: Journal, begin: Millis, predict: bool) -> None:
        self.clock = SimulatedClock(begin)
        bus = Bus()
        self.actor = HallActor(
            HALL, journal, self.clock, bus, Recovered(Hall(), HASH_ZERO, 0)
        )
        self.result = Result()
        self._predict = predict
        self._estimator = Estimator()
        self._correction = Correction()
        self._committed: deque[Committed] = deque()
        self._arriving: deque[Row] = deque()
        self._open: dict[TicketId, Prediction] = {}
        self._waits: dict[QueueId, deque[int]] = {}
        bus.listen(self._committed.append)

    async def furnish(self, plan: Plan) -> None:
        """Give the hall its queues and windows."""
        await self._submit([c.Configure(plan=plan, by=BY)])

    async def play(self, day: Day, calendar: Calendar, progress: Progress) -> None:
        """One business day, from its first arrival to the hall's own closing."""
        steps = timeline(day)
        self.clock.move_to(steps[0].at)
        await self._submit([calendar.opening(steps[0].at, BY)])
        queues = dict.fromkeys(step.row.queue for step in steps if step.call)
        await self._submit(
            [c.OpenWindow(window=WindowId(queue), by=BY) for queue in queues]
        )
        for at, group in groupby(steps, attrgetter("at")):
            self.clock.move_to(at)
            moment = list(group)
            for begin in range(0, len(moment), STEPS_MAX):
                part = moment[begin : begin + STEPS_MAX]
                self._arriving.extend(step.row for step in part if not step.call)
                await self._submit(
                    [command for step in part for command in commands_of(step)]
                )
                progress(len(part))
        # The hall's timer rings at its end of day; the answer to the command comes after it.
        self.clock.move_to(day.ends_at)
        await self._submit([c.CloseDay(by=BY)])
        self._open.clear()
        self._count(day, steps)

    def _count(self, day: Day, steps: Sequence[Step]) -> None:
        result = self.result
        called = [step.row for step in steps if step.call]
        never = sum(row.called is None for row in day.rows)
        result.days += 1
        result.never_called += never
        result.calls_left_out += len(day.rows) - len(called) - never
        result.recorded_ms += [
            row.called - row.arrival for row in called if row.called is not None
        ]
        result.events = self.actor.hall.seq

    async def _submit(self, commands: Sequence[c.Command]) -> None:
        """Carry out commands of one moment in their order, then take in what was committed."""
        outcomes = await asyncio.gather(
            *(self.actor.submit(command) for command in commands)
        )
        # By ticket: the hall right after it was issued, before what else the batch did.
        halls = {
            event.ticket: outcome.hall
            for outcome in outcomes
            for event in outcome.events
            if isinstance(event, TicketIssued)
        }
        while self._committed:
            committed = self._committed.popleft()
            for event in committed.events:
                if self._predict:
                    self._learn(event, committed.hall)
                if isinstance(event, TicketIssued):
                    self._issued(event, halls[event.ticket])
                elif isinstance(event, TicketCalled):
                    self._called(event, committed.hall)

    def _learn(self, event: Event, hall: Hall) -> None:
        """As a running hall does; corrections are worked out when a day has ended."""
        self._estimator.observe(event, hall)
        self._correction.observe(event, self._estimator)
        if isinstance(event, DayClosed):
            self._estimator.factors = self._correction.factors()

    def _issued(self, event: TicketIssued, hall: Hall) -> None:
        result, queue, row = self.result, event.queue, self._arriving.popleft()
        assert row.queue == queue and row.arrival == event.at
        result.tickets += 1
        waiting = views.waiting(hall, queue)
        if waiting > result.longest.waiting:
            result.longest = Longest(waiting, queue, event.at)
        ahead = views.ahead(hall, hall.ticket(event.ticket))
        if not self._predict or not ahead:
            return
        waits = self._waits.get(queue) or (0,)
        prediction = Prediction(
            row,
            ahead,
            self._estimator.wait(queue, ahead, event.at),
            last_wait_ms=waits[-1],
            recent_wait_ms=sum(waits) // len(waits),
        )
        self._open[event.ticket] = prediction
        result.predictions.append(prediction)

    def _called(self, event: TicketCalled, hall: Hall) -> None:
        waited_ms = event.at - hall.ticket(event.ticket).issued_at
        self.result.calls += 1
        self.result.waits_ms.append(waited_ms)
        self._waits.setdefault(event.queue, deque(maxlen=LAST_CALLS)).append(waited_ms)
        if (told := self._open.pop(event.ticket, None)) is not None:
            told.waited_ms = waited_ms


def _letter(index: int) -> str:
    """A, B … Z, AA, AB …: one of its own for each queue."""
    rest, last = divmod(index, len(LETTERS))
    return (_letter(rest - 1) if rest else "") + LETTERS[last]
