"""Days, hours and timers of a hall: midnight, summer time, restarts, a clock set back."""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo

import pytest

from queued.core.commands import (
    CallNext,
    CloseDay,
    IssueTicket,
    MissTicket,
    OpenWindow,
    StartService,
)
from queued.core.events import DayClosed, DayOpened, Event, TicketCalled, TicketMissed
from queued.core.refusals import HallClosed
from queued.engine.calendar import Calendar, Hours
from queued.engine.clock import SimulatedClock, SystemClock
from queued.engine.hall import RETRY_AFTER_MS
from queued.engine.recovery import recover
from tests.core.given import HOUR
from tests.engine.box import NINE, SHANGHAI, Box, moment

MINUTE = 60_000
CALL = CallNext(window="1", by="clerk:1")


def calendar(zone="Europe/Warsaw", starts="04:00", *hours):
    return Calendar(ZoneInfo(zone), time.fromisoformat(starts), hours)


# ── The calendar ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("clock", "day"), [("00:00", "2026-11-22"), ("03:59", "2026-11-22"), ("04:00", "2026-11-23")]
)
def test_the_business_day_is_not_the_calendar_date(clock, day):
    assert SHANGHAI.day_of(moment("Asia/Shanghai", "2026-11-23", clock)).isoformat() == day


@pytest.mark.parametrize(
    ("zone", "starts", "day", "hours"),
    [
        ("Europe/Warsaw", "02:00", "2026-03-28", 24.0),
        ("Europe/Warsaw", "00:00", "2026-03-29", 23.0),  # clocks go forward at 02:00
        ("Europe/Warsaw", "00:00", "2026-10-25", 25.0),  # and back at 03:00
        ("Europe/Warsaw", "04:00", "2026-03-28", 23.0),
        ("Australia/Lord_Howe", "00:00", "2026-10-04", 23.5),  # half an hour of summer time
        ("Australia/Lord_Howe", "00:00", "2026-04-05", 24.5),
        ("Asia/Kolkata", "04:00", "2026-11-23", 24.0),
    ],
)
def test_how_long_a_business_day_is(zone, starts, day, hours):
    begin = moment(zone, day, starts)
    opening = calendar(zone, starts).opening(begin, "x")
    assert opening.day == day
    assert opening.ends_at - begin == hours * HOUR


def test_a_start_that_does_not_exist_counts_with_the_old_offset():
    """02:30 on the Sunday when 02:00 becomes 03:00 is 03:30 on the new clock."""
    days = calendar(starts="02:30")
    assert days.opening(moment("Europe/Warsaw", "2026-03-28", "12:00"), "x").ends_at == moment(
        "Europe/Warsaw", "2026-03-29", "03:30"
    )


def test_a_start_that_comes_twice_is_the_first_of_the_two():
    days = calendar(starts="02:30")
    first, second = (moment("Europe/Warsaw", "2026-10-25", "02:30", fold) for fold in (0, 1))
    assert second - first == HOUR
    assert days.day_of(first - 1).isoformat() == "2026-10-24"
    assert days.day_of(first).isoformat() == "2026-10-25"
    assert days.day_of(second).isoformat() == "2026-10-25"


@pytest.mark.parametrize("zone", ["Europe/Warsaw", "Australia/Lord_Howe", "Asia/Kolkata"])
@pytest.mark.parametrize("starts", ["00:00", "02:15", "02:30", "04:00"])
def test_days_follow_each_other_without_gap_or_overlap(zone, starts):
    """A whole year, quarter hour by quarter hour: each moment is in the day it opens."""
    days = calendar(zone, starts)
    at = moment(zone, "2026-01-01", "12:00")
    opening, seen = days.opening(at, "x"), 1
    for step in range(at, at + 366 * 24 * HOUR, 15 * MINUTE):
        if step >= opening.ends_at:
            before, opening = opening, days.opening(step, "x")
            assert opening.day > before.day
            assert step - before.ends_at < 15 * MINUTE
            seen += 1
        assert opening.ends_at > step
        assert days.day_of(step).isoformat() == opening.day
    assert seen in (366, 367)


@pytest.mark.parametrize(
    ("day", "clock", "opens"),
    [
        ("2026-11-23", "07:00", ("2026-11-23", "08:30")),
        ("2026-11-23", "08:30", ("2026-11-23", "13:30")),  # open now: the next one
        ("2026-11-23", "12:30", ("2026-11-23", "13:30")),
        ("2026-11-23", "20:00", ("2026-11-24", "08:30")),
        ("2026-11-24", "18:00", ("2026-11-30", "08:30")),
        ("2026-11-24", "02:00", ("2026-11-24", "08:30")),  # still the day before
    ],
)
def test_when_it_opens_next(day, clock, opens):
    days = frozenset({0, 1})
    hours = (
        Hours(days, time(13, 30), time(17, 0)),
        Hours(days, time(8, 30), time(12, 0)),
    )
    found = calendar("Asia/Shanghai", "04:00", *hours).next_opening(
        moment("Asia/Shanghai", day, clock)
    )
    assert found == moment("Asia/Shanghai", *opens)


