"""A load generator: raw HTTP/1.1 over asyncio streams, one request at a time per connection.

Runs in the measuring process while the measured server runs in its own: two cores, one each.
It parses just enough of an answer (status, length) to be several times faster than the server.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Run:
    """What came back: seconds per request, statuses, and bodies if asked for."""

    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies_s) / self.seconds if self.seconds else 0.0

    def percentile_ms(self, p: float) -> float:
        """Latency in milliseconds below which `p` percent lie."""
        ordered = sorted(self.latencies_s)
        return ordered[min(len(ordered) - 1, int(len(ordered) * p / 100))] * 1000


def request(
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> bytes:
    """One request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body or method == "POST":
        lines += [f"Content-Length: {len(body)}", "Content-Type: application/json"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def drive(
    port: int,
    next_request: Callable[[int], Iterator[bytes]],
    connections: int,
    *,
    keep_bodies: bool = False,
    after: Callable[[int, int, bytes, float], None] | None = None,
) -> Run:
    """Every connection `n` sends what `next_request(n)` yields, one after the other.

    `after(connection, status, body, took_s)` sees every answer before the next request is made.
    """
    run = Run()
    streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(connections)]
    started = time.perf_counter()

    async def one(number: int) -> None:
        reader, writer = streams[number]
        for message in next_request(number):
            sent = time.perf_counter()
            writer.write(message)
            status, body = await _answer(reader)
            took_s = time.perf_counter() - sent
            run.latencies_s.append(took_s)
            run.statuses[status] = run.statuses.get(status, 0) + 1
            if keep_bodies:
                run.bodies.append(body)
            if after is not None:
                after(number, status, body, took_s)

    await asyncio.gather(*(one(number) for number in range(connections)))
    run.seconds = time.perf_counter() - started
    for _, writer in streams:
        writer.close()
    return run


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    at = head.lower().find(b"content-length:")
    if at < 0:
        return status, b""
    length = int(head[at + 15 : head.index(b"\r", at)])
    return status, await reader.readexactly(length) if length else b""
