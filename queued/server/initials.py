"""Pinyin initials of a Chinese name, for a kiosk's letter pad: 不动产登记 → bdcdj.

How it works: the 3,755 common characters of GB 2312 (level 1) are coded in the order of their
Pinyin, so the first character of each letter is all one needs to know. A character with two
readings is filed under one of them (行 under x); where the other is meant, the configuration's
`initials` say so.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

FIRST: Final = (
    (0xB0A1, "a"), (0xB0C5, "b"), (0xB2C1, "c"), (0xB4EE, "d"), (0xB6EA, "e"), (0xB7A2, "f"),
    (0xB8C1, "g"), (0xB9FE, "h"), (0xBBF7, "j"), (0xBFA6, "k"), (0xC0AC, "l"), (0xC2E8, "m"),
    (0xC4C3, "n"), (0xC5B6, "o"), (0xC5BE, "p"), (0xC6DA, "q"), (0xC8BB, "r"), (0xC8F6, "s"),
    (0xCBFA, "t"), (0xCDDA, "w"), (0xCEF4, "x"), (0xD1B9, "y"), (0xD4D1, "z"),
)  # fmt: skip
"""GB 2312 code of the first character of each letter: 啊 芭 擦 搭 蛾 发 噶 哈 击 喀 垃 妈 拿 哦 啪
期 然 撒 塌 挖 昔 压 匝. No syllable begins with i, u or v."""

LAST: Final = 0xD7F9
"""座, the last of level 1; rarer characters are in the order of their radicals."""

_CODES: Final = [code for code, _ in FIRST]

CHARS_MAX: Final = 40
"""As many as the configuration's own `initials` may have."""


def initials_of(name: str) -> str:
    """Small letters: an initial for each common character, Latin letters and digits as they are.

    Rare characters and punctuation are left out.
    """
    return "".join(_initial(character) for character in name)[:CHARS_MAX]


def _initial(character: str) -> str:
    if character.isascii():
        return character.lower() if character.isalnum() else ""
    try:
        encoded = character.encode("gb2312")
    except UnicodeEncodeError:
        return ""
    code = int.from_bytes(encoded, "big")
    if not _CODES[0] <= code <= LAST:
        return ""
    return FIRST[bisect_right(_CODES, code) - 1][1]
