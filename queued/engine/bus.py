"""Hints inside the process: "the hall changed". The journal makes it right, this makes it fast.

A listener is called synchronously after the commit and must return at once; one that fails is
logged and stays subscribed. Followers wait for a seq to pass.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from queued.core.events import Event
from queued.core.model import Hall
from queued.core.quick import quick_init

log = logging.getLogger(__name__)


@quick_init
@dataclass(frozen=True, slots=True)
class Committed:
    """A durable batch: the hall after it and its events in order."""

    hall_id: str
    hall: Hall
    events: Sequence[Event]


Listener = Callable[[Committed], None]


class Bus:
    """One per process."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._waiters: dict[str, list[tuple[int, asyncio.Future[None]]]] = {}
        self._seq: dict[str, int] = {}

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after every commit. Returns the function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def publish(self, committed: Committed) -> None:
        """Tell everybody. Called by the hall's actor only, after its commit."""
        self._seq[committed.hall_id] = committed.hall.seq
        for listener in tuple(self._listeners):
            try:
                listener(committed)
            except Exception:  # an edge: one listener's bug must not stop the hall
                log.exception("a listener failed")
        waiters = self._waiters.pop(committed.hall_id, [])
        for after, waiter in waiters:
            if waiter.done():
                continue
            if committed.hall.seq > after:
                waiter.set_result(None)
            else:
                self._waiters.setdefault(committed.hall_id, []).append((after, waiter))

    async def passed(self, hall_id: str, after: int) -> None:
        """Returns once the hall's seq is beyond `after`."""
        if self._seq.get(hall_id, 0) > after:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (after, waiter)
        self._waiters.setdefault(hall_id, []).append(entry)
        try:
            await waiter
        finally:
            # Whoever gave up waiting must not stay listed all through a quiet night.
            waiters = self._waiters.get(hall_id, [])
            if entry in waiters:
                waiters.remove(entry)
