"""Whoever follows the journal sees every record once; a bad listener harms nobody."""

from __future__ import annotations

import asyncio
import dataclasses

from queued.core.commands import IssueTicket
from queued.engine import follow as follow_module
from queued.engine.bus import Bus, Committed
from queued.engine.follow import follow
from queued.engine.ports import PAGE_MAX
from tests.engine.box import HALL, Box, until

TAKE = IssueTicket(queue="general", by="kiosk:1")


class Follower:
    """Somebody who keeps a cursor together with the effect, like the slip printer."""

    def __init__(self, cursor: int = 0) -> None:
        self.cursor = cursor
        self.seen: list[int] = []
        self.task: asyncio.Task[None] | None = None

    def start(self, box: Box) -> None:
        self.task = asyncio.get_running_loop().create_task(self._run(box))

    async def _run(self, box: Box) -> None:
        async for record in follow(box.journal, box.bus, HALL, self.cursor):
            self.seen.append(record.seq)
            self.cursor = record.seq

    async def stop(self) -> None:
        """Wherever it is: between two records or asleep."""
        assert self.task is not None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def test_a_follower_replays_and_then_lives(box: Box):
    follower = Follower()
    follower.start(box)
    await until(lambda: follower.cursor == box.hall.seq)
    await box.take()
    await until(lambda: follower.cursor == box.hall.seq)
    await follower.stop()
    assert follower.seen == list(range(1, box.hall.seq + 1))


async def test_a_follower_stopped_by_the_event_it_waits_for_stops(box: Box):
    follower = Follower(cursor=box.hall.seq)
    follower.start(box)
    waiting = box.bus._waiters
    await until(lambda: HALL in waiting and waiting[HALL])
    # when the event and the stop come in one turn of the loop
    box.bus.publish(Committed(HALL, dataclasses.replace(box.hall, seq=box.hall.seq + 1), ()))
    assert follower.task is not None
    follower.task.cancel()
    done, _ = await asyncio.wait({follower.task}, timeout=5)
    assert done and follower.task.cancelled()


async def test_a_follower_from_a_cursor_sees_only_what_came_after(box: Box):
    follower = Follower(cursor=box.hall.seq)
    follower.start(box)
    await box.take()
    await until(lambda: follower.cursor == box.hall.seq)
    await follower.stop()
    assert follower.seen == [box.hall.seq]


async def test_across_restarts_every_record_is_seen_once(box: Box):
    """Ten rounds: the follower or the box goes down at another place each time."""
    follower = Follower()
    for turn in range(10):
        follower.start(box)
        burst = [box.ask(TAKE) for _ in range(turn)]
        await until(lambda some=turn * 2: len(follower.seen) >= some)
        if turn % 2:
            await asyncio.gather(*burst)
            await box.restart()
        await follower.stop()
        await asyncio.gather(*burst)
    follower.start(box)
    await until(lambda: follower.cursor == box.hall.seq)
    await follower.stop()
    assert follower.seen == list(range(1, box.hall.seq + 1))


async def test_more_than_a_page_is_followed_without_a_gap(box: Box):
    take = IssueTicket(queue="tax", by="kiosk:1")
    await asyncio.gather(*(box.do(take) for _ in range(PAGE_MAX + 300)))
    follower = Follower()
    follower.start(box)
    await until(lambda: follower.cursor == box.hall.seq)
    await follower.stop()
    assert follower.seen == list(range(1, box.hall.seq + 1))


async def test_records_of_another_process_are_found_without_a_hint(box: Box, monkeypatch):
    """No bus tells of them: the follower looks by itself."""
    monkeypatch.setattr(follow_module, "POLL_S", 0.001)
    follower = Follower()
    box.bus, writer = Bus(), box.bus
    follower.start(box)
    await until(lambda: follower.cursor == box.hall.seq)
    await box.take()
    assert writer is not box.bus
    async with asyncio.timeout(5):
        # A real timer is at work here, so turns of the loop do not count.
        while follower.cursor != box.hall.seq:
            await asyncio.sleep(0.001)
    await follower.stop()


async def test_a_listener_that_fails_harms_nobody(box: Box, caplog):
    heard: list[int] = []

    def bad(committed: Committed) -> None:
        raise ZeroDivisionError

    box.bus.listen(bad)
    end = box.bus.listen(lambda committed: heard.append(committed.hall.seq))
    await box.take()
    await box.take()
    assert heard == [box.hall.seq - 1, box.hall.seq]
    assert caplog.text.count("a listener failed") == 2
    end()
    await box.take()
    assert len(heard) == 2


async def test_listeners_hear_of_durable_things_only(box: Box):
    heard: list[int] = []
    box.bus.listen(lambda committed: heard.append(len(committed.events)))
    box.journal.fail_next(committed=False)
    await asyncio.gather(box.ask(TAKE), return_exceptions=True)
    assert heard == []
    box.journal.fail_next(committed=True)
    await asyncio.gather(box.ask(TAKE), box.ask(TAKE))
    assert heard == [2]


async def test_a_listener_hears_before_the_command_is_answered(box: Box):
    order: list[str] = []
    box.bus.listen(lambda committed: order.append("heard"))
    await box.take()
    order.append("answered")
    assert order == ["heard", "answered"]


async def test_whoever_gives_up_waiting_is_not_kept(box: Box):
    """A quiet night has thousands of looks; none may leave anything behind."""
    for _ in range(50):
        waiting = asyncio.get_running_loop().create_task(box.bus.passed(HALL, 10**9))
        await box.idle()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert box.bus._waiters.get(HALL, []) == []


async def test_waiting_for_a_seq_ends_when_it_has_passed(box: Box):
    seq = box.hall.seq
    soon = asyncio.get_running_loop().create_task(box.bus.passed(HALL, seq))
    later = asyncio.get_running_loop().create_task(box.bus.passed(HALL, seq + 1))
    await box.take()
    await until(soon.done)
    assert not later.done()
    await box.take()
    await until(later.done)
    await box.bus.passed(HALL, seq)
