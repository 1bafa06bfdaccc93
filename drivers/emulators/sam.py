"""A strict card reader in software. Cards are made up: `card_text` writes a text block.

Requests are checked to the last byte; anything that is none is kept in `violations` and
answered with an error, as the module does.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.sam import (
    FIND,
    FOUND,
    NO_CARD,
    NOT_READ,
    NOT_SELECTED,
    OK,
    PHOTO_BYTES,
    PREAMBLE,
    READ,
    SELECT,
    STATUS,
    TEXT_BYTES,
    answer,
)

WRONG_COMMAND = 0x21
PHOTO = b"WLf\0" + b"\x5a\xa5\x96\x69" * ((PHOTO_BYTES - 4) // 4)
"""Looks like a picture, and holds parts of a preamble."""


def card_text(name: str, number: str, sex: str = "1", flag: str = " ") -> bytes:
    """The text block of a resident card, or with flag J of a residence permit."""
    whole = (
        f"{name:<15}{sex:1}01{number[6:14]:<8}{'某省某市某路1号':<35}{number:<18}{'某市公安局':<15}"
        f"20200101{'长期':<8}{'':<14}{flag:1}{'':<3}"
    )
    return whole.encode("utf-16-le")


def foreign_text(latin: str, chinese: str, number: str, sex: str = "2") -> bytes:
    """The text block of a foreigner's permanent residence card."""
    whole = f"{latin:<60}{sex:1}{number:<15}CAN{chinese:<15}202001012030010119800101011500I   "
    return whole.encode("utf-16-le")


@dataclass(slots=True, repr=False)
class SamReader:
    """One reader. `lay` a card on it, `lift` it."""

    finds_again: bool = False
    """Some models find a card that lies there again and again; the others only once."""
    fingerprints: int | None = None
    """None: answers without their length; else so many bytes of them are sent too."""
    error: int = 0
    """Answers every request with this error."""
    violations: list[str] = field(default_factory=list)
    reads: int = 0
    _card: bytes | None = None
    _state: str = "none"
    _bytes: bytearray = field(default_factory=bytearray)

    def lay(self, text: bytes) -> None:
        """Somebody lays a card with this text block on the reader."""
        assert len(text) == TEXT_BYTES
        self._card, self._state = text, "fresh"

    def lift(self) -> None:
        """And takes it away."""
        self._card, self._state = None, "none"

    def feed(self, data: bytes) -> bytes:
        """Take bytes, return the answers."""
        self._bytes += data
        out = b""
        head = len(PREAMBLE)
        while len(self._bytes) >= head + 2:
            if not self._bytes.startswith(PREAMBLE):
                self.violations.append("bytes that begin no request")
                self._bytes.clear()
                break
            size = head + 2 + int.from_bytes(self._bytes[head : head + 2], "big")
            if len(self._bytes) < size:
                break
            asked = bytes(self._bytes[:size])
            del self._bytes[:size]
            out += self._answer(asked)
        return out

    def _answer(self, asked: bytes) -> bytes:
        if self.error:
            return answer(self.error)
        match asked:
            case _ if asked == STATUS:
                return answer(OK)
            case _ if asked == FIND:
                return self._find()
            case _ if asked == SELECT:
                if self._state != "found":
                    return answer(NOT_SELECTED)
                self._state = "selected"
                return answer(OK, bytes(8))
            case _ if asked == READ:
                return self._read()
        self.violations.append("a request that is none")
        return answer(WRONG_COMMAND)

    def _find(self) -> bytes:
        again = self.finds_again or self._state != "read"
        if self._card is None or not again:
            return answer(NO_CARD)
        self._state = "found"
        return answer(FOUND, bytes(4))

    def _read(self) -> bytes:
        if self._card is None or self._state != "selected":
            return answer(NOT_READ)
        self._state = "read"
        self.reads += 1
        lengths = TEXT_BYTES.to_bytes(2, "big") + PHOTO_BYTES.to_bytes(2, "big")
        prints = b""
        if self.fingerprints is not None:
            lengths += self.fingerprints.to_bytes(2, "big")
            prints = b"\xc3" * self.fingerprints
        return answer(OK, lengths + self._card + PHOTO + prints)
