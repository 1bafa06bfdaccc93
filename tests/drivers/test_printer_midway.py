"""What goes wrong in the middle of a slip, and what happens to the half slip."""

import asyncio

import pytest

from drivers import escpos, jobs, printer
from drivers.device import DeviceTransient
from drivers.emulators.escpos import PrinterEmulator
from tests.drivers.fake_clock import eventually
from tests.drivers.test_printer import LINES, QUICK, hall

LONG = tuple(jobs.Text(f"第{n:03}行 请提前备齐身份证原件及复印件") for n in range(120))
"""About 5 KB: five seconds at 9600 baud."""

DOTS_A_LINE = 30


class Recorder(PrinterEmulator):
    """Remembers how the bytes came."""

    def __init__(self, **options):
        super().__init__(**options)
        self.got = b""

    def feed(self, data):
        self.got += data
        return super().feed(data)


@pytest.mark.parametrize("kind", LINES)
@pytest.mark.parametrize("line", [1, 40, 100])
async def test_paper_that_runs_out_at_a_line_stops_the_slip(kind, line):
    emulator = Recorder()
    async with hall(kind, emulator) as it:
        await it.printer.check()
        emulator.got = b""
        emulator.faults.dots_left = line * DOTS_A_LINE
        error = await it.fails(blocks=LONG)
        assert (error.code, error.maybe_printed, it.went) == ("paper_out", True, 1)
        # The rest was not even sent: it stopped within two portions of the fault.
        whole = b"".join(block.text.encode("gbk") for block in LONG)
        assert len(emulator.got) < len(whole) * line / len(LONG) + 3 * printer.LOOK_BYTES

        # When there is paper again, the half slip is cut off and the next one is whole
        emulator.faults.paper = "ok"
        assert await it.print(jobs.Text("A018")) is True
        half, next_ = (page.text for page in emulator.pages)
        assert half.startswith("第000行")
        assert "第119行" not in half
        assert next_ == "A018"


async def test_control_without_looking_the_whole_slip_is_sent_in_vain(monkeypatch):
    monkeypatch.setattr(printer, "LOOK_BYTES", 1 << 20)
    emulator = Recorder()
    async with hall(emulator=emulator, **QUICK) as it:
        await it.printer.check()
        emulator.faults.dots_left = DOTS_A_LINE
        assert (await it.fails(blocks=LONG)).code == "paper_out"
        assert "第119行".encode("gbk") in emulator.got
        emulator.faults.paper = "ok"
        emulator.feed(b"")


@pytest.mark.parametrize("fault", ["cover_open", "offline", "cutter_jam"])
async def test_a_fault_while_bytes_leave_is_named(fault):
    class Opened(PrinterEmulator):
        """Somebody opens it when the first text arrives."""

        def feed(self, data):
            if "第010行".encode("gbk") in data:
                setattr(self.faults, fault, True)
            return super().feed(data)

    async with hall(emulator=Opened()) as it:
        error = await it.fails(blocks=LONG)
        assert (error.code, error.maybe_printed) == (fault, True)
        setattr(it.emulator.faults, fault, False)
        assert await it.print(jobs.Text("A018")) is True


async def test_questions_stand_between_commands_only():
    """In a picture's bytes a clone would print them."""

    class Strict(PrinterEmulator):
        def feed(self, data):
            if b"\x10\x04" in data:
                assert data.startswith(b"\x10\x04") and len(data) == 3, data[:20]
                assert not self._tokenizer.pending
            return super().feed(data)

    picture = jobs.Raster(576, bytes(range(1, 73)) * 600)
    async with hall(emulator=Strict()) as it:
        assert await it.print(*LONG, picture, jobs.Qr("https://q.example/t/A001")) is True
        assert len(it.emulator.pages) == 1


async def test_a_clone_that_does_not_answer_while_it_prints_is_not_asked_again(monkeypatch):
    monkeypatch.setattr(printer, "LOOK_S", 0.1)
    asked = []

    class Busy(PrinterEmulator):
        def feed(self, data):
            if self.press.dirty and data[:2] == b"\x10\x04":
                asked.append(data)
                return b""
            return super().feed(data)

    async with hall(emulator=Busy(), **{**QUICK, "print_timeout_s": 5.0}) as it:
        assert await it.print(*LONG) is True
        assert len(asked) == 1


async def test_a_printer_that_loses_its_power_midway():
    emulator = PrinterEmulator()
    async with hall(emulator=emulator, **QUICK) as it:
        await it.printer.check()
        emulator.faults.dies_after = 2500
        printing = asyncio.create_task(it.fails(blocks=LONG))
        await eventually(lambda: emulator.dead)
        it.line.unplug()
        error = await printing
        assert isinstance(error, DeviceTransient)
        assert (error.code, error.maybe_printed) == ("unplugged", True)
        assert emulator.pages == []


async def test_a_printer_that_is_stuck_at_a_reconnect_is_not_taken_for_a_simpler_one():
    # Given a printer that answers GS r, and a line that breaks
    async with hall(**QUICK) as it:
        assert await it.print(jobs.Text("A017")) is True
        await it.printer.close()
        # When it comes back and works through nothing, though it says that all is well
        it.emulator.faults.stuck = True
        await it.printer.connect()
        error = await it.fails(blocks=(jobs.Text("A018"),))
        # Then no slip is sent into it, let alone confirmed
        assert (error.code, error.maybe_printed) == ("timeout", False)
        it.emulator.faults.stuck = False
        it.emulator.feed(b"")
        assert await it.print(jobs.Text("A018")) is True


async def test_a_printer_that_was_stuck_when_first_asked_is_known_once_it_goes_on():
    # Given a new process at a printer that says that all is well and works through nothing
    emulator = Recorder()
    emulator.faults.stuck = True
    async with hall(emulator=emulator, **QUICK) as it:
        assert await it.printer.check() == "ok"
        # When it goes on, and answers what it was asked then
        emulator.faults.stuck = False
        await it.printer.check()
        # Then a slip is confirmed by its own receipt, as with any printer that gives one
        emulator.got = b""
        assert await it.print(jobs.Text("A017")) is True
        assert escpos.ASK_PAPER_IN_ORDER in emulator.got
