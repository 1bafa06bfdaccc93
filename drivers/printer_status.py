"""What a printer answers: real-time status, automatic status, answers in order. Pure.

Three kinds of bytes arrive on one line and are told apart by their fixed bits:

    DLE EOT n   one byte   0xx1xx10   asked for, at once, even offline; does not say which n
    ASB         four bytes 0xx1xx00 0xx0xxxx 0xx0xxxx 0xx0xxxx   unasked, at any time
    GS r 1      one byte   0xx0xxxx   asked for, in its turn

Source: Epson's ESC/POS command reference (DLE EOT, GS a, GS r).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Paper: TypeAlias = Literal["ok", "near_end", "out"]

FIXED_BITS = 0x93
REALTIME_BITS = 0x12
ASB_BITS = 0x10
PLAIN_FIXED_BITS = 0x90
ASB_BYTES = 4


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a printer as it tells it."""

    offline: bool = False
    cover_open: bool = False
    cutter_error: bool = False
    error: bool = False
    feeding: bool = False
    """Someone holds the feed button; the printer is offline as long as that lasts."""
    paper: Paper = "ok"

    @property
    def fault(self) -> str:
        """Why it cannot print, as a code of `jobs.JobFailed.reason`; empty if it can.

        The most telling one: an open cover also reports offline, paper out also an error.
        """
        faults = (
            ("cover_open", self.cover_open),
            ("paper_out", self.paper == "out"),
            ("cutter_jam", self.cutter_error),
            ("error", self.error),
            ("offline", self.offline),
        )
        return next((code for code, present in faults if present), "")


@dataclass(frozen=True, slots=True)
class Realtime:
    """One answer to DLE EOT."""

    byte: int


@dataclass(frozen=True, slots=True)
class Automatic:
    """One ASB block."""

    status: Status


@dataclass(frozen=True, slots=True)
class InOrder:
    """One answer to GS r 1."""

    paper: Paper


@dataclass(frozen=True, slots=True)
class Garbage:
    """A byte that is none of these: another baud rate, a broken cable, another device."""

    byte: int


Answer: TypeAlias = Realtime | Automatic | InOrder | Garbage


def status_of_realtime(printer: int, offline: int, error: int, roll: int) -> Status:
    """The answers to DLE EOT 1, 2, 3 and 4 together."""
    return Status(
        offline=bool(printer & 0x08),
        cover_open=bool(offline & 0x04),
        cutter_error=bool(error & 0x08),
        # Bit 6 of n=2 says "an error"; which one is in n=3, where some clones leave all bits 0.
        error=bool(offline & 0x40 or error & 0x60),
        feeding=bool(offline & 0x08),
        # Bit 5 of n=2: stopped by paper end. Some clones have no near-end sensor and set only that.
        paper="out" if offline & 0x20 or roll & 0x60 else "near_end" if roll & 0x0C else "ok",
    )


def status_of_asb(block: bytes) -> Status:
    """One ASB block of four bytes."""
    first, second, third, _ = block
    return Status(
        offline=bool(first & 0x08),
        cover_open=bool(first & 0x20),
        cutter_error=bool(second & 0x08),
        error=bool(second & 0x60),
        feeding=bool(first & 0x40),
        paper=_paper(third),
    )


@dataclass(slots=True)
class AnswerReader:
    """Cuts the stream of answers into values, however it arrives."""

    _held: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> list[Answer]:
        """The answers completed by `data`; never raises. Up to three bytes of a block are held."""
        self._held += data
        answers: list[Answer] = []
        while self._held:
            first = self._held[0]
            if first & FIXED_BITS == ASB_BITS:
                rest = self._held[1:ASB_BYTES]
                if any(byte & PLAIN_FIXED_BITS for byte in rest):
                    answers.append(Garbage(first))  # what follows cannot be its block
                elif len(rest) < ASB_BYTES - 1:
                    break
                else:
                    answers.append(Automatic(status_of_asb(bytes(self._held[:ASB_BYTES]))))
                    del self._held[: ASB_BYTES - 1]
            else:
                answers.append(_single(first))
            del self._held[0]
        return answers

    def reset(self) -> None:
        """Forgets a block that was cut off."""
        self._held.clear()


def _single(byte: int) -> Answer:
    if byte & FIXED_BITS == REALTIME_BITS:
        return Realtime(byte)
    if byte & PLAIN_FIXED_BITS == 0:
        return InOrder(_paper(byte))
    return Garbage(byte)


def _paper(byte: int) -> Paper:
    """Bits of the roll sensors in GS r 1 and the third byte of ASB."""
    return "out" if byte & 0x0C else "near_end" if byte & 0x03 else "ok"
