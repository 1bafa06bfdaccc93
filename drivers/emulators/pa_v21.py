"""A strict Ping'an Lihe V2.1 strip in software: both checksums, ranges, characters.

It answers template frames; an instant text it shows without a word. What a real one could not
read is kept in `violations` and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers import pa_v21
from drivers.pa_v21 import Decoder, Flaw, Instant, Template

FIXED_TEXTS = {pa_v21.WELCOME: "欢迎光临", pa_v21.PAUSE: "暂停服务"}
COMMANDS = {pa_v21.STRIP, pa_v21.SUMMARY, pa_v21.VERSION}


@dataclass(slots=True)
class PaStrip:
    """A strip, or with `lines` above 1 a summary screen, at `address`."""

    address: int = 1
    columns: int = 32
    lines: int = 1
    text: str = ""
    """What can be read now; the lines of a summary screen parted by newlines."""
    violations: list[str] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    """Every text it ever showed, oldest first."""
    _decoder: Decoder = field(default_factory=Decoder)

    def feed(self, data: bytes) -> bytes:
        """Take bytes from the line; return the answers."""
        return b"".join(self._take(item) for item in self._decoder.feed(data))

    def power_cycle(self) -> None:
        """It remembers no text."""
        self.text = ""
        self._decoder.reset()

    def _take(self, item: Template | Instant | Flaw) -> bytes:
        if isinstance(item, Flaw):
            self.violations.append(item.reason)
        elif item.address != self.address:
            pass  # another strip's; or its answer, which all on the line hear
        elif isinstance(item, Instant):
            self._instant(item)
        elif self._template(item):
            return pa_v21.encode(Template(pa_v21.ANSWER, self.address, pa_v21.ASK))
        return b""

    def _template(self, frame: Template) -> bool:
        """Whether it was obeyed."""
        if frame.command not in COMMANDS:
            return self._violated(f"command {frame.command:02x}")
        if frame.command == pa_v21.VERSION:
            return frame.subcommand == pa_v21.ASK or self._violated("a version question without 50")
        if frame.subcommand in FIXED_TEXTS and not frame.data:
            self._show(FIXED_TEXTS[frame.subcommand])
            return True
        if frame.subcommand != pa_v21.CALL or len(frame.data) not in (3, 4):
            return self._violated(f"subcommand {frame.subcommand:02x}, {len(frame.data)} bytes")
        high, low, window, *letter = frame.data
        if high > 99 or low > 99 or not all(0x41 <= code <= 0x5A for code in letter):
            return self._violated("a call beyond its ranges")
        self._show(f"请{bytes(letter).decode('ascii')}{high * 100 + low:03}号到{window}号窗口")
        return True

    def _instant(self, frame: Instant) -> None:
        summary = self.lines > 1
        text = _drawn(frame.text)
        checks = (
            (text is not None, "bytes that are no character"),
            (frame.target == (pa_v21.TO_SUMMARY if summary else pa_v21.TO_STRIP), "target"),
            (frame.func in (1, 2, 8, 11) and frame.speed <= 7 and frame.colour <= 2, "modes"),
            # One space more keeps the CRC from being the end mark.
            (len(frame.text.rstrip(b" ")) <= self.columns * self.lines, "longer than the screen"),
        )
        for good, why in checks:
            if not good:
                self._violated(why)
                return
        self._show(self._wrapped(frame.text) if summary else (text or "").rstrip(" "))

    def _wrapped(self, data: bytes) -> str:
        rows = (data[at : at + self.columns] for at in range(0, len(data), self.columns))
        # A character that a line's end cuts in two is garbage on the wall.
        lines = [row.decode("gbk", errors="replace").rstrip(" ") for row in rows]
        return "\n".join(lines).rstrip("\n")

    def _show(self, text: str) -> None:
        self.text = text
        self.history.append(text)

    def _violated(self, why: str) -> bool:
        self.violations.append(why)
        return False


def _drawn(data: bytes) -> str | None:
    """What a GBK font draws; None for what it has not."""
    if any(byte < 0x20 or byte == 0x7F for byte in data):
        return None
    try:
        return data.decode("gbk")
    except UnicodeDecodeError:
        return None
