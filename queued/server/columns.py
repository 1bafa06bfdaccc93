"""The columns of a hall as they are now: looked at now and then, rendered once per change.

How it works. The folder is looked at again `LOOK_EVERY_S` after the last time, in a thread, by the
first request that comes then; the others go on with what is known. What is shown at this minute is
chosen once, until a page begins or expires; finished answers are kept beside it and go with it.
So a request does no I/O, and what an administrator saves is there at once (`look`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from queued.content.folder import NOTHING, Contents, Folder, Loaded
from queued.content.page import COLUMNS
from queued.content.searching import Document, Prepared, found, prepared
from queued.engine.clock import Clock
from queued.engine.halls import RunningHall
from queued.server.initials import initials_of
from queued.server.rendered import Drawn

LOOK_EVERY_S: Final = 5.0
"""A page copied into the folder is there after this."""

MADE_MAX: Final = 400
"""Answers kept: fifty pages in three languages, packed and plain. A full table is begun anew."""

ANSWERS_MAX: Final = 3
"""Told in a chat: more would not be read."""

QUESTION_CHARS_MIN: Final = 2
"""One character is no question, and is found everywhere."""

PREFERRED: Final[Mapping[str, tuple[str, ...]]] = {"zh": ("zh", "en")}
"""Of which language a page is shown, by what a visitor reads; who reads no Chinese may read
English."""

OTHERS_PREFER: Final = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Made:
    """A finished page, and what tells it from every other one."""

    drawn: Drawn
    tag: str


@dataclass
class Shown:
    """What visitors see at this minute, of `contents`; `until` the next page begins or expires."""

    contents: Contents
    since: str
    until: str
    pages: tuple[Loaded, ...]
    made: dict[tuple[Any, ...], Made] = field(default_factory=dict)

    @cached_property
    def filled(self) -> tuple[str, ...]:
        """The columns with something in them."""
        there = {one.page.column for one in self.pages}
        return tuple(column for column in COLUMNS if column in there)

    def of(self, column: str, language: str) -> list[Loaded]:
        """The pages of a column for somebody who reads `language`: pinned first, then by their
        order, then the newest first."""
        best: dict[str, Loaded] = {}
        for wanted in reversed(PREFERRED.get(language, OTHERS_PREFER)):
            for one in self.pages:
                if one.page.column == column and one.page.language == wanted:
                    best[one.page.slug] = one
        newest_first = sorted(best.values(), key=lambda one: one.page.slug)
        newest_first.sort(key=lambda one: one.page.date, reverse=True)
        return sorted(newest_first, key=lambda one: (not one.page.pinned, one.page.order))

    def page(self, column: str, slug: str, language: str) -> Loaded | None:
        """One page, in the best language there is."""
        found = {
            one.page.language: one
            for one in self.pages
            if (one.page.column, one.page.slug) == (column, slug)
        }
        wanted = PREFERRED.get(language, OTHERS_PREFER)
        return next((found[each] for each in wanted if each in found), None)

    def documents(self, language: str) -> tuple[Prepared, ...]:
        """What can be searched, folded once per language."""
        known = self._documents.get(language)
        if known is None:
            known = prepared(
                _document(one) for column in COLUMNS for one in self.of(column, language)
            )
            self._documents[language] = known
        return known

    @cached_property
    def _documents(self) -> dict[str, tuple[Prepared, ...]]:
        return {}


class Columns:
    """The columns of one hall. `now` tells the minute on its clock, as "2026-11-23T10:15"."""

    def __init__(
        self,
        folder: Folder | None,
        now: Callable[[], str],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = folder
        self.changing = asyncio.Lock()
        """Held by whoever compares a file and then replaces it."""
        self.decoding = asyncio.Lock()
        """One picture at a time: each takes 50 MB and most of a second."""
        self._now = now
        self._monotonic = monotonic
        self._look_at = 0.0
        self._looking = asyncio.Lock()
        self._looked = False
        self._shown = Shown(NOTHING, "", "", ())

    @property
    def known(self) -> Contents:
        """What was there when somebody looked last."""
        return self._shown.contents

    async def shown(self) -> Shown:
        """What visitors see now."""
        if not self._looked:
            async with self._looking:  # the first wait for what is there
                if not self._looked:
                    await self._look()
        elif self._monotonic() >= self._look_at:
            await self.look()
        now, known = self._now(), self._shown
        if now < known.since or (known.until and now >= known.until):
            self._shown = _shown(known.contents, now)
        return self._shown

    async def look(self) -> Contents:
        """Look at the folder now."""
        async with self._looking:  # what was seen later must not be overwritten by what was before
            return await self._look()

    async def _look(self) -> Contents:
        self._look_at = self._monotonic() + LOOK_EVERY_S
        contents = NOTHING
        if self.folder is not None:
            contents = await asyncio.to_thread(self.folder.look)
        if contents is not self._shown.contents:
            self._shown = _shown(contents, self._now())
        self._looked = True
        return contents


def columns_in(folder: Path | None, hall: RunningHall, clock: Clock) -> Columns:
    """The columns of a hall, in `folder` of its data; with None there are none."""

    def minute() -> str:
        return f"{datetime.fromtimestamp(clock.now() / 1000, hall.calendar.zone):%Y-%m-%dT%H:%M}"

    return Columns(None if folder is None else Folder(folder, f"/h/{hall.id}"), minute)


async def answers(
    columns: Columns, base: str, question: str, language: str
) -> list[tuple[str, str]]:
    """(title, address) of pages that answer what somebody asks in his own words, the best first.

    `base` is in front of the hall's addresses, as "https://hall.example/h/demo".
    """
    if len(question) < QUESTION_CHARS_MIN:
        return []
    shown = await columns.shown()
    asked = [
        one for one in shown.documents(language) if one.document.thing.column == "questions"
    ]
    return [
        (one.document.title, f"{base}/questions/{one.document.thing.slug}")
        for one in found(question, asked, ANSWERS_MAX)
    ]


def keep(shown: Shown, key: tuple[Any, ...], made: Made) -> None:
    """Remember a finished answer for as long as nothing changes."""
    if len(shown.made) >= MADE_MAX:
        shown.made.clear()
    shown.made[key] = made


def _shown(contents: Contents, now: str) -> Shown:
    pages = tuple(one for one in contents.pages.values() if one.page.state(now) == "shown")
    moments = _moments(one for one in contents.pages.values() if one.page.published)
    later = [moment for moment in moments if moment > now]
    return Shown(contents, now, min(later, default=""), pages)


def _moments(pages: Iterable[Loaded]) -> set[str]:
    return {moment for one in pages for moment in (one.page.starts, one.page.expires) if moment}


def _document(one: Loaded) -> Document:
    page = one.page
    numbers = " ".join(
        f"{phone.name} {phone.number} {phone.note} {phone.hours}" for phone in page.phones
    )
    return Document(
        title=page.title,
        initials=initials_of(page.title),
        summary=page.summary,
        text=f"{numbers} {one.rendered.text}".strip(),
        thing=page,
    )
