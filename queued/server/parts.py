"""What the server is given, and what it makes of it for its own use.

`Parts` comes from `queued.app`; `Site` is the running server's knowledge, reachable from every
handler, with nothing global in it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from aiohttp import web

from display.pages import Pages
from queued.core.model import Ticket, TicketId
from queued.core.plan import Millis
from queued.engine.appointments import Appointments
from queued.engine.bookings import Bookings
from queued.engine.bus import Bus
from queued.engine.clock import Clock
from queued.engine.day_figures import HourFigures
from queued.engine.halls import Halls
from queued.engine.popular import TypicalDay
from queued.engine.ports import Journal, Note
from queued.server.accounts import AccountBook, AuditBook
from queued.server.auth import Doors
from queued.server.columns import Columns
from queued.server.devices import Devices
from queued.server.health import Metrics
from queued.server.hub import Streams
from queued.server.limits import Limits
from queued.server.live import Live
from queued.server.media import MediaFolder
from queued.server.once import Once
from queued.server.readers import Readers
from queued.server.saving import PageVersions
from queued.server.speakers import Speakers
from queued.server.static import StaticFiles
from queued.server.upkeep import NoUpkeep, Upkeep
from queued.settings_values import Settings

if TYPE_CHECKING:
    from queued.server.routes import Route


class TicketTable(Protocol):
    """Tickets of earlier days."""

    async def ticket(self, hall: str, day: str, id_: TicketId) -> Ticket | None:
        """The ticket's last state; None if there never was one."""
        ...

    async def numbered(self, hall: str, day: str, number: str) -> Ticket | None:
        """The newest ticket of a day with this number."""
        ...


class KnownHolder(Protocol):
    """Whose ticket it is, as far as the server looks."""

    @property
    def day(self) -> str: ...
    @property
    def ticket(self) -> TicketId: ...


class People(Protocol):
    """Who holds a ticket, under a retention clock."""

    async def put(
        self,
        hall: str,
        day: str,
        ticket: TicketId,
        kind: Literal["id_card"],
        digest: str,
        *,
        expires_at: Millis,
        masked: str = "",
    ) -> object:
        """Bind a ticket to the digest of its holder."""
        ...

    async def find_by_digest(
        self, hall: str, kind: Literal["id_card"], digest: str, at: Millis
    ) -> Sequence[KnownHolder]:
        """The tickets of one person."""
        ...


class Store(Protocol):
    """What the server needs of storage."""

    @property
    def journal(self) -> Journal:
        """Events of halls."""
        ...

    @property
    def accounts(self) -> AccountBook:
        """Tokens, users, sessions."""
        ...

    @property
    def audit(self) -> AuditBook:
        """What administration did."""
        ...

    @property
    def configurations(self) -> Versions:
        """Saved configurations."""
        ...

    @property
    def page_versions(self) -> PageVersions:
        """Versions of the pages of columns."""
        ...

    @property
    def tickets(self) -> TicketTable:
        """Tickets of earlier days."""
        ...

    @property
    def appointments(self) -> Appointments:
        """Who is expected."""
        ...

    @property
    def bookings(self) -> Bookings:
        """Which of them booked on the phone."""
        ...

    @property
    def people(self) -> People:
        """The only personal data."""
        ...

    @property
    def secret(self) -> bytes:
        """At least 32 random bytes, the same after a restart."""
        ...


class Furniture(Protocol):
    """The configuration in force, and how to change it."""

    file: Settings
    settings: Settings
    version: int
    problem: str

    @property
    def file_changed(self) -> bool:
        """Whether the file's tables are others than when the version in force was saved."""
        ...

    @property
    def waiting(self) -> bool:
        """Whether the plan waits for the next business day."""
        ...

    def settings_of(self, body: str) -> Settings:
        """Tables as TOML, put over the file. Raises `SettingsError`."""
        ...

    def listen(self, listener: Callable[[Settings], None]) -> None:
        """Call `listener` with every configuration that comes into force."""
        ...

    async def save(
        self, settings: Settings, body: str, base: int, note: Note, comment: str
    ) -> bool:
        """Whether it is in force at once. Raises `VersionTaken`."""
        ...


