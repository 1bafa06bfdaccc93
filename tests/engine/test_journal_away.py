"""While the journal does not answer: everybody is told at once, nothing is decided, and what the
last batch became is asked before anything else."""

from __future__ import annotations

import asyncio

import pytest

from queued.core.commands import IssueTicket
from queued.engine import hall as hall_module
from queued.engine.clock import SimulatedClock
from queued.engine.hall import HallStopped
from queued.engine.ports import AppendFailed, Fenced, JournalAway
from queued.engine.recovery import recover
from tests.engine.box import HALL, Box, until

TAKE = IssueTicket(queue="general", by="kiosk:1")


async def left_alone(box: Box, *, committed: bool) -> list[object]:
    """Two visitors ask while the journal goes away; what they are told."""
    box.journal.away = JournalAway("nobody answers")
    box.journal.fail_next(committed=committed)
    asked = [box.ask(TAKE, key="k"), box.ask(TAKE)]
    await until(lambda: box.actor.waiting)
    return await asyncio.gather(*asked, return_exceptions=True)


async def back(box: Box) -> None:
    """The journal answers again, and the hall has noticed."""
    box.journal.away = None
    assert isinstance(box.clock, SimulatedClock)
    await box.move_to(box.clock.now() + hall_module.AWAY_MS)
    await until(lambda: not box.actor.waiting)


async def test_everybody_is_refused_at_once_and_the_old_state_is_shown(box: Box):
    before = box.hall
    told = await left_alone(box, committed=False)
    assert [type(one) for one in told] == [AppendFailed, AppendFailed]
    for _ in range(3):
        with pytest.raises(AppendFailed):
            await box.take()
    assert box.actor.alive and box.hall is before


@pytest.mark.parametrize("committed", [True, False])
async def test_what_became_of_the_last_batch_is_known_before_the_next(box: Box, committed: bool):
    await left_alone(box, committed=committed)
    await back(box)
    assert len(box.hall.tickets) == (2 if committed else 0)
    # Whoever asks again with the same key gets the one number there is.
    again = await box.do(TAKE, key="k")
    assert again.replayed is committed
    assert await box.take() == ("A003" if committed else "A002")
    assert (await recover(box.journal, HALL)).hall == box.hall


async def test_the_journal_is_asked_by_the_clock_and_not_in_a_hot_loop(box: Box):
    asked = 0

    async def away(hall):
        nonlocal asked
        asked += 1
        raise JournalAway("nobody answers")

    box.journal.head = away
    box.journal.fail_next(committed=False)
    box.ask(TAKE).add_done_callback(lambda task: task.exception())
    await until(lambda: box.actor.waiting)
    await box.idle()
    for times in range(1, 4):
        assert asked == times
        await box.move_to(box.clock.now() + hall_module.AWAY_MS)


async def test_what_somebody_else_wrote_meanwhile_stops_the_hall(box: Box, caplog):
    await left_alone(box, committed=True)

    async def elsewhere(hall):
        return 999, b"x" * 32

    box.journal.head = elsewhere
    await box.move_to(box.clock.now() + hall_module.AWAY_MS)
    await box.actor.finished()
    assert isinstance(box.actor.failure, Fenced)


async def test_a_hall_without_its_journal_can_be_stopped(box: Box):
    await left_alone(box, committed=False)
    async with asyncio.timeout(5):
        await box.actor.stop()
    assert box.actor.failure is None
    with pytest.raises(HallStopped):
        await box.take()


async def test_what_is_due_meanwhile_happens_afterwards(box: Box):
    await left_alone(box, committed=False)
    ends_at = box.hall.day_ends_at
    await box.move_to(ends_at)
    assert box.hall.day == "2026-11-23"
    await back(box)
    await box.move_to(box.clock.now() + hall_module.RETRY_AFTER_MS)
    assert (box.hall.day, box.hall.open) == ("2026-11-24", True)
