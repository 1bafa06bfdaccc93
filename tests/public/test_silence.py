"""A hall that falls silent: its pages say from when they are, until it is back."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import async_playwright, expect
from redis.asyncio import Redis

from queued.cluster.redis_link import open_redis
from queued.public.application import build, serve
from queued.public.city import City
from queued.public.from_redis import RedisSource
from queued.public.shown_hall import SILENT_AFTER_S
from queued.public.site import PublicSite
from queued.public.tickets import Tickets
from queued.server.hub import Streams
from queued.server.limits import limits_of
from queued.settings_values import HttpSettings
from tests.browser.conftest import FLAGS, chromium_path
from tests.cluster.fed_hall import Fed, publish_news, reached, running
from tests.cluster.redis_server import RedisServer
from tests.hall_parts import eventually

CHINESE = re.compile("以下是 [0-9:]{5} 的数据，请以现场叫号为准")
ENGLISH = re.compile("this is the data of [0-9:]{5}. In the hall, go by the calls there")


@dataclass(slots=True)
class Public:
    """A public process in this one, whose clock the test sets."""

    url: str
    http: aiohttp.ClientSession
    city: City
    passed: list[float] = field(default_factory=lambda: [0.0])

    def later(self, seconds: float) -> None:
        self.passed[0] += seconds

    async def get(self, path: str, language: str = "zh") -> str:
        headers = {"Accept-Language": language}
        async with self.http.get(self.url + path, headers=headers) as answer:
            assert answer.status == 200, (answer.status, path)
            return await answer.text()

    async def knows(self, token: str) -> bool:
        async with self.http.get(f"{self.url}/t/{token}") as answer:
            return answer.status == 200

    async def shows(self, hall: Fed) -> bool:
        known = self.city.halls.get(hall.id)
        return known is not None and known.seq == hall.seq


@asynccontextmanager
async def public(url: str) -> AsyncIterator[Public]:
    limits = limits_of(HttpSettings())
    streams, passed = Streams(limits), [0.0]
    city = City(streams, monotonic=lambda: time.monotonic() + passed[0])
    source = RedisSource(open_redis(url), city)
    site = PublicSite(
        city=city, tickets=Tickets(source, limits), limits=limits, streams=streams, version="0"
    )
    runner = await serve(build(site, source), "127.0.0.1", 0)
    async with aiohttp.ClientSession() as http:
        yield Public(f"http://127.0.0.1:{runner.addresses[0][1]}", http, city, passed)
    await runner.cleanup()


@pytest.fixture(autouse=True)
def _quick_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("queued.public.from_redis.PING_S", 0.1)


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[tuple[str, Redis]]:
    server = RedisServer(tmp_path / "redis")
    await server.start()
    connection = server.connect()
    yield server.url, connection
    await connection.aclose()
    server.stop()


async def told_of(shown: Public, hall: Fed, token: str) -> dict[str, bool]:
    """Which pages and documents say that what they show is not of now."""
    monitors = await shown.get("/metrics")
    return {
        "status": bool(CHINESE.search(await shown.get(f"/h/{hall.id}/status"))),
        "english": bool(ENGLISH.search(await shown.get(f"/h/{hall.id}/status", "en"))),
        "own": bool(CHINESE.search(await shown.get(f"/t/{token}"))),
        "city": 'data-stale="true"' in await shown.get("/"),
        "list": '"stale":true' in await shown.get("/api/v1/halls"),
        "metrics": "queued_halls_stale 1.0" in monitors,
    }


async def test_its_pages_say_from_when_they_are_until_it_is_back(tmp_path: Path, redis):
    url, connection = redis
    async with AsyncExitStack() as stack:
        # Given a hall that people look at
        open_ = AsyncExitStack()
        hall = await open_.enter_async_context(running(url, tmp_path / "data", connection))
        await hall.open()
        ticket = (await hall.issue(3))[0]
        token = hall.token(ticket)
        shown = await stack.enter_async_context(public(url))
        await eventually(lambda: shown.shows(hall))
        await eventually(lambda: shown.knows(token))
        assert not any((await told_of(shown, hall, token)).values())
        # When nothing comes from it any more, and the source itself is well
        await open_.aclose()
        shown.later(SILENT_AFTER_S + 1)
        await eventually(lambda: not shown.city.source_lost())
        told = await told_of(shown, hall, token)
        assert all(told.values()), told
        # Then what is shown is what was last true, with its time
        content = shown.city.halls[hall.id].newest().content
        at = content.observed_at[11:16]
        assert f"以下是 {at} 的数据" in await shown.get(f"/h/{hall.id}/status")
        assert ticket.number in await shown.get(f"/t/{token}")
        assert '"waiting":3' in await shown.get(f"/api/v1/halls/{hall.id}")
        # And when it is back, nothing of it is left
        async with running(url, tmp_path / "data", connection) as again:
            await again.issue()
            await eventually(lambda: shown.shows(again))
            shown.later(1.5)  # the list of halls is made anew each second
            told = await told_of(shown, again, token)
            assert not any(told.values()), told


async def test_the_pages_module_leaves_the_note_until_there_is_news(tmp_path: Path, redis):
    url, connection = redis
    async with AsyncExitStack() as stack:
        # Given a silent hall, whose last word is a moment old for the phone's own clock
        open_ = AsyncExitStack()
        hall = await open_.enter_async_context(running(url, tmp_path / "data", connection))
        token = hall.token((await hall.issue())[0])
        shown = await stack.enter_async_context(public(url))
        await eventually(lambda: shown.shows(hall))
        await eventually(lambda: shown.knows(token))
        await open_.aclose()
        shown.later(SILENT_AFTER_S + 1)
        await eventually(lambda: not shown.city.source_lost())
        at = shown.city.halls[hall.id].newest().content.observed_at[11:16]
        # When a phone looks, and its page has asked for news and got an answer
        browsers = await stack.enter_async_context(async_playwright())
        browser = await browsers.chromium.launch(
            executable_path=chromium_path(), args=list(FLAGS)
        )
        stack.push_async_callback(browser.close)
        page = await browser.new_page(locale="zh-CN", timezone_id="Asia/Shanghai")
        for path in (f"/t/{token}", f"/h/{hall.id}/status"):
            async with page.expect_response("**/api/v1/halls/*") as answered:
                await page.goto(shown.url + path)
            assert (await answered.value).status == 200
            await page.evaluate("() => new Promise(requestAnimationFrame)")
            # Then the note is there still, and does not blame the phone's line
            await expect(page.locator("#stale")).to_be_visible()
            await expect(page.locator("#stale")).to_contain_text(f"以下是 {at} 的数据")
            await expect(page.locator("#stale")).to_contain_text("与大厅的连接暂时中断")


async def test_a_hall_that_is_heard_of_is_never_called_silent(tmp_path: Path, redis):
    """The control: the same time passes, with a word now and then."""
    url, connection = redis
    async with running(url, tmp_path / "data", connection) as hall, public(url) as shown:
        await hall.open()
        for _ in range(3):
            token = hall.token((await hall.issue())[0])
            await eventually(lambda: shown.shows(hall))
            await eventually(partial(shown.knows, token))
            shown.later(SILENT_AFTER_S * 0.6)
            await eventually(lambda: not shown.city.source_lost())
            assert not any((await told_of(shown, hall, token)).values())


async def test_a_hall_that_comes_later_is_found_by_its_first_word(tmp_path: Path, redis):
    url, connection = redis
    async with public(url) as shown:
        await eventually(lambda: shown.city.ready)
        async with running(url, tmp_path / "data", connection) as hall:
            await hall.open()
            await eventually(lambda: shown.shows(hall))  # far sooner than the next look at all


# ── What lies beside the snapshot ─────────────────────────────────────────────────────────


@pytest.mark.parametrize("url", ["https://hall.example", ""])
async def test_the_phone_page_leads_to_the_halls_own_doors(tmp_path: Path, redis, url: str):
    publish_news(tmp_path / "data")
    redis_url, connection = redis
    hall_of = running(redis_url, tmp_path / "data", connection, reached(url))
    async with hall_of as hall, public(redis_url) as shown:
        await hall.open()
        await eventually(lambda: shown.shows(hall))
        page = await shown.get(f"/h/{hall.id}/status")
        for path in ("take", "news"):
            assert (f'href="{url}/h/{hall.id}/{path}"' in page) == bool(url), path
        assert "/contacts" not in page  # nothing is in it
        # One's own number is given up there too
        token = hall.token((await hall.issue())[0])
        await eventually(lambda: shown.knows(token))
        own = await shown.get(f"/t/{token}")
        assert (f'href="{url}/t/{token}">到厅报到、放弃排队或评价' in own) == bool(url)
        assert "/leave" not in own
        # It is the hall's own word
        asked = f"{hall.app.url}/api/v1/halls/{hall.id}/phone-page"
        async with shown.http.get(asked) as answer:
            theirs = await answer.json()
        ours = json.loads(shown.city.halls[hall.id].bytes["phone-page"])
        for one in (theirs, ours):
            assert one["times"].pop("observed_at")  # a minute may have begun
        assert ours == theirs


async def test_a_hall_that_cannot_tell_of_its_doors_is_shown_all_the_same(
    tmp_path: Path, redis, monkeypatch, caplog
):
    async def broken(*_: object) -> None:
        raise OSError("the disk says no")

    monkeypatch.setattr("queued.publishing.phone_page_of", broken)
    url, connection = redis
    async with running(url, tmp_path / "data", connection) as hall, public(url) as shown:
        await hall.open()
        await hall.issue()
        await eventually(lambda: shown.shows(hall))
        assert "phone-page" not in shown.city.halls[hall.id].bytes
        assert "等候" in await shown.get(f"/h/{hall.id}/status")
    assert "cannot be made" in caplog.text


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'{"hall":"x"}', b'{"hall":"x","url":"javascript:1","take":true,"book":true,'
     b'"columns":["news"],"times":{}}', b"\xff" * 1000],
)  # fmt: skip
async def test_garbage_in_its_place_changes_nothing(tmp_path: Path, redis, body: bytes):
    url, connection = redis
    async with running(url, tmp_path / "data", connection) as hall:
        await hall.open()
        async with public(url) as shown:
            await eventually(lambda: shown.shows(hall))
            known = shown.city.halls[hall.id]
            before, garbage = known.phone_page, shown.city.counts["garbage"]
            known.put("phone-page", body)
            assert (known.phone_page, shown.city.counts["garbage"]) == (before, garbage + 1)
            assert "javascript:" not in await shown.get(f"/h/{hall.id}/status")
