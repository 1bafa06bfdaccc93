"""Frames of serial voice modules: values to bytes and back. No I/O, no clock.

The SYN6288 (`syn6288.py`) and the XFS5152, SYN6658, VTX316 (`xfs5152.py`) speak one protocol;
the first adds a check byte. A frame is

    FD | length(2, big-endian) | command | parameter, text … [| xor of everything before]

where the length counts what follows it. The module answers single bytes: 41 the frame is
accepted, 45 it is damaged, and to a query 4E speaking, 4F idle. It says 4F by itself when it
has finished and 4A when it has started. Sources: the answers and commands agree in three and
more independent drivers of each module [V3]; the limits of the text stand in the two modules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from functools import reduce
from operator import xor

START = 0xFD
_HEAD_BYTES = 3


class Command(IntEnum):
    """What a module can be told. `WAKE` is for the XFS5152 family only."""

    SPEAK = 0x01
    STOP = 0x02
    PAUSE = 0x03
    RESUME = 0x04
    QUERY = 0x21
    POWER_DOWN = 0x88
    WAKE = 0xFF


class Answer(IntEnum):
    """What a module says."""

    ACCEPTED = 0x41
    DAMAGED = 0x45
    STARTED = 0x4A
    SPEAKING = 0x4E
    IDLE = 0x4F


class Encoding(IntEnum):
    """Of the text in a speak frame. We send GBK; the others are for the emulator."""

    GB2312 = 0
    GBK = 1
    BIG5 = 2
    UNICODE = 3


CODECS = {
    Encoding.GB2312: "gb2312",
    Encoding.GBK: "gbk",
    Encoding.BIG5: "big5",
    Encoding.UNICODE: "utf-16-be",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """One command. `data` is what follows it, without the check byte."""

    command: Command
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Bytes that are no frame, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Family:
    """What differs between the modules. `tags` are the settings a text may carry, [v5], with
    the values allowed; `text_bytes_max` counts them too."""

    name: str
    checked: bool
    commands: frozenset[Command]
    text_bytes_max: int
    tags: dict[str, frozenset[int]]

    def encode(self, frame: Frame) -> bytes:
        """The bytes on the line. Raises `ValueError` for a text the module cannot hold."""
        if frame.command not in self.commands:
            raise ValueError(f"{self.name} has no command {frame.command:02x}")
        if len(frame.data) > 1 + self.text_bytes_max:
            raise ValueError(
                f"a text of {len(frame.data) - 1} bytes, at most {self.text_bytes_max}"
            )
        body = bytes([frame.command]) + frame.data
        wire = bytes([START]) + (len(body) + self.checked).to_bytes(2, "big") + body
        return wire + bytes([checksum(wire)]) if self.checked else wire

    def speak(self, text: bytes, encoding: Encoding = Encoding.GBK) -> bytes:
        """Say `text` now, instead of whatever is being said. Raises `ValueError`.

        The low three bits of the parameter are the encoding. The high ones choose background
        music, about whose place the sources disagree: always 0.
        """
        if not text:
            raise ValueError("an empty text")
        return self.encode(Frame(Command.SPEAK, bytes([encoding]) + text))

    @property
    def length_max(self) -> int:
        """Of the length field."""
        return 2 + self.text_bytes_max + self.checked


def checksum(data: bytes) -> int:
    """All bytes, exclusive or."""
    return reduce(xor, data, 0)


@dataclass(slots=True)
class Decoder:
    """Bytes in any portions → frames and flaws: the module's side of the line."""

    family: Family
    _begun: bytearray = field(default_factory=bytearray)

    @property
    def inside(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._begun)

    def feed(self, data: bytes) -> list[Frame | Flaw]:
        """Everything that was completed by `data`, in order."""
        self._begun += data
        found: list[Frame | Flaw] = []
        while (item := self._next()) is not None:
            found.append(item)
        return found

    def reset(self) -> None:
        """Forget a frame begun."""
        self._begun.clear()

    def _next(self) -> Frame | Flaw | None:
        begun = self._begun
        start = begun.find(START)
        if start != 0 and begun:
            del begun[: start if start > 0 else len(begun)]
            return Flaw("bytes outside of a frame")
        if len(begun) < _HEAD_BYTES:
            return None
        length = int.from_bytes(begun[1:_HEAD_BYTES], "big")
        if not 1 + self.family.checked <= length <= self.family.length_max:
            return self._skip("a length no frame has")
        if len(begun) < _HEAD_BYTES + length:
            return None
        wire = bytes(begun[: _HEAD_BYTES + length])
        if self.family.checked and checksum(wire) != 0:
            return self._skip("wrong check byte")
        if wire[_HEAD_BYTES] not in self.family.commands:
            return self._skip("an unknown command")
        del begun[: len(wire)]
        return Frame(
            Command(wire[_HEAD_BYTES]), wire[_HEAD_BYTES + 1 : len(wire) - self.family.checked]
        )

    def _skip(self, why: str) -> Flaw:
        # Only the start mark was certainly wrong: the real frame may begin behind it.
        del self._begun[0]
        return Flaw(why)
