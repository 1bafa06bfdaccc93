"""Call pads and evaluators of halls, "FF 68 … 16": values to bytes and back. No I/O, no clock.

    [FF] 68 L L 68 | ADDR CTL DATA… | SUM 16     9600 8N1, RS-485, often with strips on it

    L = length of ADDR CTL DATA, SUM = their sum & FF. FF is a pad byte in front; evaluators'
    acknowledgements have none. SUM may itself be 16 and digits may be 68: frames are read by
    length, never by searching for their end.

    pad → host        DATA = digits 00 … 09, then one key 0A … 0F; any CTL (ours: 01)
    host → pad        the identical frame: heard; CTL 02 digits, 0A, digits: number _ waiting;
                      CTL 02 with 01 | 00: done, not done; CTL 03: alarm
    evaluator → host  ADDR ≥ 80, CTL 11, DATA = grade 0 … 4
    host → evaluator  68 02 02 68 ADDR 01 SUM 16: heard

Source: the published code of one maker's host and of a nurse-call sibling; there is no public
document. The end 16 of a "show number" frame is missing there: sent here, as by all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from drivers.input_event import KeyPress
from drivers.jobs import PadAction

PAD_BYTE = 0xFF
START = 0x68
END = 0x16
SEPARATOR = 0x0A
"""Drawn as _ between the number and how many wait."""

PRESS, SHOW, ALARM, GRADE = 0x01, 0x02, 0x03, 0x11

EVALUATOR = 0x80
"""The evaluator of pad n has the address 80 + n."""
PAD_MAX = 0x7F
GRADES = 5
DATA_MAX = 30
"""The longest frame known has 9 bytes of data; a length beyond it is garbage, not waited for."""

KEY_START, KEY_WAIT, KEY_CALL, KEY_RECALL, KEY_CANCEL, KEY_FUNCTION = range(0x0A, 0x10)

BARE: Mapping[int, PadAction] = {
    KEY_START: "start",
    KEY_CALL: "call-next",
    KEY_RECALL: "recall",
    KEY_CANCEL: "undo",
    KEY_WAIT: "park",
}
"""A key without digits."""
NUMBERED: Mapping[int, PadAction] = {KEY_START: "transfer", KEY_CALL: "call"}
"""A key after digits: those are a window or queue, or a number."""
FUNCTIONS: Mapping[int, PadAction] = {
    0: "pause",
    2: "open",
    4: "logout",
    5: "miss",
    6: "call-guard",
    7: "call-manager",
    9: "call-adviser",
}
"""One digit and 功能; more digits are a clerk's own number."""
ASKS_ADDRESS = bytes([8, KEY_FUNCTION])
"""A pad that wants to show its own address; the host's affair, nobody else's."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame, from or to the device `address`."""

    address: int
    control: int
    data: bytes = b""


def encode(frame: Frame, pad_byte: bool = True) -> bytes:
    """The bytes on the line. Raises `ValueError` for data longer than `DATA_MAX`."""
    if len(frame.data) > DATA_MAX:
        raise ValueError(f"{len(frame.data)} bytes of data, at most {DATA_MAX}")
    body = bytes([frame.address, frame.control]) + frame.data
    head = bytes([START, len(body), len(body), START])
    wire = head + body + bytes([sum(body) & 0xFF, END])
    return bytes([PAD_BYTE]) + wire if pad_byte else wire


def acknowledgement(frame: Frame) -> bytes:
    """What tells a pad or an evaluator that it was heard."""
    if frame.address >= EVALUATOR:
        return encode(Frame(frame.address, PRESS), pad_byte=False)
    return encode(frame)


def show(address: int, number: str, waiting: int) -> Frame:
    """Number and waiting count on a pad's display: digits only, the last four and three of them.

    "A017" is shown as 017: these displays have no letters.
    """
    digits = [int(one) for one in number if "0" <= one <= "9"][-4:]
    count = [int(one) for one in str(max(0, min(waiting, 999)))]
    return Frame(address, SHOW, bytes([*digits, SEPARATOR, *count]))


def done(address: int, well: bool) -> Frame:
    """Tells the clerk that it worked, or not."""
    return Frame(address, SHOW, bytes([1 if well else 0]))


def alarm(address: int) -> Frame:
    """Makes the pad beep."""
    return Frame(address, ALARM)


def key_press(frame: Frame) -> KeyPress | None:
    """What a pad's frame means, None if nothing."""
    if not frame.data or frame.address >= EVALUATOR:
        return None
    digits, key = frame.data[:-1], frame.data[-1]
    if any(digit > 9 for digit in digits) or not KEY_START <= key <= KEY_FUNCTION:
        return None
    number = "".join(str(digit) for digit in digits)
    if not digits:
        action = BARE.get(key)
        return KeyPress(action) if action else None
    if key == KEY_FUNCTION:
        if len(digits) > 1:
            return KeyPress("login", number)
        action = FUNCTIONS.get(digits[0])
        return KeyPress(action) if action else None
    if key in NUMBERED:
        return KeyPress(NUMBERED[key], number)
    return KeyPress("park") if key == KEY_WAIT and digits == b"\0" else None


def grade(frame: Frame) -> int | None:
    """The grade in an evaluator's frame, 0 (poor) … 4, None if it is none."""
    if frame.address < EVALUATOR or frame.control != GRADE or len(frame.data) != 1:
        return None
    return frame.data[0] if frame.data[0] < GRADES else None


@dataclass(slots=True)
class Decoder:
    """Bytes in any portions → frames. Passes over other protocols' bytes on the same line."""

    flaws: int = 0
    """Frames whose length fitted and whose sum or end did not."""
    _bytes: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> list[Frame]:
        """Everything that was completed by `data`, in order."""
        self._bytes += data
        return self._frames()

    @property
    def midway(self) -> bool:
        """Whether a frame began that has not ended. A pad byte alone is none: other protocols
        end in it, and nobody should wait after each of their frames."""
        return self._bytes[:1] not in (b"", bytes([PAD_BYTE]))

    def gap(self) -> list[Frame]:
        """The line fell silent: what began was no frame. One inside of it may be."""
        found: list[Frame] = []
        while self._bytes:
            del self._bytes[0]
            found += self._frames()
        return found

    def _frames(self) -> list[Frame]:
        found = []
        while self._bytes:
            skip = self._bytes.find(START)
            if skip:
                # A pad byte alone is kept: it may be the first of a frame.
                keep = 1 if skip < 0 and self._bytes[-1] == PAD_BYTE else 0
                del self._bytes[: skip if skip > 0 else len(self._bytes) - keep]
                if keep:
                    break
                continue
            size = self._size()
            if size is None:
                break
            frame = self._parse(size) if size else None
            if frame is not None:
                found.append(frame)
            del self._bytes[: size if frame is not None else 1]
        return found

    def _size(self) -> int | None:
        """Bytes of the frame at the beginning, 0 if none is there, None if it goes on."""
        head = self._bytes[1:4]
        if head and not 2 <= head[0] <= 2 + DATA_MAX:
            return 0
        if (len(head) > 1 and head[1] != head[0]) or (len(head) > 2 and head[2] != START):
            return 0
        size = 4 + head[0] + 2 if head else 0
        return size if len(head) == 3 and len(self._bytes) >= size else None

    def _parse(self, size: int) -> Frame | None:
        body = bytes(self._bytes[4 : size - 2])
        if self._bytes[size - 2] != sum(body) & 0xFF or self._bytes[size - 1] != END:
            self.flaws += 1
            return None
        return Frame(body[0], body[1], body[2:])