def test_without_hours_nobody_knows_when_it_opens():
    assert calendar().next_opening(NINE) is None
    never = calendar("Asia/Shanghai", "04:00", Hours(frozenset(), time(8), time(9)))
    assert never.next_opening(NINE) is None


def test_hours_of_a_weekday_and_of_a_closed_day():
    morning = Hours(frozenset(range(5)), time(9), time(12))
    afternoon = Hours(frozenset({0}), time(14), time(17))
    days = calendar("Asia/Shanghai", "04:00", afternoon, morning)
    monday, saturday = (moment("Asia/Shanghai", d, "08:00") for d in ("2026-11-23", "2026-11-28"))
    assert days.opening(monday, "x").hours == (
        (monday + HOUR, monday + 4 * HOUR),
        (monday + 6 * HOUR, monday + 9 * HOUR),
    )
    assert days.opening(saturday, "x").hours == ((0, 0),)
    assert calendar("Asia/Shanghai").opening(monday, "x").hours == ()


# ── A hall through its days ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Warsaw", "Australia/Lord_Howe"])
async def test_a_week_goes_by_itself_also_across_summer_time(new_box, zone):
    begin = moment(zone, "2026-10-22", "12:00")
    box = new_box(clock=SimulatedClock(begin), calendar=calendar(zone, "00:00"))
    await box.furnish()
    for _ in range(7):
        await box.take()
        await box.move_to(box.hall.day_ends_at)
    opened = [event for event in box.events() if type(event) is DayOpened]
    assert [event.day for event in opened] == [f"2026-10-{day}" for day in range(22, 30)]
    assert all(event.at == moment(zone, event.day, "00:00") for event in opened[1:]), (
        "a day began late or early"
    )
    tallies = [event.tally for event in box.events() if type(event) is DayClosed]
    assert tallies == [{"cancelled": 1, "issued": 1}] * 7


async def test_people_who_wait_at_the_rollover_end_with_their_day(box: Box):
    await box.take()
    await box.take()
    await box.do(CALL)
    await box.do(StartService(window="1", by="clerk:1"))
    await box.move_to(box.hall.day_ends_at)
    assert (box.hall.day, len(box.hall.tickets)) == ("2026-11-24", 0)
    ended = [type(event).__name__ for event in box.events()[-5:]]
    assert ended == [
        "TicketCancelled", "WindowClosed", "WindowClosed", "DayClosed", "DayOpened"
    ]  # fmt: skip
    rows = box.journal.tickets
    assert [rows["hall", "2026-11-23", n].status.value for n in (1, 2)] == ["served", "cancelled"]
    assert await box.take() == "A001"
    assert rows["hall", "2026-11-24", 1].status.value == "waiting"


async def test_a_box_that_was_off_for_days_ends_the_old_day_and_opens_this_one(box: Box):
    await box.take()
    await box.actor.stop()
    box.clock = SimulatedClock(NINE + 3 * 24 * HOUR)
    await box.start()
    await box.idle()
    assert (box.hall.day, box.hall.open) == ("2026-11-26", True)
    days = [event.day for event in box.events() if type(event) is DayOpened]
    assert days == ["2026-11-23", "2026-11-26"]


async def test_a_snapshot_at_the_end_of_a_day_shortens_the_next_start(box: Box):
    await box.take()
    await box.move_to(box.hall.day_ends_at)
    snapshot = await box.journal.load_snapshot("hall")
    assert snapshot is not None
    assert snapshot.seq == box.hall.seq
    await box.take()
    before = box.hall
    await box.restart()
    assert box.hall == before


