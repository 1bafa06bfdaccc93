"""Any text → what a voice module can be told, in portions it can hold. Pure.

A module takes whatever stands in brackets for a setting and stumbles over bytes that are no
GBK, so both never reach it. What it cannot say is left out: a wrong sound is worse than none.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

SAME = {"[": "（", "]": "）", "¥": "￥", "•": "·", "‧": "·", "・": "·"}
"""Characters that have a twin without a meaning to the module."""
BREAKS = "。！？；!?;，,、 "
"""Where a long text may be parted, best first."""
_UNHEARD = frozenset(["Cc", "Cf", "Cs", "Mn", "Co", "Cn"])


@dataclass(frozen=True, slots=True)
class Sayable:
    """`text` as it will be spoken; `lost` characters the module does not know."""

    text: str
    lost: int


def make_sayable(text: str) -> Sayable:
    """Reduce `text` to what a module with a GBK dictionary reads."""
    kept: list[str] = []
    lost = 0
    for char in unicodedata.normalize("NFC", " ".join(text.split())):
        if unicodedata.category(char) in _UNHEARD:
            continue
        char = SAME.get(char, char)
        if _in_gbk(char):
            kept.append(char)
        else:
            lost += 1
    return Sayable("".join(kept), lost)


def portions(text: str, bytes_max: int) -> list[str]:
    """`text` in pieces of at most `bytes_max` bytes of GBK, parted where one would breathe."""
    found: list[str] = []
    rest = text.strip()
    while len(rest.encode("gbk")) > bytes_max:
        head = rest.encode("gbk")[:bytes_max].decode("gbk", "ignore")
        end = next((head.rfind(mark) + 1 for mark in BREAKS if mark in head[1:]), len(head))
        found.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [*found, rest] if rest else found


def _in_gbk(char: str) -> bool:
    try:
        char.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True
