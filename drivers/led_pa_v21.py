"""A 平安力合 V2.1 window strip or summary screen (see `pa_v21.py`).

    address   1 … 254          the strip's number on its line
    window    0 … 254          with a number the strip is told calls as such (below); 0: as texts
    charset   gb2312 | gbk     what its font has
    colour    0 | 1 | 2        of texts, as the strip's own settings number them
    func      1 | 2 | 8 | 11   how a text appears: from the right, from below, at once (8 or 11)
    columns   4 … 120          half characters of a line; a longer text ends in …
    lines     1 … 8            from 2 on: a summary screen that shows so many lines
    ack_s, gap_ms, local_echo  see strip_options.py

With `window`, a text that is nothing but a call ("请B034号", "请B034号到3号窗口") goes as the call
of that number, and the strip draws its own picture, in its own words. Other texts go as texts.
A summary screen gets its lines as one text, each filled up to `columns`; it is never told a
call: it keeps a list of its own, and a call repeated after a bad answer would stand there twice.

Whether a text is acknowledged is not known, so the strip is asked afterwards whether it is
there, in the same turn of the line.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from drivers import pa_v21
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
from drivers.strip_text import Charset, Rules, SafeText, lines_of, make_safe

RULES: Mapping[str, Rule] = {
    "address": Number(1, pa_v21.ADDRESS_MAX),
    "window": Number(0, pa_v21.WINDOW_MAX),
    "charset": Choice(("gb2312", "gbk")),
    "colour": Choice((0, 1, 2)),
    "func": Choice((1, 2, 8, 11)),
    "columns": Number(4, 120),
    "lines": Number(1, LINES_MAX),
    **LINE_RULES,
}
TEXT_RULES = Rules(avoid=bytes([pa_v21.END]))
CALL = re.compile(r"请([A-Z]?)([0-9]{1,4})号?(?:到([0-9]{1,3})号?窗口(?:办理)?)?")


@dataclass(frozen=True, slots=True)
class PaProfile(LineProfile):
    """Checked options of one strip."""

    address: int = 1
    window: int = 0
    charset: Charset = "gb2312"
    colour: int = 0
    func: int = 1
    columns: int = 32
    lines: int = 1
    ack_s: float = 0.5


@dataclass(slots=True)
class PaEar:
    """Understands the strip at `address`."""

    address: int
    _decoder: pa_v21.Decoder = field(default_factory=pa_v21.Decoder)

    def reset(self) -> None:
        """Forget an answer begun."""
        self._decoder.reset()

    def feed(self, data: bytes) -> list[Reply]:
        """What the strip said; frames of others, and our own echo, are passed over."""
        replies: list[Reply] = []
        for item in self._decoder.feed(data):
            if isinstance(item, pa_v21.Flaw):
                replies.append(Reply("noise", item.reason))
            elif isinstance(item, pa_v21.Template) and self._is_answer(item):
                replies.append(ACCEPTED)
        return replies

    def _is_answer(self, frame: pa_v21.Template) -> bool:
        # A version may come in a frame of its own kind; the question itself has no data.
        kind = frame.command == pa_v21.ANSWER or (frame.command == pa_v21.VERSION and frame.data)
        return bool(kind) and frame.address == self.address


class PaLed(LineStrip):
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
        self._ear = PaEar(self.profile.address)

    async def check(self) -> None:
        """Whether the strip answers. Raises `DeviceTransient` (timeout, garbled, unplugged …)."""
        await self._say(pa_v21.version_question(self.profile.address))

    async def show(self, text: str, flash: bool = False) -> str:
        """Show `text` until the next one; returns what can be read on the wall.

        Raises `DeviceTransient` (`timeout`, `unplugged`, `garbled`).
        """
        profile = self.profile
        if (call := self._call(text)) is not None:
            await self._say(call)
            return text
        lines = [
            make_safe(line, profile.charset, profile.columns, TEXT_RULES)
            for line in lines_of(text, profile.lines)
        ]
        await self._say(
            pa_v21.Instant(
                profile.address,
                _filled(lines, profile.columns) if len(lines) > 1 else lines[0].data or b" ",
                target=pa_v21.TO_SUMMARY if len(lines) > 1 else pa_v21.TO_STRIP,
                func=profile.func,
                colour=profile.colour,
            ),
            pa_v21.version_question(profile.address),
        )
        return "\n".join(safe.text for safe in lines).rstrip("\n")

    def _call(self, text: str) -> pa_v21.Template | None:
        """`text` as a call for our window, if it is nothing else and the protocol can say it."""
        found = CALL.fullmatch(text.strip())
        window = self.profile.window
        if not window or found is None or int(found[3] or window) != window:
            return None
        return pa_v21.call(self.profile.address, int(found[2]), window, found[1])

    async def _say(self, *frames: pa_v21.Frame) -> None:
        await self.line.ask([pa_v21.encode(frame) for frame in frames], self._ear)


def profile_of(options: Mapping[str, Option]) -> PaProfile:
    """Checks a strip's options. Raises `DeviceBroken` (`bad_option`) naming the option."""
    check(options, RULES)
    profile = PaProfile(**options)  # type: ignore[arg-type]  # checked above, name by name
    if profile.lines > 1 and profile.window:
        raise bad("window", profile.window, "0 with several lines: see led_pa_v21.py")
    if profile.lines * profile.columns > pa_v21.TEXT_BYTES_MAX:
        most = pa_v21.TEXT_BYTES_MAX // profile.lines
        raise bad("columns", profile.columns, f"at most {most} with {profile.lines} lines")
    return profile


def _filled(lines: list[SafeText], columns: int) -> bytes:
    return b"".join(safe.data.ljust(columns) for safe in lines)
