"""Time for the engine: what o'clock it is, and a call when a moment has come.

`SystemClock` never runs backwards and never stands still. It follows the wall clock forward;
when the wall clock is set back (NTP, a dead battery, a person) it keeps going at half speed
until the wall has caught up, so waits and deadlines stay meaningful. `SimulatedClock` moves
only when told to and fires its timers in order.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable
from itertools import count
from typing import Protocol

from queued.core.plan import Millis

YEAR_MS = 366 * 86_400_000
EARLIEST = Millis(1_767_225_600_000)
"""2026-01-01: software of this version cannot have run before; a dead RTC battery says 1970."""


class Timer(Protocol):
    """A pending call."""

    def cancel(self) -> None:
        """The call will not happen."""
        ...


class Clock(Protocol):
    """Unix time in milliseconds, never decreasing."""

    def now(self) -> Millis:
        """The moment."""
        ...

    def call_at(self, moment: Millis, callback: Callable[[], None]) -> Timer:
        """Call `callback` on the event loop once `now() >= moment`."""
        ...


class SystemClock:
    """The machine's clock, made monotonic. `wall` and `monotonic` are readings in seconds."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._at = wall()
        self._read_at = monotonic()

    def now(self) -> Millis:
        """The wall clock, or while that is behind us, half its speed."""
        wall, monotonic = self._wall(), self._monotonic()
        elapsed = max(0.0, monotonic - self._read_at)
        self._at = max(wall, self._at + elapsed / 2) if wall < self._at + elapsed else wall
        self._read_at = monotonic
        return Millis(int(self._at * 1000))

    def call_at(self, moment: Millis, callback: Callable[[], None]) -> Timer:
        """At half speed a call may come early; the caller looks at `now()` and asks again."""
        delay_s = max(0, moment - self.now()) / 1000
        return asyncio.get_running_loop().call_later(min(delay_s, 3600.0), callback)


class SimulatedClock:
    """A clock that a simulation or a test moves."""

    def __init__(self, at: Millis) -> None:
        self._at = at
        self._timers: list[tuple[Millis, int, _SimulatedTimer]] = []
        self._order = count()

    def now(self) -> Millis:
        """The moment last moved to."""
        return self._at

    def call_at(self, moment: Millis, callback: Callable[[], None]) -> Timer:
        """Fires inside `move_to`."""
        timer = _SimulatedTimer(callback)
        heapq.heappush(self._timers, (moment, next(self._order), timer))
        return timer

    def next_timer(self) -> Millis | None:
        """When the earliest pending timer fires."""
        while self._timers and self._timers[0][2].callback is None:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def move_to(self, moment: Millis) -> None:
        """Go to `moment` and fire what is due by then. Raises `ValueError` backwards."""
        if moment < self._at:
            raise ValueError(f"{moment} is before {self._at}")
        self._at = moment
        while (due := self.next_timer()) is not None and due <= moment:
            callback = heapq.heappop(self._timers)[2].callback
            if callback is not None:
                callback()


class _SimulatedTimer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


def implausible(now: Millis, last_at: Millis) -> str | None:
    """Why a clock should not be believed without a person's word, or None."""
    if now < EARLIEST:
        return "the clock is before 2026: its battery may be dead"
    if last_at and now < last_at - 86_400_000:
        return "the clock is more than a day before the last event of the journal"
    if last_at and now > last_at + YEAR_MS:
        return "the clock is more than a year after the last event of the journal"
    return None
