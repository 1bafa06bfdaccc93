"""Popular times: honest silence, the right days, medians; and what kind of day a day is."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queued.engine.day_figures import HourFigures
from queued.engine.holidays import kinds_of
from queued.engine.popular import WAITS_MIN, level, median, typical, usual_of

SHANGHAI, WARSAW = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Warsaw")
MONDAY = date(2026, 11, 2)
VECTORS = Path(__file__).parents[1] / "display" / "busy_vectors.json"


def row(day: date, queue: str = "", hour: int = 9, waiting: float = 0.0, **more) -> HourFigures:
    figures = {"tickets": 0, "called": 0, "served": 0, "missed": 0} | more
    return HourFigures(
        day=day.isoformat(),
        hour=hour,
        queue=queue,
        waiting=(waiting,) * 4,
        waits_s=figures.pop("waits_s", ()),
        services_s=(),
        **figures,
    )


def work_days(count: int, begin: date = MONDAY, **more) -> list[HourFigures]:
    """So many days on which the hall was at work at nine, weekends left out."""
    days, day = [], begin
    while len(days) < count:
        if day.weekday() < 5:
            days.append(row(day, **more))
        day += timedelta(days=1)
    return days


def kind_told(rows, day: date, zone: ZoneInfo = SHANGHAI) -> tuple[str, int] | None:
    told = typical(usual_of(rows, zone), day, zone)
    return told and (told.kind, told.days)


# ── Silence ───────────────────────────────────────────────────────────────────────────────


def test_nothing_is_said_before_five_working_days():
    assert usual_of([], SHANGHAI) is None
    assert kind_told(work_days(4), MONDAY) is None
    assert kind_told(work_days(5), MONDAY) == ("work", 5)
    assert kind_told(work_days(5), date(2026, 11, 7)) is None, "Saturdays are not known"


def test_a_weekday_speaks_for_itself_after_four_of_its_kind():
    three_weeks = work_days(15)
    assert kind_told(three_weeks, MONDAY) == ("work", 15)
    assert kind_told([*three_weeks, row(MONDAY + timedelta(weeks=3))], MONDAY) == ("mon", 4)


def test_an_hour_counts_only_days_on_which_the_hall_was_at_work_in_it():
    rows = work_days(6, waiting=5.0) + work_days(4, hour=18, waiting=50.0)
    told = typical(usual_of(rows, SHANGHAI), MONDAY, SHANGHAI)
    assert told.waiting("", 9, 0) == 5
    assert told.waiting("", 18, 0) is None


def test_a_queue_without_a_row_was_empty_but_a_new_queue_was_not_there():
    rows = work_days(10)
    often = [row(MONDAY + timedelta(days=day), "often", waiting=4.0) for day in (0, 1, 2)]
    new = [row(MONDAY + timedelta(days=day), "new", waiting=4.0) for day in (7, 8, 9, 10, 11)]
    told = typical(usual_of([*rows, *often, *new], SHANGHAI), MONDAY, SHANGHAI)
    assert told.waiting("often", 9, 0) == 0, "empty on seven of ten days"
    assert told.waiting("new", 9, 0) == 4


def test_waits_are_told_when_there_are_enough():
    few = usual_of(work_days(WAITS_MIN - 1, waits_s=(60,)), SHANGHAI)
    enough = usual_of(work_days(WAITS_MIN, waits_s=(60,)), SHANGHAI)
    assert [one.kinds["work"][""][0].p50_s for one in (few, enough)] == [None, 60]


def test_one_wild_day_changes_nothing():
    rows = [*work_days(6, waiting=5.0, tickets=12), row(date(2026, 11, 10), waiting=90.0)]
    told = typical(usual_of(rows, SHANGHAI), MONDAY, SHANGHAI)
    assert (told.waiting("", 9, 30), told.queues[""][0].tickets) == (5, 12)


# ── Days ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("day", "zone", "kinds"),
    [
        ("2026-11-23", SHANGHAI, ("mon", "work")),
        ("2026-11-28", SHANGHAI, ("sat", "rest")),
        ("2026-10-10", SHANGHAI, ("work",)),  # a Saturday worked for the National Day
        ("2026-10-10", WARSAW, ("sat", "rest")),
        ("2026-10-05", SHANGHAI, ("rest",)),  # a Monday off
        ("2026-10-05", WARSAW, ("mon", "work")),
        ("2027-10-05", SHANGHAI, ("tue", "work")),  # no notice yet: a plain weekday
    ],
)
def test_what_a_day_is_typical_of(day: str, zone: ZoneInfo, kinds: tuple[str, ...]):
    assert kinds_of(date.fromisoformat(day), zone) == kinds


def test_the_notices_move_as_many_days_as_they_should():
    """2025 has 28 days off with 5 worked weekends, 2026 33 with 6."""
    for year, off, worked in ((2025, 28, 5), (2026, 33, 6)):
        days = [date(year, 1, 1) + timedelta(days=n) for n in range(365)]
        moved = [day for day in days if kinds_of(day, SHANGHAI) != kinds_of(day, WARSAW)]
        assert sum(kinds_of(day, SHANGHAI) == ("work",) for day in moved) == worked
        assert sum(kinds_of(day, SHANGHAI) == ("rest",) for day in moved) == off


def test_a_holiday_does_not_spoil_its_weekday():
    # Six Mondays; the one of the National Day is nearly empty.
    mondays = [date(2026, 9, 7) + timedelta(weeks=n) for n in range(6)]
    rows = [row(day, waiting=0.0 if day == date(2026, 10, 5) else 9.0) for day in mondays]
    assert kind_told(rows, MONDAY) == ("mon", 5)


# ── Busier or quieter ─────────────────────────────────────────────────────────────────────


def test_the_api_says_what_the_pages_say():
    for vector in json.loads(VECTORS.read_text("utf-8")):
        assert level(vector["waiting"], vector["usual"]) == vector["gives"], vector


@given(st.integers(0, 500), st.integers(0, 500))
def test_more_people_are_never_called_quieter(waiting: int, usual: int):
    order = ("quieter", "usual", "busier")
    assert order.index(level(waiting, usual)) <= order.index(level(waiting + 1, usual))
    assert order.index(level(waiting, usual)) >= order.index(level(waiting, usual + 1))


@given(st.lists(st.integers(-9, 9), min_size=1))
def test_half_of_the_values_lie_on_each_side_of_the_median(values: list[int]):
    middle = median(values)
    assert sum(value < middle for value in values) * 2 <= len(values)
    assert sum(value > middle for value in values) * 2 <= len(values)
