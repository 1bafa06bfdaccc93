"""An answer written in one piece says on the wire what aiohttp's own response would say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import HttpVersion11, web

from queued.server.whole import JOINED_BYTES_MAX, Head, Whole

HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store", "Server": "queued"}
BODIES = {"empty": b"", "short": b'{"a":1}', "long": b"x" * (JOINED_BYTES_MAX + 1)}
STATUSES = (200, 201, 304)
RESTS = (
    "1.1\r\nHost: h",
    "1.1\r\nHost: h\r\nConnection: close",
    "1.0\r\nHost: h",
    "1.0\r\nHost: h\r\nConnection: keep-alive",
)
MOST = 64 << 20


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A server with each answer twice: whole, and as aiohttp makes it."""
    app = web.Application()
    for status in STATUSES:
        for name, body in BODIES.items():
            _route(app, status, name, b"" if status == 304 else body)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


def _route(app: web.Application, status: int, name: str, body: bytes) -> None:
    head = Head(status, HEADERS)

    async def whole(_request: web.Request) -> web.StreamResponse:
        return Whole(head, body)

    async def usual(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers=HEADERS, body=None if status == 304 else body)

    app.router.add_get(f"/whole/{status}/{name}", whole)
    app.router.add_get(f"/usual/{status}/{name}", usual)


async def told(port: int, request: str) -> tuple[str, dict[str, str], bytes]:
    """Status line, headers without the date, and everything after them until the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    open_still = "HTTP/1.0" not in request and "close" not in request or "keep-alive" in request
    # A second request ends the connection that the first has left open.
    end = "GET /nowhere HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" if open_still else ""
    writer.write((request + end).encode())
    answer = await reader.read(MOST)
    while more := await reader.read(MOST):
        answer += more
    writer.close()
    head, _, rest = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert headers.pop("Date").endswith("GMT")
    return status, headers, rest.partition(b"HTTP/1.1 404")[0]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("rest", RESTS)
async def test_both_say_the_same(port: int, status: int, body: str, method: str, rest: str) -> None:
    """Given the same head and body, when asked in any way, then the bytes mean the same."""
    path = f"/{status}/{body} HTTP/{rest}\r\n\r\n"
    whole = await told(port, f"{method} /whole{path}")
    assert whole == await told(port, f"{method} /usual{path}")
    assert whole[0].split()[1] == str(status)


async def test_a_difference_would_be_seen(port: int) -> None:
    """The control: another status or body is not the same."""
    asked = " HTTP/1.1\r\nHost: h\r\n\r\n"
    short = await told(port, f"GET /whole/200/short{asked}")
    assert short != await told(port, f"GET /usual/201/short{asked}")
    assert short != await told(port, f"GET /usual/200/long{asked}")


async def test_several_requests_share_a_connection(port: int) -> None:
    """Given a kept connection, when it asks twice at once, then both are answered in order."""
    twice = "GET /whole/201/short HTTP/1.1\r\nHost: h\r\n\r\n" * 2
    status, _, rest = await told(port, twice)
    assert status == "HTTP/1.1 201 Created"
    assert rest.startswith(BODIES["short"] + b"HTTP/1.1 201 Created")


async def test_who_has_gone_is_told_nothing() -> None:
    """Given a closed connection, when an answer is due, then aiohttp hears that it is closed."""

    class Gone:
        method, version, keep_alive, transport, writer = "GET", HttpVersion11, True, None, None

    with pytest.raises(ConnectionResetError):
        await Whole(Head(200, HEADERS), b"x").prepare(Gone())  # type: ignore[arg-type]


def test_a_header_cannot_smuggle_another() -> None:
    """A line break in a header is a mistake of ours and never leaves."""
    with pytest.raises(ValueError):
        Head(200, {"ETag": "x\r\nSet-Cookie: y"})
