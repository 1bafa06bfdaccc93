"""Slips of a virtual printer: every cut page as a picture and a text in a folder."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.jobs import SlipPrinted

if TYPE_CHECKING:
    from drivers.emulators.escpos import PrinterEmulator
    from drivers.emulators.paper import Page

SLIPS_MAX = 200
"""Kept per printer, newest; a demo that runs for weeks must not fill the disk."""
NAME_CHARS_MAX = 64


class Spool:
    """The slips of one virtual printer. `folder` None keeps no files."""

    def __init__(self, device: str, emulator: PrinterEmulator, folder: Path | None) -> None:
        self._device = device
        self._emulator = emulator
        self._folder = folder

    async def take(self, job: str, at_ms: int) -> list[SlipPrinted]:
        """What was cut since the last call, as reports. Raises `OSError` (disk full …)."""
        if self._emulator.press.dirty:
            self._emulator.tear()  # it has no cutter: its visitor tears the slip off
        pages = tuple(self._emulator.pages)
        self._emulator.pages.clear()
        reports = []
        for index, page in enumerate(pages):
            name = f"{at_ms:013d}-{_file_name(job)}-{index}"
            # Drawing takes tens of milliseconds, which other devices shall not wait for.
            png = await asyncio.to_thread(self._save, name, page)
            reports.append(SlipPrinted(self._device, job, page.text, png))
        return reports

    def _save(self, name: str, page: Page) -> str:
        if self._folder is None:
            return ""
        from drivers.emulators.paper import render  # Pillow only for those who print

        folder = self._folder / _file_name(self._device)
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{name}.part"
        render(page).save(part, "PNG")
        os.replace(part, folder / f"{name}.png")  # whoever looks sees whole pictures only
        (folder / f"{name}.txt").write_text(page.text, "utf-8")
        for old in sorted(folder.glob("*.png"))[:-SLIPS_MAX]:
            old.unlink(missing_ok=True)
            old.with_suffix(".txt").unlink(missing_ok=True)
        return f"{folder.name}/{name}.png"


def _file_name(name: str) -> str:
    """`name` without anything that means something to a file system."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:NAME_CHARS_MAX]
