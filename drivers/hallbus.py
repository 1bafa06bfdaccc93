"""The hall bus, "DL DH command … 1A" (瑞泽 Ruize and compatible window strips). Pure.

RS-485, 9600 8N1, half duplex; a strip listens and says one byte, to one question only.

    frame = DL DH command [parameters 1A]
    DL = 80 | address & 3F      DH = C0 | address >> 6      (a strip below 64 also takes no DH)

    H  query, answered by 3B ";"          T  blank        S  stop flashing
    D  show these characters now          C  colours of the next text, 01 red 02 green 03 yellow
    W  show a page of 7-bit characters

H, T and S have no parameters and no end. How D and C carry characters is the maker's choice:

    nibble  every byte from 80 on as two bytes, high half and low half (00 … 0F), ASCII as it is;
            C says one colour for every byte so sent
    raw     GBK bytes as they are; C one colour a byte
    7bit    W instead of D: GB2312 bytes without their top bit, two of them one character

Sources: the maker's note on the dot-matrix strip and two independent programs that drive it
(nibble: both; raw: one; 7bit: the note only). The strip does not acknowledge a text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

ADDRESS_MAX = 0xFFF
"""6 bits in each of the two address bytes."""
END = 0x1A
ALIVE = b"\x3b"
"""What a strip answers to a query."""
PARAMETERS_MAX = 1024
"""Longer than four bytes for each half character of the longest strip: something is wrong."""

Coding = Literal["nibble", "raw", "7bit"]

QUERY, BLANK, STEADY = b"H", b"T", b"S"
BARE = frozenset((QUERY, BLANK, STEADY))
"""Commands that end with themselves."""
TEXT, COLOURS, PAGE = b"D", b"C", b"W"
LONG = frozenset((TEXT, COLOURS, PAGE))
COMMAND_LETTERS = b"CDHSTW"
"""After a byte from 80 on, each of these may be taken for a command."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One command for the strip at `address`; `parameters` as they are on the line."""

    address: int
    command: bytes
    parameters: bytes = b""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Bytes that began as a frame and are none, and why."""

    reason: str


def encode(frame: Frame) -> bytes:
    """The bytes on the line. Raises `ValueError` for what the protocol cannot say."""
    if not 0 <= frame.address <= ADDRESS_MAX:
        raise ValueError(f"address {frame.address}, from 0 to {ADDRESS_MAX}")
    head = bytes([0x80 | frame.address & 0x3F, 0xC0 | frame.address >> 6]) + frame.command
    if frame.command in BARE:
        if frame.parameters:
            raise ValueError(f"{frame.command.decode()} has no parameters")
        return head
    if frame.command not in LONG:
        raise ValueError(f"no command {frame.command!r}")
    if END in frame.parameters or len(frame.parameters) > PARAMETERS_MAX:
        raise ValueError("the end mark among the parameters, or too many of them")
    return head + frame.parameters + bytes([END])


def encode_text(data: bytes, coding: Coding) -> bytes:
    """GBK bytes as `coding` carries them. Raises `ValueError` if it cannot."""
    if coding == "nibble":
        return b"".join(
            bytes([byte >> 4, byte & 15]) if byte & 0x80 else bytes([byte]) for byte in data
        )
    if coding == "7bit":
        if any(byte < 0xA1 for byte in data):
            raise ValueError("a byte below A1 is no half of a GB2312 character")
        return bytes(byte & 0x7F for byte in data)
    return data


def decode_text(wire: bytes, coding: Coding) -> bytes | None:
    """The GBK bytes `wire` carries; None if `coding` cannot mean it."""
    if coding == "raw":
        return wire
    if coding == "7bit":
        return bytes(byte | 0x80 for byte in wire) if _all_in(wire, 0x21, 0x7E) else None
    out = bytearray()
    rest = iter(wire)
    for byte in rest:
        if byte < 0x10:
            low = next(rest, 0xFF)
            if byte < 8 or low > 15:
                return None
            byte = byte << 4 | low
        elif not 0x20 <= byte < 0x7F:
            return None
        out.append(byte)
    return bytes(out)


def _all_in(data: bytes, low: int, high: int) -> bool:
    return all(low <= byte <= high for byte in data)


@dataclass(slots=True)
class Decoder:
    """Bytes in any portions → frames and flaws, as a strip of `coding` reads the line.

    An address byte followed by a command begins a frame wherever it stands, also inside a text:
    a strip cannot know better. A text whose `COMMAND_LETTERS` are kept apart avoids it.
    """

    coding: Coding = "nibble"
    _begun: bytearray = field(default_factory=bytearray)
    """An address and what follows, or nothing."""
    _tail: bytearray = field(default_factory=bytearray)
    """The last address bytes inside a raw text."""

    def feed(self, data: bytes) -> list[Frame | Flaw]:
        """Everything that was completed by `data`, in order."""
        found: list[Frame | Flaw] = []
        for byte in data:
            found.extend(self._step(byte))
        return found

    def _step(self, byte: int) -> list[Frame | Flaw]:
        begun = self._begun
        if not self._in_parameters():
            return self._head(byte)
        if byte == END:
            return [self._complete()]
        if (flaw := self._interrupted(byte)) is not None:
            return [flaw, *self._bare()]
        begun.append(byte)
        if len(begun) > PARAMETERS_MAX + 3:
            begun.clear()
            self._tail.clear()
            return [Flaw("a frame without an end")]
        return []

    def _head(self, byte: int) -> list[Frame | Flaw]:
        """A byte of the address or the command."""
        begun = self._begun
        if 0x80 <= byte < 0xC0:
            begun[:] = [byte]
        elif len(begun) == 1 and byte >= 0xC0:
            begun.append(byte)
        elif begun and bytes([byte]) in BARE | LONG:
            begun.append(byte)
            return self._bare()
        else:
            begun.clear()
        return []

    def _bare(self) -> list[Frame | Flaw]:
        """A frame that is complete with its command."""
        return [self._complete()] if self._begun and self._command() in BARE else []

    def _interrupted(self, byte: int) -> Flaw | None:
        """Whether `byte` makes the last bytes a new frame's head, or breaks this one."""
        if self.coding != "raw" and byte >= 0x80:
            self._begun[:] = [byte] if byte < 0xC0 else []
            return Flaw("an address before the end of the frame")
        if byte >= 0x80:
            # Only DL, or DL DH, may stand before a command.
            second = len(self._tail) == 1 and byte >= 0xC0
            self._tail[:] = [*self._tail, byte] if second else [byte] if byte < 0xC0 else []
            return None
        tail = bytes(self._tail)
        self._tail.clear()
        if tail and byte in COMMAND_LETTERS:
            self._begun[:] = tail + bytes([byte])
            return Flaw("a text that looks like a command")
        return None

    def _in_parameters(self) -> bool:
        return self._command() in LONG

    def _command(self) -> bytes:
        at = 2 if len(self._begun) > 1 and self._begun[1] >= 0xC0 else 1
        return bytes(self._begun[at : at + 1])

    def _complete(self) -> Frame:
        begun = bytes(self._begun)
        self._begun.clear()
        self._tail.clear()
        two = begun[1] >= 0xC0
        address = begun[0] & 0x3F | ((begun[1] & 0x3F) << 6 if two else 0)
        at = 2 if two else 1
        return Frame(address, begun[at : at + 1], begun[at + 1 :])
