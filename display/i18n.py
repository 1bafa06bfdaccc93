"""Every sentence a person reads, by key, in every language there is a catalogue for.

The catalogues are `locales/*.toml`; all hold exactly the same keys with the same placeholders
(a test compares them). A new language is a new file: whatever lies there is offered, and what
such a file lacks is said in English. A text is found by `section.name` and may hold
placeholders like `{number}`; nothing else in it is special. `static/js/texts.js` follows the
same rules in the browser.

Sentences for codes live in four sections, so that the API and the pages say the same:
`error` (refusals and other problem codes), `error_with` (the same with facts, used when all its
facts are known), `device_reason` (why a device job failed), `device_advice` (what to
do about it) and `device_state`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

Language: TypeAlias = str
"""A code with a catalogue: one of `LANGUAGES`."""

DEFAULT: Final[Language] = "zh"

ACCEPT_LANGUAGE_CHARS_MAX: Final = 500
"""Longer headers are cut: no browser sends them, and parsing stays cheap."""

_LOCALES: Final = Path(__file__).parent / "locales"

_FIRST: Final[tuple[Language, ...]] = (DEFAULT, "en")

LANGUAGES: Final[tuple[Language, ...]] = (
    *_FIRST,
    *sorted({path.stem for path in _LOCALES.glob("*.toml")} - set(_FIRST)),
)
"""Every language we speak: Chinese, English, then the others by their code."""

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class MissingText(LookupError):
    """A key is in no catalogue, or a text lacks a fact. A defect, never a visitor's fault."""


class Catalogue:
    """The texts of one language. Immutable after loading."""

    def __init__(self, language: Language, texts: Mapping[str, str]) -> None:
        self.language: Final = language
        self._texts = dict(texts)
        self._sections: dict[frozenset[str], Mapping[str, str]] = {}

    @property
    def html_language(self) -> str:
        """What `<html lang>` says: a BCP 47 tag, by which browsers choose glyphs and voices."""
        return self._texts["app.html_language"]

    def text(self, key: str, **facts: object) -> str:
        """The text of `key` (`section.name`) with its placeholders filled.

        Raises `MissingText` for an unknown key or a missing fact; spare facts are ignored.
        """
        try:
            return _fill(self._texts[key], facts)
        except KeyError as error:
            raise MissingText(f"{self.language}: {key}: {error.args[0]}") from None

    def problem(self, code: str, facts: Mapping[str, object] | None = None) -> str:
        """The sentence for a problem or refusal `code`; a general one for an unknown code.

        Uses the wording with facts when every fact it needs is given and not None.
        """
        known = {name: fact for name, fact in (facts or {}).items() if fact is not None}
        detailed = self._texts.get(f"error_with.{code}")
        if detailed is not None and placeholders(detailed) <= known.keys():
            return _fill(detailed, known)
        return self._texts.get(f"error.{code}") or self._texts["error.unknown"]

    def device_reason(self, reason: str) -> str:
        """The sentence for a device's failure code; a general one for an unknown code."""
        return self._texts.get(f"device_reason.{reason}") or self._texts["device_reason.error"]

    def device_advice(self, reason: str) -> str:
        """What to do about a device's failure code; a general word for an unknown code."""
        return self._texts.get(f"device_advice.{reason}") or self._texts["device_advice.error"]

    def has(self, key: str) -> bool:
        """Whether `key` exists."""
        return key in self._texts

    def sections(self, names: Iterable[str]) -> Mapping[str, str]:
        """All raw texts of some sections, keyed `section.name`: what a browser module gets."""
        wanted = frozenset(names)
        found = self._sections.get(wanted)
        if found is None:  # a third of the work of drawing a page, and always the same
            found = self._sections[wanted] = MappingProxyType(
                {key: text for key, text in self._texts.items() if key.split(".")[0] in wanted}
            )
        return found

    def names(self) -> frozenset[str]:
        """Every key (`section.name`)."""
        return frozenset(self._texts)


def catalogue(language: str, *, fresh: bool = False) -> Catalogue:
    """The catalogue of `language`, read once (`fresh`: read anew).

    Raises `MissingText` for a language we do not speak.
    """
    if language in LANGUAGES:
        return load(language) if fresh else _loaded(language)
    raise MissingText(f"no catalogue for {language!r}; there are: {', '.join(LANGUAGES)}")


@cache
def _loaded(language: Language) -> Catalogue:
    return load(language)


def load(language: Language) -> Catalogue:
    """Read the catalogue of `language` from disk."""
    own = _texts(language)
    return Catalogue(language, own if language in _FIRST else {**_texts("en"), **own})


def _texts(language: Language) -> dict[str, str]:
    with (_LOCALES / f"{language}.toml").open("rb") as file:
        tables = tomllib.load(file)
    return {
        f"{section}.{name}": text
        for section, texts in tables.items()
        for name, text in texts.items()
    }


def negotiate(accept_language: str | None, wanted: str | None = None) -> Language:
    """The language to answer in: `wanted` (a `lang=` parameter) if we speak it, else by header.

    Follows RFC 9110 §12.5.4 as far as a few languages need it: the highest quality wins, the
    first among equals, `q=0` refuses. Garbage counts as no wish; the default is Chinese.
    """
    if wanted in LANGUAGES:
        return wanted
    best: Language = DEFAULT
    best_quality = 0.0
    for part in (accept_language or "")[:ACCEPT_LANGUAGE_CHARS_MAX].split(","):
        tag, _, parameters = part.strip().partition(";")
        quality = _quality(parameters)
        primary = tag.strip().lower().split("-")[0]
        if primary in LANGUAGES and quality > best_quality:
            best, best_quality = primary, quality
    return best


@cache
def spoken() -> tuple[tuple[Language, str], ...]:
    """Every language with the name it gives itself, in the order of `LANGUAGES`."""
    return tuple((each, catalogue(each).text("app.language")) for each in LANGUAGES)


def placeholders(text: str) -> frozenset[str]:
    """The names of the facts a text needs."""
    return frozenset(_PLACEHOLDER.findall(text))


def _fill(text: str, facts: Mapping[str, object]) -> str:
    return _PLACEHOLDER.sub(lambda match: str(facts[match[1]]), text)


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    if not re.fullmatch(r"[01](\.[0-9]{0,3})?", value.strip()):
        return 0.0
    return float(value)
