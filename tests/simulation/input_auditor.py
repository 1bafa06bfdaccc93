"""An auditor of call pads and evaluators: who pressed what, and what became of it in the journal.

He stands beside the clerk: he sees fingers, the pad's lamps and the journal, nothing in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

EVENT_OF: Mapping[str, str] = {
    "call-next": "TicketCalled",
    "recall": "TicketRecalled",
    "start": "ServiceStarted",
    "undo": "CallUndone",
    "miss": "TicketMissed",
    "open": "WindowOpened",
    "pause": "WindowPaused",
}
"""What a key leads to, if it is possible."""
CALLS = ("call-next", "recall", "start", "undo", "miss")
"""What changes something whenever it works; an open window may be opened again."""
EVENT_MAX_MS = 15_000
"""A slow line and a pad that repeats itself; later than that the press is another one."""


@dataclass(eq=False)
class Press:
    """One finger on one key, or on one grade."""

    device: str
    key: str
    at: int
    acknowledged: int = 0
    """When the pad was told that it was heard; 0 if never."""
    verdict: bool | None = None
    taken: bool = False
    """An event of the journal follows from it."""
    excused: bool = False
    """Something was wrong with the pad, its line or the device process meanwhile."""


@dataclass
class InputAudit:
    """`found` is what is wrong; times are Unix milliseconds."""

    window_of: Mapping[str, str]
    found: list[str] = field(default_factory=list)
    presses: list[Press] = field(default_factory=list)
    events: int = 0
    _open: dict[str, list[Press]] = field(default_factory=dict)
    _last: dict[str, int] = field(default_factory=dict)
    """Window → the ticket served last."""

    def pressed(self, press: Press) -> None:
        """Somebody pressed."""
        self.presses.append(press)
        self._open.setdefault(press.device, []).append(press)

    def fault(self, device: str, now: int) -> None:
        """Something goes wrong with a device, or is over: presses around it are excused."""
        for press in self._open.get(device, ()):
            if now <= press.at + EVENT_MAX_MS:
                press.excused = True

    def read(self, type_: str, body: dict[str, Any]) -> None:
        """The next event of the journal."""
        if type_ == "ServiceFinished":
            self._last[body["window"]] = body["ticket"]
        role, _, device = body.get("by", "").partition(":")
        if role == "pad" and type_ in EVENT_OF.values():
            key = next(key for key, event in EVENT_OF.items() if event == type_)
            self._follows(device, body["at"], type_, lambda press: press.key == key)
        elif role == "evaluator" and type_ == "ServiceRated" and body["grade"] != "none":
            grade = f"grade {body['grade']}"
            self._follows(device, body["at"], grade, lambda press: press.key == grade)
            last = self._last.get(self.window_of[device])
            if last != body["ticket"]:
                self.found.append(f"{device} rated ticket {body['ticket']}, but {last} was there")

    def _follows(self, device: str, at: int, what: str, fits: Callable[[Press], bool]) -> None:
        self.events += 1
        for press in self._open.get(device, ()):
            if not press.taken and fits(press) and 0 <= at - press.at <= EVENT_MAX_MS:
                press.taken = True
                return
        self.found.append(f"{device}: {what} at {at}, and nobody pressed for it")

    def close(self, now: int) -> None:
        """At the end of the day."""
        for press in self.presses:
            if press.excused or press.at + EVENT_MAX_MS > now:
                continue
            what = f"{press.device}: {press.key} at {press.at}"
            if not press.acknowledged:
                self.found.append(f"{what} was not heard, and nothing was wrong")
            elif press.key.startswith("grade"):
                if not press.taken:
                    self.found.append(f"{what} is in no book")
            elif press.verdict is None:
                self.found.append(f"{what} was heard, and the clerk never saw whether it worked")
            elif press.verdict and press.key in CALLS and not press.taken:
                self.found.append(f"{what} is said to have worked, and did not")
