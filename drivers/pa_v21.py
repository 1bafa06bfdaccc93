"""平安力合 Ping'an Lihe LED V2.1: window strips and summary screens. Pure.

RS-485, 9600 8N1, half duplex. Two kinds of frame:

    template   A0 LEN command address subcommand data CHK FF
        LEN counts command … data; CHK is (LEN + … + data) mod 100, a decimal hundred
        28 strip, 2A summary screen, 98 version; subcommands 00 welcome, 01 call, 02 pause,
        04 serving, 50 of a version question; the data of a call is number / 100, number % 100,
        window, and the letter of the number where it has one
    instant    AA address BB 51 target CRC func speed stay colour valid text FF
        target 54 strip, 50 the whole summary screen; CRC is the sum of func … FF, low byte;
        func 1 runs left, 2 up; speed 0 … 7; colour 0 … 2; valid 63 (99) for ever; text in GBK
    answer     A0 LEN 14 address 50 CHK FF, to template frames

Source: the maker's protocol note V2.1 and one program that drives such strips; the frames of
the tests are from both. Whether an instant text is answered is not known.

An FF ends an instant frame wherever it stands after the head. GBK has no FF; a CRC that happens
to be FF is avoided by a space at the end of the text, as not every strip may count on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

TEMPLATE_START, INSTANT_START, END = 0xA0, 0xAA, 0xFF
INSTANT_MARK = b"\xbb\x51"
STRIP, SUMMARY, VERSION, ANSWER = 0x28, 0x2A, 0x98, 0x14
WELCOME, CALL, PAUSE, SERVING, ASK = 0x00, 0x01, 0x02, 0x04, 0x50
TO_STRIP, TO_SUMMARY = 0x54, 0x50
STAY, FOR_EVER = 0x99, 0x63
"""As the program sends them: stand as long as allowed, valid for ever."""

ADDRESS_MAX = 0xFE
NUMBER_MAX = 9999
WINDOW_MAX = 254
DATA_BYTES_MAX = 8
TEXT_BYTES_MAX = 240
_INSTANT_HEAD = 6
_INSTANT_MODES = 5


@dataclass(frozen=True, slots=True)
class Template:
    """A template frame, also the answer to one."""

    command: int
    address: int
    subcommand: int
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Instant:
    """A text, shown at once. `text` is GBK."""

    address: int
    text: bytes
    target: int = TO_STRIP
    func: int = 1
    speed: int = 0
    stay: int = STAY
    colour: int = 0
    valid: int = FOR_EVER


@dataclass(frozen=True, slots=True)
class Flaw:
    """Bytes that began as a frame and are none, and why."""

    reason: str


Frame: TypeAlias = Template | Instant


def call(address: int, number: int, window: int, letter: str = "") -> Template:
    """Number `letter` + `number` to `window`. Raises `ValueError` beyond the protocol's ranges."""
    if not 0 <= number <= NUMBER_MAX or not 0 <= window <= WINDOW_MAX:
        raise ValueError(f"number {number} (at most {NUMBER_MAX}) to window {window}")
    data = bytes([number // 100, number % 100, window]) + letter.encode("ascii")
    return Template(STRIP, address, CALL, data)


def version_question(address: int) -> Template:
    """A question that changes nothing on the wall."""
    return Template(VERSION, address, ASK)


def encode(frame: Frame) -> bytes:
    """The bytes on the line. Raises `ValueError` for what the protocol cannot say."""
    return _template(frame) if isinstance(frame, Template) else _instant(frame)


def _template(frame: Template) -> bytes:
    if len(frame.data) > DATA_BYTES_MAX:
        raise ValueError(f"{len(frame.data)} bytes of data, at most {DATA_BYTES_MAX}")
    body = bytes([3 + len(frame.data), frame.command, frame.address, frame.subcommand])
    body += frame.data
    return bytes([TEMPLATE_START]) + body + bytes([sum(body) % 100, END])


def _instant(frame: Instant) -> bytes:
    if END in frame.text or len(frame.text) > TEXT_BYTES_MAX:
        raise ValueError("the end mark in the text, or a text that is too long")
    if END in (frame.func, frame.speed, frame.stay, frame.colour, frame.valid):
        raise ValueError("the end mark among the modes")
    modes = bytes([frame.func, frame.speed, frame.stay, frame.colour, frame.valid])
    body = modes + frame.text + bytes([END])
    if sum(body) & 0xFF == END:
        body = modes + frame.text + b" " + bytes([END])
    head = bytes([INSTANT_START, frame.address]) + INSTANT_MARK + bytes([frame.target])
    return head + bytes([sum(body) & 0xFF]) + body


@dataclass(slots=True)
class Decoder:
    """Bytes in any portions → frames and flaws.

    After a flaw only the first byte is given up, so a frame inside what was garbage is found.
    """

    _heard: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> list[Frame | Flaw]:
        """Everything that was completed by `data`, in order."""
        self._heard += data
        found: list[Frame | Flaw] = []
        while self._heard:
            item = self._first()
            if item is None:
                break
            if isinstance(item, Flaw):
                found.append(item)
                del self._heard[0]
            elif item is not _NOTHING:
                found.append(item)
        return found

    def reset(self) -> None:
        """Forget a frame begun."""
        self._heard.clear()

    def _first(self) -> Frame | Flaw | None:
        """What stands first and is taken away; `_NOTHING` if it is no beginning, None if it is
        not yet complete. A flaw stays where it is."""
        if self._heard[0] == TEMPLATE_START:
            return self._first_template()
        if self._heard[0] == INSTANT_START:
            return self._first_instant()
        del self._heard[0]
        return _NOTHING

    def _first_template(self) -> Template | Flaw | None:
        heard = self._heard
        if len(heard) < 2:
            return None
        length = heard[1]
        if not 3 <= length <= 3 + DATA_BYTES_MAX:
            return Flaw(f"length {length}")
        if len(heard) < length + 4:
            return None
        body, check, end = bytes(heard[1 : length + 2]), heard[length + 2], heard[length + 3]
        if end != END:
            return Flaw("no end mark where the length says")
        if sum(body) % 100 != check:
            return Flaw("wrong checksum")
        del heard[: length + 4]
        return Template(body[1], body[2], body[3], body[4:])

    def _first_instant(self) -> Instant | Flaw | None:
        heard = self._heard
        if not INSTANT_MARK.startswith(bytes(heard[2:4])):
            return Flaw("no instant text")
        end = heard.find(END, _INSTANT_HEAD)
        if end < 0:
            too_long = len(heard) > _INSTANT_HEAD + _INSTANT_MODES + TEXT_BYTES_MAX + 1
            return Flaw("an instant text without an end") if too_long else None
        body = bytes(heard[_INSTANT_HEAD : end + 1])
        if len(body) <= _INSTANT_MODES:
            return Flaw("an instant text cut short")
        if sum(body) & 0xFF != heard[5]:
            return Flaw("wrong checksum")
        address, target = heard[1], heard[4]
        del heard[: end + 1]
        func, speed, stay, colour, valid = body[:_INSTANT_MODES]
        text = body[_INSTANT_MODES:-1]
        return Instant(address, text, target, func, speed, stay, colour, valid)


_NOTHING = Template(-1, -1, -1)
