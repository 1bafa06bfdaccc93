"""The live stream: every change of a hall to every screen, as server-sent events.

How it works. One task per hall waits for a change, encodes it once and writes the same bytes
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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from aiohttp.http_writer import HttpVersion11

from queued.core.model import Hall
from queued.core.plan import Millis
from queued.engine.bus import Bus, Committed
from queued.engine.calendar import Calendar
from queued.engine.clock import Clock
from queued.engine.halls import RunningHall
from queued.server.aside import Aside
from queued.server.limits import STREAMS_PER_ADDRESS, Limits
from queued.server.problems import Problem
from queued.server.snapshot import BUILD_EVERY_S, Encoded, Names, View

log = logging.getLogger(__name__)

HEARTBEAT_S: Final = 15
"""A comment this often: proxies close what is silent for a minute."""

CUT_AFTER_S: Final = 10.0
"""Not one frame taken in so long: the screen is gone or hangs."""

CATCH_UP_EVERY_S: Final = 0.1
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


@dataclass(frozen=True, slots=True)
class Words:
    """What the configuration tells windows: how visits end, and when a wait is too long."""

    outcomes: Sequence[tuple[str, str, str]] = ()
    """(id, name, English name); the usual one first."""
    long_wait_ms: int = 0
    """0: never."""


class Live:
    """One hall as shown to the world: its snapshot and its streams."""

    def __init__(
        self,
        running: RunningHall,
        clock: Clock,
        names: Names,
        streams: Streams,
        monotonic: Callable[[], float] = time.monotonic,
        words: Words = Words(),
    ) -> None:
        self.id = running.id
        self.words = words
        self.running = running
        self.names = names
        self.clock = clock
        self.view = View(running, clock, names, monotonic)
        self.time_of = self.view.time_of
        self.aside = Aside()
        self._streams = streams
        self._monotonic = monotonic
        self._clients: dict[_Client, None] = {}
        self._changed = asyncio.Event()
        self._entered = 0
        self._task: asyncio.Task[None] | None = None
        self._beats: asyncio.TimerHandle | None = None
        self._beat_slot = 0
        self._end_listening: Callable[[], None] | None = None

    def furnish(self, names: Names, words: Words) -> None:
        """Use the words of another configuration."""
        self.names, self.words = names, words
        self.view.rename(names)

    @property
    def hall(self) -> Hall:
        """The hall as committed."""
        return self.running.actor.hall

    @property
    def calendar(self) -> Calendar:
        """Its days."""
        return self.running.calendar

    def now(self) -> Millis:
        """The moment, never before the hall's last event."""
        return Millis(max(self.clock.now(), self.hall.at))

    @property
    def clients(self) -> int:
        """Open streams."""
        return len(self._clients)

    # ── Start and stop ────────────────────────────────────────────────────────────────────

    def start(self, bus: Bus) -> None:
        """Begin to follow the hall. Needs a running event loop."""
        self._end_listening = bus.listen(self._heard)
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._broadcast_changes())
        self._beats = loop.call_later(1, self._beat)

    async def stop(self) -> None:
        """End every stream; screens reconnect to whoever comes next."""
        if self._end_listening is not None:
            self._end_listening()
            self._end_listening = None
        if self._beats is not None:
            self._beats.cancel()
        for client in tuple(self._clients):
            self._drop(client)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _heard(self, committed: Committed) -> None:
        if committed.hall_id != self.id:
            return
        self.aside.heard(committed.events)
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
        encoded = await self.view.fresh()
        if encoded.seq != client.seq:
            frame = frame_of(encoded)
            client.write(frame, _chunk(frame))
            client.seq = encoded.seq
        self._clients[client] = None
        if self.hall.seq != client.seq:
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
                encoded = self.view.current() or self.view.build()
                behind = await self._broadcast(encoded)
                took = self._monotonic() - began
            except Exception:  # an edge: one bad frame must not end the stream of all frames
                log.exception("a broadcast failed")
                behind, took = False, 1.0
            if behind:
                asyncio.get_running_loop().call_later(CATCH_UP_EVERY_S, self._changed.set)
            await asyncio.sleep(max(BUILD_EVERY_S, took * REST_FACTOR))

    async def _broadcast(self, encoded: Encoded) -> bool:
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


def frame_of(encoded: Encoded) -> bytes:
    """A snapshot as a server-sent event; JSON holds no line break, so one `data` line."""
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
