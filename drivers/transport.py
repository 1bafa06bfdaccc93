"""Bytes to and from a port, with a time limit on everything: TCP, device files, emulators.

Serial lines are in `serial_link.py`, USB printers without a kernel driver in `usb_link.py`,
print queues in `cups.py`; several devices on one line in `bus.py`. Writes count
what left: the error of a short write carries `written`, the number of bytes that certainly or
possibly left, because a slip of which one byte left may be on paper.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from drivers.device import DeviceBroken, DeviceTransient, Transport, no_permission
from drivers.ports import (
    AlsaPort,
    BrowserPort,
    CupsPort,
    FilePort,
    Port,
    SerialPort,
    TcpPort,
    UsbPort,
    VirtualPort,
)

OPEN_TIMEOUT_S = 5.0
"""A printer on the hall's own network answers in milliseconds; one that is off, never."""
CHUNK_BYTES = 4096
UNHEARD_MAX_MS = 10_000
"""TCP gives a peer that lost its power up so soon, not after the usual quarter of an hour."""


class ShortWrite(DeviceTransient):
    """Not everything left. `written` bytes certainly or possibly did."""

    def __init__(self, code: str, message: str, written: int) -> None:
        super().__init__(code, message)
        self.written = written


class Emulator(Protocol):
    """A device in software."""

    def feed(self, data: bytes) -> bytes:
        """Take bytes, return the answers."""
        ...


def open_port(port: Port, emulator: Emulator | None = None) -> Transport:
    """The transport of `port`, not yet open. A virtual port needs its emulator."""
    match port:
        case TcpPort():
            return TcpTransport(port)
        case SerialPort():
            from drivers.serial_link import SerialTransport  # pyserial only where it is used

            return SerialTransport(port)
        case FilePort(path):
            return FileTransport(lambda: path)
        case UsbPort():
            from drivers.usb_link import UsbTransport

            return UsbTransport(port)
        case CupsPort():
            from drivers.cups import CupsTransport

            return CupsTransport(port)
        case AlsaPort():
            raise DeviceBroken("bad_port", f"{port} plays clips; this kind of device talks bytes")
        case BrowserPort():
            raise DeviceBroken("bad_port", f"{port} speaks; this kind of device talks bytes")
        case VirtualPort():
            if emulator is None:
                raise DeviceBroken("bad_port", "this kind of device cannot be virtual")
            return VirtualTransport(emulator)


