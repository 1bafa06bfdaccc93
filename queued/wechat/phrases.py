"""The words of the account, in the languages it speaks: `phrases/<language>.toml`.

A `phrase` field of a reminder may hold Chinese characters only (WeChat's rule), in any language.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["zh", "en"]

LANGUAGES: tuple[Language, ...] = ("zh", "en")


class Phrases:
    """The phrases of one language, called as `phrases("ticket.called", number=…)`."""

    def __init__(self, language: Language, texts: Mapping[str, str]) -> None:
        self.language = language
        self.texts = texts

    def __call__(self, phrase: str, /, **facts: object) -> str:
        """The phrase with its facts. Raises `KeyError` for an unknown name or a missing fact."""
        return self.texts[phrase].format_map(facts)


@lru_cache
def phrases(language: str) -> Phrases:
    """The phrases of `language`; of Chinese if there are none."""
    known: Language = "en" if language == "en" else "zh"
    file = files("queued.wechat") / "phrases" / f"{known}.toml"
    tables = tomllib.loads(file.read_text("utf-8"))
    texts = {
        f"{table}.{name}": text.strip("\n")
        for table, entries in tables.items()
        for name, text in entries.items()
    }
    return Phrases(known, texts)
