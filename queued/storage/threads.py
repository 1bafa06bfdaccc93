"""Threads that own one database connection each, and the queue in front of them.

How it works. Work is a function of a connection; the thread runs it inside one transaction
and hands the result back to the caller's event loop. ONE thread writes, so writes never meet
a lock and keep their order; a few threads read, each a consistent moment. Closing drains:
what was accepted is finished.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection

from queued.storage.errors import StoreError
from queued.storage.lasting import Lasting, Open

T = TypeVar("T")

Work: TypeAlias = Callable[[Connection], T]
"""Runs in one transaction: returns to commit, raises to roll back. Must not do slow things."""


UNANSWERED_S = 15.0
"""Nothing a hall asks its database takes a second. A server whose disk hangs, or whose standby is
gone so that no commit ends, would keep a visitor waiting at the kiosk for ever."""


@dataclass(frozen=True, slots=True)
class _Task:
    work: Work[Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


class SqlThreads:
    """Takes over `connections`, one thread each; work is given to whichever is free."""

    def __init__(
        self,
        name: str,
        connections: Sequence[Connection],
        on_failure: Callable[[BaseException], None],
        reopen: Open | None = None,
    ) -> None:
        """`on_failure` hears of every failure, in the thread, before anybody else does.

        With `reopen`, a connection that was lost is replaced (see `lasting`).
        """
        self._on_failure = on_failure
        self._reopens = reopen is not None
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._closed = False
        self._lasting = [Lasting(connection, reopen) for connection in connections]
        self._threads = [
            threading.Thread(target=self._serve, args=(one,), name=name, daemon=True)
            for one in self._lasting
        ]
        for thread in self._threads:
            thread.start()

    async def run(self, work: Work[T]) -> T:
        """The result of `work`, committed. Raises what it or the commit raised, rolled back.

        Cancelling the caller does not stop work that was accepted. A server that says nothing
        for `UNANSWERED_S` is cut off: that is `StoreAway`.
        """
        if self._closed:
            raise StoreError("the store is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._tasks.put(_Task(work, loop, future))
        if not self._reopens:
            return await future
        timer: asyncio.TimerHandle

        def cut() -> None:
            nonlocal timer
            for one in self._lasting:
                one.cut()
            # Not once: on its new connection the work may wait for the server again.
            timer = loop.call_later(UNANSWERED_S, cut)

        timer = loop.call_later(UNANSWERED_S, cut)
        try:
            return await future
        finally:
            timer.cancel()

    async def close(self) -> None:
        """Finish what was accepted, close the connections. Closing twice does nothing."""
        if not self._closed:
            self._closed = True
            for _ in self._threads:
                self._tasks.put(None)
        await asyncio.gather(*(asyncio.to_thread(thread.join) for thread in self._threads))

    def _serve(self, connection: Lasting) -> None:
        while (task := self._tasks.get()) is not None:
            result, failure = None, None
            try:
                result = connection.run(task.work)
            except BaseException as error:  # noqa: BLE001 - an edge: it belongs to the caller
                failure = error
                self._on_failure(error)
            try:
                task.loop.call_soon_threadsafe(_settle, task.future, result, failure)
            except RuntimeError:
                pass  # The caller's loop has ended; nobody waits for the answer any more.
            del task, result, failure
        connection.close()


def _settle(future: asyncio.Future[Any], result: Any, failure: BaseException | None) -> None:
    if future.done():
        return
    if failure is not None:
        future.set_exception(failure)
    else:
        future.set_result(result)
