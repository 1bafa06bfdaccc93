"""What somebody wants. Imperatives; a command may be refused.

`by` is who wants it, as `role:name` (`clerk:wang`, `kiosk:east`, `timer:`); it goes into the
journal. Commands carry choices of people only; the clock's reading comes beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from queued.core.model import Grade, TicketId
from queued.core.plan import (
    APPOINTMENT,
    NORMAL,
    ClassId,
    Millis,
    Plan,
    QueueId,
    ServiceId,
    WindowId,
)
from queued.core.quick import quick_init

Place: TypeAlias = Literal["keep", "first", "last"]
"""Where a transferred ticket goes: by its original time, before everybody, behind everybody."""

SlipSize: TypeAlias = Literal["normal", "large"]
"""How large a visitor wants the slip: a kiosk in elder mode asks for large type."""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Configure:
    """Furnish the hall, or change its furniture."""

    plan: Plan
    by: str = ""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDay:
    """Begin a business day (`day` = ISO date). `hours` are (from, to) moments; empty = all day.

    Ends the day before it if that is still open. Nothing happens if `day` is not later than the
    last day begun.
    """

    day: str
    ends_at: Millis
    hours: tuple[tuple[Millis, Millis], ...] = ()
    by: str = ""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class CloseDay:
    """End the business day: what is still alive ends with it."""

    by: str = ""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class IssueTicket:
    """Take a number for a service or straight for a queue."""

    service: ServiceId | None = None
    queue: QueueId | None = None
    class_: ClassId = NORMAL
    slot: Millis | None = None
    """The appointment's time, if there is one."""
    language: str = "zh"
    party: int = 1
    slip: SlipSize = "normal"
    others: tuple[TicketId, ...] = ()
    """Today's tickets of the same person, if the hall knows who it is."""
    here: bool = True
    """Whether the visitor is in the hall: who takes a number from afar is not called yet."""
    by: str = ""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class CheckIn:
    """Somebody with an appointment has come: a number that counts from the slot."""

    service: ServiceId
    slot: Millis
    class_: ClassId = APPOINTMENT
    language: str = "zh"
    slip: SlipSize = "normal"
    by: str = ""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Arrive:
    """Who took a number from afar is in the hall now."""

    ticket: TicketId
    by: str = ""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Lapse:
    """Nobody arrived while the place of a number taken from afar was kept."""

    ticket: TicketId
    by: str = ""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class CancelTicket:
    """The visitor leaves."""

    ticket: TicketId
    by: str = ""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWindow:
    """Sit down at a window, or come back from a pause. `take_over` relieves another clerk.

    `clerk` is who sits down, if that is not `by`: a pad tells of the clerk in front of it.
    """

    window: WindowId
    take_over: bool = False
    clerk: str = ""
    by: str = ""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class PauseWindow:
    """Stop calling for a while."""

    window: WindowId
    reason: str = ""
    by: str = ""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class CloseWindow:
    """Leave the window."""

    window: WindowId
    by: str = ""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class AssignQueues:
    """Let a window serve other queues for the rest of the day; None: those of the plan again."""

    window: WindowId
    queues: tuple[QueueId, ...] | None = None
    overflow: tuple[QueueId, ...] = ()
    by: str = ""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class CallNext:
    """Call whoever is next for this window."""

    window: WindowId
    by: str = ""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class CallTicket:
    """Call one number out of turn: a waiting one, or a missed one who came back."""

    window: WindowId
    number: str
    by: str = ""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """Call the same number again."""

    window: WindowId
    by: str = ""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class StartService:
    """The visitor is at the window."""

    window: WindowId
    by: str = ""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class FinishService:
    """Done. `outcome` is the hall's own word (办结, 受理 …); `count` matters were dealt with."""

    window: WindowId
    outcome: str = ""
    count: int = 1
    by: str = ""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class MissTicket:
    """The visitor did not come (过号)."""

    window: WindowId
    by: str = ""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class ParkTicket:
    """Send the visitor for a missing paper, with the right to return (挂起)."""

    window: WindowId
    reason: str = ""
    by: str = ""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class UnparkTicket:
    """A parked visitor, or one who was missed, is back: into the line again."""

    window: WindowId
    number: str
    by: str = ""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class TransferTicket:
    """Pass the visitor on to a queue, or to one window."""

    window: WindowId
    to_queue: QueueId | None = None
    to_window: WindowId | None = None
    place: Place = "keep"
    by: str = ""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """Take back the call just made at this window."""

    window: WindowId
    by: str = ""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class RateService:
    """What the visitor says of the service, at the window's evaluator or on the phone."""

    ticket: TicketId
    grade: Grade
    by: str = ""


Command: TypeAlias = (
    Configure
    | OpenDay
    | CloseDay
    | IssueTicket
    | CheckIn
    | Arrive
    | Lapse
    | CancelTicket
    | OpenWindow
    | PauseWindow
    | CloseWindow
    | AssignQueues
    | CallNext
    | CallTicket
    | Recall
    | StartService
    | FinishService
    | MissTicket
    | ParkTicket
    | UnparkTicket
    | TransferTicket
    | Undo
    | RateService
)
