"""Onbon BX-5K, BX-5MK and BX-6K font cards: values to bytes and back. No I/O, no clock.

A font card takes GBK text and draws it itself. A frame is

    A5 x8 | escape( header 14 | data | crc16 ) | 5A

    header = to(2) from(2) reserved(3) option crc-mode display-mode device-type version length(2)
    data   = group command response(01 = must answer) reserved(2) …
    answer = A0 00 error 00 00 (accepted) or A0 01 error 00 00 (refused)

All numbers are little-endian; length and CRC are those of the unescaped bytes. Source: Onbon,
"BX-5K/6K protocol, user's edition"; the golden frames of the tests come from working cards.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

HOST = 0x8000
"""Our own address on the bus."""
BROADCAST_ANSWERED = 0xFFFE
"""Every card listens; the one card on a point-to-point line answers."""
ADDRESS_MAX = 0xFFFD

BODY_BYTES_MAX = 4096
"""Longest header + data + CRC we read or write: a strip's text is below 300 bytes."""

ANY_DEVICE = 0xFE
VERSION = 2

START = 0xA5
END = 0x5A
PREAMBLE = bytes([START]) * 8

ESCAPES = {0xA5: b"\xa6\x02", 0xA6: b"\xa6\x01", 0x5A: b"\x5b\x02", 0x5B: b"\x5b\x01"}
UNESCAPES = {pair: byte for byte, pair in ESCAPES.items()}

PING = bytes.fromhex("A200010000")
STATUS = bytes.fromhex("A102010000")
CLEAR = bytes.fromhex("A310010000")
DELETE_AREAS = bytes.fromhex("A306010200FF00")

_HEADER = struct.Struct("<HH3xBBBBBH")
_AREA = struct.Struct("<BHHHHBBBHBBBBBBBBBI")
_CRC_BYTES = 2


class Run(IntEnum):
    """What a dynamic area does after its last page."""

    LOOP = 0
    STAY = 1


class Mode(IntEnum):
    """How a page appears."""

    STATIC = 1
    SNAP = 2
    LEFT = 3


ERRORS: dict[int, tuple[Literal["refused", "busy", "garbled"], str]] = {
    1: ("refused", "the card does not know this group of commands"),
    2: ("refused", "the card does not know this command"),
    3: ("busy", "the card is busy"),
    4: ("refused", "the card has not enough memory"),
    5: ("garbled", "the frame reached the card damaged (CRC)"),
    6: ("refused", "the card has no such file"),
    7: ("refused", "the card cannot write its flash memory"),
    8: ("refused", "the download to the card failed"),
    9: ("refused", "wrong file name"),
    10: ("refused", "wrong file type"),
    11: ("garbled", "the file reached the card damaged (CRC)"),
    12: ("refused", "the card has no such font"),
    13: ("refused", "the firmware does not fit the card"),
    14: ("refused", "wrong time format"),
    15: ("refused", "the file exists already"),
    16: ("refused", "wrong block number"),
}
"""Error byte of a refusal → (code for the supervisor, words for people)."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame on the line. `data` is the unescaped command or answer."""

    data: bytes
    to: int = 1
    sender: int = HOST
    device_type: int = ANY_DEVICE
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class Flaw:
    """Bytes between a start and an end mark that are not a frame, and why."""

    reason: str
    frame: Frame | None = None
    """What the header said, when only the CRC was wrong."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a card says to a command. `error` is 0 when it accepted."""

    accepted: bool
    error: int


@dataclass(frozen=True, slots=True)
class Area:
    """A dynamic area: kept in the card's RAM, so it may change as often as one likes.

    `x` and `width` are in bytes of 8 pixels, `y` and `height` in pixels, `speed` 0 (fast) to
    24, `stay` in half seconds. `text` is GBK with the card's backslash sequences.
    """

    text: bytes
    x: int = 0
    y: int = 0
    width: int = 24
    height: int = 32
    identity: int = 0
    line_spacing: int = 0
    run: int = Run.STAY
    timeout_s: int = 2
    single_line: bool = True
    auto_wrap: bool = False
    mode: int = Mode.STATIC
    speed: int = 4
    stay: int = 5


