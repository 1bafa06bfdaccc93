"""What the supervisor does when devices fail, hang and come back. No line, no sleeping."""

from __future__ import annotations

import asyncio
import logging

import pytest

from drivers import printer_task, slip_queue, strip_task
from drivers.device import DeviceBroken, DeviceTransient
from drivers.jobs import (
    Configure,
    DeviceConfig,
    DeviceReport,
    JobCancel,
    JobDone,
    JobFailed,
    JobGo,
    JobReady,
    PrintSlip,
    ShowText,
    Stop,
    StripShown,
    Text,
)
from drivers.reconnect import PAUSE_BROKEN_S, PAUSE_MAX_S, TRANSITIONS, Link, after, pause_s
from drivers.registry import Device
from drivers.supervisor import Supervisor
from tests.drivers.fake_clock import FakeClock, settle

SECRET = "王小明"


class FakePrinter:
    """Speaks the driver's interface; `trouble` is raised by the next calls, `hangs` never ends."""

    def __init__(self) -> None:
        self.trouble: Exception | None = None
        self.trouble_after_go: Exception | None = None
        self.hangs = ""
        self.paper = "ok"
        self.printed: list[str] = []
        self.connections = 0
        self.bytes_may_leave = asyncio.Event()
        self.bytes_may_leave.set()

    async def connect(self) -> None:
        self.connections += 1
        await self._suffer("connect")

    async def check(self) -> str:
        await self._suffer("check")
        return self.paper

    async def print(self, slip, go) -> bool:
        await self._suffer("print")
        await go()
        await self.bytes_may_leave.wait()
        if self.trouble_after_go is not None:
            raise self.trouble_after_go
        self.printed.append(slip.job)
        return True

    async def close(self) -> None:
        await self._suffer("close")

    async def _suffer(self, call: str) -> None:
        if self.hangs == call:
            await asyncio.Event().wait()
        if self.trouble is not None and call != "close":
            raise self.trouble


class FakeStrip:
    """A strip that shows, or suffers."""

    def __init__(self) -> None:
        self.trouble: Exception | None = None
        self.history: list[str] = []

    async def connect(self) -> None:
        await self.check()

    async def check(self) -> None:
        if self.trouble is not None:
            raise self.trouble

    async def show(self, text: str, flash: bool = False) -> str:
        await self.check()
        self.history.append(text)
        return text

    async def close(self) -> None:
        pass


class Hall:
    """A supervisor over fake devices: `given` orders, `then` reports."""

    def __init__(self, **devices: FakePrinter | FakeStrip) -> None:
        self.clock = FakeClock()
        self.devices = devices
        self.reports: list = []
        self.supervisor = Supervisor(self.reports.append, self, self.clock, lambda: 1.0)  # type: ignore[arg-type]

    def build(self, config: DeviceConfig) -> Device:
        device = self.devices[config.id]
        if isinstance(device, FakeStrip):
            return Device("strip", strip=lambda: device)
        return Device("printer", printer=lambda: device)

    async def open(self) -> Hall:
        self.order(Configure(tuple(DeviceConfig(name, "fake", "") for name in self.devices)))
        await settle()
        return self

    def order(self, order) -> None:
        assert self.supervisor.obey(order)

    def print(self, job: str, device: str = "printer", expires_s: float = 120) -> None:
        expires = self.clock.now_ms() + round(expires_s * 1000)
        self.order(PrintSlip(job, device, (Text(SECRET),), expires))

    async def print_and_go(self, job: str, device: str = "printer") -> None:
        self.print(job, device)
        await settle()
        self.order(JobGo(job))
        await settle()

    def take(self, *kinds: type) -> list:
        """The reports of these kinds so far; forgets all reports."""
        found = [report for report in self.reports if isinstance(report, kinds)]
        self.reports.clear()
        return found

    def state(self, device: str = "printer") -> DeviceReport:
        return self.supervisor.tasks[device]._report()


@pytest.fixture
async def printer():
    return FakePrinter()


@pytest.fixture
async def hall(printer):
    hall = await Hall(printer=printer).open()
    yield hall
    printer.bytes_may_leave.set()
    await close(hall)


