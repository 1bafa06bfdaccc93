"""USB printers without a kernel driver: python-escpos over a strict backend of pyusb."""

import asyncio
import errno
import logging
import subprocess
import sys
import threading

import pytest

from drivers import jobs, port_thread, transport, usb_link
from drivers.device import DeviceBroken, DeviceTransient
from drivers.emulators.escpos import PrinterEmulator
from drivers.ports import UsbPort
from drivers.printer import Printer
from drivers.transport import ShortWrite, find_usb_printer
from drivers.usb_link import LibusbTransport, UsbTransport
from tests.drivers.fake_usb import FakeBus, FakePrinter
from tests.drivers.slips import SLIP

PORT = UsbPort("0416", "5011")
ANY = {"timeout_s": 2.0, "write_timeout_s": 5.0, "print_timeout_s": 5.0}


@pytest.fixture(autouse=True)
def _quiet(caplog):
    # python-escpos reports a busy configuration as an error, and goes on.
    caplog.set_level(logging.CRITICAL)


def plugged(**what):
    """A printer on a bus, and its transport."""
    printer = FakePrinter(PrinterEmulator(), **what)
    bus = FakeBus(printer)
    return printer, bus, LibusbTransport(PORT, bus)


async def test_a_slip_is_printed_and_confirmed_over_usb():
    device, bus, link = plugged()
    printer = Printer(jobs.DeviceConfig("front", "escpos", "usb://0416:5011", ANY), link)
    await printer.connect()

    async def go():
        pass

    assert await printer.print(jobs.PrintSlip("job", "front", SLIP, 0), go) is True
    assert "A017" in device.emulator.pages[0].text
    device.emulator.faults.paper = "out"
    with pytest.raises(DeviceTransient) as caught:
        await printer.check()
    assert caught.value.code == "paper_out"
    await printer.close()
    assert (bus.wrongs, device.opened, device.claimed) == ([], 0, False)


async def test_a_kernel_driver_in_the_way_is_detached():
    device, bus, link = plugged(held_by_kernel=True)
    await link.open()
    assert not device.held_by_kernel
    assert device.claimed
    await link.close()


async def test_of_two_alike_the_one_with_the_serial_number():
    first = FakePrinter(PrinterEmulator(), serial="P1")
    second = FakePrinter(PrinterEmulator(), serial="P2")
    link = LibusbTransport(UsbPort("0416", "5011", "P2"), FakeBus(first, second))
    await link.open()
    assert await link.write(b"A", 1) == 1
    assert (first.written, second.written) == (0, 1)
    await link.close()


@pytest.mark.parametrize(
    ("what", "kind", "code", "words"),
    [
        ({"unplugged": True}, DeviceTransient, "unplugged", "usb 0416:5011 is not plugged in"),
        ({"product": 0x9999}, DeviceTransient, "unplugged", "not plugged in"),
        ({"open_error": errno.EACCES}, DeviceBroken, "no_permission", "no permission.*config/udev"),
        ({"claim_error": errno.EACCES}, DeviceBroken, "no_permission", "no permission"),
        ({"claim_error": errno.EBUSY}, DeviceTransient, "offline", "another program"),
        ({"interface_class": 3}, DeviceBroken, "bad_port", "no printer.*class 7"),
    ],
)
async def test_what_cannot_be_opened_says_why(what, kind, code, words):
    device, bus, link = plugged(**what)
    with pytest.raises(kind, match=words) as caught:
        await link.open()
    assert caught.value.code == code
    with pytest.raises(ShortWrite) as short:
        await link.write(b"A", 1)
    assert short.value.written == 0
    await link.close()


async def test_without_libusb_it_says_what_to_install(monkeypatch):
    import usb.backend.libusb0
    import usb.backend.libusb1
    import usb.backend.openusb

    for backend in (usb.backend.libusb0, usb.backend.libusb1, usb.backend.openusb):
        monkeypatch.setattr(backend, "get_backend", lambda *args, **options: None)
    with pytest.raises(DeviceBroken, match="apt install libusb"):
        await LibusbTransport(PORT).open()


async def test_a_full_printer_counts_what_it_took():
    device, bus, link = plugged(takes=1500)
    await link.open()
    with pytest.raises(ShortWrite) as caught:
        await link.write(bytes(5000), 0.2)
    assert (caught.value.code, caught.value.written) == ("timeout", 1500)
    await link.close()


