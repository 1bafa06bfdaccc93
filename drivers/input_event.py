"""What comes out of pads, evaluators and card readers, as values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from drivers.device import DeviceBroken
from drivers.jobs import CardFlaw, Grade, PadAction

ACTIONS: tuple[PadAction, ...] = get_args(PadAction)
GRADES: tuple[Grade, ...] = tuple(one for one in get_args(Grade) if one != "none")

Sex: TypeAlias = Literal["", "male", "female"]


@dataclass(frozen=True, slots=True)
class KeyPress:
    """What a clerk pressed, and the digits keyed before it."""

    action: PadAction
    number: str = ""
    waited_ms: int = field(default=0, compare=False)
    """Since it was heard: on a line where others are in trouble its turn to be answered is late."""


@dataclass(frozen=True, slots=True)
class Graded:
    """What a visitor pressed."""

    grade: Grade


@dataclass(frozen=True, slots=True)
class Card:
    """Who laid a card down, as far as anybody may know: see `CardRead`."""

    digest: str
    masked_name: str
    sex: Sex = ""


@dataclass(frozen=True, slots=True)
class CardTrouble:
    """A card lay there and was not read: see `CardUnread`."""

    why: CardFlaw


InputEvent: TypeAlias = KeyPress | Graded | Card | CardTrouble


def grades_of(text: str) -> Mapping[str, Grade]:
    """An option like "1=very-satisfied 2=satisfied": a device's own grades to ours.

    Raises `DeviceBroken` (`bad_option`) naming what is wrong.
    """
    table: dict[str, Grade] = {}
    for pair in text.split():
        own, equals, name = pair.partition("=")
        grade = next((one for one in GRADES if one == name), None)
        if not (own and equals) or grade is None or own in table:
            allowed = ", ".join(GRADES)
            raise DeviceBroken("bad_option", f"grades: {pair!r} is not KEY=GRADE once; {allowed}")
        table[own] = grade
    if not table:
        raise DeviceBroken("bad_option", "grades: at least one KEY=GRADE")
    return table
