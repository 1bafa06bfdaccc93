"""Versions of the pages of columns: who saved what when, and what was there before.

The files in the data folder are what visitors read; here is how they came to be, and the way
back. A deleted page has a last version that says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection, and_, func, select
from sqlalchemy.exc import IntegrityError

from queued.core.plan import Millis
from queued.engine.ports import Note, VersionTaken
from queued.storage import audit
from queued.storage import tables as t
from queued.storage.database import Database

Deed = Literal["saved", "deleted", "restored", "published", "withdrawn", "found"]
"""`found`: the file was another than the last version here; somebody has changed it by hand."""

KEPT: Final = 100
"""Of a page; each is a few KB."""

PAGES_MAX: Final = 2000
"""Told at once: all pages there can be, and those that are gone."""


@dataclass(frozen=True, slots=True)
class PageVersion:
    """A version of `page` (`news/holiday.en`); `body` is its file, that before it if deleted."""

    hall: str
    page: str
    version: int
    at: Millis
    by: str
    deed: str
    body: str


_VERSION = select(*t.page_version.columns)


class PageVersions:
    """The versions of all pages. Durable, and in the audit, when a call returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self, hall: str, page: str, limit: int = KEPT) -> list[PageVersion]:
        """The versions of a page, newest first."""
        c = t.page_version.c
        query = _VERSION.where(c.hall == hall, c.page == page)
        query = query.order_by(c.version.desc()).limit(limit)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [PageVersion(*row) for row in rows]

    async def newest(self, hall: str) -> list[PageVersion]:
        """The last version of every page there is or was, the latest change first."""
        c = t.page_version.c
        last = (
            select(c.page, func.max(c.version).label("version"))
            .where(c.hall == hall)
            .group_by(c.page)
            .subquery()
        )
        query = (
            _VERSION.where(c.hall == hall)
            .join(last, and_(last.c.page == c.page, last.c.version == c.version))
            .order_by(c.at.desc(), c.page)
            .limit(PAGES_MAX)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [PageVersion(*row) for row in rows]

    async def save(
        self, hall: str, page: str, version: int, note: Note, deed: Deed, body: str
    ) -> None:
        """Keep `version`, one more than the last. Raises `VersionTaken` if it is not any more."""
        row = PageVersion(hall, page, version, note.at, note.by, deed, body)
        values = {name: getattr(row, name) for name in PageVersion.__slots__}
        c = t.page_version.c

        def work(connection: Connection) -> None:
            ours = (c.hall == hall) & (c.page == page)
            last = connection.scalar(select(func.max(c.version)).where(ours)) or 0
            if version != last + 1:
                raise VersionTaken(f"version {last} has been saved meanwhile")
            connection.execute(t.page_version.insert().values(values))
            connection.execute(
                t.page_version.delete().where(ours & (c.version <= version - KEPT))
            )
            if deed != "found":  # that was nobody in administration
                audit.write(connection, note, f"page_{deed}", f"{hall} {page}", str(version))

        try:
            await self._database.write(work)
        except IntegrityError as error:
            raise VersionTaken(f"version {version} has been saved meanwhile") from error

    async def note_picture(self, hall: str, name: str, note: Note) -> None:
        """A picture was added: into the audit."""
        await self._database.write(
            lambda connection: audit.write(connection, note, "picture_added", f"{hall} {name}")
        )
