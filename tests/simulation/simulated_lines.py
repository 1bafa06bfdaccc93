"""Lines of the simulated day: what the wires, the kernel's buffers and bad luck do to bytes.

Several emulators may hang on one line, each hears every byte. Bytes travel at the line's baud
rate; a write succeeds when the kernel has taken the bytes, long before a device has, and what
is under way when a cable is pulled is lost. All that is random comes from the line's own seed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from drivers.device import DeviceTransient
from drivers.transport import ShortWrite
from tests.simulation.simulated_time import PROCESS, Process

KERNEL_BYTES = 4096
"""What a port takes before anybody has read a byte."""
OPENING_S = 0.02
TICK_S = 0.2
"""A module that speaks is asked so often whether it has come to its end."""


@dataclass(slots=True)
class LineTrouble:
    """What is wrong with a line now."""

    unplugged: bool = False
    silent: bool = False
    late_s: float = 0.0
    garbled: bool = False
    split: bool = False
    deaf: bool = False

    @property
    def any(self) -> bool:
        """Whether a device behind the line cannot be expected to work."""
        return self.unplugged or self.silent or self.late_s > 0 or self.garbled or self.deaf


@dataclass(slots=True)
class Powered:
    """An emulator at a switch. `saw` is called after every byte it got."""

    id: str
    emulator: Any
    on: bool = True
    saw: Callable[[], None] = lambda: None
    push: Callable[[bytes], None] = lambda data: None
    """Onto its line, unasked."""

    def feed(self, data: bytes) -> bytes:
        """What it answers; nothing without power."""
        if not self.on:
            return b""
        answer: bytes = self.emulator.feed(data)
        self.saw()
        return answer


@dataclass(eq=False)
class SimulatedLine:
    """A pair of wires with devices on it."""

    devices: Sequence[Powered]
    byte_s: float
    random: Random
    local_echo: bool = False
    trouble: LineTrouble = field(default_factory=LineTrouble)

    def __post_init__(self) -> None:
        self._ends: list[SimulatedTransport] = []
        self._epoch = 0
        """Pulling the cable begins another; bytes of an older one never arrive."""
        self._free_at = 0.0
        self._held = bytearray()
        self._ticking: set[int] = set()
        for device in self.devices:
            device.push = self.say
            if hasattr(device.emulator, "push"):
                device.emulator.push = self.say

    def transport(self) -> SimulatedTransport:
        """One host's end, of the process that asks."""
        return SimulatedTransport(self, PROCESS.get())

    def unplug(self) -> None:
        """Pull the cable: what is under way is lost."""
        self.trouble.unplugged = True
        self._epoch += 1
        self._held.clear()
        for end in tuple(self._ends):
            end.hung_up()

    def plug(self) -> None:
        """Put it in again."""
        self.trouble.unplugged = False

    def hear_again(self) -> None:
        """No longer deaf: what the kernel held is read."""
        self.trouble.deaf = False
        data, self._held = bytes(self._held), bytearray()
        self._arrive(data, self._epoch)

    def join(self, end: SimulatedTransport) -> None:
        """A host has opened the port."""
        self._ends.append(end)

    def leave(self, end: SimulatedTransport) -> None:
        """A host has closed it; of what a deaf device has not read, some ports throw away."""
        if end in self._ends:
            self._ends.remove(end)
        if self._held and self.random.random() < 0.5:
            self._held.clear()

    def room(self) -> int:
        """Bytes the kernel takes at once."""
        return KERNEL_BYTES - len(self._held)

    def send(self, data: bytes) -> None:
        """The host's bytes go onto the wire, in one piece or several."""
        loop = asyncio.get_running_loop()
        begins = max(loop.time(), self._free_at)
        self._free_at = begins + len(data) * self.byte_s
        for start, end in self._pieces(len(data)):
            piece = data[start:end]
            loop.call_at(begins + end * self.byte_s, self._arrive, piece, self._epoch)

    def say(self, data: bytes) -> None:
        """A device's bytes go onto the wire."""
        trouble = self.trouble
        if not data or trouble.silent or trouble.unplugged:
            return
        if trouble.garbled:
            data = bytes(byte ^ self.random.choice((0, 0xFF, 0x40, 0x81)) for byte in data)
        loop = asyncio.get_running_loop()
        for start, end in self._pieces(len(data)):
            due = loop.time() + trouble.late_s + end * self.byte_s
            loop.call_at(due, self._heard, data[start:end], self._epoch)

    def _pieces(self, count: int) -> list[tuple[int, int]]:
        if self.trouble.split:
            return [(at, at + 1) for at in range(count)]
        if count < 2 or self.random.random() < 0.7:
            return [(0, count)]
        middle = self.random.randrange(1, count)
        return [(0, middle), (middle, count)]

    def _arrive(self, data: bytes, epoch: int) -> None:
        if epoch != self._epoch or not data:
            return
        if self.trouble.deaf:
            self._held += data
            return
        if self.local_echo:
            self._heard(data, epoch)
        for device in self.devices:
            self.say(device.feed(data))
            if getattr(device.emulator, "speaking", False) and id(device) not in self._ticking:
                self._ticking.add(id(device))
                asyncio.get_running_loop().call_later(TICK_S, self._tick, device)

    def _tick(self, device: Powered) -> None:
        if device.on:
            self.say(device.emulator.tick())
            device.saw()
        if device.emulator.speaking and device.on:
            asyncio.get_running_loop().call_later(TICK_S, self._tick, device)
        else:
            self._ticking.discard(id(device))

    def _heard(self, data: bytes, epoch: int) -> None:
        if epoch == self._epoch:
            for end in self._ends:
                end.heard(data)


class SimulatedTransport:
    """One host's end of a line: `drivers.device.Transport`."""

    def __init__(self, line: SimulatedLine, process: Process | None) -> None:
        self._line = line
        self._process = process
        self._open = False
        self._buffer = bytearray()
        self._arrived = asyncio.Event()

    async def open(self) -> None:
        if self._open:
            return
        await asyncio.sleep(OPENING_S)
        if self._line.trouble.unplugged:
            raise DeviceTransient("unplugged", "the simulated port is not there")
        self._open = True
        self._line.join(self)

    async def write(self, data: bytes, timeout_s: float) -> int:
        self._there(0)
        line = self._line
        taken = min(len(data), line.room()) if line.trouble.deaf else len(data)
        line.send(data[:taken])
        if taken < len(data):
            await asyncio.sleep(timeout_s)
            raise ShortWrite("timeout", "the simulated port is full", taken)
        return taken

    async def read(self, timeout_s: float) -> bytes:
        self._there(None)
        if not self._buffer and timeout_s > 0:
            try:
                async with asyncio.timeout(timeout_s):
                    await self._arrived.wait()
            except TimeoutError:
                pass
            self._there(None)
        data = bytes(self._buffer)
        self._buffer.clear()
        self._arrived.clear()
        return data

    async def close(self) -> None:
        self._open = False
        self._line.leave(self)
        self._buffer.clear()

    def heard(self, data: bytes) -> None:
        """Bytes have come."""
        self._buffer += data
        self._arrived.set()

    def hung_up(self) -> None:
        """The cable was pulled."""
        self._open = False
        self._line.leave(self)
        self._arrived.set()

    def _there(self, written: int | None) -> None:
        if self._process is not None and not self._process.alive:
            raise asyncio.CancelledError  # a dead process writes and reads nothing
        if not self._open and written is None:
            raise DeviceTransient("unplugged", "the simulated port is gone")
        if not self._open:
            raise ShortWrite("unplugged", "the simulated port is gone", written or 0)
