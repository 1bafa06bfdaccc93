"""A strict dual-colour A0 90 strip in software: checksum, length, colours and characters.

What a real one could not read is declined (55) and kept in `violations`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.a090 import ROM_PAGE, SHOW, Answer, Decoder, Flaw, Frame, encode_answer

COLOUR_NAMES = ("red", "green", "yellow")


@dataclass(slots=True)
class A090Strip:
    """One strip at `address` with room for `columns` half characters."""

    address: int = 1
    columns: int = 32
    rom: str = "欢迎光临"
    """The page it shows when told to, and after a power cut."""
    declines: bool = False
    """Say 55 to everything, as a strip whose memory is worn out."""
    text: str = ""
    """What can be read on the strip now."""
    colours: tuple[str, ...] = ()
    """One for each character shown."""
    violations: list[str] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    """Every text it ever showed, oldest first."""
    _decoder: Decoder = field(default_factory=Decoder)

    def feed(self, data: bytes) -> bytes:
        """Take bytes from the line; return the answers."""
        return b"".join(self._take(item) for item in self._decoder.feed(data))

    def power_cycle(self) -> None:
        """A text shown is not kept."""
        self.text, self.colours = self.rom, ()
        self._decoder = Decoder()

    def _take(self, item: Frame | Flaw) -> bytes:
        if isinstance(item, Flaw):
            self.violations.append(item.reason)  # for whom it was cannot be trusted: silence
            return b""
        if item.address != self.address:
            return b""
        accepted = not self.declines and self._obey(item)
        return encode_answer(Answer(self.address, item.command, accepted))

    def _obey(self, frame: Frame) -> bool:
        if frame.command == ROM_PAGE and not frame.data:
            self._show(self.rom, ())
            return True
        if frame.command != SHOW:
            return self._violated(f"command {frame.command:02x} or data it does not have")
        read = _read(frame.data)
        if read is None:
            return self._violated("bytes that are no coloured character")
        text, colours = read
        if len(text.encode("gbk")) > self.columns:
            return self._violated(f"more than {self.columns} columns")
        self._show(text.rstrip(" "), colours)
        return True

    def _show(self, text: str, colours: tuple[str, ...]) -> None:
        self.text, self.colours = text, colours
        self.history.append(text)

    def _violated(self, why: str) -> bool:
        self.violations.append(why)
        return False


def _read(data: bytes) -> tuple[str, tuple[str, ...]] | None:
    """Text and colours; None for what is neither."""
    text, colours = "", []
    at = 0
    while at < len(data):
        size = 2 if data[at] >= 0x80 else 1
        code, colour = data[at : at + size], data[at + size : at + size + 1]
        if len(code) < size or not colour or colour[0] >= len(COLOUR_NAMES) or code[0] < 0x20:
            return None
        try:
            text += code.decode("gbk")
        except UnicodeDecodeError:
            return None
        colours.append(COLOUR_NAMES[colour[0]])
        at += size + 1
    return text, tuple(colours)
