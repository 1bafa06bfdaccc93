"""The shipped nginx configuration in a real nginx: a flood stops there, the dead are covered."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from tests.cluster.fed_hall import Fed, publish_news, reached, running
from tests.cluster.redis_server import RedisServer
from tests.hall_parts import eventually
from tests.public.nginx_server import Nginx, free_port
from tests.public.public_process import Answer, Process, public

PER_MINUTE = 300
"""From one address; tests that ask for more do it on purpose."""


@dataclass(slots=True)
class Front:
    """What phones see, and what is behind it."""

    hall: Fed
    behind: Process
    nginx: Nginx
    url: str
    """Of nginx."""
    stack: AsyncExitStack
    """Ends the public process."""

    async def get(self, path: str, **headers: str) -> Answer:
        asked = Process(self.nginx.url, self.behind.http, self.behind.process)
        return await asked.get(path, **headers)

    async def reached(self, route: str) -> int:
        """How many requests of a route the process has answered."""
        text = (await self.behind.get("/metrics")).text
        pattern = rf'queued_requests_total{{route="GET {re.escape(route)}",status="\d+"}} (\S+)'
        return sum(int(float(one)) for one in re.findall(pattern, text))


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[Front]:
    server = RedisServer(tmp_path / "redis")
    await server.start()
    redis = server.connect()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    publish_news(tmp_path / "data")
    hall_of = running(server.url, tmp_path / "data", redis, reached(url))
    async with hall_of as hall, AsyncExitStack() as stack:
        await hall.open()
        await hall.issue(3)
        behind = await stack.enter_async_context(
            public("--redis", server.url, "--trusted-proxy", "127.0.0.1",
                   "--requests-per-minute", str(PER_MINUTE), "--public-url", url)
        )  # fmt: skip
        servers = {hall.id: hall.app.url.removeprefix("http://")}
        dead = free_port()
        nginx = Nginx(tmp_path / "nginx", behind.port, dead, port=port, halls=servers)
        await nginx.start()
        made = Front(hall, behind, nginx, url, stack)

        async def shows() -> bool:
            answer = await behind.get(f"/api/v1/halls/{hall.id}")
            return answer.status == 200 and json.loads(answer.body)["seq"] == hall.seq

        await eventually(shows)
        yield made
        nginx.stop()
    await redis.aclose()
    server.stop()


async def test_a_flood_stops_at_the_proxy(front: Front):
    path = f"/api/v1/halls/{front.hall.id}"
    before = await front.reached("/api/v1/halls/{hall}")
    answers = await asyncio.gather(*(front.get(path) for _ in range(300)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert await front.reached("/api/v1/halls/{hall}") - before <= 10
    # The negative control: without the proxy each one reaches the process
    await asyncio.gather(*(front.behind.get(path) for _ in range(30)))
    assert await front.reached("/api/v1/halls/{hall}") - before >= 30
    # Who has the bytes gets a 304 from the proxy
    tag = answers[0].headers["ETag"]
    assert (await front.get(path, If_None_Match=tag)).status == 304
    assert (await front.get(path, If_None_Match='"x"')).status == 200


async def test_languages_do_not_mix_and_spellings_share_a_copy(front: Front):
    path = f"/h/{front.hall.id}/status"
    spellings = ("zh-CN,zh;q=0.9", "zh", "fr", "zh-TW;q=0.5")
    pages = [await front.get(path, Accept_Language=one) for one in spellings]
    assert all('<html lang="zh' in page.text for page in pages)
    assert [page.headers["X-Cache"] for page in pages[1:]] == ["HIT"] * 3
    assert '<html lang="en' in (await front.get(path, Accept_Language="en-GB,en")).text
    chosen = await front.get(path, Cookie="queued_language=ko", Accept_Language="en")
    assert '<html lang="ko' in chosen.text
    asked = await front.get(f"{path}?lang=en")
    assert "queued_language=en" in asked.headers["Set-Cookie"]
    assert '<html lang="zh' in (await front.get(path)).text  # nobody else got that cookie or page
    assert "Set-Cookie" not in (await front.get(path)).headers


async def test_ones_own_is_never_kept_and_guessing_is_slow(front: Front):
    token = front.hall.token((await front.hall.issue())[0])

    async def is_known() -> bool:
        return (await front.behind.get(f"/t/{token}")).status == 200

    await eventually(is_known)
    page = await front.get(f"/t/{token}")
    assert page.status == 200 and "X-Cache" not in page.headers
    # What a caller says of his address counts for nothing: all of these are one
    guesses = await asyncio.gather(
        *(front.get(f"/t/{n:024d}", X_Forwarded_For=f"198.51.100.{n}") for n in range(60))
    )
    statuses = [answer.status for answer in guesses]
    assert set(statuses) == {404, 429} and statuses.count(404) <= 30
    assert (await front.get("/metrics")).status == 404


async def test_every_caller_has_an_address_of_his_own(front: Front):
    """Behind the proxy the process counts phones, not the proxy."""
    poster = f"{front.url}/h/{front.hall.id}"

    async def statuses(address: str, count: int) -> set[int]:
        connector = aiohttp.TCPConnector(local_addr=(address, 0))
        async with aiohttp.ClientSession(connector=connector) as http:
            found = set()
            for number in range(count):
                where = f"{poster}?{number}"
                async with http.get(where, allow_redirects=False) as answer:
                    found.add(answer.status)
            return found

    assert await statuses("127.0.0.2", 2 * PER_MINUTE) == {303, 429}
    assert await statuses("127.0.0.3", 5) == {303}


async def test_columns_are_kept_and_what_people_do_is_passed_on(front: Front):
    news = f"/h/{front.hall.id}/news"
    pages = [await front.get(news, Accept_Language=one) for one in ("zh", "zh-CN", "en", "en-US")]
    assert {page.status for page in pages} == {200}
    assert ["停电公告" in page.text for page in pages] == [True, True, False, False]
    assert [page.headers["X-Cache"] for page in pages[1::2]] == ["HIT", "HIT"]
    # Of a hall whose server the proxy was not told of, and of what no hall has
    assert (await front.get("/h/elsewhere/news")).status == 404
    assert (await front.get(f"{news}/none")).status == 404
    # Numbers and appointments: the hall's own answer, kept by nobody
    own = await front.get(f"/h/{front.hall.id}/take")
    assert own.status == 200 and "X-Cache" not in own.headers
    assert own.headers["Cache-Control"] == "no-store"
    # And the page of the queues leads to all of that
    page = await front.get(f"/h/{front.hall.id}/status")
    for what in ("news", "take"):
        assert f'href="/h/{front.hall.id}/{what}"' in page.text


async def test_a_number_is_given_up_at_its_hall(front: Front):
    ticket = (await front.hall.issue())[0]
    own = f"/t/{front.hall.token(ticket)}"

    async def is_known() -> bool:
        return (await front.behind.get(own)).status == 200

    await eventually(is_known)
    leave = f"{own}/leave?hall={front.hall.id}"
    assert leave in (await front.get(own)).text
    assert "确定要放弃排队吗" in (await front.get(leave)).text
    for elsewhere in (f"{own}/leave", f"{own}/leave?hall=elsewhere"):
        assert (await front.get(elsewhere)).status == 404
    async with front.behind.http.post(front.url + leave, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, own)
    assert front.hall.app.hall.actor.hall.ticket(ticket.id).status.value == "cancelled"


async def test_changes_stream_through(front: Front):
    url = f"{front.nginx.url}/api/v1/halls/{front.hall.id}/stream"
    async with front.behind.http.get(url) as answer, asyncio.timeout(15):
        seqs = []
        async for line in answer.content:
            if line.startswith(b"id: "):
                seqs.append(int(line[4:]))
                if len(seqs) == 1:
                    await front.hall.issue()
                else:
                    break
    assert seqs[-1] == front.hall.seq


async def test_when_the_processes_are_dead_the_last_copy_is_shown(front: Front):
    hall = front.hall.id
    kept = (f"/api/v1/halls/{hall}", f"/h/{hall}/status", "/", "/api/v1/halls")
    before = {path: await front.get(path) for path in kept}
    assert {answer.status for answer in before.values()} == {200}
    await front.stack.aclose()  # every process is gone
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(cookie_jar=jar) as http:
        phone = Process(front.nginx.url, http, front.behind.process)

        async def all_from_copies() -> bool:
            answers = [await phone.get(path) for path in kept]
            for path, answer in zip(kept, answers, strict=True):
                assert (answer.status, answer.body) == (200, before[path].body)
            return all(one.headers["X-Cache"] in ("STALE", "UPDATING") for one in answers)

        await eventually(all_from_copies)  # once their seconds of being fresh are over
        # The negative control: what nobody has a copy of is not there
        assert (await phone.get("/api/v1/queue-monitor")).status == 502
    assert json.loads(before[kept[0]].body)["queues"][0]["waiting"] == 3
