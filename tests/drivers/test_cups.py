"""Slips through a print queue: programs that say no, and the one thing CUPS never tells."""

import asyncio

import pytest

from drivers import jobs
from drivers.cups import CupsTransport
from drivers.device import DeviceBroken, DeviceTransient
from drivers.emulators.escpos import PrinterEmulator
from drivers.ports import CupsPort
from drivers.printer import Printer
from drivers.transport import ShortWrite, open_port
from tests.drivers.fake_cups import NAME, REFUSING, STOPPED, FakeCups
from tests.drivers.slips import SLIP


@pytest.fixture
def cups(tmp_path, monkeypatch):
    server = FakeCups(tmp_path)
    monkeypatch.setenv("PATH", f"{server.bin}:/usr/bin:/bin")
    return server


async def opened(cups):
    link = CupsTransport(CupsPort(NAME))
    await link.open()
    return link


async def test_a_slip_is_one_job_and_sent_unconfirmed(cups):
    config = jobs.DeviceConfig("front", "escpos", f"cups://{NAME}", {})
    printer = Printer(config, open_port(CupsPort(NAME)))
    await printer.connect()
    went = []

    async def go():
        went.append(1)

    assert await printer.print(jobs.PrintSlip("job", "front", SLIP, 0), go) is False
    assert await printer.print(jobs.PrintSlip("job", "front", SLIP, 0), go) is False
    await printer.close()
    for data in cups.jobs:
        emulator = PrinterEmulator()
        emulator.feed(data)
        assert emulator.violations == []
        assert not emulator.unfinished
        assert "A017" in emulator.pages[0].text
    assert (len(cups.jobs), len(went)) == (2, 2)


def test_a_status_that_cups_cannot_give_is_a_wrong_option():
    config = jobs.DeviceConfig("front", "escpos", f"cups://{NAME}", {"status": "auto"})
    with pytest.raises(DeviceBroken, match="status.*none.*no way back"):
        Printer(config, open_port(CupsPort(NAME)))


async def test_an_unknown_queue_is_told_with_those_there_are(cups):
    with pytest.raises(DeviceBroken, match=f"no printer kiosk; there are: {NAME}"):
        await CupsTransport(CupsPort("kiosk")).open()


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("state", STOPPED, "is stopped: cupsenable"),
        ("state", REFUSING, "refuses jobs: cupsaccept"),
        ("down", "", "Scheduler is not running"),
    ],
)
async def test_a_queue_that_takes_nothing_gets_no_slip(cups, file, text, words):
    link = await opened(cups)
    cups.put(file, text)
    with pytest.raises(ShortWrite, match=words) as caught:
        await link.write(b"A017", 5)
    assert (caught.value.code, caught.value.written, cups.jobs) == ("offline", 0, [])
    with pytest.raises(DeviceTransient):
        await CupsTransport(CupsPort(NAME)).open()


async def test_earlier_jobs_that_wait_hold_the_next_one_back(cups):
    link = await opened(cups)
    cups.put("jobs", f"{NAME}-7 hall 1024 Mon 23 Nov 2026\n")
    with pytest.raises(ShortWrite, match="earlier jobs are stuck") as caught:
        await link.write(b"A018", 0.5)
    assert (caught.value.written, cups.jobs) == (0, [])
    writing = asyncio.create_task(link.write(b"A019", 30))
    await asyncio.sleep(0)
    cups.remove("jobs")
    assert await writing == 4
    assert cups.jobs == [b"A019"]


async def test_when_lp_fails_the_slip_may_be_with_cups(cups):
    link = await opened(cups)
    cups.put("fail", "lp: Error - scheduler not responding.")
    with pytest.raises(ShortWrite, match="scheduler not responding") as caught:
        await link.write(b"A017", 5)
    assert (caught.value.code, caught.value.written) == ("offline", 4)


async def test_an_lp_that_does_not_end_is_ended(cups):
    link = await opened(cups)
    cups.put("slow")
    with pytest.raises(ShortWrite, match="did not end") as caught:
        await link.write(b"A017", 1.5)
    assert (caught.value.code, caught.value.written, cups.jobs) == ("timeout", 4, [])


async def test_without_cups_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeviceBroken, match="apt install cups-client"):
        await CupsTransport(CupsPort(NAME)).open()


async def test_it_is_silent_and_can_be_closed_twice(cups):
    link = await opened(cups)
    await link.open()
    assert await link.read(0.01) == b""
    await link.close()
    await link.close()
    with pytest.raises(DeviceTransient):
        await link.read(0.01)
    with pytest.raises(ShortWrite):
        await link.write(b"A", 1)
