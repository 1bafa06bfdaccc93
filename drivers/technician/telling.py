"""How a trial speaks: one sentence a line, a failure with its reason and what to do."""

from __future__ import annotations

from collections.abc import Callable

from drivers.technician.session import NotWorking
from drivers.technician.words import Words


class Teller:
    """Says sentences of `words` through `out`, one line each."""

    def __init__(self, words: Words, out: Callable[[str], None]) -> None:
        self.words = words
        self._out = out

    def __call__(self, name: str, /, **facts: object) -> None:
        """The sentence `name` of the catalogue."""
        self._out(self.words(name, **facts))

    def plain(self, text: str) -> None:
        """A text as it stands."""
        self._out(text)

    def failure(self, failed: NotWorking) -> None:
        """What is wrong, the driver's own words, what to do."""
        words = self.words
        detail = f" ({failed.detail})" if failed.detail and failed.detail != failed.code else ""
        self._out(f"{words('say.failed')} {words.reason(failed.code)}{detail}")
        self._out(f"  → {words.advice(failed.code)}")
