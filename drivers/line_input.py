"""Pads, evaluators and scanners that send lines of text: patterns to events.

    call_next, recall, start, … = "^N$"      a regular expression for an action; a group named
                     `number` gives the digits: call = "^C(?P<number>\\d{1,4})$"
    rating           a pattern with a group named `grade`
    grades           "1=very-satisfied 5=…"  what that group may be (the GB/T 39046 code)
    end              "lf" | "cr" | "crlf"    what ends a line (lf; a CR before it is dropped)
    charset          ascii, gbk, utf-8 …     (ascii)
    answer           sent back for every line understood; \\r, \\n and \\t are written so
    bounce_ms        0 … 5000                the same line within this time is the same press

The whole line must match; the first pattern in the order of the API's actions counts. Lines that
match nothing, are too long or are no text are passed over and counted, never logged.
"""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from drivers.debounce import Debounce
from drivers.device import DeviceError, Transport
from drivers.input_event import ACTIONS, Graded, InputEvent, KeyPress, grades_of
from drivers.input_options import Number, Option, Rule, Words, bad, check
from drivers.jobs import DeviceConfig, Grade, PadAction, PadShow
from drivers.keypad import NUMBERED
from drivers.pad import monotonic_ms

LINE_MAX = 200
"""Longest line in bytes. Also what keeps a careless pattern from taking long."""
LISTEN_S = 3600.0
WRITE_TIMEOUT_S = 2.0
NUMBER = re.compile(r"[A-Z]{0,2}[0-9]{1,6}")
"""What `number` may be, whatever a pattern lets through."""
ENDS = {"lf": b"\n", "cr": b"\r", "crlf": b"\r\n"}
GRADES = "1=very-satisfied 2=satisfied 3=basically-satisfied 4=dissatisfied 5=very-dissatisfied"
ESCAPES = {r"\r": "\r", r"\n": "\n", r"\t": "\t"}

ACTION_OPTIONS: Mapping[str, PadAction] = {name.replace("-", "_"): name for name in ACTIONS}
RULES: Mapping[str, Rule] = {
    **dict.fromkeys(ACTION_OPTIONS, Words(200)),
    "rating": Words(200),
    "grades": Words(300),
    "end": Words(4),
    "charset": Words(20),
    "answer": Words(40),
    "bounce_ms": Number(0, 5000),
}


@dataclass(frozen=True, slots=True)
class LineProfile:
    """Checked options of one line device."""

    patterns: tuple[tuple[PadAction, re.Pattern[str]], ...]
    rating: re.Pattern[str] | None
    grades: Mapping[str, Grade]
    end: bytes
    charset: str
    answer: bytes
    bounce_ms: int

    def event(self, line: str) -> InputEvent | None:
        """What a line means."""
        for action, pattern in self.patterns:
            if (found := pattern.fullmatch(line)) is not None:
                number = found.groupdict().get("number") or ""
                if number and not NUMBER.fullmatch(number):
                    return None
                return KeyPress(action, number) if number or action not in NUMBERED else None
        if self.rating is not None and (found := self.rating.fullmatch(line)) is not None:
            grade = self.grades.get(found["grade"] or "")
            return Graded(grade) if grade else None
        return None


def profile_of(options: Mapping[str, Option]) -> LineProfile:
    """Raises `DeviceBroken` (`bad_option`) naming the option."""
    check("a line device", options, RULES)
    text = {name: str(value) for name, value in options.items()}
    patterns = tuple(
        (action, _pattern(option, text[option], "number" if action in NUMBERED else ""))
        for option, action in ACTION_OPTIONS.items()
        if option in text
    )
    rating = _pattern("rating", text["rating"], "grade") if "rating" in text else None
    if not patterns and rating is None:
        raise bad("a line device", "patterns", "at least one of " + ", ".join(ACTION_OPTIONS))
    end = text.get("end", "lf")
    if end not in ENDS:
        raise bad("a line device", f"end = {end!r}", "one of " + ", ".join(ENDS))
    charset = text.get("charset", "ascii")
    answer = text.get("answer", "")
    for written, meant in ESCAPES.items():
        answer = answer.replace(written, meant)
    try:
        codecs.lookup(charset)
        sent = answer.encode(charset)
        if b"\n".decode(charset) != "\n":
            raise LookupError
    except (LookupError, UnicodeError):
        allowed = "a charset that has ASCII (ascii, gbk, utf-8 …) and the answer's characters"
        raise bad("a line device", f"charset = {charset!r}", allowed) from None
    return LineProfile(
        patterns,
        rating,
        grades_of(text.get("grades", GRADES)),
        ENDS[end],
        charset,
        sent,
        int(options.get("bounce_ms", 300)),
    )


@dataclass(slots=True)
class LineDecoder:
    """Bytes in any portions → lines without their end. A line too long is passed over whole."""

    end: bytes = b"\n"
    flaws: int = 0
    """Lines passed over."""
    _bytes: bytearray = field(default_factory=bytearray)
    _skipping: bool = False

    def feed(self, data: bytes) -> list[bytes]:
        """Everything that was completed by `data`, in order."""
        self._bytes += data
        lines: list[bytes] = []
        *whole, rest = bytes(self._bytes).split(self.end)
        for line in whole:
            if self._skipping or len(line) > LINE_MAX:
                self.flaws += 1
                self._skipping = False
            else:
                lines.append(line)
        if len(rest) > LINE_MAX + len(self.end):
            self._skipping = True
            # The end itself may be torn: its first bytes must stay.
            rest = rest[-len(self.end) :]
        self._bytes[:] = rest
        return lines


class LineInput:
    """One device that sends lines."""

    def __init__(
        self,
        config: DeviceConfig,
        transport: Transport,
        now_ms: Callable[[], int] = monotonic_ms,
    ) -> None:
        """Raises `DeviceBroken` (`bad_option`) naming the option."""
        self.profile = profile_of(config.options)
        self.unknown = 0
        """Lines that mean nothing."""
        self._transport = transport
        self._now_ms = now_ms
        self._decoder = LineDecoder(self.profile.end)
        self._bounce = Debounce(self.profile.bounce_ms)

    async def connect(self) -> None:
        """Open the port. Raises `DeviceError`."""
        await self._transport.open()

    async def close(self) -> None:
        """Never raises."""
        await self._transport.close()

    async def show(self, order: PadShow) -> None:
        """These devices have no display."""

    async def events(self) -> Sequence[InputEvent]:
        """The next events. Raises `DeviceTransient` (`unplugged` …)."""
        while True:
            data = await self._transport.read(LISTEN_S)
            meant = [self._meaning(line) for line in self._decoder.feed(data)]
            understood = [event for event in meant if event is not None]
            if understood and self.profile.answer:
                # Also for a repetition: the device may not have heard the first answer.
                with contextlib.suppress(DeviceError):  # heard all the same; the next read tells
                    await self._transport.write(
                        self.profile.answer * len(understood), WRITE_TIMEOUT_S
                    )
            now = self._now_ms()
            if events := [event for event in understood if self._bounce.first(event, now)]:
                return events

    def _meaning(self, line: bytes) -> InputEvent | None:
        event = None
        with contextlib.suppress(UnicodeDecodeError):
            event = self.profile.event(line.decode(self.profile.charset).strip("\r"))
        if event is None:
            self.unknown += 1
        return event


def _pattern(option: str, text: str, group: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise bad("a line device", f"{option} = {text!r}", f"no pattern: {error}") from None
    if group and group not in pattern.groupindex:
        raise bad("a line device", f"{option} = {text!r}", f"a pattern with (?P<{group}>…)")
    return pattern
