"""The public snapshot: its shape, its tag, its age, how seldom it is built."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from multidict import CIMultiDict

from queued.core import views
from queued.core.commands import IssueTicket
from queued.core.plan import QueueId
from queued.server import snapshot
from queued.server.snapshot import LOOK_AGAIN_S, OLDEST_S, Names, View
from tests.server.hall_under_test import CONFIG, Running, running

PATH = "/halls/demo"


async def test_the_shape_of_the_contract(hall: Running):
    await hall.take()
    await hall.take()
    await hall.open_window()
    await hall.act("1", "call-next")
    status, shown, headers = await hall.call("GET", PATH)
    assert status == 200
    assert headers["Content-Type"] == "application/json"
    assert headers["Cache-Control"] == "public, max-age=1, stale-while-revalidate=5"
    assert headers["ETag"].startswith(f'"{hall.seq}-')
    assert shown["hall"] == "demo"
    assert shown["seq"] == hall.seq
    assert shown["business_day"] == "2026-11-23"
    assert shown["observed_at"] == "2026-11-23T10:00:00+08:00"
    assert shown["open"] is True
    queue, window, call = shown["queues"][0], shown["windows"][0], shown["calls"][0]
    assert queue == {
        "id": "general", "name": "综合受理", "name_en": "General", "letter": "A",
        "status": "open", "waiting": 1, "windows": 1, "last_called": "A001",
        "order": ["A002"], "wait": queue["wait"],
    }  # fmt: skip
    assert set(queue["wait"]) == {"p50_s", "p80_s", "p90_s"}
    assert window == {
        "id": "1", "name": "1号窗口", "status": "open", "number": "A001", "state": "called",
        "queues": ["general"],
    }  # fmt: skip
    assert call == {
        "number": "A001", "window": "1", "at": "2026-11-23T10:00:00+08:00", "times": 1,
        "seq": hall.seq,
    }  # fmt: skip


async def test_order_is_the_order_of_calling(hall: Running):
    await hall.take()
    await hall.take()
    await hall.take(**{"class": "priority"})
    await hall.open_window("1")
    _, shown, _ = await hall.call("GET", PATH)
    assert shown["queues"][0]["order"] == ["A003", "A001", "A002"]
    called = [(await hall.act("1", "call-next"))[1]["ticket"]["number"]]
    await hall.act("1", "miss")
    called.append((await hall.act("1", "call-next"))[1]["ticket"]["number"])
    assert called == ["A003", "A001"]


async def test_nothing_new_is_304(hall: Running):
    _, _, headers = await hall.call("GET", PATH)
    tag = headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*", f'W/"x",{tag} , "y"'):
        status, body, again = await hall.call("GET", PATH, headers={"If-None-Match": known})
        assert (status, body) == (304, b""), known
        assert again["ETag"] == tag
        assert again["Cache-Control"].startswith("public")
    for unknown in ('"other"', "garbage", tag.strip('"'), ""):
        status, _, _ = await hall.call("GET", PATH, headers={"If-None-Match": unknown})
        assert status == 200, unknown
    await hall.take()
    status, _, headers = await hall.call("GET", PATH, headers={"If-None-Match": tag})
    assert status == 200
    assert headers["ETag"] != tag


async def test_a_head_request_has_no_body(hall: Running):
    status, body, headers = await hall.call("HEAD", PATH)
    assert status == 200
    assert not body
    assert int(headers["Content-Length"]) > 100


async def test_everybody_gets_the_same_bytes(hall: Running):
    async def read() -> bytes:
        async with hall.http.get(f"{hall.url}/api/v1/halls/demo") as answer:
            return await answer.read()

    assert len(set(await asyncio.gather(*(read() for _ in range(20))))) == 1


class Ticking:
    """A monotonic clock in a test's hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def view_of(hall: Running, monotonic: Ticking) -> View:
    live = hall.site.lives["demo"]
    return View(live.running, hall.clock, Names(), monotonic)


async def test_a_burst_is_built_once_and_readers_see_all_of_it(
    hall: Running, monkeypatch: pytest.MonkeyPatch
):
    # However slow the machine: the pause ends when the test says so.
    monkeypatch.setattr(snapshot, "BUILD_EVERY_S", 3600.0)
    monotonic = Ticking()
    monotonic.now += 3600
    view = view_of(hall, monotonic)
    first = await view.fresh()
    built = 0
    build = view.build

    def counted():
        nonlocal built
        built += 1
        return build()

    view.build = counted  # type: ignore[method-assign]
    readers = []
    for _ in range(5):
        await hall.actor.submit(IssueTicket(queue=QueueId("general"), by="kiosk:k"))
        readers.append(asyncio.ensure_future(view.fresh()))
        await asyncio.sleep(0)
    view._build_pending()
    shown = await asyncio.gather(*readers)
    assert built == 1
    assert {encoded.seq for encoded in shown} == {hall.seq}
    assert first.seq < hall.seq
    # Negative control: when time has passed, every change is built at once.
    for _ in range(3):
        monotonic.now += 3601
        await hall.actor.submit(IssueTicket(queue=QueueId("general"), by="kiosk:k"))
        assert (await view.fresh()).seq == hall.seq
    assert built == 4


async def test_an_unchanged_hall_keeps_its_bytes_until_they_are_old(hall: Running):
    monotonic = Ticking()
    view = view_of(hall, monotonic)
    first = await view.fresh()
    hall.later(LOOK_AGAIN_S + 1)
    monotonic.now += LOOK_AGAIN_S + 1
    assert await view.fresh() is first
    hall.later(OLDEST_S)
    monotonic.now += OLDEST_S
    later = await view.fresh()
    assert later.etag != first.etag
    assert later.seq == first.seq
    assert later.content.observed_at > first.content.observed_at


async def test_closing_time_shows_without_an_event(tmp_path):
    config = CONFIG + '\n[[hours]]\ndays = ["mon"]\nopen = "09:00"\nclose = "10:30"\n'
    async with running(tmp_path, config=config) as hall:
        monotonic = Ticking()
        view = view_of(hall, monotonic)
        before = await view.fresh()
        assert before.content.open is True
        hall.later(31 * 60)
        monotonic.now += 31 * 60
        after = await view.fresh()
        assert after.content.open is False
        assert after.seq == before.seq
        assert {queue.status for queue in after.content.queues} == {"closed"}


async def test_the_order_index_agrees_with_the_rules_whatever_happens(hall: Running):
    await hall.open_window("1")
    await hall.open_window("2")
    view = hall.site.lives["demo"].view
    steps = [
        ("take", None), ("take", None), ("1", "call-next"), ("take", None),
        ("1", ("transfer", {"window": "2"})), ("2", "call-next"), ("2", "undo"),
        ("1", "call-next"), ("1", "miss"), ("1", ("unpark", {"number": "A002"})),
    ]  # fmt: skip
    for who, what in steps:
        if who == "take":
            await hall.take()
        else:
            action, body = what if isinstance(what, tuple) else (what, None)
            status, answer, _ = await hall.act(who, action, body)
            assert status == 200, answer
        content = view.build().content
        for queue in content.queues:
            assert queue.order == views.order(hall.actor.hall, QueueId(queue.id)), (who, what)


def test_a_response_copies_the_headers_it_is_given():
    """Shared headers go into every answer: what aiohttp adds to one must not reach the next."""
    shared = CIMultiDict({"ETag": '"1"'})
    web.Response(body=b"x", headers=shared).headers["Date"] = "now"
    assert dict(shared) == {"ETag": '"1"'}
