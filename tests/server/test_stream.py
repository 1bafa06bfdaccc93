"""The live stream: first frame, changes, resuming, a hundred boards, one that does not read."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from queued.core.commands import IssueTicket
from queued.core.plan import QueueId
from queued.server import hub as hub_module
from tests.server.hall_under_test import CONFIG, Running, running

DEADLINE_S = 10.0


class Board:
    """A screen that reads its stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.buffer = b""
        self.head = b""

    async def frame(self) -> tuple[int, dict]:
        """The next snapshot: its id and its data."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                event, found, rest = self.buffer.partition(b"\n\n")
                if found:
                    self.buffer = rest
                    lines = dict(
                        line.split(b": ", 1) for line in event.split(b"\n") if b": " in line
                    )
                    if lines.get(b"event") == b"snapshot":
                        return int(lines[b"id"]), json.loads(lines[b"data"])
                    continue
                self.buffer += await self.chunk()

    async def until(self, seq: int) -> dict:
        """Read on until the frame of `seq` or a later one."""
        while True:
            found, data = await self.frame()
            if found >= seq:
                return data

    async def chunk(self) -> bytes:
        size = int(await self.reader.readline(), 16)
        content = await self.reader.readexactly(size)
        assert await self.reader.readexactly(2) == b"\r\n"
        return content


@asynccontextmanager
async def board(
    hall: Running,
    *headers: str,
    receive_buffer: int | None = None,
    path: str = "/api/v1/halls/demo/stream",
) -> AsyncIterator[Board]:
    host, port = hall.url.removeprefix("http://").split(":")
    connection = socket.socket()
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=connection, limit=1 << 20)
    lines = (f"GET {path} HTTP/1.1", f"Host: {host}", *headers, "", "")
    writer.write("\r\n".join(lines).encode())
    screen = Board(reader, writer)
    screen.head = await reader.readuntil(b"\r\n\r\n")
    try:
        yield screen
    finally:
        writer.close()


async def issue(hall: Running) -> int:
    await hall.actor.submit(IssueTicket(queue=QueueId("general"), by="kiosk:k"))
    return hall.seq


async def eventually(condition) -> None:
    """Wait until `condition()` holds, or fail."""
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.005)


async def test_the_first_frame_is_the_snapshot_and_every_change_follows(hall: Running):
    async with board(hall) as screen:
        assert b"text/event-stream" in screen.head
        seq, shown = await screen.frame()
        assert seq == shown["seq"] == hall.seq
        _, polled, _ = await hall.call("GET", "/halls/demo")
        assert shown == polled
        expected = await issue(hall)
        seq, shown = await screen.frame()
        assert seq == expected
        assert shown["queues"][0]["waiting"] == 1


async def test_seq_never_goes_back_and_the_last_one_arrives(hall: Running):
    async with board(hall) as screen:
        for _ in range(50):
            await issue(hall)
        last, seen = hall.seq, []
        while not seen or seen[-1] < last:
            seen.append((await screen.frame())[0])
        assert seen == sorted(set(seen))


async def test_who_comes_back_with_the_newest_waits_for_the_next(hall: Running):
    await issue(hall)
    async with board(hall, f"Last-Event-ID: {hall.seq}") as screen:
        await eventually(lambda: hall.site.lives["demo"].clients == 1)
        expected = await issue(hall)
        seq, _ = await screen.frame()
        assert seq == expected
    async with board(hall, f"Last-Event-ID: {hall.seq - 1}") as screen:
        assert (await screen.frame())[0] == hall.seq
    for garbage in ("x", "-1", "9" * 40, "１"):
        async with board(hall, f"Last-Event-ID: {garbage}") as screen:
            assert (await screen.frame())[0] == hall.seq


async def test_an_id_of_the_future_gets_the_present(hall: Running):
    """After a restore from a backup the hall is behind what its screens have seen."""
    async with board(hall, f"Last-Event-ID: {hall.seq + 100}") as screen:
        assert (await screen.frame())[0] == hall.seq


async def test_a_hundred_boards_are_reached(hall: Running):
    async with boards(hall, 100) as screens:
        for screen in screens:
            await screen.frame()
        expected = await issue(hall)
        began = time.monotonic()
        shown = await asyncio.gather(*(screen.until(expected) for screen in screens))
        assert {data["seq"] for data in shown} == {expected}
        assert time.monotonic() - began < 1.0
        assert hall.site.lives["demo"].clients == 100
    await eventually(lambda: hall.site.lives["demo"].clients == 0)
    assert hall.site.streams.open == 0


@asynccontextmanager
async def boards(hall: Running, number: int) -> AsyncIterator[list[Board]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(board(hall)) for _ in range(number)]


WIDE = CONFIG.replace("waiting_max = 3", "waiting_max = 9000").replace(
    'letter = "A"', 'letter = "A"\ndigits = 4\nwaiting_max = 9000'
)


async def test_a_board_that_stops_reading_is_cut_and_delays_nobody(tmp_path, monkeypatch):
    monkeypatch.setattr(hub_module, "CUT_AFTER_S", 0.3)
    async with running(tmp_path, config=WIDE) as hall:
        live = hall.site.lives["demo"]
        async with board(hall, receive_buffer=4096) as deaf, board(hall) as screen:
            await screen.frame()
            await deaf.frame()
            deaf.writer.transport.pause_reading()
            assert live.clients == 2
            async with asyncio.timeout(60):
                while hall.site.streams.cut == 0:
                    for _ in range(20):
                        await issue(hall)
                    began = time.monotonic()
                    await screen.until(hall.seq)
                    assert time.monotonic() - began < 2.0
            assert live.clients == 1
            expected = await issue(hall)
            assert (await screen.until(expected))["seq"] == expected
    # Negative control: two boards that read are both kept through the same.
    async with running(tmp_path / "again", config=WIDE) as hall:
        live = hall.site.lives["demo"]
        async with board(hall) as one, board(hall) as other:
            for _ in range(10):
                for _ in range(20):
                    await issue(hall)
                await asyncio.gather(one.until(hall.seq), other.until(hall.seq))
            assert live.clients == 2
            assert hall.site.streams.cut == 0


async def test_a_slow_board_gets_the_newest_not_the_history(hall: Running):
    async with board(hall, receive_buffer=4096) as slow:
        await slow.frame()
        slow.writer.transport.pause_reading()
        written = 0
        while written < 400:
            await issue(hall)
            written += 1
        slow.writer.transport.resume_reading()
        frames = 1
        seq, _ = await slow.frame()
        while seq < hall.seq:
            seq, _ = await slow.frame()
            frames += 1
        assert frames < written


async def test_too_many_streams_are_refused(tmp_path):
    config = CONFIG + "streams_max = 2\n"
    async with running(tmp_path, config=config) as hall:
        async with board(hall) as one, board(hall) as two:
            await one.frame()
            await two.frame()
            status, problem, headers = await hall.call("GET", "/halls/demo/stream")
            assert (status, problem["code"]) == (429, "too_many_requests")
            assert headers["Retry-After"]
        await eventually(lambda: hall.site.streams.open == 0)
        async with board(hall) as again:
            assert (await again.frame())[0] == hall.seq


async def test_a_comment_keeps_a_quiet_stream_alive(hall: Running, monkeypatch):
    async with board(hall) as screen:
        await screen.frame()
        live = hall.site.lives["demo"]
        for _ in range(hub_module.HEARTBEAT_S):
            live.hub._beat()
        async with asyncio.timeout(DEADLINE_S):
            while b":" not in screen.buffer:
                screen.buffer += await screen.chunk()
        assert screen.buffer.startswith(b": \n\n")


async def test_streams_end_with_the_server(tmp_path):
    async with running(tmp_path) as hall:
        async with board(hall) as screen:
            await screen.frame()
            await hall.site.lives["demo"].stop()
            async with asyncio.timeout(DEADLINE_S):
                with pytest.raises((asyncio.IncompleteReadError, ConnectionError, ValueError)):
                    while True:
                        await screen.chunk()


async def test_a_stream_of_an_old_client_is_not_chunked(hall: Running):
    host, port = hall.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /api/v1/halls/demo/stream HTTP/1.0\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"chunked" not in head.lower()
    async with asyncio.timeout(DEADLINE_S):
        assert await reader.readuntil(b"\n\n") == b"retry: 2000\n: ok\n\n"
        assert (await reader.readuntil(b"\n\n")).startswith(b"id: ")
    writer.close()
