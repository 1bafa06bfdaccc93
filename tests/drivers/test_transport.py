"""Ports and transports on real sockets, pseudo terminals and files."""

from __future__ import annotations

import asyncio
import os
import socket
import tty

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.bus import Bus, BusHandle
from drivers.device import DeviceBroken, DeviceTransient
from drivers.emulators import serving
from drivers.ports import (
    CupsPort,
    FilePort,
    SerialPort,
    TcpPort,
    UsbPort,
    VirtualPort,
    parse_port,
)
from drivers.transport import (
    FileTransport,
    ShortWrite,
    TcpTransport,
    VirtualTransport,
    open_port,
)
from tests.drivers.fake_clock import eventually


class Echo:
    """A device that says what it hears, in capitals."""

    def feed(self, data: bytes) -> bytes:
        return data.upper()


def port(url: str):
    return parse_port(url, tcp_port=9100, baud=9600)


# ── URLs ──────────────────────────────────────────────────────────────────────────────────

GOOD = {
    "tcp://192.168.1.50": TcpPort("192.168.1.50", 9100),
    "tcp://192.168.1.50:9101/": TcpPort("192.168.1.50", 9101),
    "tcp://[fe80::1]:9100": TcpPort("fe80::1", 9100),
    "serial:///dev/ttyS1": SerialPort("/dev/ttyS1", 9600),
    "serial:///dev/ttyS1?baud=57600&parity=even&stop=2&bits=7&flow=rtscts": SerialPort(
        "/dev/ttyS1", 57600, "E", 2, 7, "rtscts"
    ),
    "file:///dev/usb/lp0": FilePort("/dev/usb/lp0"),
    "usb://04B8:0202": UsbPort("04b8", "0202"),
    "usb://04b8:0202/TC%20A1": UsbPort("04b8", "0202", "TC A1"),
    "cups://kiosk-1": CupsPort("kiosk-1"),
    "virtual://": VirtualPort(),
}


@pytest.mark.parametrize("url", GOOD)
def test_a_url_is_a_port(url):
    assert port(url) == GOOD[url]


BAD = {
    "": "begins with one of tcp://, serial://",
    "192.168.1.50:9100": "begins with one of",
    "http://x": "begins with one of",
    "tcp://": "tcp://HOST:PORT",
    "tcp://host:0": "1 to 65535",
    "tcp://host:99999": "out of range",
    "tcp://host:9100/path": "tcp://HOST:PORT",
    "tcp://host?baud=9600": "takes no parameters",
    "serial://ttyS1": "serial:///dev/NAME",
    "serial:///dev/ttyS1?baud=9601": "baud is one of",
    "serial:///dev/ttyS1?speed=9600": "no parameter 'speed'",
    "serial:///dev/ttyS1?baud": "bad query field",
    "file://relative/path": "file:///absolute",
    "file:///tmp/": "file:///absolute",
    "file:///a%00b": "NUL",
    "usb://4b8:202": "usb://VENDOR:PRODUCT",
    "usb://04b8:0202/A/B": "serial number",
    "cups://": "cups://NAME",
    "cups://-o": "cups://NAME",
    "cups://kiosk/1": "cups://NAME",
    "virtual://printer": "nothing behind it",
}


@pytest.mark.parametrize("url", BAD)
def test_a_wrong_url_says_what_is_allowed(url):
    with pytest.raises(DeviceBroken, match=BAD[url]) as caught:
        port(url)
    assert caught.value.code == "bad_port"


SCHEMES = ["", "tcp://", "serial://", "usb://", "file://", "cups://"]


@given(st.text(max_size=40), st.sampled_from(SCHEMES))
def test_any_text_is_a_port_or_a_clear_error(text, scheme):
    try:
        port(scheme + text)
    except DeviceBroken as error:
        assert error.code == "bad_port"


# ── what every line does ──────────────────────────────────────────────────────────────────

LINES = [serving.on_tcp, serving.on_pty]


@pytest.mark.parametrize("serve", LINES)
async def test_bytes_go_there_and_back(serve):
    async with serve(Echo()) as line:
        transport = open_port(port(line.url))
        await transport.open()
        await transport.open()  # a second time does nothing
        assert await transport.write(b"a017\x00\xff\x11\x13\r\n", 2) == 10
        assert await read_exactly(transport, 10) == b"A017\x00\xff\x11\x13\r\n"
        await transport.close()
        await transport.close()


