"""The strip above a window: a BX font card that shows one text.

    address   1 … 65533        the card's number on its line
    width     8 … 2048         pixels, a multiple of 8
    height    8 … 256          pixels
    size      16 | 24 | 32     height of a character in pixels
    colour    red | green | yellow | ""     "" leaves it to the card
    charset   gb2312 | gbk     what its font has; gbk has rare characters, most cards are gb2312
    ack_s     0.02 … 10        how long one answer may take

A text goes into a dynamic area (RAM, not flash) and counts as shown when the card says so. One
that fits stands still; a longer one, or one that shall catch the eye (`flash`: these cards have
no blinking of their own), runs through in a loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

from drivers import bx_fontcard as bx
from drivers.device import DeviceBroken, DeviceError, DeviceTransient, Transport
from drivers.jobs import DeviceConfig
from drivers.strip_text import Charset, SafeText, make_safe

TRIES = 3
"""A damaged frame on a long RS-485 line is ordinary; three in a row are a fault."""
WRITE_TIMEOUT_S = 3.0
"""The longest frame (600 bytes with escapes) takes 0.7 s at 9600 baud."""
TURNAROUND_S = 0.02
"""A half-duplex line needs 3.5 characters of silence and the card a moment to listen again."""
DRAIN_READS_MAX = 64
"""A line that still talks after so many reads is noise."""

Option: TypeAlias = str | int | float | bool

CHOICES: Mapping[str, tuple[Option, ...]] = {
    "size": (16, 24, 32),
    "colour": ("", "red", "green", "yellow"),
    "charset": ("gb2312", "gbk"),
}
RANGES: Mapping[str, tuple[float, float]] = {
    "address": (1, bx.ADDRESS_MAX),
    "width": (8, 2048),
    "height": (8, 256),
    "ack_s": (0.02, 10),
}
COLOURS = {"": b"", "red": rb"\C1", "green": rb"\C2", "yellow": rb"\C3"}
FONTS = {16: b"", 24: rb"\FO001\FE001", 32: rb"\FO002\FE002"}
"""The card starts every text in its 16-pixel font."""


@dataclass(frozen=True, slots=True)
class StripProfile:
    """Checked options of one strip."""

    address: int = 1
    width: int = 192
    height: int = 32
    size: int = 16
    colour: Literal["", "red", "green", "yellow"] = ""
    charset: Charset = "gb2312"
    ack_s: float = 1.0

    @property
    def columns(self) -> int:
        """Half characters that fit without running."""
        return self.width * 2 // self.size


class Strip:
    """One strip on one transport. Calls must not overlap; the supervisor sees to that."""

    def __init__(
        self, config: DeviceConfig, transport: Transport, turn: asyncio.Lock | None = None
    ) -> None:
        """`turn` is held around question and answer where several strips share a line.

        Raises `DeviceBroken` (`bad_option`) naming the option.
        """
        self.profile = profile_of(config.options)
        self.retries = 0
        """Frames sent again since this strip was made."""
        self.replaced = 0
        """Characters the card could not draw."""
        self._transport = transport
        self._turn = turn
        self._decoder = bx.Decoder()

    async def connect(self) -> None:
        """Open the port and hear the card. Raises `DeviceError`."""
        await self._transport.open()
        await self.check()

    async def check(self) -> None:
        """Whether the card answers. Raises `DeviceTransient` (timeout, garbled, unplugged …)."""
        await self._command(bx.PING)

    async def show(self, text: str, flash: bool = False) -> str:
        """Show `text` until the next one; returns what can be read on the wall.

        Raises `DeviceTransient` (`timeout`, `unplugged`, `busy`, `garbled`) or `DeviceBroken`
        (`refused`: the card is there but does not accept this).
        """
        safe = make_safe(text, self.profile.charset)
        await self._command(bx.dynamic(self.area(safe, flash)) if safe.data else bx.DELETE_AREAS)
        self.replaced += safe.replaced
        return safe.text

    async def close(self) -> None:
        """Never raises."""
        await self._transport.close()

    def area(self, safe: SafeText, flash: bool) -> bx.Area:
        """The dynamic area that shows `safe`, over the whole strip."""
        profile = self.profile
        runs = flash or safe.columns > profile.columns
        return bx.Area(
            FONTS[profile.size] + COLOURS[profile.colour] + safe.data,
            width=profile.width // 8,
            height=profile.height,
            run=bx.Run.LOOP if runs else bx.Run.STAY,
            mode=bx.Mode.LEFT if runs else bx.Mode.STATIC,
        )

    async def _command(self, data: bytes) -> None:
        wire = bx.encode(bx.Frame(data, to=self.profile.address))
        tries_left = TRIES
        while (failure := _failure(await self._ask(wire))) is not None:
            tries_left -= 1
            if not tries_left or failure.code == "refused":
                raise failure
            self.retries += 1

    async def _ask(self, wire: bytes) -> bx.Answer | bx.Flaw | None:
        """The card's verdict, a flaw if only garbage came, None for silence."""
        turn: AbstractAsyncContextManager[None] = self._turn or nullcontext()
        async with turn:
            await self._drain()
            await self._transport.write(wire, WRITE_TIMEOUT_S)
            verdict = await self._answer()
            await asyncio.sleep(TURNAROUND_S)
            return verdict

    async def _drain(self) -> None:
        """Answers do not say to what: one that came too late must not count for this question."""
        self._decoder.reset()
        for _ in range(DRAIN_READS_MAX):
            if not await self._transport.read(0):
                return

    async def _answer(self) -> bx.Answer | bx.Flaw | None:
        clock = asyncio.get_running_loop().time
        deadline = clock() + self.profile.ack_s
        flaw: bx.Flaw | None = None
        heard = False
        while (left := deadline - clock()) > 0:
            data = await self._transport.read(left)
            heard = heard or bool(data)
            for item in self._decoder.feed(data):
                if isinstance(item, bx.Flaw):
                    flaw = item
                elif item.to == bx.HOST and item.sender == self.profile.address:
                    verdict = bx.parse_answer(item.data)
                    if verdict is not None:
                        return verdict
        if heard and flaw is None:
            return bx.Flaw("no frame in what was heard")
        return flaw


