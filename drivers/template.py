"""Frames of strips nobody has a driver for, described in one line of configuration. Pure.

    AA 55 {len-3} {addr} F8 21 00 {text:gbk} 00
    A0 90 [ {addr} A5 {len:2} ( {text:gb2312} ) ] {xor}
    "<ID00>" [ "<L1><PA><FE><MA><WC><FE>" {text:ascii} ] {xor:hex} "<E>"

    4F          a byte, two hexadecimal digits        "OK"   ASCII characters
    {addr}      the strip's address                   {seq}  counts frames, 0 … 255 and again
    {text:gbk}  the text: gbk, gb2312 or ascii, at most once in a frame
    {textlen}   bytes of the text
    {len}       bytes between ( and ), or of the whole frame where there is no ( )
    {xor} {sum} {crc16arc} {crc16modbus} {crc16xmodem} {crc16ccitt}
                checksum of the bytes between [ and ], or of all before it where there is no [ ]
    ;           between frames sent one after the other

A number may be followed by +3 or -3, and %100 (remainder), then by how it is written:
:1 one byte, :2 two bytes high first, :2le low first, :hex two capital hexadecimal digits,
:dec2 two decimal digits (also dec1, dec3). Without it {crc16…} is :2, everything else :1.
A sum or a checksum is cut to the width it is written in; any other number that does not fit is
an error, found when the configuration is read.

What an answer looks like (`Pattern`): bytes, ASCII and {addr} as above, and ?? for any byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from typing import Literal, TypeAlias

FRAMES_MAX = 4
FRAME_BYTES_MAX = 512

Checksum: TypeAlias = Callable[[bytes], int]


class BadTemplate(ValueError):
    """A description that cannot be meant so; says where and what would be right."""


@dataclass(frozen=True, slots=True)
class Width:
    """How a number is written: `size` bytes as binary, "hex" or "dec" digits."""

    size: int
    form: Literal["big", "little", "hex", "dec"] = "big"

    @property
    def limit(self) -> int:
        """The least number too large."""
        return {"hex": 16**self.size, "dec": 10**self.size}.get(self.form, 256**self.size)

    def write(self, number: int) -> bytes:
        """`number`, which is below `limit`."""
        if self.form == "hex":
            return f"{number:0{self.size}X}".encode("ascii")
        if self.form == "dec":
            return f"{number:0{self.size}d}".encode("ascii")
        return number.to_bytes(self.size, "big" if self.form == "big" else "little")


WIDTHS: Mapping[str, Width] = {
    "1": Width(1),
    "2": Width(2),
    "2le": Width(2, "little"),
    "hex": Width(2, "hex"),
    "dec1": Width(1, "dec"),
    "dec2": Width(2, "dec"),
    "dec3": Width(3, "dec"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """Something in braces. `at` is where it stands in the description, from 1."""

    name: str
    plus: int
    modulus: int
    width: Width
    at: int


@dataclass(frozen=True, slots=True)
class TextField:
    """Where the text goes."""

    charset: Literal["gbk", "gb2312", "ascii"]


Part: TypeAlias = bytes | Field | TextField
Span: TypeAlias = tuple[int, int]
"""From the first to before the last part, by their numbers."""


@dataclass(frozen=True, slots=True)
class FrameTemplate:
    """One frame; `counted` is what {len} counts, `summed` what a checksum covers."""

    parts: tuple[Part, ...]
    counted: Span | None = None
    summed: Span | None = None

    @property
    def charset(self) -> Literal["gbk", "gb2312", "ascii"] | None:
        """The text's, None if no text is in it."""
        return next((part.charset for part in self.parts if isinstance(part, TextField)), None)

    def render(self, address: int, text: bytes = b"", sequence: int = 0) -> bytes:
        """The bytes on the line. Raises `BadTemplate` when a number does not fit its width."""
        sizes = [part_size(part, text) for part in self.parts]
        start, end = self.counted or (0, len(sizes))
        numbers = {
            "addr": address,
            "seq": sequence % 256,
            "textlen": len(text),
            "len": sum(sizes[start:end]),
        }
        out: list[bytes] = []
        checks: list[int] = []
        for index, part in enumerate(self.parts):
            if isinstance(part, Field) and part.name in CHECKSUMS:
                checks.append(index)
            out.append(_written(part, text, numbers, sizes[index]))
        for index in checks:
            first, last = self.summed or (0, index)
            field = self.parts[index]
            assert isinstance(field, Field)
            value = CHECKSUMS[field.name](b"".join(out[first:last])) + field.plus
            out[index] = field.width.write(_cut(value, field) % field.width.limit)
        return b"".join(out)


