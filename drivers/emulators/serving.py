"""Puts an emulated device on a real line: a TCP port or a pseudo terminal.

Any object with `feed(bytes) -> bytes` can be served; the bytes it returns are its answers. The
line itself can be bad (`LineFaults`): answers lost, late, garbled, torn into single bytes, the
cable pulled and put back. What is wrong with the device behind it is the emulator's business.

    async with serving.on_tcp(PrinterEmulator()) as line:
        transport = open_url(line.url)      # "tcp://127.0.0.1:40123"
        line.unplug()                       # connections reset, new ones refused
        await line.plug()                   # the same url works again

`url` never changes: a pseudo terminal is reached through a link, as a real port is reached
through /dev/serial/by-id. Nothing here knows a protocol.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
import tempfile
import tty
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

CHUNK_BYTES = 4096
SPLIT_PAUSE_S = 0.002
"""Between two bytes of a torn answer: long enough that the reader sees them one by one, about
two characters at 9600 baud."""
OUTBOX_MAX = 4096
"""Answers waiting to leave. A device that says more unheard loses the rest, as a UART does."""
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER on with 0 seconds: closing sends RST, as a device losing its power would cause."""


class Emulator(Protocol):
    """A device without a line."""

    def feed(self, data: bytes) -> bytes:
        """Takes what the host sent, returns what the device answers at once (may be empty)."""
        ...


@dataclass(slots=True)
class LineFaults:
    """What is wrong with the line; may be changed at any time, holds from the next byte on."""

    silent: bool = False
    """The device hears everything, its answers are lost."""
    late_s: float = 0.0
    """Answers leave this many seconds late, in order."""
    garbled: bool = False
    """Every bit of an answer arrives flipped."""
    split: bool = False
    """Answers arrive byte by byte."""
    deaf: bool = False
    """The device stops reading, so the host's writes fill the buffers and hang."""
    unplug_after: int | None = None
    """The cable is pulled once the device has got this many more bytes (0 = before the next)."""