def _failure(verdict: bx.Answer | bx.Flaw | None) -> DeviceError | None:
    if verdict is None:
        return DeviceTransient("timeout", "the strip does not answer")
    if isinstance(verdict, bx.Flaw):
        return DeviceTransient("garbled", f"the strip answers garbage: {verdict.reason}")
    if verdict.accepted:
        return None
    code, words = bx.ERRORS.get(verdict.error, ("refused", f"refused with number {verdict.error}"))
    return DeviceBroken(code, words) if code == "refused" else DeviceTransient(code, words)


def profile_of(options: Mapping[str, Option]) -> StripProfile:
    """Checks a strip's options. Raises `DeviceBroken` (`bad_option`) naming the option."""
    for name, value in options.items():
        _check(name, value)
    profile = StripProfile(**options)  # type: ignore[arg-type]  # checked above, name by name
    if profile.width % 8:
        raise _bad("width", profile.width, "a multiple of 8")
    if profile.size > profile.height:
        raise _bad("size", profile.size, f"at most the height of {profile.height}")
    return profile


def _check(name: str, value: Option) -> None:
    if name in CHOICES:
        # `True == 1`, so the kind is compared too.
        if not any(value == want and type(value) is type(want) for want in CHOICES[name]):
            raise _bad(name, value, "one of " + ", ".join(repr(one) for one in CHOICES[name]))
    elif name in RANGES:
        low, high = RANGES[name]
        kinds = (int, float) if name.endswith("_s") else (int,)
        if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
            raise _bad(name, value, f"a number from {low:g} to {high:g}")
    else:
        known = ", ".join(field.name for field in fields(StripProfile))
        raise DeviceBroken("bad_option", f"option {name!r} of a strip: there are {known}")


def _bad(name: str, value: Option, allowed: str) -> DeviceBroken:
    return DeviceBroken("bad_option", f"option {name} = {value!r} of a strip: {allowed}")
