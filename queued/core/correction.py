"""Whether what was said came true, and by how much to say it otherwise from tomorrow on.

How it works. Each number that was taken behind somebody is told a wait, as it would have been
without correction; when it is called, what came true is divided by that. At the end of the day the
ratios go into a histogram that forgets like the profile of call rates. What four of five tickets
kept becomes the factor of the 80 % bound, and so for the others: the promise is as good as it says.

All queues of a hall together: one queue has too few. Source: facts on waiting times, §1.3 (nightly
conformal factors).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp, log

from queued.core import events as e
from queued.core.callrate import DAY, DAYS_HALF_LIFE
from queued.core.estimate import Estimator, Factors
from queued.core.model import TicketId
from queued.core.places import QUANTILES
from queued.core.plan import Millis

TICKETS_MIN = 200
"""Fewer say nothing about one in ten."""

FACTOR_MIN, FACTOR_MAX = 0.5, 2.0
"""A correction beyond this is a wrong configuration, not a wrong estimate."""

RATIO_MIN, STEP, STEPS = 0.05, 0.05, 121
"""Ratios from 0.05 to 20 in steps of 5 %; what is beyond counts as the outermost."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a `Correction` knows right after a `DayClosed`."""

    ratios: list[list[float]]
    day_ends_at: int


@dataclass(slots=True)
class _Said:
    waits_s: Sequence[float]
    at: Millis
    called_at: Millis | None = None


@dataclass(slots=True)
class Correction:
    """Follows a hall beside its estimator; see `factors`."""

    ratios: list[list[float]] = field(default_factory=lambda: [[0.0] * STEPS for _ in QUANTILES])
    day_ends_at: int = 0
    _said: dict[TicketId, _Said] = field(default_factory=dict)

    def kept(self) -> Kept:
        """What it knows. Exact right after a `DayClosed`."""
        return Kept([some.copy() for some in self.ratios], self.day_ends_at)

    @classmethod
    def remembering(cls, kept: Kept) -> Correction:
        """One that goes on where another stood. Raises `ValueError` if that cannot be."""
        if [len(some) for some in kept.ratios] != [STEPS] * len(QUANTILES):
            raise ValueError("another kind of histogram")
        return cls([some.copy() for some in kept.ratios], kept.day_ends_at)

    def observe(self, event: e.Event, estimator: Estimator) -> None:
        """The next event, which `estimator` has seen already."""
        match event:
            case e.TicketIssued():
                ahead = estimator.ahead_of(event.ticket)
                waits = None if ahead is None else estimator.plain(event.queue, ahead, event.at)
                if waits is not None:
                    self._said[event.ticket] = _Said(waits, event.at)
            case e.TicketCalled() | e.CallUndone():
                said = self._said.get(event.ticket)
                if said is not None:
                    undone = isinstance(event, e.CallUndone)
                    said.called_at = None if undone else said.called_at or event.at
            case e.DayOpened():
                self._age(event.ends_at)
            case e.DayClosed():
                self._learn()

    def factors(self) -> Factors:
        """By what to multiply the waits at 10, 50, 80 and 90 %; ones until enough is known."""
        one, median, four_of_five, nine_of_ten = (
            _factor(ratios, p) for ratios, p in zip(self.ratios, QUANTILES, strict=True)
        )
        return (one, median, four_of_five, nine_of_ten)

    def _learn(self) -> None:
        for said in self._said.values():
            if said.called_at is None:
                continue
            waited_s = max(1.0, (said.called_at - said.at) / 1000)
            for ratios, told_s in zip(self.ratios, said.waits_s, strict=True):
                step = int(log(waited_s / max(1.0, told_s) / RATIO_MIN) / STEP)
                ratios[min(STEPS - 1, max(0, step))] += 1.0
        self._said.clear()

    def _age(self, ends_at: int) -> None:
        days = (ends_at - self.day_ends_at) / DAY if self.day_ends_at else 0.0
        weight = 0.5 ** (max(0.0, days) / DAYS_HALF_LIFE)
        self.ratios = [[n * weight for n in some] for some in self.ratios]
        self.day_ends_at = ends_at
        self._said.clear()


def _factor(ratios: Sequence[float], p: float) -> float:
    known = sum(ratios)
    if known < TICKETS_MIN:
        return 1.0
    wanted, passed = p * known, 0.0
    for step, count in enumerate(ratios):
        if count and passed + count >= wanted:
            ratio = RATIO_MIN * exp((step + (wanted - passed) / count) * STEP)
            return min(FACTOR_MAX, max(FACTOR_MIN, ratio))
        passed += count
    return FACTOR_MAX
