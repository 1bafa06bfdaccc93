"""Streams: one document that changes, to any number of screens, as server-sent events.

How it works. One task waits for a change, takes the newest document and writes the same bytes
to every transport, a slice of clients at a time so that nobody else waits long. A client whose
last frame has not left yet is passed over and gets the newest frame when it has caught up: it
never costs more than one frame of memory. One that does not catch up in `CUT_AFTER_S` is cut;
its browser reconnects and continues from Last-Event-ID.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections import Counter
from collections.abc import Callable
from typing import Final, Protocol

from aiohttp import web
from aiohttp.http_writer import HttpVersion11

from queued.server.limits import STREAMS_PER_ADDRESS, Limits
from queued.server.problems import Problem

log = logging.getLogger(__name__)

HEARTBEAT_S: Final = 15
"""A comment this often: proxies close what is silent for a minute."""

CUT_AFTER_S: Final = 10.0
"""Not one frame taken in so long: the screen is gone or hangs."""

CATCH_UP_EVERY_S: Final = 0.1
BROADCAST_EVERY_S: Final = 0.010
"""At most a hundred frames a second: eyes and lines take no more."""

SLICE: Final = 500
"""Clients written to without a break: about 5 ms."""

REST_FACTOR: Final = 1.0
"""After a broadcast rest as long as it took: with 10,000 screens a burst leaves half the time."""

SEND_BUFFER_BYTES: Final = 64 * 1024
"""Of the kernel, per client: about a dozen frames; more would only be old news."""

HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
    "Server": "queued",
}

HELLO: Final = b"retry: 2000\n: ok\n\n"
BEAT: Final = b": \n\n"


class _Client:
    """A screen. `seq` is that of the last frame given to its transport."""

    __slots__ = ("address", "behind_since", "chunked", "gone", "seq", "slot", "transport")

    def __init__(
        self, transport: asyncio.Transport, chunked: bool, address: str, slot: int
    ) -> None:
        self.transport = transport
        self.chunked = chunked
        self.address = address
        self.slot = slot
        self.seq = -1
        self.behind_since = 0.0
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def write(self, plain: bytes, framed: bytes) -> None:
        self.transport.write(framed if self.chunked else plain)

    def tell(self, frame: bytes) -> bool:
        """A frame for this client alone; False if it has gone."""
        if self.transport.is_closing():
            return False
        self.write(frame, _chunk(frame))
        return True


class Document(Protocol):
    """One state of what is shown, as bytes without a line break."""

    @property
    def seq(self) -> int:
        """Never goes back."""
        ...

    @property
    def body(self) -> bytes: ...


class Shown(Protocol):
    """What a hub shows."""

    @property
    def seq(self) -> int:
        """Of the newest state, whether or not its document is made."""
        ...

    def newest(self) -> Document:
        """The newest document, made now if need be."""
        ...

    async def fresh(self) -> Document:
        """The same for one who asks; may wait for a moment to share the work with others."""
        ...


Joined = Callable[[Callable[[bytes], bool]], Callable[[], None]]


class Streams:
    """All open streams of the server: their number, in all and per address."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._by_address: Counter[str] = Counter()
        self.open = 0
        self.cut = 0
        """Clients cut because they did not read."""
        self.tasks: set[asyncio.Task[object]] = set()
        """Of streams with a task of their own; they end with the server."""

    def enter(self, request: web.Request) -> str:
        """Count a stream in. Raises `Problem` too_many_requests."""
        address = self._limits.addresses.limited(request)
        too_many = self.open >= self._limits.streams_max
        if address is not None and self._by_address[address] >= STREAMS_PER_ADDRESS:
            too_many = True
        if too_many:
            raise Problem("too_many_requests", headers={"Retry-After": "10"})
        self.open += 1
        if address is not None:
            self._by_address[address] += 1
        return address or ""

    def leave(self, address: str) -> None:
        """Count it out."""
        self.open -= 1
        if address:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]


