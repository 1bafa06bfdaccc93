"""Jobs waiting for one device, in order: bounded, each taken once, each answered once.

A job leaves the queue when it is done, or when it ends undone (cancelled, expired). Once it is
in hand it can no longer end from outside. Pure but for its memory: no I/O, no clock.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from drivers.jobs import Report

FINISHED_MAX = 1000
"""Answers remembered, so that an order repeated by the engine is not carried out twice: more
than an hour of the fastest printer, hours of calls."""


class JobOrder(Protocol):
    """What orders with a ledger have in common (`PrintSlip`, `Say`)."""

    @property
    def job(self) -> str:
        """The engine's name of the job."""
        ...

    @property
    def expires_at_ms(self) -> int:
        """Unix time after which it is not begun any more."""
        ...


OrderT = TypeVar("OrderT", bound=JobOrder)


@dataclass(slots=True, eq=False)
class Job(Generic[OrderT]):
    """One order on its way."""

    order: OrderT
    failures: int = 0
    in_hand: bool = False
    """Its bytes are leaving, its words are being said."""
    ended: bool = False
    """It was cancelled or expired."""

    @property
    def id(self) -> str:
        """The engine's name of the job."""
        return self.order.job

    def end(self) -> None:
        """It will not be done. For those who wait for it, too."""
        self.ended = True


JobT = TypeVar("JobT", bound=Job)


@dataclass(slots=True)
class JobQueue(Generic[JobT]):
    """At most `jobs_max` jobs, the first is the one to do."""

    jobs_max: int
    _jobs: OrderedDict[str, JobT] = field(default_factory=OrderedDict)
    _finished: OrderedDict[str, Report] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def full(self) -> bool:
        """Whether there is no place left."""
        return len(self._jobs) >= self.jobs_max

    def ids(self) -> tuple[str, ...]:
        """The jobs in order."""
        return tuple(self._jobs)

    def get(self, job: str) -> JobT | None:
        """The job of that name, if it waits here."""
        return self._jobs.get(job)

    def put(self, job: JobT) -> None:
        """Append; the caller has looked at `full` and `get`."""
        self._jobs[job.id] = job

    def first(self) -> JobT | None:
        """The job to do."""
        return next(iter(self._jobs.values()), None)

    def answered(self, job: str) -> Report | None:
        """The last word about `job`, if it is remembered."""
        return self._finished.get(job)

    def withdraw(self, job: str) -> bool:
        """Take `job` out undone; False if there is none, or it is in hand."""
        found = self._jobs.get(job)
        if found is None or found.in_hand:
            return False
        del self._jobs[job]
        found.end()
        return True

    def finish(self, job: str, verdict: Report, remember: bool) -> None:
        """Take `job` out with its verdict; a remembered one is the answer to any repetition."""
        self._jobs.pop(job, None)
        if remember:
            self._finished[job] = verdict
            if len(self._finished) > FINISHED_MAX:
                self._finished.popitem(last=False)

    def expired(self, now_ms: int) -> list[str]:
        """Jobs whose time is over and which are not in hand."""
        return [
            job.id
            for job in self._jobs.values()
            if job.order.expires_at_ms <= now_ms and not job.in_hand
        ]

    def next_expiry_ms(self) -> int | None:
        """When the next job's time is over."""
        return min(
            (job.order.expires_at_ms for job in self._jobs.values() if not job.in_hand),
            default=None,
        )
