"""A window strip on the hall bus ("DL DH D … 1A", see `hallbus.py`).

    address   0 … 4095               the strip's number on its line
    text      nibble | raw | 7bit    how its maker carries characters
    colour    red | green | yellow | ""    "" says nothing of colours; not for 7bit
    charset   gb2312 | gbk           what its font has
    columns   4 … 120                half characters it can show; a longer text ends in …
    ack_s, gap_ms, local_echo        see strip_options.py

A strip does not acknowledge a text: it is asked afterwards whether it is there, in the same
turn of the line. A new text flashes until told to stop, which is what `flash` is.

Characters that cannot be carried are shown as □: in all three codings those whose second byte
is below 80 (a strip would read it as a letter). In raw texts a space parts a Chinese character
from a following C, D, H, S, T or W: the two could be taken for an address and a command.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from drivers.device import Transport
from drivers.hallbus import (
    ADDRESS_MAX,
    ALIVE,
    BLANK,
    COLOURS,
    COMMAND_LETTERS,
    PAGE,
    QUERY,
    STEADY,
    TEXT,
    Coding,
    Frame,
    encode,
    encode_text,
)
from drivers.jobs import DeviceConfig
from drivers.strip_line import ACCEPTED, LineProfile, LineStrip, Reply
from drivers.strip_options import LINE_RULES, Choice, Number, Option, Rule, bad, check
from drivers.strip_text import Charset, Rules, SafeText, make_safe

RULES: Mapping[str, Rule] = {
    "address": Number(0, ADDRESS_MAX),
    "text": Choice(("nibble", "raw", "7bit")),
    "colour": Choice(("", "red", "green", "yellow")),
    "charset": Choice(("gb2312", "gbk")),
    "columns": Number(4, 120),
    **LINE_RULES,
}
COLOUR_CODES = {"red": b"\x01", "green": b"\x02", "yellow": b"\x03"}
TEXT_RULES: Mapping[Coding, Rules] = {
    "nibble": Rules(avoid=b"", trail_min=0x80),
    "raw": Rules(avoid=b"", trail_min=0x80, apart=COMMAND_LETTERS),
    "7bit": Rules(avoid=b"", trail_min=0xA1, wide=True),
}


@dataclass(frozen=True, slots=True)
class HallBusProfile(LineProfile):
    """Checked options of one strip."""

    address: int = 1
    text: Coding = "nibble"
    colour: Literal["", "red", "green", "yellow"] = ""
    charset: Charset = "gb2312"
    columns: int = 32
    ack_s: float = 0.3


class AliveEar:
    """Hears the one byte a strip says."""

    def reset(self) -> None:
        """Nothing is ever begun."""

    def feed(self, data: bytes) -> list[Reply]:
        """Any other byte is noise: it may be a neighbour's, the answer may follow."""
        return [
            ACCEPTED if bytes([byte]) == ALIVE else Reply("noise", f"the byte {byte:02x}")
            for byte in data
        ]


class HallBusLed(LineStrip):
    """A strip of this family."""

    def __init__(
        self,
        config: DeviceConfig,
        transport: Transport,
        turn: asyncio.Lock | None = None,
        byte_s: float = 0.0,
    ) -> None:
        """`turn` and `byte_s` are those of the line, see `strip_line.py`.

        Raises `DeviceBroken` (`bad_option`) naming the option.
        """
        self.profile = profile_of(config.options)
        super().__init__(transport, self.profile, turn, byte_s)
        self._ear = AliveEar()

    async def check(self) -> None:
        """Whether the strip answers. Raises `DeviceTransient` (timeout, garbled, unplugged …)."""
        await self._say()

    async def show(self, text: str, flash: bool = False) -> str:
        """Show `text` until the next one; returns what can be read on the wall.

        Raises `DeviceTransient` (`timeout`, `unplugged`, `garbled`).
        """
        profile = self.profile
        rules = TEXT_RULES[profile.text]
        safe = make_safe(text, profile.charset, profile.columns, rules)
        await self._say(*(self._frames(safe, flash) if safe.data else (self._frame(BLANK),)))
        return safe.text

    def _frames(self, safe: SafeText, flash: bool) -> list[Frame]:
        profile = self.profile
        wire = encode_text(safe.data, profile.text)
        frames = [self._frame(PAGE if profile.text == "7bit" else TEXT, wire)]
        if profile.colour:
            frames.insert(0, self._frame(COLOURS, COLOUR_CODES[profile.colour] * len(wire)))
        if not flash:
            frames.append(self._frame(STEADY))
        return frames

    async def _say(self, *frames: Frame) -> None:
        wires = [encode(frame) for frame in (*frames, self._frame(QUERY))]
        await self.line.ask(wires, self._ear)

    def _frame(self, command: bytes, parameters: bytes = b"") -> Frame:
        return Frame(self.profile.address, command, parameters)


def profile_of(options: Mapping[str, Option]) -> HallBusProfile:
    """Checks a strip's options. Raises `DeviceBroken` (`bad_option`) naming the option."""
    check(options, RULES)
    profile = HallBusProfile(**options)  # type: ignore[arg-type]  # checked above, name by name
    if profile.text == "7bit" and profile.colour:
        raise bad("colour", profile.colour, '"" with text = "7bit": no colours are known for it')
    if profile.text == "7bit" and profile.charset != "gb2312":
        raise bad("charset", profile.charset, '"gb2312" with text = "7bit"')
    return profile
