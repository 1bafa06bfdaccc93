"""ESC/POS framing: slips to bytes, and the bytes a printer answers to values. Pure.

How it works: a slip is laid out into lines (`typesetting`). A line whose every character is in
the printer's ROM goes out as text, anything else as a picture of that line, drawn by a function
the caller gives, so that no font is touched here. Chinese is sent in kanji mode (FS &), GBK
character by character.

A printer obeys DLE EOT, DLE ENQ and DLE DC4 the moment they arrive, even as bytes of a picture.
Nothing encoded here contains one of them by accident: text is cleaned, pictures are altered by
one dot.

Sources: Epson's ESC/POS command reference; the manuals of Zijiang ZJ-58 and IDIPOS TP-80 for FS !
beside GS !, both of which are sent because either alone leaves some clones at single size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Literal, TypeAlias

from drivers import jobs
from drivers.device import DeviceError
from drivers.printer_profile import Profile
from drivers.typesetting import CHARS_KEPT, SIZE_MAX, Line, lines_of

INIT = b"\x1b\x40"
KANJI_ON = b"\x1c\x26"
LINE_FEED = b"\x0a"
ALIGN = {"left": b"\x1ba\x00", "center": b"\x1ba\x01", "right": b"\x1ba\x02"}
CUT = {"full": b"\x1dV\x00", "partial": b"\x1dV\x01", "none": b""}
ASK_PAPER_IN_ORDER = b"\x1dr\x01"
"""GS r 1 is answered in its turn: only after everything sent before it was worked through."""

BAND_ROWS = 128
"""Rows of one GS v 0. Clones with small buffers tear taller pictures, and yH stays 0."""

LINE_ROWS = 30
"""Dots one line takes at the default line spacing (1/6 inch in most clones' own units)."""

GLYPH_ROWS = 24
FS_SIZE_MAX = 2
"""FS ! only doubles; above that GS ! scales kanji too."""

QR_DATA_MAX = 2331
"""Bytes in the largest symbol (version 40) at level M; ISO/IEC 18004 table 7."""

QR_MODULE_MAX = 16
QUIET_ZONE = 4
"""White modules around a QR code (ISO/IEC 18004); printers add none of their own."""

FEED_MAX = 20
TEXT_MAX = 2_000
"""Characters of one text. The longest list of materials seen has a few hundred."""

SLIP_ROWS_MAX = 16_000
"""Two metres: a slip gone wrong must not take the whole roll."""

REALTIME = (b"\x10\x04", b"\x10\x05", b"\x10\x14")

Draw: TypeAlias = Callable[[Line, Profile], jobs.Raster]
DrawQr: TypeAlias = Callable[[jobs.Qr, Profile], jobs.Raster]


def encode(blocks: Sequence[jobs.Block], profile: Profile, draw: Draw, draw_qr: DrawQr) -> bytes:
    """All bytes of a slip, from initialising the printer to the cut.

    `draw` makes a picture as wide as the paper of a line the ROM cannot print, `draw_qr` one of
    a code. Raises `DeviceError` (`bad_job`) for a block no printer can print.
    """
    return b"".join(encode_parts(blocks, profile, draw, draw_qr))


def encode_parts(
    blocks: Sequence[jobs.Block], profile: Profile, draw: Draw, draw_qr: DrawQr
) -> list[bytes]:
    """As `encode`, in parts between which the printer can be asked for its state.

    A real-time question inside of another command's bytes would be taken for a part of it by
    some clones.
    """
    parts = [INIT]
    if profile.codepage >= 0:
        parts.append(b"\x1bt" + bytes([profile.codepage]))
    parts.append(KANJI_ON)
    rows = 0
    for block in blocks:
        check_block(block, profile)
        rows += _rows(block, profile)
        if rows > SLIP_ROWS_MAX:
            raise _bad(f"slip longer than {SLIP_ROWS_MAX // 8000} m of paper")
        parts.extend(_block(block, profile, draw, draw_qr))
    if profile.feed_lines:
        parts.append(_feed(profile.feed_lines))
    parts.append(CUT[profile.cut])
    return parts


def portions(parts: Sequence[bytes], size: int) -> list[bytes]:
    """`parts` joined to portions of at least `size` bytes, but for the last."""
    joined, held = [], b""
    for part in parts:
        held += part
        if len(held) >= size:
            joined.append(held)
            held = b""
    return [*joined, held] if held else joined


def cut_off(profile: Profile, longest: int = 0) -> bytes:
    """Ends a slip that stopped half-way, so that it does not hang on the next visitor's.

    `longest`: bytes of its longest command. A printer left in the middle of a picture takes so
    many more for its dots; white ones end it, and printers skip NUL outside of commands.
    """
    feed = _feed(profile.feed_lines) if profile.feed_lines else b""
    return bytes(longest) + INIT + feed + CUT[profile.cut]


def ask_status(n: Literal[1, 2, 3, 4]) -> bytes:
    """DLE EOT n: 1 printer, 2 cause of offline, 3 cause of error, 4 roll sensor."""
    return bytes([0x10, 0x04, n])


def text_bytes(text: str, charset: str) -> bytes | None:
    """`text` in the printer's character set, or None if a character is not in it."""
    found = [_char_bytes(char, charset) for char in text]
    return None if None in found else b"".join(part for part in found if part is not None)


def raster_bytes(picture: jobs.Raster) -> bytes:
    """GS v 0, in bands, without a real-time command in it."""
    return b"".join(_bands(picture))


def qr_bytes(data: bytes, module: int) -> bytes:
    """GS ( k: model 2, `module` dots a module, level M, store, print."""
    return b"".join(
        (
            _symbol(65, b"2\x00"),
            _symbol(67, bytes([module])),
            _symbol(69, b"1"),
            _symbol(80, b"0" + data),
            _symbol(81, b"0"),
        )
    )


def fitting_module(data: str, module: int, profile: Profile) -> int:
    """The asked module size, or the largest at which the code is not wider than the paper.

    Raises `DeviceError` (`bad_job`) if it is wider even with one dot a module.
    """
    room = profile.dots // _modules(len(data.encode()))
    if room < 1:
        raise _bad(f"QR code of {len(data)} characters is wider than the paper")
    return min(module, room)


def check_block(block: jobs.Block, profile: Profile) -> None:
    """Raises `DeviceError` (`bad_job`) if `block` is outside what `drivers.jobs` allows."""
    match block:
        case jobs.Text(size=size) if not 1 <= size <= SIZE_MAX:
            raise _bad(f"text size {size}, must be 1 to {SIZE_MAX}")
        case jobs.Text(text=text) | jobs.Pair(left=text) if len(text) > TEXT_MAX:
            raise _bad(f"text of {len(text)} characters, at most {TEXT_MAX}")
        case jobs.Pair(right=text) if len(text) > TEXT_MAX:
            raise _bad(f"text of {len(text)} characters, at most {TEXT_MAX}")
        case jobs.Feed(lines) if not 1 <= lines <= FEED_MAX:
            raise _bad(f"feed of {lines} lines, must be 1 to {FEED_MAX}")
        case jobs.Qr(data, module):
            if not 1 <= module <= QR_MODULE_MAX:
                raise _bad(f"QR module of {module} dots, must be 1 to {QR_MODULE_MAX}")
            if not data or not data.isprintable():
                raise _bad("QR data is empty or has control characters")
            if len(data.encode()) > QR_DATA_MAX:
                raise _bad(f"QR data has {len(data.encode())} bytes, at most {QR_DATA_MAX}")
        case jobs.Raster(width, data):
            if width <= 0 or width % 8 or width > profile.dots:
                raise _bad(f"picture {width} dots wide, must be a multiple of 8 up to "
                           f"{profile.dots}")  # fmt: skip
            if not data or len(data) % (width // 8):
                raise _bad(f"picture of {len(data)} bytes, must be whole rows of {width // 8}")


def _block(block: jobs.Block, profile: Profile, draw: Draw, draw_qr: DrawQr) -> Iterator[bytes]:
    match block:
        case jobs.Text() | jobs.Pair() | jobs.Rule():
            for line in lines_of(block, profile.columns):
                data = text_bytes(line.text, profile.charset)
                if data is None:
                    yield from _bands(draw(line, profile))
                else:
                    yield _text_line(data, line)
        case jobs.Feed(lines):
            yield _feed(lines)
        case jobs.Raster():
            yield from (ALIGN["center"], *_bands(block), ALIGN["left"])
        case jobs.Qr(data, module) if profile.qr == "native":
            module = fitting_module(data, module, profile)
            margin = b"\x1bJ" + bytes([QUIET_ZONE * module])
            yield margin + _centred(qr_bytes(data.encode(), module)) + margin
        case jobs.Qr():
            # Drawn as wide as the paper: some clones do not centre pictures.
            yield from _bands(draw_qr(block, profile))


def _bands(picture: jobs.Raster) -> Iterator[bytes]:
    stride = picture.width // 8
    data = _disarm(picture.data)
    for top in range(0, len(data) // stride, BAND_ROWS):
        band = data[top * stride : (top + BAND_ROWS) * stride]
        head = b"\x1dv0\x00" + stride.to_bytes(2, "little")
        yield head + (len(band) // stride).to_bytes(2, "little") + band


def _rows(block: jobs.Block, profile: Profile) -> int:
    """Dots of paper `block` takes."""
    match block:
        case jobs.Text() | jobs.Pair() | jobs.Rule():
            return sum(LINE_ROWS * line.size for line in lines_of(block, profile.columns))
        case jobs.Feed(lines):
            return LINE_ROWS * lines
        case jobs.Raster(width, data):
            return len(data) // (width // 8)
        case jobs.Qr(data, module):
            module = fitting_module(data, module, profile)
            return module * (_modules(len(data.encode())) + 2 * QUIET_ZONE)


def _text_line(data: bytes, line: Line) -> bytes:
    before, after = [], []
    if line.align != "left":
        before.append(ALIGN[line.align])
        after.append(ALIGN["left"])
    if line.bold:
        before.append(b"\x1bE\x01")
        after.append(b"\x1bE\x00")
    if line.size > 1:
        scale = line.size - 1
        before.append(b"\x1b3" + bytes([LINE_ROWS * line.size]))
        before.append(b"\x1d!" + bytes([scale << 4 | scale]))
        if line.size <= FS_SIZE_MAX:
            before.append(b"\x1c!\x0c")
        after.append(b"\x1d!\x00\x1c!\x00\x1b2")
    return b"".join(before) + data + LINE_FEED + b"".join(after)


@lru_cache(CHARS_KEPT)
def _char_bytes(char: str, charset: str) -> bytes | None:
    if " " <= char <= "~":
        return None if charset == "image" else char.encode()
    if charset == "image":
        return None
    try:
        data = char.encode("gb18030" if charset == "gb18030" else "gbk")
    except UnicodeEncodeError:
        return None
    # GB 2312 is the part of GBK with both bytes from A1 on, symbols in rows 1-9, 汉字 in 16-87.
    if charset == "gb2312" and not (
        data[1] >= 0xA1 and (0xA1 <= data[0] <= 0xA9 or 0xB0 <= data[0] <= 0xF7)
    ):
        return None
    return data


def _feed(lines: int) -> bytes:
    return b"\x1bd" + bytes([lines])


def _centred(data: bytes) -> bytes:
    return ALIGN["center"] + data + ALIGN["left"]


def _symbol(function: int, data: bytes) -> bytes:
    return b"\x1d(k" + (len(data) + 2).to_bytes(2, "little") + b"1" + bytes([function]) + data


QR_BYTES_OF_VERSION = (
    14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560, 624, 666,
    711, 779, 857, 911, 997, 1059, 1125, 1190, 1264, 1370, 1452, 1538, 1628, 1722, 1809, 1911,
    1989, 2099, 2213, 2331,
)  # fmt: skip
"""Bytes in versions 1 to 40 at level M (ISO/IEC 18004 table 7): how large a printer may make it."""


def _modules(size: int) -> int:
    """Modules along one side of the code for `size` bytes, without the quiet zone."""
    return next(
        17 + 4 * version for version, room in enumerate(QR_BYTES_OF_VERSION, 1) if size <= room
    )


def _disarm(data: bytes) -> bytes:
    """One dot more wherever a picture would spell a real-time command."""
    for command in REALTIME:
        data = data.replace(command, b"\x30" + command[1:])
    return data


def _bad(message: str) -> DeviceError:
    return DeviceError("bad_job", message)