async def test_a_busy_day_keeps_snapshots_so_that_a_start_folds_only_its_end(
    box: Box, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("queued.engine.hall.SNAPSHOT_EVERY", 8)
    await box.move_to(box.hall.day_ends_at)  # a day before this one is not told again
    await box.do(OpenWindow(window="1", by="clerk:1"))
    for _ in range(20):
        await box.take()
        await box.do(CallNext(window="1", by="clerk:1"))
        await box.do(MissTicket(window="1", by="clerk:1"))
    observed: list[Event] = []
    recovered = await recover(box.journal, "hall", observe=lambda e, _: observed.append(e))
    assert recovered.hall == box.hall
    assert recovered.folded < 8
    # What it is not folded from is still read, proven and shown to whoever learns from the day.
    day = box.events()[box.hall.day_seq - 1 :]
    assert type(day[0]) is DayOpened
    assert observed == day
    # Negative control: without a snapshot everything is folded.
    whole = await recover(box.journal, "hall", from_start=True)
    assert whole.hall == recovered.hall
    assert whole.folded == box.hall.seq


async def test_a_day_closed_by_hand_opens_again_with_the_next_one(box: Box):
    await box.do(CloseDay(by="manager:zhao"))
    with pytest.raises(HallClosed):
        await box.take()
    ends_at = box.hall.day_ends_at
    await box.restart()
    assert not box.hall.open
    await box.move_to(ends_at - 1)
    assert not box.hall.open
    await box.move_to(ends_at)
    assert (box.hall.day, box.hall.open) == ("2026-11-24", True)


async def test_a_later_start_of_the_day_waits_for_it_instead_of_repeating_a_day(box: Box):
    """The file said 04:00, now it says 06:00: from four to six the 23rd would come again."""
    await box.take()
    ends_at = box.hall.day_ends_at
    await box.actor.stop()
    box.calendar = calendar("Asia/Shanghai", "06:00")
    await box.start()
    await box.move_to(ends_at)
    assert (box.hall.day, box.hall.open) == ("2026-11-23", False)
    await box.move_to(ends_at + 2 * HOUR)
    await box.move_to(ends_at + 2 * HOUR + RETRY_AFTER_MS)
    assert (box.hall.day, box.hall.open) == ("2026-11-24", True)


async def test_a_hall_without_a_calendar_stays_closed(new_box):
    box = await new_box(calendar=None).furnish()
    await box.do(SHANGHAI.opening(NINE, "system:"))
    await box.move_to(box.hall.day_ends_at)
    assert not box.hall.open
    assert box.clock.next_timer() is None


# ── Timers ────────────────────────────────────────────────────────────────────────────────


async def test_who_does_not_come_is_missed_by_the_clock(box: Box):
    await box.take()
    await box.do(CALL)
    await box.move_to(NINE + 179_999)
    assert type(box.events()[-1]) is TicketCalled
    await box.move_to(NINE + 180_000)
    missed = box.events()[-1]
    assert (type(missed), missed.by, missed.at) == (TicketMissed, "timer:", NINE + 180_000)


async def test_deadlines_are_there_again_after_a_restart(box: Box):
    await box.take()
    await box.do(CALL)
    await box.restart()
    await box.idle()
    assert box.clock.next_timer() == NINE + 180_000
    await box.move_to(NINE + 180_000)
    assert type(box.events()[-1]) is TicketMissed


async def test_what_was_due_during_a_power_cut_happens_at_the_start(box: Box):
    await box.take()
    await box.do(CALL)
    await box.actor.stop()
    box.clock = SimulatedClock(NINE + HOUR)
    await box.start()
    await box.idle()
    assert (type(box.events()[-1]), box.events()[-1].at) == (TicketMissed, NINE + HOUR)


async def test_a_night_without_power_misses_first_and_closes_then(box: Box):
    await box.take()
    await box.do(CALL)
    await box.actor.stop()
    box.clock = SimulatedClock(NINE + 24 * HOUR)
    await box.start()
    await box.idle()
    names = [type(event) for event in box.events()]
    assert names.index(TicketMissed) < names.index(DayClosed)


async def test_time_comes_before_people_in_a_batch(box: Box):
    """Whoever presses a button in the millisecond of a deadline finds it already past."""
    await box.take()
    await box.take()
    await box.do(CALL)
    clock = box.clock
    clock._at = NINE + 180_000  # the moment has come, the timer has not rung yet
    outcome = await box.do(CALL)
    assert outcome.events[0].number == "A002"


# ── A clock set back by an hour ───────────────────────────────────────────────────────────


class Wall:
    """A machine whose wall clock somebody sets, and whose time goes on."""

    def __init__(self) -> None:
        self.wall, self.monotonic = NINE / 1000, 100.0

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


class PlainClock(SimulatedClock):
    """What most software does: believe the wall."""

    def __init__(self, machine: Wall) -> None:
        super().__init__(NINE)
        self.machine = machine

    def now(self):
        return int(self.machine.wall * 1000)


@pytest.mark.parametrize("kind", ["ours", "plain"])
async def test_deadlines_still_come_when_the_clock_is_set_back(new_box, kind):
    machine = Wall()
    if kind == "ours":
        clock = SystemClock(lambda: machine.wall, lambda: machine.monotonic)
    else:
        clock = PlainClock(machine)
    box = await new_box(clock=clock).furnish(windows=("1",))
    machine.passes(600)
    await box.take()
    machine.wall -= 3600
    machine.passes(60)
    await box.do(CALL)
    ticket = box.hall.ticket(1)
    assert ticket.called_at >= ticket.issued_at, "a negative wait"
    machine.passes(370)  # at half speed still more than the three minutes
    box.actor._ring()  # as its timer would: a real one needs real time
    await box.idle()
    missed = type(box.events()[-1]) is TicketMissed
    waited_ms = ticket.called_at - ticket.issued_at
    # The negative control stands still for an hour: no wait, no deadline.
    assert (missed, waited_ms) == ((True, 30_000) if kind == "ours" else (False, 0))


async def test_waits_are_never_negative_whatever_the_wall_does(new_box):
    machine = Wall()
    clock = SystemClock(lambda: machine.wall, lambda: machine.monotonic)
    box = await new_box(clock=clock).furnish(windows=("1", "3"))
    for jump in (0, -3600, 7200, -60, -0.5, 3600, -7200):
        machine.wall += jump
        machine.passes(7)
        await box.do(IssueTicket(queue="general"))
    ats = [event.at for event in box.events()]
    assert ats == sorted(ats)
