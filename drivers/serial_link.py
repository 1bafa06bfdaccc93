"""Serial lines: pyserial sets the port up, the event loop moves the bytes.

Opening and closing may block, so they run in the port's one thread (`port_thread.py`). Reading
and writing use the descriptor that pyserial leaves non-blocking: a byte is here as soon as the
kernel has it, and asking whether there is one costs microseconds. The port is opened exclusively:
two programs on one line would spoil each other's frames.
"""

from __future__ import annotations

import contextlib
import errno
import os
import termios

import serial

from drivers.device import DeviceBroken, DeviceTransient, no_permission
from drivers.port_thread import PortThread
from drivers.ports import SerialPort
from drivers.transport import CHUNK_BYTES, OPEN_TIMEOUT_S, ShortWrite, receive, send_all

CLOSE_LIMIT_S = 0.05
"""A port that closes later is left to its thread."""

GONE = (OSError, TypeError, termios.error)
"""What pyserial lets through when a port vanishes: SerialException is an OSError, a port closed
meanwhile is a TypeError, and termios has an error of its own."""


class SerialTransport:
    """One serial port. Not for several tasks at once: see `bus.py`."""

    def __init__(self, port: SerialPort) -> None:
        self._port = port
        self._serial: serial.Serial | None = None
        self._fd = -1
        self._thread = PortThread(str(port))
        self._failed = False

    async def open(self) -> None:
        if self._serial is not None:
            return
        self._thread.start()
        self._failed = False
        try:
            self._serial = link = await self._thread.run(self._open_blocking, OPEN_TIMEOUT_S)
            self._fd = link.fileno()
        except (*GONE, ValueError) as error:
            self._thread.drop()
            raise self._open_error(error) from None
        except BaseException:
            self._thread.drop()
            raise

    async def write(self, data: bytes, timeout_s: float) -> int:
        if (fd := self._fd) < 0:
            raise ShortWrite("unplugged", f"{self._port} is not open", 0)
        try:
            return await send_all(
                fd, lambda view: os.write(fd, view), data, timeout_s, str(self._port)
            )
        except ShortWrite:
            self._failed = True
            raise

    async def read(self, timeout_s: float) -> bytes:
        if (fd := self._fd) < 0:
            raise DeviceTransient("unplugged", f"{self._port} is not open")
        try:
            data = await receive(fd, lambda: os.read(fd, CHUNK_BYTES), timeout_s, str(self._port))
        except DeviceTransient:
            self._failed = True
            raise
        if data == b"":  # the end of a stream: a terminal that hung up
            self._failed = True
            raise DeviceTransient("unplugged", f"{self._port} was unplugged")
        return data or b""

    async def close(self) -> None:
        link, self._serial = self._serial, None
        self._fd = -1
        if link is not None:
            try:
                await self._thread.run(lambda: _close(link, self._failed), CLOSE_LIMIT_S)
            except (*GONE, DeviceTransient):
                pass  # unplugged or stuck: there is nothing left to close
        self._thread.drop()

    def _open_blocking(self) -> serial.Serial:
        port = self._port
        link = serial.Serial(
            port.path,
            baudrate=port.baud,
            parity=port.parity,
            stopbits=port.stop,
            bytesize=port.bits,
            rtscts=port.flow == "rtscts",
            xonxoff=port.flow == "xonxoff",
            dsrdtr=port.flow == "dsrdtr",
            exclusive=True,
        )
        fd = link.fileno()
        os.set_blocking(fd, False)
        # pyserial's own reads end at once without a byte (VMIN 0), as they do at a hang-up: with
        # VMIN 1 nothing to read is EAGAIN, and an empty read is the end.
        attributes = termios.tcgetattr(fd)
        attributes[6][termios.VMIN] = 1
        termios.tcsetattr(fd, termios.TCSANOW, attributes)
        return link

    def _open_error(self, error: Exception) -> DeviceBroken | DeviceTransient:
        number = getattr(error, "errno", None)
        if number in (errno.EACCES, errno.EPERM):
            return no_permission(self._port.path)
        if number in (errno.EAGAIN, errno.EBUSY) or "exclusively lock" in str(error):
            return DeviceTransient("offline", f"{self._port} is in use by another program")
        if number in (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.EIO):
            return DeviceTransient("unplugged", f"{self._port} is not there")
        return DeviceBroken("bad_port", f"{self._port} cannot be set up as a serial port")


def _close(link: serial.Serial, failed: bool) -> None:
    if failed and link.is_open:
        # Else closing waits up to 30 s for bytes nobody takes.
        with contextlib.suppress(*GONE):
            link.reset_output_buffer()
    link.close()
