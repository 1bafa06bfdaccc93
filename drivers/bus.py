"""Several devices on one line (RS-485): one port, one owner at a time, everybody hears.

Strips of several windows often hang on the same pair of wires, and call pads with them. Each
device gets a `BusHandle` of its own; the port below is opened by the first and closed by the
last. A question and its answer hold the `turn`, or two devices' frames would mix. A port that
fails is closed for all: each finds out at its next word and opens it again.

Pads speak unasked. Whoever reads the line, reads for all: every byte also goes to the
listeners, and while nobody has the turn the bus itself listens. The line is half duplex, so a
turn begins only when no listener is in the middle of a frame.
"""

from __future__ import annotations

import asyncio
from typing import Literal, Protocol

from drivers.device import DeviceError, DeviceTransient, Transport
from drivers.ports import Port
from drivers.tap import Tap, tapped_write, untapped
from drivers.transport import ShortWrite, open_port

LISTEN_S = 0.05
"""The bus listens so long between two turns: what a strip's question waits at most."""
FRAME_GAP_S = 0.15
"""A frame that pauses so long will not go on: USB converters hold bytes back for 16 ms, serial
servers and a busy machine for longer. Whole frames are answered at once and never wait for it."""
QUIET_READS_MAX = 64
"""A line in the middle of a frame after so many reads is noise; somebody must talk some day."""


class Listener(Protocol):
    """A device that speaks unasked."""

    def hear(self, data: bytes) -> bool:
        """Take what was on the line; whether it ends in the middle of a frame."""
        ...

    def gap(self) -> None:
        """A frame begun did not go on: forget it."""
        ...

    def lost(self, error: DeviceError) -> None:
        """The port is gone; this listener hears no more."""
        ...


class Turn(asyncio.Lock):
    """The right to talk on a bus; got when nobody else talks, devices included."""

    def __init__(self, bus: Bus) -> None:
        super().__init__()
        self._bus = bus

    async def acquire(self) -> Literal[True]:
        """Waits for the line. Never raises for a line that fails meanwhile: the next word does."""
        await super().acquire()
        try:
            await self._bus.quiet()
        except BaseException:
            self.release()
            raise
        return True


class Bus:
    """One port and the devices on it."""

    def __init__(
        self, port: Port, transport: Transport | None = None, frame_gap_s: float = FRAME_GAP_S
    ) -> None:
        """`transport` is made from `port` unless it is given (a virtual device's)."""
        self.port = port
        self._frame_gap_s = frame_gap_s
        self.turn = Turn(self)
        self._transport = transport or open_port(port)
        self._users: set[BusHandle] = set()
        self._listeners: dict[BusHandle, Listener] = {}
        self._midway = False
        """What was heard last is the beginning of a frame."""
        self._ear: asyncio.Task[None] | None = None

    async def join(self, user: BusHandle) -> None:
        """Open the port if nobody has. Raises as `Transport.open`."""
        if not self._users:
            await self._transport.open()
        self._users.add(user)

    async def leave(self, user: BusHandle) -> None:
        """Close the port if nobody else uses it. With the turn."""
        self._users.discard(user)
        self._listeners.pop(user, None)
        if not self._listeners and self._ear is not None:
            self._ear.cancel()  # it waits for the turn, which the one who leaves has
            self._ear = None
        if not self._users:
            self._midway = False
            await self._transport.close()

    async def drop(self, error: DeviceError) -> None:
        """The port is gone: for everybody."""
        self._users.clear()
        self._midway = False
        listeners, self._listeners = tuple(self._listeners.values()), {}
        for listener in listeners:
            listener.lost(error)
        await self._transport.close()

    def has(self, user: BusHandle) -> bool:
        """Whether `user` joined since the port was last opened."""
        return user in self._users

    def listen(self, user: BusHandle, listener: Listener) -> None:
        """From now on `listener` hears everything."""
        self._listeners[user] = listener
        if self._ear is None or self._ear.done():
            self._ear = asyncio.create_task(self._listen(), name=f"bus {self.port}")

    async def read(self, timeout_s: float) -> bytes:
        """The next bytes, which every listener hears too. With the turn; raises as `read`."""
        data = await self._transport.read(timeout_s)
        if data:
            for user in self._listeners:
                user.overhear(data)
            # First a list: every listener must hear, also after one that is midway.
            midway = [one.hear(data) for one in tuple(self._listeners.values())]
            self._midway = any(midway)
        return data

    async def quiet(self) -> None:
        """Until no frame is arriving."""
        for _ in range(QUIET_READS_MAX):
            if not self._midway:
                return
            try:
                if await self.read(self._frame_gap_s):
                    continue
            except DeviceTransient as error:
                await self.drop(error)
                return
            break
        self._midway = False
        for listener in tuple(self._listeners.values()):
            listener.gap()

    async def _listen(self) -> None:
        """Hears for the listeners while nobody has the turn."""
        try:
            while self._listeners:
                async with self.turn:
                    await self._hear()
        finally:
            # Only after a fault of our own is anybody left; better lost than deaf for ever.
            if self._ear is asyncio.current_task():
                for listener in self._listeners.values():
                    listener.lost(DeviceTransient("error", "listening on the line failed"))

    async def _hear(self) -> None:
        if not self._listeners:
            return
        try:
            await self.read(LISTEN_S)
        except DeviceTransient as error:
            await self.drop(error)

    @property
    def transport(self) -> Transport:
        """The port itself."""
        return self._transport


class BusHandle:
    """One device's end of a bus: a `Transport`. Take `turn` around question and answer."""

    def __init__(self, bus: Bus, tap: Tap | None = None) -> None:
        self._bus = bus
        self._tap = tap or untapped()
        self._listens = False

    @property
    def turn(self) -> asyncio.Lock:
        """Held from the first byte of a question to the last of its answer."""
        return self._bus.turn

    async def open(self) -> None:
        async with self._bus.turn:
            if not self._bus.has(self):
                await self._bus.join(self)

    def listen(self, listener: Listener) -> None:
        """Hear everything on the line, also what others read, until it is closed or lost.

        Raises `DeviceTransient` (`unplugged`) if it is lost already.
        """
        if not self._bus.has(self):
            raise DeviceTransient("unplugged", "the line was lost")
        self._listens = True
        self._bus.listen(self, listener)

    def overhear(self, data: bytes) -> None:
        """As a listener's: what anybody on the line was heard to say."""
        if self._tap.watched:
            self._tap.heard(data)

    async def write(self, data: bytes, timeout_s: float) -> int:
        if not self._bus.has(self):
            raise ShortWrite("unplugged", "the line was lost", 0)
        try:
            return await tapped_write(self._bus.transport, self._tap, data, timeout_s)
        except DeviceTransient as error:
            await self._bus.drop(error)
            raise

    async def read(self, timeout_s: float) -> bytes:
        if not self._bus.has(self):
            raise DeviceTransient("unplugged", "the line was lost")
        try:
            data = await self._bus.read(timeout_s)
        except DeviceTransient as error:
            await self._bus.drop(error)
            raise
        if data and self._tap.watched and not self._listens:  # listeners have heard it already
            self._tap.heard(data)
        return data

    async def close(self) -> None:
        async with self._bus.turn:
            if self._bus.has(self):
                await self._bus.leave(self)
