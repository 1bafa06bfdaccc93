"""What bytes to and from a slip printer mean, for people. Pure; the strict reader is another
one (`emulators/escpos_press.py`): here nothing is checked, and nothing is ever refused.

What a QR code says is never told: it holds the address of a visitor's own page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from drivers.emulators.escpos_tokens import BYTE, UNKNOWN, Token, Tokenizer
from drivers.frames import Word
from drivers.printer_status import (
    AnswerReader,
    Automatic,
    Garbage,
    InOrder,
    Realtime,
    Status,
    status_of_realtime,
)

FORMATS = frozenset(
    b"\x1ba \x1bE \x1bM \x1b! \x1b- \x1bG \x1b2 \x1b3 \x1d! \x1dB \x1dL \x1dW \x1c! \x1c- "
    b"\x1cW \x1cS \x1c& \x1c. \x1bt \x1bR \x1dP".split(b" ")
)
"""Commands that only change how text looks: told together, as one word."""

QR_STORE = b"\x31\x50"
"""cn fn of GS ( k: what a QR code is to say."""

WELL = 0x12
"""A real-time answer in which nothing is wrong."""


def _feed(token: Token) -> Word:
    return Word("feed", str(token.data[0]))


def _picture(token: Token) -> Word:
    stride, rows = (int.from_bytes(token.data[at : at + 2], "little") for at in (2, 4))
    return Word("picture", f"{stride * 8} × {rows}")


COMMANDS: Mapping[bytes, Word] = {
    b"\x1b@": Word("init"),
    b"\x1dV": Word("cut"),
    b"\x1dr": Word("ask_receipt"),
}


@dataclass(slots=True)
class EscPosWords:
    """Reads a printer's line. See `tap.Describer`."""

    _tokens: Tokenizer = field(default_factory=Tokenizer)
    _answers: AnswerReader = field(default_factory=AnswerReader)
    _asked: int = 0
    """The n of the last DLE EOT: answers do not say what they answer."""

    def out(self, data: bytes) -> list[Word]:
        """Commands and texts."""
        words: list[Word] = []
        text = bytearray()
        for token in self._tokens.feed(data):
            if token.name == BYTE and token.data >= b" ":
                text += token.data
                continue
            words += _text_of(text)
            text.clear()
            for word in self._command(token):
                # A run of the same (format after format, line after line) is told once.
                if not words or words[-1] != word or word.name not in ("format", "qr"):
                    words.append(word)
        return words + list(_text_of(text))

    def heard(self, data: bytes) -> list[Word]:
        """Answers."""
        words: list[Word] = []
        for answer in self._answers.feed(data):
            match answer:
                case Realtime(byte):
                    words.append(_status(self._realtime(byte)))
                case Automatic(status):
                    words += [Word("automatic"), _status(status)]
                case InOrder(paper):
                    words += [Word("receipt"), _status(Status(paper=paper))]
                case Garbage(byte):
                    words.append(Word("garbage", f"{byte:02X}"))
        return words

    def _command(self, token: Token) -> Iterator[Word]:
        if token.name == BYTE:
            return  # the end of a line
        if token.name in FORMATS:
            yield Word("format")
        elif token.name == b"\x10\x04":
            self._asked = token.data[0]
            yield Word("ask_status", str(self._asked))
        elif token.name in (b"\x1bd", b"\x1bJ"):
            yield _feed(token)
        elif token.name == b"\x1dv" and len(token.data) >= 6:
            yield _picture(token)
        elif token.name == b"\x1d(" and token.data[:1] == b"k":
            yield Word("qr")
        elif token.name in COMMANDS:
            yield COMMANDS[token.name]
        else:
            shown = token.data if token.name == UNKNOWN else token.name
            yield Word("other_command", shown.hex(" ").upper())

    def _realtime(self, byte: int) -> Status:
        answers = [byte if self._asked == n else WELL for n in (1, 2, 3, 4)]
        return status_of_realtime(*answers)


def _text_of(data: bytearray) -> Iterator[Word]:
    text = data.decode("gb18030", "replace").strip()
    if text:
        yield Word("text", text)


def _status(status: Status) -> Word:
    near_end = "near_end" if status.paper == "near_end" else "ok"
    return Word(f"status_{status.fault or near_end}")
