"""Time for the supervisor, injected, so that its tests need no sleeping."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

from drivers.device import DeviceTransient

Result = TypeVar("Result")


class Clock(Protocol):
    """Wall clock and alarm."""

    def now_ms(self) -> int:
        """Unix time in milliseconds; may jump."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Returns after `seconds`, whatever the wall clock does meanwhile."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def within(
    clock: Clock, seconds: float, what: str, work: Coroutine[Any, Any, Result]
) -> Result:
    """The result of `work`, or `DeviceTransient` (code `timeout`) after `seconds`.

    Work that takes too long is cancelled and left behind, never waited for: a driver that
    ignores its cancellation must not hold up the one who wanted to be rid of it.
    """
    task = asyncio.ensure_future(work)
    alarm = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait((task, alarm), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise DeviceTransient("timeout", f"{what} took longer than {seconds:g} s")
    finally:
        alarm.cancel()
        if not task.done():
            task.cancel()
            task.add_done_callback(_leave_behind)


async def until(clock: Clock, seconds: float, event: asyncio.Event) -> bool:
    """Whether `event` came within `seconds`."""
    waiter = asyncio.ensure_future(event.wait())
    alarm = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait((waiter, alarm), return_when=asyncio.FIRST_COMPLETED)
        return event.is_set()
    finally:
        waiter.cancel()
        alarm.cancel()


def _leave_behind(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()  # looked at, so that asyncio does not complain about it
