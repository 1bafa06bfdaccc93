"""Identity card readers with a SAM module (居民身份证): values to bytes and back. No I/O, no clock.

    request   AA AA AA 96 69 | length(2) | command parameter [data] | XOR
    answer    AA AA AA 96 69 | length(2) | SW1 SW2 SW3 [data] | XOR     115200 8N1, big-endian

    length = from the command or SW1 to XOR; XOR over length … data. A card is found (20 01, SW3
    9F), selected (20 02, 90), read (30 01, 90): text, photo and perhaps fingerprints with their
    lengths in front, 1295, 1297, 1809 or 2321 bytes in all. 80 means that there is no new card.

The photo and the fingerprints are overwritten here and go no further: nothing above this
module can get at them. What does go up shows itself masked (`repr`), so that neither a log nor
a traceback can hold a name or a number. Source: twelve published implementations that agree; the
check digit is GB 11643 (ISO 7064 MOD 11-2), the masking that of GB/T 35273 and bank practice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import Literal

PREAMBLE = bytes.fromhex("AAAAAA9669")
LENGTH_BYTES = 2
BODY_MAX = 2314
"""Text, photo and two fingerprints: the longest answer there is."""

FOUND, OK, NO_CARD, NOT_SELECTED, NOT_READ = 0x9F, 0x90, 0x80, 0x81, 0x41

TEXT_BYTES = 256
PHOTO_BYTES = 1024
FINGERPRINT_BYTES = (0, 512, 1024)

Kind = Literal["", "I", "J"]
"""Resident card, foreigner's permanent residence card, residence permit (港澳台)."""

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS = "10X98765432"

_DOUBLE_SURNAMES = (
    "欧阳太史端木上官司马东方独孤南宫万俟闻人夏侯诸葛尉迟公羊赫连澹台皇甫宗政濮阳公冶"
    "太叔申屠公孙慕容仲孙钟离长孙宇文司徒鲜于司空闾丘子车亓官司寇巫马公西颛孙壤驷公良"
    "漆雕乐正宰父谷梁拓跋夹谷轩辕令狐段干百里呼延东郭南门羊舌微生梁丘左丘东门西门第五"
)
DOUBLE_SURNAMES = frozenset(
    _DOUBLE_SURNAMES[at : at + 2] for at in range(0, len(_DOUBLE_SURNAMES), 2)
)


def request(command: int, parameter: int, data: bytes = b"") -> bytes:
    """The bytes of a request."""
    return _frame(bytes([command, parameter]) + data)


def answer(sw3: int, data: bytes = b"", sw1: int = 0, sw2: int = 0) -> bytes:
    """The bytes of a reader's answer."""
    return _frame(bytes([sw1, sw2, sw3]) + data)


def _frame(body: bytes) -> bytes:
    counted = (len(body) + 1).to_bytes(LENGTH_BYTES, "big") + body
    return PREAMBLE + counted + bytes([xor(counted)])


def xor(data: bytes | bytearray) -> int:
    """All bytes XORed."""
    return reduce(lambda left, right: left ^ right, data, 0)


FIND = request(0x20, 0x01)
SELECT = request(0x20, 0x02)
READ = request(0x30, 0x01)
STATUS = request(0x11, 0xFF)


@dataclass(frozen=True, slots=True)
class Answer:
    """A reader's answer. `data` is short, or of a card's data only the text block."""

    sw3: int
    data: bytes = field(default=b"", repr=False)
    well: bool = True
    """SW1 and SW2 are 0, as they must be."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that began like an answer and is none, and why."""

    reason: str


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """What of a card's text block is used. Shows itself masked."""

    kind: Kind
    name: str
    number: str
    sex: Literal["", "male", "female"]

    def __repr__(self) -> str:
        return f"Person({mask_name(self.name, self.kind)})"

    __str__ = __repr__


class BadCard(ValueError):
    """A text block that no card has. The message says which field, never what is in it."""


