"""Response bodies about what days are usually like."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from queued.server.wire.shapes import Time, Told

Column: TypeAlias = Literal["news", "questions", "contacts", "about"]


class PopularHour(Told, frozen=True):
    """An hour (0 … 23, on the hall's clock) of such a day. Medians of days, waits pooled."""

    hour: int
    waiting: int
    """How many wait, over the hour …"""
    quarters: tuple[int, int, int, int]
    """… and in each quarter of it."""
    tickets: int
    """Numbers taken."""
    wait_p50_s: int | None
    wait_p80_s: int | None
    """Of those who take a number in the hour; null if too few are known."""


class Busy(Told, frozen=True):
    """How a queue is now against what is usual at this time."""

    level: Literal["busier", "usual", "quieter"]
    waiting: int
    usual: int


class PopularQueue(Told, frozen=True):
    """A queue, or the whole hall (`id` ""). `busy` is null for another day than today, while
    nothing is open, and when nobody can say what is usual at this time."""

    id: str
    name: str
    busy: Busy | None
    hours: list[PopularHour]
    name_en: str = ""


class PopularTimes(Told, frozen=True):
    """What `day` may be expected to be like.

    `kind` says which days it is made of: mon … sun, all working days (`work`) or all others
    (`rest`); `days` how many, from `since` to `until`. While too few days are known, or of a hall
    without history, `kind` is null and `queues` is empty.
    """

    hall: str
    day: str
    today: bool
    observed_at: Time
    kind: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "work", "rest"] | None
    days: int
    since: str | None
    until: str | None
    queues: list[PopularQueue]


class PhonePage(Told, frozen=True):
    """What a hall's phone page shows beside the snapshot and the services, for whoever draws it
    elsewhere.

    `url` is where phones reach the hall's own server, "" if that is not known; there `take` and
    `book` say whether numbers and appointments are given, `columns` which columns have pages.
    `times` are those of today, or of the day on which a closed hall opens next.
    """

    hall: str
    url: Annotated[str, Meta(pattern=r"^(https?://[^\s\"'<>]*)?$")]
    take: bool
    book: bool
    columns: list[Column]
    times: PopularTimes
