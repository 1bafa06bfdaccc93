"""What bytes to and from LED strips mean, for people: one reader a family. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from drivers import a090, hallbus, pa_v21
from drivers import bx_fontcard as bx
from drivers.emulators.template import TemplateStrip
from drivers.frames import Word
from drivers.led_template import HEARD_BYTES_MAX, TemplateProfile
from drivers.template import Pattern

CARD_SEQUENCE = re.compile(rb"\\(?:F[OE][0-9]{3}|C[0-9]|DH[0-9]{2}|[A-Z]{1,2}[0-9]{1,3})")
"""Fonts and colours in a font card's text."""
_AREA_HEAD = 27
"""Bytes of an area before its text; the last four are the text's length."""


def gbk(data: bytes) -> str:
    """Text as a strip would show it; what is none becomes U+FFFD."""
    return data.decode("gbk", "replace").strip()


@dataclass(slots=True)
class FontCardWords:
    """BX font cards."""

    _out: bx.Decoder = field(default_factory=bx.Decoder)
    _in: bx.Decoder = field(default_factory=bx.Decoder)

    def out(self, data: bytes) -> list[Word]:
        """Commands."""
        return [word for item in self._out.feed(data) for word in self._asked(item)]

    def heard(self, data: bytes) -> list[Word]:
        """Verdicts."""
        return [word for item in self._in.feed(data) for word in self._answered(item)]

    def _asked(self, item: bx.Frame | bx.Flaw) -> Iterator[Word]:
        if isinstance(item, bx.Flaw):
            yield Word("garbage", item.reason)
        elif item.data == bx.PING:
            yield Word("ask_alive")
        elif item.data in (bx.DELETE_AREAS, bx.CLEAR):
            yield Word("clear")
        elif item.data[:2] == b"\xa3\x06":
            yield from (Word("show_text", gbk(text)) for text in texts_of(item.data))
        else:
            yield Word("other_command", item.data[:2].hex(" ").upper())

    def _answered(self, item: bx.Frame | bx.Flaw) -> Iterator[Word]:
        if isinstance(item, bx.Flaw):
            yield Word("garbage", item.reason)
            return
        answer = bx.parse_answer(item.data)
        if answer is None:
            yield Word("other_command", item.data[:2].hex(" ").upper())
        elif answer.accepted:
            yield Word("accepted")
        else:
            code, words = bx.ERRORS.get(answer.error, ("refused", f"{answer.error}"))
            yield Word("damaged" if code == "garbled" else "refused", words)


def texts_of(data: bytes) -> Iterator[bytes]:
    """The texts of a dynamic-area command, without the card's own sequences."""
    at = 7
    while at + 2 + _AREA_HEAD <= len(data):
        size = int.from_bytes(data[at : at + 2], "little")
        yield CARD_SEQUENCE.sub(b"", data[at + 2 + _AREA_HEAD : at + 2 + size])
        at += 2 + size


HALLBUS: Mapping[bytes, Word] = {
    hallbus.QUERY: Word("ask_alive"),
    hallbus.BLANK: Word("clear"),
    hallbus.STEADY: Word("steady"),
    hallbus.COLOURS: Word("colours"),
}


class HallBusWords:
    """Strips on the hall bus."""

    def __init__(self, coding: hallbus.Coding) -> None:
        self._coding = coding
        self._out = hallbus.Decoder(coding)

    def out(self, data: bytes) -> list[Word]:
        """Commands."""
        return [self._asked(item) for item in self._out.feed(data)]

    def heard(self, data: bytes) -> list[Word]:
        """One byte says it all."""
        return [
            Word("alive") if bytes([byte]) == hallbus.ALIVE else Word("garbage", f"{byte:02X}")
            for byte in data
        ]

    def _asked(self, item: hallbus.Frame | hallbus.Flaw) -> Word:
        if isinstance(item, hallbus.Flaw):
            return Word("garbage", item.reason)
        if item.command in HALLBUS:
            return HALLBUS[item.command]
        text = hallbus.decode_text(item.parameters, self._coding)
        if text is None:
            return Word("garbage", item.parameters.hex(" ").upper())
        return Word("show_text", gbk(text))


