"""What the doctor finds, and how it says it: in two languages, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from display.i18n import Catalogue

Level = Literal["good", "note", "bad"]
"""`note`: nothing is wrong, and somebody may want to do something about it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: a sentence `doctor.CODE`, and `doctor.CODE_advice` unless good.

    With `reason` it is about a device, and what to do is told by the reason. `snippet` can be
    copied into the configuration.
    """

    level: Level
    code: str
    facts: Mapping[str, object] = field(default_factory=dict)
    reason: str = ""
    snippet: str = ""

    def text(self, words: Catalogue) -> str:
        """What was found."""
        facts = dict(self.facts)
        if self.reason:
            facts["reason"] = words.device_reason(self.reason)
        return words.text(f"doctor.{self.code}", **facts)

    def advice(self, words: Catalogue) -> str:
        """What to do, "" if nothing."""
        key = f"doctor.{self.code}_advice"
        if words.has(key):
            return words.text(key, **self.facts)
        return words.device_advice(self.reason) if self.reason else ""

    def told(self, words: Catalogue) -> dict[str, object]:
        """For programs: code and facts are stable, sentences are not."""
        return {
            "level": self.level,
            "code": self.code,
            "facts": {name: str(fact) for name, fact in self.facts.items()},
            "reason": self.reason,
            "text": self.text(words),
            "advice": self.advice(words),
            "snippet": self.snippet,
        }

    def lines(self, words: Catalogue) -> list[str]:
        """For people."""
        lines = [f"{words.text(f'doctor.{self.level}'):<4}  {self.text(words)}"]
        if advice := self.advice(words):
            lines.append(f"      → {advice}")
        lines += [f"        {line}" for line in self.snippet.splitlines()]
        return lines
