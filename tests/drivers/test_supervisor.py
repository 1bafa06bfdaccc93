"""What the supervisor does when devices fail, hang and come back. No line, no sleeping."""

from __future__ import annotations

import asyncio
import logging

import pytest

from drivers import printer_task, strip_task
from drivers.device import DeviceBroken, DeviceTransient
from drivers.jobs import (
    Configure,
    DeviceConfig,
    DeviceReport,
    JobDone,
    JobFailed,
    ShowText,
    Stop,
    StripShown,
)
from drivers.reconnect import PAUSE_BROKEN_S, PAUSE_MAX_S, TRANSITIONS, Link, after, pause_s
from tests.drivers.fake_clock import settle
from tests.drivers.fake_devices import FakePrinter, FakeStrip, Hall, close


@pytest.fixture
async def printer():
    return FakePrinter()


@pytest.fixture
async def hall(printer):
    hall = await Hall(printer=printer).open()
    yield hall
    printer.bytes_may_leave.set()
    await close(hall)


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
