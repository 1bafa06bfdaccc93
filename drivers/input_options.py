"""Options of inputs, checked name by name, so that an error names one. Values never appear in
the error of an option that is `private`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from drivers.device import DeviceBroken

Option: TypeAlias = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Number:
    """A number from `low` to `high`; `whole` ones only unless said otherwise."""

    low: float
    high: float
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Words:
    """A text of `least` to `most` characters."""

    most: int
    least: int = 1
    private: bool = False


@dataclass(frozen=True, slots=True)
class Switch:
    """true or false."""


Rule: TypeAlias = Number | Words | Switch


def check(kind: str, options: Mapping[str, Option], rules: Mapping[str, Rule]) -> None:
    """Raises `DeviceBroken` (`bad_option`) naming the first option not as `rules` say."""
    for name, value in options.items():
        rule = rules.get(name)
        if rule is None:
            known = ", ".join(rules)
            raise DeviceBroken("bad_option", f"option {name!r} of {kind}: there are {known}")
        if allowed := _refusal(value, rule):
            shown = "" if isinstance(rule, Words) and rule.private else f" = {value!r}"
            raise bad(kind, f"{name}{shown}", allowed)


def bad(kind: str, name: str, allowed: str) -> DeviceBroken:
    """The error for an option that is not `allowed`."""
    return DeviceBroken("bad_option", f"option {name} of {kind}: {allowed}")


def _refusal(value: Option, rule: Rule) -> str:
    match rule:
        case Switch():
            return "" if isinstance(value, bool) else "true or false"
        case Words(most, least):
            good = isinstance(value, str) and least <= len(value) <= most
            return "" if good else f"a text of {least} to {most} characters"
        case Number(low, high, whole):
            number = isinstance(value, int if whole else int | float) and not isinstance(
                value, bool
            )
            good = number and low <= float(value) <= high
            return "" if good else f"a number from {low:g} to {high:g}"
