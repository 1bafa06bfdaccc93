"""A strict BX-5K font card in software: what a real strip would accept, and nothing else.

Every frame is checked to the last byte: escapes, length, CRC, the area's sizes, the text's
encoding and backslash sequences. What a card would not understand is refused with the card's
own error number and kept in `violations`; nothing is guessed.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field

from drivers.bx_fontcard import BROADCAST_ANSWERED, Decoder, Flaw, Frame, answer, encode

WRONG_COMMAND, BUSY, WRONG_CRC, NO_FONT = 2, 3, 5, 12
BROADCAST_SILENT = 0xFFFF

_AREA_HEAD = 27
_SEQUENCE = re.compile(rb"\\(?:F[OE]\d{3}|C[1-3]|D[YLDHMS]|n)")
_FIXED_COMMANDS = {b"\xa2\x00": "ping", b"\xa1\x02": "status", b"\xa3\x10": "clear"}


class Unacceptable(Exception):
    """A command the card refuses: its error number and why."""

    def __init__(self, error: int, why: str) -> None:
        super().__init__(why)
        self.error = error


@dataclass(frozen=True, slots=True)
class ShownArea:
    """A dynamic area as the card draws it. `text` is without the control sequences."""

    x: int
    y: int
    width: int
    height: int
    run: int
    mode: int
    text: str


@dataclass(slots=True)
class BxFontCard:
    """One strip at `address`, `width` × `height` pixels. `busy` makes it refuse with BUSY."""

    address: int = 1
    width: int = 192
    height: int = 32
    busy: bool = False
    areas: dict[int, ShownArea] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    """Every text it ever showed, oldest first."""
    _decoder: Decoder = field(default_factory=Decoder)

    @property
    def text(self) -> str:
        """What can be read on the strip now, areas in order."""
        return " ".join(self.areas[key].text for key in sorted(self.areas))

    def feed(self, data: bytes) -> bytes:
        """Take bytes from the line; return the answers."""
        return b"".join(self._take(item) for item in self._decoder.feed(data))

    def power_cycle(self) -> None:
        """Dynamic areas live in RAM: they are gone after a power cut."""
        self.areas.clear()
        self._decoder.reset()

    def _take(self, item: Frame | Flaw) -> bytes:
        if isinstance(item, Flaw):
            self.violations.append(item.reason)
            mine = item.frame is not None and item.frame.to == self.address
            return self._answer(item.frame, False, WRONG_CRC) if mine and item.frame else b""
        if item.to not in (self.address, BROADCAST_ANSWERED, BROADCAST_SILENT):
            return b""
        try:
            must_answer = self._obey(item.data)
        except Unacceptable as refusal:
            self.violations.append(str(refusal))
            return self._answer(item, False, refusal.error)
        if self.busy:
            return self._answer(item, False, BUSY)
        return self._answer(item, True, 0) if must_answer else b""

    def _answer(self, asked: Frame, accepted: bool, error: int) -> bytes:
        if asked.to == BROADCAST_SILENT:
            return b""
        return encode(Frame(answer(accepted, error), to=asked.sender, sender=asked.to))

    def _obey(self, data: bytes) -> bool:
        if len(data) < 5:
            raise Unacceptable(WRONG_COMMAND, "a command shorter than its head")
        command, response = data[:2], data[2]
        if response not in (1, 2):
            raise Unacceptable(WRONG_COMMAND, f"response byte {response:02x}")
        if command == b"\xa3\x06":
            self._dynamic(data[5:])
        elif command not in _FIXED_COMMANDS:
            raise Unacceptable(WRONG_COMMAND, f"command {command.hex()}")
        elif len(data) != 5:
            raise Unacceptable(WRONG_COMMAND, f"{_FIXED_COMMANDS[command]} with parameters")
        elif command == b"\xa3\x10" and not self.busy:
            self.areas.clear()
        return response == 1

    def _dynamic(self, body: bytes) -> None:
        reader = _Reader(body)
        deleted = reader.byte("number of areas to delete")
        gone = set(self.areas) if deleted == 0xFF else set(reader.take(deleted, "area ids"))
        fresh: dict[int, ShownArea] = {}
        for _ in range(reader.byte("number of areas")):
            packed = reader.take(int.from_bytes(reader.take(2, "area length"), "little"), "area")
            identity, area = self._area(packed)
            fresh[identity] = area
        if reader.left:
            raise Unacceptable(WRONG_COMMAND, f"{reader.left} bytes after the last area")
        if self.busy:
            return
        self.areas = {key: self.areas[key] for key in self.areas if key not in gone} | fresh
        self.history.extend(area.text for area in fresh.values())

    def _area(self, packed: bytes) -> tuple[int, ShownArea]:
        if len(packed) < _AREA_HEAD:
            raise Unacceptable(WRONG_COMMAND, f"an area of {len(packed)} bytes")
        (
            kind, x, y, width, height, identity, _spacing, run, _timeout,
            sound, extension, _align, single, wrap, mode, leave, speed, _stay, length,
        ) = struct.unpack_from("<BHHHHBBBHBBBBBBBBBI", packed)  # fmt: skip
        text = packed[_AREA_HEAD:]
        checks = (
            (kind == 0, f"area type {kind}"),
            (length == len(text), f"text length says {length}, {len(text)} bytes came"),
            (width > 0 and (x + width) * 8 <= self.width, f"{x}+{width} bytes wide"),
            (height > 0 and y + height <= self.height, f"{y}+{height} pixels high"),
            (run <= 4, f"run mode {run}"),
            (sound == 0 and extension == 0, "sound on a card without a voice"),
            (single in (1, 2) and wrap in (1, 2), f"line modes {single}, {wrap}"),
            (1 <= mode <= 6 and leave == 0, f"display mode {mode}"),
            (speed <= 0x18, f"speed {speed}"),
        )
        for good, why in checks:
            if not good:
                raise Unacceptable(WRONG_COMMAND, why)
        return identity, ShownArea(x, y, width, height, run, mode, read_text(text))


@dataclass(slots=True)
class _Reader:
    body: bytes

    @property
    def left(self) -> int:
        return len(self.body)

    def byte(self, what: str) -> int:
        return self.take(1, what)[0]

    def take(self, count: int, what: str) -> bytes:
        if count > len(self.body):
            raise Unacceptable(WRONG_COMMAND, f"cut short in {what}")
        taken, self.body = self.body[:count], self.body[count:]
        return taken


def read_text(raw: bytes) -> str:
    """What a card's font draws for `raw`. Reads byte by byte, as the firmware does.

    A card takes any 0x5C for the start of a sequence, also the second byte of a character:
    such a text is refused here, because on the wall it would be garbage.
    """
    out: list[str] = []
    position = 0
    while position < len(raw):
        byte = raw[position]
        if byte == 0x5C:
            found = _SEQUENCE.match(raw, position)
            if found is None:
                raise Unacceptable(NO_FONT, "a backslash sequence the card does not know")
            out.append(" " if found.group() == rb"\n" else "")
            position = found.end()
        elif 0x20 <= byte < 0x7F:
            out.append(chr(byte))
            position += 1
        else:
            out.append(_hanzi(raw[position : position + 2]))
            position += 2
    return "".join(out)


def _hanzi(pair: bytes) -> str:
    if len(pair) == 2 and pair[1] == 0x5C:
        raise Unacceptable(NO_FONT, "a character whose second byte is a backslash")
    try:
        if pair[0] < 0x80:
            raise Unacceptable(NO_FONT, f"the control byte {pair[0]:02x}")
        return pair.decode("gbk")
    except UnicodeDecodeError:
        raise Unacceptable(NO_FONT, f"bytes {pair.hex()} are no character") from None
