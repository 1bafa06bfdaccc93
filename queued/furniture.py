"""The configuration in force: the file, or the newest version that administration has saved.

The rule: as long as nobody saves anything in administration, the file is the configuration. The
first version saved there takes the place of the file's tables that administration may change
(`settings_document.EDITED`), from then on and after every restart; all other tables stay the
file's. A later change of those tables in the file is not lost and does not win by itself:
administration shows that the file differs, and "take the file's" makes it the next version.

Plans are put into force at once, or, while people hold numbers of the old furniture, on the
next business day; hours always on the next business day.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Protocol

from queued.core.commands import Configure
from queued.core.refusals import Refused
from queued.engine.bus import Bus
from queued.engine.calendar import Calendar
from queued.engine.hall import HallActor, MailboxFull
from queued.engine.ports import AppendFailed, Note
from queued.furnishing import calendar_of, plan_of
from queued.settings import SettingsError, parse, tables_of
from queued.settings_document import ATTRIBUTES, EDITED, document_of, edited, laid_over, toml_of
from queued.settings_values import Settings

log = logging.getLogger(__name__)

BY_CONFIGURATION = "system:configuration"
"""Who furnishes the hall from its file, in the journal."""


class SavedVersion(Protocol):
    """A version as stored."""

    @property
    def version(self) -> int: ...
    @property
    def body(self) -> str: ...
    @property
    def file(self) -> str: ...


class Versions(Protocol):
    """Where versions are stored."""

    async def newest(self, hall: str) -> SavedVersion | None: ...

    async def save(
        self, hall: str, version: int, note: Note, *, comment: str, body: str, file: str
    ) -> SavedVersion:
        """Raises `VersionTaken`."""
        ...


class Furniture:
    """What one hall is furnished with. Make one with `open`, then `attach` its actor."""

    def __init__(self, file: Settings, versions: Versions) -> None:
        self.file = file
        self.settings = file
        self.version = 0
        """Of the saved version in force; 0: the file."""
        self.problem = ""
        """Why the newest version could not be put over the file."""
        self.base_digest = digest_of(file)
        """Of the file's tables when the version in force was saved."""
        self._versions = versions
        self._actor: HallActor | None = None
        self._bus: Bus | None = None
        self._later: asyncio.Task[None] | None = None
        self._saving = asyncio.Lock()
        self._listeners: list[Callable[[Settings], None]] = []

    @classmethod
    async def open(cls, file: Settings, versions: Versions) -> Furniture:
        """The configuration in force: the newest version over `file`, if it fits it."""
        furniture = cls(file, versions)
        saved = await versions.newest(file.hall.id)
        if saved is None:
            return furniture
        furniture.version, furniture.base_digest = saved.version, saved.file
        try:
            furniture.settings = furniture.settings_of(saved.body)
        except SettingsError as error:
            furniture.problem = str(error)
            log.error("version %d does not fit the file, which is used: %s", saved.version, error)
        return furniture

    @property
    def calendar(self) -> Calendar:
        """The hall's days, by the configuration in force."""
        return calendar_of(self.settings)

    @property
    def file_changed(self) -> bool:
        """Whether the file's tables are others than when the version in force was saved."""
        return self.version > 0 and self.base_digest != digest_of(self.file)

    @property
    def waiting(self) -> bool:
        """Whether the plan waits for the next business day."""
        return self._later is not None and not self._later.done()

    def settings_of(self, body: str) -> Settings:
        """Tables as TOML, put over the file. Raises `SettingsError` with every problem."""
        given = tables_of(body.encode(), "")
        problems = [f"[{name}]: cannot be changed here" for name in given if name not in EDITED]
        if problems:
            raise SettingsError(problems)
        document = toml_of(laid_over(document_of(self.file), given))
        parsed = parse(document.encode(), "", {})
        # Only these: some of the others are in no document, because they may hold passwords.
        changes = {name: getattr(parsed, name) for name in ATTRIBUTES}
        return replace(self.file, **changes)

    def listen(self, listener: Callable[[Settings], None]) -> None:
        """Call `listener` with every configuration that comes into force."""
        self._listeners.append(listener)

    async def attach(self, actor: HallActor, bus: Bus) -> None:
        """Furnish the hall whose actor this is."""
        self._actor, self._bus = actor, bus
        await self._furnish(BY_CONFIGURATION)

    async def save(
        self, settings: Settings, body: str, base: int, note: Note, comment: str
    ) -> bool:
        """Save the version after `base` and put it into force; whether that was at once.

        Raises `VersionTaken` if `base` is not the last version any more; nothing changes then.
        """
        # One after the other: an older plan must not come into force after a newer one.
        async with self._saving:
            file, hall = digest_of(self.file), self.file.hall.id
            saved = await self._versions.save(
                hall, base + 1, note, comment=comment, body=body, file=file
            )
            self.settings, self.version, self.base_digest = settings, saved.version, file
            self.problem = ""
            for listener in self._listeners:
                listener(settings)
            return await self._furnish(note.by)

    async def stop(self) -> None:
        """A plan that waits goes on waiting after the next start."""
        if self._later is not None:
            self._later.cancel()
            await asyncio.gather(self._later, return_exceptions=True)
            self._later = None

    async def _furnish(self, by: str) -> bool:
        await self.stop()
        assert self._actor is not None, "attached"
        command = Configure(plan=plan_of(self.settings), by=by)
        try:
            await self._actor.submit(command)
        except (Refused, MailboxFull) as refused:
            # People hold numbers of the old furniture: serve them, and say it loudly.
            log.error("the changed configuration waits for the end of the day: %s", refused)
            self._later = asyncio.create_task(self._furnish_later(command))
            return False
        return True

    async def _furnish_later(self, command: Configure) -> None:
        """Try again on each new business day, when nobody holds a number of the old furniture."""
        actor, bus = self._actor, self._bus
        assert actor is not None and bus is not None
        day = actor.hall.day
        while True:
            await bus.passed(actor.id, actor.hall.seq)
            if actor.hall.day == day:
                continue
            day = actor.hall.day
            try:
                await actor.submit(command)
            except (Refused, MailboxFull, AppendFailed) as failure:
                log.error("the changed configuration waits for the next day: %s", failure)
                continue
            log.warning("the changed configuration is in force")
            return


def digest_of(settings: Settings) -> str:
    """Of the tables that administration may change."""
    return sha256(toml_of(edited(document_of(settings))).encode()).hexdigest()
