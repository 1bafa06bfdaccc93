"""USB printers: through the kernel's device file if it has one, else through python-escpos.

How it works. Where the kernel driver usblp has the printer, /dev/usb/lp* is the better way: the
event loop can wait for it, short writes are counted, nothing is detached. Where it has not (the
module is absent, as on many small boards, or another program detached it), python-escpos finds
and configures the printer through libusb. Its `_raw` and `_read` are not used: they do not count
what left, end on a stall, and know one make's endpoints (0x01, 0x82) only. So the endpoints are
looked up (USB Device Class Definition for Printing Devices 1.1: class 7, bulk out, bulk in if
there is a way back) and bytes go through pyusb, every transfer with a time limit.

libusb blocks, so every call runs in the port's one thread. python-escpos is imported there, when
a port is first opened without the kernel's help: it costs half a second.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from drivers.device import DeviceBroken, DeviceTransient, Transport
from drivers.port_thread import PortThread
from drivers.ports import UsbPort
from drivers.transport import OPEN_TIMEOUT_S, FileTransport, ShortWrite, find_usb_printer

IMPORT_LIMIT_S = 30.0
"""A slow card reads python-escpos' table of printers for many seconds, once."""
READ_SLICE_S = 0.05
"""The thread looks up so often, so a cancelled read gives the port back at once."""
PORTION_BYTES = 1024
"""A failed portion counts as sent. Small, so that the count is close."""
PICKLE_FOLDER = "ESCPOS_CAPABILITIES_PICKLE_DIR"
PRINTER_CLASS = 7
LIBUSB_MISSING = "libusb is not installed (Debian: apt install libusb-1.0-0)"

_importing = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Opened:
    """A claimed printer: python-escpos' handle and its endpoints (None: no way back)."""

    handle: Any
    out: Any
    back: Any


class UsbTransport:
    """A USB printer, found anew at every opening, by whichever way there is."""

    def __init__(self, port: UsbPort, backend: object | None = None) -> None:
        """`backend` is pyusb's; None lets it find libusb."""
        self._port = port
        self._backend = backend
        self._inner: Transport | None = None

    async def open(self) -> None:
        if self._inner is not None:
            return
        inner: Transport
        try:
            path = find_usb_printer(self._port)
        except DeviceTransient:
            inner = LibusbTransport(self._port, self._backend)
        else:
            inner = FileTransport(lambda: path)
        await inner.open()
        self._inner = inner

    async def write(self, data: bytes, timeout_s: float) -> int:
        if self._inner is None:
            raise ShortWrite("unplugged", f"{self._port} is not open", 0)
        return await self._inner.write(data, timeout_s)

    async def read(self, timeout_s: float) -> bytes:
        if self._inner is None:
            raise DeviceTransient("unplugged", f"{self._port} is not open")
        return await self._inner.read(timeout_s)

    async def close(self) -> None:
        inner, self._inner = self._inner, None
        if inner is not None:
            await inner.close()


