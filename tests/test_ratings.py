"""Evaluators: asked after each service, answered once, never on behalf of somebody else."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from drivers.jobs import AskRating, Order, Rated
from queued.core import commands as c
from queued.engine.hall import MailboxFull
from queued.ratings import UNASKED_WITHIN_MS, Ratings
from queued.settings_values import DeviceSettings
from tests.hall_parts import eventually
from tests.server.hall_under_test import Running, running

ASKING = DeviceSettings("pad-1", "hallpad68", "virtual://", window="1", rating_s=15)
SILENT = DeviceSettings("pad-2", "hallpad68", "virtual://", window="2")
FIRST = "2026-11-23/1"


@dataclass
class AtWindows:
    """A hall with an evaluator that asks at window 1 and one that does not at window 2."""

    hall: Running
    ratings: Ratings
    orders: list[Order] = field(default_factory=list)

    async def served(self, window="1") -> None:
        """The next visitor comes, is served and done."""
        await self.hall.take()
        await self.hall.open_window(window)
        for action in ("call-next", "start", "finish"):
            status, answer, _ = await self.hall.act(window, action)
            assert status == 200, answer

    def press(self, grade, ask="", device="pad-1") -> None:
        self.ratings.on_report(Rated(device, grade, ask, self.hall.clock.now()))

    async def counted(self, **counts: int) -> None:
        await eventually(lambda: self.ratings.counts == counts)

    @property
    def grades(self) -> list[str]:
        return [ticket.rating for ticket in self.hall.actor.hall.tickets]


@pytest.fixture
async def at(tmp_path):
    async with running(tmp_path) as hall:
        orders: list[Order] = []
        live = hall.site.lives["demo"].running
        ratings = Ratings(live, [ASKING, SILENT], hall.clock, orders.append)
        end = hall.bus.listen(ratings.on_commit)
        yield AtWindows(hall, ratings, orders)
        end()
        await ratings.stop()


async def test_a_visitor_is_asked_and_answers(at: AtWindows):
    await at.served()
    assert at.orders == [AskRating("pad-1", 15, FIRST)]
    at.press("very-satisfied", FIRST)
    await at.counted(rated=1)
    assert at.grades == ["very-satisfied"]
    last = (await at.hall.store.journal.read("demo", at.hall.seq - 1))[-1]
    assert (last.type, last.by) == ("ServiceRated", "evaluator:pad-1")


async def test_no_answer_is_recorded_as_such(at: AtWindows):
    await at.served()
    at.press("none", FIRST)
    await at.counted(rated=1)
    assert at.grades == ["none"]


async def test_a_grade_belongs_to_the_question_also_when_the_next_is_done(at: AtWindows):
    await at.served()
    await at.served()
    assert [order.ask for order in at.orders] == [FIRST, "2026-11-23/2"]
    at.press("dissatisfied", FIRST)
    at.press("satisfied", "2026-11-23/2")
    await at.counted(rated=2)
    assert at.grades == ["dissatisfied", "satisfied"]


async def test_only_the_first_grade_counts(at: AtWindows):
    await at.served()
    at.press("dissatisfied", FIRST)
    at.press("very-satisfied")
    at.press("very-satisfied", FIRST)
    await at.counted(rated=1, already_rated=2)
    assert at.grades == ["dissatisfied"]


async def test_a_grade_nobody_asked_for_is_the_last_visitors_for_two_minutes(at: AtWindows):
    at.press("satisfied", device="pad-2")
    await at.counted(nobody_there=1)
    await at.served("2")
    await at.served("1")
    assert [order.device for order in at.orders] == ["pad-1"]
    at.hall.later(UNASKED_WITHIN_MS / 1000)
    at.press("satisfied", device="pad-2")
    await at.counted(nobody_there=1, rated=1)
    assert at.grades == ["satisfied", ""]
    at.hall.later(0.001)
    at.press("satisfied", device="pad-1")
    await at.counted(nobody_there=2, rated=1)


async def test_who_was_served_last_is_known_after_a_restart(at: AtWindows):
    await at.served("2")
    await at.served("2")
    live = at.hall.site.lives["demo"].running
    again = Ratings(live, [SILENT], at.hall.clock, at.orders.append)
    again.on_report(Rated("pad-2", "satisfied", "", at.hall.clock.now()))
    await eventually(lambda: again.counts["rated"] == 1)
    assert at.grades == ["", "satisfied"]


async def test_a_new_device_process_asks_again_for_the_time_that_is_left(at: AtWindows):
    await at.served()
    at.orders.clear()
    at.hall.later(5)
    at.ratings.on_up()
    assert at.orders == [AskRating("pad-1", 10, FIRST)]
    at.hall.later(10)
    at.ratings.on_up()
    await at.counted(rated=1)
    assert at.grades == ["none"] and len(at.orders) == 1


async def test_a_day_that_ended_asks_nobody_and_takes_no_grade(at: AtWindows):
    await at.served()
    await at.hall.take()
    for action in ("call-next", "start"):
        await at.hall.act("1", action)
    at.orders.clear()
    await at.hall.actor.submit(c.CloseDay(by="manager:li"))
    assert at.orders == []
    at.press("satisfied", FIRST)
    await at.counted(too_late_to_rate=1)
    at.hall.later(24 * 3600)
    calendar = at.hall.site.lives["demo"].running.calendar
    await at.hall.actor.submit(calendar.opening(at.hall.clock.now(), "system:"))
    await at.served()
    at.press("dissatisfied", FIRST)
    await at.counted(too_late_to_rate=2)
    assert at.grades == [""], "yesterday's grade is not today's visitor's"


@pytest.mark.parametrize("ask", ["x", "/", "2026-11-23/", "2026-11-23/0", "2026-11-23/9", "/1"])
async def test_an_answer_to_a_question_nobody_asked_changes_nothing(at: AtWindows, ask):
    await at.served()
    seq = at.hall.seq
    at.press("satisfied", ask)
    at.press("satisfied", device="kiosk-printer")
    await eventually(lambda: sum(at.ratings.counts.values()) == 2)
    assert at.hall.seq == seq


async def test_a_grade_that_cannot_be_written_is_counted(at: AtWindows, monkeypatch):
    await at.served()

    async def full(*_args, **_more):
        raise MailboxFull

    monkeypatch.setattr(at.hall.actor, "submit", full)
    at.press("satisfied", FIRST)
    await at.counted(failed=1)