@dataclass(slots=True, repr=False)
class Decoder:
    """Bytes in any portions → answers and flaws. Finds the next answer after any garbage."""

    _bytes: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> list[Answer | Flaw]:
        """Everything that was completed by `data`, in order."""
        self._bytes += data
        found: list[Answer | Flaw] = []
        while (item := self._next()) is not None:
            found.append(item)
        return found

    def reset(self) -> None:
        """Forget what was begun, and overwrite it."""
        self._forget(len(self._bytes))

    def _next(self) -> Answer | Flaw | None:
        at = self._bytes.find(PREAMBLE)
        # Without a preamble only its possible beginning is kept.
        self._forget(at if at >= 0 else max(0, len(self._bytes) - len(PREAMBLE) + 1))
        head = len(PREAMBLE) + LENGTH_BYTES
        if at < 0 or len(self._bytes) < head:
            return None
        length = int.from_bytes(self._bytes[len(PREAMBLE) : head], "big")
        if not 4 <= length <= BODY_MAX:
            self._forget(1)
            return Flaw(f"a length of {length}")
        if len(self._bytes) < head + length:
            return None
        if xor(self._bytes[len(PREAMBLE) : head + length]):
            # Only the preamble is passed over: the true answer may begin inside.
            self._forget(1)
            return Flaw("wrong XOR")
        status = bytes(self._bytes[head : head + 3])
        data = _without_pictures(self._bytes, head + 3, head + length - 1)
        self._forget(head + length)
        return Answer(status[2], data, status[:2] == b"\0\0")

    def _forget(self, count: int) -> None:
        self._bytes[:count] = bytes(count)
        del self._bytes[:count]


def _without_pictures(buffer: bytearray, start: int, end: int) -> bytes:
    """An answer's data; of a card's data the text block alone."""
    size = end - start
    text, photo = (int.from_bytes(buffer[start + at : start + at + 2], "big") for at in (0, 2))
    if (text, photo) == (TEXT_BYTES, PHOTO_BYTES):
        for fingerprint in FINGERPRINT_BYTES:
            # Four bytes of lengths, or six, the last two those of the fingerprints.
            said = int.from_bytes(buffer[start + 4 : start + 6], "big")
            if size == 6 + text + photo + fingerprint and said == fingerprint:
                return bytes(buffer[start + 6 : start + 6 + text])
        if size == 4 + text + photo:
            return bytes(buffer[start + 4 : start + 4 + text])
    # No other answer is longer than a module's number; more could only be a picture.
    return bytes(buffer[start:end]) if size <= 64 else b""


def person_of(text: bytes) -> Person:
    """The person in a text block of 256 bytes, UTF-16LE. Raises `BadCard`."""
    if len(text) != TEXT_BYTES:
        raise BadCard("a text block of another length")
    try:
        whole = text.decode("utf-16-le")
    except UnicodeDecodeError:
        raise BadCard("a text block that is no text") from None
    if len(whole) != TEXT_BYTES // 2:  # a surrogate pair is one character here, two there
        whole = "".join(text[at : at + 2].decode("utf-16-le", "replace") for at in range(0, 256, 2))
    flag = whole[124]
    if flag == "I":
        return _foreigner(text, whole)
    kind: Kind = "J" if flag == "J" else ""
    name, number = _field(text, 0, 30), whole[61:79].strip(" \0")
    if not name:
        raise BadCard("a card without a name")
    if not has_check_digit(number):
        raise BadCard("a card number whose check digit is wrong")
    return Person(kind, name, number, _sex(whole[15]))


def _foreigner(text: bytes, whole: str) -> Person:
    name = _field(text, 158, 188) or _field(text, 0, 120)
    number = whole[61:76].strip(" \0")
    if not name:
        raise BadCard("a card without a name")
    if not (len(number) == 15 and number.isascii() and number.isalnum()):
        raise BadCard("a foreigner's card number that is none")
    return Person("I", name, number, _sex(whole[60]))


def _field(text: bytes, start: int, end: int) -> str:
    return text[start:end].decode("utf-16-le", "replace").strip(" \0\u3000")


def _sex(code: str) -> Literal["", "male", "female"]:
    return "male" if code == "1" else "female" if code == "2" else ""


def has_check_digit(number: str) -> bool:
    """Whether an 18-digit citizen number ends in the check digit of GB 11643."""
    digits, check = number[:-1], number[-1:]
    if len(digits) != len(WEIGHTS) or not (digits.isascii() and digits.isdigit()):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, WEIGHTS, strict=True))
    return CHECK_DIGITS[total % 11] == check


def mask_name(name: str, kind: Kind = "") -> str:
    """A name as a hall may call it out: the surname and one star, 张*, 欧阳*.

    Of a name of other peoples (买买提·艾力) the first character, of a Latin one the first letter.
    Nothing of a name of one character. How long the rest is stays unsaid.
    """
    name = name.strip()
    if len(name) < 2:
        return "*"
    if name[:2] in DOUBLE_SURNAMES and len(name) > 2 and "·" not in name:
        return f"{name[:2]}*"
    return f"{name[0]}*"
