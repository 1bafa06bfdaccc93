"""The phone pages by HTTP: without script, with garbage, packed, on the next day."""

from __future__ import annotations

import gzip
import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queued.core import commands as c
from queued.server.packed import LEAST_BYTES, packed, takes_gzip
from tests.server.hall_under_test import CONFIG, Running, running

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PLAIN = {"Accept-Encoding": "identity"}


async def served(hall: Running) -> str:
    """The token of a ticket that was just served."""
    token: str = (await hall.take())["token"]
    await hall.open_window()
    for action in ("call-next", "start", "finish"):
        status, body, _ = await hall.act("1", action)
        assert status == 200, body
    return token


async def rate(hall: Running, token: str, form: str) -> tuple[int, str | None]:
    status, _, headers = await hall.page(
        f"/t/{token}/rating", method="POST", headers=FORM, data=form
    )
    return status, headers.get("Location")


def stage(text: str) -> str:
    found = re.search(r'data-stage="([a-z]+)"', text)
    assert found is not None
    return found[1]


async def test_a_service_is_rated_without_script(hall: Running):
    token = await served(hall)
    _, text, _ = await hall.page(f"/t/{token}")
    assert text.count('name="grade"') == 5
    assert await rate(hall, token, "grade=satisfied") == (303, f"/t/{token}")
    _, text, _ = await hall.page(f"/t/{token}")
    assert "您的评价：满意" in text and 'name="grade"' not in text
    # Pressed twice, or changed one's mind: back to the page, which says how it stands.
    assert await rate(hall, token, "grade=very-dissatisfied") == (303, f"/t/{token}")
    assert hall.actor.hall.ticket(1).rating == "satisfied"


@pytest.mark.parametrize(
    "form", ["", "grade=", "grade=none", "grade=5", "grade=%FF", "x=satisfied"]
)
async def test_what_is_no_grade_changes_nothing(hall: Running, form: str):
    token = await served(hall)
    before = hall.seq
    status, _ = await rate(hall, token, form)
    assert status in (400, 422)
    assert (await rate(hall, "nonsense", "grade=satisfied"))[0] == 404
    assert hall.seq == before


async def test_only_what_is_served_can_be_rated(hall: Running):
    token = (await hall.take())["token"]
    before = hall.seq
    assert await rate(hall, token, "grade=satisfied") == (303, f"/t/{token}")
    assert hall.seq == before


async def test_own_number_from_waiting_to_the_next_day(hall: Running):
    await hall.open_window()
    tickets = [await hall.take() for _ in range(6)]
    page = f"/t/{tickets[5]['token']}"
    assert stage((await hall.page(page))[1]) in ("waiting", "near")
    for ticket in tickets[:5]:
        await hall.call("DELETE", f"/tickets/{ticket['token']}")
    assert stage((await hall.page(page))[1]) == "next"
    await hall.act("1", "call-next")
    _, text, _ = await hall.page(page)
    assert stage(text) == "called" and '<span class="own-window">1号窗口</span>' in text
    await hall.actor.submit(c.CloseDay(by="manager:li"))
    hall.later(24 * 3600)
    calendar = hall.site.lives["demo"].running.calendar
    await hall.actor.submit(calendar.opening(hall.clock.now(), "system:"))
    _, text, _ = await hall.page(page)
    assert stage(text) == "earlier" and 'http-equiv="refresh"' not in text


async def test_few_ahead_are_told_to_come_back(hall: Running):
    tickets = [await hall.take() for _ in range(4)]
    assert stage((await hall.page(f"/t/{tickets[3]['token']}"))[1]) == "near"


async def test_a_closed_hall_says_when_it_opens(tmp_path):
    hours = CONFIG + '\n[[hours]]\ndays = ["mon", "tue"]\nopen = "08:30"\nclose = "12:00"\n'
    async with running(tmp_path, config=hours) as hall:
        hall.later(14 * 3600)
        _, text, _ = await hall.page("/h/demo/status")
        assert re.search(r"08:30 开始取号", text)
        assert 'data-open="false"' in text


@pytest.mark.parametrize(
    "query", ["%3Cscript%3E", "%00", "%FF%FE", "a" * 5000, "%F0%9F%98%80", "'"]
)
async def test_any_search_is_answered(hall: Running, query: str):
    status, text, _ = await hall.page(f"/h/demo/status?q={query}")
    assert status in (200, 400)  # 400: longer than a line of HTTP may be
    assert "<script>" not in text


async def test_the_short_address_of_a_hall_leads_to_its_phone_page(hall: Running):
    status, _, headers = await hall.page("/h/demo")
    assert (status, headers["Location"]) == (303, "/h/demo/status")
    assert (await hall.page("/h/other"))[0] == 404


async def test_pages_and_files_are_packed_for_whoever_takes_it(hall: Running):
    _, text, _ = await hall.page("/h/demo/status")
    file = re.search(r'href="(/static/css/phone[^"]+)"', text)[1]
    for path in ("/h/demo/status", file):
        packed_answer = await fetched(hall, path, "br, gzip")
        plain_answer = await fetched(hall, path, "identity")
        assert packed_answer[1]["Content-Encoding"] == "gzip"
        assert "Content-Encoding" not in plain_answer[1]
        assert packed_answer[1]["Vary"] == plain_answer[1]["Vary"] == "Accept-Encoding"
        assert len(packed_answer[0]) < len(plain_answer[0]) / 2
    assert gzip.decompress(packed_answer[0]) == plain_answer[0]
    assert packed_answer[1]["ETag"] != plain_answer[1]["ETag"]
    known = {"If-None-Match": packed_answer[1]["ETag"]}
    assert (await hall.page(file, headers={"Accept-Encoding": "gzip", **known}))[0] == 304
    assert (await hall.page(file, headers={**PLAIN, **known}))[0] == 200


async def test_a_page_with_the_secret_of_a_session_is_not_packed(hall: Running):
    _, _, headers = await hall.page("/login")
    assert "Content-Encoding" not in headers


async def fetched(hall: Running, path: str, accepted: str):
    url, headers = hall.url + path, {"Accept-Encoding": accepted}
    async with hall.http.request("GET", url, headers=headers, auto_decompress=False) as answer:
        return await answer.read(), answer.headers


class Asks:
    """A request that says what it takes."""

    def __init__(self, accepted: str) -> None:
        self.headers = {"Accept-Encoding": accepted}


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [("gzip", True), ("GZIP", True), ("br;q=1.0, gzip;q=0.8", True), ("*", True), ("", False),
     ("identity", False), ("gzip;q=0", False), ("gzip; q=0.000", False), ("x-gzip2", False),
     ("gzipped", False), ("br" * 200 + ",gzip", False)],
)  # fmt: skip
def test_who_takes_gzip(accepted, takes):
    assert takes_gzip(Asks(accepted)) is takes


@given(st.text(max_size=300))
def test_any_header_is_read(accepted):
    assert takes_gzip(Asks(accepted)) in (True, False)


def test_what_does_not_get_smaller_is_left():
    assert packed(b"a" * (LEAST_BYTES - 1)) is None
    assert packed(Random(1).randbytes(2 * LEAST_BYTES)) is None
    assert gzip.decompress(packed(b"a" * LEAST_BYTES) or b"") == b"a" * LEAST_BYTES
