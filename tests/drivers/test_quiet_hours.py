"""Hours in which nothing is said: every minute of a day, in the hall's own time."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.quiet_hours import parse


def at(clock: str, zone: str = "UTC") -> int:
    hour, minute = map(int, clock.split(":"))
    moment = datetime(2026, 3, 2, hour, minute, tzinfo=ZoneInfo(zone))
    return round(moment.timestamp() * 1000)


DAYS = {
    "12:30-13:30": {"12:29": False, "12:30": True, "13:29": True, "13:30": False},
    "22:00-07:00": {"21:59": False, "22:00": True, "00:00": True, "06:59": True, "07:00": False},
    "22:00-07:00, 12:00-13:00": {"12:30": True, "23:00": True, "08:00": False},
    "": {"00:00": False, "12:00": False},
}


@pytest.mark.parametrize("text", DAYS)
def test_it_is_quiet_from_the_first_minute_to_before_the_last(text):
    hours = parse(text, ZoneInfo("UTC"))
    for clock, quiet in DAYS[text].items():
        assert hours.at(at(clock)) == quiet, clock


def test_the_time_is_the_halls():
    hours = parse("22:00-07:00", ZoneInfo("Asia/Shanghai"))
    assert hours.at(at("23:00", "Asia/Shanghai"))
    assert not hours.at(at("23:00", "UTC")), "seven in the morning in Shanghai"


@given(st.integers(0, 1439), st.integers(0, 1439))
def test_every_minute_is_in_the_range_or_in_its_complement(begin, end):
    def clock(minute: int) -> str:
        return f"{minute // 60:02}:{minute % 60:02}"

    if begin == end:
        return
    quiet = parse(f"{clock(begin)}-{clock(end)}", ZoneInfo("UTC"))
    loud = parse(f"{clock(end)}-{clock(begin)}", ZoneInfo("UTC"))
    start = round(datetime(2026, 3, 2, tzinfo=UTC).timestamp() * 1000)
    moments = [start + minute * 60_000 for minute in range(1440)]
    assert all(quiet.at(moment) != loud.at(moment) for moment in moments)


@pytest.mark.parametrize("text", ["22-07", "24:00-07:00", "7:00-8:00", "07:00", "08:00-08:00", "x"])
def test_what_is_no_time_of_day_is_refused(text):
    with pytest.raises(ValueError, match="22:00-07:00"):
        parse(text)
