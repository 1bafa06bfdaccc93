"""A printer's task: one slip after the other, each asked for before its first byte.

    queued ─► printer well ─► JobReady ─► JobGo ─► bytes ─► JobDone | JobFailed

A slip keeps its place while the printer is off, open or empty, until it expires. A `JobGo` may come
before the printer was asked; it is given back (`JobHeld`) if the printer turns out not to be well.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from drivers.device import DeviceError, DeviceTransient
from drivers.device_task import CALL_MARGIN_S, Driver, World
from drivers.job_queue import Job
from drivers.job_task import JobTask
from drivers.jobs import DeviceConfig, JobDone, JobFailed, JobHeld, JobReady, PrintSlip
from drivers.spool import Spool

log = logging.getLogger("drivers")

JOBS_MAX = 50
"""Slips on one printer. At five seconds a slip that is four minutes; who waits longer for a
slip has been helped by the large number on the screen, or by a person."""
IDLE_CHECK_S = 15.0
"""An idle printer is looked at so often: staff should see an empty roll before a visitor does."""
ATTENTION_PAUSE_S = 2.0
"""Somebody stands at the printer and puts paper in: look again soon, on the same connection."""
ATTENTION = ("paper_out", "cover_open", "cutter_jam", "error")
"""The line is well, the printer wants a person."""
GO_LIMIT_S = 30.0
"""The engine's ledger answers within milliseconds; later it is as good as dead."""
WRITE_LIMIT_S = 30.0
PRINT_LIMIT_S = 20.0
"""What the driver allows for all bytes and for the paper, unless its options say otherwise."""

REASONS = (
    "offline",
    "paper_out",
    "cover_open",
    "cutter_jam",
    "error",
    "timeout",
    "unplugged",
    "bad_job",
)
"""What a driver may say of a failed slip; anything else is an `error`."""


class SlipPrinter(Driver, Protocol):
    """What `drivers.printer.Printer` offers."""

    async def check(self) -> str:
        """ "ok" or "near_end". Raises `DeviceError`."""
        ...

    async def print(self, slip: PrintSlip, go: Callable[[], Awaitable[None]]) -> bool:
        """Whether confirmed. Raises `DeviceError` with `maybe_printed`."""
        ...


class Withdrawn(DeviceTransient):
    """The slip in hand was cancelled or expired before its first byte."""


class SlipJob(Job[PrintSlip]):
    """A slip on its way; `decided` when the ledger has said "sent", or the slip ended before."""

    __slots__ = ("decided", "granted")

    def __init__(self, order: PrintSlip) -> None:
        super().__init__(order)
        self.decided = asyncio.Event()
        self.granted = False

    def grant(self) -> None:
        """The ledger says "sent"."""
        self.granted = True
        self.decided.set()

    def give_back(self) -> None:
        """No byte has left: the ledger shall say "queued" again."""
        self.granted = False
        self.decided.clear()

    def end(self) -> None:
        super().end()
        self.decided.set()


