"""Halls as they are in Redis: hints on channels, the newest state under keys.

A hint only says where to look. Whatever was missed (a broken connection, a hint lost) is found by
looking at everything again, at each connection and every `LOOK_ALL_S`. Reads only: an account of
Redis that may GET, MGET, SMEMBERS, SUBSCRIBE and PING is enough.
"""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any, Final

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from queued.cluster.redis_link import ended
from queued.cluster.shared import HALLS, TicketRecord, key_of, ticket_key
from queued.public.city import City
from queued.public.tickets import SourceAway

log = logging.getLogger(__name__)

HALL: Final = re.compile(r"[a-z0-9-]{1,32}")

CHANNELS: Final = "queued:*"
BESIDE: Final = ("about", "services", "queue-monitor", "phone-page", "waits")
WITH_SNAPSHOT: Final = ("queue-monitor", "waits", "snapshot")

GATHER_S: Final = 0.02
"""Hints that come together are one look."""

CONFIRMED_S: Final = 5.0
LOOK_ALL_S: Final = 30.0
NEWCOMER_S: Final = 2.0
"""A hall that nobody knows yet is looked for so soon."""
PING_S: Final = 5.0
AT_ONCE: Final = 50
"""Halls looked at in one question: half a megabyte."""

RETRY_S: Final = 1.0

_RECORD = msgspec.json.Decoder(TicketRecord)


class RedisSource:
    """Keeps a city as Redis has it."""

    def __init__(self, redis: Redis, city: City) -> None:
        self._redis = redis
        self._city = city
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to follow. Needs a running event loop."""
        self._task = asyncio.get_running_loop().create_task(self._keep())

    async def stop(self) -> None:
        """Let go."""
        if self._task is not None:
            await ended(self._task)
        await self._redis.aclose()

    async def find(self, token: str) -> TicketRecord | None:
        """See `TicketSource.find`."""
        try:
            body = await self._redis.get(ticket_key(token))
            return None if body is None else _RECORD.decode(body)
        except (RedisError, OSError, msgspec.DecodeError) as failure:
            self._city.counts["tickets_failed"] += 1
            raise SourceAway from failure

    async def _keep(self) -> None:
        while True:
            try:
                await self._follow()
            except (RedisError, OSError) as failure:
                # The kind only: an address may hold a password.
                log.warning("no Redis for now: %s", type(failure).__name__)
            except Exception:  # an edge: what is shown stays, and we try again
                log.exception("following Redis failed")
            self._city.counts["source_lost"] += 1
            await asyncio.sleep(RETRY_S)

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        async with self._redis.pubsub() as hints:
            await hints.psubscribe(CHANNELS)
            # What is published before Redis has said so is not heard: only then is it looked at.
            if await hints.get_message(timeout=CONFIRMED_S) is None:
                raise RedisError("the subscription is not confirmed")
            look_at = looked_at = ping_at = 0.0
            while True:
                if loop.time() >= look_at:
                    await self._look_at_all()
                    looked_at = loop.time()
                    look_at = looked_at + LOOK_ALL_S
                elif loop.time() >= ping_at:
                    await self._redis.ping()
                    self._city.heard()
                    ping_at = loop.time() + PING_S
                changed = await self._hinted(hints)
                if changed - self._city.halls.keys():
                    look_at = min(look_at, looked_at + NEWCOMER_S)
                if changed := changed & self._city.halls.keys():
                    await self._look_at(sorted(changed), WITH_SNAPSHOT)
                    self._city.heard()

    async def _hinted(self, hints: Any) -> set[str]:
        """Halls that have something new; waits a second at most."""
        changed: set[str] = set()
        message = await hints.get_message(ignore_subscribe_messages=True, timeout=1.0)
        if message is not None:
            await asyncio.sleep(GATHER_S)
        while message is not None:
            hall = message["channel"].decode("utf-8", "replace").partition(":")[2]
            if HALL.fullmatch(hall):
                changed.add(hall)
            message = await hints.get_message(ignore_subscribe_messages=True, timeout=0)
        return changed

    async def _look_at_all(self) -> None:
        members: Any = await self._redis.smembers(HALLS)
        told = {one.decode("utf-8", "replace") for one in members}
        ids = sorted(one for one in told if HALL.fullmatch(one))
        for start in range(0, len(ids), AT_ONCE):
            await self._look_at(ids[start : start + AT_ONCE], (*BESIDE, "snapshot"))
        # Redis may have been emptied: a hall leaves when its last snapshot is silent as well.
        gone = {hall.id for hall in self._city.shown() if hall.silent and hall.id not in ids}
        if ids:
            await self._city.keep(frozenset(self._city.halls) - gone)
        self._city.heard()

    async def _look_at(self, ids: list[str], records: tuple[str, ...]) -> None:
        keys = [key_of(id_, what) for id_ in ids for what in records]
        bodies: Any = await self._redis.mget(keys)
        found = iter(bodies)
        for id_ in ids:
            hall = self._city.known(id_)
            for what in records:
                body = next(found)
                if body is None or hall is None:
                    continue
                if what == "snapshot":
                    hall.put_snapshot(body)
                else:
                    hall.put(what, body)