async def close(hall: Hall) -> None:
    stopping = asyncio.ensure_future(hall.supervisor.stop())
    await settle()
    await hall.clock.advance(60)
    await stopping


# ── the life of a slip ────────────────────────────────────────────────────────────────────


async def test_a_slip_is_asked_for_before_its_first_byte(hall, printer):
    hall.print("j1")
    await settle()
    assert hall.take(JobReady, JobDone) == [JobReady("j1", "printer")]
    assert printer.printed == []
    hall.order(JobGo("j1"))
    await settle()
    assert hall.take(JobDone) == [JobDone("j1", "printer", confirmed=True)]
    assert printer.printed == ["j1"]


async def test_slips_print_in_order(hall, printer):
    for job in ("j1", "j2", "j3"):
        hall.print(job)
    for _ in range(3):
        await settle()
        for ready in hall.take(JobReady):
            hall.order(JobGo(ready.job))
    await settle()
    assert printer.printed == ["j1", "j2", "j3"]


async def test_an_order_that_comes_twice_is_printed_once(hall, printer):
    hall.print("j1")
    await hall.print_and_go("j1")
    await hall.print_and_go("j1")
    assert printer.printed == ["j1"]
    assert hall.take(JobDone) == [JobDone("j1", "printer", True)] * 2


async def test_a_slip_waits_for_paper_and_expires(hall, printer):
    printer.trouble = DeviceTransient("paper_out")
    hall.print("j1", expires_s=60)
    await hall.clock.advance(59)
    assert hall.state().state == "degraded" and hall.state().paper == "out"
    assert hall.take(JobFailed) == []
    await hall.clock.advance(2)
    assert hall.take(JobFailed) == [JobFailed("j1", "printer", "expired", False)]
    assert hall.state().queue == 0


async def test_a_slip_prints_soon_after_paper_was_put_in_on_the_same_connection(hall, printer):
    printer.trouble = DeviceTransient("paper_out")
    hall.print("j1")
    await hall.clock.advance(40)
    printer.trouble, printer.paper = None, "near_end"
    await hall.clock.advance(printer_task.ATTENTION_PAUSE_S)
    assert hall.take(JobReady) == [JobReady("j1", "printer")]
    assert hall.state().paper == "near_end" and hall.state().state == "ready"
    assert printer.connections == 1


async def test_expiry_follows_the_wall_clock_even_when_it_jumps(hall, printer):
    printer.trouble = DeviceTransient("offline")
    hall.print("j1", expires_s=3600)
    await hall.clock.advance(5)
    hall.clock.jump(3600)
    await hall.clock.advance(printer_task.EXPIRY_LOOK_S)
    assert hall.take(JobFailed) == [JobFailed("j1", "printer", "expired", False)]


async def test_a_slip_that_expired_before_it_came_is_answered_at_once(hall):
    hall.print("j1", expires_s=0)
    assert hall.take(JobFailed) == [JobFailed("j1", "printer", "expired", False)]


async def test_a_slip_expires_while_the_ledger_is_silent(hall, printer):
    hall.print("j1", expires_s=5)
    await hall.clock.advance(6)
    hall.order(JobGo("j1"))
    await settle()
    assert hall.take(JobFailed) == [JobFailed("j1", "printer", "expired", False)]
    assert printer.printed == []


async def test_a_ledger_that_never_answers_does_not_block_the_next_slip(hall, printer):
    hall.print("j1")
    hall.print("j2")
    await hall.clock.advance(printer_task.GO_LIMIT_S)
    assert JobFailed("j1", "printer", "timeout", False) in hall.reports
    hall.order(JobGo("j2"))
    await settle()
    assert printer.printed == ["j2"]


async def test_a_cancelled_slip_is_not_printed(hall, printer):
    hall.print("j1")
    await settle()
    hall.order(JobCancel("j1"))
    hall.order(JobGo("j1"))
    await settle()
    assert hall.take(JobFailed, JobDone) == [JobFailed("j1", "printer", "cancelled", False)]
    assert printer.printed == []


