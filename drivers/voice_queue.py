"""The sayings of one voice, in order: bounded, answered exactly once. Pure but for its memory."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from drivers.jobs import NotSpoken, Say, Spoken

JOBS_MAX = 30
"""Sayings waiting for one voice. At six seconds each that is three minutes; a call that comes
later than that calls nobody."""
ANSWERS_MAX = 1000
"""Remembered, so that an order repeated by the engine is not said twice: hours of calls."""


@dataclass(slots=True, eq=False)
class Saying:
    """One order on its way."""

    order: Say
    failures: int = 0
    speaking: bool = False

    @property
    def id(self) -> str:
        """The engine's name of the job."""
        return self.order.job


@dataclass(slots=True)
class VoiceQueue:
    """At most `JOBS_MAX` sayings, the first is the one in hand."""

    _jobs: OrderedDict[str, Saying] = field(default_factory=OrderedDict)
    _spoken: OrderedDict[str, Spoken] = field(default_factory=OrderedDict)

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

    def put(self, order: Say) -> None:
        """Append; the caller has looked at `full` and `__contains__`."""
        self._jobs[order.job] = Saying(order)

    def first(self) -> Saying | None:
        """The saying in hand."""
        return next(iter(self._jobs.values()), None)

    def answered(self, job: str) -> Spoken | None:
        """What was said of `job`, if it was."""
        return self._spoken.get(job)

    def withdraw(self, job: str) -> bool:
        """Take `job` out unsaid; False if there is none, or it is being said."""
        found = self._jobs.get(job)
        if found is None or found.speaking:
            return False
        del self._jobs[job]
        return True

    def finish(self, job: str, verdict: Spoken | NotSpoken) -> None:
        """Take `job` out with its verdict."""
        self._jobs.pop(job, None)
        if isinstance(verdict, Spoken):
            self._spoken[job] = verdict
            if len(self._spoken) > ANSWERS_MAX:
                self._spoken.popitem(last=False)

    def expired(self, now_ms: int) -> list[str]:
        """Jobs whose time is over and which are not being said."""
        return [
            job.id
            for job in self._jobs.values()
            if job.order.expires_at_ms <= now_ms and not job.speaking
        ]

    def next_expiry_ms(self) -> int | None:
        """When the next job's time is over."""
        return min(
            (job.order.expires_at_ms for job in self._jobs.values() if not job.speaking),
            default=None,
        )
