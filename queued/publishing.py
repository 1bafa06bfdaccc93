"""What a hall publishes through Redis, and from where it takes it: its server's own words."""

from __future__ import annotations

import contextlib
import logging
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from operator import is_
from typing import Final

import msgspec

from queued.cluster.feed import Feed
from queued.cluster.redis_link import open_redis
from queued.cluster.shared import About, TicketRecord, Waits, ticket_key
from queued.core import views
from queued.core.model import TicketId
from queued.core.plan import Millis
from queued.engine.bus import Bus
from queued.engine.ports import Journal
from queued.server.api import monitors_of, opens_at
from queued.server.call import encode
from queued.server.live import Live
from queued.server.offer import services_of
from queued.server.parts import Site
from queued.server.phone_page import phone_page_of
from queued.server.snapshot import Encoded
from queued.server.tickets import told_ticket

log = logging.getLogger(__name__)

WAITS_EVERY_S: Final = 5.0
"""Estimates for every place in line: half a millisecond for a large hall."""

PHONE_PAGE_EVERY_S: Final = 60.0
"""Usual times change by the quarter of an hour, columns now and then."""

RUNGS: Final = (0, 1, 2, 3, 4, 6, 8, 11, 15, 20, 28, 40, 60, 90, 140, 220, 350, 600, 1000, 2000)
"""Numbers ahead for which the wait is told; between two of them it grows evenly."""

TICKET_AFTER_DAY_MS: Final = 3_600_000
"""Who looks at his number once more on the way home still finds it."""

_ENCODE = msgspec.json.Encoder().encode


async def published(
    url: str,
    site: Site,
    live: Live,
    journal: Journal,
    bus: Bus,
    counts: Counter[str],
    stack: contextlib.AsyncExitStack,
) -> Feed:
    """The feed of a hall, running until `stack` ends. Raises `ValueError` for a wrong `url`."""
    redis = open_redis(url)
    stack.push_async_callback(redis.aclose)
    feed = Feed(redis, live.id, journal, bus, LiveSource(site, live), counts)
    feed.start()
    stack.push_async_callback(feed.stop)
    return feed


class LiveSource:
    """What a running hall tells. `monotonic` is in seconds."""

    def __init__(
        self, site: Site, live: Live, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._site = site
        self._live = live
        self._monotonic = monotonic
        self._snapshot: Encoded | None = None
        self._services: tuple[tuple[object, ...], bytes] = ((), b"")
        self._waits = b""
        self._waits_until = 0.0
        self._phone_page = b""
        self._phone_page_until = 0.0

    async def snapshot(self) -> Encoded:
        """The newest."""
        self._snapshot = await self._live.view.fresh()
        if self._monotonic() >= self._phone_page_until:
            self._phone_page_until = self._monotonic() + PHONE_PAGE_EVERY_S
            try:
                self._phone_page = encode(await phone_page_of(self._site, self._live))
            except Exception:  # an edge: what changes by the second does not wait for it
                log.exception("the phone page's record cannot be made; the last one stays")
        return self._snapshot

    def beside(self) -> Mapping[str, bytes]:
        """Everything else that public processes show of a hall."""
        assert self._snapshot is not None, "the snapshot comes first"
        content = self._snapshot.content
        if self._monotonic() >= self._waits_until:
            self._waits = _ENCODE(self._ladders())
            self._waits_until = self._monotonic() + WAITS_EVERY_S
        records = {
            "about": _ENCODE(self._about()),
            "services": self._offered(),
            "queue-monitor": _ENCODE(monitors_of(self._live, content)),
            "waits": self._waits,
        }
        return records | ({"phone-page": self._phone_page} if self._phone_page else {})

    def tickets(self) -> Sequence[TicketId]:
        """All of the day, the newest first: they are those that somebody looks at."""
        return [TicketId(id_) for id_ in range(len(self._live.hall.tickets), 0, -1)]

    def ticket(self, id_: TicketId) -> tuple[str, bytes, Millis] | None:
        """See `Source.ticket`."""
        live, hall = self._live, self._live.hall
        if hall.day is None or not 1 <= id_ <= len(hall.tickets):
            return None
        ticket = told_ticket(live, hall, hall.ticket(id_), "", hall.at)
        record = TicketRecord(
            hall=live.id,
            day=hall.day,
            number=ticket.number,
            queue=ticket.queue,
            service=ticket.service,
            class_=ticket.class_,
            status=ticket.status,
            issued_at=ticket.issued_at,
            window=ticket.window,
            calls=ticket.calls,
            slot=ticket.slot,
            rating=ticket.rating,
            here=ticket.here,
            kept_until=ticket.kept_until,
        )
        key = ticket_key(live.running.tokens.token(hall.day, id_))
        return key, _ENCODE(record), Millis(hall.day_ends_at + TICKET_AFTER_DAY_MS)

    def _about(self) -> About:
        live = self._live
        latitude, longitude = live.names.position
        return About(
            hall=live.id,
            name=live.hall.plan.name,
            name_en=live.names.hall,
            address=live.names.address,
            latitude=latitude,
            longitude=longitude,
            opens=opens_at(live),
        )

    def _offered(self) -> bytes:
        """Encoded again only for another plan or other words: it may be 200 kB."""
        live = self._live
        made_of = (live.hall.plan, live.names, live.words)
        known, body = self._services
        if not known or not all(map(is_, known, made_of)):
            body = _ENCODE(services_of(live))
            self._services = (made_of, body)
        return body

    def _ladders(self) -> Waits:
        live, now = self._live, self._live.now()
        ladders: dict[str, list[tuple[int, int, int, int, int]]] = {}
        for queue, plan in live.hall.plan.queues.items():
            ladder = ladders[plan.id] = []
            waiting = views.waiting(live.hall, queue)
            # A rung above the line: it may grow until these are told again.
            for ahead in RUNGS[: bisect_left(RUNGS, waiting) + 2]:
                wait = live.running.estimator.wait(queue, ahead, now)
                if wait is not None:
                    ladder.append((ahead, wait.p10_s, wait.p50_s, wait.p80_s, wait.p90_s))
        return Waits(ladders)
