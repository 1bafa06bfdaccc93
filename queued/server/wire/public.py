"""Response bodies that visitors and their machines read: the snapshot, tickets, services."""

from __future__ import annotations

from typing import Final, Literal

from queued.server.wire.shapes import Grade, TicketStatus, Time, Told, WindowState

PAUSE_REASONS: Final = frozenset({"break", "lunch", "meeting", "fault", "training"})
"""Reasons of a pause that screens tell visitors; every catalogue has a word for each."""

# ── The snapshot ──────────────────────────────────────────────────────────────────────────


class Wait(Told, frozen=True):
    """How long, with 50, 80 and 90 % certainty."""

    p50_s: int
    p80_s: int
    p90_s: int


class SnapshotQueue(Told, frozen=True):
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


class SnapshotWindow(Told, frozen=True):
    """A window as everybody may see it. `reason` of a pause is one of `PAUSE_REASONS`: what a
    clerk typed in his own words is not for everybody.
    """

    id: str
    name: str
    status: WindowState
    number: str | None
    state: Literal["called", "serving"] | None
    queues: tuple[str, ...]
    name_en: str = ""
    zone: str = ""
    reason: str = ""


class SnapshotCall(Told, frozen=True):
    """A call of the board; `times` counts recalls."""

    number: str
    window: str
    at: Time
    times: int
    seq: int


class Snapshot(Told, frozen=True):
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


class Notice(Told, frozen=True):
    """A sentence for the hall's screens; of one zone, or without one of all."""

    text: str
    text_en: str = ""
    zone: str = ""


class Media(Told, frozen=True):
    """A picture or film for the hall's screens; of one zone, or without one of all."""

    url: str
    kind: Literal["image", "video"]
    zone: str = ""


class Wall(Told, frozen=True):
    """What screens show beside the queues, as of now."""

    notices: list[Notice]
    media: list[Media]


class HallLine(Told, frozen=True):
    """A hall in the list of halls. `wait_from_s`, `wait_to_s`: from the 50 % bound of the queue
    that is quickest now to the 80 % bound of the slowest one; null when nobody can say. `stale`:
    the hall has fallen silent, this is how it was at `observed_at`. Degrees in WGS 84.
    """

    id: str
    name: str
    open: bool
    waiting: int
    observed_at: Time
    wait_from_s: int | None
    wait_to_s: int | None
    name_en: str = ""
    address: str = ""
    latitude: float | None = None
    longitude: float | None = None
    opens: Time | None = None
    """When it opens next, of a hall that is closed."""
    stale: bool = False


class HallList(Told, frozen=True):
    """The halls of this server."""

    halls: list[HallLine]


class QueueMonitor(Told, frozen=True, rename="camel", omit_defaults=True):
    """FIWARE QueueMonitor, schema 0.0.1, as key-values: what is not known is left out.

    `dateModified` is when this was first true, with the offset of the hall's zone; `sequence` is
    ours. https://github.com/smart-data-models/dataModel.QueueManagement
    """

    id: str
    type: str
    name: str
    date_modified: Time
    local_id: str
    office_name: str
    service_id: str
    service_name: str
    service_status: Literal["Open", "Closed", "Suspended"]
    queue_line: str
    tickets_to_serve: int
    observed_at: Time
    sequence: int
    alternate_name: str | None = None
    """Its English name."""
    source: str | None = None
    """The snapshot that it follows from."""
    last_ticket_issued: int | None = None
    last_ticket_issued_label: str | None = None
    ticket_served: int | None = None
    ticket_served_label: str | None = None


# ── Tickets and windows ───────────────────────────────────────────────────────────────────


class Ticket(Told, frozen=True):
    """A ticket as its holder, the clerks and its kiosk see it. `ahead` is null once called.

    `rating` "none": asked at the window, not answered; the visitor may still give a grade.
    """

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
    slot: Time | None = None
    """The appointment's time, if there is one."""
    rating: Grade | Literal["none"] | None = None
    here: bool = True
    """False: taken from afar; it is not called before its holder checks in at the hall."""
    kept_until: Time | None = None
    """Its turn came while its holder was not here: the place is kept so long."""


class TicketTaken(Told, frozen=True):
    """A number was given out."""

    ticket: Ticket
    seq: int


class Appointment(Told, frozen=True):
    """Somebody is expected."""

    service: str
    slot: Time
    class_: str


class CheckedIn(Told, frozen=True):
    """Whose code it was. `new`: the number was given out just now, or the holder of a number
    taken from afar is here from now on. `today` false: the ticket is of an earlier day, and
    worth nothing any more."""

    kind: Literal["appointment", "ticket"]
    new: bool
    today: bool
    ticket: Ticket
    seq: int


class HallName(Told, frozen=True):
    """Which hall."""

    id: str
    name: str
    name_en: str = ""


class OwnTicket(Told, frozen=True):
    """The ticket of whoever holds its token."""

    ticket: Ticket
    hall: HallName
    seq: int
    observed_at: Time


class WindowAnswer(Told, frozen=True):
    """The window after an action, and the ticket the action was about."""

    window: SnapshotWindow
    ticket: Ticket | None
    seq: int


class Slip(Told, frozen=True):
    """What became of a ticket's slip. `reason` is a device reason code."""

    status: Literal["none", "queued", "sent", "confirmed", "failed", "expired"]
    reason: str | None
    picture: str | None


class QueueLine(Told, frozen=True):
    """A queue one can choose."""

    id: str
    name: str
    letter: str
    name_en: str = ""
    zones: tuple[str, ...] = ()
    """Ids of the zones where its windows are."""


class ServiceLine(Told, frozen=True):
    """A service one can choose. `minutes` is the usual time at the window."""

    id: str
    name: str
    queue: str
    minutes: int
    materials: tuple[str, ...]
    name_en: str = ""
    initials: str = ""


class ClassLine(Told, frozen=True):
    """A class of visitors."""

    id: str
    name: str
    head_start_minutes: int
    name_en: str = ""
    basis: str = ""
    """The rule or law it rests on, in the hall's own words."""


class ZoneLine(Told, frozen=True):
    """A part of the hall."""

    id: str
    name: str
    name_en: str = ""


class OneThingLine(Told, frozen=True):
    """一件事: several services in one visit; the number is taken for the first of them."""

    id: str
    name: str
    services: tuple[str, ...]
    materials: tuple[str, ...]
    name_en: str = ""
    initials: str = ""


class HoursLine(Told, frozen=True):
    """Open on these days (mon … sun) from `open` to before `close`, HH:MM in the hall's time."""

    days: tuple[str, ...]
    open: str
    close: str


class OutcomeLine(Told, frozen=True):
    """How a visit may end, in the hall's own words."""

    id: str
    name: str
    name_en: str = ""


class Services(Told, frozen=True):
    """What a kiosk offers, and the words a window ends a visit with (the usual one first). No
    `hours`: always open."""

    queues: list[QueueLine]
    services: list[ServiceLine]
    classes: list[ClassLine]
    outcomes: list[OutcomeLine]
    zones: tuple[ZoneLine, ...] = ()
    one_things: tuple[OneThingLine, ...] = ()
    hours: tuple[HoursLine, ...] = ()
