"""One open database: a writer, a few readers, and the knowledge whether it can be trusted."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError

from queued.storage.connect import DIALECTS, Dialect
from queued.storage.errors import StoreError, StoreFailed
from queued.storage.lasting import Open
from queued.storage.threads import SqlThreads, Work

T = TypeVar("T")

READERS = 2
"""Pages and followers read little; two let a report run beside them."""


class Database:
    """Runs work in transactions. Raises what the work raises, `StoreFailed` for what the
    database says, and after an error that leaves the disk in doubt nothing but `StoreError`."""

    def __init__(self, writer: Open, reader: Open) -> None:
        """Opens the connections; blocks. Raises `StoreError`."""
        opened = []
        try:
            opened.append(writer())
            for _ in range(READERS):
                opened.append(reader())
        except StoreError:
            for connection in opened:
                connection.close()
            raise
        self.dialect: Dialect = DIALECTS[opened[0].dialect.name]
        self._failure: BaseException | None = None
        again = (writer, reader) if self.dialect.reconnects else (None, None)
        self._writer = SqlThreads("queued-writer", opened[:1], self._note, again[0])
        self._readers = SqlThreads("queued-reader", opened[1:], lambda _error: None, again[1])

    async def write(self, work: Work[T]) -> T:
        """Run `work` alone in a transaction; durable when this returns."""
        return await self._run(self._writer, work)

    async def read(self, work: Work[T]) -> T:
        """Run `work` on one consistent moment, beside the writer. It cannot write."""
        return await self._run(self._readers, work)

    async def close(self) -> None:
        """Finish accepted work and let go. Closing twice does nothing."""
        await self._readers.close()
        await self._writer.close()

    def discard(self) -> None:
        """As `close`, where no event loop runs."""
        asyncio.run(self.close())

    async def _run(self, threads: SqlThreads, work: Work[T]) -> T:
        self._trusted()
        try:
            return await threads.run(work)
        except IntegrityError:
            raise  # a rule of the tables, not a failure: the caller knows what it means
        except DBAPIError as error:
            raise StoreFailed(str(error.orig)) from error

    def _note(self, error: BaseException) -> None:
        if isinstance(error, DBAPIError) and self.dialect.is_fatal(error):
            self._failure = error.orig or error
        elif isinstance(error, StoreError) and not isinstance(error, StoreFailed):
            # A new connection was refused for good: another owner, another version.
            self._failure = error

    def _trusted(self) -> None:
        if isinstance(self._failure, StoreError):
            raise self._failure
        if self._failure is not None:
            raise StoreError(
                f"the database failed and can no longer be trusted: {self._failure}; "
                "restart, so that what is really on the disk is read again"
            )
