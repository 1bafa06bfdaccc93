"""After a whole visit with WeChat, no openid and no telephone number lies anywhere but sealed."""

from __future__ import annotations

import asyncio
import logging
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from queued.storage.backup import backup
from tests.remote.phones import Town, town
from tests.remote.test_told_afar import reminders
from tests.server.hall_under_test import START
from tests.wechat.hall_with_account import until
from tests.wechat.pushes import OTHER_PERSON, PERSON

TELEPHONE = "13812345678"
DAY_MS = 86_400_000


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[tuple[Redis, str]]:
    if shutil.which("redis-server") is None:
        pytest.skip("no Redis server: apt-get install redis-server")
    socket = tmp_path / "redis.sock"
    command = ["redis-server", "--port", "0", "--unixsocket", str(socket), "--save", ""]
    process = subprocess.Popen(
        [*command, "--dir", str(tmp_path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await until(socket.exists)
        connection = Redis(unix_socket_path=str(socket))
        yield connection, f"unix://{socket}"
        await connection.aclose()
    finally:
        process.terminate()
        process.wait(10)


async def everything_in(redis: Redis) -> bytes:
    """Every key and value."""
    found = b""
    async for key in redis.scan_iter():
        kind = (await redis.type(key)).decode()
        value = {
            "string": redis.get,
            "stream": redis.xrange,
            "hash": redis.hgetall,
            "list": lambda name: redis.lrange(name, 0, -1),
            "set": redis.smembers,
            "zset": lambda name: redis.zrange(name, 0, -1),
        }[kind](key)
        found += key + repr(await value).encode()
    return found


async def hints_of(redis: Redis, heard: list[bytes]) -> None:
    """Everything that is published, until the task is cancelled."""
    async with redis.pubsub() as hints:
        await hints.psubscribe("*")
        async for message in hints.listen():
            heard.append(repr(message).encode())


async def told(city: Town) -> bytes:
    """What others can ask for: metrics, the journal, the hall, its own page; and a backup."""
    found = b"".join(record.body for record in await city.app.store.journal.read("demo", 0, 1000))
    for path in ("/metrics", "/api/v1/halls/demo", "/api/v1/openapi.json", "/h/demo/status"):
        async with city.http.get(city.url + path) as answer:
            found += await answer.read()
    file = city.folder / "copy"
    await backup(city.folder / "data", file)
    return found + file.read_bytes()


async def test_nothing_of_a_person_lies_about(
    tmp_path: Path, unused_tcp_port: int, redis: tuple[Redis, str], caplog
):
    caplog.set_level(0)
    connection, url = redis
    tables = reminders() + f'[redis]\nurl = "{url}"\n'
    hints: list[bytes] = []
    listening = asyncio.create_task(hints_of(connection, hints))
    await until(lambda: hints)
    async with town(tmp_path, unused_tcp_port, tables=tables) as city:
        phone, other = city.phone(), city.phone(OTHER_PERSON)
        taken = await phone.takes()
        await other.takes("card")
        await other.books(START + DAY_MS)
        await city.wechat.push(
            {"FromUserName": PERSON, "MsgType": "text", "Content": TELEPHONE, "MsgId": 1}
        )
        await city.walk_in()
        await city.open()
        await city.call()
        await phone.sends(f"/h/demo/arrive/{taken.token}")
        assert await city.call() == "A001"
        await until(lambda: len(city.wechat.platform.sent) >= 2)
        await phone.sends(f"/t/{taken.token}/rating", grade="satisfied")
        places = {
            "Redis": await everything_in(connection),
            "hints": b"".join(hints),
            "disk": city.written(),
            "told": await told(city),
        }
        listening.cancel()
        for place, known in (("Redis", b"A001"), ("hints", b"queued:demo"), ("disk", b"A001"),
                             ("told", b"A001")):  # fmt: skip
            assert known in places[place], "the check looks at what there is"
        for personal in (PERSON.encode(), OTHER_PERSON.encode(), TELEPHONE.encode()):
            assert [place for place, found in places.items() if personal in found] == []
        # Sealed in the table of people, and nowhere else; after their time not even there.
        digest = city.app.store.people.digest("openid", PERSON)
        found = await city.app.store.people.find_by_digest("demo", "openid", digest, START)
        assert [city.app.store.people.reveal(one) for one in found] == [PERSON]
        sealed = [one.sealed for one in found]
        assert all(one and one in city.written() for one in sealed)
        city.later(days=2)
        await city.app.store.people.expire(city.clock.now())
        for person in (PERSON, OTHER_PERSON):
            digest = city.app.store.people.digest("openid", person)
            assert not await city.app.store.people.find_by_digest("demo", "openid", digest, 0)
    # The hall has ended, and its log was emptied: not even the sealed bytes are left.
    assert [one for one in sealed if one in city.written()] == []
    for personal in (PERSON, OTHER_PERSON, TELEPHONE):
        assert personal not in caplog.text


async def test_the_search_finds_what_is_not_sealed(
    tmp_path: Path, unused_tcp_port: int, monkeypatch, caplog
):
    """The control: the same hall with seals that are none, and a careless word in the log."""
    caplog.set_level(0)
    monkeypatch.setattr("queued.storage.people.seal", lambda key, text, bound: text.encode())
    async with town(tmp_path, unused_tcp_port, tables=reminders()) as city:
        await city.phone().takes()
        logging.getLogger("queued.careless").info("%s takes a number", PERSON)
        assert PERSON.encode() in city.written()
        assert PERSON.encode() in await told(city), "a backup would have it"
    assert PERSON in caplog.text
