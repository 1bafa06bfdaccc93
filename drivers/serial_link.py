"""Serial lines through pyserial, each in a worker thread of its own.

pyserial blocks, so every call runs in the port's one thread (`port_thread.py`); both its
`timeout` and its `write_timeout` are set. The port is opened exclusively: two programs on one
line would spoil each other's frames.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import termios
from functools import partial

import serial

from drivers.device import DeviceBroken, DeviceTransient, no_permission
from drivers.port_thread import PortThread
from drivers.ports import SerialPort
from drivers.transport import OPEN_TIMEOUT_S, ShortWrite

READ_SLICE_S = 0.05
"""The thread looks up so often, so a cancelled read gives the port back at once."""
PORTION_BYTES = 64
"""A failed portion counts as sent. Small, so the count is close; 64 bytes take 67 ms at 9600."""

GONE = (OSError, TypeError, termios.error)
"""What pyserial lets through when a port vanishes: SerialException is an OSError, a port closed
meanwhile is a TypeError, and termios has an error of its own."""


class SerialTransport:
    """One serial port. Not for several tasks at once: see `bus.py`."""

    def __init__(self, port: SerialPort) -> None:
        self._port = port
        self._serial: serial.Serial | None = None
        self._thread = PortThread(str(port))
        self._failed = False

    async def open(self) -> None:
        if self._serial is not None:
            return
        self._thread.start()
        self._failed = False
        try:
            self._serial = await self._thread.run(self._open_blocking, OPEN_TIMEOUT_S)
        except (*GONE, ValueError) as error:
            self._thread.drop()
            raise self._open_error(error) from None
        except BaseException:
            self._thread.drop()
            raise

    async def write(self, data: bytes, timeout_s: float) -> int:
        if (link := self._serial) is None:
            raise ShortWrite("unplugged", f"{self._port} is not open", 0)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        written = 0
        while written < len(data):
            portion = data[written : written + PORTION_BYTES]
            left = deadline - loop.time()
            if left <= 0:
                raise self._short("timeout", written, len(data))
            try:
                await self._thread.run(partial(_write, link, portion, left), left)
            except (serial.SerialTimeoutException, DeviceTransient):
                raise self._short("timeout", written + len(portion), len(data)) from None
            except GONE:
                # The kernel took nothing of the first portion; of a later one perhaps a part.
                count = written + len(portion) if written else 0
                raise self._short("unplugged", count, len(data)) from None
            written += len(portion)
        return written

    async def read(self, timeout_s: float) -> bytes:
        if (link := self._serial) is None:
            raise DeviceTransient("unplugged", f"{self._port} is not open")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while True:
            try:
                data = await self._thread.run(lambda: _read(link), READ_SLICE_S)
            except DeviceTransient:
                self._failed = True
                raise
            except GONE:
                self._failed = True
                raise DeviceTransient("unplugged", f"{self._port} was unplugged") from None
            if data or loop.time() >= deadline:
                return data

    async def close(self) -> None:
        link, self._serial = self._serial, None
        if link is not None:
            try:
                await self._thread.run(lambda: _close(link, self._failed), READ_SLICE_S)
            except (*GONE, DeviceTransient):
                pass  # unplugged or stuck: there is nothing left to close
        self._thread.drop()

    def _open_blocking(self) -> serial.Serial:
        port = self._port
        return serial.Serial(
            port.path,
            baudrate=port.baud,
            parity=port.parity,
            stopbits=port.stop,
            bytesize=port.bits,
            rtscts=port.flow == "rtscts",
            xonxoff=port.flow == "xonxoff",
            dsrdtr=port.flow == "dsrdtr",
            timeout=READ_SLICE_S,
            write_timeout=OPEN_TIMEOUT_S,
            exclusive=True,
        )

    def _open_error(self, error: Exception) -> DeviceBroken | DeviceTransient:
        number = getattr(error, "errno", None)
        if number in (errno.EACCES, errno.EPERM):
            return no_permission(self._port.path)
        if number in (errno.EAGAIN, errno.EBUSY) or "exclusively lock" in str(error):
            return DeviceTransient("offline", f"{self._port} is in use by another program")
        if number in (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.EIO):
            return DeviceTransient("unplugged", f"{self._port} is not there")
        return DeviceBroken("bad_port", f"{self._port} cannot be set up as a serial port")

    def _short(self, code: str, written: int, total: int) -> ShortWrite:
        self._failed = True
        message = f"{self._port} took at most {written} of {total} bytes"
        return ShortWrite(code, message, written)


def _write(link: serial.Serial, portion: bytes, timeout_s: float) -> None:
    link.write_timeout = timeout_s
    link.write(portion)


def _read(link: serial.Serial) -> bytes:
    first: bytes = link.read(1)
    more: bytes = link.read(link.in_waiting) if first and link.in_waiting else b""
    return first + more


def _close(link: serial.Serial, failed: bool) -> None:
    if failed and link.is_open:
        # Else closing waits up to 30 s for bytes nobody takes.
        with contextlib.suppress(*GONE):
            link.reset_output_buffer()
    link.close()