class Line(ABC):
    """An emulator on a line. Made by `on_tcp` and `on_pty`, closed by leaving their block."""

    url: str

    def __init__(self, emulator: Emulator, faults: LineFaults) -> None:
        self.emulator = emulator
        self.faults = faults
        self.received = 0
        """Bytes the emulator was fed since it was put on the line."""
        self.error: Exception | None = None
        """What the emulator raised, if it did; raised again at the end of the block."""
        self._outbox: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(OUTBOX_MAX)
        self._sending = False
        self._sender = asyncio.ensure_future(self._send_answers())

    @abstractmethod
    async def plug(self) -> None:
        """Puts the cable in again; does nothing if it is in."""

    @abstractmethod
    def unplug(self) -> None:
        """Pulls the cable; answers under way are lost. Does nothing if it is out."""

    def push(self, data: bytes) -> None:
        """The device says `data` unasked (an automatic status, a key press)."""
        if data and not self.faults.silent:
            due = asyncio.get_running_loop().time() + self.faults.late_s
            with contextlib.suppress(asyncio.QueueFull):
                self._outbox.put_nowait((due, data))

    @property
    def idle(self) -> bool:
        """Whether every answer has left."""
        return self._outbox.empty() and not self._sending

    async def close(self) -> None:
        """Pulls the cable for good."""
        self.unplug()
        self._sender.cancel()
        await asyncio.gather(self._sender, return_exceptions=True)

    def _take(self, data: bytes) -> None:
        limit = self.faults.unplug_after
        cut = limit is not None and len(data) >= limit
        data = data[:limit] if cut else data
        self.received += len(data)
        if limit is not None:
            self.faults.unplug_after = None if cut else limit - len(data)
        try:
            answer = self.emulator.feed(data)
        except Exception as error:  # noqa: BLE001 - an edge: raised again when the line closes
            self.error = error
            self.unplug()
            return
        self.push(answer)
        if cut:
            self.unplug()

    async def _send_answers(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            self._sending = False
            due, data = await self._outbox.get()
            self._sending = True
            await asyncio.sleep(max(0.0, due - clock()))
            if self.faults.garbled:
                data = bytes(byte ^ 0xFF for byte in data)
            if not self.faults.split:
                self._put(data)
                continue
            for at in range(len(data)):
                self._put(data[at : at + 1])
                await asyncio.sleep(SPLIT_PAUSE_S)

    def _forget_answers(self) -> None:
        while not self._outbox.empty():
            self._outbox.get_nowait()

    @abstractmethod
    def _put(self, data: bytes) -> None:
        """Sends to whoever is connected, or drops."""


class TcpLine(Line):
    """On a port of the loopback; any number of connections, all heard by the one device."""

    def __init__(self, emulator: Emulator, faults: LineFaults) -> None:
        super().__init__(emulator, faults)
        self._server: asyncio.Server | None = None
        self._port = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def plug(self) -> None:
        """Listens, on the same port as before if there was one."""
        if self._server is None:
            self._server = await asyncio.start_server(
                self._serve, "127.0.0.1", self._port, limit=CHUNK_BYTES
            )
            self._port = self._server.sockets[0].getsockname()[1]
            self.url = f"tcp://127.0.0.1:{self._port}"

    def unplug(self) -> None:
        """Stops listening and resets every connection."""
        self._forget_answers()
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in tuple(self._writers):
            _reset(writer)

    async def close(self) -> None:
        """Pulls the cable for good and waits for the conversations to end."""
        await super().close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def connections(self) -> int:
        """Hosts connected now."""
        return len(self._writers)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            while self._server is not None:
                if self.faults.deaf:
                    await asyncio.sleep(SPLIT_PAUSE_S)
                elif data := await reader.read(CHUNK_BYTES):
                    self._take(data)
                else:
                    break
        except ConnectionError:
            pass  # The host hung up, or we pulled the cable: both end the conversation.
        finally:
            self._writers.discard(writer)
            self._tasks.discard(task)
            writer.close()

    def _put(self, data: bytes) -> None:
        for writer in self._writers:
            writer.write(data)


class PtyLine(Line):
    """On a pseudo terminal in raw mode, which a serial port's driver cannot tell from a port."""

    def __init__(self, emulator: Emulator, faults: LineFaults, link: Path) -> None:
        super().__init__(emulator, faults)
        self._link = link
        self._master = self._slave = -1
        self.url = f"serial://{link}?baud=9600"

    @property
    def path(self) -> str:
        """What to give to a serial library."""
        return str(self._link)

    async def plug(self) -> None:
        """Makes a new terminal and points the link at it."""
        if self._master >= 0:
            return
        # Our own hold on the slave keeps the line up while no host has it open.
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(os.ttyname(self._slave))
        asyncio.get_running_loop().add_reader(self._master, self._readable)

    def unplug(self) -> None:
        """Hangs up; the link is gone, as the name of a port that was pulled out is."""
        self._forget_answers()
        if self._master < 0:
            return
        asyncio.get_running_loop().remove_reader(self._master)
        self._link.unlink(missing_ok=True)
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1

    def _readable(self) -> None:
        if self.faults.deaf:
            # Level-triggered: without a pause the loop would spin on the unread bytes.
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._master)
            loop.call_later(SPLIT_PAUSE_S, self._listen_again)
            return
        with contextlib.suppress(OSError):  # hung up between the event and the read
            self._take(os.read(self._master, CHUNK_BYTES))

    def _listen_again(self) -> None:
        if self._master >= 0:
            asyncio.get_running_loop().add_reader(self._master, self._readable)

    def _put(self, data: bytes) -> None:
        if self._master >= 0:
            with contextlib.suppress(OSError):  # nobody reads: a UART drops it too
                os.write(self._master, data)


@contextlib.asynccontextmanager
async def on_tcp(emulator: Emulator, faults: LineFaults | None = None) -> AsyncIterator[TcpLine]:
    """Serves `emulator` on a free port of 127.0.0.1 until the block ends."""
    line = TcpLine(emulator, faults or LineFaults())
    try:
        await line.plug()
        yield line
    finally:
        await line.close()
    _raise_error_of(line)


@contextlib.asynccontextmanager
async def on_pty(emulator: Emulator, faults: LineFaults | None = None) -> AsyncIterator[PtyLine]:
    """Serves `emulator` on a pseudo terminal until the block ends. Linux and macOS."""
    with tempfile.TemporaryDirectory(prefix="queued-line-") as folder:
        line = PtyLine(emulator, faults or LineFaults(), Path(folder, "tty"))
        try:
            await line.plug()
            yield line
        finally:
            await line.close()
    _raise_error_of(line)


def _raise_error_of(line: Line) -> None:
    if line.error is not None:
        raise line.error


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):  # already gone
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    writer.transport.abort()