async def test_a_slip_cancelled_right_after_its_go_is_not_printed(hall, printer):
    hall.print("j1")
    await settle()
    hall.order(JobGo("j1"))
    hall.order(JobCancel("j1"))
    await settle()
    assert hall.take(JobFailed, JobDone) == [JobFailed("j1", "printer", "cancelled", False)]
    assert printer.printed == []


async def test_a_slip_whose_bytes_are_leaving_cannot_be_cancelled_or_expire(hall, printer):
    printer.bytes_may_leave.clear()
    hall.print("j1", expires_s=10)
    await settle()
    hall.order(JobGo("j1"))
    await settle()
    hall.order(JobCancel("j1"))
    await hall.clock.advance(20)
    printer.bytes_may_leave.set()
    await settle()
    assert hall.take(JobFailed, JobDone) == [JobDone("j1", "printer", True)]


async def test_a_full_queue_and_an_unknown_device_are_answered(hall, printer):
    printer.trouble = DeviceTransient("offline")
    for number in range(slip_queue.JOBS_MAX + 1):
        hall.print(f"j{number}")
    hall.print("x", device="nowhere")
    assert hall.take(JobFailed) == [
        JobFailed(f"j{slip_queue.JOBS_MAX}", "printer", "queue_full", False),
        JobFailed("x", "nowhere", "unknown_device", False),
    ]
    assert hall.state().queue == slip_queue.JOBS_MAX


@pytest.mark.parametrize("maybe", [True, False])
async def test_a_failed_slip_says_whether_it_may_be_on_paper(hall, printer, maybe):
    printer.trouble_after_go = DeviceTransient("unplugged")
    printer.trouble_after_go.maybe_printed = maybe
    await hall.print_and_go("j1")
    assert hall.take(JobFailed) == [JobFailed("j1", "printer", "unplugged", maybe)]
    printer.trouble_after_go = None
    await hall.clock.advance(1)
    await hall.print_and_go("j1")
    # What may be on paper is never printed again; what certainly is not, may.
    assert printer.printed == ([] if maybe else ["j1"])


async def test_a_driver_that_hangs_in_the_bytes_leaves_the_slip_in_doubt(hall, printer):
    printer.bytes_may_leave.clear()
    await hall.print_and_go("j1")
    await hall.clock.advance(200)
    assert hall.take(JobFailed) == [JobFailed("j1", "printer", "timeout", True)]


async def test_a_slip_that_cannot_be_printed_at_all_does_not_stop_the_next(hall, printer):
    original = printer.print

    async def picky(slip, go):
        if slip.job == "j1":
            raise DeviceBroken("bad_job", "a picture wider than the paper")
        return await original(slip, go)

    printer.print = picky
    hall.print("j1")
    await hall.print_and_go("j2")
    assert hall.take(JobFailed) == [JobFailed("j1", "printer", "bad_job", False)]
    assert printer.printed == ["j2"]
    assert hall.state().state == "ready"


async def test_a_slip_that_breaks_the_driver_breaks_it_once(hall, printer, caplog):
    printer.trouble = DeviceTransient("offline")
    await hall.clock.advance(20)
    hall.print("j1")
    hall.print("j2")
    printer.trouble = None
    original = printer.print

    async def fragile(slip, go):
        if slip.job == "j1":
            raise ZeroDivisionError
        return await original(slip, go)

    printer.print = fragile
    await hall.clock.advance(200)
    assert JobFailed("j1", "printer", "error", False) in hall.reports
    assert "ZeroDivisionError" in caplog.text
    assert SECRET not in caplog.text


# ── devices that fail ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("call", ["connect", "check", "print"])
async def test_a_device_that_hangs_costs_itself_only(call):
    hung, well = FakePrinter(), FakePrinter()
    hung.hangs = call
    hall = await Hall(hung=hung, well=well).open()
    hall.print("h1", "hung")
    await hall.print_and_go("w1", "well")
    assert well.printed == ["w1"]
    await hall.clock.advance(130)
    assert hall.state("hung").last_error.startswith("timeout")
    assert JobFailed("h1", "hung", "expired", False) in hall.reports
    await hall.print_and_go("w2", "well")
    assert well.printed == ["w1", "w2"]
    await close(hall)


