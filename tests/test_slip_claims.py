"""A slip that goes at once is claimed in its ticket's own transaction, and never before it.

Real: SQLite, the actor, the ledger. The device process is the test: it sees every order, and what
the ledger's file says the moment an order is said.
"""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from drivers.jobs import (
    DeviceReport,
    JobCancel,
    JobDone,
    JobFailed,
    JobGo,
    JobHeld,
    JobReady,
    Order,
    PrintSlip,
)
from queued.engine.ports import AppendFailed, Batch
from queued.slips import Slips
from queued.storage.folder import DATABASE
from queued.storage.journal import SqlJournal
from tests.hall_parts import Parts, eventually, opened, printer, settings

READY = DeviceReport("printer", "escpos", "ready", 0, paper="ok")


@dataclass
class Process:
    """In place of the device process. `said`: name of order and job; `at_go`: what the ledger's
    file said of a job when it was told to go, None without a row."""

    file: Path
    said: list[tuple[str, str]] = field(default_factory=list)
    at_go: dict[str, str | None] = field(default_factory=dict)
    on_slip: Callable[[], None] = lambda: None

    def send(self, order: Order) -> bool:
        """An order."""
        if isinstance(order, PrintSlip | JobGo | JobCancel):
            self.said.append((type(order).__name__, order.job))
        if isinstance(order, JobGo):
            self.at_go[order.job] = self.row(order.job)
        if isinstance(order, PrintSlip):
            self.on_slip()
        return True

    def row(self, job: str) -> str | None:
        """The status on the disk, read by somebody else."""
        with contextlib.closing(sqlite3.connect(self.file)) as other:
            found = other.execute("SELECT status FROM slip WHERE job = ?", (job,)).fetchone()
        return found[0] if found else None

    def names(self) -> list[str]:
        """Of the orders so far, which are forgotten."""
        said, self.said = self.said, []
        return [name for name, _ in said]


@contextlib.asynccontextmanager
async def hall_with_process(folder: Path) -> AsyncIterator[tuple[Parts, Process]]:
    """A hall whose printer is ready and has nothing to do."""
    async with opened(folder / "data", settings(printer()), devices=False) as hall:
        file = folder / "data" / DATABASE
        process = Process(file)
        hall.slips.orders._send = process.send
        hall.slips.on_up()
        await eventually(lambda: hall.slips.orders._open)
        hall.slips.on_report(READY)
        yield hall, process


async def test_a_slip_goes_with_the_commit_of_its_ticket_and_not_before(tmp_path: Path):
    async with hall_with_process(tmp_path) as (hall, process):
        ticket = await hall.issue()
        # Then the printer could draw it first, and when it went the claim was on the disk
        assert process.names() == ["PrintSlip", "JobGo"]
        ((job, status),) = process.at_go.items()
        assert status == "sent"
        # And what it answers meanwhile is no reason to say it again
        hall.slips.on_report(JobReady(job, "printer"))
        hall.slips.on_report(JobDone(job, "printer", confirmed=True))
        await eventually(lambda: hall.slip_is(ticket, "confirmed"))
        assert process.names() == []


async def test_the_control_a_slip_that_goes_before_the_commit_is_not_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    accompany = Slips._accompany

    def hasty(self, *batch):
        beside = accompany(self, *batch)
        self.orders.go(self._draft.slips[0].job)
        return beside

    async with hall_with_process(tmp_path) as (hall, process):
        monkeypatch.setattr(Slips, "_accompany", hasty)
        hall.hall.actor.accompany = hall.slips._accompany
        process.at_go = {}
        first: list[str | None] = []
        monkeypatch.setattr(Process, "row", lambda self, job, row=Process.row: (
            first.append(row(self, job)), first[-1])[1])  # fmt: skip
        await hall.issue()
        assert first[0] is None


async def test_a_printer_with_a_slip_to_print_is_asked_before_the_next(tmp_path: Path):
    async with hall_with_process(tmp_path) as (hall, process):
        await hall.issue()
        process.names()
        second = await hall.issue()
        assert process.names() == ["PrintSlip"]
        assert await hall.slip_status(second) == "queued"
        job = f"{hall.hall.actor.hall.day}-{second.id}"
        hall.slips.on_report(JobReady(job, "printer"))
        await eventually(lambda: process.said)
        assert (process.names(), process.at_go[job]) == (["JobGo"], "sent")


@pytest.mark.parametrize("state", ["connecting", "degraded", "broken", "stopped"])
async def test_a_printer_that_is_not_ready_gets_no_slip_that_may_go(tmp_path: Path, state):
    async with hall_with_process(tmp_path) as (hall, process):
        hall.slips.on_report(DeviceReport("printer", "escpos", state, 0))
        ticket = await hall.issue()
        assert process.names() == ["PrintSlip"]
        assert await hall.slip_status(ticket) == "queued"


