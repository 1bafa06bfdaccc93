"""The printing part of the emulated printer: modes, the line being set, the paper moving.

Knows dots and modes, no commands: `escpos_commands` turns one into the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from drivers.emulators.paper import (
    CELL_HEIGHT,
    CELL_WIDTH,
    Barcode,
    Cut,
    Dots,
    Glyph,
    Item,
    Page,
    Symbol,
    TextRow,
)

DEFAULT_SPACING = 30
HEAD_TO_CUTTER = 96
"""The cutter sits 12 mm above the head: so much is blank at the top of every slip, and what was
not fed that far when the cut comes is left on the next one."""

PAGE_DOTS_MAX = 16_000
"""Two metres. A host that never cuts must not fill the memory."""

VIOLATIONS_MAX = 1_000
FONT_B_WIDTH = 9
LEAD = range(0x81, 0xFF)
TAB_COLUMNS = 8


@dataclass(slots=True)
class Modes:
    """Everything ESC @ sets back."""

    align: Literal["left", "center", "right"] = "left"
    bold: bool = False
    underline: bool = False
    kanji_underline: bool = False
    reverse: bool = False
    font_b: bool = False
    across: int = 1
    down: int = 1
    kanji_across: int = 1
    kanji_down: int = 1
    kanji: bool = True
    """A printer with a Chinese ROM starts in kanji mode."""
    space: int = 0
    kanji_space: tuple[int, int] = (0, 0)
    spacing: int = DEFAULT_SPACING
    codepage: str = "cp437"
    barcode_height: int = 162
    barcode_width: int = 3
    module: int = 3
    level: str = "L"
    symbol: bytes = b""


class Press:
    """Sets characters into lines, lines onto paper, and cuts it."""

    def __init__(self, width_mm: int, width: int, charset: str) -> None:
        self.width_mm, self.width, self.charset = width_mm, width, charset
        self.modes = Modes()
        self.pages: list[Page] = []
        self.violations: list[str] = []
        self.fed = 0
        """Dots of paper moved, ever."""
        self.cuts = 0
        self.stored: tuple[int, bytes, int, int] | None = None
        """A picture kept by GS ( L: width, data, how often each dot goes across and down."""
        self._items: list[Item] = []
        self._y = HEAD_TO_CUTTER
        self._printed_to = 0
        self._line: list[Glyph] = []
        self._line_width = 0
        self._code = b""

    @property
    def dirty(self) -> bool:
        """Whether something stands on uncut paper or in the line being set."""
        return bool(self._items or self._line or self._code)

    @property
    def line_started(self) -> bool:
        """Whether the line being set has characters in it."""
        return bool(self._line)

    def violate(self, what: str) -> None:
        """Writes down something a host must not do; the first `VIOLATIONS_MAX` are kept."""
        if len(self.violations) < VIOLATIONS_MAX:
            self.violations.append(what)

    def reset(self) -> None:
        """ESC @: modes as after power on, the line being set is forgotten."""
        self.end_code()
        self.modes = Modes()
        self._line, self._line_width = [], 0

    def lose_power(self) -> None:
        """What is on the paper stays; half a character is nobody's mistake."""
        self._code = b""
        self.reset()

    # ── Characters ────────────────────────────────────────────────────────────────────────

    def put_byte(self, byte: int) -> None:
        """One byte of text: a character, or part of one. NUL ends half a one and is skipped."""
        if byte == 0x00:
            self._code = b""
        elif self._code:
            self._continue_code(byte)
        elif byte == 0x09:
            self._tab()
        elif byte < 0x20 or byte == 0x7F:
            self.violate(f"control byte 0x{byte:02X}")
        elif byte < 0x80:
            self._set(chr(byte), 1)
        elif not self.modes.kanji:
            self._set(bytes([byte]).decode(self.modes.codepage, "replace"), 1)
        elif byte in LEAD:
            self._code = bytes([byte])
        else:
            self.violate(f"byte 0x{byte:02X} begins no character")

    def end_code(self) -> None:
        """A command comes: half a character before it is a violation."""
        if self._code:
            self.violate(f"character {self._code.hex()} has no second byte")
            self._code = b""

    def _continue_code(self, byte: int) -> None:
        code = self._code + bytes([byte])
        self._code = b""
        if len(code) == 2 and (0x30 <= byte <= 0x39) or len(code) == 3:
            self._code = code  # GB 18030, four bytes
            return
        if len(code) == 2 and not (0x40 <= byte <= 0xFE and byte != 0x7F):
            self.violate(f"character {code[:1].hex()} has no second byte")
            self.put_byte(byte)
            return
        char = self._decode(code)
        if char is None:
            self.violate(f"unsupported glyph {code.hex()}")
        else:
            self._set(char, 2)

    def _decode(self, code: bytes) -> str | None:
        if self.charset != "gb18030" and len(code) > 2:
            return None
        in_gb2312 = code[1] >= 0xA1 and (code[0] <= 0xA9 or 0xB0 <= code[0] <= 0xF7)
        if self.charset == "gb2312" and not (code[0] >= 0xA1 and in_gb2312):
            return None
        try:
            return code.decode("gb18030" if self.charset == "gb18030" else "gbk")
        except UnicodeDecodeError:
            return None

    def _set(self, char: str, columns: int) -> None:
        modes = self.modes
        if columns == 2:
            across, down, before = modes.kanji_across, modes.kanji_down, modes.kanji_space[0]
            after, underline = modes.kanji_space[1], modes.kanji_underline
            width = 2 * CELL_WIDTH * across
        else:
            across, down, before = modes.across, modes.down, 0
            after, underline = modes.space, modes.underline
            width = (FONT_B_WIDTH if modes.font_b else CELL_WIDTH) * across
        if self._line and self._line_width + before + width > self.width:
            self.end_line()
        x = self._line_width + before
        self._line.append(
            Glyph(x, char, width, CELL_HEIGHT * down, modes.bold, underline, modes.reverse)
        )
        self._line_width = x + width + after

    def _tab(self) -> None:
        stop = TAB_COLUMNS * CELL_WIDTH
        for _ in range((stop - self._line_width % stop) // CELL_WIDTH):
            self._set(" ", 1)

    # ── Paper ─────────────────────────────────────────────────────────────────────────────

    def end_line(self) -> None:
        """Prints the line being set, or moves one line on if there is none."""
        self._print_line(self.modes.spacing)

    def feed_lines(self, lines: int) -> None:
        """ESC d: prints the line being set and moves `lines` lines."""
        if lines and self._line:
            self.end_line()
            lines -= 1
        for _ in range(lines):
            self._print_line(self.modes.spacing)

    def feed_dots(self, dots: int) -> None:
        """ESC J: prints the line being set and moves `dots` dots."""
        if self._line:
            self._print_line(dots)
        else:
            self._advance(dots)

    def picture(self, width: int, data: bytes, across: int = 1, down: int = 1) -> None:
        """Prints a picture at once; what is wider than the paper is lost."""
        if width * across > self.width:
            self.violate(f"picture {width * across} dots wide on {self.width}")
            return
        item = Dots(self._indent(width * across), self._y, width, data, across, down)
        self._place(item, item.rows * down)

    def qr(self, side: int) -> None:
        """Prints the stored code, `side` modules a side."""
        modes = self.modes
        width = side * modes.module
        if width > self.width:
            self.violate(f"QR code {width} dots wide on {self.width}")
            return
        item = Symbol(self._indent(width), self._y, modes.symbol, modes.module, modes.level)
        self._place(item, width)

    def barcode(self, system: int, data: bytes) -> None:
        """Prints a barcode; eleven modules a character, as in Code 128."""
        width = min(self.width, 11 * self.modes.barcode_width * (len(data) + 2))
        height = self.modes.barcode_height
        item = Barcode(self._indent(width), self._y, width, height, system, data)
        self._place(item, height)

    def cut(self, how: Cut, feeds_to_cutter: bool) -> None:
        """Cuts where the paper is now."""
        if self._line:
            self.violate("cut in the middle of a line")
            self.end_line()
        if feeds_to_cutter:
            self._advance(HEAD_TO_CUTTER)
        elif self._items and self._y - self._printed_to < HEAD_TO_CUTTER:
            self.violate(
                f"cut {self._y - self._printed_to} dots below the print, the cutter is "
                f"{HEAD_TO_CUTTER} above the head"
            )
        self.cuts += 1
        height = self._y - HEAD_TO_CUTTER
        self.pages.append(Page(self.width_mm, self.width, height, tuple(self._items), how))
        self._fresh_paper()

    def tear(self) -> None:
        """Somebody tears the paper off at the bar, if anything is on it."""
        if self._items:
            self.cut("torn", feeds_to_cutter=False)

    def _print_line(self, spacing: int) -> None:
        glyphs = tuple(self._line)
        height = max((glyph.height for glyph in glyphs), default=0)
        row = TextRow(self._indent(self._line_width), self._y, height, glyphs)
        self._line, self._line_width = [], 0
        self._items.append(row)
        self._advance(max(spacing, height))
        if glyphs:
            self._printed_to = row.y + height

    def _place(self, item: Item, height: int) -> None:
        self._items.append(item)
        self._advance(height)
        self._printed_to = self._y

    def _advance(self, dots: int) -> None:
        self._y += dots
        self.fed += dots
        if self._y > PAGE_DOTS_MAX:
            self.violate(f"more than {PAGE_DOTS_MAX} dots without a cut")
            self._fresh_paper()

    def _fresh_paper(self) -> None:
        self._items, self._y, self._printed_to = [], HEAD_TO_CUTTER, 0

    def _indent(self, width: int) -> int:
        free = max(0, self.width - width)
        return {"left": 0, "center": free // 2, "right": free}[self.modes.align]
