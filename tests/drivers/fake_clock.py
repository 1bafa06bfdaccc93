"""Time that passes when a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

STEPS_MAX = 2000
"""Turns of the event loop after which something that does not wait for time has not happened."""


class FakeClock:
    """A clock for the supervisor. `advance` lets time pass and everything due happen."""

    def __init__(self, now_ms: int = 1_800_000_000_000) -> None:
        self._now_ms = now_ms
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now_ms(self) -> int:
        return self._now_ms

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        entry = (self._elapsed + max(seconds, 0.001), future)
        self._sleepers.append(entry)
        try:
            await future
        finally:
            if entry in self._sleepers:
                self._sleepers.remove(entry)

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass, sleeper by sleeper."""
        end = self._elapsed + seconds
        await settle()
        while due := sorted(
            (entry for entry in self._sleepers if entry[0] <= end), key=lambda entry: entry[0]
        ):
            self._move_to(due[0][0])
            self._sleepers.remove(due[0])
            if not due[0][1].done():
                due[0][1].set_result(None)
            await settle()
        self._move_to(end)
        await settle()

    def jump(self, seconds: float) -> None:
        """The wall clock is set; no time passes."""
        self._now_ms += round(seconds * 1000)

    def _move_to(self, elapsed: float) -> None:
        self._now_ms += round((elapsed - self._elapsed) * 1000)
        self._elapsed = elapsed


async def settle() -> None:
    """Let everything happen that does not wait for time or for a line."""
    for _ in range(60):
        await asyncio.sleep(0)


async def eventually(condition: Callable[[], object], limit_s: float = 10.0) -> None:
    """Wait for something that happens on a real line; fails after `limit_s`."""
    async with asyncio.timeout(limit_s):
        while not condition():
            await asyncio.sleep(0.005)
