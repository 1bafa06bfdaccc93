"""A slip is printed once, whatever dies between the commit and the paper.

Everything is real: SQLite, the actor, the device process, the printer's bytes on a TCP port.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from drivers.emulators.escpos import PrinterEmulator
from drivers.emulators.serving import on_tcp
from drivers.jobs import JobDone, JobFailed, JobReady, PrintSlip
from queued import slips
from queued.core.events import TicketIssued
from queued.core.model import Hall
from queued.engine.clock import SystemClock
from queued.slip_template import FULL, SlipTemplates, compile_template
from queued.slips import Slips
from queued.storage.ledger import Slip, SlipStatus
from tests.drivers.fake_cups import NAME, FakeCups
from tests.hall_parts import eventually, kill, opened, printer, settings


async def test_a_ticket_becomes_a_slip_with_its_picture(tmp_path: Path) -> None:
    async with opened(tmp_path / "data", settings(printer(width_mm=58))) as hall:
        ticket = await hall.issue()

        async def confirmed() -> bool:
            return await hall.slip_status(ticket) == "confirmed"

        await eventually(confirmed)
        await eventually(lambda: hall.slips.slips("printer"))
        shown = hall.slips.slips("printer")[0]
        assert shown.number == ticket.number
        assert ticket.number in shown.text
        assert shown.png.read_bytes().startswith(b"\x89PNG")


async def test_a_reprint_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path / "data", settings(printer())) as hall:
        ticket = await hall.issue()
        await eventually(lambda: hall.slips.slips("printer"))
        day = hall.hall.actor.hall.day or ""

        await hall.slips.reprint(hall.hall.id, day, ticket.id, "clerk:wang")

        await eventually(lambda: len(hall.slips.slips("printer")) == 2)
        again, first = hall.slips.slips("printer")
        assert "补打" in again.text
        assert "补打" not in first.text


async def test_a_large_slip_is_large_after_a_restart_and_when_printed_again(
    tmp_path: Path,
) -> None:
    # Given two visitors of whom one wants large type, and a box without a printer that answers
    async with opened(tmp_path / "data", settings(printer("tcp://127.0.0.1:9"))) as hall:
        normal, large = await hall.issue(), await hall.issue("large")
        await eventually(lambda: hall.slip_is(large, "queued"))
    # When the lights come back, with a printer
    async with opened(tmp_path / "data", settings(printer())) as hall:
        await eventually(lambda: hall.slip_is(large, "confirmed"))
        day = hall.hall.actor.hall.day or ""
        await hall.slips.reprint(hall.hall.id, day, large.id, "clerk:wang")
        await eventually(lambda: len(hall.slips.slips("printer")) == 3)
        again, second, first = hall.slips.slips("printer")
    # Then its slips, and nobody else's, are made of the large template
    assert (first.number, second.number, again.number) == (normal.number, *[large.number] * 2)
    assert ["请坐下等候" in shown.text for shown in (first, second, again)] == [False, True, True]


async def test_without_a_printer_there_is_no_slip(tmp_path: Path) -> None:
    async with opened(tmp_path / "data", settings()) as hall:
        ticket = await hall.issue()
        assert await hall.slip_status(ticket) == "none"
        day = hall.hall.actor.hall.day or ""
        state = await hall.slips.reprint(hall.hall.id, day, ticket.id, "clerk:wang")
        assert (state.status, state.reason) == ("failed", "unknown_device")


async def test_a_slip_committed_but_not_yet_said_is_printed_after_the_restart(
    tmp_path: Path,
) -> None:
    # Given a hall whose device process never came up before the lights went out
    async with opened(tmp_path / "data", settings(printer("tcp://127.0.0.1:9"))) as hall:
        ticket = await hall.issue()

        async def queued() -> bool:
            return await hall.slip_status(ticket) == "queued"

        await eventually(queued)
    # When it starts again with a working printer
    async with opened(tmp_path / "data", settings(printer())) as hall:

        async def confirmed() -> bool:
            return await hall.slip_status(ticket) == "confirmed"

        # Then the slip comes out, once
        await eventually(confirmed)
        await eventually(lambda: hall.slips.slips("printer"))
        assert len(hall.slips.slips("printer")) == 1


async def test_a_killed_device_process_neither_loses_nor_doubles_a_slip(
    tmp_path: Path,
) -> None:
    emulator = PrinterEmulator()
    async with on_tcp(emulator) as served:
        async with opened(tmp_path / "data", settings(printer(served.url))) as hall:
            tickets = []
            for round_ in range(3):
                await eventually(lambda: hall.link.pid)
                tickets += [await hall.issue() for _ in range(5)]
                await eventually(lambda: len(emulator.pages) > 0)
                kill(hall.link.pid)
                await eventually(lambda n=round_: hall.link.restarts > n)

            async def settled() -> bool:
                return not await hall.store.ledger.unfinished(hall.hall.id)

            await eventually(settled)
            statuses = [await hall.slip_status(ticket) for ticket in tickets]
            # Whole lines: a token in an address may contain any three characters.
            printed = [page.text.split() for page in emulator.pages]
            for ticket, status in zip(tickets, statuses, strict=True):
                times = sum(words.count(ticket.number) for words in printed)
                # Confirmed slips are on paper once; a possibly printed one at most once.
                assert times == 1 if status == "confirmed" else times <= 1, (ticket.number, status)
                assert status in ("confirmed", "failed")


async def test_a_process_killed_midway_leaves_a_half_slip_that_is_cut_off(
    tmp_path: Path,
) -> None:
    emulator = PrinterEmulator()
    async with on_tcp(emulator) as served:
        async with opened(tmp_path / "data", settings(printer(served.url))) as hall:
            # Given a slip of which the printer got the beginning when the process died
            await eventually(lambda: hall.link.pid)
            emulator.faults.dies_after = 400
            half = await hall.issue()
            await eventually(lambda: emulator.dead)
            kill(hall.link.pid)
            await eventually(lambda: hall.link.restarts)
            await eventually(lambda: hall.slip_is(half, "failed"))
            # When the printer is back and the next visitor takes a number
            emulator.faults.dies_after = None
            emulator.power_cycle()
            whole = await hall.issue()
            await eventually(lambda: hall.slip_is(whole, "confirmed"))
    # Then two visitors have two pieces of paper
    first, second = (page.text for page in emulator.pages)
    assert whole.number not in first and half.number not in second


async def test_a_slip_interrupted_between_two_bytes_is_left_to_a_person(
    tmp_path: Path,
) -> None:
    # Given a slip whose ledger says "sent", and nobody who knows what became of it
    data = tmp_path / "data"
    async with opened(data, settings(printer("tcp://127.0.0.1:9"))) as hall:
        ticket = await hall.issue()

        async def queued() -> bool:
            return await hall.slip_status(ticket) == "queued"

        await eventually(queued)
        job = (await hall.store.ledger.unfinished(hall.hall.id))[0].job
        await hall.store.ledger.mark(hall.hall.id, job, SlipStatus.SENT, "", SystemClock().now())
    # When the hall starts again with a working printer
    async with opened(data, settings(printer())) as hall:
        # Then it is not printed by itself
        day = hall.hall.actor.hall.day or ""
        state = await hall.slips.slip_of(hall.hall.id, day, ticket.id)
        assert state is not None
        assert (state.status, state.reason) == ("failed", "interrupted")
        assert not hall.slips.slips("printer")


async def test_the_control_a_follower_that_forgets_its_cursor_doubles_slips(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If this fails, the tests above prove nothing: the ledger is what keeps slips single."""
    data = tmp_path / "data"
    async with opened(data, settings(printer())) as hall:
        await hall.issue()
        await eventually(lambda: hall.slips.slips("printer"))
    # Given a follower with another cursor, and job ids the ledger has not seen
    monkeypatch.setattr(slips, "FOLLOWER", "forgetful")
    honest = Slips._first_slip

    def forgetful(self: Slips, hall: Hall, event: TicketIssued, seq: int) -> Slip | None:
        wanted = honest(self, hall, event, seq)
        return dataclasses.replace(wanted, job=f"{wanted.job}-again") if wanted else None

    monkeypatch.setattr(Slips, "_first_slip", forgetful)
    # When the hall starts again, the same ticket comes out of the printer a second time
    async with opened(data, settings(printer())) as hall:
        await eventually(lambda: hall.slips.slips("printer"))


