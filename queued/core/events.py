"""What happened. Past tense, frozen, never changed: these shapes are in the journal for years.

An event records what was chosen and why (rule, key, runner-up), never the inputs of the
choice. It holds no personal data. New fields get a default; old ones are never renamed.
`at` is when (Unix milliseconds, never decreasing), `by` is who (`role:name`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from queued.core.model import TicketId
from queued.core.plan import ClassId, Millis, Plan, QueueId, ServiceId, WindowId
from queued.core.quick import quick_init


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class HallConfigured:
    """The furniture is this from now on."""

    at: Millis
    by: str
    plan: Plan


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class DayOpened:
    """A business day began: empty lines, numbers from the start."""

    at: Millis
    by: str
    day: str
    ends_at: Millis
    hours: tuple[tuple[Millis, Millis], ...] = ()


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class DayClosed:
    """A business day ended. `tally` counts its tickets by their last status."""

    at: Millis
    by: str
    day: str
    tally: Mapping[str, int]


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class WindowOpened:
    """`clerk` sits at the window and may call; `relieved` sat there until now, if anybody."""

    at: Millis
    by: str
    window: WindowId
    clerk: str
    relieved: str = ""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class WindowPaused:
    """No calls from here for a while."""

    at: Millis
    by: str
    window: WindowId
    reason: str


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class WindowClosed:
    """Nobody sits here."""

    at: Millis
    by: str
    window: WindowId


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class WindowAssigned:
    """The window serves these queues until the day ends."""

    at: Millis
    by: str
    window: WindowId
    queues: tuple[QueueId, ...]
    overflow: tuple[QueueId, ...] = ()


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class TicketIssued:
    """A number was given out. `key` = base minus head start orders it."""

    at: Millis
    by: str
    ticket: TicketId
    number: str
    value: int
    """The number without its letter; the series goes on after it."""
    queue: QueueId
    service: ServiceId | None
    class_: ClassId
    base: Millis
    key: int
    slot: Millis | None = None
    language: str = "zh"
    party: int = 1
    slip: str = "normal"
    """normal | large: the size of type its slip is printed in, now and whenever again."""
    here: bool = True
    """False: taken from afar; it is not called before its holder has arrived."""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class TicketHeld:
    """Its turn came and its holder is not here: somebody else was called, and the place is kept."""

    at: Millis
    by: str
    ticket: TicketId
    number: str
    queue: QueueId
    until: Millis


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class VisitorArrived:
    """Who had taken the number from afar is in the hall: it may be called."""

    at: Millis
    by: str
    ticket: TicketId
    number: str
    queue: QueueId


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class TicketCalled:
    """A number was summoned. `rule`, `key`, `runner_up` say why it and nobody else."""

    at: Millis
    by: str
    ticket: TicketId
    number: str
    queue: QueueId
    window: WindowId
    rule: str
    """head_start | overflow | bound | by_number"""
    key: int
    runner_up: str | None = None
    runner_up_key: int | None = None
    undo_until: Millis = Millis(0)


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRecalled:
    """The same number was summoned again, for the `times`-th time."""

    at: Millis
    by: str
    ticket: TicketId
    number: str
    queue: QueueId
    window: WindowId
    times: int


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class CallUndone:
    """The call was a slip of the hand: the ticket is where it was."""

    at: Millis
    by: str
    ticket: TicketId
    number: str
    queue: QueueId
    window: WindowId


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStarted:
    """The visitor is at the window."""

    at: Millis
    by: str
    ticket: TicketId
    number: str
    queue: QueueId
    window: WindowId


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFinished:
    """Done, with the hall's own outcome word. `count` matters were dealt with."""

    at: Millis
    by: str
    ticket: TicketId
    number: str
    queue: QueueId
    window: WindowId
    outcome: str
    count: int = 1


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class TicketMissed:
    """Nobody came."""

    at: Millis
    by: str
    ticket: TicketId
    number: str
    queue: QueueId
    window: WindowId


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class TicketParked:
    """Away for a missing paper, may return."""

    at: Millis
    by: str
    ticket: TicketId
    number: str
    queue: QueueId
    window: WindowId
    reason: str


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class TicketReturned:
    """Back in line after parking or missing, at `key`."""

    at: Millis
    by: str
    ticket: TicketId
    number: str
    queue: QueueId
    base: Millis
    key: int


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class TicketTransferred:
    """Passed on to `queue`; `to_window` is the only window that may call it, if any."""

    at: Millis
    by: str
    ticket: TicketId
    number: str
    window: WindowId
    queue: QueueId
    to_window: WindowId | None
    place: str
    base: Millis
    key: int


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class TicketCancelled:
    """Left (`left`), did not arrive (`not_here`), or the day ended (`day_closed`)."""

    at: Millis
    by: str
    ticket: TicketId
    number: str
    queue: QueueId
    reason: str


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRated:
    """What the visitor thinks of the service: `grade` is one of `model.Grade`."""

    at: Millis
    by: str
    ticket: TicketId
    number: str
    queue: QueueId
    window: WindowId
    grade: str


TicketEvent: TypeAlias = (
    TicketIssued
    | TicketHeld
    | VisitorArrived
    | TicketCalled
    | TicketRecalled
    | CallUndone
    | ServiceStarted
    | ServiceFinished
    | TicketMissed
    | TicketParked
    | TicketReturned
    | TicketTransferred
    | TicketCancelled
    | ServiceRated
)

Event: TypeAlias = (
    HallConfigured
    | DayOpened
    | DayClosed
    | WindowOpened
    | WindowPaused
    | WindowClosed
    | WindowAssigned
    | TicketEvent
)
