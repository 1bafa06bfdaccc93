"""The clock of personal data: once a day whatever has had its time goes off the disk.

Questions never find what is over; this makes it gone. A start looks too, so a box that was off
over a holiday has forgotten before its doors open.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from queued.core.plan import Millis
from queued.engine.clock import Clock, Timer
from queued.engine.ports import PeopleFailed

log = logging.getLogger(__name__)

EVERY_MS = 86_400_000
"""Retention is counted in days."""

AGAIN_MS = 3_600_000
"""A full disk may have been seen to by then."""


class Forgetful(Protocol):
    """What can forget."""

    async def expire(self, now: Millis) -> int:
        """Take off the disk whose time is over; how many rows. Raises `PeopleFailed`."""
        ...


class Retention:
    """Runs `people.expire` at the start and once a day."""

    def __init__(self, people: Forgetful, clock: Clock) -> None:
        self._people = people
        self._clock = clock
        self._next = clock.now()
        self._timer: Timer | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Forget what is over by now, then keep the clock. Needs a running event loop."""
        await self._forget()

    async def stop(self) -> None:
        """No more; a deletion under way ends first."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    def _ring(self) -> None:
        if self._clock.now() < self._next:
            self._arm(self._next)  # a clock may ring early
        else:
            self._task = asyncio.get_running_loop().create_task(self._forget())

    def _arm(self, moment: Millis) -> None:
        self._next = moment
        self._timer = self._clock.call_at(moment, self._ring)

    async def _forget(self) -> None:
        now = self._clock.now()
        try:
            gone = await self._people.expire(now)
        except PeopleFailed as failure:
            log.error("personal data could not be removed yet: %s", failure)
            self._arm(Millis(now + AGAIN_MS))
            return
        if gone:
            log.info("personal data of %d tickets removed: their time is over", gone)
        self._arm(Millis(now + EVERY_MS))
