"""What one business day looked like, hour by hour: counts, the line, waits, service times.

How it works. The events of the day are folded once, after it has ended. Everything is counted in
quarters of an hour since 1970 (every zone's clock differs from UTC by whole quarters) and put
under the hours of the hall's own clock at the end.

No personal data: these are counts of numbers, not of people. What number was called when has
stood on the hall's boards for everybody; an hour in which one number was taken tells nothing
that was not there, so no count needs to be hidden.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import Final
from zoneinfo import ZoneInfo

from queued.core import events as e
from queued.core.model import TicketId
from queued.core.plan import Millis, QueueId
from queued.core.tally import DAY_CLOSED

QUARTER_MS: Final = 15 * 60_000
QUARTERS: Final = 4
"""Of an hour."""

WHOLE_HALL: Final = QueueId("")
"""The queue of rows that count all queues of the hall. There is one for every hour from the
first to the last thing that happened: a queue without a row had nothing in that hour."""

TIMES_KEPT: Final = 240
"""Of one hour and queue; of more waits every n-th is kept, which moves a quantile by less than
half a percent of its rank."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HourFigures:
    """A queue in an hour (0 … 23, on the hall's clock) of business day `day` (ISO date)."""

    day: str
    hour: int
    queue: QueueId
    tickets: int
    """Numbers taken in the hour."""
    called: int
    """Calls in it, without recalls and without those undone."""
    served: int
    missed: int
    waiting: tuple[float, ...]
    """How many waited, on average, in each quarter of it."""
    waits_s: tuple[int, ...]
    """From taking to the first call, of numbers taken in it and called that day; sorted."""
    services_s: tuple[int, ...]
    """From start to finish, of services finished in it; sorted."""


@dataclass(slots=True)
class _Quarter:
    tickets: int = 0
    called: int = 0
    served: int = 0
    missed: int = 0
    waited_ms: int = 0
    """People times milliseconds spent in line."""
    waits_s: list[int] = field(default_factory=list)
    services_s: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Call:
    """A call that may yet be undone."""

    queue: QueueId
    quarter: int
    from_line: bool
    first: bool