async def test_a_go_given_back_is_queued_and_goes_when_the_printer_is_ready(tmp_path: Path):
    async with hall_with_process(tmp_path) as (hall, process):
        ticket = await hall.issue()
        (job,) = process.at_go
        hall.slips.on_report(JobHeld(job, "printer"))
        await eventually(lambda: hall.slip_is(ticket, "queued"))
        process.names()
        hall.slips.on_report(JobReady(job, "printer"))
        await eventually(lambda: "JobGo" in process.names())
        assert await hall.slip_status(ticket) == "sent"


async def test_a_number_nobody_got_is_called_off_and_its_slip_is_the_next_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    append = SqlJournal.append

    async def fails(self: SqlJournal, hall: str, batch: Batch) -> None:
        raise AppendFailed("the disk is full")

    async with hall_with_process(tmp_path) as (hall, process):
        monkeypatch.setattr(SqlJournal, "append", fails)
        with pytest.raises(AppendFailed):
            await hall.issue()
        ((_, job),) = process.said
        monkeypatch.setattr(SqlJournal, "append", append)
        ticket = await hall.issue()
        # The same number, hence the same job: the old one is forgotten before the new one is said
        names = ["PrintSlip", "JobCancel", "PrintSlip", "JobGo"]
        assert process.said == [(name, job) for name in names]
        # And the answer to the cancellation is not taken for one about the new slip
        hall.slips.on_report(JobFailed(job, "printer", "cancelled", maybe_printed=False))
        hall.slips.on_report(JobDone(job, "printer", confirmed=True))
        await eventually(lambda: hall.slip_is(ticket, "confirmed"))


async def test_a_device_process_that_ends_meanwhile_hears_of_the_slip_again(tmp_path: Path):
    async with hall_with_process(tmp_path) as (hall, process):

        def dies() -> None:
            process.on_slip = lambda: None
            hall.slips.on_up()

        process.on_slip = dies
        ticket = await hall.issue()
        # Then it goes nowhere: the new process was never told of it
        await eventually(lambda: hall.slip_is(ticket, "queued"))
        await eventually(lambda: len(process.said) == 2)
        assert process.names() == ["PrintSlip", "PrintSlip"]


async def test_a_slip_refused_before_its_commit_is_reported_after_it(tmp_path: Path):
    async with hall_with_process(tmp_path) as (hall, process):
        fails = [True, True]

        def refuses() -> None:
            if fails:
                fails.pop()
                job = process.said[-1][1]
                hall.slips.on_report(JobFailed(job, "printer", "bad_job", maybe_printed=False))

        process.on_slip = refuses
        ticket = await hall.issue()
        await eventually(lambda: hall.slip_is(ticket, "failed"))
        assert process.said.count(("PrintSlip", process.said[0][1])) == 2


async def test_a_batch_that_went_alone_gets_its_slips_from_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async with hall_with_process(tmp_path) as (hall, process):
        maker = hall.slips.maker
        first, failures = maker.first, [1]

        def fails_once(*wanted):
            if failures:
                failures.pop()
                raise RuntimeError("a bug")
            return first(*wanted)

        monkeypatch.setattr(maker, "first", fails_once)
        ticket = await hall.issue()
        await eventually(lambda: hall.slip_is(ticket, "queued"))
        await eventually(lambda: process.said)
        assert process.names() == ["PrintSlip"]
        assert "without what should have been beside it" in caplog.text
        # And from the next one on they go along again, cursor and all
        hall.slips.on_report(JobDone(f"{hall.hall.actor.hall.day}-{ticket.id}", "printer", True))
        await hall.issue()
        assert hall.slips._draft is None
        head, _ = await hall.store.journal.head(hall.hall.id)

        async def caught_up() -> bool:
            return await hall.store.ledger.cursor(hall.hall.id, "slips") == head

        await eventually(caught_up)


async def test_a_claim_that_its_transaction_did_not_take_along_does_not_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    append = SqlJournal.append

    async def alone(self: SqlJournal, hall: str, batch: Batch) -> None:
        await append(self, hall, dataclasses.replace(batch, beside=()))

    async with hall_with_process(tmp_path) as (hall, process):
        monkeypatch.setattr(SqlJournal, "append", alone)
        ticket = await hall.issue()
        # Then it is called off, and said anew once the ledger has it
        await eventually(lambda: hall.slip_is(ticket, "queued"))
        await eventually(lambda: len(process.said) == 3)
        assert process.names() == ["PrintSlip", "JobCancel", "PrintSlip"]
        assert process.at_go == {}
