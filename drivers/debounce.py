"""One press is one press, however often the contact or the line repeats it. Pure."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(slots=True)
class Debounce:
    """Tells a thing from its own echo: the same again within `window_ms` of the last time.

    The window slides, so a key that sticks and repeats all day counts once.
    """

    window_ms: int
    _last: Hashable = None
    _at_ms: int = 0

    def first(self, thing: Hashable, at_ms: int) -> bool:
        """Whether `thing` at `at_ms` is new. A clock set back makes it new rather than lost."""
        again = thing == self._last and 0 <= at_ms - self._at_ms < self.window_ms
        self._last, self._at_ms = thing, at_ms
        return not again
