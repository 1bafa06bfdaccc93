"""The hall as everybody may see it: one document, encoded once per change, the same bytes for all.

How it works. A reader compares the hall it was made from with the actor's hall (they are
immutable, so identity is enough); nothing is built while nobody asks. During a burst at most
one build in `BUILD_EVERY_S` happens, and readers who come in between wait for the next one, so
that they always see every change that was answered before they asked. `observed_at` is when
this content was first true: waits drift and opening hours end without an event, so an
unchanged hall is looked at again every `LOOK_AGAIN_S` while somebody polls, and gets new bytes
only if something in it differs, or if it is `OLDEST_S` old.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Final

import msgspec

from queued.core import views
from queued.core.changed import changed
from queued.core.estimate import Wait as Estimate
from queued.core.hours import issuing
from queued.core.line import NOBODY, Line
from queued.core.model import Hall
from queued.core.plan import Millis, QueueId, WindowId
from queued.engine.clock import Clock
from queued.engine.halls import RunningHall
from queued.server import wire
from queued.server.polled import NOT_MODIFIED as NOT_MODIFIED
from queued.server.polled import Polled, heads

BUILD_EVERY_S: Final = 0.010
"""A burst of 1,500 calls a second makes 100 snapshots; the first change is shown at once."""

LOOK_AGAIN_S: Final = 5.0
OLDEST_S: Final = 60.0
"""A reader may take a snapshot older than two minutes as stale."""

ESTIMATE_EVERY_MS: Final = 2000
"""An estimate for the same number ahead is kept this long."""

TIMES_KEPT: Final = 1000
"""Moments already spelled out: a busy second is told hundreds of times."""

CACHE_CONTROL: Final = "public, max-age=1, stale-while-revalidate=5"

_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded(Polled):
    """A snapshot as sent."""

    seq: int
    content: wire.Snapshot


@dataclass(frozen=True, slots=True)
class Names:
    """What people are told that no decision needs: English names by id ("" where there is none),
    rules behind classes, zones, 一件事, opening hours."""

    hall: str = ""
    queues: Mapping[str, str] = field(default_factory=dict)
    windows: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)
    initials: Mapping[str, str] = field(default_factory=dict)
    """Of services: what a kiosk searches by."""
    bases: Mapping[str, str] = field(default_factory=dict)
    """Of classes: the rule or law behind them."""
    zones: tuple[wire.ZoneLine, ...] = ()
    one_things: tuple[wire.OneThingLine, ...] = ()
    hours: tuple[wire.HoursLine, ...] = ()
    address: str = ""
    position: tuple[float | None, float | None] = (None, None)
    """Latitude and longitude, degrees in WGS 84."""
    source: str = ""
    """Where others read this hall: the configured address only, never one that a caller names."""


class View:
    """The snapshot of one hall. `monotonic` is in seconds."""

    def __init__(
        self,
        running: RunningHall,
        clock: Clock,
        names: Names,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._actor = running.actor
        self._estimator = running.estimator
        self._zone = running.calendar.zone
        self._id = running.id
        self._clock = clock
        self._names = names
        self._monotonic = monotonic
        self._orders = _Orders()
        self._waits: dict[QueueId, tuple[int, Millis, wire.Wait | None]] = {}
        self._times: dict[int, str] = {}
        self._hall: Hall | None = None
        self._encoded: Encoded | None = None
        self._observed_at = Millis(0)
        self._built_at = self._look_again_at = 0.0
        self._pending: asyncio.Future[Encoded] | None = None

    def rename(self, names: Names) -> None:
        """From the next snapshot on, with these English names."""
        self._names, self._hall = names, None

    def current(self) -> Encoded | None:
        """The snapshot, if it need not be built."""
        if self._hall is self._actor.hall and self._monotonic() < self._look_again_at:
            return self._encoded
        return None

    @property
    def seq(self) -> int:
        """Of the hall as committed."""
        return self._actor.hall.seq

    def newest(self) -> Encoded:
        """The snapshot as of now, at once."""
        return self.current() or self.build()

    async def fresh(self) -> Encoded:
        """The snapshot with everything that was committed before the call."""
        if (encoded := self.current()) is not None:
            return encoded
        pause = self._built_at + BUILD_EVERY_S - self._monotonic()
        if pause <= 0:
            return self.build()
        if self._pending is None:
            loop = asyncio.get_running_loop()
            self._pending = loop.create_future()
            loop.call_later(pause, self._build_pending)
        return await asyncio.shield(self._pending)

    def build(self) -> Encoded:
        """The snapshot of the hall as it is now; the old bytes if nothing in it differs."""
        hall, old = self._actor.hall, self._encoded
        at = Millis(max(self._clock.now(), hall.at))
        unchanged = hall is self._hall and at < self._observed_at + OLDEST_S * 1000
        content = self._content(hall, self._observed_at if unchanged else at, at)
        self._built_at = self._monotonic()
        self._look_again_at = self._built_at + LOOK_AGAIN_S
        if old is not None and content == old.content:
            return old
        if unchanged:
            content = msgspec.structs.replace(content, observed_at=self.time_of(at))
        self._hall, self._observed_at = hall, at
        self._encoded = encoded = _encode(content)
        return encoded

    def time_of(self, at: Millis) -> str:
        """RFC 3339 in the hall's zone, whole seconds."""
        second = at // 1000
        told = self._times.get(second)
        if told is None:
            if len(self._times) >= TIMES_KEPT:
                self._times.clear()
            told = datetime.fromtimestamp(second, self._zone).isoformat()
            self._times[second] = told
        return told

    def wait(self, queue: QueueId, ahead: int, at: Millis) -> wire.Wait | None:
        """How long one with `ahead` before him waits; None when nobody can say honestly."""
        return _told(self._estimator.wait(queue, ahead, at))

    def window(self, hall: Hall, id_: WindowId) -> wire.SnapshotWindow:
        """A window as in the snapshot."""
        plan, window = hall.plan.windows[id_], hall.windows[id_]
        ticket = hall.ticket(window.ticket) if window.ticket is not None else None
        return wire.SnapshotWindow(
            id=id_,
            name=plan.name,
            status=window.status.value,
            number=ticket.number if ticket else None,
            state=ticket.status.value if ticket else None,  # type: ignore[arg-type]
            queues=plan.queues,
            name_en=self._names.windows.get(id_, ""),
            zone=plan.zone or "",
            reason=window.reason if window.reason in wire.PAUSE_REASONS else "",
        )

    def _build_pending(self) -> None:
        pending, self._pending = self._pending, None
        if pending is None or pending.done():
            return
        try:
            pending.set_result(self.build())
        except Exception as bug:  # noqa: BLE001 — the readers get it; a callback has no caller
            pending.set_exception(bug)

    def _content(self, hall: Hall, observed_at: Millis, at: Millis) -> wire.Snapshot:
        now = changed(hall, at=at)  # opening hours end without an event
        last_called: dict[str, str] = {}
        for call in hall.calls:
            last_called.setdefault(hall.ticket(call.ticket).queue, call.number)
        return wire.Snapshot(
            hall=self._id,
            name=hall.plan.name,
            seq=hall.seq,
            observed_at=self.time_of(observed_at),
            business_day=hall.day,
            open=issuing(hall, at),
            queues=[self._queue(now, id_, last_called.get(id_)) for id_ in hall.plan.queues],
            windows=[self.window(hall, id_) for id_ in hall.plan.windows],
            calls=[
                wire.SnapshotCall(
                    call.number, call.window, self.time_of(call.at), call.times, call.seq
                )
                for call in hall.calls
            ],
            name_en=self._names.hall,
        )

    def _queue(self, hall: Hall, id_: QueueId, last_called: str | None) -> wire.SnapshotQueue:
        plan = hall.plan.queues[id_]
        order = self._orders.of(hall, id_)
        return wire.SnapshotQueue(
            id=id_,
            name=plan.name,
            letter=plan.letter,
            status=views.queue_status(hall, id_),  # type: ignore[arg-type]
            waiting=len(order),
            windows=len(views.windows_serving(hall, id_)),
            last_called=last_called,
            order=order,
            wait=self._recent_wait(id_, len(order), hall.at),
            name_en=self._names.queues.get(id_, ""),
        )

    def _recent_wait(self, queue: QueueId, ahead: int, at: Millis) -> wire.Wait | None:
        known = self._waits.get(queue)
        if known is not None and known[0] == ahead and at - known[1] < ESTIMATE_EVERY_MS:
            return known[2]
        wait = self.wait(queue, ahead, at)
        self._waits[queue] = (ahead, at, wait)
        return wait


