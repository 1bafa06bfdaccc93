"""Any text → bytes a font card can draw, and what will be read on the wall. Pure.

A card draws GBK, takes every backslash byte for a command (also the second byte of a
character) and shows garbage for what its font lacks. So a text is reduced to what cannot go
wrong: nothing is ever sent in the hope that it works.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

TEXT_BYTES_MAX = 240
"""A card's page memory differs by model; 120 Chinese characters fit all of them."""

MISSING = "□"
"""Stands for a character the card cannot draw, as in Chinese print."""
ELLIPSIS = "…"

SAME = {"¥": "￥", "\\": "＼", "€": "EUR", "~": "～", "•": "·", "‧": "·", "・": "·"}
"""Characters that have a twin the card knows."""

Charset = Literal["gb2312", "gbk"]


@dataclass(frozen=True, slots=True)
class SafeText:
    """`data` for the card, `text` as it will be read, `replaced` characters lost."""

    text: str
    data: bytes
    replaced: int

    @property
    def columns(self) -> int:
        """Width in half characters: a byte is one column in GBK."""
        return len(self.data)


def make_safe(text: str, charset: Charset = "gb2312", bytes_max: int = TEXT_BYTES_MAX) -> SafeText:
    """Reduce `text` to what a card with `charset` draws; longer than `bytes_max` ends in …"""
    pieces: list[tuple[str, bytes]] = []
    replaced = 0
    for char in _one_line(text):
        for shown in SAME.get(char, char):
            code = encode_char(shown, charset)
            if code is None:
                replaced += 1
                shown, code = MISSING, MISSING.encode("gbk")
            pieces.append((shown, code))
    if sum(len(code) for _, code in pieces) > bytes_max:
        pieces = _cut(pieces, bytes_max)
    return SafeText(
        "".join(shown for shown, _ in pieces), b"".join(code for _, code in pieces), replaced
    )


def encode_char(char: str, charset: Charset) -> bytes | None:
    """The GBK bytes of `char`, or None if a card with `charset` cannot draw it."""
    if " " <= char <= "~":
        return None if char == "\\" else char.encode("ascii")
    try:
        code = char.encode("gbk")
        if charset == "gb2312":
            # The two codecs differ in a few signs (·, —): only ask whether there is one.
            code.decode("gb2312")
    except UnicodeError:
        return None
    return code if len(code) == 2 and code[1] != 0x5C else None


def _one_line(text: str) -> str:
    """Composed characters, one line, no invisible ones."""
    composed = unicodedata.normalize("NFC", text)
    visible = (
        " " if char.isspace() else char
        for char in composed
        if char.isspace() or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Mn")
    )
    return " ".join("".join(visible).split())


def _cut(pieces: list[tuple[str, bytes]], bytes_max: int) -> list[tuple[str, bytes]]:
    end = ELLIPSIS.encode("gbk")
    kept: list[tuple[str, bytes]] = []
    size = len(end)
    for shown, code in pieces:
        if size + len(code) > bytes_max:
            break
        kept.append((shown, code))
        size += len(code)
    return [*kept, (ELLIPSIS, end)]