async def test_pulled_out_while_writing_may_have_printed():
    device, bus, link = plugged()
    await link.open()
    assert await link.write(bytes(100), 1) == 100
    device.unplugged = True
    with pytest.raises(ShortWrite) as caught:
        await link.write(bytes(5000), 1)
    assert caught.value.code == "unplugged"
    assert 0 < caught.value.written < 5000
    with pytest.raises(DeviceTransient, match="no such device"):
        await link.read(1)
    await link.close()
    device.unplugged = False
    await link.open()
    assert await link.write(b"A", 1) == 1
    await link.close()


async def test_silence_is_no_bytes_and_a_printer_without_a_way_back_is_silent():
    for way_back in (0x81, None):
        device, bus, link = plugged(in_address=way_back)
        await link.open()
        assert await link.read(0.06) == b""
        assert await link.write(b"\x10\x04\x01", 1) == 3
        assert await link.read(0.06) == (b"\x12" if way_back else b"")
        await link.close()
        assert bus.wrongs == []


async def test_a_transfer_that_hangs_costs_its_thread_only(monkeypatch):
    monkeypatch.setattr(port_thread, "THREAD_GRACE_S", 0.05)
    device, bus, link = plugged()
    await link.open()
    device.hangs = threading.Event()
    with pytest.raises(ShortWrite) as caught:
        await link.write(b"A", 0.05)
    assert (caught.value.code, caught.value.written) == ("timeout", 1)
    await link.close()
    device.hangs.set()
    async with asyncio.timeout(5):
        while port_thread._stuck:
            await asyncio.sleep(0.005)


def test_a_usb_printer_is_found_wherever_it_is_plugged(tmp_path):
    device = tmp_path / "devices" / "usb1" / "1-2"
    interface = device / "1-2:1.0"
    node = tmp_path / "class" / "usbmisc" / "lp1"
    interface.mkdir(parents=True)
    node.mkdir(parents=True)
    (device / "idVendor").write_text("04b8\n")
    (device / "idProduct").write_text("0202\n")
    (node / "device").symlink_to(interface)
    assert find_usb_printer(UsbPort("04b8", "0202"), str(tmp_path)) == "/dev/usb/lp1"
    with pytest.raises(DeviceTransient, match="usb 1234:0202 is not plugged in"):
        find_usb_printer(UsbPort("1234", "0202"), str(tmp_path))
    with pytest.raises(DeviceTransient, match="usb 04b8:0202/J2 is not plugged in"):
        find_usb_printer(UsbPort("04b8", "0202", "J2"), str(tmp_path))
    (device / "serial").write_text("J2\n")
    assert find_usb_printer(UsbPort("04b8", "0202", "J2"), str(tmp_path)) == "/dev/usb/lp1"


async def test_the_kernels_device_file_is_taken_where_there_is_one(tmp_path, monkeypatch):
    file = tmp_path / "lp0"
    monkeypatch.setattr(usb_link, "find_usb_printer", lambda port: str(file))
    device, bus, _ = plugged()
    link = UsbTransport(PORT, bus)
    await link.open()
    assert await link.write(b"A017", 1) == 4
    await link.close()
    assert file.read_bytes() == b"A017"
    assert device.written == 0


async def test_without_a_device_file_it_goes_through_libusb():
    device, bus, _ = plugged()
    link = UsbTransport(PORT, bus)
    with pytest.raises(ShortWrite):
        await link.write(b"A", 1)
    await link.open()
    assert await link.write(b"A017", 1) == 4
    assert await link.read(0.02) == b""
    await link.close()
    assert device.written == 4


async def test_open_port_gives_both_schemes():
    assert isinstance(transport.open_port(PORT), UsbTransport)


def test_importing_the_library_leaves_no_trace(tmp_path):
    program = (
        "import logging, os, tempfile\n"
        "from drivers.usb_link import PICKLE_FOLDER, import_escpos\n"
        "honest = tempfile.mkdtemp\n"
        "import_escpos()\n"
        "import escpos.printer\n"
        "assert logging.root.handlers == [], logging.root.handlers\n"
        "assert tempfile.mkdtemp is honest\n"
        "assert PICKLE_FOLDER not in os.environ\n"
    )
    environment = {"TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    assert list(tmp_path.iterdir()) == []


def test_control_importing_it_plainly_leaves_folders_behind(tmp_path):
    environment = {"TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", "import escpos.printer"], env=environment, check=True)
    assert list(tmp_path.iterdir()) != []