@dataclass(frozen=True, slots=True)
class Pattern:
    """An answer: a byte, or None for any byte. Found anywhere in what is heard."""

    codes: tuple[int | None, ...]

    def found_in(self, heard: bytes) -> bool:
        """Whether it stands somewhere in `heard`."""
        size = len(self.codes)
        return any(
            all(want in (None, have) for want, have in zip(self.codes, heard[at:], strict=False))
            for at in range(len(heard) - size + 1)
        )

    def example(self) -> bytes:
        """An answer that fits."""
        return bytes(code or 0 for code in self.codes)


def parse(description: str, address: int, text_bytes_max: int) -> tuple[FrameTemplate, ...]:
    """The frames `description` means, each proven to fit with texts up to `text_bytes_max`.

    Raises `BadTemplate` with a sentence for the person who wrote it.
    """
    frames: list[FrameTemplate] = []
    reader = _Reader()
    for match in _tokens(description):
        if match.lastgroup == "next":
            frames.append(reader.finish())
            reader = _Reader()
        else:
            reader.take(match)
    frames.append(reader.finish())
    if len(frames) > FRAMES_MAX:
        raise BadTemplate(f"{len(frames)} frames, at most {FRAMES_MAX}")
    for frame in frames:
        for length in (0, text_bytes_max) if frame.charset else (0,):
            size = max(len(frame.render(address, b" " * length, count)) for count in (0, 255))
            if size > FRAME_BYTES_MAX:
                raise BadTemplate(f"a frame of {size} bytes, at most {FRAME_BYTES_MAX}")
    return tuple(frames)


def parse_pattern(description: str, address: int) -> Pattern:
    """The answer `description` means. Raises `BadTemplate`."""
    reader = _Reader(any_byte=True)
    for match in _tokens(description):
        if match.lastgroup in ("next", "bracket"):
            raise _wrong(match, "an answer is one frame without brackets")
        reader.take(match)
    frame = replace(reader.finish(), counted=None)
    codes: list[int | None] = []
    for part in frame.parts:
        if isinstance(part, bytes):
            codes += [None] if part == _ANY else list(part)
        elif isinstance(part, Field) and part.name == "addr":
            codes += _written(part, b"", {"addr": address}, part.width.size)
        else:
            raise BadTemplate("an answer has bytes, {addr} and ?? only")
    if all(code is None for code in codes):
        raise BadTemplate("an answer of ?? only would be found in any noise")
    return Pattern(tuple(codes))


def _xor(data: bytes) -> int:
    return reduce(lambda have, byte: have ^ byte, data, 0)


def _crc_reflected(initial: int) -> Checksum:
    def crc(data: bytes) -> int:
        value = initial
        for byte in data:
            value ^= byte
            for _ in range(8):
                value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
        return value

    return crc


