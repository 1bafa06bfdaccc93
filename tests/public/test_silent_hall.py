"""A hall that falls silent: its last state stays, in words with its time, until it is back."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
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
from tests.cluster.fed_hall import Fed, running
from tests.cluster.redis_server import RedisServer
from tests.hall_parts import eventually, settings

NOTE = "与大厅的连接暂时中断，以下是 {at} 的数据。大厅内照常叫号，请以现场叫号为准。"

SHOWN = '<p class="notice notice-stale" id="stale" role="status">'
NO_NOTE = '<p class="notice notice-stale" id="stale" role="status" hidden></p>'


@dataclass(slots=True)
class Shown:
    """A public process whose clock the test sets."""

    url: str
    http: aiohttp.ClientSession
    ahead_s: float = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead_s

    async def get(self, path: str, language: str = "zh") -> str:
        headers = {"Accept-Language": language}
        async with self.http.get(self.url + path, headers=headers) as answer:
            assert answer.status == 200, path
            return await answer.text()

    async def line(self, hall: str) -> dict[str, object]:
        async with self.http.get(f"{self.url}/api/v1/halls") as answer:
            assert answer.status == 200
            return next(one for one in (await answer.json())["halls"] if one["id"] == hall)


@pytest.fixture
async def redis_server(tmp_path: Path) -> AsyncIterator[RedisServer]:
    server = RedisServer(tmp_path / "redis")
    await server.start()
    yield server
    server.stop()


async def showing(url: str, until: AsyncExitStack) -> Shown:
    http = await until.enter_async_context(aiohttp.ClientSession())
    shown = Shown("", http)
    limits = limits_of(HttpSettings())
    streams = Streams(limits)
    city = City(streams, shown.monotonic)
    source = RedisSource(open_redis(url), city)
    site = PublicSite(
        city=city, tickets=Tickets(source, limits), limits=limits, streams=streams, version="1"
    )
    runner = await serve(build(site, source), "127.0.0.1", 0)
    until.push_async_callback(runner.cleanup)
    shown.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    return shown


async def stays(url: str, note: str) -> None:
    """The note is seen in a browser, still when the page's module has had its first answer."""
    async with async_playwright() as browsers:
        browser = await browsers.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        page = await browser.new_page(
            locale="zh-CN", timezone_id="Asia/Shanghai", viewport={"width": 390, "height": 844}
        )
        async with page.expect_response("**/api/v1/halls/*") as answered:
            await page.goto(url)
        assert (await answered.value).status == 200
        await expect(page.locator("#updated")).not_to_be_empty()
        await page.evaluate("() => new Promise(requestAnimationFrame)")
        await expect(page.locator("#stale")).to_be_visible()
        await expect(page.locator("#stale")).to_have_text(note)
        await browser.close()


async def test_a_silent_hall_says_from_when_it_is_until_it_is_back(
    redis_server: RedisServer, tmp_path: Path
):
    one = settings()
    other = replace(one, hall=replace(one.hall, id="other", name="另一个大厅"))
    async with AsyncExitStack() as until:
        redis: Redis = redis_server.connect()
        until.push_async_callback(redis.aclose)
        stopping = await until.enter_async_context(AsyncExitStack())
        quiet: Fed = await stopping.enter_async_context(
            running(redis_server.url, tmp_path / "quiet", redis)
        )
        feeding: Fed = await until.enter_async_context(
            running(redis_server.url, tmp_path / "feeding", redis, other)
        )
        (mine,) = await quiet.issue()
        (theirs,) = await feeding.issue()
        paths = [f"/h/{quiet.id}/status", f"/t/{quiet.token(mine)}"]
        control = ["/h/other/status", f"/t/{feeding.token(theirs)}"]
        shown = await showing(redis_server.url, until)

        async def both() -> bool:
            async with shown.http.get(f"{shown.url}/api/v1/halls") as answer:
                listed = (await answer.json())["halls"] if answer.status == 200 else []
                return len(listed) == 2 and all(line["waiting"] == 1 for line in listed)

        async def stale(hall: str, expected: bool) -> bool:
            return (await shown.line(hall)).get("stale", False) is expected

        await eventually(both)
        for path in (*paths, *control):
            assert NO_NOTE in await shown.get(path), path

        # One hall stops, time passes, the other one goes on
        await stopping.aclose()
        shown.ahead_s = SILENT_AFTER_S + 1
        await feeding.issue()
        await eventually(lambda: stale("other", False))
        line = await shown.line(quiet.id)
        at = str(line["observed_at"])[11:16]
        assert line["stale"] is True and line["waiting"] == 1  # never an empty line
        for path in paths:
            assert SHOWN + NOTE.format(at=at) in await shown.get(path), path
            assert f"this is the data of {at}" in await shown.get(path, "en"), path
        assert f'data-field="stale">数据截至 {at}<' in await shown.get("/")
        for path in control:
            assert NO_NOTE in await shown.get(path), path
        for path in paths:  # nor does the page's module take it away when it has asked
            await stays(f"{shown.url}{path}", NOTE.format(at=at))

        # It is back, with what it knew
        back = await until.enter_async_context(running(redis_server.url, tmp_path / "quiet", redis))
        await back.issue()
        await eventually(lambda: stale(quiet.id, False))
        for path in paths:
            assert NO_NOTE in await shown.get(path), path
        assert 'data-field="stale">' not in await shown.get("/")  # all of them hidden
