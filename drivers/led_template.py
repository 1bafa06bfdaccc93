"""A strip nobody has a driver for, by its frames (see `template.py` for how to write them).

    address   0 … 65535        the strip's number on its line, for {addr}
    frame     what shows a text                               (needed)
    ack       what the strip answers to it                    ("" it answers nothing)
    nak       what it answers to what it did not understand   ("" nothing)
    blank     what shows nothing                              ("" a text of one space)
    query     a question that changes nothing on the wall     ("" there is none)
    alive     what the strip answers to it                    (needed with query)
    avoid     bytes no character may contain, hexadecimal: "5C FF"
    columns   4 … 120          half characters it can show; a longer text ends in …
    ack_s, gap_ms, local_echo  see strip_options.py

A text counts as shown when `ack` was heard; without `ack`, when `alive` was heard afterwards;
with neither, when its bytes have left: then nobody notices a strip that is off. With `ack` and
no `query`, whether the strip is there is found out by sending it its text, or first a blank.
Where the converter hears itself, set `local_echo`: an answer is looked for anywhere in what is
heard, in an echo too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drivers.device import DeviceBroken, Transport
from drivers.jobs import DeviceConfig
from drivers.strip_line import ACCEPTED, LineProfile, LineStrip, Reply
from drivers.strip_options import LINE_RULES, Number, Option, Rule, Words, bad, check
from drivers.strip_text import Charset, Rules, make_safe
from drivers.template import BadTemplate, FrameTemplate, Pattern, parse, parse_pattern

RULES: Mapping[str, Rule] = {
    "address": Number(0, 65535),
    "frame": Words(),
    "ack": Words(),
    "nak": Words(),
    "blank": Words(),
    "query": Words(),
    "alive": Words(),
    "avoid": Words(),
    "columns": Number(4, 120),
    **LINE_RULES,
}
HEARD_BYTES_MAX = 512
"""More than any answer; older bytes are forgotten."""


@dataclass(frozen=True, slots=True)
class TemplateOptions(LineProfile):
    """The options as written."""

    address: int = 1
    frame: str = ""
    ack: str = ""
    nak: str = ""
    blank: str = ""
    query: str = ""
    alive: str = ""
    avoid: str = ""
    columns: int = 32
    ack_s: float = 0.5


@dataclass(frozen=True, slots=True)
class TemplateProfile:
    """The options as meant; frames are proven to fit."""

    options: TemplateOptions
    frames: tuple[FrameTemplate, ...]
    blank: tuple[FrameTemplate, ...]
    query: tuple[FrameTemplate, ...]
    ack: Pattern | None
    nak: Pattern | None
    alive: Pattern | None
    charset: Charset
    rules: Rules


class PatternEar:
    """Looks for `good` and `nak` in what is heard; the one that is complete first counts."""

    def __init__(self, good: Pattern, nak: Pattern | None) -> None:
        self._good = good
        self._nak = nak
        self._heard = b""

    def reset(self) -> None:
        """Forget what was heard."""
        self._heard = b""

    def feed(self, data: bytes) -> list[Reply]:
        """At most one reply."""
        for byte in data:
            self._heard = (self._heard + bytes([byte]))[-HEARD_BYTES_MAX:]
            if self._good.found_in(self._heard):
                return [ACCEPTED]
            if self._nak is not None and self._nak.found_in(self._heard):
                return [Reply("declined", "the strip declines the text")]
        return []


class TemplateLed(LineStrip):
    """A strip of this family."""

    def __init__(
        self,
        config: DeviceConfig,
        transport: Transport,
        turn: asyncio.Lock | None = None,
        byte_s: float = 0.0,
    ) -> None:
        """`turn` and `byte_s` are those of the line, see `strip_line.py`.

        Raises `DeviceBroken` (`bad_option`) naming the option, and where in it.
        """
        self.profile = profile = profile_of(config.options)
        super().__init__(transport, profile.options, turn, byte_s)
        self._ack = None if profile.ack is None else PatternEar(profile.ack, profile.nak)
        self._alive = None if profile.alive is None else PatternEar(profile.alive, None)
        self._shown = b""
        self._sequence = 0

    async def check(self) -> None:
        """Whether the strip answers, if it has an answer. Raises as `show`."""
        if self._alive is not None:
            await self.line.ask(self._rendered(self.profile.query), self._alive)
        elif self._ack is not None:
            await self._say(self._shown)

    async def show(self, text: str, flash: bool = False) -> str:
        """Show `text` until the next one; returns what can be read on the wall.

        Raises `DeviceTransient` (`timeout`, `unplugged`, `garbled`) or `DeviceBroken`
        (`refused`: it declined the text several times).
        """
        profile = self.profile
        safe = make_safe(text, profile.charset, profile.options.columns, profile.rules)
        await self._say(safe.data)
        self._shown = safe.data
        return safe.text

    async def _say(self, data: bytes) -> None:
        profile = self.profile
        if data or not profile.blank:
            wires = self._rendered(profile.frames, data or b" ")
        else:
            wires = self._rendered(profile.blank)
        if self._ack is None and self._alive is not None:
            wires += self._rendered(profile.query)
        await self.line.ask(wires, self._ack or self._alive)

    def _rendered(self, frames: Sequence[FrameTemplate], data: bytes = b"") -> list[bytes]:
        wires = []
        for frame in frames:
            wires.append(frame.render(self.profile.options.address, data, self._sequence))
            self._sequence = (self._sequence + 1) % 256
        return wires


def profile_of(options: Mapping[str, Option]) -> TemplateProfile:
    """Checks a strip's options. Raises `DeviceBroken` (`bad_option`) naming the option."""
    check(options, RULES)
    given = TemplateOptions(**options)  # type: ignore[arg-type]  # checked above, name by name
    frames = _frames("frame", given)
    charsets: list[Charset] = [one.charset for one in frames if one.charset is not None]
    if not charsets:
        raise bad("frame", given.frame, "at least one frame with {text:gbk} or the like")
    if len(set(charsets)) > 1:
        raise bad("frame", given.frame, "one charset for all frames")
    profile = TemplateProfile(
        given,
        frames,
        _frames("blank", given),
        _frames("query", given),
        ack=_pattern("ack", given),
        nak=_pattern("nak", given),
        alive=_pattern("alive", given),
        charset=charsets[0],
        rules=Rules(avoid=_avoid(given.avoid)),
    )
    if bool(profile.query) != (profile.alive is not None):
        raise bad("query", given.query, "query and alive, or neither")
    if profile.nak is not None and profile.ack is None:
        raise bad("nak", given.nak, "nothing without ack")
    return profile


def _frames(name: str, given: TemplateOptions) -> tuple[FrameTemplate, ...]:
    description: str = getattr(given, name)
    if not description and name != "frame":
        return ()
    try:
        frames = parse(description, given.address, given.columns)
    except BadTemplate as error:
        raise DeviceBroken("bad_option", f"option {name} of a strip: {error}") from None
    if name != "frame" and any(frame.charset for frame in frames):
        raise bad(name, description, "a frame without a text")
    return frames


def _pattern(name: str, given: TemplateOptions) -> Pattern | None:
    description: str = getattr(given, name)
    if not description:
        return None
    try:
        return parse_pattern(description, given.address)
    except BadTemplate as error:
        raise DeviceBroken("bad_option", f"option {name} of a strip: {error}") from None


def _avoid(written: str) -> bytes:
    try:
        return bytes.fromhex(written)
    except ValueError:
        raise bad("avoid", written, "bytes of two hexadecimal digits") from None
