"""What a slip is made of: plain values, one of the things that cross the pipe (`jobs.py`)."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Align: TypeAlias = Literal["left", "center", "right"]


class Value(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    """A frozen, tagged value."""


class Text(Value, frozen=True, tag="text"):
    """One line of text. `size` scales both ways, 1 to 8 (kanji above 2 uses GS ! only)."""

    text: str
    size: int = 1
    align: Align = "left"
    bold: bool = False


class Pair(Value, frozen=True, tag="pair"):
    """One line with a left and a right part, the gap filled with spaces."""

    left: str
    right: str


class Rule(Value, frozen=True, tag="rule"):
    """A dashed line over the whole width."""


class Qr(Value, frozen=True, tag="qr"):
    """A QR code, centred. `module` is the dot size of one module, 1 to 16."""

    data: str
    module: int = 6


class Feed(Value, frozen=True, tag="feed"):
    """Empty lines, 1 to 20."""

    lines: int = 1


class Raster(Value, frozen=True, tag="raster"):
    """A 1-bit picture: rows of `width // 8` bytes, MSB left, 1 = black; 8 divides `width`."""

    width: int
    data: bytes


Block: TypeAlias = Text | Pair | Rule | Qr | Feed | Raster
