"""The live stream: from a call to a frame at every board."""

from __future__ import annotations

import asyncio
import json
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.bench.hall import BenchHall
from tests.bench.http import bearer
from tests.bench.load import request

CONNECT_AT_ONCE = 200
SETTLE_S = 120.0


@dataclass(slots=True)
class Reached:
    """Seconds from sending each call to the frame at each board; and what a client costs."""

    frames_s: list[float] = field(default_factory=list)
    all_s: list[float] = field(default_factory=list)
    kb_per_client: float = 0.0

    def percentile_ms(self, p: float) -> float:
        """Over all boards and calls, in milliseconds."""
        ordered = sorted(self.frames_s)
        return ordered[min(len(ordered) - 1, int(len(ordered) * p / 100))] * 1000


class _Board(asyncio.Protocol):
    """One screen: knows the newest seq it saw, and tells when it sees a later one."""

    def __init__(self, path: str, saw: Callable[[int], None]) -> None:
        self._path = path
        self._saw = saw
        self._tail = b""
        self.seq = -1
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(request("GET", self._path))  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        # Frames are `id: SEQ\n…`; only the id matters here, cut anywhere.
        data = self._tail + data
        at = data.rfind(b"id: ")
        end = data.find(b"\n", at) if at >= 0 else -1
        if end > 0:
            self._tail = b""
            seq = int(data[at + 4 : end])
            if seq > self.seq:
                self.seq = seq
                self._saw(seq)
        else:
            self._tail = data[-32:]

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True


async def measure(
    hall: BenchHall, token: str, boards: int, calls: int, shown: BenchHall | None = None
) -> Reached:
    """Open `boards` streams, make `calls` changes, one at a time, each awaited everywhere.

    With `shown`, the streams are those of another process that shows the hall.
    """
    shown = shown or hall
    _allow_files(boards + 500)
    reached = Reached()
    before_mb = shown.memory_mb()
    wanted, missing, done = 0, 0, asyncio.Event()
    sent = 0.0

    def saw(seq: int) -> None:
        nonlocal missing
        if wanted and seq >= wanted:
            reached.frames_s.append(time.perf_counter() - sent)
            missing -= 1
            if missing == 0:
                done.set()

    screens = await _connect(shown, boards, saw)
    reached.kb_per_client = (shown.memory_mb() - before_mb) * 1024 / boards
    reader, writer = await asyncio.open_connection("127.0.0.1", hall.port)
    seq = max(screen.seq for screen in screens)
    for number in range(calls):
        action = ("open", "close")[number % 2]
        wanted, missing, sent = seq + 1, boards, time.perf_counter()
        done.clear()
        path = f"{hall.api}/windows/40/{action}"
        writer.write(request("POST", path, bearer(token), b"{}"))
        seq = await _seq_of(reader)
        await asyncio.wait_for(done.wait(), SETTLE_S)
        reached.all_s.append(time.perf_counter() - sent)
        assert not any(screen.lost for screen in screens), "a board was cut"
    writer.close()
    for screen in screens:
        screen.transport.close()
    return reached


async def _connect(hall: BenchHall, boards: int, saw: Callable[[int], None]) -> list[_Board]:
    loop = asyncio.get_running_loop()
    screens: list[_Board] = []
    for start in range(0, boards, CONNECT_AT_ONCE):
        opened = await asyncio.gather(
            *(
                loop.create_connection(
                    lambda: _Board(f"{hall.api}/stream", saw), "127.0.0.1", hall.port
                )
                for _ in range(min(CONNECT_AT_ONCE, boards - start))
            )
        )
        screens += [protocol for _, protocol in opened]
    deadline = time.monotonic() + SETTLE_S
    while any(screen.seq < 0 for screen in screens):
        assert time.monotonic() < deadline, "not every board got its first frame"
        await asyncio.sleep(0.05)
    return screens


async def _seq_of(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    at = head.lower().find(b"content-length:")
    length = int(head[at + 15 : head.index(b"\r", at)])
    answer = json.loads(await reader.readexactly(length))
    return int(answer["seq"])


def _allow_files(needed: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(needed, soft), hard), hard))
