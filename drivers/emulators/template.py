"""A strip in software that understands the frames of a `template` device, and no others.

What it is fed must be, byte for byte, what its description gives for some text. It answers as
described. Anything else is kept in `violations`, and it reads on at the next byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from drivers.led_template import TemplateProfile
from drivers.template import (
    CHECKSUMS,
    Field,
    FrameTemplate,
    Pattern,
    TextField,
    part_size,
    written,
)


@dataclass(slots=True)
class TemplateStrip:
    """The strip `profile` describes."""

    profile: TemplateProfile
    text: str = ""
    """What can be read on the strip now."""
    violations: list[str] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    """Every text it ever showed, oldest first."""
    _heard: bytes = b""
    _fixed_of: dict[int, bytes] = field(default_factory=dict)

    def feed(self, data: bytes) -> bytes:
        """Take bytes from the line; return the answers."""
        self._heard += data
        answers = b""
        while self._heard:
            found = self._first()
            if found is not None:
                size, answer = found
                self._heard = self._heard[size:]
                answers += answer
            elif self._begins():
                break
            else:
                self.violations.append(f"the byte {self._heard[0]:02x} begins no frame")
                self._heard = self._heard[1:]
        return answers

    def power_cycle(self) -> None:
        """It remembers no text."""
        self.text, self._heard = "", b""

    def _first(self) -> tuple[int, bytes] | None:
        """Size of the frame that stands first, and the answer to it."""
        profile = self.profile
        for wire in self._all(profile.query):
            if self._heard.startswith(wire):
                return len(wire), _answer(profile.alive)
        for frames in (profile.blank, profile.frames):
            for number, frame in enumerate(frames):
                size = self._shown_by(frame)
                if size is not None:
                    last = number == len(frames) - 1
                    return size, _answer(profile.ack) if last else b""
        return None

    def _shown_by(self, frame: FrameTemplate) -> int | None:
        """Show what `frame` says if it stands first; its size."""
        if not self._heard.startswith(self._fixed(frame)):
            return None  # a neighbour's: not worth trying every text
        for data, wire in self._readings(frame):
            if not self._heard.startswith(wire):
                continue
            try:
                text = data.decode("gbk").rstrip(" ")
            except UnicodeDecodeError:
                continue
            if frame.charset is not None or frame in self.profile.blank:
                self.text = text
                self.history.append(text)
            return len(wire)
        return None

    def _begins(self) -> bool:
        """Whether more bytes could make a frame of what was heard."""
        profile = self.profile
        return any(self._could_be(one) for one in (*profile.query, *profile.blank, *profile.frames))

    def _could_be(self, frame: FrameTemplate) -> bool:
        """Whether what was heard begins as `frame` does, whatever its text and its length."""
        fixed = self._fixed(frame)
        if not (self._heard.startswith(fixed) or fixed.startswith(self._heard)):
            return False
        return any(
            all(known in (None, have) for known, have in zip(wanted, self._heard, strict=False))
            for wanted in self._beginnings(frame)
            if len(wanted) > len(self._heard)
        )

    def _fixed(self, frame: FrameTemplate) -> bytes:
        """What the frame always begins with."""
        key = id(frame)  # the profile keeps its frames as long as we live
        if key not in self._fixed_of:
            whole = frame.render(self.profile.options.address)
            self._fixed_of[key] = whole[: _fixed_bytes(frame)]
        return self._fixed_of[key]

    def _beginnings(self, frame: FrameTemplate) -> Iterator[list[int | None]]:
        """The frame with a text of each length: None where its bytes depend on the text."""
        for length in self._lengths(frame):
            data = b" " * length
            for wire in self._all((frame,), data):
                known: list[int | None] = list(wire)
                at = 0
                for part in frame.parts:
                    size = part_size(part, data)
                    if isinstance(part, TextField) or getattr(part, "name", "") in CHECKSUMS:
                        known[at : at + size] = [None] * size
                    at += size
                yield known

    def _lengths(self, frame: FrameTemplate) -> tuple[int, ...]:
        """Texts the frame may be about, longest first."""
        named = {part.name for part in frame.parts if isinstance(part, Field)}
        if frame.charset is None and "textlen" not in named:
            return (0,)
        return tuple(range(self.profile.options.columns, -1, -1))

    def _readings(self, frame: FrameTemplate) -> Iterator[tuple[bytes, bytes]]:
        """Each text that could stand in what was heard, and the frame it would be in."""
        at = _offset(frame, TextField, 0) if frame.charset else 0
        for length in self._lengths(frame):
            data = self._heard[at : at + length] if frame.charset else b" " * length
            if len(data) == length:
                for wire in self._all((frame,), data):
                    yield data, wire

    def _all(self, frames: tuple[FrameTemplate, ...], data: bytes = b"") -> Iterator[bytes]:
        """The frames with every sequence number they may have."""
        for frame in frames:
            for sequence in self._sequences(frame, len(data)):
                yield frame.render(self.profile.options.address, data, sequence)

    def _sequences(self, frame: FrameTemplate, length: int) -> list[int]:
        """Those the frame may have, as far as its number was heard."""
        for part in frame.parts:
            if isinstance(part, Field) and part.name == "seq":
                at = _offset(frame, part, length)
                heard = self._heard[at : at + part.width.size]
                if not heard:
                    return [0]
                return [n for n in range(256) if written(part, n).startswith(heard)]
        return [0]


def _answer(pattern: Pattern | None) -> bytes:
    return b"" if pattern is None else pattern.example()


def _offset(frame: FrameTemplate, wanted: Field | type[TextField], length: int) -> int:
    """Bytes before the part `wanted`, with a text of `length` bytes."""
    size = 0
    for part in frame.parts:
        if part == wanted or isinstance(part, TextField) and wanted is TextField:
            break
        size += part_size(part, b" " * length)
    return size


def _fixed_bytes(frame: FrameTemplate) -> int:
    """Bytes at the beginning that are the same in every frame."""
    size = 0
    for part in frame.parts:
        if not isinstance(part, bytes) and getattr(part, "name", "") != "addr":
            break
        size += part_size(part, b"")
    return size
