"""Pictures and films that screens show beside the queues: what lies in a folder of the hall.

The folder is `media` in the data folder. Files in it are for every screen, files in a folder
with a zone's id for the screens of that zone. Everything there is public. The folder is looked
at again after `LOOK_EVERY_S`, so that a manager only copies a file; a request can only name
what was found there, so no path leads out of it. Nothing else of the data folder is served.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Kind = Literal["image", "video"]

TYPES: Final[Mapping[str, tuple[Kind, str]]] = {
    ".jpg": ("image", "image/jpeg"),
    ".jpeg": ("image", "image/jpeg"),
    ".png": ("image", "image/png"),
    ".webp": ("image", "image/webp"),
    ".mp4": ("video", "video/mp4"),
    ".webm": ("video", "video/webm"),
}
"""What is shown; anything else in the folder is passed over. No SVG: it may hold scripts."""

IMAGE_BYTES_MAX: Final = 20 << 20
"""A photograph of a good camera; the browser of a screen must hold it decoded."""

VIDEO_BYTES_MAX: Final = 500 << 20
"""Ten minutes in full HD. Read in pieces, never held in memory."""

FILES_MAX: Final = 100
"""A round of half an hour; whoever looks at a screen sees one or two of them."""

ENTRIES_MAX: Final = 2000
"""Looked at in one folder: a whole archive copied there by mistake must not stop the hall."""

NAME_BYTES_MAX: Final = 255

LOOK_EVERY_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file that may be shown; `zone` "" is for every screen."""

    path: Path
    kind: Kind
    type: str
    zone: str


class MediaFolder:
    """What lies in a hall's media folder, by its path in the address. `monotonic` in seconds."""

    def __init__(
        self,
        folder: Path | None,
        zones: Iterable[str] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._zones = tuple(zones)
        self._monotonic = monotonic
        self._files: Mapping[str, MediaFile] = {}
        self._look_at = 0.0
        self._looked = False

    async def files(self) -> Mapping[str, MediaFile]:
        """Path → file, in the order of names; at most `LOOK_EVERY_S` old."""
        if self._folder is None:
            return {}
        if not self._looked or self._monotonic() >= self._look_at:
            self._looked, self._look_at = True, self._monotonic() + LOOK_EVERY_S
            self._files = await asyncio.to_thread(_look, self._folder, self._zones)
        return self._files


def _look(folder: Path, zones: tuple[str, ...]) -> Mapping[str, MediaFile]:
    """What may be shown now. A folder that cannot be read is an empty one: screens go on."""
    found: dict[str, MediaFile] = {}
    for zone in ("", *zones):
        for path in _entries(folder / zone if zone else folder):
            if len(found) == FILES_MAX:
                return found
            kind, type_ = TYPES[path.suffix.lower()]
            found[path.relative_to(folder).as_posix()] = MediaFile(path, kind, type_, zone)
    return found


def _entries(folder: Path) -> list[Path]:
    """Files of a folder that are of a known type and size, by name. Links are passed over."""
    found: list[Path] = []
    try:
        with os.scandir(folder) as entries:
            for _, entry in zip(range(ENTRIES_MAX), entries, strict=False):
                known = TYPES.get(Path(entry.name).suffix.lower())
                if known is None or entry.name.startswith(".") or not _printable(entry.name):
                    continue
                most = IMAGE_BYTES_MAX if known[0] == "image" else VIDEO_BYTES_MAX
                if entry.is_file(follow_symlinks=False) and entry.stat().st_size <= most:
                    found.append(Path(entry.path))
    except OSError:
        return []
    return sorted(found)


def _printable(name: str) -> bool:
    """Whether the name can stand in an address: it may hold bytes that are no UTF-8."""
    return name.isprintable() and len(os.fsencode(name)) <= NAME_BYTES_MAX
