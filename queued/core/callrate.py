"""How fast one queue is called, learnt from its own calls, and how long k calls will take.

How it works. Only *saturated* intervals teach: the time between two calls of which the first
left somebody waiting; in an idle gap nobody was slow. Past days make a profile, calls per
minute for each hour of the day. Today's level against it is a Gamma variable, so the time for
k more calls follows a beta-prime law. The interval running now counts as time without a call:
a queue that stalls slows down by itself, before the next call proves it.

It needs no number of windows and no service times: windows are shared between queues, and the
rate of calls already contains that, as it contains visitors who do not come.

Source: facts on waiting times, estimator "CR" (a Bayesian call rate with beta-prime
quantiles after Paulson, Wilson and Hilferty: error under 0.6 % for two or more calls ahead
and five seen, 7.4 % at worst). Floats inside, whole seconds outside; nothing here decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt

from queued.core.plan import MINUTE, Millis

HOURS = 24
HOUR = 60 * MINUTE
DAY = HOURS * HOUR

CALLS_MIN = 5
"""Fewer saturated calls than this say nothing: use the configured guess, or stay silent."""

HALF_LIFE_MIN = 60.0
"""What happened an hour ago counts half for today's level."""

INTERVAL_MAX = 240 * MINUTE
"""A longer silence is a closed service, not a slow one."""

DAYS_HALF_LIFE = 10.0
"""What happened ten days ago counts half for the profile."""

PROFILE_PRIOR = 10.0
"""An hour of the day leans on the average of the queue with the weight of ten calls."""

CALLS_TRUSTED = 100
"""With so many calls of past days the profile is trusted …"""

TRUST_OLD, TRUST_YOUNG = 16.0, 4.0
"""… like 16 calls of today, before that like 4 (a wrong guess is gone after ten calls)."""

WAIT_MAX = DAY
"""No answer is longer than a day: nobody waits longer in a hall."""

Z_SCORES = (-1.2815515655446004, 0.0, 0.8416212335729143, 1.2815515655446004)
"""Standard normal quantiles of 10, 50, 80 and 90 %."""


def _zeros() -> list[float]:
    return [0.0] * HOURS


@dataclass(slots=True)
class Today:
    """One queue's saturated calls of this business day."""

    calls: list[float] = field(default_factory=_zeros)
    """By hour, counted in the hour of the call that ended the interval."""
    minutes: list[float] = field(default_factory=_zeros)
    """By hour: saturated time spent in it."""
    level_calls: float = 0.0
    """Calls, discounted by their age at `level_at`."""
    level_expected: float = 0.0
    """Calls that the profile expected in the same time, discounted alike."""
    level_minutes: float = 0.0
    level_at: Millis = Millis(0)
    last_call: Millis | None = None
    saturated: bool = False
    """The last call left somebody waiting, and somebody has waited ever since."""

    def copy(self) -> Today:
        """An independent copy, so that an undone call can be unlearnt."""
        return Today(
            self.calls.copy(),
            self.minutes.copy(),
            self.level_calls,
            self.level_expected,
            self.level_minutes,
            self.level_at,
            self.last_call,
            self.saturated,
        )


@dataclass(frozen=True, slots=True)
class Learnt:
    """Everything a `CallRate` knows, as plain values: what a restart needs."""

    today: Today
    calls: list[float]
    minutes: list[float]
    ever: float
    profile: list[float] | None