def _crc_straight(initial: int) -> Checksum:
    def crc(data: bytes) -> int:
        value = initial
        for byte in data:
            value ^= byte << 8
            for _ in range(8):
                value = (value << 1 ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
        return value

    return crc


CHECKSUMS: Mapping[str, Checksum] = {
    "xor": _xor,
    "sum": sum,
    "crc16arc": _crc_reflected(0),
    "crc16modbus": _crc_reflected(0xFFFF),
    "crc16xmodem": _crc_straight(0),
    "crc16ccitt": _crc_straight(0xFFFF),
}
NUMBERS = ("addr", "len", "textlen", "seq")

_ANY = b"??"
_TOKEN = re.compile(
    r"""(?P<space>\s+) | (?P<byte>[0-9A-Fa-f]{2}) | (?P<any>\?\?) | "(?P<ascii>[ !#-~]+)"
      | \{(?P<field>[^{}]*)\} | (?P<bracket>[()\[\]]) | (?P<next>;)""",
    re.VERBOSE,
)
_FIELD = re.compile(
    r"(?P<name>[a-z][a-z0-9]*)(?P<plus>[+-][0-9]{1,4})?(?:%(?P<mod>[0-9]{1,5}))?(?::(?P<how>\w+))?"
)


def _tokens(description: str) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    at = 0
    while at < len(description):
        match = _TOKEN.match(description, at)
        if match is None:
            raise BadTemplate(
                f"character {at + 1}, {description[at : at + 8]!r}: expected is a byte as two"
                ' hexadecimal digits, "text", {field}, a bracket or ;'
            )
        if match.lastgroup != "space":
            found.append(match)
        at = match.end()
    return found


class _Reader:
    """Puts tokens together to one frame."""

    def __init__(self, any_byte: bool = False) -> None:
        self._any_byte = any_byte
        self._parts: list[Part] = []
        self._open: dict[str, int] = {}
        self._spans: dict[str, Span] = {}

    def take(self, match: re.Match[str]) -> None:
        """The next token."""
        word = match[match.lastgroup or 0]
        if match.lastgroup == "byte":
            self._parts.append(bytes.fromhex(word))
        elif match.lastgroup == "ascii":
            self._parts.append(word.encode("ascii"))
        elif match.lastgroup == "field":
            self._parts.append(self._field(match, word))
        elif match.lastgroup == "bracket":
            self._bracket(match, word)
        elif self._any_byte:
            self._parts.append(_ANY)
        else:
            raise _wrong(match, "any byte is for answers only")

    def finish(self) -> FrameTemplate:
        """The frame. Raises `BadTemplate` for what only the whole shows."""
        if self._open:
            raise BadTemplate(f"the bracket {next(iter(self._open))} is not closed")
        if not self._parts:
            raise BadTemplate("a frame without bytes")
        summed = self._spans.get("[")
        for index, part in enumerate(self._parts):
            if not isinstance(part, Field) or part.name not in CHECKSUMS:
                continue
            if summed and summed[0] <= index < summed[1]:
                raise BadTemplate(f"character {part.at}: a checksum stands inside its own [ ]")
            if summed is None and not index:
                raise BadTemplate(f"character {part.at}: a checksum of nothing")
        return FrameTemplate(tuple(self._parts), self._spans.get("("), summed)

    def _bracket(self, match: re.Match[str], word: str) -> None:
        opening = {")": "(", "]": "["}.get(word)
        if opening is None:
            if word in self._open or word in self._spans:
                raise _wrong(match, "only one pair of these brackets in a frame")
            self._open[word] = len(self._parts)
        elif opening not in self._open:
            raise _wrong(match, "closes a bracket that is not open")
        else:
            self._spans[opening] = (self._open.pop(opening), len(self._parts))

    def _field(self, match: re.Match[str], word: str) -> Field | TextField:
        found = _FIELD.fullmatch(word)
        names = (*NUMBERS, *CHECKSUMS)
        if found is None or found["name"] not in ("text", *names):
            raise _wrong(match, "no such field; there are text:gbk, " + ", ".join(names))
        how = found["how"]
        if found["name"] == "text":
            return self._text(match, word.removeprefix("text").removeprefix(":"))
        width = WIDTHS.get(how or ("2" if found["name"].startswith("crc16") else "1"))
        modulus = int(found["mod"] or 0)
        if width is None:
            raise _wrong(match, f"no way to write a number; there are {', '.join(WIDTHS)}")
        if found["mod"] and not 2 <= modulus <= width.limit:
            raise _wrong(match, f"the remainder of a division by 2 to {width.limit}")
        return Field(found["name"], int(found["plus"] or 0), modulus, width, match.start() + 1)

    def _text(self, match: re.Match[str], charset: str) -> TextField:
        if any(isinstance(part, TextField) for part in self._parts):
            raise _wrong(match, "the text stands in a frame once")
        for known in ("gbk", "gb2312", "ascii"):
            if charset == known:
                return TextField(known)
        raise _wrong(match, "a text needs its charset: text:gbk, text:gb2312 or text:ascii")


def _wrong(match: re.Match[str], why: str) -> BadTemplate:
    return BadTemplate(f"character {match.start() + 1}, {match[0]}: {why}")


def part_size(part: Part, text: bytes) -> int:
    """Bytes of `part` on the line."""
    if isinstance(part, bytes):
        return len(part)
    return part.width.size if isinstance(part, Field) else len(text)


def _written(part: Part, text: bytes, numbers: Mapping[str, int], size: int) -> bytes:
    if isinstance(part, bytes):
        return part
    if isinstance(part, TextField):
        return text
    if part.name in CHECKSUMS:
        return bytes(size)  # known when all else is
    return written(part, numbers[part.name])


def written(field: Field, number: int) -> bytes:
    """`number` as `field` writes it. Raises `BadTemplate` when it does not fit."""
    number = _cut(number + field.plus, field)
    if not 0 <= number < field.width.limit:
        raise BadTemplate(f"character {field.at}: {field.name} is {number} and does not fit")
    return field.width.write(number)


def _cut(number: int, field: Field) -> int:
    return number % field.modulus if field.modulus else number
