"""A slip that stopped half-way never hangs together with the next visitor's, whatever died."""

from __future__ import annotations

import contextlib

import pytest

from drivers import jobs
from drivers.device import DeviceError
from drivers.emulators import serving
from drivers.emulators.escpos import PrinterEmulator
from drivers.ports import parse_port
from drivers.printer import Printer
from drivers.remains import Remains
from drivers.transport import open_port
from tests.drivers.test_printer import LINES, PATIENT, QUICK, until

TEXT = tuple(jobs.Text(f"第{n:02}行 请提前备齐身份证原件及复印件") for n in range(40))
PICTURE = (jobs.Text("第00行"), jobs.Raster(576, bytes(range(72)) * 200))


@contextlib.asynccontextmanager
async def on_line(kind: str, emulator: PrinterEmulator):
    async with LINES[kind](emulator, serving.LineFaults()) as line:
        yield line
    assert emulator.violations == []


async def printing(url: str, remains: Remains, *blocks: jobs.Block, after_half=False, **options):
    """One slip by a driver of its own, as the supervisor makes one after every failure."""
    config = jobs.DeviceConfig("front", "escpos", url, {**PATIENT, **options})
    printer = Printer(config, open_port(parse_port(url, 9100, 9600)), remains)

    async def go() -> None:
        pass

    try:
        await printer.connect()
        slip = jobs.PrintSlip("job", "front", blocks, 0, after_half)
        return await printer.print(slip, go)
    finally:
        await printer.close()


@pytest.mark.parametrize("kind", LINES)
@pytest.mark.parametrize("blocks", [TEXT, PICTURE], ids=["text", "in a picture"])
async def test_a_cable_pulled_midway(kind, blocks):
    emulator, remains = PrinterEmulator(), Remains()
    async with on_line(kind, emulator) as line:
        # Given a slip whose line broke somewhere in the middle
        line.faults.unplug_after = 1300
        with pytest.raises(DeviceError):
            await printing(line.url, remains, *blocks, **QUICK)
        # When the cable is back
        await line.plug()
        assert await printing(line.url, remains, jobs.Text("A018")) is True
        # Then the half slip is a piece of paper of its own
        assert [page.text for page in emulator.pages][1:] == ["A018"]
        assert emulator.pages[0].text.startswith("第00行")


async def test_control_without_memory_two_visitors_share_a_slip():
    emulator = PrinterEmulator()
    async with on_line("tcp", emulator) as line:
        line.faults.unplug_after = 1300
        with pytest.raises(DeviceError):
            await printing(line.url, Remains(), *TEXT, **QUICK)
        await line.plug()
        # A command the line cut in two would not even let it print.
        emulator.press.reset()
        emulator._tokenizer.reset()
        assert await printing(line.url, Remains(), jobs.Text("A018")) is True
        assert "第00行" in emulator.pages[0].text and "A018" in emulator.pages[0].text


async def test_a_printer_switched_off_with_the_slip_in_its_memory():
    emulator, remains = PrinterEmulator(), Remains()
    async with on_line("tcp", emulator) as line:
        # Given a slip that left, of which the paper ended after ten lines
        emulator.faults.dots_left = 300
        with pytest.raises(DeviceError) as caught:
            await printing(line.url, remains, *TEXT[:20])
        assert caught.value.code == "paper_out"
        # When somebody switches it off, puts paper in and switches it on
        line.unplug()
        emulator.power_cycle()
        emulator.faults.paper = "ok"
        await line.plug()
        assert await printing(line.url, remains, jobs.Text("A018")) is True
        assert [page.text for page in emulator.pages][1:] == ["A018"]


async def test_what_was_confirmed_costs_no_paper():
    emulator, remains = PrinterEmulator(), Remains()
    async with on_line("tcp", emulator) as line:
        for number in range(3):
            assert await printing(line.url, remains, jobs.Text(f"A{number:03}"))
        assert [page.text for page in emulator.pages] == ["A000", "A001", "A002"]


async def test_a_new_process_is_told_that_the_last_one_died_midway():
    emulator, remains = PrinterEmulator(), Remains()
    async with on_line("tcp", emulator) as line:
        emulator.feed("第01行\n".encode("gbk"))
        for number in range(2):
            # Told with every slip until one is done, and heeded once
            text = jobs.Text(f"A{number:03}")
            assert await printing(line.url, remains, text, after_half=True)
        assert [page.text for page in emulator.pages] == ["第01行", "A000", "A001"]


async def test_a_slip_refused_before_its_first_byte_leaves_nothing():
    emulator, remains = PrinterEmulator(), Remains()
    async with on_line("tcp", emulator) as line:
        emulator.faults.cover_open = True
        with pytest.raises(DeviceError):
            await printing(line.url, remains, *TEXT)
        emulator.faults.cover_open = False
        assert await printing(line.url, remains, jobs.Text("A018"))
        await until(lambda: not emulator.unfinished)
        assert [page.text for page in emulator.pages] == ["A018"]
