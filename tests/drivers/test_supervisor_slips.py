"""The life of a slip in the device process: asked for, granted, printed once or answered."""

from __future__ import annotations

import pytest

from drivers import job_task, printer_task
from drivers.device import DeviceBroken, DeviceTransient
from drivers.jobs import (
    JobCancel,
    JobDone,
    JobFailed,
    JobGo,
    JobHeld,
    JobReady,
)
from tests.drivers.fake_clock import settle
from tests.drivers.fake_devices import SECRET, FakePrinter, Hall, close


@pytest.fixture
async def printer():
    return FakePrinter()


@pytest.fixture
async def hall(printer):
    hall = await Hall(printer=printer).open()
    yield hall
    printer.bytes_may_leave.set()
    await close(hall)


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
    await hall.clock.advance(job_task.EXPIRY_LOOK_S)
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


# ── a go that comes before the printer was asked ──────────────────────────────────────────


async def test_a_go_said_with_the_order_prints_without_asking_back(hall, printer):
    await hall.print_and_go("j0")
    hall.take(JobReady, JobDone)
    hall.print("j1")
    hall.order(JobGo("j1"))
    await settle()
    assert hall.take(JobReady, JobDone) == [JobDone("j1", "printer", confirmed=True)]


async def test_a_go_for_a_printer_that_turns_out_empty_is_given_back(hall, printer):
    # Given a printer that was well when it was last looked at
    await hall.print_and_go("j0")
    hall.take(JobReady, JobDone)
    printer.trouble = DeviceTransient("paper_out")
    # When a slip may go at once
    hall.print("j1")
    hall.order(JobGo("j1"))
    await settle()
    # Then no byte leaves, and the ledger is told, once
    assert hall.take(JobHeld, JobFailed) == [JobHeld("j1", "printer")]
    await hall.clock.advance(20)
    assert hall.take(JobHeld, JobReady) == []
    # And with paper in it the slip is asked for as any other
    printer.trouble = None
    await hall.clock.advance(printer_task.ATTENTION_PAUSE_S)
    assert hall.take(JobReady) == [JobReady("j1", "printer")]
    assert printer.printed == ["j0"]
    hall.order(JobGo("j1"))
    await settle()
    assert printer.printed == ["j0", "j1"]


async def test_a_go_for_a_printer_known_to_be_empty_is_given_back_at_once(hall, printer):
    printer.trouble = DeviceTransient("paper_out")
    await hall.clock.advance(printer_task.IDLE_CHECK_S)
    hall.print("j1")
    hall.order(JobGo("j1"))
    assert hall.take(JobHeld) == [JobHeld("j1", "printer")]


async def test_a_go_behind_another_slip_is_given_back_with_it(hall, printer):
    # Given a trial slip that nobody has let go yet, and behind it one that may
    hall.print("trial")
    await settle()
    hall.print("j1")
    hall.order(JobGo("j1"))
    # When the printer fails before either
    printer.trouble = DeviceTransient("paper_out")
    await hall.clock.advance(printer_task.GO_LIMIT_S + 1)
    assert hall.take(JobHeld) == [JobHeld("j1", "printer")]


async def test_a_slip_that_was_to_go_when_the_process_ends_is_given_back(hall, printer):
    printer.trouble = DeviceTransient("timeout")
    await hall.clock.advance(printer_task.IDLE_CHECK_S)
    printer.trouble = None
    hall.print("j1")
    hall.order(JobGo("j1"))
    await hall.supervisor.stop()
    assert hall.take(JobHeld, JobDone) == [JobHeld("j1", "printer")]


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
    for number in range(printer_task.JOBS_MAX + 1):
        hall.print(f"j{number}")
    hall.print("x", device="nowhere")
    assert hall.take(JobFailed) == [
        JobFailed(f"j{printer_task.JOBS_MAX}", "printer", "queue_full", False),
        JobFailed("x", "nowhere", "unknown_device", False),
    ]
    assert hall.state().queue == printer_task.JOBS_MAX


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
