"""All halls that a public process shows, and the documents made of all of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from queued.public.shown_hall import CACHE_CONTROL, ShownHall
from queued.server import wire
from queued.server.hub import Streams
from queued.server.polled import Polled, polled
from queued.server.problems import Problem

HALLS_MAX: Final = 2000
"""More than any city has; 10 kB each."""

LIST_EVERY_S: Final = 1.0
"""A list of three hundred halls is made at most so often, whoever asks."""

SOURCE_LOST_AFTER_S: Final = 15.0
"""A source that is away for less is coming back."""


class City:
    """The halls. `monotonic` and `wall` are readings in seconds."""

    def __init__(
        self,
        streams: Streams,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.halls: dict[str, ShownHall] = {}
        self.counts: Counter[str] = Counter()
        self._streams = streams
        self._monotonic = monotonic
        self._wall = wall
        self._heard_at = monotonic()
        self._started = False
        self.list = _Made(self._list, monotonic)
        self.monitors = _Made(self._monitors, monotonic)

    def start(self) -> None:
        """Begin to tell streams. Needs a running event loop."""
        self._started = True
        for hall in self.halls.values():
            hall.hub.start()

    async def stop(self) -> None:
        """End every stream."""
        for hall in self.halls.values():
            await hall.hub.stop()

    def hall(self, id_: str) -> ShownHall:
        """A hall that can be shown. Raises `Problem` unknown_hall, not_ready."""
        hall = self.halls.get(id_)
        if hall is None:
            if not self.ready:  # nobody has told us yet which halls there are
                raise Problem("not_ready")
            raise Problem("unknown_hall", facts={"kind": "hall", "id": id_})
        hall.newest()
        return hall

    def known(self, id_: str) -> ShownHall | None:
        """The hall of this id, new if need be; None beyond `HALLS_MAX`."""
        hall = self.halls.get(id_)
        if hall is None and len(self.halls) < HALLS_MAX:
            hall = ShownHall(id_, self._streams, self.counts, self._monotonic, self._wall)
            self.halls[id_] = hall
            if self._started:
                hall.hub.start()
        return hall

    async def keep(self, ids: frozenset[str]) -> None:
        """Only these are there still."""
        for id_ in self.halls.keys() - ids:
            await self.halls.pop(id_).hub.stop()

    def heard(self) -> None:
        """The source has just answered."""
        self._heard_at = self._monotonic()
        self.ready = True

    ready = False
    """Whether the source has told which halls there are."""

    def source_lost(self) -> bool:
        """Whether nothing has come from the source for a while."""
        return self._monotonic() - self._heard_at > SOURCE_LOST_AFTER_S

    def stale(self, hall: ShownHall) -> bool:
        """Whether what is shown of a hall may be true no more."""
        return hall.silent or self.source_lost()

    def shown(self) -> Iterator[ShownHall]:
        """Those that have a snapshot."""
        return (hall for hall in self.halls.values() if hall.current() is not None)

    def lines(self) -> list[wire.HallLine]:
        """All halls, best first: open ones by the longest wait one must expect; then those of
        which nobody can say, those that are silent, those that are closed."""
        return sorted((hall.line(self.stale(hall)) for hall in self.shown()), key=_rank)

    def _list(self) -> Any:
        return wire.HallList(self.lines())

    def _monitors(self) -> Any:
        halls = sorted(self.shown(), key=lambda hall: hall.id)
        return [entity for hall in halls for entity in hall.monitors]


def _rank(line: wire.HallLine) -> tuple[int, int, int, str]:
    group = 3 if not line.open else 2 if line.stale else 1 if line.wait_to_s is None else 0
    return group, line.wait_to_s or 0, line.waiting, line.id


class _Made:
    """A document about all halls: made when asked for, the same bytes for a second."""

    def __init__(self, make: Callable[[], Any], monotonic: Callable[[], float]) -> None:
        self._make = make
        self._monotonic = monotonic
        self._until = 0.0
        self._made: Polled | None = None

    def current(self) -> Polled:
        """As of now, or of a moment ago."""
        now = self._monotonic()
        if self._made is None or now >= self._until:
            body = msgspec.json.encode(self._make())
            if self._made is None or body != self._made.body:
                self._made = polled(body, CACHE_CONTROL)
            self._until = now + LIST_EVERY_S
        return self._made

    async def fresh(self) -> Polled:
        """The same."""
        return self.current()
