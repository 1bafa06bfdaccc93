"""A hall's feed into a real Redis: every event once and in order, whatever happens to Redis."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from queued.cluster import feed as feed_module
from queued.cluster.shared import ticket_key
from queued.core import commands as c
from queued.storage.folder import DATABASE
from tests.cluster.fed_hall import CLERK, REASON, Fed, running
from tests.cluster.redis_server import RedisServer
from tests.hall_parts import eventually


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RedisServer]:
    made = RedisServer(tmp_path / "redis")
    await made.start()
    yield made
    made.stop()


@pytest.fixture
async def redis(server: RedisServer) -> AsyncIterator[Redis]:
    connection = server.connect()
    yield connection
    await connection.aclose()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries and checks that a test need not wait for."""
    monkeypatch.setattr(feed_module, "RETRY_FIRST_S", 0.02)
    monkeypatch.setattr(feed_module, "RETRY_MOST_S", 0.1)
    monkeypatch.setattr(feed_module, "LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(feed_module, "CHECK_EVERY_S", 0.2)


async def shows_the_newest(hall: Fed) -> bool:
    body = await hall.get("snapshot")
    return body is not None and json.loads(body)["seq"] == hall.seq


# ── The contract ──────────────────────────────────────────────────────────────────────────


async def test_the_snapshot_is_what_http_tells_byte_for_byte(server, redis, tmp_path):
    async with running(server.url, tmp_path / "data", redis) as hall:
        await hall.issue(3)
        await eventually(lambda: shows_the_newest(hall))
        async with aiohttp.ClientSession() as http:
            async with http.get(f"{hall.app.url}/api/v1/halls/{hall.id}") as answer:
                assert await hall.get("snapshot") == await answer.read()
            async with http.get(f"{hall.app.url}/api/v1/halls/{hall.id}/services") as answer:
                assert await hall.get("services") == await answer.read()
            url = f"{hall.app.url}/api/v1/halls/{hall.id}/queue-monitor"
            async with http.get(url) as answer:
                assert await hall.get("queue-monitor") == await answer.read()
        assert await redis.smembers("queued:halls") == {hall.id.encode()}
        async with aiohttp.ClientSession() as http, http.get(f"{hall.app.url}/metrics") as answer:
            assert 'queued_redis_feed_total{what="events"}' in await answer.text()
        about = json.loads(await hall.get("about") or b"")
        assert (about["address"], about["latitude"]) == ("人民路1号", 30.25)


async def test_each_snapshot_is_announced_with_its_seq(server, redis, tmp_path):
    async with running(server.url, tmp_path / "data", redis) as hall:
        await eventually(lambda: shows_the_newest(hall))
        async with redis.pubsub() as listening:
            await listening.subscribe(f"queued:{hall.id}")
            assert (await listening.get_message(timeout=5))["type"] == "subscribe"
            await hall.issue()
            heard = await listening.get_message(timeout=5)
            assert heard["type"] == "message"
            assert int(heard["data"]) == hall.seq
            assert await shows_the_newest(hall)


async def test_every_event_is_in_the_stream_once_and_in_order(server, redis, tmp_path):
    async with running(server.url, tmp_path / "data", redis) as hall:
        await hall.open()
        await hall.issue(30)
        await eventually(hall.is_whole)
        for id_, fields in await hall.entries():
            assert id_ == fields[b"seq"] + b"-0"
            record = (await hall.app.store.journal.read(hall.id, int(fields[b"seq"]) - 1, 1))[0]
            assert fields[b"type"].decode() == record.type
            assert fields[b"hash"].decode() == record.hash.hex()
            assert json.loads(fields[b"body"]).keys() == json.loads(record.body).keys()


async def test_redis_itself_refuses_a_second_entry_of_an_event(server, redis, tmp_path):
    async with running(server.url, tmp_path / "data", redis) as hall:
        await eventually(hall.seqs)
        last = (await hall.seqs())[-1]  # the hall may be some events further already
        with pytest.raises(ResponseError, match="equal or smaller"):
            await redis.xadd(f"queued:{hall.id}:events", {"seq": last}, id=f"{last}-0")


# ── Redis and the hall come and go ────────────────────────────────────────────────────────


@pytest.mark.usefixtures("soon")
async def test_a_killed_redis_costs_the_hall_nothing_and_is_brought_up(server, redis, tmp_path):
    async with running(server.url, tmp_path / "data", redis) as hall:
        await hall.issue(5)
        await eventually(hall.is_whole)
        # Given a power cut at Redis
        server.kill()
        # Then the hall goes on as if nothing had happened
        async with asyncio.timeout(5):
            await hall.issue(50)
        # And when Redis is back, so is everything
        await server.start()
        await eventually(hall.is_whole)
        await eventually(lambda: shows_the_newest(hall))
        ticket = (await hall.issue())[0]
        await eventually(lambda: redis.exists(ticket_key(hall.token(ticket))))


@pytest.mark.usefixtures("soon")
async def test_killed_again_and_again_in_the_middle_of_work(server, redis, tmp_path):
    async with running(server.url, tmp_path / "data", redis) as hall:
        for _ in range(3):
            work = asyncio.create_task(hall.issue(25))
            await eventually(lambda: hall.seqs())
            server.kill()
            await work
            await server.start()
        await eventually(hall.is_whole)


async def test_a_hall_that_starts_again_goes_on_after_the_last_entry(server, redis, tmp_path):
    for _ in range(3):
        async with running(server.url, tmp_path / "data", redis) as hall:
            await hall.issue(4)
    async with running(server.url, tmp_path / "data", redis) as hall:
        await eventually(hall.is_whole)


async def test_what_happened_while_there_was_no_feed_is_told_later(server, redis, tmp_path):
    async with running(server.url, tmp_path / "data", redis) as hall:
        await hall.issue(2)
        await eventually(hall.is_whole)
    async with running("", tmp_path / "data", redis) as hall:
        ticket = (await hall.issue(3))[0]
        assert not await hall.is_whole()  # the negative control: `is_whole` can be false
    async with running(server.url, tmp_path / "data", redis) as hall:
        await eventually(hall.is_whole)
        assert await redis.exists(ticket_key(hall.token(ticket)))


@pytest.mark.usefixtures("soon")
async def test_an_emptied_redis_is_filled_again(server, redis, tmp_path):
    async with running(server.url, tmp_path / "data", redis) as hall:
        ticket = (await hall.issue(4))[0]
        await eventually(hall.is_whole)
        await redis.flushall()  # behind our back: no connection breaks
        await eventually(hall.is_whole)
        await eventually(lambda: shows_the_newest(hall))
        await eventually(lambda: redis.exists(ticket_key(hall.token(ticket))))
        # And with a new disk, when nothing happens in the hall meanwhile
        server.kill()
        server.empty()
        await server.start()
        await eventually(hall.is_whole)
        await eventually(lambda: redis.exists(ticket_key(hall.token(ticket))))
        await eventually(lambda: redis.exists(f"queued:{hall.id}:services"))


@pytest.mark.usefixtures("soon")
async def test_a_redis_restored_from_an_older_copy_is_brought_up(server, redis, tmp_path):
    async with running(server.url, tmp_path / "data", redis) as hall:
        await hall.issue(3)
        await eventually(hall.is_whole)
        server.kill()
        shutil.copytree(server.data, tmp_path / "copy")
        await server.start()
        ticket = (await hall.issue(20))[0]
        await eventually(hall.is_whole)
        server.kill()
        server.empty()
        shutil.copytree(tmp_path / "copy", server.data)
        await server.start()
        await eventually(hall.is_whole)
        assert await redis.exists(ticket_key(hall.token(ticket)))


async def test_a_restored_hall_begins_its_stream_anew(server, redis, tmp_path, caplog):
    async with running(server.url, tmp_path / "data", redis) as hall:
        await hall.issue(2)
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "data", copy)
    async with running(server.url, tmp_path / "data", redis) as hall:
        await hall.issue(20)
        await eventually(hall.is_whole)
    # Given the hall of yesterday's copy: Redis is ahead of it
    async with running(server.url, copy, redis) as hall:
        await eventually(hall.is_whole)
        assert "begun anew" in caplog.text
        # And then it goes on as another hall would with the same numbers
        await hall.issue(30)
        await eventually(hall.is_whole)
    # When the first one comes back, the same seqs hold other events, which the hash tells
    async with running(server.url, tmp_path / "data", redis) as hall:
        await eventually(hall.is_whole)
        hashes = [fields[b"hash"].decode() for _, fields in await hall.entries()]
        records = await hall.app.store.journal.read(hall.id, 0)
        assert hashes == [record.hash.hex() for record in records]


