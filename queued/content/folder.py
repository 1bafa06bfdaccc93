"""The files of all columns: looked at, read when they have changed, written whole or not at all.

    FOLDER/news/SLUG.md         one page, and SLUG.en.md beside it
    FOLDER/media/HASH.jpg       pictures, named by what is in them

A file that cannot be read is a problem with a sentence, and no other page suffers from it. Names
come from the listing of a folder or are checked against it: none leads out of it. Blocking.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from queued.content.page import COLUMNS, FILE_BYTES_MAX, NAME, Page, PageUnreadable, page_of
from queued.content.rendering import Rendered, TooLong, rendered

SUFFIX: Final = ".md"
MEDIA: Final = "media"
FILES_MAX: Final = 300
"""Of a column. A hall that writes a notice a week reaches it after six years."""

ALL_BYTES_MAX: Final = 2 << 20
"""Of all pages together: they stay in memory, rendered."""

PICTURES_MAX: Final = 500
PROBLEMS_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Loaded:
    """A page and what was made of it. `digest` of its file's bytes, `changed` (ns) of its file."""

    page: Page
    rendered: Rendered
    digest: str
    changed: int

    @property
    def path(self) -> str:
        """news/holiday.en"""
        return f"{self.page.column}/{self.page.name}"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a file is no page. `file` as in `news/holiday.md`."""

    file: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything in the folder when it was looked at."""

    pages: Mapping[str, Loaded] = field(default_factory=dict)
    """By path, `news/holiday.en`."""
    troubles: tuple[Trouble, ...] = ()
    pictures: frozenset[str] = frozenset()


NOTHING: Final = Contents()

_Stamp = tuple[int, int, int]


class Folder:
    """A hall's columns on disk. `base` is in front of its addresses, as "/h/demo"."""

    def __init__(self, path: Path, base: str) -> None:
        self.path = path
        self._base = base
        self._known: dict[str, tuple[_Stamp, Loaded | Trouble]] = {}
        self._last = NOTHING

    def look(self) -> Contents:
        """What is there now; the very same object as before if nothing has changed."""
        known: dict[str, tuple[_Stamp, Loaded | Trouble]] = {}
        troubles: list[Trouble] = []
        room = ALL_BYTES_MAX
        for column in COLUMNS:
            for file, entry in self._files(column, troubles):
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:
                    continue  # it has just gone
                room -= status.st_size
                if room < 0:
                    troubles.append(Trouble(file, (f"all pages have over {ALL_BYTES_MAX} bytes",)))
                    break
                stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
                before = self._known.get(file)
                unchanged = before is not None and before[0] == stamp
                known[file] = before if unchanged and before else (stamp, self._read(file, stamp))
        self._known = known
        read = [one for _, one in known.values()]
        troubles += [one for one in read if isinstance(one, Trouble)]
        contents = Contents(
            pages={one.path: one for one in read if isinstance(one, Loaded)},
            troubles=tuple(troubles[:PROBLEMS_MAX]),
            pictures=self._pictures(),
        )
        if contents != self._last:
            self._last = contents
        return self._last

    def digest(self, column: str, name: str) -> str:
        """Of the bytes of a page's file; "" if there is none. Raises `OSError`."""
        content = self.content(column, name)
        return "" if content is None else digest_of(content)

    def content(self, column: str, name: str) -> bytes | None:
        """The bytes of a page's file, at most one more than it may have. Raises `OSError`."""
        file = self.path / checked(column, name)
        if file.is_symlink() or not file.is_file():
            return None
        with file.open("rb") as stream:
            return stream.read(FILE_BYTES_MAX + 1)

    def write(self, column: str, name: str, content: bytes) -> None:
        """Put a page's file there, in place of the one before. Raises `OSError`."""
        self._replace(self.path / checked(column, name), content)

    def remove(self, column: str, name: str) -> None:
        """Take a page's file away, if there is one. Raises `OSError`."""
        file = self.path / checked(column, name)
        file.unlink(missing_ok=True)
        if file.parent.is_dir():
            _sync(file.parent)

    def write_picture(self, name: str, content: bytes) -> None:
        """Put a picture there, unless it is there. Raises `OSError`."""
        file = self.path / MEDIA / name
        if not file.is_file():
            self._replace(file, content)

    def picture_path(self, name: str) -> Path:
        """Where a picture is that `look` has found."""
        return self.path / MEDIA / name

    def _files(
        self, column: str, troubles: list[Trouble]
    ) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """The files of a column that may be pages, by name."""
        try:
            with os.scandir(self.path / column) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            troubles.append(Trouble(f"{column}/", (f"cannot be read: {error.strerror}",)))
            return
        pages = 0
        for entry in entries:
            if entry.name.startswith(".") or entry.name.endswith("~"):
                continue  # what editors leave behind
            file = f"{column}/{_told(entry.name)}"
            if not entry.is_file(follow_symlinks=False) or not entry.name.endswith(SUFFIX):
                sentence = f"is no page: pages are files whose names end in {SUFFIX}"
                troubles.append(Trouble(file, (sentence,)))
            elif pages == FILES_MAX:
                sentence = f"is not shown: there are more than {FILES_MAX} files here"
                troubles.append(Trouble(file, (sentence,)))
                return
            else:
                pages += 1
                yield file, entry

    def _read(self, file: str, stamp: _Stamp) -> Loaded | Trouble:
        column, _, name = file.removesuffix(SUFFIX).partition("/")
        try:
            with (self.path / file).open("rb") as stream:
                content = stream.read(FILE_BYTES_MAX + 1)
            page = page_of(content, column, name)
            return Loaded(page, rendered(page.body, self._base), digest_of(content), stamp[0])
        except OSError as error:
            return Trouble(file, (f"cannot be read: {error.strerror}",))
        except PageUnreadable as error:
            return Trouble(file, error.problems)
        except TooLong as error:
            return Trouble(file, (str(error),))

    def _pictures(self) -> frozenset[str]:
        try:
            with os.scandir(self.path / MEDIA) as found:
                names = (one.name for one in found if one.is_file(follow_symlinks=False))
                return frozenset(
                    name for _, name in zip(range(PICTURES_MAX * 2), names, strict=False)
                    if not name.startswith(".")
                )  # fmt: skip
        except OSError:
            return frozenset()

    def _replace(self, file: Path, content: bytes) -> None:
        """A power cut leaves the old file or the new one, nothing between."""
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            draft.rename(file)
        except BaseException:
            with suppress(OSError):
                draft.unlink()
            raise
        _sync(file.parent)


def checked(column: str, name: str) -> str:
    """The path of a page's file in its folder. Raises `ValueError` for what is none."""
    if column not in COLUMNS or NAME.fullmatch(name) is None:
        raise ValueError("no page of a column")
    return f"{column}/{name}{SUFFIX}"


def digest_of(content: bytes) -> str:
    """What tells versions of a file apart."""
    return sha256(content).hexdigest()


def _told(name: str) -> str:
    """A file's name as it can be shown: it may hold bytes that are no UTF-8."""
    return "".join(c if c.isprintable() else "?" for c in name)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
