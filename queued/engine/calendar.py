"""Business days: from the wall clock of a time zone to moments, once, here.

A business day begins at `day_starts` local time and ends where the next one begins; across a
change to or from summer time it is an hour shorter or longer. A local time that does not
exist on a day (02:30 on a spring Sunday) counts with the offset before the change: it is as
long after midnight as ever, 03:30 on the new clock. One that comes twice means the first.
Source of both: RFC 5545, section 3.3.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from queued.core.commands import OpenDay
from queued.core.plan import Millis

LOOK_AHEAD_DAYS: Final = 14
"""Hours repeat every week: what does not open within two never does."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Numbers are given out on `weekdays` (0 = Monday) from `opens` to `closes`, local time.

    `closes` at 00:00 is the midnight that ends the day.
    """

    weekdays: frozenset[int]
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Calendar:
    """A hall's days. Without `hours` every day is open all day."""

    zone: ZoneInfo
    day_starts: time
    hours: Sequence[Hours] = ()

    def day_of(self, at: Millis) -> date:
        """The business day that `at` belongs to."""
        local = datetime.fromtimestamp(at / 1000, self.zone).date()
        return local if at >= self._begin(local) else local - timedelta(days=1)

    def opening(self, at: Millis, by: str) -> OpenDay:
        """The command that opens the business day of `at`."""
        day = self.day_of(at)
        return OpenDay(
            day=day.isoformat(),
            ends_at=self._begin(day + timedelta(days=1)),
            hours=self._hours(day),
            by=by,
        )

    def next_opening(self, at: Millis) -> Millis | None:
        """When numbers are given out next, after `at`; None without hours or if never."""
        if not self.hours:
            return None
        today = self.day_of(at)
        for ahead in range(LOOK_AHEAD_DAYS):
            for begin, end in self._hours(today + timedelta(days=ahead)):
                if begin > at and end > begin:
                    return begin
        return None

    def _begin(self, day: date) -> Millis:
        return self._moment(day, self.day_starts)

    def _hours(self, day: date) -> tuple[tuple[Millis, Millis], ...]:
        if not self.hours:
            return ()
        open_today = [
            (self._moment(day, hours.opens), self._closing(day, hours.closes))
            for hours in self.hours
            if day.weekday() in hours.weekdays
        ]
        # A closed day must not look like "no hours, always open".
        return tuple(sorted(open_today)) or ((Millis(0), Millis(0)),)

    def _closing(self, day: date, at: time) -> Millis:
        return self._moment(day + timedelta(days=1) if at == time(0) else day, at)

    def _moment(self, day: date, at: time) -> Millis:
        local = datetime.combine(day, at, self.zone)
        return Millis(int(local.timestamp()) * 1000)
