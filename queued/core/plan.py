"""How a hall is furnished: queues, services, windows, classes, rules.

A plan enters the journal as an event, because decisions depend on it. It holds no times of
day and no time zone: the engine's calendar turns those into moments (see `OpenDay`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NewType

Millis = NewType("Millis", int)
"""Unix time or a duration in milliseconds, always an `int`."""

QueueId = NewType("QueueId", str)
ServiceId = NewType("ServiceId", str)
WindowId = NewType("WindowId", str)
ClassId = NewType("ClassId", str)

TicketId = NewType("TicketId", int)
"""1, 2, 3 … in the order of taking, within a business day. Ties in calling break by it."""

MINUTE = 60_000
"""Milliseconds in a minute."""

HEAD_START_MAX = 60 * MINUTE
"""No class may count as taken more than an hour earlier: the starvation bound depends on it."""

DIGITS_MAX = 6
"""A million numbers: more than any hall gives out in a day, short enough to call aloud."""

PENALTY_MAX = 15 * MINUTE
"""Largest overflow penalty, for the same bound."""


@dataclass(frozen=True, slots=True)
class QueuePlan:
    """One line. Numbers run from `first` to the largest of `digits` digits, then wrap."""

    id: QueueId
    letter: str
    name: str
    first: int = 1
    digits: int = 3
    waiting_max: int = 2000
    """More than this many waiting is refused: nobody is served by a longer line in a day."""
    accepting: bool = True


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """What one comes for. `minutes` is the usual time at the window."""

    id: ServiceId
    name: str
    queue: QueueId
    minutes: int = 10
    materials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """Serves `queues`; helps `overflow` queues when their first ticket waited long enough."""

    id: WindowId
    name: str
    queues: tuple[QueueId, ...]
    overflow: tuple[QueueId, ...] = ()
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class ClassPlan:
    """A ticket of this class counts as if taken `head_start_ms` earlier (0 … 60 min)."""

    id: ClassId
    name: str
    head_start_ms: int = 0


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers a hall may set. Milliseconds unless the name says otherwise."""

    overflow_penalty_ms: int = 5 * MINUTE
    undo_within_ms: int = 10_000
    recall_max: int = 3
    """Recalls after the first call; customary, no standard fixes it."""
    recall_interval_ms: int = 10_000
    auto_miss_after_ms: int = 180_000
    """After the last call or recall; 0 = never."""
    returns_max: int = 3
    one_live_ticket: bool = False
    """Whether a person the hall knows may have one open number in all, not one in each queue."""
    appointment_early_ms: int = 5 * MINUTE
    """An appointment is called from this long before its slot, and keeps it this long after."""
    checkin_early_ms: int = 60 * MINUTE
    """Whoever has an appointment may take the number from this long before the slot …"""
    checkin_late_ms: int = 30 * MINUTE
    """… until this long after it; then the slot has been given up, as bookings usually say."""
    keep_place_ms: int = 15 * MINUTE
    """How long a number taken from afar keeps its place after its turn has come."""


NORMAL = ClassId("normal")
RETURN = ClassId("return")
APPOINTMENT = ClassId("appointment")


@dataclass(frozen=True, slots=True)
class Plan:
    """A furnished hall. Order of the mappings is the order people see."""

    name: str = ""
    queues: Mapping[QueueId, QueuePlan] = field(default_factory=dict)
    services: Mapping[ServiceId, ServicePlan] = field(default_factory=dict)
    windows: Mapping[WindowId, WindowPlan] = field(default_factory=dict)
    classes: Mapping[ClassId, ClassPlan] = field(default_factory=dict)
    rules: Rules = Rules()

    def head_start(self, class_: ClassId) -> int:
        """Milliseconds; 0 for a class the plan does not know (any more)."""
        plan = self.classes.get(class_)
        return plan.head_start_ms if plan else 0

    def queue_of_letter(self, letter: str) -> QueueId | None:
        """The queue whose numbers start with `letter`."""
        for queue in self.queues.values():
            if queue.letter == letter:
                return queue.id
        return None


def problems(plan: Plan) -> tuple[str, ...]:
    """What is wrong with a plan, as sentences; empty if it can be used."""
    found = _misnamed(plan)
    letters = [queue.letter for queue in plan.queues.values()]
    if len(set(letters)) != len(letters):
        found.append("two queues share a letter")
    for queue in plan.queues.values():
        if queue.letter[-1:].isdigit():
            found.append(f"queue {queue.id}: letter {queue.letter} ends in a digit")
        if not 1 <= queue.digits <= DIGITS_MAX:
            found.append(f"queue {queue.id}: digits outside 1 to {DIGITS_MAX}")
        elif not 0 <= queue.first < 10**queue.digits:
            found.append(f"queue {queue.id}: first {queue.first} needs more digits")
    for service in plan.services.values():
        if service.queue not in plan.queues:
            found.append(f"service {service.id}: no queue {service.queue}")
    for window in plan.windows.values():
        for queue_id in (*window.queues, *window.overflow):
            if queue_id not in plan.queues:
                found.append(f"window {window.id}: no queue {queue_id}")
        if len(set(window.queues)) != len(window.queues):
            found.append(f"window {window.id}: a queue twice in its queues")
        if len(set(window.overflow)) != len(window.overflow):
            found.append(f"window {window.id}: a queue twice in its overflow")
    for class_ in plan.classes.values():
        if not 0 <= class_.head_start_ms <= HEAD_START_MAX:
            found.append(f"class {class_.id}: head start outside 0 to 60 minutes")
    if not 0 <= plan.rules.overflow_penalty_ms <= PENALTY_MAX:
        found.append("overflow penalty outside 0 to 15 minutes")
    for rule in fields(Rules):
        if getattr(plan.rules, rule.name) < 0:
            found.append(f"{rule.name} is below 0")
    return tuple(found)


def _misnamed(plan: Plan) -> list[str]:
    """Events name things by their own id, lookups by the mapping's: they must agree."""
    found: list[str] = []
    kinds: Mapping[str, Mapping[Any, Any]] = {
        "queue": plan.queues,
        "service": plan.services,
        "window": plan.windows,
        "class": plan.classes,
    }
    for kind, things in kinds.items():
        found += [f"{kind} {id_} is filed as {key}" for key, id_ in _ids(things) if id_ != key]
    return found


def _ids(things: Mapping[Any, Any]) -> list[tuple[str, str]]:
    return [(key, thing.id) for key, thing in things.items()]
