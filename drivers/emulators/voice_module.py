"""Strict voice modules in software: what a real SYN6288 or XFS5152 would make of the bytes.

Every frame is checked to the last byte, every setting in a text against the module's list, the
text against its encoding; what a module would not speak is answered with 45 and kept in
`violations`. Speaking takes time on the clock given, and a text that comes meanwhile cuts the
speech off, as it does on the desk: `cut_off` stays empty if the driver is right.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from drivers.voice_frames import CODECS, Answer, Command, Decoder, Encoding, Family, Flaw, Frame

SPOKEN_MAX = 1000
"""Texts remembered; a demonstration runs for weeks."""

_TAG = re.compile(r"\[([^\]]*)\]?")
_SETTING = re.compile(r"([a-z])(\d{1,2})")


@dataclass(slots=True)
class ModuleFaults:
    """What is wrong with the module itself; the line's faults are in `serving`."""

    damages: int = 0
    """So many frames more reach it damaged."""
    unheeded: int = 0
    """So many texts more are accepted and not spoken."""
    endless: bool = False
    """It speaks and never ends."""
    deaf: bool = False
    """It says nothing at all."""


class VoiceModule:
    """One module. `spoken`: texts said to their end, without their settings, oldest first."""

    def __init__(
        self,
        family: Family,
        now: Callable[[], float] = time.monotonic,
        seconds_per_char: float = 0.18,
        acknowledges_questions: bool = False,
        frame_gap_s: float = 1.0,
    ) -> None:
        """`frame_gap_s`: a frame whose bytes come slower is given up."""
        self.spoken: deque[str] = deque(maxlen=SPOKEN_MAX)
        self.cut_off: list[str] = []
        self.violations: list[str] = []
        self.faults = ModuleFaults()
        self.settings: dict[str, int] = {}
        """As the last text left them."""
        self._family = family
        self._now = now
        self._seconds_per_char = seconds_per_char
        self._acknowledges_questions = acknowledges_questions
        self._frame_gap_s = frame_gap_s
        self._decoder = Decoder(family)
        self._fed_at = now()
        self._speech: str | None = None
        self._ends_at = 0.0
        self._paused_left: float | None = None
        self._asleep = False

    @property
    def speaking(self) -> bool:
        """Whether a text is being said, or paused."""
        return self._speech is not None

    def feed(self, data: bytes) -> bytes:
        """Take bytes from the line; return the answers, the word of an end before them."""
        answers = self.tick()
        if self._decoder.inside and self._now() - self._fed_at > self._frame_gap_s:
            self._decoder.reset()
            self.violations.append("a frame that did not go on")
        self._fed_at = self._now()
        for item in self._decoder.feed(data):
            answers += self._take(item)
        return b"" if self.faults.deaf else answers

    def tick(self) -> bytes:
        """What the module says by itself by now: that it has finished."""
        if self._speech is None or self._paused_left is not None or self.faults.endless:
            return b""
        if self._now() < self._ends_at:
            return b""
        self.spoken.append(self._speech)
        self._speech = None
        return b"" if self.faults.deaf else bytes([Answer.IDLE])

    def power_cycle(self) -> bytes:
        """The power went and came: what it was saying is lost. Returns its word of the start."""
        if self._speech is not None:
            self.cut_off.append(self._speech)
        self._speech = self._paused_left = None
        self._asleep = False
        self._decoder.reset()
        self.settings.clear()
        return bytes([Answer.STARTED])

    def _take(self, item: Frame | Flaw) -> bytes:
        if isinstance(item, Flaw):
            return self._refuse(item.reason)
        if self._asleep and item.command is not Command.WAKE:
            return b""
        if self.faults.damages:
            self.faults.damages -= 1
            return bytes([Answer.DAMAGED])
        if item.command is Command.SPEAK:
            return self._speak(item.data)
        if item.data:
            return self._refuse(f"{item.command.name} takes no parameter")
        return self._obey(item.command)

    def _obey(self, command: Command) -> bytes:
        accepted = bytes([Answer.ACCEPTED])
        if command is Command.QUERY:
            state = bytes([Answer.SPEAKING if self.speaking else Answer.IDLE])
            return accepted + state if self._acknowledges_questions else state
        if command is Command.STOP and self._speech is not None:
            self.cut_off.append(self._speech)
            self._speech = self._paused_left = None
            return accepted + bytes([Answer.IDLE])
        if command is Command.PAUSE and self._speech is not None:
            self._paused_left = self._ends_at - self._now()
        elif command is Command.RESUME and self._paused_left is not None:
            self._ends_at = self._now() + self._paused_left
            self._paused_left = None
        elif command is Command.POWER_DOWN:
            self.power_cycle()
            self._asleep = True
        elif command is Command.WAKE:
            self._asleep = False
        return accepted

    def _speak(self, data: bytes) -> bytes:
        try:
            text, settings = self._read(data)
        except ValueError as error:
            return self._refuse(str(error))
        if self._speech is not None:
            self.cut_off.append(self._speech)
            self._speech = None
        if self.faults.unheeded:
            self.faults.unheeded -= 1
            return bytes([Answer.ACCEPTED])
        self.settings |= settings
        self._speech, self._paused_left = text, None
        self._ends_at = self._now() + len(text) * self._seconds_per_char
        return bytes([Answer.ACCEPTED])

    def _read(self, data: bytes) -> tuple[str, dict[str, int]]:
        if len(data) < 2:
            raise ValueError("a text frame without a text")
        if data[0] not in CODECS:
            raise ValueError(f"parameter {data[0]:02x}")
        try:
            text = data[1:].decode(CODECS[Encoding(data[0])])
        except UnicodeDecodeError:
            raise ValueError("a text that is not in its encoding") from None
        if any(char < " " for char in text):
            raise ValueError("a control character")
        settings: dict[str, int] = {}
        for tag in _TAG.findall(text):
            found = _SETTING.fullmatch(tag)
            if found is None or int(found[2]) not in self._family.tags.get(found[1], ()):
                raise ValueError(f"setting [{tag}]")
            settings[found[1]] = int(found[2])
        if not (spoken := _TAG.sub("", text)).strip():
            raise ValueError("a text with nothing to say")
        return spoken, settings

    def _refuse(self, why: str) -> bytes:
        self.violations.append(why)
        return bytes([Answer.DAMAGED])
