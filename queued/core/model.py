"""The state of a hall: tickets, lines, windows. Frozen values, nothing computed here.

What does not live here: the rules (`decide`), the folding (`evolve`), what people see (`views`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, TypeAlias

from queued.core.line import Line
from queued.core.plan import (
    ClassId,
    Millis,
    Plan,
    QueueId,
    ServiceId,
    WindowId,
    WindowPlan,
)
from queued.core.plan import TicketId as TicketId
from queued.core.quick import quick_init
from queued.core.vector import Vector


class Status(Enum):
    """Where a ticket is, in a visitor's words."""

    #: In line.
    WAITING = "waiting"
    #: Summoned to a window, not there yet.
    CALLED = "called"
    #: At the window.
    SERVING = "serving"
    #: Done.
    SERVED = "served"
    #: Called and did not come (过号).
    MISSED = "missed"
    #: Sent away for a missing paper, with the right to return (挂起).
    PARKED = "parked"
    #: Left, or the day ended.
    CANCELLED = "cancelled"


ALIVE = frozenset({Status.WAITING, Status.CALLED, Status.SERVING, Status.PARKED, Status.MISSED})
"""Somebody may still hold up this number today: it is not given out again."""


Grade: TypeAlias = Literal[
    "very-satisfied",
    "satisfied",
    "basically-satisfied",
    "dissatisfied",
    "very-dissatisfied",
    "none",
]
"""非常满意 满意 基本满意 不满意 非常不满意 (国办发〔2019〕51号), 未评价. Names, not codes: 1 is the
best in GB/T 39046 and the worst on the national interface."""

NO_GRADE = "none"
"""The visitor was asked at the window and pressed nothing: no opinion, and not a good one."""

POOR = frozenset({"dissatisfied", "very-dissatisfied"})
"""差评: the hall must follow it up."""


class WindowStatus(Enum):
    """What a window's sign says."""

    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


@quick_init
@dataclass(frozen=True, slots=True)
class Ticket:
    """A place in a queue. `key` orders it: base time minus the head start of its class."""

    id: TicketId
    number: str
    queue: QueueId
    service: ServiceId | None
    class_: ClassId
    status: Status
    issued_at: Millis
    base: Millis
    key: int
    window: WindowId | None = None
    """Where it is called or served; while waiting, the only window that may call it."""
    calls: int = 0
    """Calls and recalls since it last joined a line; a missed ticket's go on counting."""
    called_at: Millis | None = None
    """Of the last call or recall."""
    first_called_at: Millis | None = None
    started_at: Millis | None = None
    ended_at: Millis | None = None
    returns: int = 0
    """How often it went back to the line (transfers, returns from parking, comebacks)."""
    slot: Millis | None = None
    language: str = "zh"
    party: int = 1
    reason: str = ""
    """Why it is parked, or cancelled."""
    was: Status = Status.WAITING
    """Status before the last call. It and the next three make an undone call leave no trace."""
    was_window: WindowId | None = None
    was_calls: int = 0
    was_called_at: Millis | None = None
    origin: str = ""
    """Who issued it: role:name of a kiosk or clerk."""
    rating: str = ""
    """One of `Grade`; "" while nobody has been asked."""


@quick_init
@dataclass(frozen=True, slots=True)
class Counts:
    """What a window, or a clerk, did today."""

    called: int = 0
    served: int = 0
    missed: int = 0
    parked: int = 0
    transferred: int = 0
    matters: int = 0
    """Matters dealt with: one visitor may bring several."""
    serving_ms: int = 0
    """From the start to the end of the services that were finished, in all."""


@quick_init
@dataclass(frozen=True, slots=True)
class Window:
    """A window now. `ticket` is the one called to it or served at it."""

    status: WindowStatus = WindowStatus.CLOSED
    clerk: str = ""
    reason: str = ""
    ticket: TicketId | None = None
    undo_until: Millis | None = None
    """The call of `ticket` may be undone until then."""
    counts: Counts = Counts()
    since: Millis | None = None
    """When its clerk sat down here; a pause does not end it."""


@quick_init
@dataclass(frozen=True, slots=True)
class Series:
    """Numbers of one queue. `holders[value - first]` is the last ticket that got the value."""

    next: int
    holders: Vector[int] = field(default_factory=Vector)


@quick_init
@dataclass(frozen=True, slots=True)
class Call:
    """A line of the board."""

    ticket: TicketId
    number: str
    window: WindowId
    at: Millis
    times: int
    seq: int


@quick_init
@dataclass(frozen=True, slots=True)
class Hall:
    """Everything decisions depend on. `seq` counts the events folded, `at` is the last time."""

    plan: Plan = field(default_factory=Plan)
    """The furniture, with the queues that windows serve today."""
    seq: int = 0
    at: Millis = Millis(0)
    day: str | None = None
    """Business day, ISO date; None before the first OpenDay."""
    open: bool = False
    day_ends_at: Millis = Millis(0)
    hours: tuple[tuple[Millis, Millis], ...] = ()
    """When tickets are given out today; empty = all day."""
    tickets: Vector[Ticket] = field(default_factory=Vector)
    lines: Mapping[QueueId, Line] = field(default_factory=dict)
    bound: Mapping[WindowId, Line] = field(default_factory=dict)
    """Waiting tickets that only one window may call (transferred to it)."""
    series: Mapping[QueueId, Series] = field(default_factory=dict)
    windows: Mapping[WindowId, Window] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()
    """The last calls, newest first."""
    usual: Mapping[WindowId, WindowPlan] = field(default_factory=dict)
    """Windows that serve other queues today, as they were furnished (see `assigning`)."""
    clerks: Mapping[str, Counts] = field(default_factory=dict)
    """What each clerk (`role:name`) did today, at whichever windows."""
    absent: Mapping[TicketId, Millis] = field(default_factory=dict)
    """Tickets whose holders are not in the hall yet, and until when their place is kept; 0 before
    their turn has come (see `arriving`)."""
    day_seq: int = 0
    """Of the event that opened this day: where the day begins in the journal."""

    def ticket(self, id_: TicketId) -> Ticket:
        """Raises `IndexError` for an id never issued today."""
        return self.tickets[id_ - 1]

    def find(self, number: str) -> Ticket | None:
        """The newest ticket of today with this number, e.g. "A017"."""
        letter = number.rstrip("0123456789")
        queue = self.plan.queue_of_letter(letter)
        digits = number[len(letter) :]
        if queue is None or queue not in self.series or not digits.isascii():
            return None
        plan = self.plan.queues[queue]
        if len(digits) != plan.digits:
            return None
        index = int(digits) - plan.first
        holders = self.series[queue].holders
        if not 0 <= index < len(holders) or not holders[index]:
            return None
        return self.ticket(TicketId(holders[index]))


CALLS_SHOWN = 20
"""Calls kept for the board: more than any screen shows, few enough for every snapshot."""
