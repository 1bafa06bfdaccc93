"""The printer driver against the strict emulator on real TCP ports and pseudo terminals."""

import asyncio
import contextlib

import pytest

from drivers import jobs
from drivers.device import DeviceBroken, DeviceError, DeviceTransient
from drivers.emulators import serving
from drivers.emulators.escpos import PrinterEmulator
from drivers.emulators.serving import LineFaults
from drivers.ports import parse_port
from drivers.printer import Printer
from drivers.transport import open_port
from tests.drivers.slips import RARE, SLIP

PATIENT = {"timeout_s": 2.0, "write_timeout_s": 5.0, "print_timeout_s": 5.0}
"""Where an answer is expected: a busy machine must not fail a test."""

QUICK = {"timeout_s": 0.2, "write_timeout_s": 0.3, "print_timeout_s": 0.3}
"""Where none is expected."""

LINES = {"tcp": serving.on_tcp, "pty": serving.on_pty}


def slip(*blocks: jobs.Block) -> jobs.PrintSlip:
    return jobs.PrintSlip("job-1", "front", blocks or SLIP, 0)


class Hall:
    """A printer driver, the printer it drives, the line between them."""

    def __init__(self, printer, emulator, line):
        self.printer, self.emulator, self.line = printer, emulator, line
        self.went = 0

    async def go(self):
        self.went += 1

    async def print(self, *blocks):
        return await self.printer.print(slip(*blocks), self.go)

    async def fails(self, go=None, blocks=()):
        """The error of printing one slip."""
        with pytest.raises(DeviceError) as caught:
            await self.printer.print(slip(*blocks), go or self.go)
        return caught.value