async def test_paper_that_runs_out_midway_leaves_a_slip_to_print_again(tmp_path: Path) -> None:
    emulator = PrinterEmulator()
    async with on_tcp(emulator) as served:
        async with opened(tmp_path / "data", settings(printer(served.url))) as hall:
            first = await hall.issue()

            async def confirmed() -> bool:
                return await hall.slip_status(first) == "confirmed"

            await eventually(confirmed)
            # Given paper for four more lines
            emulator.faults.dots_left = 120
            # When the next slip is printed
            ticket = await hall.issue()

            async def failed() -> bool:
                return await hall.slip_status(ticket) == "failed"

            # Then it has failed, says why, and is not printed again by itself
            await eventually(failed)
            day = hall.hall.actor.hall.day or ""
            state = await hall.slips.slip_of(hall.hall.id, day, ticket.id)
            assert state is not None
            assert state.reason == "paper_out"
            (report,) = hall.slips.reports()
            assert (report.state, report.paper) == ("degraded", "out")
            # When there is paper again and a person asks for it
            emulator.faults.paper = "ok"
            again = await hall.slips.reprint(hall.hall.id, day, ticket.id, "clerk:wang")
            assert again.status == "queued"

            async def reprinted() -> bool:
                return await hall.slip_status(ticket) == "confirmed"

            # Then it comes out, marked as a second one
            await eventually(reprinted)
            assert "补打" in emulator.pages[-1].text
            assert ticket.number in emulator.pages[-1].text


