"""Response bodies that visitors and their machines read: the snapshot, tickets, services."""

from __future__ import annotations

from typing import Literal

from queued.server.wire.shapes import Grade, TicketStatus, Time, Told, WindowState

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
    """A window as everybody may see it."""

    id: str
    name: str
    status: WindowState
    number: str | None
    state: Literal["called", "serving"] | None
    queues: tuple[str, ...]
    name_en: str = ""


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


class HallLine(Told, frozen=True):
    """A hall in the list of halls."""

    id: str
    name: str
    open: bool
    waiting: int
    observed_at: Time


class HallList(Told, frozen=True):
    """The halls of this server."""

    halls: list[HallLine]


class QueueMonitor(Told, frozen=True, rename="camel"):
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
    rating: Grade | Literal["none"] | None = None


class TicketTaken(Told, frozen=True):
    """A number was given out."""

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


class OutcomeLine(Told, frozen=True):
    """How a visit may end, in the hall's own words."""

    id: str
    name: str
    name_en: str = ""


class Services(Told, frozen=True):
    """What a kiosk offers, and the words a window ends a visit with (the usual one first)."""

    queues: list[QueueLine]
    services: list[ServiceLine]
    classes: list[ClassLine]
    outcomes: list[OutcomeLine]