class LibusbTransport:
    """A USB printer through libusb. Not for several tasks at once."""

    def __init__(self, port: UsbPort, backend: object | None = None) -> None:
        self._port = port
        self._backend = backend
        self._opened: _Opened | None = None
        self._thread = PortThread(str(port))

    async def open(self) -> None:
        if self._opened is not None:
            return
        self._thread.start()
        try:
            await self._thread.run(import_escpos, IMPORT_LIMIT_S)
            self._opened = await self._thread.run(self._open_blocking, OPEN_TIMEOUT_S)
        except BaseException:
            self._thread.drop()
            raise

    async def write(self, data: bytes, timeout_s: float) -> int:
        if (opened := self._opened) is None:
            raise ShortWrite("unplugged", f"{self._port} is not open", 0)
        clock = asyncio.get_running_loop().time
        deadline = clock() + timeout_s
        written = 0
        while written < len(data):
            portion = data[written : written + PORTION_BYTES]
            left = deadline - clock()
            if left <= 0:
                raise self._short("timeout", written, len(data))
            try:
                written += await self._thread.run(partial(_put, opened, portion, left), left)
            except DeviceTransient as error:
                # A transfer that timed out moved nothing; one given up may have moved all.
                hung = error.code == "unplugged" or "hangs" in str(error)
                count = written + len(portion) if hung else written
                raise self._short(error.code, count, len(data)) from None
        return written

    async def read(self, timeout_s: float) -> bytes:
        if (opened := self._opened) is None:
            raise DeviceTransient("unplugged", f"{self._port} is not open")
        clock = asyncio.get_running_loop().time
        deadline = clock() + timeout_s
        while True:
            slice_s = max(0.001, min(READ_SLICE_S, deadline - clock()))
            if opened.back is None:
                await asyncio.sleep(slice_s)  # it never answers
                data = b""
            else:
                data = await self._thread.run(partial(_get, opened, slice_s), slice_s)
            if data or clock() >= deadline:
                return data

    async def close(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            with suppress(DeviceTransient, OSError):  # pulled out or stuck: nothing left to close
                await self._thread.run(opened.handle.close, READ_SLICE_S)
        self._thread.drop()

    def _open_blocking(self) -> _Opened:
        import usb.core
        from escpos.exceptions import DeviceNotFoundError
        from escpos.printer import Usb

        printer = Usb(
            usb_args={"custom_match": partial(_is, self._port), "backend": self._backend}
        )
        try:
            printer.open()
            return _claimed(printer, self._port)
        except usb.core.NoBackendError:
            raise DeviceBroken("bad_port", f"{self._port}: {LIBUSB_MISSING}") from None
        except usb.core.USBError as error:
            raise _open_error(self._port, error) from None
        except DeviceNotFoundError as error:
            # It wraps "not there" and every error of libusb in one sentence.
            cause = error.__context__
            if isinstance(cause, usb.core.USBError):
                raise _open_error(self._port, cause) from None
            raise DeviceTransient("unplugged", f"{self._port} is not plugged in") from None

    def _short(self, code: str, written: int, total: int) -> ShortWrite:
        message = f"{self._port} took at most {written} of {total} bytes"
        return ShortWrite(code, message, written)


def import_escpos() -> None:
    """Imports python-escpos without what that does to a process. Blocks; in any thread.

    escpos.capabilities (3.1) configures the root logger, pickles its table into a folder made by
    `mkdtemp` (unless told another one) and makes an empty folder even then; it never removes
    either. Here both land in a folder that is removed, and the root logger stays as it was.
    """
    with _importing:
        handlers, honest, here = logging.root.handlers[:], tempfile.mkdtemp, threading.get_ident()
        with tempfile.TemporaryDirectory(prefix="queued-escpos-") as folder:
            before = os.environ.get(PICKLE_FOLDER)

            def diverted(*args: Any, **options: Any) -> str:
                return folder if threading.get_ident() == here else honest(*args, **options)

            try:
                os.environ[PICKLE_FOLDER] = folder
                tempfile.mkdtemp = diverted  # type: ignore[assignment]
                import escpos.printer  # noqa: F401
            finally:
                tempfile.mkdtemp = honest
                logging.root.handlers[:] = handlers
                os.environ.pop(PICKLE_FOLDER, None)
                if before is not None:
                    os.environ[PICKLE_FOLDER] = before


def _is(port: UsbPort, device: Any) -> bool:
    ids = (int(port.vendor, 16), int(port.product, 16))
    if (device.idVendor, device.idProduct) != ids:
        return False
    # Reading the number opens the device, so it is done last.
    return not port.serial or device.serial_number == port.serial


def _claimed(printer: Any, port: UsbPort) -> _Opened:
    import usb.util

    device = printer.device
    for interface in device.get_active_configuration():
        bulk = [end for end in interface if _is_bulk(end)]
        out = next((end for end in bulk if _goes_out(end)), None)
        if interface.bInterfaceClass == PRINTER_CLASS and out is not None:
            usb.util.claim_interface(device, interface.bInterfaceNumber)
            back = next((end for end in bulk if not _goes_out(end)), None)
            return _Opened(printer, out, back)
    printer.close()
    raise DeviceBroken("bad_port", f"{port} is no printer: it has no interface of class 7")


def _is_bulk(endpoint: Any) -> bool:
    return (endpoint.bmAttributes & 0x03) == 0x02


def _goes_out(endpoint: Any) -> bool:
    return not endpoint.bEndpointAddress & 0x80


def _put(opened: _Opened, portion: bytes, timeout_s: float) -> int:
    """Bytes taken, at least one. Raises `DeviceTransient`: `timeout` took none."""
    import usb.core

    try:
        count: int = opened.out.write(portion, max(1, round(timeout_s * 1000)))
    except usb.core.USBTimeoutError:
        raise DeviceTransient("timeout", "it takes nothing") from None
    except usb.core.USBError as error:
        raise DeviceTransient("unplugged", _words(error)) from None
    return count


def _get(opened: _Opened, timeout_s: float) -> bytes:
    import usb.core

    try:
        # A whole packet: asking for less than the printer sends is an overflow error.
        data = opened.back.read(opened.back.wMaxPacketSize, max(1, round(timeout_s * 1000)))
    except usb.core.USBTimeoutError:
        return b""
    except usb.core.USBError as error:
        raise DeviceTransient("unplugged", _words(error)) from None
    return bytes(data)


def _open_error(port: UsbPort, error: OSError) -> DeviceBroken | DeviceTransient:
    if error.errno in (errno.EACCES, errno.EPERM):
        hint = "give the service's user the right, see config/udev"
        return DeviceBroken("no_permission", f"no permission to open {port}: {hint}")
    if error.errno == errno.EBUSY:
        return DeviceTransient("offline", f"{port} is in use by another program")
    return DeviceTransient("unplugged", f"{port}: {_words(error)}")


def _words(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno else "libusb reports an error"
