"""Popular times over HTTP and on the phone page: from kept figures, by the hall's own clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from queued.engine.day_figures import HourFigures
from queued.history import MEMORY, History
from tests.server.hall_under_test import Running, running

PATH = "/halls/demo/popular-times"
BEFORE = date(2026, 11, 22)
"""The hall under test lives on 2026-11-23, a Monday, at ten."""


def an_hour(day: date, queue: str, waiting: float, hour: int = 10) -> HourFigures:
    return HourFigures(
        day=day.isoformat(), hour=hour, queue=queue, tickets=12, called=11, served=10, missed=1,
        waiting=(waiting, waiting, waiting * 2, waiting * 2), waits_s=(300, 600, 900),
        services_s=(240,),
    )  # fmt: skip


async def with_weeks(hall: Running, weeks: int) -> History:
    """The hall has been there for so many weeks, with five people in line from 9 to 11."""
    history = History("demo", hall.store.journal, hall.store.hours, lambda: ZoneInfo("PRC"))
    for ago in range(7 * weeks):
        day = BEFORE - timedelta(days=ago)
        rows = [
            an_hour(day, queue, waiting, hour)
            for hour in (9, 10)
            for queue, waiting in (("", 8.0), ("general", 5.0), ("social", 3.0))
        ]
        await hall.store.hours.keep_day("demo", day.isoformat(), rows, 1, MEMORY, b"{}")
    await history.catch_up()
    return history


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Running]:
    past: dict[str, History] = {}
    async with running(tmp_path, history=past) as hall:
        past["demo"] = await with_weeks(hall, 6)
        yield hall


async def test_what_this_monday_is_like(hall: Running):
    await hall.open_window("1")
    for _ in range(9):
        await hall.take()
    status, told, headers = await hall.call("GET", PATH)
    assert status == 200
    assert (told["day"], told["today"]) == ("2026-11-23", True)
    assert (told["kind"], told["days"]) == ("mon", 6)
    assert told["observed_at"] == "2026-11-23T10:00:00+08:00"
    assert (told["since"], told["until"]) == ("2026-10-12", "2026-11-22")
    whole, general, social = told["queues"]
    assert [one["id"] for one in told["queues"]] == ["", "general", "social"]
    assert (whole["name"], general["name_en"]) == ("市民服务中心", "General")
    assert general["busy"] == {"level": "busier", "waiting": 9, "usual": 5}
    assert whole["busy"] == {"level": "usual", "waiting": 9, "usual": 8}
    assert social["busy"] is None, "no window is open for it"
    assert general["hours"][1] == {
        "hour": 10, "waiting": 8, "quarters": [5, 5, 10, 10], "tickets": 12,
        "wait_p50_s": 600, "wait_p80_s": 900,
    }  # fmt: skip
    assert headers["Cache-Control"] == "public, max-age=60"
    again, _, _ = await hall.call("GET", PATH, headers={"If-None-Match": headers["ETag"]})
    assert again == 304
    hall.later(60)
    assert (await hall.call("GET", PATH, headers={"If-None-Match": headers["ETag"]}))[0] == 200


async def test_the_quarter_of_the_hour_counts(hall: Running):
    await hall.open_window("1")
    for _ in range(6):
        await hall.take()
    hall.later(31 * 60)
    _, told, _ = await hall.call("GET", PATH)
    assert told["queues"][1]["busy"] == {"level": "quieter", "waiting": 6, "usual": 10}


async def test_another_day_has_no_now(hall: Running):
    for day, kind in (("2026-11-28", "sat"), ("2026-12-01", "tue"), ("2026-10-10", "work")):
        status, told, _ = await hall.call("GET", f"{PATH}?day={day}")
        assert (status, told["today"], told["kind"]) == (200, False, kind)
        assert {queue["busy"] for queue in told["queues"]} == {None}


@pytest.mark.parametrize(
    "day",
    ["", "heute", "2026-13-01", "2026-02-30", "2026-1-1", "20261123", "2026-11-23T00:00",
     "0001-01-01", "9999-12-31", "２０２６-11-23", "2026-11-23%00", "-1", "2026-11-23' OR 1=1"],
)  # fmt: skip
async def test_what_is_no_day_is_told(hall: Running, day: str):
    status, problem, _ = await hall.call("GET", f"{PATH}?day={day}")
    assert (status, problem["code"]) == (422, "invalid")
    assert problem["errors"][0]["path"] == "day"


async def test_a_hall_without_a_past_says_nothing(tmp_path: Path):
    async with running(tmp_path) as hall:
        status, told, _ = await hall.call("GET", PATH)
        assert (status, told["kind"], told["days"], told["queues"]) == (200, None, 0, [])
        assert "平时" not in (await hall.page("/h/demo/status"))[1].partition("<main")[2]


async def test_the_phone_page_says_it_in_words_and_bars(hall: Running):
    await hall.open_window("1")
    for _ in range(9):
        await hall.take()
    _, page, _ = await hall.page("/h/demo/status")
    assert "比平时忙，平时这个时候约 5 人" in page
    assert "和平时差不多，平时这个时候约 8 人" in page
    assert "按最近八周的周一统计，共 6 天。" in page
    assert '<th scope="row">10:00–11:00 （现在）</th><td>12 人</td>' in page
    assert "style=" not in page, "the page's policy forbids it"