class _Orders:
    """Waiting numbers per queue, looked up again only for lines that changed."""

    def __init__(self) -> None:
        self._day: str | None = None
        self._numbers: list[str] = []
        """By ticket id - 1: a ticket keeps its number for its day."""
        self._known: dict[QueueId, tuple[Line, object, list[str]]] = {}

    def of(self, hall: Hall, queue: QueueId) -> list[str]:
        """The numbers waiting in `queue`, in calling order."""
        line = hall.lines.get(queue, NOBODY)
        known = self._known.get(queue)
        if known is not None and known[0] is line and known[1] is hall.bound:
            return known[2]
        if hall.day != self._day or len(hall.tickets) < len(self._numbers):
            self._day, self._numbers = hall.day, []
        for index in range(len(self._numbers), len(hall.tickets)):
            self._numbers.append(hall.tickets[index].number)
        numbers = self._numbers
        order = [numbers[entry[1] - 1] for entry in views.line_of(hall, queue)]
        self._known[queue] = (line, hall.bound, order)
        return order


def _encode(content: wire.Snapshot) -> Encoded:
    return encoded_of(content, _ENCODER.encode(content))


def encoded_of(
    content: wire.Snapshot, body: bytes, cache_control: str = CACHE_CONTROL
) -> Encoded:
    """The snapshot whose bytes are `body`: the same bytes have the same ETag everywhere."""
    etag = f'"{content.seq}-{blake2b(body, digest_size=6).hexdigest()}"'
    head, head_304 = heads(etag, cache_control)
    return Encoded(
        etag=etag, body=body, head=head, head_304=head_304, seq=content.seq, content=content
    )


def _told(estimate: Estimate | None) -> wire.Wait | None:
    if estimate is None:
        return None
    return wire.Wait(estimate.p50_s, estimate.p80_s, estimate.p90_s)
