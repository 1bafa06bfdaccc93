"""What a printer's and a voice's task share: a queue of jobs, each answered exactly once.

Orders are taken or refused at once; what waits too long expires, whatever the device does
meanwhile. How a job is done is the subclass's idea.
"""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from typing import ClassVar, Generic, TypeVar

from drivers.device_task import DeviceTask, World
from drivers.job_queue import Job, JobOrder, JobQueue
from drivers.jobs import DeviceConfig, Report

log = logging.getLogger("drivers")

EXPIRY_LOOK_S = 1.0
"""Expiry is wall-clock time, which may jump: look so often, sleep no longer."""

OrderT = TypeVar("OrderT", bound=JobOrder)
JobT = TypeVar("JobT", bound=Job)


class JobTask(DeviceTask, Generic[OrderT, JobT]):
    """Does the jobs of one device, in order."""

    jobs_max: ClassVar[int]
    """Jobs waiting for one device; one more is refused with `queue_full`."""

    def __init__(self, config: DeviceConfig, world: World) -> None:
        super().__init__(config, world)
        self.queue: JobQueue[JobT] = JobQueue(self.jobs_max)
        self._changed = asyncio.Event()
        """There may be an earlier expiry than the one waited for."""

    # ── what printers and voices do differently ──

    @abstractmethod
    def job_of(self, order: OrderT) -> JobT:
        """A job for the queue."""

    @abstractmethod
    def refusal(self, job: str, reason: str) -> Report:
        """The answer to a job of which nothing was done."""

    def hindrance(self, order: OrderT) -> str:
        """Why `order` must not be begun now, as a reason; "" if it may."""
        return "expired" if order.expires_at_ms <= self.world.clock.now_ms() else ""

    # ── orders ──

    def add(self, order: OrderT) -> None:
        """Take an order, or answer at once why not."""
        answered = self.queue.answered(order.job)
        if answered is not None:
            self.world.report(answered)
        elif self.queue.get(order.job) is not None:
            log.debug("device %s: an order came twice and is taken once", self.config.id)
        elif reason := self.hindrance(order) or ("queue_full" if self.queue.full else ""):
            self._refuse(order.job, reason)
        else:
            self.queue.put(self.job_of(order))
            self._changed.set()
            self.wake.set()
            self.tell()

    def cancel(self, job: str, reason: str = "cancelled") -> bool:
        """Forget a job unless it is in hand. False if this device has no such job."""
        known = self.queue.get(job) is not None
        if self.queue.withdraw(job):
            self._refuse(job, reason)
            self.tell()
        return known

    def cancel_all(self, reason: str) -> None:
        """Answer every job; the one in hand is answered when it ends."""
        for job in self.queue.ids():
            self.cancel(job, reason)

    def queue_length(self) -> int:
        return len(self.queue)

    # ── work ──

    async def run(self) -> None:
        expiry = asyncio.create_task(self._expire())
        try:
            await super().run()
        finally:
            expiry.cancel()

    def put_back(self, job: JobT) -> None:
        """No longer in hand; if it is still in the queue it keeps its place and expires again."""
        job.in_hand = False
        self._changed.set()

    def end(self, job: str, verdict: Report, remember: bool) -> None:
        """Take `job` out and tell its verdict."""
        self.queue.finish(job, verdict, remember)
        self.world.report(verdict)
        self.tell()

    def _refuse(self, job: str, reason: str) -> None:
        self.count(reason)
        self.world.report(self.refusal(job, reason))

    async def _expire(self) -> None:
        clock = self.world.clock
        while True:
            self._changed.clear()
            due = self.queue.next_expiry_ms()
            if due is None:
                await self._changed.wait()
                continue
            left_s = (due - clock.now_ms()) / 1000
            if left_s > 0:
                await clock.sleep(min(left_s, EXPIRY_LOOK_S))
            for job in self.queue.expired(clock.now_ms()):
                self.cancel(job, "expired")