def crc16(data: bytes) -> int:
    """CRC-16/ARC: polynomial 0xA001 reflected, initial value 0, no final XOR."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def encode(frame: Frame) -> bytes:
    """The bytes on the line. Raises `ValueError` when the data is too long."""
    body = (
        _HEADER.pack(
            frame.to, frame.sender, 0, 0, 0, frame.device_type, frame.version, len(frame.data)
        )
        + frame.data
    )
    body += crc16(body).to_bytes(_CRC_BYTES, "little")
    if len(body) > BODY_BYTES_MAX:
        raise ValueError(f"a frame of {len(body)} bytes, at most {BODY_BYTES_MAX}")
    escaped = b"".join(ESCAPES.get(byte) or bytes([byte]) for byte in body)
    return PREAMBLE + escaped + bytes([END])


def dynamic(*areas: Area, answer: int = 1, process: bytes = b"\0\0") -> bytes:
    """The command A3 06: show `areas` from now on, each instead of what had its identity."""
    out = bytes([0xA3, 0x06, answer]) + process + bytes([0, len(areas)])
    for area in areas:
        packed = _pack(area)
        out += len(packed).to_bytes(2, "little") + packed
    return out


def _pack(area: Area) -> bytes:
    head = _AREA.pack(
        0,  # area type: text
        area.x,
        area.y,
        area.width,
        area.height,
        area.identity,
        area.line_spacing,
        area.run,
        area.timeout_s,
        0,  # sound: only cards with a voice have it
        0,  # no extension
        0,  # aligned to the left and top
        1 if area.single_line else 2,
        2 if area.auto_wrap else 1,
        area.mode,
        0,  # leaves the way it came
        area.speed,
        area.stay,
        len(area.text),
    )
    return head + area.text


def answer(accepted: bool, error: int = 0) -> bytes:
    """The data of a card's answer."""
    return bytes([0xA0, 0x00 if accepted else 0x01, error, 0, 0])


def parse_answer(data: bytes) -> Answer | None:
    """The card's verdict, or None if this is not an answer."""
    if len(data) < 3 or data[0] != 0xA0 or data[1] not in (0, 1):
        return None
    return Answer(accepted=data[1] == 0, error=data[2])


@dataclass(slots=True)
class Decoder:
    """Bytes in any portions → frames and flaws. Finds the next frame after any garbage."""

    _body: bytearray = field(default_factory=bytearray)
    _inside: bool = False

    def feed(self, data: bytes) -> list[Frame | Flaw]:
        """Everything that was completed by `data`, in order."""
        found: list[Frame | Flaw] = []
        for byte in data:
            item = self._step(byte)
            if item is not None:
                found.append(item)
        return found

    def reset(self) -> None:
        """Forget a frame begun."""
        self._body.clear()
        self._inside = False

    def _step(self, byte: int) -> Frame | Flaw | None:
        if byte == START:
            # A start mark is never data (data escapes it): whatever was begun is lost.
            cut = bool(self._body)
            self.reset()
            self._inside = True
            return Flaw("a frame began before the last one ended") if cut else None
        if not self._inside:
            return None
        if byte == END:
            body = bytes(self._body)
            self.reset()
            return parse_body(body)
        self._body.append(byte)
        if len(self._body) > 2 * BODY_BYTES_MAX:
            self.reset()
            return Flaw("a frame without an end")
        return None


def parse_body(escaped: bytes) -> Frame | Flaw:
    """What stands between the start and the end marks."""
    body = unescape(escaped)
    if body is None:
        return Flaw("an escape sequence the protocol does not have")
    if len(body) < _HEADER.size + _CRC_BYTES:
        return Flaw(f"only {len(body)} bytes")
    to, sender, option, crc_mode, _display, device_type, version, length = _HEADER.unpack_from(body)
    data = body[_HEADER.size : -_CRC_BYTES]
    if option != 0 or crc_mode != 0:
        return Flaw("an option or checksum mode that is not used here")
    if length != len(data):
        return Flaw(f"length says {length}, {len(data)} bytes came")
    frame = Frame(data, to, sender, device_type, version)
    if crc16(body[:-_CRC_BYTES]) != int.from_bytes(body[-_CRC_BYTES:], "little"):
        return Flaw("wrong CRC", frame)
    return frame


def unescape(escaped: bytes) -> bytes | None:
    """The bytes meant, or None if a sequence is not one of the four."""
    out = bytearray()
    rest = iter(escaped)
    for byte in rest:
        if byte not in (0xA6, 0x5B):
            out.append(byte)
            continue
        meant = UNESCAPES.get(bytes([byte, next(rest, 0)]))
        if meant is None:
            return None
        out.append(meant)
    return bytes(out)
