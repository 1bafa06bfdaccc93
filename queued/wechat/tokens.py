"""The access token, and other things WeChat gives out once for all: one holder, many users.

How it works. What was given out is on a shelf; whoever finds it old takes the shelf's lock, looks
again, and only then asks WeChat. With `[redis] url` the shelf is in Redis, so that all processes
of an account share one; it lies there encrypted with a key made of the AppSecret. Without Redis,
or while it is down, each process has a shelf of its own: WeChat's stable tokens are the same for
everybody who asks, so that costs a few requests and breaks nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from redis.asyncio import Redis
from redis.exceptions import RedisError

from queued.engine.clock import Clock

log = logging.getLogger(__name__)

EARLY_MS = 60_000
"""Given back before its end, so that it is good for the call it is taken for."""

FORCE_EVERY_MS = 30_000
FORCES_MAX = 18
"""WeChat allows a forced refresh 20 times a day, 30 s apart; two are left for a person."""

DAY_MS = 86_400_000

ALONE_S = 30.0
"""A Redis that failed is left alone so long: nobody's reply waits for it twice."""

LOCK_S = 15.0
"""A fetch takes at most ten seconds; a process that died holds the lock no longer than this."""


@dataclass(frozen=True, slots=True)
class Given:
    """Something WeChat gave out, good until `until` (Unix milliseconds)."""

    value: str = field(repr=False)
    until: int


Fetch = Callable[[bool], Awaitable[tuple[str, int]]]
"""Asks WeChat: value and seconds it is good for. The flag kills the old one (`force_refresh`)."""


class Shelf(Protocol):
    """Where one thing lies."""

    async def get(self) -> Given | None:
        """What lies there, old or not."""
        ...

    async def put(self, given: Given, for_ms: int) -> None:
        """Instead of what lay there; it is good for so long."""
        ...

    def lock(self) -> AbstractAsyncContextManager[None]:
        """Only one asks WeChat at a time."""
        ...


class Shared:
    """One thing that all calls share."""

    def __init__(self, shelf: Shelf, fetch: Fetch, clock: Clock) -> None:
        self._shelf = shelf
        self._fetch = fetch
        self._clock = clock
        self._forced: list[int] = []

    async def value(self) -> str:
        """A good one. Raises what fetching raises."""
        given = await self._good()
        if given is not None:
            return given.value
        async with self._shelf.lock():
            given = await self._good() or await self._fetched(force=False)
            return given.value

    async def instead_of(self, refused: str) -> str:
        """Another one than `refused`; the same if WeChat gives no other now."""
        async with self._shelf.lock():
            given = await self._good()
            if given is None or given.value == refused:
                given = await self._fetched(force=False)
            if given.value == refused and self._may_force():
                given = await self._fetched(force=True)
            return given.value

    async def _good(self) -> Given | None:
        given = await self._shelf.get()
        return given if given is not None and given.until > self._clock.now() else None

    async def _fetched(self, *, force: bool) -> Given:
        now = self._clock.now()
        if force:
            self._forced.append(now)
        value, seconds = await self._fetch(force)
        for_ms = max(0, seconds * 1000 - EARLY_MS)
        given = Given(value, now + for_ms)
        await self._shelf.put(given, for_ms)
        return given

    def _may_force(self) -> bool:
        now = self._clock.now()
        self._forced = [at for at in self._forced if at > now - DAY_MS]
        too_soon = bool(self._forced) and now - self._forced[-1] < FORCE_EVERY_MS
        return not too_soon and len(self._forced) < FORCES_MAX


class OwnShelf:
    """In the memory of this process."""

    def __init__(self) -> None:
        self._given: Given | None = None
        self._lock = asyncio.Lock()

    async def get(self) -> Given | None:
        """See `Shelf`."""
        return self._given

    async def put(self, given: Given, for_ms: int) -> None:
        """See `Shelf`."""
        self._given = given

    @contextlib.asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        """See `Shelf`."""
        async with self._lock:
            yield


class RedisShelf:
    """In Redis, sealed; in this process while Redis cannot be asked."""

    def __init__(self, redis: Redis, name: str, appid: str, secret: str) -> None:
        """`name` of the thing, `secret` the AppSecret: all who share it have that."""
        self._redis = redis
        self._key = f"queued:wechat:{appid}:{name}"
        self._seal = AESGCM(hmac.digest(secret.encode(), b"queued wechat shelf v1", "sha256"))
        self._own = OwnShelf()
        self._alone_until = 0.0

    async def get(self) -> Given | None:
        """See `Shelf`."""
        if self._alone:
            return await self._own.get()
        try:
            sealed = await self._redis.get(self._key)
        except (RedisError, OSError) as failure:
            return await self._without(failure)
        if not isinstance(sealed, bytes) or len(sealed) < 28:
            return None
        try:
            opened = self._seal.decrypt(sealed[:12], sealed[12:], self._key.encode())
            return msgspec.json.decode(opened, type=Given)
        except (InvalidTag, msgspec.DecodeError):
            return None  # somebody else's, or the AppSecret has changed: fetch a new one

    async def put(self, given: Given, for_ms: int) -> None:
        """See `Shelf`."""
        await self._own.put(given, for_ms)
        if self._alone:
            return
        nonce = secrets.token_bytes(12)
        sealed = nonce + self._seal.encrypt(nonce, msgspec.json.encode(given), self._key.encode())
        try:
            await self._redis.set(self._key, sealed, px=max(1, for_ms))
        except (RedisError, OSError) as failure:
            await self._without(failure)

    @contextlib.asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        """See `Shelf`. Without Redis, only this process waits for itself."""
        async with self._own.lock():
            lock = self._redis.lock(f"{self._key}:lock", timeout=LOCK_S, blocking_timeout=LOCK_S)
            try:
                held = not self._alone and await lock.acquire()
            except (RedisError, OSError) as failure:
                await self._without(failure)
                held = False
            try:
                yield
            finally:
                if held:
                    with contextlib.suppress(RedisError, OSError):
                        await lock.release()

    @property
    def _alone(self) -> bool:
        return time.monotonic() < self._alone_until

    async def _without(self, failure: Exception) -> Given | None:
        self._alone_until = time.monotonic() + ALONE_S
        log.warning("no Redis for WeChat's tokens, going on alone: %s", type(failure).__name__)
        return await self._own.get()
