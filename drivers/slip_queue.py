"""Slips waiting for one printer, in order. No I/O, no clock.

A slip leaves the queue when it is printed, or when it ends unprinted (cancelled, expired).
Once its bytes are leaving it can no longer end from outside.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from drivers.jobs import JobDone, JobFailed, PrintSlip

JOBS_MAX = 50
"""Slips on one printer. At five seconds a slip that is four minutes; who waits longer for a
slip has been helped by the large number on the screen, or by a person."""
FINISHED_MAX = 1000
"""Answers remembered, so that an order repeated by the engine is not printed twice: more than
an hour of the fastest printer."""


@dataclass(slots=True, eq=False)
class Job:
    """One slip on its way."""

    slip: PrintSlip
    go: asyncio.Future[bool]
    """True when the ledger says "sent", False when the job ended before."""
    leaving: bool = False

    @property
    def id(self) -> str:
        """The engine's name of the job."""
        return self.slip.job

    @property
    def ended(self) -> bool:
        """Whether it was cancelled or expired."""
        return self.go.done() and not self.go.result()


@dataclass(slots=True)
class SlipQueue:
    """At most `JOBS_MAX` jobs, the first is the one in hand."""

    _jobs: OrderedDict[str, Job] = field(default_factory=OrderedDict)
    _finished: OrderedDict[str, JobDone | JobFailed] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, job: str) -> bool:
        return job in self._jobs

    @property
    def full(self) -> bool:
        """Whether there is no place left."""
        return len(self._jobs) >= JOBS_MAX

    def ids(self) -> tuple[str, ...]:
        """The jobs in order."""
        return tuple(self._jobs)

    def put(self, slip: PrintSlip) -> Job:
        """Append; the caller has looked at `full` and `__contains__`."""
        job = Job(slip, asyncio.get_running_loop().create_future())
        self._jobs[job.id] = job
        return job

    def first(self) -> Job | None:
        """The job in hand."""
        return next(iter(self._jobs.values()), None)

    def answered(self, job: str) -> JobDone | JobFailed | None:
        """How `job` ended, if bytes of it left."""
        return self._finished.get(job)

    def grant(self, job: str) -> bool:
        """The ledger says "sent". False if there is no such job (any more)."""
        found = self._jobs.get(job)
        if found is None or found.go.done():
            return False
        found.go.set_result(True)
        return True

    def end(self, job: str) -> Job | None:
        """Take `job` out unprinted; None if there is none, or if its bytes are leaving."""
        found = self._jobs.get(job)
        if found is None or found.leaving:
            return None
        del self._jobs[job]
        if not found.go.done():
            found.go.set_result(False)
        else:  # granted, but not a byte left yet
            found.go = asyncio.get_running_loop().create_future()
            found.go.set_result(False)
        return found

    def finish(self, job: str, verdict: JobDone | JobFailed) -> None:
        """Take `job` out with its verdict."""
        self._jobs.pop(job, None)
        if isinstance(verdict, JobDone) or verdict.maybe_printed:
            self._finished[job] = verdict
            if len(self._finished) > FINISHED_MAX:
                self._finished.popitem(last=False)

    def expired(self, now_ms: int) -> list[str]:
        """Jobs whose time is over and whose bytes are not leaving."""
        return [
            job.id
            for job in self._jobs.values()
            if job.slip.expires_at_ms <= now_ms and not job.leaving
        ]

    def next_expiry_ms(self) -> int | None:
        """When the next job's time is over."""
        return min(
            (job.slip.expires_at_ms for job in self._jobs.values() if not job.leaving),
            default=None,
        )
