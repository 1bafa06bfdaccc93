"""Dual-colour strips "A0 90" (重庆中意 Zhongyi and compatibles). Pure.

RS-485, 9600 8N1, half duplex.

    frame  = A0 90 address command length(2, high byte first) data xor
    xor    over address … last byte of data
    A5  show now: data is a byte of colour (0 red, 1 green, 2 yellow) after every character,
        a character being one byte of ASCII or two of GBK
    A1  show the page in the strip's ROM; no data
    answer = A0 90 address command AA (accepted) or … 55 (damaged, or not understood)

The answer has no checksum. Sources: the maker's protocol note and two independent programs.
A third command, A2 (store as ROM page), is in one of them only and not used: it wears flash.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce

HEAD = b"\xa0\x90"
SHOW, ROM_PAGE = 0xA5, 0xA1
ACCEPTED, REFUSED = 0xAA, 0x55
ADDRESS_MAX = 0xFF
RED, GREEN, YELLOW = 0, 1, 2
DATA_BYTES_MAX = 720
"""A colour byte for each character of the longest text we send, all of them ASCII, and room."""
_BEFORE_DATA = 6
_ANSWER_BYTES = 5


@dataclass(frozen=True, slots=True)
class Frame:
    """A command for the strip at `address`."""

    address: int
    command: int
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the strip at `address` says to `command`."""

    address: int
    command: int
    accepted: bool


@dataclass(frozen=True, slots=True)
class Flaw:
    """Bytes that began as a frame and are none, and why."""

    reason: str


def encode(frame: Frame) -> bytes:
    """The bytes on the line. Raises `ValueError` for what the protocol cannot say."""
    if len(frame.data) > DATA_BYTES_MAX:
        raise ValueError(f"{len(frame.data)} bytes of data, at most {DATA_BYTES_MAX}")
    body = bytes([frame.address, frame.command]) + len(frame.data).to_bytes(2, "big") + frame.data
    return HEAD + body + bytes([_xor(body)])


def encode_answer(answer: Answer) -> bytes:
    """The bytes a strip says."""
    verdict = ACCEPTED if answer.accepted else REFUSED
    return HEAD + bytes([answer.address, answer.command, verdict])


def colour_text(data: bytes, colour: int) -> bytes:
    """GBK `data` with `colour` after every character. Raises `ValueError` for half a one."""
    out = bytearray()
    at = 0
    while at < len(data):
        size = 2 if data[at] >= 0x80 else 1
        if at + size > len(data):
            raise ValueError("the text ends in half a character")
        out += data[at : at + size] + bytes([colour])
        at += size
    return bytes(out)


def _xor(data: bytes) -> int:
    return reduce(lambda have, byte: have ^ byte, data, 0)


@dataclass(slots=True)
class Decoder:
    """What a strip hears: bytes in any portions → frames and flaws.

    After a flaw only the first byte is given up, so a frame inside what was garbage is found.
    """

    _heard: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> list[Frame | Flaw]:
        """Everything that was completed by `data`, in order."""
        self._heard += data
        found: list[Frame | Flaw] = []
        while _seek(self._heard) and len(self._heard) >= _BEFORE_DATA:
            length = int.from_bytes(self._heard[4:6], "big")
            if length > DATA_BYTES_MAX:
                found.append(Flaw(f"{length} bytes of data, at most {DATA_BYTES_MAX}"))
                del self._heard[0]
                continue
            end = _BEFORE_DATA + length + 1
            if len(self._heard) < end:
                break
            body = bytes(self._heard[2 : end - 1])
            if _xor(body) != self._heard[end - 1]:
                found.append(Flaw("wrong checksum"))
                del self._heard[0]
                continue
            found.append(Frame(body[0], body[1], body[4:]))
            del self._heard[:end]
        return found


@dataclass(slots=True)
class AnswerDecoder:
    """What a host hears: bytes in any portions → answers and flaws."""

    _heard: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> list[Answer | Flaw]:
        """Everything that was completed by `data`, in order."""
        self._heard += data
        found: list[Answer | Flaw] = []
        while _seek(self._heard) and len(self._heard) >= _ANSWER_BYTES:
            address, command, verdict = self._heard[2:_ANSWER_BYTES]
            if verdict in (ACCEPTED, REFUSED):
                found.append(Answer(address, command, verdict == ACCEPTED))
                del self._heard[:_ANSWER_BYTES]
            else:
                found.append(Flaw(f"the verdict {verdict:02x}"))
                del self._heard[0]
        return found

    def reset(self) -> None:
        """Forget an answer begun."""
        self._heard.clear()


def _seek(heard: bytearray) -> bool:
    """Drop what cannot be a beginning; whether something is left."""
    at = heard.find(HEAD)
    if at < 0:
        at = len(heard) - (1 if heard.endswith(HEAD[:1]) else 0)
    del heard[:at]
    return bool(heard)
