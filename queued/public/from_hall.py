"""One server followed over HTTP: its stream for what changes, now and then a look at the rest.

The hall sees one reader, however many read here: one stream a hall, a handful of small questions
every half minute, and own tickets within a bound of their own.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final
from urllib.parse import quote

import aiohttp
import msgspec

from queued.cluster.redis_link import ended
from queued.cluster.shared import About, TicketRecord
from queued.engine.tokens import day_of
from queued.public.city import HALLS_MAX, City
from queued.public.shown_hall import SNAPSHOT_BYTES_MAX, ShownHall
from queued.public.tickets import SourceAway
from queued.server import wire
from queued.server.limits import Buckets

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 30.0
"""At what does not come over the stream: services, positions, whether an idle hall lives."""

SILENCE_S: Final = 40.0
"""The stream has a comment every 15 seconds."""

WITHIN_S: Final = 5.0
RETRY_S: Final = 1.0
BODY_BYTES_MAX: Final = 4 << 20

TICKETS_PER_MINUTE: Final = 1200
"""Own tickets asked of the hall by all phones together: one in fifty milliseconds, 1 % of it."""

_HALLS = msgspec.json.Decoder(wire.HallList)
_OWN = msgspec.json.Decoder(wire.OwnTicket)


class HallSource:
    """Keeps a city as one server has it. `url` is its address."""

    def __init__(self, url: str, city: City) -> None:
        self._api = f"{url.rstrip('/')}/api/v1"
        self._city = city
        self._asked = Buckets(TICKETS_PER_MINUTE)
        self._task: asyncio.Task[None] | None = None
        self._streams: dict[str, asyncio.Task[None]] = {}
        self._http: aiohttp.ClientSession | None = None

    def start(self) -> None:
        """Begin to follow. Needs a running event loop."""
        timeout = aiohttp.ClientTimeout(total=None, connect=WITHIN_S, sock_read=SILENCE_S)
        self._http = aiohttp.ClientSession(
            timeout=timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(limit=0),
            read_bufsize=SNAPSHOT_BYTES_MAX,
        )
        self._task = asyncio.get_running_loop().create_task(self._keep(self._look))

    async def stop(self) -> None:
        """Let go."""
        for task in (self._task, *self._streams.values()):
            if task is not None:
                await ended(task)
        if self._http is not None:
            await self._http.close()

    async def find(self, token: str) -> TicketRecord | None:
        """See `TicketSource.find`."""
        if self._asked.take(""):
            self._city.counts["tickets_refused"] += 1
            raise SourceAway
        try:
            status, body = await self._get(f"/tickets/{quote(token)}")
            if status == 404:
                return None
            if status != 200:
                raise SourceAway
            return _record(token, _OWN.decode(body))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as failure:
            self._city.counts["tickets_failed"] += 1
            raise SourceAway from failure

    async def _keep(self, work: Any, *arguments: Any) -> None:
        while True:
            try:
                await work(*arguments)
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as failure:
                log.warning("no word from the hall for now: %s", type(failure).__name__)
            except Exception:  # an edge: what is shown stays, and we try again
                log.exception("following the hall failed")
            self._city.counts["source_lost"] += 1
            await asyncio.sleep(RETRY_S)

    async def _look(self) -> None:
        """At everything, again and again."""
        while True:
            status, body = await self._get("/halls")
            if status != 200:
                raise ValueError
            lines = _HALLS.decode(body).halls[:HALLS_MAX]
            for line in lines:
                hall = self._city.known(line.id)
                if hall is not None:
                    await self._look_at(hall, line)
                    self._follow(hall)
            await self._city.keep(frozenset(line.id for line in lines))
            self._city.heard()
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look_at(self, hall: ShownHall, line: wire.HallLine) -> None:
        about = About(line.id, line.name, line.name_en, line.address, line.latitude,
                      line.longitude, line.opens)  # fmt: skip
        hall.put("about", msgspec.json.encode(about))
        path = f"/halls/{line.id}"
        for what in ("services", "queue-monitor", "phone-page"):
            status, body = await self._get(f"{path}/{what}")
            if status == 200:
                hall.put(what, body)
        status, body = await self._get(path)
        if status == 200:
            hall.put_snapshot(body)

    def _follow(self, hall: ShownHall) -> None:
        task = self._streams.get(hall.id)
        if task is None or task.done():
            loop = asyncio.get_running_loop()
            self._streams[hall.id] = loop.create_task(self._keep(self._listen, hall))

    async def _listen(self, hall: ShownHall) -> None:
        """A hall's stream, until it breaks."""
        assert self._http is not None
        last = {"Last-Event-ID": str(hall.seq)} if hall.seq >= 0 else {}
        async with self._http.get(f"{self._api}/halls/{hall.id}/stream", headers=last) as answer:
            answer.raise_for_status()
            async for line in answer.content:
                if line.startswith(b"data: "):
                    hall.put_snapshot(line[6:].rstrip(b"\n"))
                self._city.heard()

    async def _get(self, path: str) -> tuple[int, bytes]:
        assert self._http is not None
        async with asyncio.timeout(WITHIN_S):
            async with self._http.get(self._api + path, allow_redirects=False) as answer:
                body = await answer.content.read(BODY_BYTES_MAX)
                while not answer.content.at_eof() and len(body) < BODY_BYTES_MAX:
                    body += await answer.content.read(BODY_BYTES_MAX)
                return answer.status, body


def _record(token: str, own: wire.OwnTicket) -> TicketRecord:
    ticket, wait = own.ticket, own.ticket.wait
    return TicketRecord(
        hall=own.hall.id,
        day=day_of(token),
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
        ahead=ticket.ahead,
        wait=None if wait is None else (wait.p50_s, wait.p80_s, wait.p90_s),
    )