class DayFigures:
    """Folds the events of a hall, a day at a time. `zone` is the hall's."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._forget()

    def observe(self, event: e.Event) -> tuple[HourFigures, ...]:
        """Take in the next event; the figures of the day if it is the one that ends it."""
        match event:
            case e.TicketIssued():
                self._taken[event.ticket] = (event.queue, event.at)
                self._at(event.queue, event.at).tickets += 1
                self._join(event.ticket, event.queue, event.at)
            case e.TicketCalled():
                self._called(event)
            case e.CallUndone():
                self._undone(event)
            case e.ServiceStarted():
                self._started[event.ticket] = event.at
                self._active(event.at)
            case e.ServiceFinished():
                self._finished(event)
            case e.TicketMissed():
                self._at(event.queue, event.at).missed += 1
            case e.TicketParked():
                self._started.pop(event.ticket, None)
            case e.TicketTransferred() | e.TicketReturned():
                self._started.pop(event.ticket, None)
                self._join(event.ticket, event.queue, event.at)
            case e.TicketCancelled():
                self._leave(event.ticket, event.at)
            case e.DayOpened():
                self._forget()
            case e.DayClosed():
                figures = tuple(self._figures(event.day))
                self._forget()
                return figures
        return ()

    def _forget(self) -> None:
        self._quarters: dict[tuple[QueueId, int], _Quarter] = {}
        self._line: dict[TicketId, QueueId] = {}
        self._lengths: Counter[QueueId] = Counter()
        self._since: dict[QueueId, Millis] = {}
        self._taken: dict[TicketId, tuple[QueueId, Millis]] = {}
        self._waits: dict[TicketId, tuple[QueueId, int, int]] = {}
        self._calls: dict[TicketId, _Call] = {}
        self._started: dict[TicketId, Millis] = {}
        self._first: Millis | None = None
        self._last = Millis(0)

    # ── Events ────────────────────────────────────────────────────────────────────────────

    def _called(self, event: e.TicketCalled) -> None:
        from_line = self._leave(event.ticket, event.at)
        taken = self._taken.get(event.ticket)
        first = event.ticket not in self._waits and taken is not None
        if first and taken is not None:
            queue, at = taken
            self._waits[event.ticket] = (queue, at // QUARTER_MS, (event.at - at) // 1000)
        self._at(event.queue, event.at).called += 1
        quarter = event.at // QUARTER_MS
        self._calls[event.ticket] = _Call(event.queue, quarter, from_line, first)

    def _undone(self, event: e.CallUndone) -> None:
        call = self._calls.pop(event.ticket, None)
        if call is None:
            return
        self._quarters[call.queue, call.quarter].called -= 1
        if call.first:
            del self._waits[event.ticket]
        if call.from_line:
            self._join(event.ticket, call.queue, event.at)

    def _finished(self, event: e.ServiceFinished) -> None:
        began = self._started.pop(event.ticket, None)
        if event.outcome == DAY_CLOSED:
            return  # nobody pressed finish: when it ended is not known
        quarter = self._at(event.queue, event.at)
        quarter.served += 1
        if began is not None:
            quarter.services_s.append((event.at - began) // 1000)

    def _join(self, ticket: TicketId, queue: QueueId, at: Millis) -> None:
        self._pass(queue, at)
        self._line[ticket] = queue
        self._lengths[queue] += 1

    def _leave(self, ticket: TicketId, at: Millis) -> bool:
        queue = self._line.pop(ticket, None)
        if queue is None:
            return False
        self._pass(queue, at)
        self._lengths[queue] -= 1
        return True

    def _pass(self, queue: QueueId, at: Millis) -> None:
        """The line of `queue` has been as long as it is since it last changed, until `at`."""
        begin, length = self._since.get(queue, at), self._lengths[queue]
        self._since[queue] = at
        while length and begin < at:
            end = min(at, begin - begin % QUARTER_MS + QUARTER_MS)
            self._of(queue, begin).waited_ms += length * (end - begin)
            begin = Millis(end)

    def _at(self, queue: QueueId, at: Millis) -> _Quarter:
        self._active(at)
        return self._of(queue, at)

    def _of(self, queue: QueueId, at: Millis) -> _Quarter:
        return self._quarters.setdefault((queue, at // QUARTER_MS), _Quarter())

    def _active(self, at: Millis) -> None:
        """The hall was at work at `at`; who still waits after the last of them has gone home."""
        self._first = at if self._first is None else self._first
        self._last = at

    # ── Figures ───────────────────────────────────────────────────────────────────────────

    def _figures(self, day: str) -> Iterator[HourFigures]:
        if self._first is None:
            return
        for queue, quarter, wait_s in self._waits.values():
            self._quarters[queue, quarter].waits_s.append(wait_s)
        span = range(self._first // QUARTER_MS, self._last // QUARTER_MS + 1)
        hours: dict[int, list[int]] = {}
        for quarter in range(span.start - span.start % QUARTERS, span.stop):
            hours.setdefault(self._hour(quarter), []).append(quarter)
        queues = sorted({queue for queue, _ in self._quarters})
        for hour in sorted(hours, key=lambda hour: hours[hour][0]):
            inside = [quarter for quarter in hours[hour] if quarter in span]
            if not inside:
                continue
            for queue in (WHOLE_HALL, *queues):
                asked = queues if queue == WHOLE_HALL else (queue,)
                row = self._row(day, hour, queue, asked, inside)
                if queue == WHOLE_HALL or _told(row):
                    yield row

    def _row(
        self, day: str, hour: int, queue: QueueId, queues: Sequence[QueueId], inside: Sequence[int]
    ) -> HourFigures:
        found = [
            (number, quarter)
            for number in inside
            for one in queues
            if (quarter := self._quarters.get((one, number))) is not None
        ]
        quarters = [quarter for _, quarter in found]
        waiting = [0.0] * QUARTERS
        repeats = Counter(number % QUARTERS for number in inside)
        for number, quarter in found:
            # An hour that the change of the clocks brings twice is the mean of both.
            waited = quarter.waited_ms / QUARTER_MS / repeats[number % QUARTERS]
            waiting[self._place(number)] += waited
        return HourFigures(
            day=day,
            hour=hour,
            queue=queue,
            tickets=sum(quarter.tickets for quarter in quarters),
            called=sum(quarter.called for quarter in quarters),
            served=sum(quarter.served for quarter in quarters),
            missed=sum(quarter.missed for quarter in quarters),
            waiting=tuple(round(mean, 2) for mean in waiting),
            waits_s=_kept([s for quarter in quarters for s in quarter.waits_s]),
            services_s=_kept([s for quarter in quarters for s in quarter.services_s]),
        )

    def _hour(self, quarter: int) -> int:
        return self._local(quarter).hour

    def _place(self, quarter: int) -> int:
        return self._local(quarter).minute // 15

    def _local(self, quarter: int) -> datetime:
        return datetime.fromtimestamp(quarter * QUARTER_MS / 1000, self._zone)


def quantile(ordered: Sequence[int], p: float) -> int | None:
    """The `p`-quantile (0 … 1) of sorted values, by the nearest rank; None of none."""
    if not ordered:
        return None
    # Rounded first: 0.8 times 10 is 8, also where floats say a little more.
    return ordered[max(1, ceil(round(p * len(ordered), 6))) - 1]


def _kept(values: list[int]) -> tuple[int, ...]:
    """Sorted; of too many, those at evenly spaced ranks."""
    values.sort()
    if len(values) <= TIMES_KEPT:
        return tuple(values)
    last = len(values) - 1
    return tuple(values[round(i * last / (TIMES_KEPT - 1))] for i in range(TIMES_KEPT))


def _told(row: HourFigures) -> bool:
    return any((row.tickets, row.called, row.served, row.missed, *row.waiting))