async def until(condition):
    """Polls; a condition that does not come true within 5 seconds fails the test."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def hall(kind="tcp", emulator=None, faults=None, connect=True, **options):
    emulator = emulator or PrinterEmulator()
    async with LINES[kind](emulator, faults or LineFaults()) as line:
        config = jobs.DeviceConfig("front", "printer", line.url, {**PATIENT, **options})
        printer = Printer(config, open_port(parse_port(line.url, 9100, 9600)))
        try:
            if connect:
                await printer.connect()
            yield Hall(printer, emulator, line)
        finally:
            await printer.close()
    assert emulator.violations == []


@pytest.mark.parametrize("kind", LINES)
@pytest.mark.parametrize("split", [False, True])
async def test_a_slip_is_printed_and_confirmed(kind, split):
    async with hall(kind, faults=LineFaults(split=split)) as it:
        assert await it.printer.check() == "ok"
        assert await it.print(*SLIP, jobs.Text(RARE)) is True
        assert "A017" in it.emulator.pages[0].text
        assert it.went == 1


@pytest.mark.parametrize("kind", LINES)
async def test_many_slips_on_one_connection(kind):
    async with hall(kind) as it:
        for number in range(5):
            assert await it.print(jobs.Text(f"A{number:03}"))
        assert [page.text for page in it.emulator.pages] == [f"A{n:03}" for n in range(5)]


async def test_a_clone_without_gs_r_is_confirmed_by_dle_eot():
    async with hall(emulator=PrinterEmulator(knows_gs_r=False), **QUICK) as it:
        assert await it.print() is True
        assert await it.print() is True


async def test_status_realtime_never_sends_gs_r():
    async with hall(status="realtime") as it:
        it.emulator.knows_gs_r = False
        it.emulator.faults.dots_left = 10_000
        assert await it.print() is True


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"paper": "out"}, "paper_out"),
        ({"cover_open": True}, "cover_open"),
        ({"offline": True}, "offline"),
        ({"cutter_jam": True}, "cutter_jam"),
        ({"silent": True}, "timeout"),
    ],
)
async def test_a_printer_that_cannot_print_gets_no_byte(fault, code):
    async with hall(**QUICK) as it:
        for name, value in fault.items():
            setattr(it.emulator.faults, name, value)
        error = await it.fails()
        assert isinstance(error, DeviceTransient)
        assert (error.code, error.maybe_printed, it.went) == (code, False, 0)
        assert not it.printer.writing
        assert not it.emulator.unfinished


async def test_near_the_end_of_the_paper_is_a_warning():
    async with hall() as it:
        it.emulator.faults.paper = "near_end"
        assert await it.printer.check() == "near_end"
        assert await it.print() is True


@pytest.mark.parametrize(
    ("breaks", "code"),
    [({"dots_left": 100}, "paper_out"), ({"jams_at_cut": True}, "cutter_jam")],
)
async def test_a_fault_while_printing_may_have_printed(breaks, code):
    async with hall(**QUICK) as it:
        await it.printer.check()
        for name, value in breaks.items():
            setattr(it.emulator.faults, name, value)
        error = await it.fails()
        assert (error.code, error.maybe_printed, it.went) == (code, True, 1)
        it.emulator.faults.paper, it.emulator.faults.cutter_jam = "ok", False


@pytest.mark.parametrize("kind", LINES)
async def test_a_printer_that_dies_between_two_bytes_may_have_printed(kind):
    async with hall(kind) as it:
        await it.printer.check()

        async def go():
            it.line.faults.unplug_after = 40

        error = await it.fails(go)
        assert error.code in ("unplugged", "timeout")
        assert error.maybe_printed is True
        assert it.emulator.pages == []


@pytest.mark.parametrize("kind", LINES)
async def test_unplugged_before_the_first_byte_has_not_printed(kind):
    async with hall(kind) as it:
        await it.printer.check()

        async def go():
            it.line.unplug()

        error = await it.fails(go)
        assert (error.code, error.maybe_printed) == ("unplugged", False)
        assert not it.emulator.unfinished


async def test_silent_after_the_slip_may_have_printed():
    async with hall(**QUICK) as it:
        await it.printer.check()

        async def go():
            it.emulator.faults.silent = True

        error = await it.fails(go)
        assert (error.code, error.maybe_printed) == ("timeout", True)
        assert len(it.emulator.pages) == 1


async def test_a_printer_that_took_the_slip_but_is_not_through_is_not_confirmed():
    async with hall(**QUICK) as it:
        await it.printer.check()
        it.emulator.faults.stuck = True
        error = await it.fails()
        assert (error.code, error.maybe_printed) == ("timeout", True)
        it.emulator.faults.stuck = False
        it.emulator.feed(b"")


async def test_control_real_time_answers_alone_would_confirm_it():
    async with hall(status="realtime") as it:
        it.emulator.faults.stuck = True
        assert await it.print() is True
        assert it.emulator.pages == []


@pytest.mark.parametrize("kind", LINES)
async def test_a_printer_that_stops_reading_may_have_printed(kind):
    picture = jobs.Raster(576, bytes(72) * 10_000)
    async with hall(kind, **QUICK) as it:
        await it.printer.check()

        async def go():
            it.line.faults.deaf = True

        error = await it.fails(go, (picture,))
        assert (error.code, error.maybe_printed) == ("timeout", True)


async def test_what_go_raises_comes_out_and_nothing_is_printed():
    async with hall() as it:

        async def go():
            raise DeviceTransient("cancelled")

        error = await it.fails(go)
        assert (error.code, error.maybe_printed) == ("cancelled", False)
        assert not it.emulator.unfinished
        assert await it.print() is True


async def test_a_bad_slip_is_the_slips_fault():
    async with hall() as it:
        error = await it.fails(blocks=(jobs.Text("A", 99),))
        assert (error.code, error.maybe_printed, it.went) == ("bad_job", False, 0)
        assert not isinstance(error, DeviceTransient | DeviceBroken)


@pytest.mark.parametrize("kind", LINES)
async def test_garbled_answers_are_an_error(kind):
    async with hall(kind) as it:
        it.line.faults.garbled = True
        error = await it.fails()
        assert (error.code, error.maybe_printed) == ("error", False)


async def test_answers_later_than_the_limit_are_a_timeout():
    async with hall(**QUICK) as it:
        it.line.faults.late_s = 0.4
        error = await it.fails()
        assert (error.code, error.maybe_printed) == ("timeout", False)


async def test_answers_that_are_late_but_in_time_are_good():
    async with hall() as it:
        it.line.faults.late_s = 0.03
        assert await it.print() is True


async def test_automatic_status_in_between_is_no_answer():
    async with hall() as it:
        it.emulator.asb_mask = 0x0F  # left on by another program
        it.emulator.faults.paper = "near_end"
        assert await it.printer.check() == "near_end"
        it.emulator.faults.cover_open = True
        error = await it.fails()
        assert error.code == "cover_open"
        it.emulator.faults.cover_open = False
        it.line.push(it.emulator.spontaneous())
        assert await it.print() is True


async def one_stale_answer(it):
    """On the line lies an "all well" from before the cover was opened."""
    it.line.push(b"\x12")
    await until(lambda: it.line.idle)
    it.emulator.faults.cover_open = True


async def test_a_stale_answer_is_not_taken_for_a_new_one():
    async with hall() as it:
        await one_stale_answer(it)
        assert (await it.fails()).code == "cover_open"


async def test_control_without_reading_the_line_empty_it_would_be(monkeypatch):
    async def nothing(self):
        """Reads nothing."""

    async with hall() as it:
        await it.printer.check()
        monkeypatch.setattr(Printer, "_forget_stale_answers", nothing)
        await one_stale_answer(it)
        assert await it.printer.check() == "ok"


async def test_a_device_that_never_stops_talking_is_an_error():
    class Chatter(PrinterEmulator):
        def feed(self, data):
            return b"\x12" * 2_000_000

    async with hall(emulator=Chatter()) as it:
        with pytest.raises(DeviceTransient, match="does not stop") as caught:
            await it.printer.check()
        assert caught.value.code == "error"


async def test_without_a_way_back_it_prints_unconfirmed():
    async with hall(status="none", emulator=PrinterEmulator()) as it:
        it.emulator.faults.silent = True
        assert await it.printer.check() == "ok"
        assert await it.print() is False
        await until(lambda: len(it.emulator.pages) == 1)


async def test_without_a_way_back_into_a_file(tmp_path):
    port = parse_port(f"file://{tmp_path}/slips.bin", 9100, 9600)
    config = jobs.DeviceConfig("front", "printer", str(port), {"status": "none"})
    printer = Printer(config, open_port(port))
    await printer.connect()
    assert await printer.print(slip(), _nothing) is False
    await printer.close()
    emulator = PrinterEmulator()
    emulator.feed((tmp_path / "slips.bin").read_bytes())
    assert "A017" in emulator.pages[0].text


async def test_a_printer_out_of_paper_can_be_connected_to():
    emulator = PrinterEmulator()
    emulator.faults.paper = "out"
    async with hall(emulator=emulator) as it:
        with pytest.raises(DeviceTransient) as caught:
            await it.printer.check()
        assert caught.value.code == "paper_out"
        emulator.faults.paper = "ok"
        assert await it.print() is True


@pytest.mark.parametrize("kind", LINES)
async def test_pulled_out_and_put_back(kind):
    async with hall(kind) as it:
        assert await it.print() is True
        it.line.unplug()
        assert (await it.fails()).code in ("unplugged", "offline")
        await it.printer.close()
        with pytest.raises(DeviceTransient):
            await it.printer.connect()
        await it.printer.close()
        await it.line.plug()
        await it.printer.connect()
        assert await it.print() is True


def test_bad_options_are_refused_at_once():
    config = jobs.DeviceConfig("front", "printer", "tcp://127.0.0.1", {"charset": "utf8"})
    with pytest.raises(DeviceBroken, match="charset"):
        Printer(config, open_port(parse_port(config.port, 9100, 9600)))


async def _nothing() -> None:
    pass
