"""Who changed accounts and configurations, and when: written with the change itself.

What happens in the hall is in the journal; this is about who may come in and how the hall is
furnished. No secret and nothing of a visitor is ever in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, func, select

from queued.core.plan import Millis
from queued.engine.ports import Note
from queued.storage import tables as t
from queued.storage.database import Database

KEPT: Final = 20_000
"""Ten changes a day for five years, in less than 5 MB."""

PAGE_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """`by` (role:name) did `action` to `subject` at `at`."""

    id: int
    at: Millis
    by: str
    action: str
    subject: str
    detail: str


def write(connection: Connection, note: Note, action: str, subject: str, detail: str = "") -> None:
    """Add an entry within the transaction of the change; the oldest beyond `KEPT` goes."""
    last = connection.scalar(select(func.max(t.audit.c.id))) or 0
    row = {
        "id": last + 1,
        "at": note.at,
        "by": note.by,
        "action": action,
        "subject": subject,
        "detail": detail,
    }
    connection.execute(t.audit.insert().values(row))
    connection.execute(t.audit.delete().where(t.audit.c.id <= last + 1 - KEPT))


class Audit:
    """The entries of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, limit: int = 50) -> list[Entry]:
        """At most `limit` (1 … 500) entries, newest first. Raises `ValueError`."""
        if not 1 <= limit <= PAGE_MAX:
            raise ValueError(f"limit is {limit}, allowed are 1 to {PAGE_MAX}")
        query = select(*t.audit.columns).order_by(t.audit.c.id.desc()).limit(limit)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [Entry(*row) for row in rows]
