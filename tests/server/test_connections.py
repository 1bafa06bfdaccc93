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


@pytest.mark.parametrize("headers", [{}, {"Expect": "100-continue"}])
@pytest.mark.parametrize("query", ["", "?"])
async def test_the_busiest_paths_answer_the_same_with_and_without_the_router(
    hall: Running, query: str, headers: dict[str, str]
):
    """Given a path that goes around the router, when it is written otherwise, nothing differs."""
    for method, path, body in (
        ("POST", "/halls/demo/tickets", {"queue": "general"}),
        ("GET", "/halls/demo", None),
    ):
        status, content, sent = await hall.call(
            method, path + query, body, role="kiosk", headers=headers
        )
        assert status == (201 if body else 200)
        assert content["seq"] == hall.seq
        assert sent["Server"] == "queued"
    assert hall.site.metrics.requests["POST /api/v1/halls/{hall}/tickets", 201] == 1
