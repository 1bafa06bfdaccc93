"""Keeps the alarms of a hall on the disk, behind their back: a restart forgets none.

Whoever raises or acknowledges an alarm does not wait for a disk; what a crash takes is the last
moment, after which an alarm is once more unseen. A clean stop loses nothing.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from queued.engine.alarms import Alarms
from queued.storage.alarms import KeptAlarms
from queued.storage.errors import StoreError

log = logging.getLogger(__name__)

RETRY_S: Final = 5.0
"""A full disk is tried again so often."""


class AlarmKeeper:
    """Of one hall. `start` before anybody raises an alarm."""

    def __init__(self, hall_id: str, alarms: Alarms, kept: KeptAlarms) -> None:
        self._hall_id = hall_id
        self._alarms = alarms
        self._kept = kept
        self._some = asyncio.Event()
        self._ending = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """The alarms from before are there; from now on changes are kept."""
        self._alarms.restore(await self._kept.all(self._hall_id))
        self._alarms.on_touched = self._some.set
        self._some.set()  # what is over goes
        self._task = asyncio.get_running_loop().create_task(self._keep())

    async def stop(self) -> None:
        """Keep what has changed and end."""
        self._ending = True
        self._some.set()
        if self._task is not None:
            await self._task

    async def _keep(self) -> None:
        while not self._ending:
            await self._some.wait()
            self._some.clear()
            if not await self._stored() and not self._ending:
                asyncio.get_running_loop().call_later(RETRY_S, self._some.set)
        await self._stored()

    async def _stored(self) -> bool:
        changed, gone = self._alarms.touched()
        if not changed and not gone:
            return True
        try:
            await self._kept.keep(self._hall_id, changed, gone)
        except StoreError as error:
            log.error("alarms are not kept yet: %s", error)
            self._alarms.touch_again([*(one.id for one in changed), *gone])
            return False
        return True
