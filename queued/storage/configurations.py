"""Versions of a hall's furniture, as saved in administration: who, when, why, and what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from queued.core.plan import Millis
from queued.engine.ports import Note, VersionTaken
from queued.storage import audit
from queued.storage import tables as t
from queued.storage.database import Database

KEPT: Final = 500
"""A change a day for more than a year; each is some 30 KB."""


@dataclass(frozen=True, slots=True)
class Version:
    """A saved configuration: its tables as TOML, and the digest of the file it was put over."""

    hall: str
    version: int
    at: Millis
    by: str
    comment: str
    body: str
    file: str


_VERSION = select(*t.configuration.columns)


class Configurations:
    """The versions of all halls. Durable when a call returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, hall: str) -> Version | None:
        """The version in force; None if nobody has saved one."""
        found = await self.all(hall, 1)
        return found[0] if found else None

    async def all(self, hall: str, limit: int = KEPT) -> list[Version]:
        """The versions of a hall, newest first."""
        c = t.configuration.c
        query = _VERSION.where(c.hall == hall).order_by(c.version.desc()).limit(limit)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [Version(*row) for row in rows]

    async def get(self, hall: str, version: int) -> Version | None:
        """One version; None if there is none, or none any more."""
        c = t.configuration.c
        query = _VERSION.where(c.hall == hall, c.version == version)
        row = await self._database.read(lambda connection: connection.execute(query).first())
        return Version(*row) if row else None

    async def save(
        self, hall: str, version: int, note: Note, *, comment: str, body: str, file: str
    ) -> Version:
        """Save `version`, one more than the last. Raises `VersionTaken` if it is not any more."""
        saved = Version(hall, version, note.at, note.by, comment, body, file)
        values = {name: getattr(saved, name) for name in Version.__slots__}
        c = t.configuration.c

        def work(connection: Connection) -> None:
            last = connection.scalar(
                select(c.version).where(c.hall == hall).order_by(c.version.desc()).limit(1)
            )
            if version != (last or 0) + 1:
                raise VersionTaken(f"version {last} has been saved meanwhile")
            connection.execute(t.configuration.insert().values(values))
            old = (c.hall == hall) & (c.version <= version - KEPT)
            connection.execute(t.configuration.delete().where(old))
            audit.write(connection, note, "configuration_saved", f"{hall} {version}", comment)

        try:
            await self._database.write(work)
        except IntegrityError as error:
            raise VersionTaken(f"version {version} has been saved meanwhile") from error
        return saved