async def test_a_slip_through_a_print_queue_stays_sent_and_unconfirmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cups").mkdir()
    cups = FakeCups(tmp_path / "cups")
    monkeypatch.setenv("PATH", f"{cups.bin}:/usr/bin:/bin")
    async with opened(tmp_path / "data", settings(printer(f"cups://{NAME}"))) as hall:
        ticket = await hall.issue()
        day = hall.hall.actor.hall.day or ""

        async def taken() -> bool:
            state = await hall.slips.slip_of(hall.hall.id, day, ticket.id)
            return state is not None and state.reason == slips.UNCONFIRMED

        await eventually(taken)
        assert await hall.slip_status(ticket) == "sent"
        emulator = PrinterEmulator()
        emulator.feed(cups.jobs[0])
        assert ticket.number in emulator.pages[0].text


async def test_a_printer_in_large_type_and_a_template_that_fails_on_the_day(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    large = dataclasses.replace(printer(), slip="elder")
    async with opened(tmp_path / "data", settings(large)) as hall:
        await hall.issue()
        await eventually(lambda: hall.slips.slips("printer"))
        assert "请坐下等候" in hall.slips.slips("printer")[0].text
        # Given a template that cannot say what its check did not try
        source = "= | {{ 1 if ahead == 0 else ahead + hall }}"
        broken = compile_template(source, "mine.j2", ({**FULL, "ahead": 0},))
        hall.slips.maker.templates = SlipTemplates({"zh_elder": broken})
        # When a ticket comes that it fails on, the slip looks as packaged
        await hall.issue()
        await eventually(lambda: len(hall.slips.slips("printer")) == 2)
        assert "请坐下等候" in hall.slips.slips("printer")[0].text
        assert "mine.j2: line 1" in caplog.text


class Told:
    """A link that remembers what was said to the device process."""

    def __init__(self) -> None:
        self.orders: list[PrintSlip] = []

    def send(self, order: object) -> bool:
        """An order."""
        if isinstance(order, PrintSlip):
            self.orders.append(order)
        return True


async def test_after_half_a_slip_the_next_one_is_cut_off_it_also_by_another_process(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path / "data", settings(printer("tcp://127.0.0.1:9"))) as hall:
        await eventually(lambda: hall.link.pid)
        told = Told()
        hall.slips.orders._send = told.send  # type: ignore[assignment]
        first = await hall.issue()
        await eventually(lambda: told.orders)
        job = told.orders[0].job
        assert not told.orders[0].after_half
        # When its bytes left and nobody knows how many came
        hall.slips.on_report(JobReady(job, "printer"))
        hall.slips.on_report(JobFailed(job, "printer", "unplugged", maybe_printed=True))

        async def failed() -> bool:
            return await hall.slip_status(first) == "failed"

        await eventually(failed)
        # Then the next slip says so, and once one is through, no more do
        for cut_before in (True, False):
            count = len(told.orders)
            await hall.issue()
            await eventually(lambda count=count: len(told.orders) > count)
            assert told.orders[-1].after_half is cut_before
            hall.slips.on_report(JobReady(told.orders[-1].job, "printer"))
            hall.slips.on_report(JobDone(told.orders[-1].job, "printer", confirmed=True))
            await eventually(lambda: not hall.slips.orders.half)
