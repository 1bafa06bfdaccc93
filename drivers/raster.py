"""Draws what a printer's ROM cannot print: a line of text, a QR code, as 1-bit pictures.

Pictures have the geometry of the printer's own characters (12 by 24 dots a column, lines 30 dots
apart), so that a drawn line stands among printed ones without a jump. Reads font files, does no
other I/O.
"""

from __future__ import annotations

import math

import segno
from PIL import Image, ImageDraw, ImageFont

from drivers import jobs
from drivers.escpos import GLYPH_ROWS, LINE_ROWS, QUIET_ZONE, fitting_module
from drivers.fonts import MISSING_MARK, FontChain, font_chain
from drivers.printer_profile import DOTS_PER_COLUMN, Profile
from drivers.typesetting import Line, char_columns, clusters, columns_of

BASELINE = 20
"""Dots from the top of a character cell to the baseline, of 24."""

EM = 23
"""Font size that fills a 24-dot cell without touching the next one."""

NARROW_EM = 20
"""Font size of one-column characters: at the other one, g, p and y lose their feet."""

INK_THRESHOLD = 120
"""Grey level from which a dot is burnt: thin strokes of 24-dot characters must not break."""


def draw_line(line: Line, profile: Profile) -> jobs.Raster:
    """`line` as wide as the paper. Raises `DeviceBroken` (`no_font`)."""
    picture = Image.new("L", (profile.dots, LINE_ROWS * line.size), 0)
    width = columns_of(line.text) * DOTS_PER_COLUMN * line.size
    free = max(0, profile.columns * DOTS_PER_COLUMN - width)
    left = {"left": 0, "center": free // 2, "right": free}[line.align]
    draw_text(picture, (left, 0), line.text, (line.size, line.size), line.bold, profile.font)
    return pack(picture)


def draw_qr(code: jobs.Qr, profile: Profile) -> jobs.Raster:
    """`code` at level M, centred, with its quiet zone where the paper has room for it."""
    module = fitting_module(code.data, code.module, profile)
    picture = qr_picture(code.data.encode(), module)
    paper = Image.new("L", (profile.dots, picture.height + 2 * QUIET_ZONE * module), 0)
    left = (profile.dots - picture.width) // 2
    paper.paste(picture, (left, QUIET_ZONE * module))
    return pack(paper)


def qr_picture(data: bytes, module: int, level: str = "m") -> Image.Image:
    """A QR code as ink (255) on paper (0), `module` dots a module, without quiet zone."""
    symbol = segno.make_qr(data, error=level, boost_error=False, mode="byte")
    side = len(symbol.matrix)
    small = Image.new("L", (side, side))
    small.putdata([255 if dark else 0 for row in symbol.matrix for dark in row])
    return small.resize((small.width * module, small.height * module), Image.Resampling.NEAREST)


def draw_text(
    picture: Image.Image,
    at: tuple[int, int],
    text: str,
    scale: tuple[int, int] = (1, 1),
    bold: bool = False,
    font: str = "",
) -> int:
    """Draws `text` as ink (255) in cells of 12 by 24 dots times `scale` (across, down).

    Returns the x after it. A character no font has becomes 〓. Raises `DeviceBroken` (`no_font`).
    """
    x, y = at
    across, down = scale
    for cluster in clusters(text):
        columns = max(1, columns_of(cluster))
        fonts = font_chain(font, (EM if columns > 1 else NARROW_EM) * down)
        glyph = _glyph(cluster, columns, down, bold, fonts)
        if across != down:
            size = (columns * DOTS_PER_COLUMN * across, GLYPH_ROWS * down)
            glyph = glyph.resize(size, Image.Resampling.NEAREST)
        # Lighter of both, so that an overhanging stroke does not wipe out its neighbour.
        picture.paste(255, (x, y), glyph)
        x += columns * DOTS_PER_COLUMN * across
    return x


def pack(picture: Image.Image) -> jobs.Raster:
    """A grey picture of ink (255) on paper (0) as dots; its width must be a multiple of 8."""
    dots = picture.point(lambda level: 255 if level >= INK_THRESHOLD else 0).convert("1")
    return jobs.Raster(picture.width, dots.tobytes())


def unpack(width: int, data: bytes) -> Image.Image:
    """Dots as a grey picture of ink (255) on paper (0)."""
    return Image.frombytes("1", (width, len(data) // (width // 8)), data).convert("L")


def _glyph(cluster: str, columns: int, down: int, bold: bool, fonts: FontChain) -> Image.Image:
    """One character with its accents in its cell, `down` times as large both ways."""
    cell = Image.new("L", (columns * DOTS_PER_COLUMN * down, GLYPH_ROWS * down), 0)
    for char in cluster:
        font = fonts.font_for(char)
        if font is None and char_columns(char) == 0:
            continue  # an accent or variation selector no font knows: the character stays
        if font is None:
            font, char = fonts.font_for(MISSING_MARK), MISSING_MARK
        if font is not None:
            stamp = _stamp(char, font, cell.size, down if bold else 0)
            cell.paste(255, (0, 0), stamp)
    return cell


def _stamp(
    char: str, font: ImageFont.FreeTypeFont, cell: tuple[int, int], smear: int
) -> Image.Image:
    """One glyph in the middle of its cell, made narrower if it is wider than that.

    `smear` dots are added to the right of every stroke, which is how a printer makes bold.
    """
    width, height = cell
    room = max(width, math.ceil(font.getlength(char)))
    stamp = Image.new("L", (room, height), 0)
    pen = ImageDraw.Draw(stamp)
    baseline = height * BASELINE // GLYPH_ROWS
    for shift in range(smear + 1):
        pen.text((room / 2 + shift, baseline), char, fill=255, font=font, anchor="ms")
    return stamp if room == width else stamp.resize(cell, Image.Resampling.BOX)
