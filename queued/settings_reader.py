"""Typed reading of TOML tables that never stops at the first problem.

A `Table` hands out values of the asked type and range. What is wrong goes to its `Problems` as a
sentence with file, table, key and what is allowed, and the reader goes on with a stand-in, so
that one run shows everything. Nothing here knows what a hall is.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from queued.settings_values import NAME_CHARS_MAX, Bounds, Option

SHOWN_CHARS_MAX = 60
"""Of a wrong value in a message: enough to find it, too little to fill a terminal."""

LISTED_MAX = 20
"""Allowed values listed in a message."""

CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")


class SettingsError(ValueError):
    """A configuration cannot be used. `problems` are sentences for its author, in file order."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(slots=True)
class Problems:
    """What is wrong with `file` so far."""

    file: str
    found: list[str] = field(default_factory=list)

    def add(self, where: str, sentence: str) -> None:
        """`where` is a table such as `[[window]] "3"`, or "" for the file itself."""
        self.found.append(": ".join(part for part in (self.file, where, sentence) if part))


@dataclass(frozen=True, slots=True)
class FromEnvironment:
    """A value that an environment variable puts in the place of the file's."""

    variable: str
    text: str


def instead(wrong: str, allowed: Iterable[str], label: str) -> str:
    """`; did you mean "general"? Queues are: general, social`; no question if none is near."""
    choices = list(allowed)
    near = difflib.get_close_matches(wrong, choices, n=1)
    question = f'; did you mean "{near[0]}"?' if near else "."
    return f"{question} {label}: {listed(choices)}"


def listed(values: Iterable[str]) -> str:
    """Comma-separated, cut after `LISTED_MAX`."""
    all_values = list(values)
    text = ", ".join(all_values[:LISTED_MAX]) or "none"
    more = len(all_values) - LISTED_MAX
    return f"{text} and {more} more" if more > 0 else text


def place(table: str, id_: object, number: int) -> str:
    """How messages name the `number`-th entry of a repeated table: by its id if it has one."""
    named = isinstance(id_, str) and id_ and id_.isprintable()
    return f"[[{table}]] {shown(id_) if named else f'number {number}'}"


def shown(value: object) -> str:
    """A wrong value as its author would write it, shortened, on one line."""
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
    if isinstance(value, str):
        printable = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in value)
        text = f'"{printable}"'
    return text if len(text) <= SHOWN_CHARS_MAX else text[: SHOWN_CHARS_MAX - 1] + "…"