async def test_a_port_that_does_not_close_is_left_behind(hall, printer):
    printer.hangs, printer.trouble = "close", DeviceTransient("offline")
    await hall.clock.advance(30)
    printer.hangs, printer.trouble = "", None
    await hall.clock.advance(60)
    assert hall.state().state == "ready"


async def test_a_crashing_driver_is_broken_and_tried_again(hall, printer, caplog):
    printer.trouble = RuntimeError("a bug")
    await hall.clock.advance(printer_task.IDLE_CHECK_S)
    assert hall.state().state == "broken"
    assert hall.state().last_error == "error: the driver failed: RuntimeError"
    printer.trouble = None
    await hall.clock.advance(PAUSE_BROKEN_S)
    assert hall.state().state == "ready"
    assert caplog.text.count("the driver failed") >= 1


async def test_a_failure_is_warned_of_once(hall, printer, caplog):
    caplog.set_level(logging.DEBUG)
    printer.trouble = DeviceTransient("unplugged", "the cable")
    await hall.clock.advance(600)
    warnings = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert [r.getMessage() for r in warnings] == ["device printer: unplugged: the cable"]
    assert sum(r.levelno == logging.DEBUG for r in caplog.records) > 10


async def test_a_lasting_failure_is_one_report_not_one_an_attempt(hall, printer):
    hall.take()
    printer.trouble = DeviceTransient("unplugged")
    await hall.clock.advance(3600)
    assert [report.state for report in hall.take(DeviceReport)] == ["degraded"]


async def test_reports_tell_every_change(printer):
    hall = await Hall(printer=printer).open()
    printer.trouble = DeviceTransient("cover_open", "the cover is open")
    await hall.clock.advance(printer_task.IDLE_CHECK_S)
    printer.trouble = None
    await hall.clock.advance(5)
    await close(hall)
    states = [(report.state, report.last_error) for report in hall.take(DeviceReport)]
    error = "cover_open: the cover is open"
    assert states == [
        ("connecting", ""),
        ("ready", ""),
        ("degraded", error),
        ("ready", error),
        ("stopped", error),
    ]


# ── configuration and the end ─────────────────────────────────────────────────────────────


async def test_a_new_configuration_keeps_what_stayed_the_same(hall, printer):
    hall.print("j1")
    await settle()
    other = FakePrinter()
    hall.devices["other"] = other
    hall.order(Configure((DeviceConfig("printer", "fake", ""), DeviceConfig("other", "fake", ""))))
    await settle()
    assert printer.connections == 1 and other.connections == 1
    hall.take()
    hall.order(Configure((DeviceConfig("other", "fake", ""),)))
    await settle()
    assert hall.take(JobFailed) == [JobFailed("j1", "printer", "unknown_device", False)]
    assert list(hall.supervisor.tasks) == ["other"]


async def test_a_device_configured_twice_runs_once(printer):
    hall = Hall(printer=printer)
    hall.order(Configure((DeviceConfig("printer", "fake", ""),) * 2))
    await settle()
    assert printer.connections == 1
    await close(hall)


async def test_a_device_whose_driver_cannot_be_built_is_red_and_its_slips_expire(caplog):
    hall = Hall()
    hall.order(Configure((DeviceConfig("ghost", "fake", ""),)))
    await settle()
    assert hall.state("ghost").state == "broken"
    hall.print("j1", "ghost", expires_s=5)
    await hall.clock.advance(6)
    assert hall.take(JobFailed) == [JobFailed("j1", "ghost", "expired", False)]
    await close(hall)


async def test_stopping_finishes_the_slip_whose_bytes_are_leaving(printer):
    hall = await Hall(printer=printer).open()
    printer.bytes_may_leave.clear()
    await hall.print_and_go("j1")
    hall.print("j2")
    assert hall.supervisor.obey(Stop()) is False
    stopping = asyncio.ensure_future(hall.supervisor.stop())
    await settle()
    assert not stopping.done()
    printer.bytes_may_leave.set()
    await settle()
    await stopping
    assert printer.printed == ["j1"]
    assert hall.take(JobDone, JobFailed) == [JobDone("j1", "printer", True)]


