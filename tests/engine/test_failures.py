"""When appending fails, when stopping, when full: everybody gets an answer, and the true one."""

from __future__ import annotations

import asyncio

import pytest

from queued.core.commands import CallNext, IssueTicket, OpenWindow
from queued.core.evolve import InvariantBroken
from queued.core.refusals import WindowBusy, WindowTaken
from queued.engine import hall as hall_module
from queued.engine.clock import SimulatedClock
from queued.engine.codec import record_of
from queued.engine.hall import HallStopped, MailboxFull
from queued.engine.ports import AppendFailed, Batch, Fenced, JournalBroken, JournalError
from queued.engine.recovery import recover
from tests.engine.box import HALL, NINE, Box, until

TAKE = IssueTicket(queue="general", by="kiosk:1")
CALL = CallNext(window="1", by="clerk:1")
DEADLINE_S = 5
"""A hung answer is the bug looked for here; it must not hang the test too."""


async def answered(*tasks):
    """The results or errors of tasks that must all end."""
    async with asyncio.timeout(DEADLINE_S):
        return await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_append_that_did_not_happen(box: Box):
    before = box.hall
    box.journal.fail_next(committed=False)
    with pytest.raises(AppendFailed):
        await box.take()
    assert box.hall is before
    assert await box.take() == "A001"


async def test_an_append_that_happened_although_it_failed(box: Box):
    box.journal.fail_next(committed=True)
    assert await box.take() == "A001"
    assert await box.take() == "A002"
    assert (await recover(box.journal, HALL)).hall == box.hall


async def test_all_who_shared_the_lost_batch_are_told(box: Box):
    box.journal.fail_next(committed=False)
    results = await answered(box.ask(TAKE, key="k"), box.ask(TAKE, key="k"), box.ask(TAKE))
    assert [type(result) for result in results] == [AppendFailed] * 3
    assert len(box.hall.tickets) == 0


async def test_all_who_shared_a_batch_that_happened_are_answered(box: Box):
    box.journal.fail_next(committed=True)
    first, again, second = await answered(
        box.ask(TAKE, key="k"), box.ask(TAKE, key="k"), box.ask(TAKE)
    )
    assert (first.events[0].ticket, again.replayed, second.events[0].ticket) == (1, True, 2)


async def test_a_refusal_caused_by_a_lost_event_is_not_told(box: Box):
    """The window is not busy: the call that made it so never happened."""
    await box.take()
    box.journal.fail_next(committed=False)
    results = await answered(box.ask(CALL), box.ask(CALL))
    assert [type(result) for result in results] == [AppendFailed, AppendFailed]
    assert (await box.do(CALL)).events[0].number == "A001"


async def test_the_same_refusal_is_told_once_it_is_true(box: Box):
    await box.take()
    first, second = await answered(box.ask(CALL), box.ask(CALL))
    assert first.events[0].number == "A001"
    assert type(second) is WindowBusy


async def test_another_owner_of_the_hall_stops_this_one(box: Box, caplog):
    hall, digest = box.hall, (await box.journal.head(HALL))[1]
    outcome = await box.take()
    assert outcome == "A001"
    await box.actor.stop()
    stale = await new_owner(box, hall, digest)
    tasks = [stale.ask(TAKE) for _ in range(3)]
    results = await answered(*tasks)
    assert [type(result) for result in results] == [HallStopped] * 3
    assert isinstance(stale.actor.failure, Fenced)
    assert not stale.actor.alive
    with pytest.raises(HallStopped):
        await stale.take()
    await stale.actor.finished()
    assert "hall hall stops" in caplog.text


async def new_owner(box, hall, digest):
    """A box that still believes in an older end of the journal."""
    stale = Box(journal=box.journal)
    await stale.start()
    stale.actor.hall, stale.actor._hash = hall, digest
    return stale


async def test_a_journal_that_cannot_even_be_read_stops_the_hall(box: Box, caplog):
    async def unreadable(hall):
        raise JournalError("the disk is gone")

    box.journal.fail_next(committed=False)
    box.journal.head = unreadable
    results = await answered(box.ask(TAKE), box.ask(TAKE))
    assert [type(result) for result in results] == [HallStopped, HallStopped]
    assert "the disk is gone" in str(box.actor.failure)


async def test_a_bug_in_the_task_leaves_nobody_waiting(box: Box, caplog, monkeypatch):
    def broken(*_):
        raise InvariantBroken("impossible")

    monkeypatch.setattr(hall_module, "due", broken)
    results = await answered(box.ask(TAKE), box.ask(TAKE))
    assert [type(result) for result in results] == [HallStopped, HallStopped]
    assert isinstance(box.actor.failure, InvariantBroken)
    async with asyncio.timeout(DEADLINE_S):
        await box.actor.finished()
    assert "stops on a bug" in caplog.text


