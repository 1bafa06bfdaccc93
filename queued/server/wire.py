"""Every request and response body of the API, as values. The OpenAPI document comes from here.

Times are RFC 3339 with offset, durations whole seconds ending in `_s`. A field without a
default is always written, null included; one with a default is left out when it has it.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

Time: TypeAlias = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]

Word: TypeAlias = Annotated[str, Meta(max_length=40, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""A reason or outcome: one of the hall's own words, never a story about a person."""

Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[a-z0-9-]+$")]
Number: TypeAlias = Annotated[str, Meta(min_length=1, max_length=8, pattern=r"^[A-Z0-9]+$")]

TicketStatus: TypeAlias = Literal[
    "waiting", "called", "serving", "served", "missed", "parked", "cancelled"
]
WindowState: TypeAlias = Literal["open", "paused", "closed"]


class Asked(Struct, frozen=True, forbid_unknown_fields=True, rename={"class_": "class"}):
    """A request body. Unknown fields are errors: a misspelt wish must not be ignored."""


class Told(Struct, frozen=True, omit_defaults=True, rename={"class_": "class"}):
    """A response body."""


# ── What people ask ───────────────────────────────────────────────────────────────────────


class TakeTicket(Asked):
    """Take a number for a service, or straight for a queue: exactly one of the two."""

    service: Id | None = None
    queue: Id | None = None
    class_: Id = "normal"
    language: Literal["zh", "en"] = "zh"
    party: Annotated[int, Meta(ge=1, le=99)] = 1

    def __post_init__(self) -> None:
        if (self.service is None) == (self.queue is None):
            raise ValueError("give either service or queue")


class Nothing(Asked):
    """An action that needs no more words; the body may be left out."""


class Open(Asked):
    """Sit down. `take_over` relieves the clerk who is signed in at the window."""

    take_over: bool = False


class Pause(Asked):
    """Stop calling, for a reason."""

    reason: Word = ""


class CallNumber(Asked):
    """A number of today."""

    number: Number


class Finish(Asked):
    """The hall's own word for how it ended."""

    outcome: Word = ""


class Park(Asked):
    """What is missing."""

    reason: Word = ""


class Transfer(Asked):
    """To a queue, or to one window: exactly one of the two."""

    queue: Id | None = None
    window: Id | None = None
    place: Literal["keep", "first", "last"] = "keep"

    def __post_init__(self) -> None:
        if (self.queue is None) == (self.window is None):
            raise ValueError("give either queue or window")


class SignIn(Asked):
    """Name and password, or an access token."""

    name: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    password: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    token: Annotated[str, Meta(min_length=1, max_length=256)] | None = None

    def __post_init__(self) -> None:
        by_name = self.name is not None and self.password is not None
        if by_name == (self.token is not None) or (self.name is None) != (self.password is None):
            raise ValueError("give either name and password, or token")


# ── The snapshot ──────────────────────────────────────────────────────────────────────────


class Wait(Told):
    """How long, with 50, 80 and 90 % certainty."""

    p50_s: int
    p80_s: int
    p90_s: int


class SnapshotQueue(Told):
    """A queue as everybody may see it. `wait` is that of one who would come now."""

    id: str
    name: str
    letter: str
    status: WindowState
    waiting: int
    windows: int
    last_called: str | None
    order: list[str]
    wait: Wait | None
    name_en: str = ""


class SnapshotWindow(Told):
    """A window as everybody may see it."""

    id: str
    name: str
    status: WindowState
    number: str | None
    state: Literal["called", "serving"] | None
    queues: tuple[str, ...]
    name_en: str = ""


class SnapshotCall(Told):
    """A call of the board; `times` counts recalls."""

    number: str
    window: str
    at: Time
    times: int
    seq: int


class Snapshot(Told):
    """The hall now. No personal data in it, ever."""

    hall: str
    name: str
    seq: int
    observed_at: Time
    business_day: str | None
    open: bool
    queues: list[SnapshotQueue]
    windows: list[SnapshotWindow]
    calls: list[SnapshotCall]
    name_en: str = ""


class HallLine(Told):
    """A hall in the list of halls."""

    id: str
    name: str
    open: bool
    waiting: int
    observed_at: Time


class HallList(Told):
    """The halls of this server."""

    halls: list[HallLine]


class QueueMonitor(Told, rename="camel"):
    """FIWARE QueueMonitor: https://github.com/smart-data-models/dataModel.QueueManagement"""

    id: str
    type: str
    local_id: str
    office_name: str
    service_id: str
    service_name: str
    service_status: Literal["Open", "Closed", "Suspended"]
    queue_line: str
    tickets_to_serve: int
    last_ticket_issued: int | None
    last_ticket_issued_label: str | None
    ticket_served: int | None
    ticket_served_label: str | None
    observed_at: Time
    sequence: int


# ── Tickets and windows ───────────────────────────────────────────────────────────────────


class Ticket(Told):
    """A ticket as its holder, the clerks and its kiosk see it. `ahead` is null once called."""

    token: str
    number: str
    queue: str
    service: str | None
    class_: str
    status: TicketStatus
    issued_at: Time
    ahead: int | None
    wait: Wait | None
    window: str | None
    calls: int


class TicketTaken(Told):
    """A number was given out."""

    ticket: Ticket
    seq: int


