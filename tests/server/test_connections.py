"""Connections have a bound, and places come back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from queued.server import application
from tests.server.hall_under_test import CONFIG, Running, running

ASK = b"GET /api/v1/halls/demo HTTP/1.1\r\nHost: hall\r\n\r\n"


async def connected(hall: Running) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", int(hall.url.rpartition(":")[2]))


async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Whether the server answers on this connection; False if it hangs up instead."""
    try:
        writer.write(ASK)
        return (await reader.read(12)).startswith(b"HTTP/1.1 200")
    except ConnectionError:
        return False


async def test_one_connection_too_many_is_refused_until_another_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application, "CONNECTIONS_BESIDE_STREAMS", 1)
    async with running(tmp_path, config=CONFIG + "streams_max = 2\n") as hall:
        # Given three connections, as many as there are places
        open_ = [await connected(hall) for _ in range(3)]
        assert [await answered(*one) for one in open_] == [True, True, True]
        # When a fourth comes, it is refused and the others are served
        fourth = await connected(hall)
        assert not await answered(*fourth)
        fourth[1].close()
        # And when one has ended, there is a place again
        open_[0][1].close()
        await open_[0][1].wait_closed()
        for _ in range(1000):
            again = await connected(hall)
            served = await answered(*again)
            again[1].close()
            if served:
                break
        assert served
        for _, writer in open_:
            writer.close()
