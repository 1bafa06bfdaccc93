"""`queued public` as a real process: from a real Redis, and from one hall over HTTP."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from redis.asyncio import Redis

from queued.core import commands as c
from queued.core.plan import WindowId
from tests.cluster.fed_hall import CLERK, Fed, running
from tests.cluster.redis_server import RedisServer
from tests.hall_parts import eventually, settings
from tests.public.public_process import ROOT, Process, public


@dataclass(slots=True)
class Scene:
    server: RedisServer
    redis: Redis
    hall: Fed
    public: Process

    async def shows(self) -> bool:
        """Whether the public process shows the hall as it is."""
        answer = await self.public.get(f"/api/v1/halls/{self.hall.id}")
        return answer.status == 200 and json.loads(answer.body)["seq"] == self.hall.seq


    async def knows(self, token: str) -> bool:
        """Whether it has been told of the ticket, which is not told with the snapshot."""
        return (await self.public.get(f"/t/{token}")).status == 200


@asynccontextmanager
async def scene(folder: Path, source: str) -> AsyncIterator[Scene]:
    server = RedisServer(folder / "redis")
    await server.start()
    redis = server.connect()
    try:
        async with running(server.url, folder / "data", redis) as hall:
            await hall.open()
            await hall.issue(3)
            from_ = ("--redis", server.url) if source == "redis" else ("--hall", hall.app.url)
            async with public(*from_, "--trusted-proxy", "127.0.0.1") as process:
                made = Scene(server, redis, hall, process)
                await eventually(made.shows)
                yield made
    finally:
        await redis.aclose()
        server.stop()


@pytest.fixture(params=["redis", "hall"])
async def shown(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path, request.param) as made:
        yield made


async def test_it_shows_what_the_hall_shows(shown: Scene):
    hall, process = shown.hall, shown.public
    path = f"/api/v1/halls/{hall.id}"
    async with process.http.get(hall.app.url + path) as answer:
        theirs, tag = await answer.read(), answer.headers["ETag"]
    # The same bytes under the same ETag, and 304 for whoever has them
    ours = await process.get(path)
    assert (ours.body, ours.headers["ETag"]) == (theirs, tag)
    assert "stale-if-error" in ours.headers["Cache-Control"]
    assert (await process.get(path, If_None_Match=tag)).status == 304
    assert (await process.get(path, If_None_Match='"other"')).status == 200
    assert (await process.get(path, "HEAD")).status == 200
    # Changes come by themselves
    await hall.issue()
    await eventually(shown.shows)
    # Beside it
    services = await process.json(path + "/services")
    assert [one["id"] for one in services["queues"]] == list(hall.app.hall.actor.hall.plan.queues)
    (line,) = (await process.json("/api/v1/halls"))["halls"]
    assert (line["id"], line["address"], line["longitude"]) == (hall.id, "人民路1号", 120.17)
    assert line["waiting"] == 4 and line["wait_to_s"] > line["wait_from_s"] >= 0
    monitors = await process.json("/api/v1/queue-monitor")
    assert monitors[0]["type"] == "QueueMonitor" and monitors[0]["localId"] == hall.id
    # Pages for people, in their language, from which nothing of the caller gets into a copy
    page = await process.get(f"/h/{hall.id}/status")
    assert "排队情况" in page.text and "public" in page.headers["Cache-Control"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "geolocation=()" in page.headers["Permissions-Policy"]
    await process.get(f"/h/{hall.id}/status?from=poster", Accept_Language="en")
    english = await process.get(f"/h/{hall.id}/status", Accept_Language="en")
    assert "poster" not in english.text and 'href="?lang=zh"' in english.text
    assert 'lang="en"' in english.text
    city = await process.get("/")
    assert f"/h/{hall.id}/status" in city.text
    assert "geolocation=(self)" in city.headers["Permissions-Policy"]
    document = await process.json("/api/v1/openapi.json")
    assert {"/api/v1/halls", "/api/v1/tickets/{token}"} <= document["paths"].keys()
    assert all(set(one) == {"get"} for one in document["paths"].values())
    # And nothing can be done here
    assert (await process.get(path, "POST")).status == 405
    assert (await process.get("/nothing")).status == 404
    assert (await process.get("/api/v1/halls/unknown")).status == 404
    assert (await process.get("/h/unknown/status")).status == 404


async def test_ones_own_ticket(shown: Scene):
    hall, process = shown.hall, shown.public
    last, middle, _ = await hall.issue(3)
    await eventually(shown.shows)
    token = hall.token(middle)
    await eventually(lambda: shown.knows(token))
    async with process.http.get(f"{hall.app.url}/api/v1/tickets/{token}") as answer:
        theirs = await answer.json()
    ours = await process.json(f"/api/v1/tickets/{token}")
    assert ours["ticket"].keys() == theirs["ticket"].keys()
    for key in ("token", "number", "queue", "status", "ahead", "issued_at", "window"):
        assert ours["ticket"][key] == theirs["ticket"][key], key
    page = await process.get(f"/t/{token}")
    assert middle.number in page.text and page.headers["Cache-Control"] == "private, no-store"
    assert "/leave" not in page.text and 'method="post"' not in page.text  # it only reads
    # Drawn once for whoever asks again, and never one for the other
    assert (await process.get(f"/t/{token}")).body == page.body
    await eventually(lambda: shown.knows(hall.token(last)))
    others = await process.get(f"/t/{hall.token(last)}")
    assert last.number in others.text and token not in others.text
    assert 'lang="en"' in (await process.get(f"/t/{token}", Accept_Language="en")).text
    code = await process.get(f"/t/{token}/qr.svg")
    assert code.body.startswith(b"<?xml") and b"svg" in code.body
    assert (await process.get(f"/t/{'A' * 24}/qr.svg")).status == 404
    # The place comes from everybody's snapshot
    window = WindowId(next(iter(hall.app.hall.actor.hall.plan.windows)))
    await hall.do(c.CallNext(window=window, by=CLERK))
    await eventually(shown.shows)
    moved = await process.json(f"/api/v1/tickets/{token}")
    assert moved["ticket"]["ahead"] == theirs["ticket"]["ahead"] - 1
    # Tokens that are none, and one that might be
    for wrong in ("x", "A" * 24, "A" * 23 + "%2F", token[:-1] + "_"):
        answer = await process.get(f"/api/v1/tickets/{wrong}")
        assert (answer.status, json.loads(answer.body)["code"]) == (404, "unknown_ticket")
    assert (await process.get(f"/t/{'A' * 24}")).status == 404
    assert hall.token(last) not in (await process.get("/metrics")).text


async def test_who_guesses_tokens_is_refused_soon(tmp_path: Path):
    async with scene(tmp_path, "redis") as shown:
        await guess(shown)


async def guess(shown: Scene) -> None:
    process, token = shown.public, shown.hall.token((await shown.hall.issue())[0])
    await eventually(shown.shows)
    there = {"X_Forwarded_For": "203.0.113.9"}
    answers = [
        (await process.get(f"/api/v1/tickets/{n:024d}", **there)).status for n in range(40)
    ]
    assert answers[:15] == [404] * 15
    assert answers[-1] == 429
    # Others are not bothered, nor is one whose ticket is known already
    elsewhere = {"X_Forwarded_For": "203.0.113.10"}
    path = f"/api/v1/tickets/{token}"
    assert (await process.get(path, **elsewhere)).status == 200
    assert (await process.get(path, **there)).status == 200


async def test_the_stream(shown: Scene):
    hall, process = shown.hall, shown.public
    url = f"{process.url}/api/v1/halls/{hall.id}/stream"

    async def frame(answer) -> tuple[int, bytes]:
        id_ = -1
        async with asyncio.timeout(15):
            async for line in answer.content:
                if line.startswith(b"id: "):
                    id_ = int(line[4:])
                if line.startswith(b"data: "):
                    return id_, line[6:].strip()
        raise AssertionError("the stream ended")

    async with process.http.get(url) as answer:
        seq, body = await frame(answer)
        assert seq == hall.seq
        assert body == (await process.get(f"/api/v1/halls/{hall.id}")).body
        await hall.issue()
        assert (await frame(answer))[0] == hall.seq
    async with process.http.get(url, headers={"Last-Event-ID": str(hall.seq)}) as answer:
        await hall.issue()
        assert (await frame(answer))[0] == hall.seq


# ── When things are away ──────────────────────────────────────────────────────────────────


async def test_what_is_known_stays_when_the_source_has_gone(tmp_path: Path):
    async with scene(tmp_path, "redis") as shown:
        hall, process = shown.hall, shown.public
        ticket = (await hall.issue())[0]
        await eventually(shown.shows)
        token = hall.token(ticket)
        await eventually(lambda: shown.knows(token))
        waiting = (await process.json(f"/api/v1/halls/{hall.id}"))["queues"][0]["waiting"]
        shown.server.kill()
        await hall.issue()
        # Never an empty line: the last snapshot, and one's own place in it
        told = await process.json(f"/api/v1/halls/{hall.id}")
        assert told["queues"][0]["waiting"] == waiting
        assert (await process.json(f"/api/v1/tickets/{token}"))["ticket"]["ahead"] == 3
        unknown = await process.get(f"/t/{'A' * 24}")  # nobody can say that it does not exist
        assert (unknown.status, unknown.headers["Retry-After"]) == (503, "5")
        assert (await process.get("/readyz")).status == 200
        await shown.server.start()
        await eventually(shown.shows)


async def test_before_the_first_word_it_says_so(tmp_path: Path):
    async with public("--redis", f"unix://{tmp_path}/nowhere") as process:
        for path in ("/", "/api/v1/halls", "/api/v1/halls/demo", "/h/demo/status", "/readyz"):
            assert (await process.get(path)).status == 503, path
        assert (await process.get("/healthz")).status == 200


async def test_two_halls_and_garbage_beside_them(tmp_path: Path):
    server = RedisServer(tmp_path / "redis")
    await server.start()
    redis = server.connect()
    one = settings()
    other = replace(one, hall=replace(one.hall, id="other", name="另一个大厅"))
    try:
        for id_, body in (("bad", b"{"), ("liar", b'{"hall":"other"}'), ("big", b"9" * 2_000_000)):
            await redis.sadd("queued:halls", id_)
            await redis.set(f"queued:{id_}:snapshot", body)
        await redis.sadd("queued:halls", "../etc", "x" * 99)
        async with running(server.url, tmp_path / "a", redis) as first:
            async with running(server.url, tmp_path / "b", redis, other) as second:
                await first.issue(5)
                await first.open()
                await second.open()
                async with public("--redis", server.url) as process:

                    async def both() -> bool:
                        answer = await process.get("/api/v1/halls")
                        return answer.status == 200 and answer.body.count(b'"id"') == 2

                    await eventually(both)
                    listed = (await process.json("/api/v1/halls"))["halls"]
                    # The shorter wait first; both have their queues in one feed
                    assert [line["id"] for line in listed] == ["other", first.id]
                    monitors = await process.json("/api/v1/queue-monitor")
                    assert {one["localId"] for one in monitors} == {"other", first.id}
                    page = (await process.get("/")).text
                    assert page.index("另一个大厅") < page.index(one.hall.name)
                    assert b'what="garbage"' in (await process.get("/metrics")).body
    finally:
        await redis.aclose()
        server.stop()


@pytest.mark.parametrize(
    "arguments",
    [(), ("--redis", "nonsense://"), ("--hall", "ftp://x"), ("--hall", "http://"),
     ("--hall", "http://x", "--redis", "redis://x"), ("--hall", "http://x", "--streams", "x"),
     ("--hall", "http://x", "--trusted-proxy", "300.1.1.1"), ("--hall", "http://x", "--port", "x")],
)  # fmt: skip
def test_wrong_use_is_told(arguments):
    done = subprocess.run(
        [sys.executable, "-m", "queued", "public", *arguments],
        cwd=ROOT, check=False, capture_output=True, timeout=30, env={"PATH": ""},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr and b"Traceback" not in done.stderr


async def test_a_reader_of_redis_needs_no_more_than_reading(tmp_path: Path):
    """The account that the unit's comment names: it can read, and change nothing."""
    async with scene(tmp_path, "redis") as shown:
        rules = "on nopass resetkeys ~queued:* resetchannels &queued:* -@all +get +mget +smembers"
        rules += " +psubscribe +ping +client +hello"
        await shown.redis.execute_command("ACL", "SETUSER", "public", *rules.split())
        url = shown.server.url.replace("unix://", "unix://public:any@")
        async with public("--redis", url) as process:
            reader = Scene(shown.server, shown.redis, shown.hall, process)
            await eventually(reader.shows)
            await shown.hall.issue()
            await eventually(reader.shows)
        denied = await shown.redis.execute_command("ACL", "LOG")
        assert denied == []