@pytest.mark.parametrize("serve", LINES)
async def test_silence_is_no_bytes_after_the_time_limit(serve):
    async with serve(Echo(), serving.LineFaults(silent=True)) as line:
        transport = open_port(port(line.url))
        await transport.open()
        await transport.write(b"hello", 1)
        assert await transport.read(0.05) == b""
        assert await transport.read(0) == b""
        await transport.close()


@pytest.mark.parametrize("serve", LINES)
async def test_an_answer_torn_into_bytes_arrives_whole(serve):
    async with serve(Echo(), serving.LineFaults(split=True)) as line:
        transport = open_port(port(line.url))
        await transport.open()
        await transport.write(b"a017", 1)
        assert await read_exactly(transport, 4) == b"A017"
        await transport.close()


@pytest.mark.parametrize("serve", LINES)
async def test_a_pulled_cable_is_noticed_and_the_line_comes_back(serve):
    async with serve(Echo()) as line:
        transport = open_port(port(line.url))
        await transport.open()
        line.unplug()
        with pytest.raises(DeviceTransient) as caught:
            await transport.read(2)
        assert caught.value.code == "unplugged"
        await transport.close()
        with pytest.raises(DeviceTransient) as caught:
            await transport.open()
        assert caught.value.code in ("offline", "unplugged")
        await line.plug()
        await transport.open()
        await transport.write(b"back", 1)
        assert await read_exactly(transport, 4) == b"BACK"
        await transport.close()


@pytest.mark.parametrize("serve", LINES)
async def test_a_device_that_does_not_read_costs_the_time_limit_and_says_how_much_left(serve):
    async with serve(Echo(), serving.LineFaults(deaf=True)) as line:
        transport = open_port(port(line.url))
        await transport.open()
        slip = bytes(20_000_000 if serve is serving.on_tcp else 200_000)
        with pytest.raises(ShortWrite) as caught:
            await transport.write(slip, 0.3)
        assert caught.value.code == "timeout"
        assert 0 < caught.value.written < len(slip)
        await transport.close()


@pytest.mark.parametrize("serve", LINES)
async def test_a_write_to_a_line_lost_before_says_that_nothing_left(serve):
    async with serve(Echo()) as line:
        transport = open_port(port(line.url))
        await transport.open()
        line.unplug()
        await asyncio.sleep(0.05)  # the reset travels through the kernel
        with pytest.raises(ShortWrite) as caught:
            await transport.write(b"slip", 1)
        assert (caught.value.code, caught.value.written) == ("unplugged", 0)
        await transport.close()


@pytest.mark.parametrize("serve", LINES)
async def test_a_write_before_opening_says_that_nothing_left(serve):
    async with serve(Echo()) as line:
        with pytest.raises(ShortWrite) as caught:
            await open_port(port(line.url)).write(b"slip", 1)
        assert caught.value.written == 0


async def read_exactly(transport, count: int) -> bytes:
    data = b""
    async with asyncio.timeout(5):
        while len(data) < count:
            data += await transport.read(1)
    return data


# ── TCP ───────────────────────────────────────────────────────────────────────────────────


async def test_a_host_nobody_listens_on_is_offline():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        number = unused.getsockname()[1]
        with pytest.raises(DeviceTransient) as caught:
            await TcpTransport(TcpPort("127.0.0.1", number)).open()
    assert caught.value.code == "offline"
    assert "refused" in str(caught.value)


async def test_a_host_that_does_not_answer_costs_the_time_limit(monkeypatch):
    monkeypatch.setattr("drivers.transport.OPEN_TIMEOUT_S", 0.1)
    with socket.socket() as full:
        # A listener whose waiting room is full ignores newcomers, as a switched-off host does.
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        crowd = [socket.socket() for _ in range(4)]
        for one in crowd:
            one.setblocking(False)
            one.connect_ex(address)
        with pytest.raises(DeviceTransient) as caught:
            await TcpTransport(TcpPort(*address)).open()
        for one in crowd:
            one.close()
    assert caught.value.code == "timeout"


async def test_an_unknown_host_name_is_offline():
    with pytest.raises(DeviceTransient) as caught:
        await TcpTransport(TcpPort("no-such-host.invalid", 9100)).open()
    assert caught.value.code in ("offline", "timeout")


# ── serial ────────────────────────────────────────────────────────────────────────────────


async def test_a_port_that_is_not_there_is_unplugged(tmp_path):
    with pytest.raises(DeviceTransient) as caught:
        await open_port(SerialPort(str(tmp_path / "ttyUSB0"), 9600)).open()
    assert caught.value.code == "unplugged"