class HallName(Told):
    """Which hall."""

    id: str
    name: str
    name_en: str = ""


class OwnTicket(Told):
    """The ticket of whoever holds its token."""

    ticket: Ticket
    hall: HallName
    seq: int
    observed_at: Time


class WindowAnswer(Told):
    """The window after an action, and the ticket the action was about."""

    window: SnapshotWindow
    ticket: Ticket | None
    seq: int


class Slip(Told):
    """What became of a ticket's slip. `reason` is a device reason code."""

    status: Literal["none", "queued", "sent", "confirmed", "failed", "expired"]
    reason: str | None
    picture: str | None


class QueueLine(Told):
    """A queue one can choose."""

    id: str
    name: str
    letter: str
    name_en: str = ""


class ServiceLine(Told):
    """A service one can choose. `minutes` is the usual time at the window."""

    id: str
    name: str
    queue: str
    minutes: int
    materials: tuple[str, ...]
    name_en: str = ""
    initials: str = ""


class ClassLine(Told):
    """A class of visitors."""

    id: str
    name: str
    head_start_minutes: int
    name_en: str = ""


class Services(Told):
    """What a kiosk offers."""

    queues: list[QueueLine]
    services: list[ServiceLine]
    classes: list[ClassLine]


# ── The desk ──────────────────────────────────────────────────────────────────────────────


class DeskWindow(Told):
    """The window as its clerk sees it."""

    id: str
    name: str
    status: WindowState
    reason: str | None
    clerk: str | None
    queues: tuple[str, ...]
    overflow: tuple[str, ...]
    zone: str | None
    name_en: str = ""


class DeskTicket(Told):
    """The ticket in hand."""

    number: str
    queue: str
    service: str | None
    class_: str
    status: Literal["called", "serving"]
    language: str
    issued_at: Time
    called_at: Time
    started_at: Time | None
    calls: int
    waited_s: int
    returns: int


class DeskNext(Told):
    """Who would be called next, and why, as a sentence."""

    number: str
    queue: str
    why: str


class DeskUndo(Told):
    """The call that can still be taken back."""

    until: Time
    number: str


class DeskRecall(Told):
    """How many recalls are left, and from when."""

    left: int
    not_before: Time


class DeskWaiting(Told):
    """Somebody this window may call."""

    number: str
    queue: str
    service: str | None
    class_: str
    status: Literal["waiting"]
    issued_at: Time
    waited_s: int


class DeskParked(Told):
    """Sent for a missing paper."""

    number: str
    queue: str
    reason: str
    parked_at: Time


class DeskMissed(Told):
    """Called, did not come."""

    number: str
    queue: str
    missed_at: Time


class Counts(Told):
    """What the window did today."""

    called: int
    served: int
    missed: int
    parked: int
    transferred: int


class Desk(Told):
    """Everything a clerk needs at a window. `actions` are those that make sense now."""

    hall: str
    seq: int
    observed_at: Time
    business_day: str | None
    open: bool
    window: DeskWindow
    ticket: DeskTicket | None
    next: DeskNext | None
    undo: DeskUndo | None
    recall: DeskRecall | None
    waiting: list[DeskWaiting]
    waiting_count: int
    parked: list[DeskParked]
    missed: list[DeskMissed]
    counts: Counts
    actions: list[str]


# ── Journal, devices, sessions ────────────────────────────────────────────────────────────


class HistoryEvent(Told):
    """One thing that happened to a ticket, and for a call why it came when it came."""

    seq: int
    at: Time
    type: str
    by: str
    window: str | None
    text: str
    rule: str | None
    runner_up: str | None


class History(Told):
    """Everything that happened to a number today."""

    number: str
    queue: str
    service: str | None
    class_: str
    status: TicketStatus
    issued_at: Time
    events: list[HistoryEvent]


class JournalEvent(Told):
    """An event as stored. `hash` covers it and everything before it."""

    seq: int
    at: Time
    type: str
    by: str
    body: msgspec.Raw
    hash: str


class JournalPage(Told):
    """At most 1,000 events. `next` is the `after` of the following page, null at the end."""

    hall: str
    events: list[JournalEvent]
    next: int | None
    head: int


class Device(Told):
    """A device: how it is and since when."""

    id: str
    kind: str
    state: str
    since: Time
    queue: int
    last_error: str | None
    paper: str | None
    counters: dict[str, int]


class DeviceList(Told):
    """The devices of a hall."""

    devices: list[Device]


class PrintedSlip(Told):
    """A slip of a virtual printer."""

    id: str
    at: Time
    number: str
    picture: str
    text: str


class StripText(Told):
    """What a strip shows now."""

    id: str
    text: str


class PrintedSlips(Told):
    """Slips of a virtual printer, newest first, and what the strips show."""

    slips: list[PrintedSlip]
    strips: list[StripText]


class Session(Told):
    """Who one is. `csrf` goes into `X-CSRF-Token` of every change made with the cookie."""

    csrf: str
    name: str
    roles: list[str]
    window: str | None


class Health(Told):
    """Alive; or ready, and why not."""

    status: str
    problems: list[str]


class WrongField(Told):
    """Where a body is wrong."""

    path: str
    message: str


class Problem(Told):
    """RFC 9457. `code` is stable; `detail` follows Accept-Language; facts come beside them."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[WrongField] = []
