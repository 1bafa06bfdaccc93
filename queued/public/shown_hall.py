"""One hall as a public process knows it: the newest snapshot, what lies beside it, how old it is.

Whatever comes from outside is read with its type before it takes the place of what was there:
garbage changes nothing and is counted.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec

from queued.cluster.shared import About, Waits
from queued.server import wire
from queued.server.hub import Hub, Streams
from queued.server.lines import line_of
from queued.server.problems import Problem
from queued.server.snapshot import Encoded, encoded_of

CACHE_CONTROL: Final = "public, max-age=1, stale-while-revalidate=5, stale-if-error=86400"
"""As the hall says it; and whoever keeps a copy may show it while we are away."""

SILENT_AFTER_S: Final = 150.0
"""A hall that is well says something new every 65 seconds."""

SNAPSHOT_BYTES_MAX: Final = 1 << 20
"""Ten thousand people waiting are 80 kB."""

_SNAPSHOT = msgspec.json.Decoder(wire.Snapshot)
_ABOUT = msgspec.json.Decoder(About)
_SERVICES = msgspec.json.Decoder(wire.Services)
_PHONE_PAGE = msgspec.json.Decoder(wire.PhonePage)
_WAITS = msgspec.json.Decoder(Waits)
_MONITORS = msgspec.json.Decoder(list[wire.QueueMonitor])

NO_SERVICES: Final = wire.Services([], [], [], [])


class ShownHall:
    """One hall. `monotonic` and `wall` are readings in seconds."""

    def __init__(
        self,
        id_: str,
        streams: Streams,
        counts: Counter[str],
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.id = id_
        self.hub = Hub(self, streams, monotonic)
        self.about = About(hall=id_, name=id_)
        self.services = NO_SERVICES
        self.phone_page: wire.PhonePage | None = None
        self.waits = Waits({})
        self.monitors: list[wire.QueueMonitor] = []
        self.bytes: dict[str, bytes] = {}
        """Of records that are served as they came."""
        self._counts = counts
        self._monotonic = monotonic
        self._wall = wall
        self._encoded: Encoded | None = None
        self._plain: tuple[Any, Any] = (None, None)
        self._offered: tuple[Any, Any] = (None, None)
        self._observed = 0.0
        self._live_until = 0.0

    # ── As a hub and a handler see it ─────────────────────────────────────────────────────

    @property
    def seq(self) -> int:
        """Of the newest snapshot; -1 before the first."""
        return -1 if self._encoded is None else self._encoded.seq

    def current(self) -> Encoded | None:
        """The newest snapshot; None before the first."""
        return self._encoded

    def newest(self) -> Encoded:
        """The newest snapshot. Raises `Problem` not_ready before the first."""
        if self._encoded is None:
            raise Problem("not_ready")
        return self._encoded

    async def fresh(self) -> Encoded:
        """The same."""
        return self.newest()

    # ── News ──────────────────────────────────────────────────────────────────────────────

    def put_snapshot(self, body: bytes) -> None:
        """Show this, unless it is garbage or older than what is shown."""
        if self._encoded is not None and body == self._encoded.body:
            return
        try:
            if len(body) > SNAPSHOT_BYTES_MAX or b"\n" in body:
                raise ValueError
            content = _SNAPSHOT.decode(body)
            observed = datetime.fromisoformat(content.observed_at).timestamp()
            if content.hall != self.id:
                raise ValueError
        except (ValueError, OverflowError, RecursionError):
            self._counts["garbage"] += 1
            return
        if self._encoded is not None and (observed, content.seq) < (self._observed, self.seq):
            self._counts["older"] += 1
            return
        # A first one may be old already: then only the clock on the wall knows.
        age = max(0.0, self._wall() - observed) if self._encoded is None else 0.0
        self._live_until = self._monotonic() + SILENT_AFTER_S - age
        self._observed = observed
        self._encoded = encoded_of(content, body, CACHE_CONTROL)
        self._counts["snapshots"] += 1
        self.hub.changed()

    def put(self, what: str, body: bytes) -> None:
        """What lies beside the snapshot, by the name of its key."""
        if self.bytes.get(what) == body:
            return
        try:
            match what:
                case "about":
                    self.about = _ABOUT.decode(body)
                case "services":
                    self.services = _SERVICES.decode(body)
                case "phone-page":
                    self.phone_page = _PHONE_PAGE.decode(body)
                case "waits":
                    self.waits = _WAITS.decode(body)
                case "queue-monitor":
                    self.monitors = _MONITORS.decode(body)
                case _:
                    return
        except (msgspec.DecodeError, ValueError, RecursionError):
            self._counts["garbage"] += 1
            return
        self.bytes[what] = body

    # ── How it stands ─────────────────────────────────────────────────────────────────────

    @property
    def silent(self) -> bool:
        """Whether what is shown may be true no more."""
        return self._monotonic() > self._live_until

    def line(self, stale: bool) -> wire.HallLine:
        """As one of the city's halls."""
        content, about = self.newest().content, self.about
        return line_of(
            content,
            observed_at=content.observed_at,
            opens=about.opens,
            address=about.address,
            position=(about.latitude, about.longitude),
            stale=stale,
        )

    def snapshot(self) -> Any:
        """The snapshot as plain values, for pages; nobody changes them."""
        newest = self.newest()
        if self._plain[0] is not newest:
            self._plain = newest, msgspec.to_builtins(newest.content)
        return self._plain[1]

    def offered(self) -> Any:
        """The services as plain values, for pages; nobody changes them."""
        if self._offered[0] is not self.services:
            self._offered = self.services, msgspec.to_builtins(self.services)
        return self._offered[1]
