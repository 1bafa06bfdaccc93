"""A USB bus with printers on it, below pyusb: a strict backend that speaks endpoints.

What a host must not do (transfer before claiming, claim what a kernel driver holds, use an
endpoint that is not there, ask for less than a packet, wait without a limit) fails the test that
does it.
"""

from __future__ import annotations

import errno
import threading
import time
from array import array
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import usb.backend
import usb.core

PACKET_BYTES = 64


@dataclass(eq=False)
class FakePrinter:
    """One device; `emulator` takes what arrives at the OUT endpoint."""

    emulator: Any
    vendor: int = 0x0416
    product: int = 0x5011
    serial: str = "P1"
    out_address: int = 0x03
    in_address: int | None = 0x81
    interface_class: int = 7
    held_by_kernel: bool = False
    open_error: int = 0
    """errno of opening the device, as without a udev rule."""
    claim_error: int = 0
    unplugged: bool = False
    deaf: bool = False
    takes: int | None = None
    """It takes so many more bytes, then nothing (a full buffer)."""
    hangs: threading.Event | None = None
    """Transfers hang in the kernel until this is set, whatever their limit."""
    answers: bytearray = field(default_factory=bytearray)
    claimed: bool = False
    opened: int = 0
    written: int = 0


class FakeBus(usb.backend.IBackend):
    """What libusb would be. `wrongs` are the host's mistakes."""

    def __init__(self, *printers: FakePrinter) -> None:
        self.printers = list(printers)
        self.wrongs: list[str] = []

    def enumerate_devices(self):
        return iter([printer for printer in self.printers if not printer.unplugged])

    def get_parent(self, dev):
        return None

    def get_device_descriptor(self, dev):
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x200, bDeviceClass=0, bDeviceSubClass=0,
            bDeviceProtocol=0, bMaxPacketSize0=64, idVendor=dev.vendor, idProduct=dev.product,
            bcdDevice=0x100, iManufacturer=0, iProduct=0, iSerialNumber=3,
            bNumConfigurations=1, address=5, bus=1, port_number=1, port_numbers=(1,), speed=3,
        )  # fmt: skip

    def get_configuration_descriptor(self, dev, config):
        if config:
            raise IndexError
        return SimpleNamespace(
            bLength=9, bDescriptorType=2, wTotalLength=32, bNumInterfaces=1,
            bConfigurationValue=1, iConfiguration=0, bmAttributes=0x80, bMaxPower=50,
            extra_descriptors=[],
        )  # fmt: skip

    def get_interface_descriptor(self, dev, intf, alt, config):
        if intf or alt or config:
            raise IndexError
        return SimpleNamespace(
            bLength=9, bDescriptorType=4, bInterfaceNumber=0, bAlternateSetting=0,
            bNumEndpoints=len(self._ends(dev)), bInterfaceClass=dev.interface_class,
            bInterfaceSubClass=1, bInterfaceProtocol=2, iInterface=0, extra_descriptors=[],
        )  # fmt: skip

    def get_endpoint_descriptor(self, dev, ep, intf, alt, config):
        return SimpleNamespace(
            bLength=7, bDescriptorType=5, bEndpointAddress=self._ends(dev)[ep],
            bmAttributes=2, wMaxPacketSize=PACKET_BYTES, bInterval=0, bRefresh=0,
            bSynchAddress=0, extra_descriptors=[],
        )  # fmt: skip

    def open_device(self, dev):
        _fail(dev.open_error)
        dev.opened += 1
        return dev

    def close_device(self, dev_handle):
        dev_handle.opened -= 1
        dev_handle.claimed = False

    def set_configuration(self, dev_handle, config_value):
        if dev_handle.held_by_kernel:
            _fail(errno.EBUSY)

    def get_configuration(self, dev_handle):
        return 1

    def claim_interface(self, dev_handle, intf):
        _fail(errno.EBUSY if dev_handle.held_by_kernel else dev_handle.claim_error)
        dev_handle.claimed = True

    def release_interface(self, dev_handle, intf):
        dev_handle.claimed = False

    def reset_device(self, dev_handle):
        pass

    def is_kernel_driver_active(self, dev_handle, intf):
        return dev_handle.held_by_kernel

    def detach_kernel_driver(self, dev_handle, intf):
        dev_handle.held_by_kernel = False

    def ctrl_transfer(self, dev_handle, bmRequestType, bRequest, wValue, wIndex, data, timeout):
        if (bmRequestType, bRequest) != (0x80, 6):
            self.wrongs.append(f"control request {bmRequestType:#x} {bRequest}")
            _fail(errno.EPIPE)
        text = "\u0409" if wValue == 0x300 else dev_handle.serial
        reply = bytes([2 + 2 * len(text), 3]) + text.encode("utf-16-le")
        data[: len(reply)] = array("B", reply)
        return len(reply)

    def bulk_write(self, dev_handle, ep, intf, data, timeout):
        self._check(dev_handle, ep == dev_handle.out_address, timeout)
        self._stop(dev_handle, timeout)
        taken = bytes(data)
        if dev_handle.takes is not None:
            taken = taken[: dev_handle.takes]
            dev_handle.takes -= len(taken)
        if not taken:
            _time_out(timeout)
        dev_handle.written += len(taken)
        dev_handle.answers += dev_handle.emulator.feed(taken)
        return len(taken)

    def bulk_read(self, dev_handle, ep, intf, buff, timeout):
        self._check(dev_handle, ep == dev_handle.in_address, timeout)
        if len(buff) % PACKET_BYTES:
            self.wrongs.append(f"a read of {len(buff)} bytes overflows")
        self._stop(dev_handle, timeout)
        if not dev_handle.answers:
            _time_out(timeout)
        data = dev_handle.answers[: len(buff)]
        del dev_handle.answers[: len(buff)]
        buff[: len(data)] = array("B", data)
        return len(data)

    def _check(self, printer, known, timeout):
        if not printer.claimed:
            self.wrongs.append("a transfer before the interface was claimed")
        if not known:
            self.wrongs.append("an endpoint that is not there")
        if timeout <= 0:
            self.wrongs.append("a transfer without a limit")

    def _stop(self, printer, timeout):
        if printer.hangs is not None:
            printer.hangs.wait(30)
        if printer.unplugged:
            _fail(errno.ENODEV)
        if printer.deaf:
            _time_out(timeout)

    @staticmethod
    def _ends(printer):
        ends = [printer.out_address, printer.in_address]
        return [end for end in ends if end is not None]


FakeBus.__module__ = "fake.libusb1"
"""python-escpos detaches kernel drivers only for a backend that is called so."""


def _fail(number):
    if number:
        raise usb.core.USBError("refused", None, number)


def _time_out(timeout):
    time.sleep(min(timeout, 100) / 1000)
    raise usb.core.USBTimeoutError("timed out", -7, errno.ETIMEDOUT)
