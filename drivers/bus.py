"""Several devices on one line (RS-485): one port, one question at a time.

Strips of several windows often hang on the same pair of wires. Each device gets a `BusHandle`
of its own; the port below is opened by the first and closed by the last. A question and its
answer hold the `turn`, or two devices' frames would mix. A port that fails is closed for all:
each finds out at its next word and opens it again.
"""

from __future__ import annotations

import asyncio

from drivers.device import DeviceTransient, Transport
from drivers.ports import SerialPort, TcpPort
from drivers.transport import ShortWrite, open_port


class Bus:
    """One port and the devices on it."""

    def __init__(self, port: SerialPort | TcpPort) -> None:
        self.port = port
        self.turn = asyncio.Lock()
        self._transport = open_port(port)
        self._users: set[BusHandle] = set()

    async def join(self, user: BusHandle) -> None:
        """Open the port if nobody has. Raises as `Transport.open`."""
        if not self._users:
            await self._transport.open()
        self._users.add(user)

    async def leave(self, user: BusHandle) -> None:
        """Close the port if nobody else uses it."""
        self._users.discard(user)
        if not self._users:
            await self._transport.close()

    async def drop(self) -> None:
        """The port is gone: for everybody."""
        self._users.clear()
        await self._transport.close()

    def has(self, user: BusHandle) -> bool:
        """Whether `user` joined since the port was last opened."""
        return user in self._users

    @property
    def transport(self) -> Transport:
        """The port itself."""
        return self._transport


class BusHandle:
    """One device's end of a bus: a `Transport`. Take `turn` around question and answer."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    @property
    def turn(self) -> asyncio.Lock:
        """Held from the first byte of a question to the last of its answer."""
        return self._bus.turn

    async def open(self) -> None:
        async with self._bus.turn:
            if not self._bus.has(self):
                await self._bus.join(self)

    async def write(self, data: bytes, timeout_s: float) -> int:
        if not self._bus.has(self):
            raise ShortWrite("unplugged", "the line was lost", 0)
        try:
            return await self._bus.transport.write(data, timeout_s)
        except DeviceTransient:
            await self._bus.drop()
            raise

    async def read(self, timeout_s: float) -> bytes:
        if not self._bus.has(self):
            raise DeviceTransient("unplugged", "the line was lost")
        try:
            return await self._bus.transport.read(timeout_s)
        except DeviceTransient:
            await self._bus.drop()
            raise

    async def close(self) -> None:
        async with self._bus.turn:
            if self._bus.has(self):
                await self._bus.leave(self)
