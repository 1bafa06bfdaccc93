"""An event loop whose time passes only when nobody has anything to do.

A day of devices takes seconds: whenever every task waits, the loop leaps to the next timer.
Everything runs in one thread, work for worker threads included, so that one seed is one day.
Nothing here is `queued`'s: drivers, actor and followers run on it as they are.
"""

from __future__ import annotations

import asyncio
import heapq
import selectors
from collections.abc import Callable, Coroutine, Iterable
from contextvars import ContextVar
from itertools import count
from typing import Any, TypeVar

from queued.core.plan import Millis

T = TypeVar("T")

PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)
"""To which simulated process the running task belongs; inherited by the tasks it makes."""


class NothingWillHappen(AssertionError):
    """Every task waits, and no timer is set: a real program would hang."""


class Process:
    """A process inside the loop: its tasks can be killed together."""

    def __init__(self) -> None:
        self.alive = True
        self._tasks: dict[asyncio.Task[Any], None] = {}

    def run(self, call: Callable[..., T], *arguments: Any) -> T:
        """`call` inside this process: what it starts belongs to it."""
        token = PROCESS.set(self)
        try:
            return call(*arguments)
        finally:
            PROCESS.reset(token)

    def kill(self) -> None:
        """End every task. What they say or write from now on must not be heard."""
        self.alive = False
        for task in tuple(self._tasks):
            task.cancel()

    def adopt(self, task: asyncio.Task[Any]) -> None:
        """`task` is of this process."""
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)


class SimulatedLoop(asyncio.SelectorEventLoop):
    """See the module. `time()` begins at 0 and counts simulated seconds."""

    def __init__(self) -> None:
        self._at = 0.0
        self._order = count()
        super().__init__(_LeapingSelector(self))
        self.set_task_factory(self._new_task)  # type: ignore[arg-type]

    def time(self) -> float:
        return self._at

    def leap(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self._at += seconds

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        timer = _Timer(when, callback, args, self, context)
        timer.order = next(self._order)
        heapq.heappush(self._scheduled, timer)  # type: ignore[attr-defined]
        timer._scheduled = True  # type: ignore[attr-defined]
        return timer

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        """Runs `func` here and now: threads would make two days of one seed."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - an edge: it belongs to the caller
            future.set_exception(error)
        return future

    def _new_task(
        self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **more: Any
    ) -> asyncio.Task[Any]:
        task = asyncio.Task(coroutine, loop=loop, **more)
        if (process := PROCESS.get()) is not None:
            process.adopt(task)
        return task


class _Timer(asyncio.TimerHandle):
    """Of two timers for the same moment the older fires first: simulated bytes and messages
    are timers, often of the same moment, and a wire or a pipe keeps their order."""

    order = 0

    def __lt__(self, other: Any) -> bool:
        return (self.when(), self.order) < (other.when(), other.order)


class _LeapingSelector(selectors.SelectSelector):
    def __init__(self, loop: SimulatedLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise NothingWillHappen("every task waits and no timer is set")
        if timeout > 0:
            self._loop.leap(timeout)
        return []


class LoopClock:
    """Wall clock and alarm of the simulated loop, for the engine and for the drivers."""

    def __init__(self, begins_at: int) -> None:
        self._begins_at = begins_at

    def now_ms(self) -> int:
        return self._begins_at + round(asyncio.get_running_loop().time() * 1000)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def now(self) -> Millis:
        return Millis(self.now_ms())

    def call_at(self, moment: Millis, callback: Callable[[], None]) -> asyncio.TimerHandle:
        loop = asyncio.get_running_loop()
        return loop.call_later(max(0, moment - self.now()) / 1000, callback)


def run(day: Coroutine[Any, Any, T]) -> T:
    """The result of `day` on a loop of its own."""
    loop = SimulatedLoop()
    try:
        return loop.run_until_complete(day)
    finally:
        loop.run_until_complete(_end(asyncio.all_tasks(loop)))
        loop.close()


async def _end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
