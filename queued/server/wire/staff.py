"""Response bodies for the staff: the desk, history, journal, devices; sessions and problems."""

from __future__ import annotations

from typing import Literal

import msgspec

from queued.server.wire.shapes import TicketStatus, Time, Told, WindowState

# ── The desk ──────────────────────────────────────────────────────────────────────────────


class DeskWindow(Told, frozen=True):
    """The window as its clerk sees it. `since`: when whoever sits there sat down; `yours`:
    whether that is the one who asks."""

    id: str
    name: str
    status: WindowState
    reason: str | None
    clerk: str | None
    queues: tuple[str, ...]
    overflow: tuple[str, ...]
    zone: str | None
    since: Time | None
    yours: bool
    name_en: str = ""


class DeskTicket(Told, frozen=True):
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


class DeskNext(Told, frozen=True):
    """Who would be called next, and why, as a sentence."""

    number: str
    queue: str
    why: str


class DeskUndo(Told, frozen=True):
    """The call that can still be taken back."""

    until: Time
    number: str


class DeskRecall(Told, frozen=True):
    """How many recalls are left, and from when."""

    left: int
    not_before: Time


class DeskWaiting(Told, frozen=True):
    """Somebody this window may call."""

    number: str
    queue: str
    service: str | None
    class_: str
    status: Literal["waiting"]
    issued_at: Time
    waited_s: int
    long: bool = False
    """Longer than the hall wants anybody to wait."""
    here: bool = True
    """False: taken on a phone, its holder has not checked in; "call next" passes it over."""


class DeskParked(Told, frozen=True):
    """Sent for a missing paper."""

    number: str
    queue: str
    reason: str
    parked_at: Time


class DeskMissed(Told, frozen=True):
    """Called, did not come."""

    number: str
    queue: str
    missed_at: Time


class Counts(Told, frozen=True):
    """What the window did today. `service_s` is the average, null before the first service."""

    called: int
    served: int
    missed: int
    parked: int
    transferred: int
    matters: int
    service_s: int | None


class DeskMine(Told, frozen=True):
    """What the one who asks did today, at whichever windows."""

    name: str
    counts: Counts


class DeskAlarm(Told, frozen=True):
    """What a clerk should know now. long_wait: so many (`count`) wait longer than the hall wants,
    `number` the longest; absent: `number` was called `count` times and has not come; clock: the
    server's clock cannot be believed."""

    code: Literal["long_wait", "absent", "clock"]
    number: str | None
    count: int
    waited_s: int | None


class Desk(Told, frozen=True):
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
    mine: DeskMine
    alarms: list[DeskAlarm]
    actions: list[str]


# ── Journal, devices, sessions ────────────────────────────────────────────────────────────


class HistoryEvent(Told, frozen=True):
    """One thing that happened to a ticket, and for a call why it came when it came."""

    seq: int
    at: Time
    type: str
    by: str
    window: str | None
    text: str
    rule: str | None
    runner_up: str | None


class History(Told, frozen=True):
    """Everything that happened to a number today."""

    number: str
    queue: str
    service: str | None
    class_: str
    status: TicketStatus
    issued_at: Time
    events: list[HistoryEvent]


class JournalEvent(Told, frozen=True):
    """An event as stored. `hash` covers it and everything before it."""

    seq: int
    at: Time
    type: str
    by: str
    body: msgspec.Raw
    hash: str


class JournalPage(Told, frozen=True):
    """At most 1,000 events. `next` is the `after` of the following page, null at the end."""

    hall: str
    events: list[JournalEvent]
    next: int | None
    head: int


class Alarm(Told, frozen=True):
    """Something the manager must be told of; `since` first, `at` last raised."""

    id: int
    kind: str
    subject: str
    since: Time
    at: Time
    times: int
    facts: dict[str, str | int]
    text: str
    acknowledged_by: str | None
    acknowledged_at: Time | None


class AlarmList(Told, frozen=True):
    """Alarms: those nobody has acknowledged first, then the newest first."""

    alarms: list[Alarm]


class Card(Told, frozen=True):
    """The card on a reader, as a read id and a masked name like 张*; null if none was laid down.

    `flaw` says why one was not read: `moved` (taken away too soon), `no_data` (nothing on it says
    whose it is); its name is null then, and no ticket can be taken with it. `away` and `back` are
    about the reader itself: it does not answer, or does again.
    """

    read_id: str | None
    masked_name: str | None
    flaw: str | None = None


class PrintedSlip(Told, frozen=True):
    """A slip of a virtual printer."""

    id: str
    at: Time
    number: str
    picture: str
    text: str


class StripText(Told, frozen=True):
    """What a strip shows now."""

    id: str
    text: str


class PrintedSlips(Told, frozen=True):
    """Slips of a virtual printer, newest first, and what the strips show."""

    slips: list[PrintedSlip]
    strips: list[StripText]


class SaySentence(Told, frozen=True):
    """Of the stream's `event: say`: say `text` at `rate`, and tell within `limit_s`."""

    job: str
    text: str
    language: str
    rate: float
    limit_s: int


class VoiceHeard(Told, frozen=True):
    """Whether the word counted; false for a sentence that is over."""

    accepted: bool


class Session(Told, frozen=True):
    """Who one is. `csrf` goes into `X-CSRF-Token` of every change made with the cookie."""

    csrf: str
    name: str
    roles: list[str]
    window: str | None


class Health(Told, frozen=True):
    """Alive; or ready, and why not."""

    status: str
    problems: list[str]


class WrongField(Told, frozen=True):
    """Where a body is wrong."""

    path: str
    message: str


class Problem(Told, frozen=True):
    """RFC 9457. `code` is stable; `detail` follows Accept-Language; facts come beside them."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[WrongField] = []
