"""The strip above a window: a BX font card that shows one text, or a few lines.

    address   1 … 65533        the card's number on its line
    width     8 … 2048         pixels, a multiple of 8
    height    8 … 256          pixels
    size      16 | 24 | 32     height of a character in pixels
    colour    red | green | yellow | ""     "" leaves it to the card
    charset   gb2312 | gbk     what its font has; gbk has rare characters, most cards are gb2312
    lines     1 … 8            lines, each a dynamic area of its own
    ack_s, gap_ms, local_echo  see strip_options.py

A text goes into dynamic areas (RAM, not flash) and counts as shown when the card says so. A
line that fits stands still; a longer one, or one that shall catch the eye (`flash`: these cards
have no blinking of their own; of several lines the topmost), runs through in a loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from drivers import bx_fontcard as bx
from drivers.device import Transport
from drivers.jobs import DeviceConfig
from drivers.strip_line import ACCEPTED, LineProfile, LineStrip, Reply
from drivers.strip_options import (
    LINE_RULES,
    LINES_MAX,
    Choice,
    Number,
    Option,
    Rule,
    bad,
    check,
)
from drivers.strip_text import Charset, SafeText, lines_of, make_safe

RULES: Mapping[str, Rule] = {
    "address": Number(1, bx.ADDRESS_MAX),
    "width": Number(8, 2048),
    "height": Number(8, 256),
    "size": Choice((16, 24, 32)),
    "colour": Choice(("", "red", "green", "yellow")),
    "charset": Choice(("gb2312", "gbk")),
    "lines": Number(1, LINES_MAX),
    **LINE_RULES,
}
COLOURS = {"": b"", "red": rb"\C1", "green": rb"\C2", "yellow": rb"\C3"}
FONTS = {16: b"", 24: rb"\FO001\FE001", 32: rb"\FO002\FE002"}
"""The card starts every text in its 16-pixel font."""


@dataclass(frozen=True, slots=True)
class StripProfile(LineProfile):
    """Checked options of one strip."""

    address: int = 1
    width: int = 192
    height: int = 32
    size: int = 16
    colour: Literal["", "red", "green", "yellow"] = ""
    charset: Charset = "gb2312"
    lines: int = 1

    @property
    def columns(self) -> int:
        """Half characters of a line that fit without running."""
        return self.width * 2 // self.size

    @property
    def line_height(self) -> int:
        """Pixels from the top of one line to the next."""
        return self.height // self.lines


@dataclass(slots=True)
class BxEar:
    """Understands the card at `address`."""

    address: int
    _decoder: bx.Decoder = field(default_factory=bx.Decoder)

    def reset(self) -> None:
        """Forget a frame begun."""
        self._decoder.reset()

    def feed(self, data: bytes) -> list[Reply]:
        """What the card said; frames of others are passed over."""
        replies = (self._reply(item) for item in self._decoder.feed(data))
        return [reply for reply in replies if reply is not None]

    def _reply(self, item: bx.Frame | bx.Flaw) -> Reply | None:
        if isinstance(item, bx.Flaw):
            return Reply("noise", item.reason)
        if item.to != bx.HOST or item.sender != self.address:
            return None
        answer = bx.parse_answer(item.data)
        if answer is None or answer.accepted:
            return None if answer is None else ACCEPTED
        number = answer.error
        code, words = bx.ERRORS.get(number, ("refused", f"refused with number {number}"))
        return Reply(code, words)


class Strip(LineStrip):
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
        self.replaced = 0
        """Characters the card could not draw."""
        super().__init__(transport, self.profile, turn, byte_s)
        self._ear = BxEar(self.profile.address)

    async def check(self) -> None:
        """Whether the card answers. Raises `DeviceTransient` (timeout, garbled, unplugged …)."""
        await self._command(bx.PING)

    async def show(self, text: str, flash: bool = False) -> str:
        """Show `text` until the next one; returns what can be read on the wall.

        Raises `DeviceTransient` (`timeout`, `unplugged`, `busy`, `garbled`) or `DeviceBroken`
        (`refused`: the card is there but does not accept this).
        """
        charset = self.profile.charset
        lines = [make_safe(line, charset) for line in lines_of(text, self.profile.lines)]
        areas = [self.area(safe, flash and not row, row) for row, safe in enumerate(lines)]
        anything = any(safe.data for safe in lines)
        await self._command(bx.dynamic(*areas) if anything else bx.DELETE_AREAS)
        self.replaced += sum(safe.replaced for safe in lines)
        return "\n".join(safe.text for safe in lines).rstrip("\n")

    def area(self, safe: SafeText, flash: bool, row: int = 0) -> bx.Area:
        """The dynamic area that shows `safe` in line `row`, over the whole width."""
        profile = self.profile
        runs = bool(safe.data) and (flash or safe.columns > profile.columns)
        return bx.Area(
            # A line without a text is blanked by a space: it may show one of before.
            FONTS[profile.size] + COLOURS[profile.colour] + (safe.data or b" "),
            y=row * profile.line_height,
            identity=row,
            width=profile.width // 8,
            height=profile.line_height,
            run=bx.Run.LOOP if runs else bx.Run.STAY,
            mode=bx.Mode.LEFT if runs else bx.Mode.STATIC,
        )

    async def _command(self, data: bytes) -> None:
        wire = bx.encode(bx.Frame(data, to=self.profile.address))
        await self.line.ask((wire,), self._ear)


def profile_of(options: Mapping[str, Option]) -> StripProfile:
    """Checks a strip's options. Raises `DeviceBroken` (`bad_option`) naming the option."""
    check(options, RULES)
    profile = StripProfile(**options)  # type: ignore[arg-type]  # checked above, name by name
    if profile.width % 8:
        raise bad("width", profile.width, "a multiple of 8")
    if profile.size > profile.line_height:
        most = f"at most the {profile.line_height} pixels of a line"
        raise bad("size", profile.size, most)
    return profile
