"""Put together: what a hall offers from afar, as paths and counters of its server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from queued.phone_sessions import PhoneSessions
from queued.remote.booking_doors import BookingDoors
from queued.remote.doors import TakingDoors
from queued.remote.reception import Reception
from queued.server.routes import Route
from queued.storage.store import Store
from queued.wechat.people import Phones


@dataclass(frozen=True, slots=True)
class Remote:
    """What the server sees of it."""

    routes: Sequence[Route]
    counts: Mapping[str, Counter[str]]


def opened(
    hall: str, store: Store, sessions: PhoneSessions, phones: Phones | None, sign_in: str
) -> Remote:
    """The doors of one hall. `sign_in` is where WeChat names a phone's holder, "" without."""
    reception = Reception(hall, store, sessions, phones, sign_in)
    routes = [*TakingDoors(reception).routes(), *BookingDoors(reception).routes()]
    return Remote(routes, {"remote": reception.counts})
