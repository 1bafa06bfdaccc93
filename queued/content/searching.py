"""Which pages and services somebody means: ranked, without an index to keep.

How it works. A query is folded (full width, case, blanks) and split at blanks; every word must be
found. A word found in a title counts more than one in a summary, that more than one in the text;
at the beginning of a title more than inside. Latin letters are also looked for among the titles'
Pinyin initials, as on the kiosk. If nothing has every word, a Chinese question is taken apart into
pairs of characters, and what has most of them is found: 身份证怎么补办 finds 补办身份证.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

QUERY_CHARS_MAX: Final = 40
WORDS_MAX: Final = 6
FOUND_MAX: Final = 20
"""Nobody reads more on a phone; whoever does not find it types another word."""

PAIRS_SHARE: Final = 0.6
"""Of a question's pairs that must be there: fewer, and everything about cards is found."""

EXCERPT_CHARS: Final = 60

_BLANKS: Final = re.compile(r"[\s,.;:!?，。；：！？、“”\"'（）()【】《》]+")
_FILLING: Final = re.compile(
    r"请问|想问|我要|我想|怎么样?|如何|什么|哪些|哪里|多少|可以|能不能|需要|办理|[吗呢的了啊]"
)
"""What people write around what they mean; left out when nothing has the whole question."""


@dataclass(frozen=True, slots=True)
class Document:
    """Something that can be found. `initials` of its title; `thing` is the caller's."""

    title: str
    initials: str = ""
    summary: str = ""
    text: str = ""
    thing: Any = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document, folded once."""

    document: Document
    title: str
    summary: str
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """A document, and where it was found: a piece of its text, "" if it is not in that."""

    document: Document
    excerpt: str = ""


def folded(text: str) -> str:
    """As people mean it: full width, case and runs of blanks do not matter."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def prepared(documents: Iterable[Document]) -> tuple[Prepared, ...]:
    """Documents made ready to be searched often."""
    return tuple(
        Prepared(one, folded(one.title), folded(one.summary), folded(one.text)) for one in documents
    )


def found(query: str, documents: Sequence[Prepared], most: int = FOUND_MAX) -> list[Found]:
    """The best `most` documents, best first; of equal ones in their order."""
    words = [word for word in _BLANKS.split(folded(query[:QUERY_CHARS_MAX])) if word][:WORDS_MAX]
    if not words:
        return []
    scored: list[tuple[float, Prepared]] = [(_score(one, words), one) for one in documents]
    if not any(score for score, _ in scored):
        pairs = _pairs(words)
        scored = [(_share(one, pairs), one) for one in documents]
    best = sorted((pair for pair in scored if pair[0]), key=lambda pair: -pair[0])[:most]
    return [Found(one.document, _excerpt(one, words)) for _, one in best]


def _score(one: Prepared, words: Sequence[str]) -> int:
    """0 unless every word is there."""
    total = 0
    for word in words:
        at = one.title.find(word)
        if one.title == word:
            total += 100
        elif one.document.initials == word:
            total += 90
        elif at >= 0:
            total += 60 if at == 0 else 50
        elif word.isascii() and word in one.document.initials:
            total += 45 if one.document.initials.startswith(word) else 30
        elif word in one.summary:
            total += 20
        elif word in one.text:
            total += 10
        else:
            return 0
    return total


def _pairs(words: Sequence[str]) -> frozenset[str]:
    """The pairs of neighbouring characters of what is Chinese in a question."""
    kept = [_FILLING.sub(" ", word) for word in words if not word.isascii()]
    parts = [part for word in kept for part in word.split()]
    return frozenset(part[at : at + 2] for part in parts for at in range(len(part) - 1))


def _share(one: Prepared, pairs: frozenset[str]) -> float:
    if not pairs:
        return 0
    in_title = sum(pair in one.title for pair in pairs)
    anywhere = sum(
        pair in one.title or pair in one.summary or pair in one.text for pair in pairs
    )
    share = anywhere / len(pairs)
    return share + in_title / len(pairs) if share >= PAIRS_SHARE else 0


def _excerpt(one: Prepared, words: Sequence[str]) -> str:
    """Around the first word that is in the text."""
    for word in words:
        at = one.text.find(word)
        if at >= 0:
            start = max(0, at - EXCERPT_CHARS // 3)
            piece = one.text[start : start + EXCERPT_CHARS]
            ends = start + EXCERPT_CHARS < len(one.text)
            return f"{'…' if start else ''}{piece}{'…' if ends else ''}"
    return ""
