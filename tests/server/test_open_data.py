"""The open-data file: what it holds, for whom it is a 304, and what it refuses."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from queued.engine.open_data import COLUMNS, csv_of, safe
from queued.history import MEMORY
from tests.server.hall_under_test import Running, running
from tests.server.test_popular import BEFORE, an_hour, with_weeks

PATH = "/halls/demo/open-data.csv"


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Running]:
    past: dict[str, Any] = {}
    async with running(tmp_path, history=past) as hall:
        past["demo"] = await with_weeks(hall, 6)
        yield hall


def lines_of(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode("utf-8"), newline="")))


async def test_the_last_day_by_hour_and_queue(hall: Running):
    status, body, headers = await hall.call("GET", PATH)
    assert (status, headers["Content-Type"]) == (200, "text/csv; charset=utf-8; header=present")
    assert 'filename="demo-2026-11-22-2026-11-22.csv"' in headers["Content-Disposition"]
    assert body.startswith(",".join(COLUMNS).encode() + b"\r\n"), "no mark unless asked for"
    lines = lines_of(body)
    assert [(one["hour"], one["queue"]) for one in lines] == [
        ("9", "general"), ("9", "social"), ("10", "general"), ("10", "social"),
    ]  # fmt: skip
    assert lines[0] == {
        "date": "2026-11-22", "hour": "9", "queue": "general", "queue_name": "综合受理",
        "tickets": "12", "called": "11", "served": "10", "missed": "1", "waiting_mean": "7.5",
        "wait_p50_min": "10.0", "wait_p80_min": "15.0", "service_p50_min": "4.0",
    }  # fmt: skip


async def test_a_range_with_a_mark_for_excel(hall: Running):
    _, body, _ = await hall.call("GET", f"{PATH}?from=2026-10-20&to=2026-11-19&bom=1")
    assert body.startswith(b"\xef\xbb\xbfdate,")
    days = [one["date"] for one in lines_of(body.removeprefix(b"\xef\xbb\xbf"))]
    assert len(days) == 31 * 4 and days == sorted(days)
    _, body, _ = await hall.call("GET", f"{PATH}?from=2020-01-01")
    assert lines_of(body) == [], "nothing is known of that day, and that is no error"
    _, body, _ = await hall.call("GET", f"{PATH}?to=2026-11-20")
    assert {one["date"] for one in lines_of(body)} == {"2026-11-20"}


async def test_who_has_it_gets_a_304_until_another_day_has_closed(hall: Running):
    _, _, headers = await hall.call("GET", PATH)
    known = {"If-None-Match": f'"other", W/{headers["ETag"]}'}
    status, body, again = await hall.call("GET", PATH, headers=known)
    assert (status, body, again["ETag"]) == (304, b"", headers["ETag"])
    for other in ("?bom=1", "?from=2026-11-21"):
        assert (await hall.call("GET", PATH + other, headers=known))[0] == 200
    await hall.take()
    rows = [an_hour(BEFORE + timedelta(days=1), "general", 1.0)]
    await hall.store.hours.keep_day("demo", "2026-11-23", rows, hall.seq, MEMORY, b"{}")
    status, body, _ = await hall.call("GET", PATH, headers=known)
    assert status == 200 and lines_of(body)[0]["date"] == "2026-11-23"


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("from=2026-11-22&to=2026-11-21", "to"),
        ("from=2026-10-01&to=2026-11-01", "to"),
        ("from=2000-01-01&to=2099-12-31", "to"),
        ("from=yesterday", "from"),
        ("to=2026-02-30", "to"),
        ("from=", "from"),
        (f"from={quote('=1+1')}", "from"),
        ("to=2026-11-22%0d%0aX-Injected:1", "to"),
        ("bom=2", "bom"),
        ("bom=", "bom"),
        ("bom=true", "bom"),
    ],
)
async def test_a_wrong_question_is_told(hall: Running, query: str, path: str):
    status, problem, headers = await hall.call("GET", f"{PATH}?{query}")
    assert (status, problem["code"]) == (422, "invalid")
    assert problem["errors"][0]["path"] == path
    assert "X-Injected" not in headers


async def test_a_hall_without_a_past_has_an_empty_file(tmp_path: Path):
    async with running(tmp_path) as hall:
        status, body, _ = await hall.call("GET", PATH)
    assert (status, body) == (200, ",".join(COLUMNS).encode() + b"\r\n")


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("综合受理", "综合受理"),
        ("=HYPERLINK(\"http://evil\")", "'=HYPERLINK(\"http://evil\")"),
        ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("＝1+1", "'＝1+1"),
        ("  =1", "'  =1"), ("\t=1", "'\t=1".replace("\t", " ")),
        ("a\r\n=1", "a  =1"), ("二\u2028三", "二 三"), ("", ""),
    ],
)  # fmt: skip
def test_no_name_is_calculated_by_a_spreadsheet(name: str, cell: str):
    assert safe(name) == cell
    row = an_hour(date(2026, 11, 22), "q", 1.0)
    [line] = lines_of(csv_of([row], {"q": name}))
    assert line["queue_name"] == cell