async def test_a_bug_in_one_command_does_not_close_the_hall(box: Box, caplog):
    (result,) = await answered(box.ask("not a command"))
    assert isinstance(result, AssertionError)
    assert await box.take() == "A001"
    assert "command failed: str" in caplog.text


async def test_a_full_mailbox_refuses_at_once(box: Box, monkeypatch):
    monkeypatch.setattr(hall_module, "MAILBOX_MAX", 3)
    box.journal.hold()
    first = box.ask(TAKE)
    await until(lambda: box.journal.appending)
    waiting = [box.ask(TAKE) for _ in range(3)]
    await box.idle()
    with pytest.raises(MailboxFull):
        await box.take()
    box.journal.let_go()
    assert len([r for r in await answered(first, *waiting) if not isinstance(r, Exception)]) == 4
    assert await box.take() == "A005"


async def test_stopping_finishes_the_batch_in_hand_and_refuses_the_rest(box: Box):
    box.journal.hold()
    first = box.ask(TAKE)
    await until(lambda: box.journal.appending)
    later = [box.ask(TAKE) for _ in range(3)]
    await box.idle()
    stopping = asyncio.get_running_loop().create_task(box.actor.stop())
    await box.idle()
    with pytest.raises(HallStopped):
        await box.take()
    assert not stopping.done()
    box.journal.let_go()
    results = await answered(first, *later, stopping)
    assert results[0].events[0].number == "A001"
    assert [type(result) for result in results[1:4]] == [HallStopped] * 3
    await box.actor.stop()
    await box.start()
    assert len(box.hall.tickets) == 1


async def test_a_caller_who_gave_up_before_the_decision_gets_no_ticket(box: Box):
    box.journal.hold()
    first = box.ask(TAKE)
    await until(lambda: box.journal.appending)
    gone = box.ask(TAKE)
    await box.idle()
    gone.cancel()
    await box.idle()
    box.journal.let_go()
    await answered(first, gone)
    assert await box.take() == "A002"


async def test_a_caller_who_gave_up_after_the_decision_leaves_a_ticket(box: Box):
    box.journal.hold()
    gone = box.ask(TAKE)
    await until(lambda: box.journal.appending)
    gone.cancel()
    await box.idle()
    box.journal.let_go()
    await box.idle()
    assert await box.take() == "A002"


async def test_a_full_disk_at_night_is_tried_again_and_not_in_a_hot_loop(box: Box):
    """The end of the day is due and cannot be written: no loop may spin on it."""
    assert isinstance(box.clock, SimulatedClock)
    ends_at = box.hall.day_ends_at
    box.journal.broken = AppendFailed("disk full")
    box.journal.appending = 0
    await box.move_to(ends_at)
    await box.idle()
    assert box.journal.appending == 1
    assert box.hall.day == "2026-11-23"
    assert box.clock.next_timer() == ends_at + hall_module.RETRY_AFTER_MS
    await box.move_to(ends_at + hall_module.RETRY_AFTER_MS)
    assert box.journal.appending == 2
    box.journal.broken = None
    await box.move_to(ends_at + 2 * hall_module.RETRY_AFTER_MS)
    assert (box.hall.day, box.hall.open) == ("2026-11-24", True)


async def test_a_snapshot_that_cannot_be_kept_is_no_reason_to_stop(box: Box, caplog):
    async def full(hall, snapshot):
        raise AppendFailed("disk full")

    box.journal.save_snapshot = full
    await box.move_to(box.hall.day_ends_at)
    assert box.hall.day == "2026-11-24"
    assert await box.take() == "A001"
    assert "keeps its older snapshot" in caplog.text


async def test_a_refused_command_writes_nothing(box: Box):
    count = len(box.journal.batches)
    with pytest.raises(WindowTaken):
        await box.do(OpenWindow(window="1", by="clerk:2"))
    await box.do(OpenWindow(window="1", by="clerk:1"))
    assert len(box.journal.batches) == count


async def test_a_damaged_record_stops_the_start_with_its_seq(box: Box):
    await box.take()
    chain = box.journal._chains[HALL]
    good = chain[3]
    chain[3] = type(good)(good.seq, good.at, good.type, "someone else", good.body, good.hash)
    with pytest.raises(JournalBroken, match="damaged at seq 4") as caught:
        await recover(box.journal, HALL, from_start=True)
    assert caught.value.seq == 4
    chain[3] = good
    del chain[2]
    with pytest.raises(JournalBroken, match="damaged at seq 3: missing"):
        await recover(box.journal, HALL, from_start=True)


async def test_a_record_that_cannot_be_true_stops_the_start(box: Box):
    await box.take()
    await box.do(CALL)
    call = box.events()[-1]
    head = await box.journal.head(HALL)
    again = record_of(call, head[0] + 1, head[1])
    await box.journal.append(HALL, Batch([again]))
    with pytest.raises(JournalBroken, match=f"damaged at seq {again.seq}.*TicketCalled while A001"):
        await recover(box.journal, HALL)
    assert call.at == NINE
