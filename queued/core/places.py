"""How long those waited who joined the same queue at the same place: experience beside theory.

The last sixty waits by how many were ahead when the number was taken. Places near the front only:
behind the twentieth a queue sees too few for its own last ones to say anything; measured, they
make the error larger there.

Source: facts on waiting times, estimator "SK", after Thiongane, Chan and L'Ecuyer, "New
history-based delay predictors for service systems", WSC 2015.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import deque
from collections.abc import Sequence
from math import floor

PLACES = (1, 2, 3, 4, 5, 6, 8, 11, 16, 21)
"""Where a group of places begins; who has as many ahead as the last, or more, is in none."""

WAITS_KEPT = 60
WEIGHT_MAX = 0.5
"""Sixty waits weigh as much as the call rate, fewer in proportion."""

QUANTILES = (0.1, 0.5, 0.8, 0.9)


class Places:
    """The last waits of one queue, in whole seconds. Memory: 540 numbers, whatever happens."""

    __slots__ = ("_groups",)

    def __init__(self, waits: Sequence[Sequence[int]] = ()) -> None:
        """`waits` are `memory()` of another one. Raises `ValueError` for another number of them."""
        if waits and len(waits) != len(PLACES) - 1:
            raise ValueError(f"there are {len(PLACES) - 1} groups of places")
        known = waits or [()] * (len(PLACES) - 1)
        self._groups = [(deque(some), sorted(some)) for some in known]

    def memory(self) -> list[list[int]]:
        """The waits by group, oldest first; a copy."""
        return [list(waits) for waits, _ in self._groups]

    def learn(self, ahead: int, wait_s: int) -> None:
        """Somebody with `ahead` before him waited so long."""
        group = bisect_right(PLACES, ahead) - 1
        if not 0 <= group < len(self._groups):
            return
        waits, ordered = self._groups[group]
        waits.append(wait_s)
        insort(ordered, wait_s)
        if len(waits) > WAITS_KEPT:
            ordered.remove(waits.popleft())

    def waits(self, ahead: int) -> tuple[float, list[float]] | None:
        """The weight of what is known of this place, and its quantiles in seconds."""
        group = bisect_right(PLACES, ahead) - 1
        if not 0 <= group < len(self._groups) or not (ordered := self._groups[group][1]):
            return None
        weight = min(WEIGHT_MAX, len(ordered) / WAITS_KEPT)
        return weight, [_quantile(ordered, p) for p in QUANTILES]


def _quantile(ordered: Sequence[int], p: float) -> float:
    place = p * (len(ordered) - 1)
    index = floor(place)
    after = ordered[min(index + 1, len(ordered) - 1)]
    return ordered[index] + (place - index) * (after - ordered[index])
