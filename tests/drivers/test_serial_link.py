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


async def test_a_call_that_hangs_is_given_up_and_the_loop_goes_on(monkeypatch, hanging):
    monkeypatch.setattr(port_thread, "THREAD_GRACE_S", 0.1)
    async with serving.on_pty(Deaf()) as line:
        transport = serial_link.SerialTransport(SerialPort(line.path, 9600))
        await transport.open()
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.create_task(tick())
        link = transport._serial
        monkeypatch.setattr(link, "read", lambda size: hanging() and b"")
        with pytest.raises(DeviceTransient, match="hangs") as caught:
            await transport.read(1)
        assert caught.value.code == "timeout"
        assert ticks >= 5
        assert len(port_thread._stuck) == 1
        ticking.cancel()
        await transport.close()
        link.close()


async def test_so_many_hanging_ports_that_no_more_is_opened(monkeypatch):
    monkeypatch.setattr(port_thread, "STUCK_MAX", 0)
    with pytest.raises(DeviceBroken, match="hang"):
        await serial_link.SerialTransport(SerialPort("/dev/ttyS0", 9600)).open()
