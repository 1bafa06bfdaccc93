"""A hall as its server knows it: the snapshot, the words beside it, the screens that follow it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiohttp import web

from queued.core.model import Hall
from queued.core.plan import Millis
from queued.engine.bus import Bus, Committed
from queued.engine.calendar import Calendar
from queued.engine.clock import Clock
from queued.engine.halls import RunningHall
from queued.server.aside import Aside
from queued.server.hub import Hub, Joined, Streams
from queued.server.snapshot import Names, View


@dataclass(frozen=True, slots=True)
class Words:
    """What the configuration tells windows: how visits end, and when a wait is too long."""

    outcomes: Sequence[tuple[str, str, str]] = ()
    """(id, name, English name); the usual one first."""
    long_wait_ms: int = 0
    """0: never."""


class Live:
    """One hall as shown to the world: its snapshot and its streams."""

    def __init__(
        self,
        running: RunningHall,
        clock: Clock,
        names: Names,
        streams: Streams,
        monotonic: Callable[[], float] = time.monotonic,
        words: Words = Words(),
    ) -> None:
        self.id = running.id
        self.words = words
        self.running = running
        self.names = names
        self.clock = clock
        self.view = View(running, clock, names, monotonic)
        self.time_of = self.view.time_of
        self.aside = Aside()
        self.hub = Hub(self.view, streams, monotonic)
        self._end_listening: Callable[[], None] | None = None

    def furnish(self, names: Names, words: Words) -> None:
        """Use the words of another configuration."""
        self.names, self.words = names, words
        self.view.rename(names)

    @property
    def hall(self) -> Hall:
        """The hall as committed."""
        return self.running.actor.hall

    @property
    def calendar(self) -> Calendar:
        """Its days."""
        return self.running.calendar

    def now(self) -> Millis:
        """The moment, never before the hall's last event."""
        return Millis(max(self.clock.now(), self.hall.at))

    @property
    def clients(self) -> int:
        """Open streams."""
        return self.hub.clients

    def start(self, bus: Bus) -> None:
        """Begin to follow the hall. Needs a running event loop."""
        self._end_listening = bus.listen(self._heard)
        self.hub.start()

    async def stop(self) -> None:
        """End every stream; screens reconnect to whoever comes next."""
        if self._end_listening is not None:
            self._end_listening()
            self._end_listening = None
        await self.hub.stop()

    def _heard(self, committed: Committed) -> None:
        if committed.hall_id != self.id:
            return
        self.aside.heard(committed.events)
        self.hub.changed()

    async def stream(
        self, request: web.Request, joined: Joined | None = None
    ) -> web.StreamResponse:
        """Serve one client until it leaves or is cut; `joined`: see `Hub.stream`."""
        return await self.hub.stream(request, joined)
