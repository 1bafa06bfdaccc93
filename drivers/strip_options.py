"""Options of strips as they are configured: checked name by name, so that an error names one.

What every kind of strip takes besides its own:

    ack_s       0.02 … 10        how long one answer may take
    gap_ms      0 … 500          silence after every frame and answer: the line's turn-around
    local_echo  true | false     the RS-485 converter hears itself: its echo is thrown away

Kinds that can show several lines take `lines`: a text's lines go one below the other, those
that do not fit are dropped from the end. Other kinds, and `lines = 1`, join them to one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from drivers.device import DeviceBroken

Option: TypeAlias = str | int | float | bool

LINES_MAX = 8
"""More lines than the largest summary screens have."""
TEXT_OPTION_MAX = 1000
"""Longest text in an option: a frame's description."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of `values`; `True` is not 1."""

    values: tuple[Option, ...]

    def refuses(self, value: Option) -> str:
        """What would be allowed, or "" if `value` is."""
        if any(value == want and type(value) is type(want) for want in self.values):
            return ""
        return "one of " + ", ".join(repr(one) for one in self.values)


@dataclass(frozen=True, slots=True)
class Number:
    """From `low` to `high`; `whole` numbers only unless said otherwise."""

    low: float
    high: float
    whole: bool = True

    def refuses(self, value: Option) -> str:
        """What would be allowed, or "" if `value` is."""
        kinds = (int,) if self.whole else (int, float)
        good = isinstance(value, kinds) and not isinstance(value, bool)
        if good and self.low <= float(value) <= self.high:
            return ""
        return f"a number from {self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class Words:
    """A text of at most `TEXT_OPTION_MAX` characters; its driver says what may be in it."""

    def refuses(self, value: Option) -> str:
        """What would be allowed, or "" if `value` is."""
        if isinstance(value, str) and len(value) <= TEXT_OPTION_MAX:
            return ""
        return f"a text of at most {TEXT_OPTION_MAX} characters"


Rule: TypeAlias = Choice | Number | Words

LINE_RULES: Mapping[str, Rule] = {
    "ack_s": Number(0.02, 10, whole=False),
    "gap_ms": Number(0, 500),
    "local_echo": Choice((False, True)),
}
"""Of the line; every kind of strip takes them."""


def check(options: Mapping[str, Option], rules: Mapping[str, Rule]) -> None:
    """Raises `DeviceBroken` (`bad_option`) naming the first option that is not as `rules` say."""
    for name, value in options.items():
        rule = rules.get(name)
        if rule is None:
            known = ", ".join(rules)
            raise DeviceBroken("bad_option", f"option {name!r} of a strip: there are {known}")
        if allowed := rule.refuses(value):
            raise bad(name, value, allowed)


def bad(name: str, value: Option, allowed: str) -> DeviceBroken:
    """The error for an option whose value is not `allowed`."""
    return DeviceBroken("bad_option", f"option {name} = {value!r} of a strip: {allowed}")
