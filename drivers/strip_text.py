"""Any text → bytes a strip can draw, and what will be read on the wall. Pure.

A strip draws GBK (or GB2312, or ASCII), takes certain bytes for commands (`Rules.avoid`; the
second byte of a character counts too) and shows garbage for what its font lacks. So a text is
reduced to what cannot go wrong: nothing is ever sent in the hope that it works.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal, TypeAlias

TEXT_BYTES_MAX = 240
"""A card's page memory differs by model; 120 Chinese characters fit all of them."""

MISSING = "□"
"""Stands for a character the strip cannot draw, as in Chinese print."""
ELLIPSIS = "…"

MISSING_SIGNS = (MISSING, "?", " ")
ELLIPSES = (ELLIPSIS, "..", "")
"""The first that a strip can draw is taken."""

SAME = {"¥": "￥", "\\": "＼", "€": "EUR", "~": "～", "•": "·", "‧": "·", "・": "·"}
"""Characters that have a twin a Chinese font knows."""

Charset = Literal["gb2312", "gbk", "ascii"]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a protocol allows in a text, besides the charset of its font."""

    avoid: bytes = b"\\"
    """Bytes no character's code may contain."""
    trail_min: int = 0x40
    """Least second byte of a character: GBK has them from 0x40, GB2312 from 0xA1."""
    wide: bool = False
    """Latin letters and digits go as their full-width twins, two bytes like a hanzi."""
    apart: bytes = b""
    """ASCII bytes that may not follow a byte from 0x80 on: a space is put between."""


CARD = Rules()
"""A font card's: a backslash begins a command."""

Piece: TypeAlias = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class SafeText:
    """`data` for the strip, `text` as it will be read, `replaced` characters lost."""

    text: str
    data: bytes
    replaced: int

    @property
    def columns(self) -> int:
        """Width in half characters: a byte is one column in GBK."""
        return len(self.data)


def make_safe(
    text: str,
    charset: Charset = "gb2312",
    bytes_max: int = TEXT_BYTES_MAX,
    rules: Rules = CARD,
) -> SafeText:
    """Reduce `text` to one line that a strip draws; longer than `bytes_max` ends in …"""
    missing = _first_of(MISSING_SIGNS, charset, rules)
    pieces: list[Piece] = []
    replaced = 0
    for char in _one_line(text):
        for shown in char if charset == "ascii" else SAME.get(char, char):
            piece = _piece(shown, charset, rules)
            if piece is None:
                replaced += 1
                piece = missing
            if pieces and pieces[-1][1][-1:] >= b"\x80" and piece[1][:1] in _each(rules.apart):
                pieces.append((" ", b" "))
            pieces.append(piece)
    if sum(len(code) for _, code in pieces) > bytes_max:
        pieces = _cut(pieces, bytes_max, _first_of(ELLIPSES, charset, rules))
    return SafeText(
        "".join(shown for shown, _ in pieces), b"".join(code for _, code in pieces), replaced
    )


def lines_of(text: str, count: int) -> tuple[str, ...]:
    """The lines of `text`, top first: exactly `count`, the missing ones empty.

    What does not fit is dropped from the end; a strip of one line gets all of it in that line.
    """
    if count == 1:
        return (text,)
    lines = [line.strip() for line in text.splitlines()]
    return tuple((lines + [""] * count)[:count])


def encode_char(char: str, charset: Charset, rules: Rules = CARD) -> bytes | None:
    """The bytes of `char`, or None if a strip with `charset` and `rules` cannot draw it."""
    if " " <= char <= "~" and not rules.wide:
        code = char.encode("ascii")
    else:
        found = _two_bytes(char, charset)
        if found is None or found[1] < rules.trail_min:
            return None
        code = found
    return None if any(byte in rules.avoid for byte in code) else code


def _two_bytes(char: str, charset: Charset) -> bytes | None:
    try:
        code = char.encode("ascii" if charset == "ascii" else "gbk")
        if charset == "gb2312":
            # The two codecs differ in a few signs (·, —): only ask whether there is one.
            code.decode("gb2312")
    except UnicodeError:
        return None
    return code if len(code) == 2 else None


def _piece(char: str, charset: Charset, rules: Rules) -> Piece | None:
    if rules.wide:
        char = "\u3000" if char == " " else _full_width(char)
    code = encode_char(char, charset, rules)
    return None if code is None else (char, code)


def _full_width(char: str) -> str:
    return chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char


def _first_of(candidates: tuple[str, ...], charset: Charset, rules: Rules) -> Piece:
    """The first candidate all of whose characters can be drawn; nothing if there is none."""
    for candidate in candidates:
        pieces = [_piece(char, charset, rules) for char in candidate]
        drawn = [piece for piece in pieces if piece is not None]
        if len(drawn) == len(pieces):
            return "".join(char for char, _ in drawn), b"".join(code for _, code in drawn)
    return "", b""


def _each(codes: bytes) -> frozenset[bytes]:
    return frozenset(bytes([code]) for code in codes)


def _one_line(text: str) -> str:
    """Composed characters, one line, no invisible ones."""
    composed = unicodedata.normalize("NFC", text)
    visible = (
        " " if char.isspace() else char
        for char in composed
        if char.isspace() or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Mn")
    )
    return " ".join("".join(visible).split())


def _cut(pieces: list[Piece], bytes_max: int, end: Piece) -> list[Piece]:
    kept: list[Piece] = []
    size = len(end[1])
    for shown, code in pieces:
        if size + len(code) > bytes_max:
            break
        kept.append((shown, code))
        size += len(code)
    return [*kept, end]
