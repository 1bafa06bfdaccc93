"""How long somebody will wait: a learner beside the rulebook. No decision depends on it.

It learns from the events of the journal in order, so feeding it the journal again builds it
again; it keeps its own count of who waits, so the hall that comes with an event may be the one
after a whole batch. The arithmetic of one queue is in `callrate`.

What is missing, and what it costs (facts on waiting times, §1.3 and §3.1): the history of
waits by position and the nightly correction of the quantiles, together about 4 % of the mean
error; tickets that overtake by their head start while one waits; visitors who leave from the
line; opening plans of windows, and the closing time. A caller who sees an idle window and
nobody ahead should say "now" instead of asking.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from queued.core import events as e
from queued.core.assigning import furnished
from queued.core.callrate import DAY, CallRate, Learnt, Today
from queued.core.model import Hall, TicketId
from queued.core.plan import MINUTE, Millis, Plan, QueueId


@dataclass(frozen=True, slots=True)
class Wait:
    """Whole seconds until the call, 0 … 86,400; `p80_s`: four of five wait no longer."""

    p10_s: int
    p50_s: int
    p80_s: int
    p90_s: int


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
        self._in_hand: dict[TicketId, tuple[QueueId, Today]] = {}

    def memory(self) -> Memory:
        """What it knows. Exact right after a `DayClosed`: lines are not part of it."""
        furnished = None if self._plan is self._furnished else self._furnished
        rates = {queue: rate.memory() for queue, rate in self._rates.items()}
        return Memory(self._midnight, self._day_ends_at, self._plan, furnished, rates)

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
        rate = self._rates.get(queue)
        if rate is None:
            rate = CallRate()  # not kept: asking teaches nothing
        times = rate.times(max(0, ahead) + 1, at, self._midnight, self._guesses.get(queue))
        if times is None:
            return None
        p10, p50, p80, p90 = sorted(int(ms / 1000 + 0.5) for ms in times)
        return Wait(p10, p50, p80, p90)

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
        for gone in [queue for queue in self._rates if queue not in plan.queues]:
            del self._rates[gone]

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

    # ── Lines and calls ───────────────────────────────────────────────────────────────────

    def _joined(self, event: e.TicketIssued | e.TicketReturned | e.TicketTransferred) -> None:
        self._in_hand.pop(event.ticket, None)
        self._join(event.ticket, event.queue)

    def _called(self, event: e.TicketCalled) -> None:
        queue = self._leave(event.ticket)
        if queue is None:
            return  # a missed number called again: the line did not move
        rate = self._rate(queue)
        self._last_called[queue] = event.ticket
        self._in_hand[event.ticket] = (queue, rate.today.copy())
        rate.called(event.at, self._waiting[queue] > 0, self._midnight, self._guesses.get(queue))

    def _undone(self, event: e.CallUndone) -> None:
        kept = self._in_hand.pop(event.ticket, None)
        if kept is None:
            return
        queue, before = kept
        if self._last_called.get(queue) == event.ticket:
            self._rate(queue).today = before
        self._join(event.ticket, queue)

    def _settled(self, event: Any) -> None:
        self._in_hand.pop(event.ticket, None)

    def _cancelled(self, event: e.TicketCancelled) -> None:
        self._in_hand.pop(event.ticket, None)
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
    e.TicketIssued: Estimator._joined,
    e.TicketReturned: Estimator._joined,
    e.TicketTransferred: Estimator._joined,
    e.TicketCalled: Estimator._called,
    e.CallUndone: Estimator._undone,
    e.ServiceStarted: Estimator._settled,
    e.TicketMissed: Estimator._settled,
    e.TicketParked: Estimator._settled,
    e.TicketCancelled: Estimator._cancelled,
}