@dataclass(slots=True)
class A090Words:
    """Strips "A0 90"."""

    _out: a090.Decoder = field(default_factory=a090.Decoder)
    _in: a090.AnswerDecoder = field(default_factory=a090.AnswerDecoder)

    def out(self, data: bytes) -> list[Word]:
        """Commands."""
        return [self._asked(item) for item in self._out.feed(data)]

    def heard(self, data: bytes) -> list[Word]:
        """Verdicts."""
        words = []
        for item in self._in.feed(data):
            if isinstance(item, a090.Flaw):
                words.append(Word("garbage", item.reason))
            else:
                words.append(Word("accepted" if item.accepted else "refused"))
        return words

    def _asked(self, item: a090.Frame | a090.Flaw) -> Word:
        if isinstance(item, a090.Flaw):
            return Word("garbage", item.reason)
        if item.command == a090.ROM_PAGE:
            return Word("rom_page")
        if item.command != a090.SHOW:
            return Word("other_command", f"{item.command:02X}")
        text, at = bytearray(), 0
        while at < len(item.data):
            size = 2 if item.data[at] >= 0x80 else 1
            text += item.data[at : at + size]
            at += size + 1  # the colour of the character
        return Word("show_text", gbk(bytes(text)))


PA: Mapping[int, str] = {
    pa_v21.WELCOME: "welcome",
    pa_v21.PAUSE: "pause_text",
    pa_v21.SERVING: "serving_text",
}


@dataclass(slots=True)
class PaWords:
    """Ping'an Lihe V2.1."""

    _out: pa_v21.Decoder = field(default_factory=pa_v21.Decoder)
    _in: pa_v21.Decoder = field(default_factory=pa_v21.Decoder)

    def out(self, data: bytes) -> list[Word]:
        """Texts and templates."""
        return [_pa(item) for item in self._out.feed(data)]

    def heard(self, data: bytes) -> list[Word]:
        """Answers, and the echo of a line that hears itself."""
        return [_pa(item) for item in self._in.feed(data)]


def _pa(item: pa_v21.Frame | pa_v21.Flaw) -> Word:
    match item:
        case pa_v21.Flaw(reason):
            return Word("garbage", reason)
        case pa_v21.Instant():
            return Word("show_text", gbk(item.text))
        case pa_v21.Template(pa_v21.ANSWER):
            return Word("accepted")
        case pa_v21.Template(pa_v21.VERSION):
            return Word("ask_version")
        case pa_v21.Template(_, _, pa_v21.CALL, data) if len(data) >= 3:
            number = data[0] * 100 + data[1]
            return Word("show_call", f"{data[3:].decode('ascii', 'replace')}{number} → {data[2]}")
    return Word(PA[item.subcommand]) if item.subcommand in PA else _other(item.subcommand)


def _other(command: int) -> Word:
    return Word("other_command", f"{command:02X}")


class TemplateWords:
    """Strips described in the configuration, read by the very description."""

    def __init__(self, profile: TemplateProfile) -> None:
        self._strip = TemplateStrip(profile)
        self._answers: tuple[tuple[Pattern | None, str], ...] = (
            (profile.nak, "refused"),
            (profile.ack, "accepted"),
            (profile.alive, "alive"),
        )
        self._heard = b""

    def out(self, data: bytes) -> list[Word]:
        """Texts; whatever else fits the description is a question."""
        strip = self._strip
        shown, violations = len(strip.history), len(strip.violations)
        answered = strip.feed(data)
        words = [Word("show_text", text) if text else Word("clear") for text in strip.history]
        found = words[shown:]
        if len(strip.violations) > violations:
            found.append(Word("garbage", "; ".join(strip.violations[violations:])[:80]))
        if not found and answered:
            found.append(Word("ask_alive"))
        del strip.history[:], strip.violations[:]
        return found

    def heard(self, data: bytes) -> list[Word]:
        """Answers as described."""
        self._heard = (self._heard + data)[-HEARD_BYTES_MAX:]
        for pattern, word in self._answers:
            if pattern is not None and pattern.found_in(self._heard):
                self._heard = b""
                return [Word(word)]
        return []
