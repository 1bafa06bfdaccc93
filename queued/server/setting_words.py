"""The sentences of the settings' validation for a reader in the administration's forms.

The validation speaks to the author of a file, in English; people read the same in the language
of their page. A sentence is recognised by its form and said anew from the catalogues' section
`setting`; whatever is not recognised stays as it is, which is still true.
"""

from __future__ import annotations

import re
from typing import Final

from display import i18n

_NEAR: Final = r'(?:; did you mean "(?P<near>[^"]*)"\?|\.) [\w ]+: (?P<all>.*)'
_VALUE: Final = r'"?(?P<value>.*?)"?'

SAYINGS: Final[tuple[tuple[str, str], ...]] = (
    (r"is missing; needed is .*", "missing"),
    (r"is empty; needed is .*", "empty"),
    (r"has (?P<n>\d+) characters; allowed are 1 to (?P<most>\d+)", "too_long"),
    (_VALUE + r" has blanks at its ends, line breaks or invisible characters", "blanks"),
    (_VALUE + r" is not one or two Latin capitals.*", "letter"),
    (_VALUE + r" is not an id of 1 to 32 small Latin letters, digits and hyphens.*", "id"),
    (_VALUE + r" is not small Latin letters.*", "initials"),
    (_VALUE + r" is not a time of day such as .*", "clock"),
    (_VALUE + r" is not a day (?:such as .*|of the calendar)", "day"),
    (_VALUE + r" is not a text; put it in quotes", "not_text"),
    (_VALUE + r" is not a list of texts such as .*", "not_list"),
    (_VALUE + r" is not a whole number; allowed: (?P<bounds>.*)", "number"),
    (_VALUE + r" is out of range; allowed: (?P<bounds>.*)", "range"),
    (_VALUE + r" is neither true nor false", "flag"),
    (_VALUE + r" is not known" + _NEAR, "not_known"),
    (_VALUE + r" is not a (?:queue|service|zone|window|day)" + _NEAR, "not_known"),
    (r"each text needs 1 to (?P<most>\d+) printable characters", "texts"),
    (r"has (?P<n>\d+) entries; (?:allowed are )?at most (?P<most>\d+)", "too_many"),
    (_VALUE + r" stands there more than once", "twice"),
    (_VALUE + r" is taken already", "taken_id"),
    (r'".*" is the letter of queue "(?P<queue>.*)" already; .*', "taken_letter"),
    (r'"\*" means all queues; nothing may stand beside it', "star"),
    (_VALUE + r" is one of its own queues already", "own_queue"),
    (r"no window serves it, so (?P<n>\d+) of the services would have none; .*", "unserved_n"),
    (r"no window serves it; .*", "unserved"),
    (r"overlaps with other hours on (?P<day>\w+)", "overlap"),
    (r"must be later than (?:open, on the same day|from)", "order"),
    (r"is not a known (?:key|table)" + _NEAR, "unknown_key"),
    (r"is missing; a hall needs at least one \w+", "none_left"),
    (r"is not TOML: .*\(at line (?P<line>\d+), column (?P<column>\d+)\)", "not_toml"),
)
"""What the validation says of an edited table, by the text `setting.wrong_…` that says the same."""

_FORMS: Final = tuple((re.compile(form, re.DOTALL), name) for form, name in SAYINGS)
_PLACE: Final = re.compile(
    r'\[\[?(?P<table>\w+)\]\]?(?: (?:"(?P<id>[^"]*)"|number (?P<number>\d+)))?: (?P<rest>.*)',
    re.DOTALL,
)
_BOUNDS: Final = re.compile(r"(?:(?P<also>-?\d+), or )?(?P<least>-?\d+) to (?P<most>-?\d+)")


def said(problem: str, language: str) -> str:
    """A whole sentence with its place: `[[queue]] "tax": letter: is missing; needed is …`."""
    problem = problem.removeprefix(": ")  # the name of a draft's file is nothing
    place = _PLACE.fullmatch(problem)
    if place is None:
        return said_of_field(problem, language)
    key, colon, rest = place["rest"].partition(": ")
    known = colon and re.fullmatch(r"\w+", key)
    sentence = said_of_field(rest if known else place["rest"], language)
    words = i18n.catalogue(language)
    where = _named(place["table"], language)
    if place["id"]:
        where = words.text("setting.wrong_at_id", table=where, id=place["id"])
    elif place["number"]:
        where = words.text("setting.wrong_at_number", table=where, n=place["number"])
    if known:
        where = words.text("setting.wrong_at_key", place=where, field=_key(key, language))
    return words.text("setting.wrong_at", place=where, sentence=sentence)


def said_of_field(sentence: str, language: str) -> str:
    """What follows the place: the sentence that stands below a field."""
    words = i18n.catalogue(language)
    for form, name in _FORMS:
        found = form.fullmatch(sentence)
        if found is None:
            continue
        facts = {key: text for key, text in found.groupdict().items() if text is not None}
        if "bounds" in facts:
            facts["bounds"] = _bounds(facts["bounds"], language)
        if "day" in facts and words.has(f"setting.day_{facts['day']}"):
            facts["day"] = words.text(f"setting.day_{facts['day']}")
        guessed = f"setting.wrong_{name}_near"
        key = guessed if "near" in facts and words.has(guessed) else f"setting.wrong_{name}"
        return words.text(key, **facts)
    return sentence


def _named(table: str, language: str) -> str:
    words, key = i18n.catalogue(language), f"setting.{table}"
    return words.text(key) if words.has(key) else table


def _key(key: str, language: str) -> str:
    """A field without what its label explains in brackets."""
    words, name = i18n.catalogue(language), f"setting.key_{key}"
    label = words.text(name) if words.has(name) else key
    return re.split(r"[（(]", label)[0].strip()


def _bounds(text: str, language: str) -> str:
    found = _BOUNDS.fullmatch(text)
    if found is None:
        return text
    name = "setting.bounds" if found["also"] is None else "setting.bounds_or"
    return i18n.catalogue(language).text(name, **found.groupdict())
