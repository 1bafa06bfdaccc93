"""What the doctor says about a hall's Redis."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

from display import i18n
from queued.commands import doctor_redis
from queued.settings_values import RedisSettings
from tests.cluster.fed_hall import running
from tests.cluster.redis_server import RedisServer
from tests.hall_parts import eventually, settings


def levels(url: str | None, folder: Path) -> list[tuple[str, str]]:
    hall = dataclasses.replace(settings(), redis=RedisSettings(url))
    found = list(doctor_redis.redis(hall, folder))
    for finding in found:
        for language in i18n.LANGUAGES:
            words = i18n.catalogue(language)
            assert "{" not in finding.text(words)
            assert finding.advice(words) or finding.level == "good"
    return [(finding.level, finding.code) for finding in found]


def test_a_hall_without_redis_hears_nothing_of_it(tmp_path):
    assert levels(None, tmp_path) == []


@pytest.mark.parametrize(
    ("url", "code"),
    [("nonsense://", "redis_address"), ("redis://127.0.0.1:1/0", "redis_failed")],
)
def test_a_redis_that_is_not_there(url, code, tmp_path):
    assert levels(url, tmp_path) == [("bad", code)]


async def test_how_far_the_feed_is(tmp_path):
    server = RedisServer(tmp_path / "redis")
    await server.start()
    redis = server.connect()
    try:
        async with running(server.url, tmp_path / "data", redis) as hall:
            await hall.issue(3)
            await eventually(hall.is_whole)
            told = await asyncio.to_thread(levels, server.url, tmp_path / "data")
            assert told == [("good", "redis")]
            # A hall that knows of less than its Redis, and one that knows of much more
            told = await asyncio.to_thread(levels, server.url, tmp_path / "nothing")
            assert told == [("bad", "redis_ahead")]
            await hall.issue(60)
            await eventually(hall.is_whole)
        await redis.xtrim(f"queued:{hall.id}:events", maxlen=0)
        told = await asyncio.to_thread(levels, server.url, tmp_path / "data")
        assert told == [("note", "redis_behind")]
    finally:
        await redis.aclose()
        server.stop()
