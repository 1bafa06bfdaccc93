"""A database without threads, so that one seed is one day."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from queued.storage import tables
from queued.storage.connect import DIALECTS, open_connection, sqlite_writer
from queued.storage.database import Database
from queued.storage.threads import Work

PIPE_S = 0.0005
"""What any way to another thread or process and back takes."""


class InlineDatabase(Database):
    """A real SQLite file in the thread of the loop, so that a seed is a day."""

    def __init__(self, folder: Path) -> None:
        writer = sqlite_writer(folder / "day.sqlite")
        # The day tests devices, not the disk: `tests/storage` and `tests/crash` do that.
        self._connection = open_connection(writer, durable=True)
        raw: Any = self._connection.connection.driver_connection
        raw.execute("PRAGMA synchronous=OFF")
        with self._connection.begin():
            tables.metadata.create_all(self._connection)
        self.dialect = DIALECTS[writer.dialect.name]

    async def write(self, work: Work[Any]) -> Any:
        """In one transaction; others run before the caller hears of it."""
        await asyncio.sleep(PIPE_S)
        with self._connection.begin():
            return work(self._connection)

    async def read(self, work: Work[Any]) -> Any:
        """As `write`."""
        return await self.write(work)

    def rows(self, query: str) -> list[Any]:
        """For the auditor, who asks the file and not the engine."""
        with self._connection.begin():
            return list(self._connection.exec_driver_sql(query))

    async def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
