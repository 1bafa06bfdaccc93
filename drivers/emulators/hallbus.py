"""A strict hall bus strip in software: shows what a real one could read, and nothing else.

What it could not read is kept in `violations` and changes nothing on the wall. It answers a
query and nothing else, as the real one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers import hallbus
from drivers.hallbus import Coding, Decoder, Flaw, Frame, decode_text

COLOUR_NAMES = {1: "red", 2: "green", 3: "yellow"}


@dataclass(slots=True)
class HallBusStrip:
    """One strip at `address` with room for `columns` half characters. A new text flashes."""

    address: int = 1
    coding: Coding = "nibble"
    columns: int = 32
    text: str = ""
    """What can be read on the strip now."""
    colour: str = ""
    """"" until a text came with one; "mixed" if its characters differ."""
    flashing: bool = False
    queries: int = 0
    violations: list[str] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    """Every text it ever showed, oldest first."""
    _colours: bytes = b""
    _decoder: Decoder = field(default_factory=Decoder)

    def __post_init__(self) -> None:
        self._decoder = Decoder(self.coding)

    def feed(self, data: bytes) -> bytes:
        """Take bytes from the line; return the answers."""
        return b"".join(self._take(item) for item in self._decoder.feed(data))

    def power_cycle(self) -> None:
        """It remembers no text."""
        self.text, self.colour, self.flashing, self._colours = "", "", False, b""
        self._decoder = Decoder(self.coding)

    def _take(self, item: Frame | Flaw) -> bytes:
        if isinstance(item, Flaw):
            self.violations.append(item.reason)
            return b""
        if item.address != self.address:
            return b""
        match item.command:
            case hallbus.QUERY:
                self.queries += 1
                return hallbus.ALIVE
            case hallbus.BLANK:
                self.text, self.colour, self.flashing = "", "", False
            case hallbus.STEADY:
                self.flashing = False
            case hallbus.COLOURS:
                self._colours = item.parameters
            case _:
                self._show(item)
        return b""

    def _show(self, frame: Frame) -> None:
        colours, self._colours = self._colours, b""
        if frame.command != (hallbus.PAGE if self.coding == "7bit" else hallbus.TEXT):
            self._violated(f"command {frame.command.decode()} for a strip of {self.coding}")
            return
        data = decode_text(frame.parameters, self.coding)
        text = None if data is None else _drawn(data)
        if data is None or text is None:
            self._violated("bytes that are no character")
        elif len(data) > self.columns:
            self._violated(f"{len(data)} columns, there are {self.columns}")
        elif colours and (len(colours) != len(frame.parameters) or not set(colours) <= {1, 2, 3}):
            self._violated("colours that do not fit the text")
        else:
            names = {COLOUR_NAMES[code] for code in colours}
            self.colour = names.pop() if len(names) == 1 else "mixed" if names else ""
            self.text, self.flashing = text, True
            self.history.append(text)

    def _violated(self, why: str) -> None:
        self.violations.append(why)


def _drawn(data: bytes) -> str | None:
    """What a GBK font draws; None for what it has not."""
    if any(byte < 0x20 or byte == 0x7F for byte in data):
        return None
    try:
        return data.decode("gbk")
    except UnicodeDecodeError:
        return None
