"""How a page of a column is changed: never over somebody else's change, never without a way back.

How it works. A form carries the digest of the file it was filled from. Under one lock the file is
compared with it; then the new version is made durable with its audit entry, and the file is
replaced, whole or not at all. A file that somebody has changed by hand becomes a version first, so
that nothing is lost. A power cut between version and file leaves the old file: the page's list of
versions shows which one counts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from queued.content.folder import FILES_MAX, Folder, digest_of
from queued.core.plan import Millis
from queued.engine.ports import Note, VersionTaken
from queued.server.call import Call
from queued.server.problems import Problem

log = logging.getLogger(__name__)

BY_HAND: Final = "system:file"
"""Who changed a file, when nobody in administration did."""

Deed = Literal["saved", "deleted", "restored", "published", "withdrawn", "found"]


class SavedPage(Protocol):
    """A version of a page."""

    @property
    def page(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def at(self) -> Millis: ...
    @property
    def by(self) -> str: ...
    @property
    def deed(self) -> str: ...
    @property
    def body(self) -> str: ...


class PageVersions(Protocol):
    """Versions of pages."""

    async def all(self, hall: str, page: str, limit: int = ...) -> Sequence[SavedPage]:
        """Newest first."""
        ...

    async def newest(self, hall: str) -> Sequence[SavedPage]:
        """The last version of every page."""
        ...

    async def save(
        self, hall: str, page: str, version: int, note: Note, deed: Deed, body: str
    ) -> None:
        """Raises `VersionTaken`."""
        ...

    async def note_picture(self, hall: str, name: str, note: Note) -> None:
        """Into the audit."""
        ...


@dataclass(frozen=True, slots=True)
class Overtaken(Exception):
    """Somebody else has changed the page meanwhile. `by` and `at` of that, as far as known;
    `content` is what is there now, None if the page is gone."""

    by: str
    at: Millis | None
    content: str | None


class NotWritten(Exception):
    """The disk did not take it. The message is the system's."""


async def put(
    call: Call[Any], path: str, text: str | None, base: str, deed: Deed
) -> None:
    """Replace the page `path` (`news/holiday.en`) by `text`; None deletes it.

    Raises `Overtaken` unless the file is still the one with the digest `base`, `NotWritten`, and
    `Problem` not_found where a hall keeps no columns here.
    """
    columns, store = call.site.columns[call.live.id], call.site.parts.store.page_versions
    folder, hall = columns.folder, call.live.id
    if folder is None:
        raise Problem("not_found")
    column, _, name = path.partition("/")
    async with columns.changing:
        content = await asyncio.to_thread(_read, folder, column, name)
        before = None if content is None else content.decode("utf-8", "replace")
        last = next(iter(await store.all(hall, path, 1)), None)
        known = last is not None and last.deed != "deleted" and last.body == before
        if base != ("" if content is None else digest_of(content)):
            gone = before is None and last is not None and last.deed == "deleted"
            who = last if last is not None and (known or gone) else None
            raise Overtaken(who.by if who else BY_HAND, who.at if who else None, before)
        version = last.version if last else 0
        now = call.site.parts.clock.now()
        try:
            if before is not None and not known:
                version += 1
                await store.save(hall, path, version, Note(now, BY_HAND), "found", before)
            kept = text if text is not None else (before or "")
            note = Note(now, call.principal.by)
            await store.save(hall, path, version + 1, note, deed, kept)
        except VersionTaken:
            raise Overtaken(BY_HAND, None, before) from None
        await asyncio.to_thread(_replace, folder, column, name, text)
    await columns.look()


async def room_for(call: Call[Any], column: str) -> bool:
    """Whether the column takes another file."""
    contents = await call.site.columns[call.live.id].look()
    there = sum(one.page.column == column for one in contents.pages.values())
    broken = sum(one.file.startswith(f"{column}/") for one in contents.troubles)
    return there + broken < FILES_MAX


def _read(folder: Folder, column: str, name: str) -> bytes | None:
    try:
        return folder.content(column, name)
    except OSError as error:
        raise NotWritten(error.strerror or "") from error


def _replace(folder: Folder, column: str, name: str, text: str | None) -> None:
    try:
        if text is None:
            folder.remove(column, name)
        else:
            folder.write(column, name, text.encode())
    except OSError as error:
        log.error("a page could not be written: %s", error)
        raise NotWritten(error.strerror or "") from error