async def test_a_file_that_is_no_serial_port_is_broken(tmp_path):
    plain = tmp_path / "plain"
    plain.touch()
    with pytest.raises(DeviceBroken) as caught:
        await open_port(SerialPort(str(plain), 9600)).open()
    assert caught.value.code == "bad_port"


async def test_two_programs_cannot_have_one_port():
    async with serving.on_pty(Echo()) as line:
        first, second = open_port(port(line.url)), open_port(port(line.url))
        await first.open()
        with pytest.raises(DeviceTransient, match="in use") as caught:
            await second.open()
        assert caught.value.code == "offline"
        await first.close()
        await second.open()
        await second.close()


async def test_a_serial_port_that_hangs_does_not_stop_the_others():
    async with serving.on_pty(Echo(), serving.LineFaults(deaf=True)) as hung:
        async with serving.on_tcp(Echo()) as well:
            stuck, free = open_port(port(hung.url)), open_port(port(well.url))
            await stuck.open()
            await free.open()
            writing = asyncio.create_task(stuck.write(bytes(200_000), 2))
            for _ in range(20):
                await free.write(b"x", 1)
                assert await read_exactly(free, 1) == b"X"
            assert not writing.done()
            with pytest.raises(ShortWrite):
                await writing
            await stuck.close()
            await free.close()


# ── files ─────────────────────────────────────────────────────────────────────────────────


async def test_a_plain_file_grows_and_never_answers(tmp_path):
    transport = open_port(FilePort(str(tmp_path / "out")))
    for _ in range(2):
        await transport.open()
        assert await transport.write(b"slip\n", 1) == 5
        assert await transport.read(0.01) == b""
        await transport.close()
    assert (tmp_path / "out").read_bytes() == b"slip\nslip\n"


async def test_a_device_file_is_never_made():
    missing = f"/dev/no-such-printer-{os.getpid()}"
    with pytest.raises(DeviceTransient) as caught:
        await open_port(FilePort(missing)).open()
    assert caught.value.code == "unplugged"
    assert not os.path.exists(missing)


async def test_a_full_device_says_that_nothing_left():
    transport = open_port(FilePort("/dev/full"))
    await transport.open()
    with pytest.raises(ShortWrite) as caught:
        await transport.write(b"slip", 1)
    assert caught.value.written == 0
    await transport.close()


async def test_a_device_file_that_can_be_waited_for_is_read_and_written():
    master, slave = os.openpty()
    tty.setraw(slave)
    transport = FileTransport(lambda: os.ttyname(slave))
    await transport.open()
    os.write(master, b"\x12\n")
    assert await transport.read(1) == b"\x12\n"
    assert await transport.write(b"slip", 1) == 4
    assert b"slip" in os.read(master, 100)
    await transport.close()
    os.close(master)
    os.close(slave)


async def test_a_directory_is_broken(tmp_path):
    with pytest.raises(DeviceBroken, match="directory"):
        await FileTransport(lambda: str(tmp_path)).open()


# ── virtual, and several devices on one line ──────────────────────────────────────────────


async def test_a_virtual_device_answers_at_once():
    transport = VirtualTransport(Echo())
    with pytest.raises(ShortWrite):
        await transport.write(b"x", 1)
    await transport.open()
    assert await transport.write(b"a017", 1) == 4
    assert await transport.read(1) == b"A017"
    assert await transport.read(0) == b""
    await transport.close()


def test_a_virtual_port_needs_an_emulator():
    with pytest.raises(DeviceBroken, match="cannot be virtual"):
        open_port(VirtualPort())


async def test_a_bus_is_opened_by_the_first_and_closed_by_the_last():
    async with serving.on_tcp(Echo()) as line:
        bus = Bus(port(line.url))
        first, second = BusHandle(bus), BusHandle(bus)
        await first.open()
        await second.open()
        await eventually(lambda: line.connections == 1)
        await first.close()
        await second.write(b"still", 1)
        assert await read_exactly(second, 5) == b"STILL"
        await second.close()
        await eventually(lambda: line.connections == 0)


async def test_a_bus_that_fails_fails_for_all_and_comes_back():
    async with serving.on_tcp(Echo()) as line:
        bus = Bus(port(line.url))
        first, second = BusHandle(bus), BusHandle(bus)
        await first.open()
        await second.open()
        line.unplug()
        for handle in (first, second):
            with pytest.raises(DeviceTransient):
                await handle.read(2)
        await line.plug()
        await second.open()
        await second.write(b"back", 1)
        assert await read_exactly(second, 4) == b"BACK"
        with pytest.raises(ShortWrite):
            await first.write(b"x", 1)
        await second.close()