class CallRate:
    """Learns the call rate of one queue. Memory: a hundred numbers, whatever happens."""

    __slots__ = ("today", "_calls", "_minutes", "_ever", "_profile")

    def __init__(self) -> None:
        self.today = Today()
        self._calls = _zeros()
        self._minutes = _zeros()
        self._ever = 0.0
        self._profile: list[float] | None = None

    def memory(self) -> Learnt:
        """What it knows; a copy."""
        profile = None if self._profile is None else self._profile.copy()
        return Learnt(
            self.today.copy(), self._calls.copy(), self._minutes.copy(), self._ever, profile
        )

    @classmethod
    def remembering(cls, learnt: Learnt) -> CallRate:
        """One that knows what another one knew, and goes on like it. Raises `ValueError`."""
        rate = cls()
        hours = (learnt.today.calls, learnt.today.minutes, learnt.calls, learnt.minutes)
        if any(len(each) != HOURS for each in (*hours, learnt.profile or rate._calls)):
            raise ValueError(f"a profile has {HOURS} hours")
        rate.today = learnt.today.copy()
        rate._calls, rate._minutes = learnt.calls.copy(), learnt.minutes.copy()
        rate._ever = learnt.ever
        rate._profile = None if learnt.profile is None else learnt.profile.copy()
        return rate

    def called(self, at: Millis, left_waiting: bool, midnight: int, guess_ms: int | None) -> None:
        """A call of this queue at `at`. `midnight` is where hour 0 of the profile begins.

        `guess_ms` is the configured time per call, or None.
        """
        today = self.today
        since = today.last_call
        if since is not None and today.saturated and 0 <= at - since <= INTERVAL_MAX:
            rates = self._rates(guess_ms)
            _discount(today, at)
            today.level_calls += 1.0
            today.level_minutes += (at - since) / MINUTE
            today.calls[_hour(at, midnight)] += 1.0
            for hour, minutes in _spans(since, at, midnight):
                today.minutes[hour] += minutes
                if rates is not None:
                    today.level_expected += minutes * rates[hour]
        today.last_call = at
        today.saturated = left_waiting

    def emptied(self) -> None:
        """Nobody waits any more without a call (the last one left): the interval is void."""
        self.today.saturated = False

    def next_day(self, days: float) -> None:
        """A new business day begins, `days` after the one before: renew the profile."""
        weight = 0.5 ** (max(0.0, days) / DAYS_HALF_LIFE)
        self._ever += sum(self.today.calls)
        for hour in range(HOURS):
            self._calls[hour] = (self._calls[hour] + self.today.calls[hour]) * weight
            self._minutes[hour] = (self._minutes[hour] + self.today.minutes[hour]) * weight
        self.today = Today()
        calls, minutes = sum(self._calls), sum(self._minutes)
        if self._ever < CALLS_MIN or calls <= 0.0 or minutes <= 0.0:
            return
        prior = PROFILE_PRIOR * minutes / calls
        self._profile = [
            (n + PROFILE_PRIOR) / (e + prior)
            for n, e in zip(self._calls, self._minutes, strict=True)
        ]

    def times(
        self, calls: int, at: Millis, midnight: int, guess_ms: int | None
    ) -> tuple[float, ...] | None:
        """Milliseconds until `calls` more calls, at 10, 50, 80 and 90 %; None if unknown."""
        rates = self._rates(guess_ms)
        if rates is None:
            return None
        today = self.today
        age = 0.5 ** (max(0, at - today.level_at) / MINUTE / HALF_LIFE_MIN)
        trust = TRUST_OLD if self._ever >= CALLS_TRUSTED else TRUST_YOUNG
        known = trust + today.level_calls * age
        if self._profile is None and guess_ms is None:
            # Nothing but today: what it expected was not known call by call.
            expected = trust + today.level_minutes * rates[0] * age
        else:
            expected = trust + today.level_expected * age
        if today.saturated and today.last_call is not None and at > today.last_call:
            until = Millis(min(at, today.last_call + INTERVAL_MAX))
            for hour, minutes in _spans(today.last_call, until, midnight):
                expected += minutes * rates[hour]
        works = [expected * beta_prime_quantile(float(calls), known + 1.0, z) for z in Z_SCORES]
        return tuple(_time_for(work, rates, at, midnight) for work in works)

    def _rates(self, guess_ms: int | None) -> list[float] | None:
        """Calls per minute by hour of the day: from past days, the guess, or only today."""
        if self._profile is not None:
            return self._profile
        if guess_ms is not None:
            rate = MINUTE / guess_ms
        else:
            calls, minutes = sum(self.today.calls), sum(self.today.minutes)
            if calls < CALLS_MIN or minutes <= 0.0:
                return None
            rate = calls / minutes
        return [rate] * HOURS


def beta_prime_quantile(a: float, b: float, z: float) -> float:
    """The quantile of BetaPrime(a, b) at standard normal score `z`; a >= 1, b > 4, |z| < 1.5."""
    a9, b9 = 1.0 / (9.0 * a), 1.0 / (9.0 * b)
    u, v = 1.0 - b9, 1.0 - a9
    root = sqrt(u * u * a9 + v * v * b9 - z * z * a9 * b9)
    ratio = (u * v + z * root) / (u * u - z * z * b9)
    return max(0.0, ratio) ** 3 * a / b


def _discount(today: Today, at: Millis) -> None:
    factor = 0.5 ** (max(0, at - today.level_at) / MINUTE / HALF_LIFE_MIN)
    today.level_calls *= factor
    today.level_expected *= factor
    today.level_minutes *= factor
    today.level_at = at


def _hour(at: int, midnight: int) -> int:
    return (at - midnight) // HOUR % HOURS


def _spans(begin: int, end: int, midnight: int) -> list[tuple[int, float]]:
    """The hours of the day that `begin` … `end` touches, with the minutes spent in each."""
    spans = []
    while begin < end:
        edge = min(end, begin + HOUR - (begin - midnight) % HOUR)
        spans.append((_hour(begin, midnight), (edge - begin) / MINUTE))
        begin = edge
    return spans


def _time_for(work: float, rates: list[float], at: int, midnight: int) -> float:
    """Milliseconds from `at` until the rates have added up to `work` calls."""
    begin, end = at, at + WAIT_MAX
    while begin < end:
        edge = begin + HOUR - (begin - midnight) % HOUR
        rate = rates[_hour(begin, midnight)]
        capacity = rate * (edge - begin) / MINUTE
        if capacity >= work:
            return min(float(WAIT_MAX), begin - at + work / rate * MINUTE)
        work -= capacity
        begin = edge
    return float(WAIT_MAX)