@dataclass(frozen=True, slots=True)
class Consent:
    """What a page needs to ask for consent to reminders: templates, WeChat's script, and where
    the page is signed."""

    templates: str
    script: str
    config: str


class Account(Protocol):
    """The hall's official account, as own-ticket pages see it."""

    def holds(self, request: web.Request, day: str, ticket: TicketId) -> bool:
        """Whether the phone that asks is the one a ticket is bound to."""
        ...

    @property
    def consent(self) -> Consent | None:
        """None where no reminder needs consent."""
        ...


class SavedVersion(Protocol):
    """A version of the configuration."""

    @property
    def version(self) -> int: ...
    @property
    def at(self) -> Millis: ...
    @property
    def by(self) -> str: ...
    @property
    def comment(self) -> str: ...
    @property
    def body(self) -> str: ...


class Versions(Protocol):
    """Saved configurations."""

    async def all(self, hall: str, limit: int = ...) -> Sequence[SavedVersion]:
        """Newest first."""
        ...

    async def get(self, hall: str, version: int) -> SavedVersion | None: ...


class Past(Protocol):
    """What a hall's days were like."""

    async def typical(self, day: date) -> TypicalDay | None:
        """What `day` may be expected to be like; None while nobody can say."""
        ...

    async def between(self, first: date, last: date) -> Sequence[HourFigures]:
        """The hours of days that have closed, in order."""
        ...

    async def days(self) -> tuple[date, date] | None:
        """The first and the last of them."""
        ...

    async def cursor(self) -> int:
        """What they follow from: the seq of the last `DayClosed` in them."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything the server needs from others. `settings` are those of one of the halls."""

    halls: Halls
    bus: Bus
    store: Store
    settings: Settings
    pages: Pages
    devices: Devices
    clock: Clock
    readers: Readers = field(default_factory=Readers)
    inputs: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """What was pressed, by device role and what became of it: for the metrics."""
    speakers: Speakers = field(default_factory=Speakers)
    furniture: Furniture | None = None
    """None: nobody changes the configuration while this server runs."""
    version: str = "0"
    demo: bool = False
    media: Path | None = None
    """The folder with what screens show beside the queues; None if there is none."""
    columns: Mapping[str, Columns] = field(default_factory=dict)
    """Notices, questions, telephone list, 微官网, by hall; a hall may have none."""
    more_routes: Sequence[Route] = ()
    """Paths of what is built beside the server: WeChat's callback."""
    account: Account | None = None
    """The official account of the hall of `settings`."""
    counts: Mapping[str, Counter[str]] = field(default_factory=dict)
    """More metrics: by name, how often what happened."""
    history: Mapping[str, Past] = field(default_factory=dict)
    """By hall id; a hall without one says nothing of its past."""
    upkeep: Upkeep = field(default_factory=NoUpkeep)
    health_public: bool = False
    """Answer /healthz, /readyz and /metrics to everybody, not only to the local network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The running server."""

    parts: Parts
    lives: Mapping[str, Live]
    doors: Doors
    limits: Limits
    streams: Streams
    metrics: Metrics
    static: StaticFiles
    media: MediaFolder
    columns: Mapping[str, Columns]
    """By hall."""
    reprints: Once
    files: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """Held while a large file is made: who asks for months wait for each other, not the hall."""
    openapi: Callable[[], bytes]
    """Made when it is first asked for: visitors do not wait for it after a power cut."""
    tls: bool
    """Whether the public address is https."""

    @property
    def settings(self) -> Settings:
        """The configuration in force."""
        furniture = self.parts.furniture
        return furniture.settings if furniture is not None else self.parts.settings
