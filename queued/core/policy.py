"""Who is next: head-start first come, first served.

    key(ticket) = base - head start of its class          base = when it was taken
    a window calls the smallest key + penalty among the lines it may serve,
    penalty = 0 for its own queues, `overflow_penalty_ms` for those it only helps;
    ties: the lower ticket.

The sentence for the wall: "A priority ticket counts as if it had been taken 30 minutes
earlier. Nobody who comes later than that can be called before you." Since head starts and
penalties are bounded, whoever may overtake a ticket must have come within a fixed time after
it: no setting can starve anybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from queued.core.line import NOBODY, Entry, Line
from queued.core.model import Hall, Ticket, TicketId
from queued.core.plan import RETURN, ClassId, Millis, Plan, WindowId
from queued.core.quick import quick_init


@quick_init
@dataclass(frozen=True, slots=True)
class Choice:
    """The ticket to call, the rule that won, and who would have been next."""

    ticket: TicketId
    rule: str
    key: int
    runner_up: TicketId | None = None
    runner_up_key: int | None = None


def base_of(at: Millis, slot: Millis | None, plan: Plan) -> Millis:
    """The time a ticket counts from: of taking it, or the slot unless it is late for it.

    A few minutes late (`appointment_early_ms`) is not late.
    """
    if slot is None or at > slot + plan.rules.appointment_early_ms:
        return at
    return slot


def key_of(base: Millis, class_: ClassId, returns: int, plan: Plan) -> int:
    """The ordering key. One who returns gets at least the head start of the return class."""
    head_start = plan.head_start(class_)
    if returns:
        head_start = max(head_start, plan.head_start(RETURN))
    return base - head_start


def choose(hall: Hall, window: WindowId, at: Millis) -> Choice | None:
    """The ticket that `window` should call at `at`, or None if nobody waits for it."""
    ranked = sorted(_candidates(hall, window, at))[:2]
    if not ranked:
        return None
    key, ticket, rule = ranked[0]
    if len(ranked) == 1:
        return Choice(ticket, rule, key)
    return Choice(ticket, rule, key, runner_up=ranked[1][1], runner_up_key=ranked[1][0])


def _candidates(hall: Hall, window: WindowId, at: Millis) -> Iterator[tuple[int, TicketId, str]]:
    """The first two callable tickets of every line: enough for the winner and its runner-up."""
    plan = hall.plan.windows[window]
    penalty = hall.plan.rules.overflow_penalty_ms
    early = hall.plan.rules.appointment_early_ms
    for key, ticket in _callable(hall, hall.bound.get(window, NOBODY), at, early):
        yield key, ticket, "bound"
    for queue in plan.queues:
        for key, ticket in _callable(hall, hall.lines.get(queue, NOBODY), at, early):
            yield key, ticket, "head_start"
    for queue in plan.overflow:
        if queue not in plan.queues:
            for key, ticket in _callable(hall, hall.lines.get(queue, NOBODY), at, early):
                yield key + penalty, ticket, "overflow"


def _callable(hall: Hall, line: Line, at: Millis, early: int) -> Iterator[Entry]:
    """The first two of a line that may be called now: an appointment not before its slot, nobody
    who is not here yet."""
    found = 0
    absent = hall.absent
    for entry in line:
        slot = hall.ticket(entry[1]).slot
        if (slot is None or at >= slot - early) and entry[1] not in absent:
            yield entry
            found += 1
            if found == 2:
                return


def due(ticket: Ticket, at: Millis, early: int) -> bool:
    """Whether an appointment's time has come (always, for walk-ins)."""
    return ticket.slot is None or at >= ticket.slot - early
