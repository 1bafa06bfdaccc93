"""How text fills the columns of a narrow paper: widths, wrapping, two-part lines. Pure.

A column is the width of one ASCII character at size 1 (12 dots); a Chinese character takes two.
Nothing here knows bytes, dots or fonts.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from drivers import jobs

SIZE_MAX = 8
"""The largest scale ESC/POS has."""

NARROW_RASTER_ONLY = frozenset({"Mn", "Me", "Cf"})
"""Categories that take no column of their own: accents, joiners, variation selectors."""

UNPRINTABLE = frozenset({"Cc", "Cs", "Co", "Cn"})
"""Controls would be commands to the printer; the rest has no agreed glyph."""

INVISIBLE = frozenset("\u00ad\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067"
                      "\u2068\u2069\ufeff")  # fmt: skip
"""Soft hyphens, zero-width spaces and direction marks: pasted along with names, never meant."""

REPLACED = {"\t": " ", "\u00a0": " ", "\u00a5": "\uffe5", "\u2028": "\n", "\u2029": "\n",
            "\x0b": "\n", "\x0c": "\n", "\x85": "\n"}  # fmt: skip
"""What is written one way and printed another. U+00A5 (¥) is not in GBK, U+FFE5 (￥) is."""

NOT_AT_LINE_START = frozenset("，。、；：？！…—·）》〉」』】〕｝”’％℃,.;:?!)]}%")
NOT_AT_LINE_END = frozenset("（《〈「『【〔｛“‘￥＄([{")
"""The rule 避头尾 of Chinese typesetting (GB/T 15834): closing marks do not begin a line, opening
ones do not end it."""


HANGING_GAP = 2
"""Columns between a label and the text that hangs beside it."""

CHARS_KEPT = 4096
"""Whose width is remembered: what a hall's slips are written with, many times over."""
BLOCKS_KEPT = 256
"""Whose lines are remembered: most of a slip stands on every slip, and laying it out is slow."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line that fits its paper. `size` scales both ways, 1 to 8."""

    text: str
    size: int = 1
    align: jobs.Align = "left"
    bold: bool = False


