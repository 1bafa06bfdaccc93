"""What the tools say, in the language of whoever stands there. Texts: zh.toml, en.toml."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LANGUAGES = ("zh", "en")
FOLDER = Path(__file__).parent
VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""In the order in which they count, POSIX 8.2."""


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of one language: "table.key" to a sentence with {facts}."""

    language: str
    texts: Mapping[str, Mapping[str, str]]

    def __call__(self, name: str, /, **facts: object) -> str:
        """The sentence `name`. Raises `KeyError` for one that does not exist."""
        table, _, key = name.partition(".")
        return self.texts[table][key].format(**facts)

    def reason(self, code: str) -> str:
        """What a failure's code means; the code itself if nobody has words for it."""
        return self.texts["reason"].get(code, code)

    def advice(self, code: str) -> str:
        """What to do about it."""
        return self.texts["advice"].get(code, self.texts["advice"]["error"])


def words(language: str) -> Words:
    """The texts of `language`, one of `LANGUAGES`."""
    return Words(language, tomllib.loads((FOLDER / f"{language}.toml").read_text("utf-8")))


def language_of(environ: Mapping[str, str] = os.environ) -> str:
    """The language of the terminal: Chinese where it is set so, else English."""
    chosen = next((environ[name] for name in VARIABLES if environ.get(name)), "")
    return "zh" if chosen.lower().startswith("zh") else "en"