class Hub:
    """The open streams of one document."""

    def __init__(
        self,
        shown: Shown,
        streams: Streams,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shown = shown
        self._streams = streams
        self._monotonic = monotonic
        self._clients: dict[_Client, None] = {}
        self._changed = asyncio.Event()
        self._entered = 0
        self._task: asyncio.Task[None] | None = None
        self._beats: asyncio.TimerHandle | None = None
        self._beat_slot = 0

    @property
    def clients(self) -> int:
        """Open streams."""
        return len(self._clients)

    def start(self) -> None:
        """Begin to tell. Needs a running event loop."""
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._broadcast_changes())
        self._beats = loop.call_later(1, self._beat)

    async def stop(self) -> None:
        """End every stream; screens reconnect to whoever comes next."""
        if self._beats is not None:
            self._beats.cancel()
        for client in tuple(self._clients):
            self._drop(client)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def changed(self) -> None:
        """There is something newer to tell."""
        if self._clients:
            self._changed.set()

    # ── One client ────────────────────────────────────────────────────────────────────────

    async def stream(
        self, request: web.Request, joined: Joined | None = None
    ) -> web.StreamResponse:
        """Serve one client until it leaves or is cut.

        `joined` gets what writes a frame of its own to this client alone, and returns what to
        call at the end.
        """
        address = self._streams.enter(request)
        try:
            return await self._serve(request, address, joined)
        finally:
            self._streams.leave(address)

    async def _serve(
        self, request: web.Request, address: str, joined: Joined | None
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers=HEADERS)
        await response.prepare(request)
        transport = request.transport
        if transport is None or request.method == "HEAD":
            return response
        _bound_send_buffer(transport)
        chunked = request.version >= HttpVersion11
        self._entered += 1
        client = _Client(transport, chunked, address, self._entered % HEARTBEAT_S)
        client.write(HELLO, _chunk(HELLO))
        client.seq = _last_seen(request)
        encoded = await self._shown.fresh()
        if encoded.seq != client.seq:
            frame = frame_of(encoded)
            client.write(frame, _chunk(frame))
            client.seq = encoded.seq
        self._clients[client] = None
        if self._shown.seq != client.seq:
            self._changed.set()
        leave = joined(client.tell) if joined is not None else None
        try:
            await client.gone
        finally:
            if leave is not None:
                leave()
            self._clients.pop(client, None)
            transport.abort()
        return response

    def _drop(self, client: _Client) -> None:
        self._clients.pop(client, None)
        if not client.gone.done():
            client.gone.set_result(None)

    # ── All clients ───────────────────────────────────────────────────────────────────────

    async def _broadcast_changes(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                began = self._monotonic()
                encoded = self._shown.newest()
                behind = await self._broadcast(encoded)
                took = self._monotonic() - began
            except Exception:  # an edge: one bad frame must not end the stream of all frames
                log.exception("a broadcast failed")
                behind, took = False, 1.0
            if behind:
                asyncio.get_running_loop().call_later(CATCH_UP_EVERY_S, self._changed.set)
            await asyncio.sleep(max(BROADCAST_EVERY_S, took * REST_FACTOR))

    async def _broadcast(self, encoded: Document) -> bool:
        """Write to all who have not got it; whether somebody is still behind."""
        plain = frame_of(encoded)
        framed = _chunk(plain)
        seq, behind = encoded.seq, False
        for number, client in enumerate(tuple(self._clients), start=1):
            if number % SLICE == 0:
                await asyncio.sleep(0)
            if client.seq == seq:
                continue
            transport = client.transport
            if transport.is_closing():
                self._drop(client)
            elif transport.get_write_buffer_size() == 0:
                client.behind_since = 0.0
                client.seq = seq
                client.write(plain, framed)
            else:
                behind = self._passed_over(client) or behind
        return behind

    def _passed_over(self, client: _Client) -> bool:
        """Leave out a client that has not read; cut it if that lasts. Whether it is kept."""
        now = self._monotonic()
        if not client.behind_since:
            client.behind_since = now
        elif now - client.behind_since > CUT_AFTER_S:
            self._streams.cut += 1
            client.transport.abort()
            self._drop(client)
            return False
        return True

    def _beat(self) -> None:
        """Every second a fifteenth of the clients: a comment, or the end of the dead."""
        self._beats = asyncio.get_running_loop().call_later(1, self._beat)
        self._beat_slot = (self._beat_slot + 1) % HEARTBEAT_S
        framed = _chunk(BEAT)
        for client in tuple(self._clients):
            if client.slot != self._beat_slot:
                continue
            if client.transport.is_closing():
                self._drop(client)
            elif client.transport.get_write_buffer_size() == 0:
                client.write(BEAT, framed)
            else:
                self._passed_over(client)


def frame_of(encoded: Document) -> bytes:
    """A document as a server-sent event; JSON holds no line break, so one `data` line."""
    return b"id: %d\nevent: snapshot\ndata: %b\n\n" % (encoded.seq, encoded.body)


def _chunk(content: bytes) -> bytes:
    """HTTP/1.1 chunked framing, done once for all clients."""
    return b"%x\r\n%b\r\n" % (len(content), content)


def _last_seen(request: web.Request) -> int:
    """The seq a reconnecting client has; -1 for a new one or garbage."""
    text = request.headers.get("Last-Event-ID", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


def _bound_send_buffer(transport: asyncio.Transport) -> None:
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family != socket.AF_UNIX:
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        except OSError:
            pass  # already gone; the first write notices
