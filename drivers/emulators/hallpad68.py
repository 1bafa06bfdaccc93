"""A strict call pad with its evaluator in software: what the hardware would do, and no more.

Every frame is checked to the last byte. A press is repeated until its acknowledgement, the
identical frame, is heard; `push` is where the line takes what the pad says unasked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.hallpad68 import (
    ALARM,
    EVALUATOR,
    GRADE,
    PRESS,
    SEPARATOR,
    SHOW,
    Decoder,
    Frame,
    encode,
)


@dataclass(slots=True)
class HallPad68:
    """The pad at `address` and its evaluator at 128 more."""

    address: int = 1
    push: Callable[[bytes], None] | None = None
    display: str = ""
    """Number and waiting count, as "017_12"."""
    verdicts: list[bool] = field(default_factory=list)
    alarms: int = 0
    unacknowledged: list[Frame] = field(default_factory=list)
    """Presses whose acknowledgement has not come."""
    acknowledged: list[Frame] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    _decoder: Decoder = field(default_factory=Decoder)

    def press(self, *data: int) -> bytes:
        """Somebody presses digits and a key; returns what goes onto the line."""
        return self._say(Frame(self.address, PRESS, bytes(data)))

    def rate(self, grade: int) -> bytes:
        """A visitor presses a grade."""
        return self._say(Frame(self.address + EVALUATOR, GRADE, bytes([grade])))

    def repeat(self) -> None:
        """Says again what was not acknowledged."""
        for frame in self.unacknowledged:
            if self.push is not None:
                self.push(encode(frame))

    def power_cycle(self) -> None:
        """The plug is pulled and put back: what it showed and had to say is gone."""
        self.display = ""
        self.unacknowledged.clear()
        self._decoder = Decoder()

    def feed(self, data: bytes) -> bytes:
        """Take bytes from the line. A pad answers nothing."""
        flaws = self._decoder.flaws
        for frame in self._decoder.feed(data):
            self._take(frame)
        if self._decoder.flaws > flaws:
            self.violations.append("a frame with a wrong sum or end")
        return b""

    def _say(self, frame: Frame) -> bytes:
        self.unacknowledged.append(frame)
        wire = encode(frame)
        if self.push is not None:
            self.push(wire)
        return wire

    def _take(self, frame: Frame) -> None:
        if frame.address == self.address + EVALUATOR:
            waiting = [one for one in self.unacknowledged if one.address == frame.address]
            if frame != Frame(frame.address, PRESS) or not waiting:
                self.violations.append(f"not an acknowledgement: {frame}")
                return
            self._acknowledge(waiting[0])
        elif frame.address == self.address:
            if frame in self.unacknowledged:
                self._acknowledge(frame)
            else:
                self._obey(frame)

    def _acknowledge(self, frame: Frame) -> None:
        self.unacknowledged.remove(frame)
        self.acknowledged.append(frame)

    def _obey(self, frame: Frame) -> None:
        if frame.control == ALARM and not frame.data:
            self.alarms += 1
        elif frame.control == SHOW and frame.data in (b"\0", b"\1"):
            self.verdicts.append(frame.data == b"\1")
        elif frame.control == SHOW and frame.data.count(SEPARATOR) == 1:
            if max(frame.data) > SEPARATOR:
                self.violations.append("something that is no digit")
                return
            self.display = "".join("_" if one == SEPARATOR else str(one) for one in frame.data)
        else:
            self.violations.append(f"a pad does not know {frame}")
