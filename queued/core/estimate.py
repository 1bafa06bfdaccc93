"""How long somebody will wait: a learner beside the rulebook. No decision depends on it.

It learns from the events of the journal in order, so feeding it the journal again builds it
again; it keeps its own count of who waits, so the hall that comes with an event may be the one
after a whole batch. The arithmetic of one queue is in `callrate`.

The call rate of the queue (`callrate`) is blended with the waits of those who joined it at the
same place (`places`), and the result corrected by what came true on past days (`correction`,
which somebody else works out at the end of the day). On the public data of `queued replay` that
makes the mean error 6 % smaller than the call rate alone.

What is missing (facts on waiting times, §1.3): tickets that overtake by their head start while
one waits; visitors who leave from the line; opening plans of windows, and the closing time. A
caller who sees an idle window and nobody ahead should say "now" instead of asking.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from queued.core import events as e
from queued.core.assigning import furnished
from queued.core.callrate import DAY, WAIT_MAX, CallRate, Learnt, Today
from queued.core.model import Hall, TicketId
from queued.core.places import Places
from queued.core.plan import MINUTE, Millis, Plan, QueueId


@dataclass(frozen=True, slots=True)
class Wait:
    """Whole seconds until the call, 0 … 86,400; `p80_s`: four of five wait no longer."""

    p10_s: int
    p50_s: int
    p80_s: int
    p90_s: int


Factors: TypeAlias = tuple[float, float, float, float]
"""By what the waits at 10, 50, 80 and 90 % are multiplied."""

WAIT_MAX_S = WAIT_MAX // 1000

UNCORRECTED: Factors = (1.0, 1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Memory:
    """What an `Estimator` knows right after a `DayClosed`, when nobody is in any line."""

    midnight: int
    day_ends_at: int
    plan: Plan | None
    """As it was then, with the day's exceptions."""
    furnished: Plan | None
    """Without them; None if there were none."""
    rates: dict[QueueId, Learnt]
    places: dict[QueueId, list[list[int]]]
    factors: Factors


@dataclass(frozen=True, slots=True)
class _Call:
    """A call whose visitor is not yet at the window: it may be undone."""

    queue: QueueId
    before: Today
    at: Millis
    taken: tuple[int, Millis] | None


