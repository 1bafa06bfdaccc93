"""The paper an emulated printer printed on: what stands where in dots, as text, as a picture.

8 dots are a millimetre (203 dpi). Pictures have the width of the paper: 640 dots for 80 mm, 464
for 58 mm, the printable 576 or 384 in the middle. Barcodes are shown as a box with their data,
not as bars.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from PIL import Image

CELL_WIDTH, CELL_HEIGHT = 12, 24
DOTS_PER_MM = 8
EDGE_DOTS = 12
"""Strip of background below a page that shows the cut."""

BRIDGE_DOTS = 24
"""What a partial cut leaves standing in the middle."""

PAPER, INK, SHADOW = 252, 24, 150
"""Grey levels: thermal paper is not white, its print not black."""

Cut: TypeAlias = Literal["full", "partial", "torn"]
"""By the cutter, by the cutter but for a bridge, or by hand at the tear bar."""

TOOTH_DOTS = 8
"""Width and depth of one tooth of the tear bar."""


@dataclass(frozen=True, slots=True)
class Glyph:
    """One character; `x` from the left of the line, `width` and `height` in dots."""

    x: int
    char: str
    width: int
    height: int
    bold: bool = False
    underline: bool = False
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class TextRow:
    """One printed line, `y` dots from the top of the page, characters standing on its bottom."""

    x: int
    y: int
    height: int
    glyphs: tuple[Glyph, ...]

    @property
    def text(self) -> str:
        """The characters of the line."""
        return "".join(glyph.char for glyph in self.glyphs)


@dataclass(frozen=True, slots=True)
class Dots:
    """A picture: rows of `width // 8` bytes, MSB left, each dot `across` by `down` dots large."""

    x: int
    y: int
    width: int
    data: bytes
    across: int = 1
    down: int = 1

    @property
    def rows(self) -> int:
        """Height in dots of its own."""
        return len(self.data) * 8 // self.width

    @property
    def text(self) -> str:
        """A picture has no text; its size, so that one sees that something is there."""
        return f"[image {self.width * self.across}×{self.rows * self.down}]"


@dataclass(frozen=True, slots=True)
class Symbol:
    """A QR code the printer made itself; `level` is one of LMQH."""

    x: int
    y: int
    data: bytes
    module: int
    level: str

    @property
    def text(self) -> str:
        """What a phone reads from it."""
        return f"[QR {self.data.decode('utf-8', 'replace')}]"


@dataclass(frozen=True, slots=True)
class Barcode:
    """A barcode of the system `system` (the m of GS k)."""

    x: int
    y: int
    width: int
    height: int
    system: int
    data: bytes

    @property
    def text(self) -> str:
        """Its data."""
        return f"[barcode {self.data.decode('ascii', 'replace')}]"


Item: TypeAlias = TextRow | Dots | Symbol | Barcode


@dataclass(frozen=True, slots=True)
class Page:
    """What came out between two cuts. `width` and `height` are the printable dots."""

    width_mm: int
    width: int
    height: int
    items: tuple[Item, ...]
    cut: Cut

    @property
    def text(self) -> str:
        """All lines, pictures as `[image W×H]`, codes as `[QR …]`; blank ends removed."""
        return "\n".join(item.text for item in self.items).strip("\n")


def render(page: Page) -> Image.Image:
    """The page as a grey picture, as wide as its paper, with the cut at its lower end.

    Raises `DeviceBroken` (`no_font`) on a machine without any font.
    """
    from PIL import Image, ImageOps

    ink = Image.new("L", (page.width, max(1, page.height)), 0)
    for item in page.items:
        _paint(ink, item)
    margin = max(0, (page.width_mm * DOTS_PER_MM - page.width) // 2)
    print_ = ImageOps.colorize(ink, (PAPER,) * 3, (INK,) * 3).convert("L")
    sheet = Image.new("L", (page.width + 2 * margin, print_.height + EDGE_DOTS), PAPER)
    sheet.paste(print_, (margin, 0))
    _paint_cut(sheet, page.cut)
    return sheet


def _paint(ink: Image.Image, item: Item) -> None:
    match item:
        case TextRow():
            _paint_row(ink, item)
        case Dots():
            _paint_dots(ink, item)
        case Symbol():
            _paint_symbol(ink, item)
        case Barcode():
            _paint_barcode(ink, item)


def _paint_row(ink: Image.Image, row: TextRow) -> None:
    from PIL import Image, ImageChops, ImageDraw

    from drivers.raster import draw_text

    for glyph in row.glyphs:
        columns = max(1, round(glyph.width / glyph.height * CELL_HEIGHT / CELL_WIDTH))
        down = max(1, round(glyph.height / CELL_HEIGHT))
        cell = Image.new("L", (columns * CELL_WIDTH * down, CELL_HEIGHT * down), 0)
        draw_text(cell, (0, 0), glyph.char, (down, down), glyph.bold)
        if glyph.underline:
            bottom = cell.height - 2
            ImageDraw.Draw(cell).line((0, bottom, cell.width, bottom), fill=255, width=2)
        if glyph.reverse:
            cell = ImageChops.invert(cell)
        cell = cell.resize((glyph.width, glyph.height))
        at = (row.x + glyph.x, row.y + row.height - glyph.height)
        ink.paste(255, at, cell)


def _paint_dots(ink: Image.Image, dots: Dots) -> None:
    from drivers.raster import unpack

    picture = unpack(dots.width, dots.data)
    size = (picture.width * dots.across, picture.height * dots.down)
    ink.paste(255, (dots.x, dots.y), picture.resize(size, 0))


def _paint_symbol(ink: Image.Image, symbol: Symbol) -> None:
    from drivers.raster import qr_picture

    picture = qr_picture(symbol.data, symbol.module, symbol.level.lower())
    ink.paste(255, (symbol.x, symbol.y), picture)


def _paint_barcode(ink: Image.Image, code: Barcode) -> None:
    from PIL import ImageDraw

    from drivers.raster import draw_text

    box = (code.x, code.y, code.x + code.width - 1, code.y + code.height - 1)
    ImageDraw.Draw(ink).rectangle(box, outline=255, width=2)
    draw_text(ink, (code.x + 4, code.y + 4), code.data.decode("ascii", "replace"))


def _paint_cut(sheet: Image.Image, cut: Cut) -> None:
    from PIL import ImageDraw

    pen = ImageDraw.Draw(sheet)
    top = sheet.height - EDGE_DOTS
    middle = sheet.width // 2
    pen.rectangle((0, top, sheet.width, sheet.height), fill=SHADOW)
    if cut == "torn":
        for x in range(0, sheet.width, TOOTH_DOTS):
            tooth = ((x, top), (x + TOOTH_DOTS, top), (x + TOOTH_DOTS // 2, top + TOOTH_DOTS))
            pen.polygon(tooth, fill=PAPER)
    if cut == "partial":
        pen.rectangle(
            (middle - BRIDGE_DOTS // 2, top, middle + BRIDGE_DOTS // 2, sheet.height), fill=PAPER
        )