class PrinterTask(JobTask[PrintSlip, SlipJob]):
    """Prints the slips of one printer. `make` gives a driver, or raises `DeviceBroken`."""

    jobs_max = JOBS_MAX

    def __init__(
        self,
        config: DeviceConfig,
        world: World,
        make: Callable[[], SlipPrinter],
        spool: Spool | None = None,
    ) -> None:
        super().__init__(config, world)
        self._make = make
        self._spool = spool
        self._printer: SlipPrinter | None = None

    def job_of(self, order: PrintSlip) -> SlipJob:
        return SlipJob(order)

    def refusal(self, job: str, reason: str) -> JobFailed:
        return JobFailed(job, self.config.id, reason, maybe_printed=False)

    def grant(self, job: str) -> bool:
        """The ledger says "sent". False if this printer has no such job, or has its word."""
        found = self.queue.get(job)
        if found is None or found.decided.is_set():
            return False
        if self.link.state == "ready":
            found.grant()
        else:
            self.world.report(JobHeld(job, self.config.id))
        return True

    def failed(self, error: DeviceError) -> None:
        super().failed(error)
        self._give_back()

    def stop(self) -> None:
        super().stop()
        self._give_back()

    def _give_back(self) -> None:
        """Slips that were to go and have not begun."""
        for id_ in self.queue.ids():
            job = self.queue.get(id_)
            if job is not None and job.granted and not job.in_hand:
                job.give_back()
                self.world.report(JobHeld(job.id, self.config.id))

    # ── work ──

    def make(self) -> Driver:
        self._printer = self._make()
        return self._printer

    def drop(self) -> None:
        self._printer = None

    async def serve(self) -> None:
        printer = self._printer
        assert printer is not None
        well = False
        while not self.stopping:
            try:
                # The driver looks before each slip itself; the look here is for the staff.
                if not well or self.queue.first() is None:
                    await self._check(printer)
                    well = True
                job = self.queue.first()
                if job is None:
                    await self.rest(IDLE_CHECK_S)
                else:
                    await self._print(printer, job)
            except DeviceTransient as error:
                if error.code not in ATTENTION:
                    raise
                well = False
                self.failed(error)
                await self.pause(ATTENTION_PAUSE_S)

    async def _check(self, printer: SlipPrinter) -> None:
        paper = await self.limited("asking the printer", printer.check(), self.call_limit_s())
        if paper == "near_end" and self.paper != "near_end":
            log.warning("device %s: the paper is nearly used up", self.config.id)
        self.paper = "near_end" if paper == "near_end" else "ok"
        self.happened("opened")

    async def _print(self, printer: SlipPrinter, job: SlipJob) -> None:
        work = printer.print(job.order, partial(self._go, job))
        try:
            confirmed = await self.limited("printing", work, self._print_limit_s())
        except Withdrawn:
            return
        except DeviceError as error:
            self._print_failed(job, error)
            if error.code != "bad_job":
                raise
        except Exception:
            # The slip broke the driver: it must not break it again and again.
            self._end(job, self._failed_verdict(job, "error", job.in_hand))
            raise
        else:
            self.count("printed")
            self._end(job, JobDone(job.id, self.config.id, confirmed))
            if self._spool is not None:
                await self._lay_out(self._spool, job)
        finally:
            self.busy = False

    async def _go(self, job: SlipJob) -> None:
        """Tell that the printer is ready; return when the ledger says "sent"."""
        if job.ended:
            raise Withdrawn("cancelled")
        if not job.granted:
            self.world.report(JobReady(job.id, self.config.id))
        try:
            await self.limited("the ledger", job.decided.wait(), GO_LIMIT_S)
        except DeviceTransient:
            self.cancel(job.id, "timeout")
            raise Withdrawn("timeout") from None
        if not job.granted or job.ended or self.stopping:
            raise Withdrawn("cancelled")
        job.in_hand = self.busy = True

    def _print_failed(self, job: SlipJob, error: DeviceError) -> None:
        if job.in_hand:
            # Without a word of the driver (it hung) the slip may be on paper.
            maybe = bool(getattr(error, "maybe_printed", True))
            self._end(job, self._failed_verdict(job, error.code, maybe))
        elif error.code == "bad_job":
            self._end(job, self._failed_verdict(job, error.code, False))
        # Else the slip keeps its place: not a byte left, and its ledger entry says "queued".

    def _failed_verdict(self, job: SlipJob, code: str, maybe_printed: bool) -> JobFailed:
        reason = code if code in REASONS else "error"
        return JobFailed(job.id, self.config.id, reason, maybe_printed)

    def _end(self, job: SlipJob, verdict: JobDone | JobFailed) -> None:
        # Of which nothing left may be ordered again; any other answer is the last word.
        touched = isinstance(verdict, JobDone) or verdict.maybe_printed
        self.end(job.id, verdict, remember=touched)

    async def _lay_out(self, spool: Spool, job: SlipJob) -> None:
        try:
            for report in await spool.take(job.id, self.world.clock.now_ms()):
                self.world.report(report)
        except OSError as error:
            # The slip is printed; only its picture is missing.
            log.warning("device %s: no picture of a slip: %s", self.config.id, error.strerror)

    def _print_limit_s(self) -> float:
        write_s = self._option("write_timeout_s", WRITE_LIMIT_S)
        paper_s = self._option("print_timeout_s", PRINT_LIMIT_S)
        return self.call_limit_s() + GO_LIMIT_S + write_s + paper_s + CALL_MARGIN_S