class Table:
    """One table of the file. Ask for each known key once, then call `finish`."""

    def __init__(self, problems: Problems, where: str, values: Mapping[str, object]) -> None:
        self._problems = problems
        self._where = where
        self._values = dict(values)
        self._known: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self._values

    @property
    def where(self) -> str:
        """How messages name this table."""
        return self._where

    def wrong(self, key: str, sentence: str) -> None:
        """Note a problem of `key`."""
        value = self._values.get(key)
        if isinstance(value, FromEnvironment):
            self._problems.found.append(f"environment: {value.variable}: {sentence}")
        else:
            self._problems.add(self._where, f"{key}: {sentence}")

    def text(
        self, key: str, default: str | None = None, *, chars_max: int = NAME_CHARS_MAX
    ) -> str:
        """A printable, trimmed, non-empty text; without `default` it is required."""
        value = self._take(key, default is None, "a text in quotes")
        if value is None:
            return default or ""
        if not isinstance(value, str):
            self.wrong(key, f"{shown(value)} is not a text; put it in quotes")
        elif not value.strip() and default != "":
            self.wrong(key, f"is empty; needed is a text of 1 to {chars_max} characters")
        elif value != value.strip() or not value.isprintable():
            self.wrong(
                key, f"{shown(value)} has blanks at its ends, line breaks or invisible characters"
            )
        elif len(value) > chars_max:
            self.wrong(key, f"has {len(value)} characters; allowed are 1 to {chars_max}")
        else:
            return value
        return default or ""

    def matching(self, key: str, pattern: str, allowed: str, default: str | None = None) -> str:
        """A text that is `pattern` from end to end; `allowed` says it in words."""
        value = self._take(key, default is None, allowed)
        if value is None:
            return default or ""
        if isinstance(value, str) and re.fullmatch(pattern, value):
            return value
        hint = "; put it in quotes" if isinstance(value, int | float) else ""
        self.wrong(key, f"{shown(value)} is not {allowed}{hint}")
        return default or ""

    def choice(self, key: str, choices: Sequence[str], default: str | None = None) -> str:
        """One of `choices`."""
        value = self._take(key, default is None, f"one of {listed(choices)}")
        if value is None:
            return default or ""
        if isinstance(value, str) and value in choices:
            return value
        self.wrong(key, f"{shown(value)} is not known{instead(str(value), choices, 'Allowed')}")
        return default or ""

    def number(self, key: str, bounds: Bounds, default: int | None = None) -> int:
        """A whole number within `bounds`; without `default` it is required."""
        stand_in = bounds.least if default is None else default
        value = self._take(key, default is None, f"a whole number, {bounds}")
        if value is None:
            return stand_in
        if isinstance(self._values[key], FromEnvironment):
            # ASCII digits only: int() would also take "１２" and "1_2".
            value = int(str(value)) if re.fullmatch(r"-?[0-9]{1,9}", str(value)) else value
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong(key, f"{shown(value)} is not a whole number; allowed: {bounds}")
        elif value not in bounds:
            self.wrong(key, f"{value} is out of range; allowed: {bounds}")
        else:
            return value
        return stand_in

    def degrees(self, key: str, most: float) -> float | None:
        """A number of degrees from -`most` to `most`; None if there is none."""
        allowed = f"a number of degrees from -{most:g} to {most:g}"
        value = self._take(key, False, allowed)
        if value is None:
            return None
        if isinstance(self._values[key], FromEnvironment):
            found = re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{1,9})?", str(value))
            value = float(str(value)) if found else value
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and abs(value) <= most:  # type: ignore[arg-type]  # nan is in no range
            return float(value)  # type: ignore[arg-type]
        self.wrong(key, f"{shown(value)} is not {allowed}")
        return None

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self._take(key, False, "true or false")
        if value is None:
            return default
        if isinstance(self._values[key], FromEnvironment):
            value = {"true": True, "false": False}.get(str(value).lower(), value)
        if isinstance(value, bool):
            return value
        self.wrong(key, f"{shown(value)} is neither true nor false")
        return default

    def clock(self, key: str, default: str | None = None) -> int:
        """A time of day "HH:MM" (24:00 included) as minutes after midnight."""
        text = self.matching(key, CLOCK.pattern, 'a time of day such as "08:30"', default)
        hours, minutes = text.split(":") if text else ("0", "0")
        return int(hours) * 60 + int(minutes)

    def texts(
        self, key: str, *, required: bool, most: int, chars_max: int = NAME_CHARS_MAX
    ) -> tuple[str, ...]:
        """A list of different texts, at most `most`; an absent one is empty."""
        value = self._take(key, required, 'a list of texts such as ["…", "…"]')
        if value is None:
            return ()
        if isinstance(self._values[key], FromEnvironment):
            value = [part.strip() for part in str(value).split(",") if part.strip()]
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.wrong(key, f'{shown(value)} is not a list of texts such as ["…", "…"]')
            return ()
        bad = [item for item in value if not item.strip() or not item.isprintable()]
        if bad or any(len(item) > chars_max for item in value):
            self.wrong(key, f"each text needs 1 to {chars_max} printable characters")
        if len(value) > most:
            self.wrong(key, f"has {len(value)} entries; allowed are at most {most}")
        twice = sorted({item for item in value if value.count(item) > 1})
        if twice:
            self.wrong(key, f"{listed(map(shown, twice))} stands there more than once")
        return tuple(dict.fromkeys(value))

    def options(self) -> dict[str, Option]:
        """All keys not asked for yet, as plain values of whatever kind."""
        found: dict[str, Option] = {}
        for key in [key for key in self._values if key not in self._known]:
            value = self._values[key]
            self._known.append(key)
            if isinstance(value, str | int | float | bool):
                found[key] = value
            else:
                self.wrong(key, f"{shown(value)} is not a text, a number, true or false")
        return found

    def finish(self) -> None:
        """Every key that nobody asked for is a problem."""
        for key in self._values:
            if key not in self._known:
                tail = instead(key, self._known, "Known keys")
                self.wrong(key, f"is not a known key{tail}")

    def _take(self, key: str, required: bool, needed: str) -> object | None:
        """The raw value, an environment's as text; notes a missing required key."""
        self._known.append(key)
        if key not in self._values:
            if required:
                self._problems.add(self._where, f"{key}: is missing; needed is {needed}")
            return None
        value = self._values[key]
        return value.text if isinstance(value, FromEnvironment) else value
