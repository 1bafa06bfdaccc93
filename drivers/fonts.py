"""Finds the fonts for drawing Chinese, and for each character one that has it.

Order: the configured file, `QUEUED_FONT`, the system's Noto CJK and WenQuanYi, and last the Noto
Sans CJK that the package `noto-cjk-sans-otc` carries, so that a machine without any font, and
without root to install one, still prints every name. A character in none of them is drawn as
〓, the mark Chinese printing has for a missing type.
"""

from __future__ import annotations

import importlib.util
import os
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

from drivers.device import DeviceBroken

MISSING_MARK = "〓"
ENVIRONMENT = "QUEUED_FONT"

SYSTEM_FONTS = (
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 0),
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
    ("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf", 0),
)
"""Where Debian puts them, with the face inside a collection (Noto: 2 = Simplified Chinese)."""

PACKAGED_FONT = ("noto_cjk_sans_otc", "NotoSansCJK-Regular.ttc", 2)

NEVER_ASSIGNED = "\U0010ffff"
"""A noncharacter: what a font draws for it, it draws for everything it lacks."""


class FontChain:
    """Fonts of one pixel height, asked in order."""

    def __init__(self, files: tuple[tuple[str, int], ...], height: int) -> None:
        self._fonts = tuple(_open(path, face, height) for path, face in files)
        self._lacking = tuple(_shape(font, NEVER_ASSIGNED) for font in self._fonts)

    def font_for(self, char: str) -> ImageFont.FreeTypeFont | None:
        """The first font that has a glyph for `char` (one character), or None."""
        for font, lacking in zip(self._fonts, self._lacking, strict=True):
            if char.isspace() or _shape(font, char) != lacking:
                return font
        return None


def font_chain(configured: str, height: int) -> FontChain:
    """Fonts `height` pixels high. Raises `DeviceBroken` (`no_font`) if there is none."""
    return _chain(configured, os.environ.get(ENVIRONMENT, ""), height)


def font_files(configured: str, environment: str) -> tuple[tuple[str, int], ...]:
    """Files and faces in the order they are asked; those configured must exist.

    Raises `DeviceBroken` (`no_font`).
    """
    named = tuple(path for path in (configured, environment) if path)
    for path in named:
        if not Path(path).is_file():
            raise DeviceBroken("no_font", f"font file {path} does not exist")
    found = [(path, 0) for path in named]
    found += [(path, face) for path, face in SYSTEM_FONTS if Path(path).is_file()]
    package, name, face = PACKAGED_FONT
    spec = importlib.util.find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or ():
        if Path(folder, name).is_file():
            found.append((str(Path(folder, name)), face))
    if not found:
        raise DeviceBroken(
            "no_font",
            "no Chinese font: install fonts-wqy-zenhei or noto-cjk-sans-otc, or name a file in "
            f"the option `font` or in {ENVIRONMENT}",
        )
    return tuple(found)


@lru_cache(maxsize=32)  # two heights for each of the sizes 1 to 8, of two configurations
def _chain(configured: str, environment: str, height: int) -> FontChain:
    return FontChain(font_files(configured, environment), height)


def _open(path: str, face: int, height: int) -> ImageFont.FreeTypeFont:
    try:
        # The basic layout needs no libraqm and draws one glyph for one character.
        return ImageFont.truetype(path, height, index=face, layout_engine=ImageFont.Layout.BASIC)
    except OSError as error:
        raise DeviceBroken("no_font", f"font file {path}: {error}") from None


def _shape(font: ImageFont.FreeTypeFont, char: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(char, mode="1")
    return mask.size, bytes(mask)
