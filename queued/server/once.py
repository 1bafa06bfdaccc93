"""One effect for one key, for commands that leave no event: printing a slip once more.

Kept in memory only: whoever retries across a restart gets a second slip, marked as such.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from queued.server.problems import Problem

KEYS_MAX: Final = 1000
"""Newest kept: retries come within seconds."""


class Once:
    """Remembers answers by key."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, tuple[str, asyncio.Future[bytes]]] = OrderedDict()

    async def run(
        self, key: str | None, fingerprint: str, work: Callable[[], Awaitable[bytes]]
    ) -> tuple[bytes, bool]:
        """The answer of `work`, and whether it is that of an earlier run with the same key.

        Raises what `work` raises (the key is free again then), and `Problem`
        idempotency_mismatch for a key that came with another `fingerprint`.
        """
        if key is None:
            return await work(), False
        known = self._answers.get(key)
        if known is not None:
            if known[0] != fingerprint:
                raise Problem("idempotency_mismatch")
            return await asyncio.shield(known[1]), True
        running = asyncio.ensure_future(work())
        self._answers[key] = (fingerprint, running)
        if len(self._answers) > KEYS_MAX:
            self._answers.popitem(last=False)
        try:
            return await asyncio.shield(running), False
        except BaseException:
            # Our caller may have hung up: then the work goes on, and its answer is kept.
            if running.done() and (running.cancelled() or running.exception() is not None):
                self._answers.pop(key, None)
            raise