@pytest.mark.usefixtures("soon")
async def test_two_halls_of_one_name_do_not_fight(server, redis, tmp_path, caplog):
    async with running(server.url, tmp_path / "a", redis) as one:
        await one.issue(3)
        await eventually(one.is_whole)
        async with running(server.url, tmp_path / "b", redis) as other:
            await other.issue(1)
            for _ in range(50):
                await one.issue()
                await other.issue()
                if "stopped" in caplog.text:
                    break
                await asyncio.sleep(0.02)
            assert "somebody else feeds hall" in caplog.text


# ── What is not in it ─────────────────────────────────────────────────────────────────────


async def everything(redis: Redis) -> bytes:
    """Every key and value of the Redis."""
    told = []
    async for key in redis.scan_iter():
        kind = await redis.type(key)
        if kind == b"string":
            value = await redis.get(key)
        elif kind == b"set":
            value = await redis.smembers(key)
        else:
            value = await redis.xrange(key)
        told.append(repr((key, value)).encode() + (value if isinstance(value, bytes) else b""))
    return b"\n".join(told)


async def test_no_token_no_name_and_no_typed_word_is_in_redis(server, redis, tmp_path):
    async with running(server.url, tmp_path / "data", redis) as hall:
        tickets = await hall.issue(3)
        window = await hall.open()
        await hall.do(c.PauseWindow(window=window, reason=REASON, by=CLERK))
        await eventually(hall.is_whole)
        await eventually(lambda: shows_the_newest(hall))
        told = await everything(redis)
        for ticket in tickets:
            assert ticket.number.encode() in told
            assert hall.token(ticket).encode() not in told
        for word in (b"wanglaoshi", REASON.encode(), b"13800138000", repr(REASON).encode()):
            assert word not in told
        escaped = repr(REASON.encode())[2:-1].encode()
        assert escaped not in told
        # The negative control: the journal has both, and the same search finds them there.
        journal = b"".join(
            path.read_bytes() for path in (tmp_path / "data").glob(f"{Path(DATABASE).stem}*")
        )
        assert b"wanglaoshi" in journal and REASON.encode() in journal


async def test_the_record_of_a_ticket_ends_with_its_day(server, redis, tmp_path):
    async with running(server.url, tmp_path / "data", redis) as hall:
        ticket = (await hall.issue())[0]
        key = ticket_key(hall.token(ticket))
        await eventually(lambda: redis.exists(key))
        record = json.loads(await redis.get(key))
        assert (record["number"], record["status"]) == (ticket.number, "waiting")
        ends_at = await redis.pexpiretime(key)
        assert 0 < ends_at - hall.app.hall.actor.hall.day_ends_at <= 2 * 3_600_000
        await hall.do(c.CancelTicket(ticket=ticket.id, by="visitor:"))

        async def is_cancelled() -> bool:
            return json.loads(await redis.get(key))["status"] == "cancelled"

        await eventually(is_cancelled)
