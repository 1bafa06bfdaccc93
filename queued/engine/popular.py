"""Popular times: how full a queue usually is, by kind of day and hour, and how it is against that.

Made of the last eight weeks at the end of each day (see `day_figures`), never on a request. It
says nothing until it honestly can: a weekday speaks for itself after `WEEKDAY_DAYS_MIN` such
days; before, and for days that are no usual weekday, all working days (or all others) speak
together after `POOLED_DAYS_MIN`. An hour counts only days on which the hall was at work in it, a
queue only days since it first had a number. Medians, so that one wild day changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from queued.core.plan import QueueId
from queued.engine.day_figures import QUARTERS, WHOLE_HALL, HourFigures, quantile
from queued.engine.holidays import WEEKDAYS, Kind, kinds_of

WEEKS: Final = 8
"""Long enough for eight Mondays, short enough to follow the seasons."""

WEEKDAY_DAYS_MIN: Final = 4
POOLED_DAYS_MIN: Final = 5

WAITS_MIN: Final = 10
"""Waits of one hour that a quantile is told from."""

MARGIN: Final = 3
"""So many people more or less than usual are no difference …"""

MARGIN_PERCENT: Final = 30
"""… and neither is this part of the usual number."""

Level: TypeAlias = Literal["busier", "usual", "quieter"]


class Hour(msgspec.Struct, frozen=True, array_like=True):
    """A queue in an hour of such a day."""

    hour: int
    days: int
    """Days that it is made of."""
    waiting: tuple[float, float, float, float]
    """People in line, in each quarter of the hour."""
    tickets: int
    p50_s: int | None
    p80_s: int | None
    """Waits of those who take a number in the hour; None if too few are known."""

    @property
    def mean(self) -> float:
        """People in line, over the hour."""
        return sum(self.waiting) / QUARTERS


class Usual(msgspec.Struct, frozen=True):
    """Popular times of a hall, from `since` to `until` (ISO dates, inclusive)."""

    since: str
    until: str
    days: dict[Kind, int]
    """How many days of each kind are known."""
    kinds: dict[Kind, dict[QueueId, tuple[Hour, ...]]]
    """Hours in their order, by queue; of the whole hall under `WHOLE_HALL`."""


@dataclass(frozen=True, slots=True)
class TypicalDay:
    """What a day is usually like. `kind` says which days it is made of."""

    kind: Kind
    days: int
    since: str
    until: str
    queues: Mapping[QueueId, Sequence[Hour]]

    def waiting(self, queue: QueueId, hour: int, minute: int) -> int | None:
        """How many usually wait at this time of the day; None if nobody can say."""
        for one in self.queues.get(queue, ()):
            if one.hour == hour:
                return int(one.waiting[minute * QUARTERS // 60] + 0.5)
        return None


def level(waiting: int, usual: int) -> Level:
    """How busy `waiting` people are where `usual` is usual; `static/js/busy.js` is the same."""
    difference = waiting - usual
    margin = max(100 * MARGIN, MARGIN_PERCENT * usual)
    if 100 * abs(difference) < margin or not difference:
        return "usual"
    return "busier" if difference > 0 else "quieter"


def typical(usual: Usual | None, day: date, zone: ZoneInfo) -> TypicalDay | None:
    """What `day` may be expected to be like; None while nobody can say."""
    if usual is None:
        return None
    for kind in kinds_of(day, zone):
        if (queues := usual.kinds.get(kind)) is not None:
            return TypicalDay(kind, usual.days[kind], usual.since, usual.until, queues)
    return None


def usual_of(rows: Iterable[HourFigures], zone: ZoneInfo) -> Usual | None:
    """The popular times that follow from these hours of a hall; None of none."""
    known: dict[tuple[str, int, QueueId], HourFigures] = {}
    first: dict[QueueId, str] = {}
    for row in rows:
        known[row.day, row.hour, row.queue] = row
        first[row.queue] = min(row.day, first.get(row.queue, row.day))
    days = sorted({day for day, _, _ in known})
    if not days:
        return None
    of_kind: dict[Kind, list[str]] = {}
    for day in days:
        for kind in kinds_of(date.fromisoformat(day), zone):
            of_kind.setdefault(kind, []).append(day)
    told = {kind: some for kind, some in of_kind.items() if len(some) >= _least(kind)}
    return Usual(
        days[0],
        days[-1],
        {kind: len(some) for kind, some in told.items()},
        {kind: _queues(kind, some, known, first) for kind, some in told.items()},
    )


def median(values: Iterable[float]) -> float:
    """The middle of at least one value; of an even number, the mean of the two in the middle."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _least(kind: Kind) -> int:
    return WEEKDAY_DAYS_MIN if kind in WEEKDAYS else POOLED_DAYS_MIN


def _queues(
    kind: Kind,
    days: Sequence[str],
    known: Mapping[tuple[str, int, QueueId], HourFigures],
    first: Mapping[QueueId, str],
) -> dict[QueueId, tuple[Hour, ...]]:
    at_work = {
        hour: [day for day in days if (day, hour, WHOLE_HALL) in known] for hour in range(24)
    }
    queues = {}
    for queue, since in first.items():
        hours = []
        for hour, some in at_work.items():
            counted = [day for day in some if day >= since]
            if len(counted) >= _least(kind):
                rows = [known.get((day, hour, queue)) for day in counted]
                hours.append(_hour(hour, rows))
        if hours:
            queues[queue] = tuple(hours)
    return queues


def _hour(hour: int, rows: Sequence[HourFigures | None]) -> Hour:
    """`rows`: None for a day on which the queue had nothing in that hour."""
    a, b, c, d = (
        round(median(row.waiting[quarter] if row else 0.0 for row in rows), 2)
        for quarter in range(QUARTERS)
    )
    waits = sorted(wait for row in rows if row for wait in row.waits_s)
    enough = len(waits) >= WAITS_MIN
    return Hour(
        hour,
        len(rows),
        (a, b, c, d),
        int(median(row.tickets if row else 0 for row in rows) + 0.5),
        quantile(waits, 0.5) if enough else None,
        quantile(waits, 0.8) if enough else None,
    )
