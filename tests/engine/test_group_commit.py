"""Many commands, few appends, one writer: nobody called twice, nobody skipped."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from queued.core.commands import CallNext, FinishService, IssueTicket, StartService
from queued.core.decide import decide
from queued.core.events import TicketCalled, TicketIssued
from queued.core.evolve import evolve
from queued.core.plan import WindowPlan
from queued.core.refusals import NobodyWaiting
from queued.engine.clock import SimulatedClock
from queued.engine.codec import event_of, record_of
from queued.engine.hall import BATCH_MAX
from queued.engine.ports import HASH_ZERO, Batch
from queued.engine.recovery import recover
from tests.core.given import PLAN, filed
from tests.engine.box import HALL, NINE, Box, CountingJournal, until

CLERKS = 16
TICKETS = 2000
TAKE = IssueTicket(queue="general", by="kiosk:1")
CROWDED = replace(
    PLAN,
    queues={**PLAN.queues, "general": replace(PLAN.queues["general"], digits=4)},
    windows=filed(*(WindowPlan(f"{n}", f"{n}", ("general",)) for n in range(1, CLERKS + 1))),
)
WINDOWS = tuple(CROWDED.windows)


async def test_commands_that_come_together_are_written_together(box: Box):
    box.journal.batches.clear()
    outcomes = await asyncio.gather(*(box.do(TAKE) for _ in range(200)))
    assert [outcome.events[0].ticket for outcome in outcomes] == list(range(1, 201))
    assert len(box.journal.batches) <= 3
    assert sum(len(batch.records) for batch in box.journal.batches) == 200


async def test_while_the_disk_works_the_next_batch_gathers(box: Box):
    box.journal.batches.clear()
    box.journal.hold()
    tasks = [box.ask(TAKE)]
    await until(lambda: box.journal.appending)
    tasks += [box.ask(TAKE) for _ in range(50)]
    await box.idle()
    assert not any(task.done() for task in tasks), "answered before it was durable"
    assert len(box.hall.tickets) == 0, "shown before it was durable"
    box.journal.let_go()
    await asyncio.gather(*tasks)
    assert [len(batch.records) for batch in box.journal.batches] == [1, 50]


async def test_a_batch_has_a_bound(box: Box):
    box.journal.batches.clear()
    await asyncio.gather(*(box.do(TAKE) for _ in range(BATCH_MAX + 44)))
    assert [len(batch.records) for batch in box.journal.batches] == [BATCH_MAX, 44]


async def test_ticket_rows_are_the_last_state_of_each_ticket_touched(box: Box):
    box.journal.hold()
    first = box.ask(TAKE)
    await until(lambda: box.journal.appending)
    tasks = [box.ask(CallNext(window="1", by="clerk:1"))]
    tasks += [box.ask(StartService(window="1", by="clerk:1"))]
    box.journal.let_go()
    await asyncio.gather(first, *tasks)
    (row,) = box.journal.batches[-1].tickets
    assert (row.day, row.ticket.status.value) == ("2026-11-23", "serving")
    assert row.ticket == box.hall.ticket(1)


async def clerk(box: Box, window: str) -> None:
    """Calls and serves until nobody waits."""
    by = f"clerk:{window}"
    while True:
        try:
            await box.do(CallNext(window=window, by=by))
        except NobodyWaiting:
            return
        await box.do(StartService(window=window, by=by))
        await box.do(FinishService(window=window, by=by))


async def test_sixteen_clerks_call_everybody_once_and_in_order(new_box):
    box = await new_box().furnish(CROWDED, WINDOWS)
    await asyncio.gather(*(box.do(TAKE) for _ in range(TICKETS)))
    await asyncio.gather(*(clerk(box, window) for window in WINDOWS))
    called = [event.ticket for event in box.events() if type(event) is TicketCalled]
    assert called == list(range(1, TICKETS + 1)), "somebody called twice, skipped or passed"
    assert {ticket.status.value for ticket in box.hall.tickets} == {"served"}
    assert len(box.journal.batches) < 3 * TICKETS / 4, "no group commit"
    recovered = await recover(box.journal, HALL, from_start=True)
    assert recovered.hall == box.hall


class NaiveActor:
    """What most systems do: read, decide, write, and hope that nobody was in between."""

    def __init__(self, box: Box) -> None:
        self.hall = box.hall
        self.journal = CountingJournal()
        self.clock = box.clock
        self.called: list[int] = []

    async def do(self, command: CallNext) -> None:
        """Carry out a command the way a web request with a table behind it would."""
        events = decide(self.hall, command, self.clock.now())
        record = record_of(events[0], 1, HASH_ZERO)
        # The write takes a moment, and the next request does not wait for it.
        await self.journal.append(f"{len(self.called)}{command.window}", Batch([record]))
        await asyncio.sleep(0)
        self.called.append(event_of(record).ticket)
        self.hall = evolve(self.hall, events[0])


async def test_without_the_single_writer_the_same_race_calls_twice(new_box):
    box = await new_box().furnish(CROWDED, WINDOWS)
    await asyncio.gather(*(box.do(TAKE) for _ in range(CLERKS)))
    naive = NaiveActor(box)
    race = [naive.do(CallNext(window=window, by=f"clerk:{window}")) for window in WINDOWS]
    await asyncio.gather(*race, return_exceptions=True)
    assert max(Counter(naive.called).values()) > 1
    # And the actor, given the very same commands at the same moment:
    outcomes = await asyncio.gather(
        *(box.do(CallNext(window=window, by=f"clerk:{window}")) for window in WINDOWS)
    )
    assert [outcome.events[0].ticket for outcome in outcomes] == list(range(1, CLERKS + 1))


async def test_windows_are_served_in_the_order_they_pressed(box: Box):
    await box.take()
    await box.take()
    box.journal.hold()
    block = box.ask(TAKE)
    await until(lambda: box.journal.appending)
    third = box.ask(CallNext(window="3", by="clerk:3"))
    await box.idle()
    first = box.ask(CallNext(window="1", by="clerk:1"))
    await box.idle()
    box.journal.let_go()
    await asyncio.gather(block, third, first)
    assert third.result().events[0].number == "A001"
    assert first.result().events[0].number == "A002"


async def test_the_clock_of_a_hall_never_runs_backwards(new_box):
    box = await new_box().furnish()
    await box.take()
    await box.actor.stop()
    box.clock = SimulatedClock(NINE - 3_600_000)
    await box.start()
    outcome = await box.do(TAKE)
    assert outcome.events[0].at == NINE
    ats = [event.at for event in box.events()]
    assert ats == sorted(ats)
    assert [e.ticket for e in box.events() if type(e) is TicketIssued] == [1, 2]


@pytest.mark.parametrize("times", [1, 3])
async def test_what_was_told_is_in_the_journal_after_a_restart(box: Box, times: int):
    for _ in range(times):
        number = await box.take()
        before = box.hall
        await box.restart()
        assert box.hall == before
        assert box.hall.find(number) is not None