class TcpTransport:
    """A connection to a server, made anew by every `open` after a failure."""

    def __init__(self, port: TcpPort) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    async def open(self) -> None:
        if self._socket is not None:
            return
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                self._socket = await _connect(self._port)
        except TimeoutError:
            raise DeviceTransient(
                "timeout", f"{self._port} did not answer within {OPEN_TIMEOUT_S:g} s"
            ) from None
        except OSError as error:
            raise DeviceTransient("offline", f"{self._port}: {_words(error)}") from None

    async def write(self, data: bytes, timeout_s: float) -> int:
        if (sock := self._socket) is None or _hung_up(sock):
            # Without this look the first write after a hang-up succeeds and is lost.
            raise ShortWrite("unplugged", f"{self._port} closed the connection", 0)
        return await send_all(sock.fileno(), sock.send, data, timeout_s, str(self._port))

    async def read(self, timeout_s: float) -> bytes:
        if (sock := self._socket) is None:
            raise DeviceTransient("unplugged", f"{self._port} is not open")
        data = await receive(
            sock.fileno(), lambda: sock.recv(CHUNK_BYTES), timeout_s, str(self._port)
        )
        if data is None:
            return b""
        if not data:
            raise DeviceTransient("unplugged", f"{self._port} closed the connection")
        return data

    async def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class FileTransport:
    """A device file, or a plain file that grows. `find` tells the path at every opening."""

    def __init__(self, find: Callable[[], str]) -> None:
        self._find = find
        self._path = ""
        self._fd = -1
        self._waits = False
        """Whether the descriptor can be waited for (a device), or is always ready (a file)."""

    async def open(self) -> None:
        if self._fd >= 0:
            return
        self._path = self._find()
        try:
            self._fd = await asyncio.to_thread(_open_file, self._path)
        except OSError as error:
            raise _open_error(self._path, error) from None
        self._waits = not stat.S_ISREG(os.fstat(self._fd).st_mode) and can_wait(self._fd)

    async def write(self, data: bytes, timeout_s: float) -> int:
        if (fd := self._fd) < 0:
            raise ShortWrite("unplugged", f"{self._path or 'the file'} is not open", 0)
        if self._waits:
            return await send_all(fd, lambda view: os.write(fd, view), data, timeout_s, self._path)
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.to_thread(_write_file, fd, data, self._path)
        except TimeoutError:
            message = f"{self._path} took longer than {timeout_s:g} s"
            raise ShortWrite("timeout", message, len(data)) from None

    async def read(self, timeout_s: float) -> bytes:
        if (fd := self._fd) < 0:
            raise DeviceTransient("unplugged", f"{self._path or 'the file'} is not open")
        if not self._waits:
            await asyncio.sleep(timeout_s)  # a plain file never answers
            return b""
        return await receive(fd, lambda: os.read(fd, CHUNK_BYTES), timeout_s, self._path) or b""

    async def close(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            with contextlib.suppress(OSError):  # a device pulled out reports EIO here
                os.close(fd)


class VirtualTransport:
    """A line to an emulator in this process; its answers are there at once."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._open = False
        self._answers = bytearray()
        self._arrived = asyncio.Event()

    async def open(self) -> None:
        self._open = True

    async def write(self, data: bytes, timeout_s: float) -> int:
        if not self._open:
            raise ShortWrite("unplugged", "the virtual device is not open", 0)
        try:
            self._answers += self._emulator.feed(data)
        except OSError as error:
            raise ShortWrite("unplugged", _words(error), len(data)) from None
        if self._answers:
            self._arrived.set()
        return len(data)

    async def read(self, timeout_s: float) -> bytes:
        if not self._open:
            raise DeviceTransient("unplugged", "the virtual device is not open")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._arrived.wait()
        data = bytes(self._answers)
        self._answers.clear()
        self._arrived.clear()
        return data

    async def close(self) -> None:
        self._open = False
        self._answers.clear()
        self._arrived.clear()


async def send_all(
    fd: int, send: Callable[[memoryview], int], data: bytes, timeout_s: float, name: str
) -> int:
    """Send all of `data` through a descriptor that does not block. Raises `ShortWrite`."""
    view, written = memoryview(data), 0
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_s):
            while written < len(view):
                try:
                    written += send(view[written:])
                except BlockingIOError:
                    await _until(loop.add_writer, loop.remove_writer, fd)
    except TimeoutError:
        message = f"{name} took only {written} of {len(view)} bytes in {timeout_s:g} s"
        raise ShortWrite("timeout", message, written) from None
    except OSError as error:
        raise ShortWrite("unplugged", f"{name}: {_words(error)}", written) from None
    return written


async def receive(fd: int, read: Callable[[], bytes], timeout_s: float, name: str) -> bytes | None:
    """What `read` gives, b"" at the end of the stream, None after `timeout_s` of silence."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(max(timeout_s, 0)):
            while True:
                try:
                    return read()
                except BlockingIOError:
                    await _until(loop.add_reader, loop.remove_reader, fd)
    except TimeoutError:
        return None
    except OSError as error:
        raise DeviceTransient("unplugged", f"{name}: {_words(error)}") from None


def find_usb_printer(port: UsbPort, sys_root: str = "/sys", dev_root: str = "/dev") -> str:
    """The device file of a USB printer, wherever it is plugged in today.

    Raises `DeviceTransient` (code `unplugged`) when the kernel does not see it.
    """
    for entry in sorted(Path(sys_root, "class", "usbmisc").glob("lp*")):
        for folder in (entry / "device").resolve().parents:
            try:
                found = tuple(
                    (folder / name).read_text("ascii").strip().lower()
                    for name in ("idVendor", "idProduct")
                )
            except OSError:
                continue  # an interface or a hub above it: the ids are one level up
            if found == (port.vendor, port.product) and port.serial in ("", _serial_of(folder)):
                return str(Path(dev_root, "usb", entry.name))
            break
    raise DeviceTransient("unplugged", f"{port} is not plugged in")


def _serial_of(folder: Path) -> str:
    """The serial number of a USB device; "" for those without."""
    try:
        return (folder / "serial").read_text("utf-8", "replace").strip()
    except OSError:
        return ""


async def _connect(port: TcpPort) -> socket.socket:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(port.host, port.port, type=socket.SOCK_STREAM)
    failure: OSError = OSError(errno.EHOSTUNREACH, "no address")
    for family, kind, protocol, _name, address in found:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            await loop.sock_connect(sock, address)
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
        else:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNHEARD_MAX_MS)
            return sock
    raise failure


def _hung_up(sock: socket.socket) -> bool:
    try:
        return sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


async def _until(add: Callable[..., None], remove: Callable[[int], object], fd: int) -> None:
    """Until the descriptor is ready."""
    ready = asyncio.get_running_loop().create_future()

    def tell() -> None:
        if not ready.done():
            ready.set_result(None)

    add(fd, tell)
    try:
        await ready
    finally:
        remove(fd)


def can_wait(fd: int) -> bool:
    """Whether the loop can wait for `fd`: not for plain files, /dev/null, /dev/full (EPERM)."""
    loop = asyncio.get_running_loop()
    try:
        loop.add_reader(fd, lambda: None)
        loop.remove_reader(fd)
    except OSError:
        return False
    return True


def _open_file(path: str) -> int:
    flags = os.O_NONBLOCK | os.O_APPEND | os.O_CLOEXEC | os.O_NOCTTY
    if not path.startswith("/dev/"):
        # A printer that is off must not become a plain file in /dev, so only others are made.
        return os.open(path, flags | os.O_WRONLY | os.O_CREAT, 0o640)
    try:
        return os.open(path, flags | os.O_RDWR)
    except PermissionError:
        return os.open(path, flags | os.O_WRONLY)


def _write_file(fd: int, data: bytes, path: str) -> int:
    written = 0
    try:
        while written < len(data):
            written += os.write(fd, data[written:])
    except OSError as error:
        code = "offline" if error.errno == errno.ENOSPC else "unplugged"
        raise ShortWrite(code, f"{path}: {_words(error)}", written) from None
    return written


def _open_error(path: str, error: OSError) -> DeviceTransient | DeviceBroken:
    if isinstance(error, PermissionError):
        return no_permission(path)
    if isinstance(error, IsADirectoryError):
        return DeviceBroken("bad_port", f"{path} is a directory")
    if error.errno == errno.EBUSY:
        return DeviceTransient("offline", f"{path} is in use by another program")
    return DeviceTransient("unplugged", f"{path}: {_words(error)}")


def _words(error: OSError) -> str:
    # Not the error's own text: asyncio puts the address into it a second time.
    if isinstance(error, socket.gaierror):
        return "no such host is known"
    return os.strerror(error.errno).lower() if error.errno else type(error).__name__