async def test_stopping_does_not_wait_for_ever(printer):
    hall = await Hall(printer=printer).open()
    printer.bytes_may_leave.clear()
    await hall.print_and_go("j1")
    stopping = asyncio.ensure_future(hall.supervisor.stop())
    await hall.clock.advance(31)
    assert stopping.done()
    printer.bytes_may_leave.set()
    await settle()


# ── strips ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def strip():
    return FakeStrip()


@pytest.fixture
async def wall(strip):
    hall = await Hall(strip=strip).open()
    yield hall
    await close(hall)


async def test_a_strip_shows_the_newest_text_and_not_the_history(wall, strip):
    strip.trouble = DeviceTransient("unplugged")
    wall.order(ShowText("strip", "A001"))
    await settle()
    wall.order(ShowText("strip", "A002"))
    wall.order(ShowText("strip", "A003"))
    await wall.clock.advance(100)
    assert wall.state("strip").state == "degraded"
    strip.trouble = None
    await wall.clock.advance(PAUSE_MAX_S)
    assert strip.history == ["A003"]
    assert wall.take(StripShown) == [StripShown("strip", "A003")]


async def test_a_strip_that_was_away_gets_its_text_again(wall, strip):
    wall.order(ShowText("strip", "A001"))
    await settle()
    strip.trouble = DeviceTransient("timeout")
    await wall.clock.advance(strip_task.IDLE_CHECK_S)
    strip.trouble = None
    await wall.clock.advance(5)
    assert strip.history == ["A001", "A001"]


async def test_a_text_is_refreshed_but_not_reported_again(wall, strip):
    wall.order(ShowText("strip", "A001"))
    await wall.clock.advance(strip_task.IDLE_CHECK_S * strip_task.REFRESH_CHECKS)
    assert strip.history == ["A001", "A001"]
    assert wall.take(StripShown) == [StripShown("strip", "A001")]


async def test_a_refused_text_does_not_delay_the_next(wall, strip):
    strip.trouble = DeviceBroken("refused", "no such font")
    wall.order(ShowText("strip", "A001"))
    await settle()
    assert wall.state("strip").state == "broken"
    strip.trouble = None
    wall.order(ShowText("strip", "A002"))
    await settle()
    assert strip.history == ["A002"]
    assert wall.state("strip").state == "ready"


async def test_a_slip_for_a_strip_and_a_text_for_a_printer_go_nowhere(printer, strip):
    hall = await Hall(printer=printer, strip=strip).open()
    hall.print("j1", "strip")
    hall.order(ShowText("printer", "A001"))
    await settle()
    assert hall.take(JobFailed) == [JobFailed("j1", "strip", "unknown_device", False)]
    await close(hall)


# ── the link ──────────────────────────────────────────────────────────────────────────────


def test_the_pause_doubles_up_to_its_limit_and_starts_anew():
    link, pauses = Link("connecting", 0), []
    for at in range(12):
        link = after(link, "failed", at, "unplugged")
        pauses.append(pause_s(link, 1.0))
    assert pauses[:4] == [0.5, 1.0, 2.0, 4.0]
    assert pauses[-1] == PAUSE_MAX_S
    link = after(link, "opened", 13)
    assert pause_s(after(link, "failed", 14, "unplugged"), 1.0) == 0.5


def test_the_jitter_at_most_halves_the_pause():
    link = after(Link("ready", 0), "broke", 1, "bad_port")
    assert pause_s(link, 0.0) == PAUSE_BROKEN_S / 2
    assert pause_s(link, 1.0) == PAUSE_BROKEN_S


def test_a_stopped_device_stays_stopped():
    assert TRANSITIONS["stopped"] == {}
    with pytest.raises(KeyError):
        after(Link("stopped", 0), "opened", 1)


def test_the_state_keeps_its_beginning_until_it_changes():
    link = after(Link("ready", 5), "failed", 10, "timeout")
    again = after(link, "failed", 20, "timeout")
    assert (again.since_ms, again.last_error_at_ms) == (10, 20)
