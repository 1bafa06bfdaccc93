"""Personal data go when their time is over: at the start, and every day after it."""

from __future__ import annotations

from queued.core.model import TicketId
from queued.core.plan import Millis
from queued.engine.clock import SimulatedClock
from queued.engine.ports import PeopleFailed
from queued.retention import AGAIN_MS, EVERY_MS, Retention
from queued.storage.store import Store
from tests.hall_parts import eventually

NOW = Millis(1_795_400_000_000)
DAY = "2026-11-23"


async def rows(store: Store) -> int:
    return len(await store.people.of_ticket("demo", DAY, TicketId(1), Millis(0)))


async def test_who_came_yesterday_is_forgotten_today(tmp_path):
    store, clock = await Store.open(tmp_path), SimulatedClock(NOW)
    for kind, end in (("id_card", NOW), ("phone", NOW + EVERY_MS), ("openid", NOW + 2 * EVERY_MS)):
        digest = store.people.digest(kind, "1")
        await store.people.put("demo", DAY, TicketId(1), kind, digest, expires_at=Millis(end))
    retention = Retention(store.people, clock)
    await retention.start()
    assert await rows(store) == 2, "what was over before the doors opened"
    clock.move_to(Millis(NOW + EVERY_MS - 1))
    assert await rows(store) == 2
    for days, left in ((1, 1), (2, 0)):
        clock.move_to(Millis(NOW + days * EVERY_MS))

        async def gone(left=left) -> bool:
            return await rows(store) == left

        await eventually(gone)
    await retention.stop()
    assert clock.next_timer() is None, "no timer is left behind"
    await store.close()


class Failing:
    """A table on a full disk."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.asked: list[int] = []

    async def expire(self, now: Millis) -> int:
        self.asked.append(now)
        self.failures -= 1
        if self.failures >= 0:
            raise PeopleFailed("disk full")
        return 0


async def test_a_full_disk_is_tried_again_within_the_hour():
    people, clock = Failing(1), SimulatedClock(NOW)
    retention = Retention(people, clock)
    await retention.start()
    clock.move_to(Millis(NOW + AGAIN_MS))
    await eventually(lambda: people.asked == [NOW, NOW + AGAIN_MS])
    await eventually(lambda: clock.next_timer() == NOW + AGAIN_MS + EVERY_MS)
    await retention.stop()


class EarlyClock(SimulatedClock):
    """Rings before its time, as the system's may for a moment far away."""

    def call_at(self, moment, callback):
        return super().call_at(Millis(min(moment, self.now() + 1000)), callback)


async def test_a_clock_that_rings_early_is_asked_again():
    people, clock = Failing(0), EarlyClock(NOW)
    retention = Retention(people, clock)
    await retention.start()
    for second in range(1, 4):
        clock.move_to(Millis(NOW + second * 1000))
    assert people.asked == [NOW]
    await retention.stop()
