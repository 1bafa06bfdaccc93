"""A dual-colour window strip "A0 90" (see `a090.py`).

    address   1 … 255                the strip's number on its line
    colour    red | green | yellow
    charset   gb2312 | gbk           what its font has
    columns   4 … 120                half characters it can show; a longer text ends in …
    empty     blank | rom            what an empty text shows: nothing, or the strip's own page
    ack_s, gap_ms, local_echo        see strip_options.py

There is no question that changes nothing: whether a strip is there is found out by telling it
to show its own page, then by sending it its text again. `flash` is not in the protocol; such a
strip shows every text steadily.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from drivers import a090
from drivers.device import Transport
from drivers.jobs import DeviceConfig
from drivers.strip_line import ACCEPTED, LineProfile, LineStrip, Reply
from drivers.strip_options import LINE_RULES, Choice, Number, Option, Rule, check
from drivers.strip_text import Charset, Rules, make_safe

RULES: Mapping[str, Rule] = {
    "address": Number(1, a090.ADDRESS_MAX),
    "colour": Choice(("red", "green", "yellow")),
    "charset": Choice(("gb2312", "gbk")),
    "columns": Number(4, 120),
    "empty": Choice(("blank", "rom")),
    **LINE_RULES,
}
COLOUR_CODES = {"red": a090.RED, "green": a090.GREEN, "yellow": a090.YELLOW}
TEXT_RULES = Rules(avoid=b"")
"""Frames have a length: no byte of a text can be taken for anything else."""


@dataclass(frozen=True, slots=True)
class A090Profile(LineProfile):
    """Checked options of one strip."""

    address: int = 1
    colour: Literal["red", "green", "yellow"] = "red"
    charset: Charset = "gb2312"
    columns: int = 32
    empty: Literal["blank", "rom"] = "blank"
    ack_s: float = 0.5


@dataclass(slots=True)
class A090Ear:
    """Understands the strip at `address`; `command` is the one it was asked."""

    address: int
    command: int = a090.SHOW
    _decoder: a090.AnswerDecoder = field(default_factory=a090.AnswerDecoder)

    def reset(self) -> None:
        """Forget an answer begun."""
        self._decoder.reset()

    def feed(self, data: bytes) -> list[Reply]:
        """What the strip said; answers of others are passed over."""
        replies = (self._reply(item) for item in self._decoder.feed(data))
        return [reply for reply in replies if reply is not None]

    def _reply(self, item: a090.Answer | a090.Flaw) -> Reply | None:
        if isinstance(item, a090.Flaw):
            return Reply("noise", item.reason)
        if (item.address, item.command) != (self.address, self.command):
            return None
        return ACCEPTED if item.accepted else Reply("declined", "the strip declines the text")


class A090Led(LineStrip):
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
        self._ear = A090Ear(self.profile.address)
        self._shown = a090.Frame(self.profile.address, a090.ROM_PAGE)

    async def check(self) -> None:
        """Whether the strip still takes its text. Raises as `show`."""
        await self._say(self._shown)

    async def show(self, text: str, flash: bool = False) -> str:
        """Show `text` until the next one; returns what can be read on the wall.

        Raises `DeviceTransient` (`timeout`, `unplugged`, `garbled`) or `DeviceBroken`
        (`refused`: it declined the text several times).
        """
        profile = self.profile
        safe = make_safe(text, profile.charset, profile.columns, TEXT_RULES)
        if safe.data or profile.empty == "blank":
            data = a090.colour_text(safe.data or b" ", COLOUR_CODES[profile.colour])
            frame = a090.Frame(profile.address, a090.SHOW, data)
        else:
            frame = a090.Frame(profile.address, a090.ROM_PAGE)
        await self._say(frame)
        self._shown = frame
        return safe.text

    async def _say(self, frame: a090.Frame) -> None:
        self._ear.command = frame.command
        await self.line.ask((a090.encode(frame),), self._ear)


def profile_of(options: Mapping[str, Option]) -> A090Profile:
    """Checks a strip's options. Raises `DeviceBroken` (`bad_option`) naming the option."""
    check(options, RULES)
    return A090Profile(**options)  # type: ignore[arg-type]  # checked above, name by name
