"""Which days and times may be booked, by the usual rules of a city's service centre."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from queued.remote import slots
from queued.settings import parse
from queued.settings_remote_values import AppointmentSettings
from queued.settings_values import HoursSettings
from tests.remote.phones import HALL

SHANGHAI = ZoneInfo("Asia/Shanghai")
USUAL = parse(HALL.format(service="", port=0).encode(), "hall.toml", {})
MONDAY = date(2026, 11, 23)


def with_rules(**rules):
    return replace(USUAL, appointments=replace(AppointmentSettings(), **rules))


def clocks(settings, day=MONDAY):
    found = slots.slots(settings, day, SHANGHAI)
    return [datetime.fromtimestamp(at / 1000, SHANGHAI).strftime("%H:%M") for at in found]


def test_from_tomorrow_on_for_five_working_days():
    assert [day.day for day in slots.days(USUAL, MONDAY)] == [24, 25, 26, 27, 30]


def test_a_weekend_is_no_working_day():
    friday = date(2026, 11, 27)
    assert [day.isoformat()[5:] for day in slots.days(USUAL, friday)] == [
        "11-30", "12-01", "12-02", "12-03", "12-04",
    ]  # fmt: skip


def test_a_holiday_is_what_the_hall_says():
    settings = with_rules(closed=("2026-11-24", "2026-11-25"))
    assert [day.day for day in slots.days(settings, MONDAY)][:2] == [26, 27]
    assert clocks(settings, date(2026, 11, 24)) == []


def test_the_same_day_if_the_hall_allows_it():
    assert slots.days(with_rules(days_least=0), MONDAY)[0] == MONDAY


def test_the_last_slot_ends_before_lunch():
    assert clocks(USUAL)[:2] == ["08:30", "09:00"]
    assert "11:30" in clocks(USUAL)
    assert "12:00" not in clocks(USUAL)
    assert clocks(USUAL)[-1] == "17:00"


def test_opening_hours_are_kept():
    saturday = HoursSettings(("sat",), 9 * 60, 10 * 60)
    settings = replace(USUAL, hours=(saturday,))
    assert clocks(settings, date(2026, 11, 28)) == ["09:00", "09:30"]
    assert clocks(settings, MONDAY) == []
    assert slots.days(settings, MONDAY) == [
        date(2026, 11, 28), date(2026, 12, 5), date(2026, 12, 12), date(2026, 12, 19),
        date(2026, 12, 26),
    ]  # fmt: skip


@given(
    st.dates(date(2026, 1, 1), date(2030, 1, 1)), st.integers(0, 10), st.integers(1, 20)
)
def test_days_are_working_days_in_their_order_and_bounded(today, least, most):
    settings = with_rules(days_least=least, days_most=most)
    found = slots.days(settings, today)
    assert found == sorted(set(found))
    assert len(found) <= most + 1
    assert all((day - today).days >= least and day.weekday() < 5 for day in found)