class Estimator:
    """Learns one hall. Feed it every event in order; ask it at any time."""

    def __init__(self) -> None:
        self._plan: Plan | None = None
        self._furnished = Plan()
        self._guesses: dict[QueueId, int] = {}
        self._midnight = 0
        self._day_ends_at = 0
        self._rates: dict[QueueId, CallRate] = {}
        self._line: dict[TicketId, QueueId] = {}
        self._waiting: dict[QueueId, int] = {}
        self._last_called: dict[QueueId, TicketId] = {}
        self._in_hand: dict[TicketId, _Call] = {}
        self._places: dict[QueueId, Places] = {}
        self._taken: dict[TicketId, tuple[int, Millis]] = {}
        """How many were ahead of it when it was taken, and when: of tickets in line by their
        time, with somebody ahead."""
        self.factors = UNCORRECTED
        """See `correction`."""

    def memory(self) -> Memory:
        """What it knows. Exact right after a `DayClosed`: lines are not part of it."""
        furnished = None if self._plan is self._furnished else self._furnished
        rates = {queue: rate.memory() for queue, rate in self._rates.items()}
        places = {queue: known.memory() for queue, known in self._places.items()}
        return Memory(
            self._midnight, self._day_ends_at, self._plan, furnished, rates, places, self.factors
        )

    @classmethod
    def remembering(cls, memory: Memory) -> Estimator:
        """One that goes on where another stood: shown the events that followed, it says to the
        second what the other one says. Raises `ValueError` if that cannot be a memory.
        """
        estimator = cls()
        estimator._midnight, estimator._day_ends_at = memory.midnight, memory.day_ends_at
        if memory.plan is not None:
            estimator._furnished = memory.furnished or memory.plan
            estimator._furnish(memory.plan)
        for queue, learnt in memory.rates.items():
            estimator._rates[queue] = CallRate.remembering(learnt)
        for queue, waits in memory.places.items():
            estimator._places[queue] = Places(waits)
        estimator.factors = memory.factors
        return estimator

    def observe(self, event: e.Event, hall_after: Hall) -> None:
        """Learn from the next event. Of `hall_after` only the plan is looked at."""
        if self._plan is None:
            self._furnished = furnished(hall_after)
            self._furnish(hall_after.plan)
        learn = _LESSONS.get(type(event))
        if learn is not None:
            learn(self, event)

    def wait(self, queue: QueueId, ahead: int, at: Millis) -> Wait | None:
        """The wait from `at` of whoever has `ahead` people before them in `queue`.

        None if it cannot be honest: fewer than five saturated calls ever seen, and no service
        with its usual minutes to guess from. `ahead` below 0 counts as 0.
        """
        plain = self.plain(queue, ahead, at)
        if plain is None:
            return None
        p10, p50, p80, p90 = sorted(
            min(WAIT_MAX_S, int(seconds * factor + 0.5))
            for seconds, factor in zip(plain, self.factors, strict=True)
        )
        return Wait(p10, p50, p80, p90)

    def plain(self, queue: QueueId, ahead: int, at: Millis) -> list[float] | None:
        """The same in seconds without correction, sorted."""
        rate = self._rates.get(queue)
        if rate is None:
            rate = CallRate()  # not kept: asking teaches nothing
        times = rate.times(max(0, ahead) + 1, at, self._midnight, self._guesses.get(queue))
        if times is None:
            return None
        known = self._places[queue].waits(ahead) if queue in self._places else None
        if known is None:
            return sorted(time / 1000 for time in times)
        weight, waits = known
        # Below a second both are nothing; a product with nothing would be nothing as well.
        return sorted(
            max(1.0, wait) ** weight * max(1.0, time / 1000) ** (1.0 - weight)
            for wait, time in zip(waits, times, strict=True)
        )

    def ahead_of(self, ticket: TicketId) -> int | None:
        """How many were ahead of a ticket that is in line by its time when it was taken; None of
        others, and of those with nobody ahead."""
        taken = self._taken.get(ticket)
        return None if taken is None else taken[0]

    # ── Furniture and days ────────────────────────────────────────────────────────────────

    def _configured(self, event: e.HallConfigured) -> None:
        self._furnished = event.plan
        self._furnish(event.plan)

    def _assigned(self, event: e.WindowAssigned) -> None:
        assert self._plan is not None, "furnished by `observe`"
        window = self._plan.windows.get(event.window)
        if window is not None:
            other = replace(window, queues=event.queues, overflow=event.overflow)
            windows = {**self._plan.windows, event.window: other}
            self._furnish(replace(self._plan, windows=windows))

    def _furnish(self, plan: Plan) -> None:
        self._plan = plan
        self._guesses = {queue: ms for queue in plan.queues if (ms := guess_ms(plan, queue))}
        for known in (self._rates, self._places):
            for gone in [queue for queue in known if queue not in plan.queues]:
                del known[gone]

    def _day_opened(self, event: e.DayOpened) -> None:
        days = (event.ends_at - self._day_ends_at) / DAY if self._day_ends_at else 0.0
        for rate in self._rates.values():
            rate.next_day(days)
        self._day_ends_at = event.ends_at
        # Counted from the end, the hours after a change of the clocks are the usual ones.
        self._midnight = event.ends_at - DAY
        if self._plan is not self._furnished:
            self._furnish(self._furnished)
        self._line.clear()
        self._waiting.clear()
        self._last_called.clear()
        self._in_hand.clear()
        self._taken.clear()

    # ── Lines and calls ───────────────────────────────────────────────────────────────────

    def _issued(self, event: e.TicketIssued) -> None:
        ahead = self._waiting.get(event.queue, 0)
        # Who has a head start, or is not here yet, does not wait like the one behind him.
        if ahead and event.key == event.base and event.slot is None and event.here:
            self._taken[event.ticket] = (ahead, event.at)
        self._join(event.ticket, event.queue)

    def _joined(self, event: e.TicketReturned | e.TicketTransferred) -> None:
        self._taken.pop(event.ticket, None)
        self._in_hand.pop(event.ticket, None)
        self._join(event.ticket, event.queue)

    def _called(self, event: e.TicketCalled) -> None:
        queue = self._leave(event.ticket)
        if queue is None:
            return  # a missed number called again: the line did not move
        rate = self._rate(queue)
        self._last_called[queue] = event.ticket
        taken = self._taken.pop(event.ticket, None)
        self._in_hand[event.ticket] = _Call(queue, rate.today.copy(), event.at, taken)
        rate.called(event.at, self._waiting[queue] > 0, self._midnight, self._guesses.get(queue))

    def _undone(self, event: e.CallUndone) -> None:
        kept = self._in_hand.pop(event.ticket, None)
        if kept is None:
            return
        queue = kept.queue
        if self._last_called.get(queue) == event.ticket:
            self._rate(queue).today = kept.before
        if kept.taken is not None:
            self._taken[event.ticket] = kept.taken
        self._join(event.ticket, queue)

    def _settled(self, event: Any) -> None:
        call = self._in_hand.pop(event.ticket, None)
        if call is not None and call.taken is not None:
            ahead, taken_at = call.taken
            places = self._places.setdefault(call.queue, Places())
            places.learn(ahead, (call.at - taken_at) // 1000)

    def _cancelled(self, event: e.TicketCancelled) -> None:
        self._in_hand.pop(event.ticket, None)
        self._taken.pop(event.ticket, None)
        queue = self._leave(event.ticket)
        if queue is not None and not self._waiting[queue]:
            self._rate(queue).emptied()

    def _join(self, ticket: TicketId, queue: QueueId) -> None:
        self._line[ticket] = queue
        self._waiting[queue] = self._waiting.get(queue, 0) + 1

    def _leave(self, ticket: TicketId) -> QueueId | None:
        queue = self._line.pop(ticket, None)
        if queue is not None:
            self._waiting[queue] -= 1
        return queue

    def _rate(self, queue: QueueId) -> CallRate:
        rate = self._rates.get(queue)
        if rate is None:
            rate = self._rates[queue] = CallRate()
        return rate


def guess_ms(plan: Plan, queue: QueueId) -> int | None:
    """Milliseconds per call as configured: mean minutes of the services of `queue`, divided
    by its windows; a window that serves n queues counts 1/n. None without services or windows.
    """
    minutes = [service.minutes for service in plan.services.values() if service.queue == queue]
    windows = sum(
        1.0 / len(window.queues) for window in plan.windows.values() if queue in window.queues
    )
    if not minutes or not windows or sum(minutes) <= 0:
        return None
    return max(1, int(sum(minutes) / len(minutes) / windows * MINUTE))


_LESSONS: Mapping[type, Callable[[Estimator, Any], None]] = {
    e.HallConfigured: Estimator._configured,
    e.WindowAssigned: Estimator._assigned,
    e.DayOpened: Estimator._day_opened,
    e.TicketIssued: Estimator._issued,
    e.TicketReturned: Estimator._joined,
    e.TicketTransferred: Estimator._joined,
    e.TicketCalled: Estimator._called,
    e.CallUndone: Estimator._undone,
    e.ServiceStarted: Estimator._settled,
    e.TicketMissed: Estimator._settled,
    e.TicketParked: Estimator._settled,
    e.TicketCancelled: Estimator._cancelled,
}
