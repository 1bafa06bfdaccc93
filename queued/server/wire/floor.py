"""What managers see and ask: the floor, which queues a window serves, who sits there."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from queued.server.wire.asked import Id
from queued.server.wire.public import Wait
from queued.server.wire.shapes import Asked, Time, Told, WindowState
from queued.server.wire.staff import Alarm, Counts

QUEUES_MAX = 100
"""As many as a hall may have."""

ClerkName: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f:]+$(?!\n)")
]


class FloorWindow(Told, frozen=True):
    """A window as its manager sees it. `since` is when the ticket in hand was called or begun,
    `clerk_since` when the clerk sat down, `usual_s` how long its service usually takes;
    `assigned`: it serves other queues than configured."""

    id: str
    name: str
    name_en: str
    status: WindowState
    reason: str | None
    clerk: str | None
    clerk_since: Time | None
    number: str | None
    state: Literal["called", "serving"] | None
    service: str | None
    since: Time | None
    usual_s: int | None
    queues: tuple[str, ...]
    overflow: tuple[str, ...]
    assigned: bool
    waiting: int
    counts: Counts


class FloorQueue(Told, frozen=True):
    """A queue as the manager sees it; `long`: somebody waits longer than the hall wants."""

    id: str
    name: str
    name_en: str
    letter: str
    status: WindowState
    waiting: int
    windows: int
    longest_s: int | None
    longest_number: str | None
    long: bool
    wait: Wait | None


class Floor(Told, frozen=True):
    """The hall now, for whoever runs it."""

    hall: str
    seq: int
    observed_at: Time
    business_day: str | None
    open: bool
    windows: list[FloorWindow]
    queues: list[FloorQueue]
    alarms: list[Alarm]


class Assign(Asked, frozen=True):
    """Which queues a window serves for the rest of the day; null: those of the configuration."""

    queues: Annotated[list[Id], Meta(min_length=1, max_length=QUEUES_MAX)] | None
    overflow: Annotated[list[Id], Meta(max_length=QUEUES_MAX)] = []


class Seat(Asked, frozen=True):
    """Open a window for a clerk, in the place of whoever sits there. Without one: for whoever
    sits there, else for oneself."""

    clerk: ClerkName | None = None


class Comparison(Told, frozen=True):
    """Why one number was called before another."""

    number: str
    other: str
    day: str
    text: str
