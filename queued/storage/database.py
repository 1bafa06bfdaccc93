"""One open database: a writer, a few readers, and the knowledge whether it can be trusted."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from queued.storage.connect import DIALECTS, Dialect, open_connection
from queued.storage.errors import StoreError, StoreFailed
from queued.storage.threads import SqlThreads, Work

T = TypeVar("T")

READERS = 2
"""Pages and followers read little; two let a report run beside them."""


class Database:
    """Runs work in transactions. Raises what the work raises, `StoreFailed` for what the
    database says, and after an error that leaves the disk in doubt nothing but `StoreError`."""

    def __init__(self, writer: Engine, reader: Engine) -> None:
        """Opens the connections; blocks. Raises `StoreError`."""
        self.dialect: Dialect = DIALECTS[writer.dialect.name]
        opened = []
        try:
            opened.append(open_connection(writer, durable=True))
            for _ in range(READERS):
                opened.append(open_connection(reader))
        except StoreError:
            for connection in opened:
                connection.close()
            raise
        self._failure: BaseException | None = None
        self._writer = SqlThreads("queued-writer", opened[:1], self._note)
        self._readers = SqlThreads("queued-reader", opened[1:], lambda _error: None)

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

    def _trusted(self) -> None:
        if self._failure is not None:
            raise StoreError(
                f"the database failed and can no longer be trusted: {self._failure}; "
                "restart, so that what is really on the disk is read again"
            )