def clean(text: str) -> str:
    """`text` without anything that is no glyph. Line ends become `\\n`; nothing else below U+0020.

    Nothing left in it can be taken for a command by a printer.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = (REPLACED.get(char, char) for char in text if char not in INVISIBLE)
    printable = "".join(
        char for char in kept if char == "\n" or unicodedata.category(char) not in UNPRINTABLE
    )
    if all(map(char_columns, printable)):
        return printable
    # Only letters with loose accents are composed: NFC would also change the variants of Chinese
    # characters that names are written with.
    return "".join(
        unicodedata.normalize("NFC", cluster) if len(cluster) > 1 else cluster
        for cluster in clusters(printable)
    )


@lru_cache(CHARS_KEPT)
def char_columns(char: str) -> int:
    """Columns of one character: 0, 1 or 2.

    East Asian Width W, F and A are two columns (UAX #11; a Chinese printer's ROM has only wide
    glyphs for the ambiguous ones).
    """
    if " " <= char <= "~":
        return 1
    if unicodedata.category(char) in NARROW_RASTER_ONLY:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WFA" else 1


def columns_of(text: str) -> int:
    """Columns of a text at size 1."""
    return sum(map(char_columns, text))


@lru_cache(BLOCKS_KEPT)
def lines_of(block: jobs.Text | jobs.Pair | jobs.Rule, columns: int) -> tuple[Line, ...]:
    """The lines of a block on a paper `columns` wide (at least 2 columns per unit of size)."""
    match block:
        case jobs.Text(text, size, align, bold):
            size = fitting_size(size, columns)
            parts = wrap(text, columns // size)
            if align == "center" and len(parts) > 1:
                parts = balanced(text, columns // size, len(parts))
            return tuple(Line(part, size, align, bold) for part in parts)
        case jobs.Pair(left, right):
            return tuple(Line(part) for part in pair(left, right, columns))
        case jobs.Rule():
            return (Line("-" * columns),)


def fitting_size(size: int, columns: int) -> int:
    """`size`, or the largest at which two Chinese characters still stand side by side."""
    return max(1, min(size, columns // 4))


def wrap(text: str, columns: int) -> list[str]:
    """Breaks a text into lines of at most `columns` columns (at least 2); never an empty list.

    Breaks at line ends, at spaces, and between Chinese characters; a number or a word is broken
    only if it is longer than a line. Spaces at a break vanish.
    """
    lines: list[str] = []
    for paragraph in clean(text).split("\n"):
        lines.extend(_wrap_paragraph(paragraph, columns))
    return lines


def balanced(text: str, columns: int, count: int) -> list[str]:
    """Like `wrap`, in the same `count` of lines, as even as they get: no lone last character."""
    narrowest = max(2, -(-columns_of(clean(text)) // count))
    for width in range(narrowest, columns):
        parts = wrap(text, width)
        if len(parts) <= count:
            return parts
    return wrap(text, columns)


def pair(left: str, right: str, columns: int) -> list[str]:
    """`left` at the left edge and `right` at the right edge of one line.

    A right part too long for that hangs beside the left one, wrapped, as in a form; beside a left
    part of more than half the line it goes below.
    """
    label, value = wrap(left, columns), wrap(right, columns)
    used = columns_of(label[-1])
    if len(value) == 1 and used + 1 + columns_of(value[0]) <= columns:
        gap = columns - used - columns_of(value[0])
        return [*label[:-1], label[-1] + " " * gap + value[0]]
    if len(label) == 1 and used <= columns // 2 - HANGING_GAP:
        first, *rest = wrap(right, columns - used - HANGING_GAP)
        indent = " " * (used + HANGING_GAP)
        return [label[0] + " " * HANGING_GAP + first, *(indent + part for part in rest)]
    return [*label, *(" " * (columns - columns_of(part)) + part for part in value)]


def clusters(text: str) -> list[str]:
    """Characters, each with the accents and joiners that follow it."""
    found: list[str] = []
    for char in text:
        if found and char_columns(char) == 0:
            found[-1] += char
        else:
            found.append(char)
    return found


def _wrap_paragraph(paragraph: str, columns: int) -> list[str]:
    lines: list[str] = []
    line = ""
    used = 0
    for unit in _units(paragraph):
        width = columns_of(unit)
        if used + width > columns and not unit.isspace() and used:
            lines.append(line.rstrip(" "))
            line, used = "", 0
        if used + width <= columns:
            if used or lines == [] or not unit.isspace():
                line, used = line + unit, used + width
            continue
        if unit.isspace():
            continue  # the break itself stands for it
        *full, line = _cut(unit, columns)
        lines.extend(full)
        used = columns_of(line)
    return [*lines, line.rstrip(" ")] if line or not lines else lines


def _units(paragraph: str) -> list[str]:
    """What must not be broken: words, numbers, a character with its punctuation."""
    units: list[str] = []
    for cluster in clusters(paragraph):
        if units and _holds_together(units[-1], cluster):
            units[-1] += cluster
        else:
            units.append(cluster)
    return units


def _holds_together(unit: str, cluster: str) -> bool:
    last, first = unit[-1], cluster[0]
    if last == " " or first == " ":
        return False
    if first in NOT_AT_LINE_START or last in NOT_AT_LINE_END:
        return True
    return columns_of(first) == 1 and columns_of(last) == 1


def _cut(unit: str, columns: int) -> list[str]:
    """A unit longer than a line, cut where it must be."""
    parts = [""]
    for cluster in clusters(unit):
        if parts[-1] and columns_of(parts[-1]) + columns_of(cluster) > columns:
            parts.append("")
        parts[-1] += cluster
    return parts
