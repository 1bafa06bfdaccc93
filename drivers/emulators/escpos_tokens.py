"""Cuts a stream of ESC/POS bytes into commands, however it arrives. Pure and strict.

Every command known here has a row in one of the tables below; whatever has none is a `Token`
named `unknown`, one per lead, and never guessed: what follows is read as text, as a printer
would. Source: Epson's ESC/POS command reference; manuals of Zijiang ZJ-58, Birch BP-002 (FS).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

ESC, FS, GS, DLE = 0x1B, 0x1C, 0x1D, 0x10
LEADS = (ESC, FS, GS, DLE)

FIXED: Mapping[bytes, int] = {
    b"\x1b@": 0, b"\x1bt": 1, b"\x1bR": 1, b"\x1bM": 1, b"\x1ba": 1, b"\x1bE": 1, b"\x1bG": 1,
    b"\x1b-": 1, b"\x1b!": 1, b"\x1bd": 1, b"\x1bJ": 1, b"\x1b2": 0, b"\x1b3": 1, b"\x1bp": 3,
    b"\x1bB": 2, b"\x1b ": 1, b"\x1b{": 1, b"\x1bV": 1, b"\x1b$": 2, b"\x1b\\": 2,
    b"\x1d!": 1, b"\x1dB": 1, b"\x1da": 1, b"\x1dr": 1, b"\x1dI": 1, b"\x1dh": 1, b"\x1dw": 1,
    b"\x1dH": 1, b"\x1df": 1, b"\x1db": 1, b"\x1dL": 2, b"\x1dW": 2, b"\x1dP": 2,
    b"\x1c&": 0, b"\x1c.": 0, b"\x1c!": 1, b"\x1c-": 1, b"\x1cW": 1, b"\x1cS": 2,
    b"\x10\x04": 1, b"\x10\x05": 1,
}  # fmt: skip
"""Commands of two bytes, with how many parameter bytes follow."""

DLE_DC4_PARAMETERS = {1: 2, 2: 2, 3: 5, 7: 1, 8: 7}
"""Parameters after `10 14 fn`: drawer pulse, power off, buzzer, status, clear buffers."""

CUT_PARAMETERS = {0: 0, 1: 0, 48: 0, 49: 0, 65: 1, 66: 1, 97: 1, 98: 1, 103: 1, 104: 1}
"""Parameters after `1D 56 m`: function A cuts, B feeds n first, C and D cut at a position."""

BIT_IMAGE_BYTES = {0: 1, 1: 1, 32: 3, 33: 3}
"""Bytes a column by the m of ESC *."""

BARCODES_TO_NUL = range(7)
BARCODES_COUNTED = range(65, 80)
BARCODE_TO_NUL_MAX = 255
"""A barcode without its closing NUL would swallow the rest of the day."""


@dataclass(frozen=True, slots=True)
class Token:
    """One command: its two bytes as `name`, its parameters and data as `data`.

    Names without a lead: `byte` (one byte outside of commands: text, LF, CR …), `unknown`.
    """

    name: bytes
    data: bytes


BYTE, UNKNOWN = b"byte", b"unknown"


@dataclass(slots=True)
class Tokenizer:
    """Incremental: keeps what is not yet a whole command."""

    _held: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> list[Token]:
        """The tokens completed by `data`."""
        self._held += data
        tokens: list[Token] = []
        at = 0
        while at < len(self._held):
            length = length_of(memoryview(self._held)[at:])
            if length is None:
                break
            tokens.append(_token(bytes(self._held[at : at + length])))
            at += length
        del self._held[:at]
        return tokens

    def reset(self) -> None:
        """Forgets a command that was cut off."""
        self._held.clear()

    @property
    def pending(self) -> int:
        """Bytes of a command that has not ended."""
        return len(self._held)


def length_of(data: memoryview) -> int | None:
    """Length of the command `data` begins with; None if more bytes are needed to tell."""
    if data[0] not in LEADS:
        return 1
    if len(data) < 2:
        return None
    name = bytes(data[:2])
    if name in FIXED:
        return _if_there(data, 2 + FIXED[name])
    measure = MEASURED.get(name)
    # An unknown command is its lead and one byte; how many parameters it has nobody knows.
    return 2 if measure is None else measure(data)


def _if_there(data: memoryview, length: int) -> int | None:
    return length if len(data) >= length else None


def _chosen(table: Mapping[int, int]) -> Callable[[memoryview], int | None]:
    """Two bytes, one that chooses, and as many more as `table` says."""

    def measure(data: memoryview) -> int | None:
        return None if len(data) < 3 else _if_there(data, 3 + table.get(data[2], 0))

    return measure


def _raster(data: memoryview) -> int | None:
    if len(data) < 8:
        return None
    if data[2] != ord("0"):
        return 3
    stride, rows = data[4] | data[5] << 8, data[6] | data[7] << 8
    return _if_there(data, 8 + stride * rows)


def _bit_image(data: memoryview) -> int | None:
    if len(data) < 5:
        return None
    return _if_there(data, 5 + BIT_IMAGE_BYTES.get(data[2], 0) * (data[3] | data[4] << 8))


def _counted(data: memoryview) -> int | None:
    """`1D 28 x pL pH` and that many bytes."""
    return None if len(data) < 5 else _if_there(data, 5 + (data[3] | data[4] << 8))


def _barcode(data: memoryview) -> int | None:
    if len(data) < 4:
        return None
    if data[2] in BARCODES_COUNTED:
        return _if_there(data, 4 + data[3])
    if data[2] not in BARCODES_TO_NUL:
        return 3
    for at in range(3, min(len(data), 4 + BARCODE_TO_NUL_MAX)):
        if data[at] == 0:
            return at + 1
    return None if len(data) < 4 + BARCODE_TO_NUL_MAX else 3


MEASURED: Mapping[bytes, Callable[[memoryview], int | None]] = {
    b"\x1dv": _raster,
    b"\x1b*": _bit_image,
    b"\x1d(": _counted,
    b"\x1dk": _barcode,
    b"\x1dV": _chosen(CUT_PARAMETERS),
    b"\x10\x14": _chosen(DLE_DC4_PARAMETERS),
}
"""Commands whose length is in their first bytes."""


def _token(data: bytes) -> Token:
    if data[0] not in LEADS:
        return Token(BYTE, data)
    name = data[:2]
    if name in FIXED or name in MEASURED:
        return Token(name, data[2:])
    return Token(UNKNOWN, data)


@dataclass(slots=True)
class RealtimeScanner:
    """Finds real-time questions in the raw stream, even inside a picture, as a printer does."""

    _tail: bytes = b""

    def feed(self, data: bytes) -> list[int]:
        """The n of every DLE EOT n (1 to 4) that ends in `data`, in order."""
        window = self._tail + data
        found = []
        at = window.find(b"\x10\x04")
        while at >= 0 and at + 2 < len(window):
            if 1 <= window[at + 2] <= 4:
                found.append(window[at + 2])
            at = window.find(b"\x10\x04", at + 2)
        # Only bytes that may still begin a question are kept.
        self._tail = window[-2:] if window.endswith(b"\x10\x04") else b""
        if window.endswith(b"\x10"):
            self._tail = b"\x10"
        return found
