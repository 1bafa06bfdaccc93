"""A serial port whose kernel driver hangs costs a thread, and not for ever more threads."""

from __future__ import annotations

import asyncio
import threading

import pytest

from drivers import port_thread, serial_link
from drivers.device import DeviceBroken, DeviceTransient
from drivers.emulators import serving
from drivers.ports import SerialPort


class Deaf:
    """Says nothing."""

    def feed(self, data: bytes) -> bytes:
        return b""


@pytest.fixture
def hanging():
    """Work that returns when the test is over."""
    over = threading.Event()
    yield over.wait
    over.set()


async def test_a_port_whose_opening_hangs_is_given_up_and_the_loop_goes_on(monkeypatch, hanging):
    monkeypatch.setattr(port_thread, "THREAD_GRACE_S", 0.1)
    monkeypatch.setattr(serial_link, "OPEN_TIMEOUT_S", 0.1)
    monkeypatch.setattr(serial_link.serial, "Serial", lambda *_, **__: hanging())
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    with pytest.raises(DeviceTransient, match="hangs") as caught:
        await serial_link.SerialTransport(SerialPort("/dev/ttyS0", 9600)).open()
    assert caught.value.code == "timeout"
    assert ticks >= 5
    assert len(port_thread._stuck) == 1
    ticking.cancel()


async def test_a_port_that_does_not_close_is_left_to_its_thread(monkeypatch, hanging):
    monkeypatch.setattr(port_thread, "THREAD_GRACE_S", 0.1)
    async with serving.on_pty(Deaf()) as line:
        transport = serial_link.SerialTransport(SerialPort(line.path, 9600))
        await transport.open()
        link = transport._serial
        close = link.close
        monkeypatch.setattr(link, "close", hanging)
        await transport.close()
        assert len(port_thread._stuck) == 1
        with pytest.raises(DeviceTransient, match="not open"):
            await transport.read(0)
        close()


async def test_asking_for_what_is_there_does_not_wait(monkeypatch):
    async with serving.on_pty(Deaf()) as line:
        transport = serial_link.SerialTransport(SerialPort(line.path, 9600))
        await transport.open()
        clock = asyncio.get_running_loop().time
        began = clock()
        for _ in range(100):
            assert await transport.read(0) == b""
        assert clock() - began < 2.0  # a read through a thread and a 50 ms slice took 5 s
        await transport.close()


async def test_so_many_hanging_ports_that_no_more_is_opened(monkeypatch):
    monkeypatch.setattr(port_thread, "STUCK_MAX", 0)
    with pytest.raises(DeviceBroken, match="hang"):
        await serial_link.SerialTransport(SerialPort("/dev/ttyS0", 9600)).open()
