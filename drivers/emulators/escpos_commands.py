"""What each ESC/POS command does to the emulated printer: one row of `HANDLERS` a command.

A handler takes the printer and the bytes after the command's name, and returns what the printer
answers. A parameter outside its range is a violation and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from drivers.emulators.escpos_press import DEFAULT_SPACING, Press
from drivers.emulators.escpos_tokens import BIT_IMAGE_BYTES, BYTE, UNKNOWN

if TYPE_CHECKING:
    from drivers.emulators.escpos import PrinterEmulator

Handler: TypeAlias = Callable[["PrinterEmulator", bytes], bytes]

CODEPAGES = {
    0: "cp437", 2: "cp850", 3: "cp860", 4: "cp863", 5: "cp865", 16: "cp1252", 17: "cp866",
    18: "cp852", 19: "cp858",
}  # fmt: skip
ALIGNMENTS = {0: "left", 1: "center", 2: "right", 48: "left", 49: "center", 50: "right"}
LEVELS = {48: "L", 49: "M", 50: "Q", 51: "H"}
SWITCH = {0: 0, 1: 1, 48: 0, 49: 1}
SIZE_MAX = 7
MODULE_MAX = 16
SYMBOL_BYTES_MAX = {"L": 2953, "M": 2331, "Q": 1663, "H": 1273}
"""Bytes in version 40 by level (ISO/IEC 18004 table 7)."""

CUTS = {
    0: ("full", False), 48: ("full", False), 1: ("partial", False), 49: ("partial", False),
    65: ("full", True), 97: ("full", True), 66: ("partial", True), 98: ("partial", True),
    103: ("full", True), 104: ("partial", True),
}  # fmt: skip
IDENTITY = {
    1: b"\x20", 49: b"\x20", 2: b"\x02", 50: b"\x02", 3: b"\x00", 51: b"\x00",
    65: b"_1.0\0", 66: b"_QUEUED\0", 67: b"_EMULATOR\0", 68: b"_0\0", 69: b"_GB18030\0",
}  # fmt: skip


def _named(handler: Callable[[Press, bytes], None], name: bytes) -> Handler:
    """A handler that only moves the press; text before a command must be whole characters."""

    def handle(printer: PrinterEmulator, data: bytes) -> bytes:
        printer.press.end_code()
        handler(printer.press, data)
        return b""

    handle.__name__ = f"handle_{name.hex()}"
    return handle


def _byte(printer: PrinterEmulator, data: bytes) -> bytes:
    if data == b"\n":
        printer.press.end_code()
        printer.press.end_line()
    elif data == b"\r":
        printer.press.end_code()  # ignored: automatic line feed is off on these printers
    else:
        printer.press.put_byte(data[0])
    return b""


def _unknown(press: Press, data: bytes) -> None:
    press.violate(f"unknown command {data.hex(' ')}")


def _nothing(press: Press, data: bytes) -> None:
    """Known and without effect on paper here: drawer, buzzer, smoothing."""


def _must_be_off(name: str) -> Callable[[Press, bytes], None]:
    """Known, but only its default is done here."""

    def handle(press: Press, data: bytes) -> None:
        if any(data):
            press.violate(f"unsupported {name} {data.hex(' ')}")

    return handle


def _mode(attribute: str, values: Mapping[int, object]) -> Callable[[Press, bytes], None]:
    """Sets a mode to the value its parameter stands for."""

    def handle(press: Press, data: bytes) -> None:
        if data[0] in values:
            setattr(press.modes, attribute, values[data[0]])
        else:
            press.violate(f"{attribute} {data[0]} is not allowed")

    return handle


def _number(attribute: str, low: int, high: int) -> Callable[[Press, bytes], None]:
    return _mode(attribute, {value: value for value in range(low, high + 1)})


FLAG = {value: bool(value & 1) for value in range(256)}
"""Only the lowest bit counts (ESC E, ESC G, GS B)."""


def _align(press: Press, data: bytes) -> None:
    if press.line_started:
        press.violate("alignment changed in the middle of a line")
    else:
        _mode("align", ALIGNMENTS)(press, data)


def _print_mode(press: Press, data: bytes) -> None:
    modes, bits = press.modes, data[0]
    modes.font_b, modes.bold = bool(bits & 0x01), bool(bits & 0x08)
    modes.down, modes.across = 1 + bool(bits & 0x10), 1 + bool(bits & 0x20)
    modes.underline = bool(bits & 0x80)


def _size(press: Press, data: bytes) -> None:
    modes = press.modes
    down, across = data[0] & 0x0F, data[0] >> 4
    if down > SIZE_MAX or across > SIZE_MAX:
        press.violate(f"size 0x{data[0]:02X} is not allowed")
        return
    modes.down = modes.kanji_down = down + 1
    modes.across = modes.kanji_across = across + 1


def _kanji_mode(press: Press, data: bytes) -> None:
    modes, bits = press.modes, data[0]
    modes.kanji_across, modes.kanji_down = 1 + bool(bits & 0x04), 1 + bool(bits & 0x08)
    modes.kanji_underline = bool(bits & 0x80)


def _kanji_quad(press: Press, data: bytes) -> None:
    press.modes.kanji_across = press.modes.kanji_down = 1 + (data[0] & 1)


def _kanji_space(press: Press, data: bytes) -> None:
    press.modes.kanji_space = (data[0], data[1])


def _kanji_switch(on: bool) -> Callable[[Press, bytes], None]:
    def handle(press: Press, data: bytes) -> None:
        press.modes.kanji = on

    return handle


def _default_spacing(press: Press, data: bytes) -> None:
    press.modes.spacing = DEFAULT_SPACING


def _cut(press: Press, data: bytes) -> None:
    if data[0] not in CUTS:
        press.violate(f"cut {data[0]} is not allowed")
        return
    how, feeds = CUTS[data[0]]
    if data[1:] and data[1]:
        press.feed_dots(data[1])
    press.cut(how, feeds)  # type: ignore[arg-type]  # the table has only the two


def _raster(press: Press, data: bytes) -> None:
    if len(data) < 6 or data[1] not in (0, 1, 2, 3, 48, 49, 50, 51):
        press.violate(f"picture GS v {data[:2].hex(' ')} is not allowed")
        return
    width = 8 * (data[2] | data[3] << 8)
    if press.line_started:
        press.violate("picture in the middle of a line")
        press.end_line()
    if not width or not data[6:]:
        press.violate("picture without dots")
        return
    press.picture(width, data[6:], 1 + (data[1] & 1), 1 + (data[1] >> 1 & 1))


def _bit_image(press: Press, data: bytes) -> None:
    mode = data[0]
    if mode not in BIT_IMAGE_BYTES or not data[3:]:
        press.violate(f"bit image of mode {mode} with {len(data) - 3} bytes")
        return
    deep = BIT_IMAGE_BYTES[mode]
    columns = len(data[3:]) // deep
    stride = (columns + 7) // 8
    rows = bytearray(stride * deep * 8)
    for at, byte in enumerate(data[3:]):
        column, part = divmod(at, deep)
        for bit in range(8):
            if byte & 0x80 >> bit:
                rows[(part * 8 + bit) * stride + column // 8] |= 0x80 >> column % 8
    # Single density is half as fine across, eight dots a third as fine down.
    press.picture(stride * 8, bytes(rows), 1 if mode in (1, 33) else 2, 3 if deep == 1 else 1)


def _barcode(press: Press, data: bytes) -> None:
    system = data[0]
    content = data[2:] if system >= 65 else data[1:-1]
    if not content:
        press.violate(f"barcode of system {system} without data")
    else:
        press.barcode(system, content)


def _extended(press: Press, data: bytes) -> None:
    """GS ( and a letter: only k (two-dimensional codes) and L (graphics) are known."""
    letter, body = data[:1], data[3:]
    if letter == b"k" and body[:1] == b"1" and len(body) >= 3:
        _symbol(press, body[1], body[2:])
    elif letter == b"L" and len(body) >= 2:
        _graphics(press, body)
    else:
        press.violate(f"unsupported GS ( {data[:6].hex(' ')}")


def _symbol(press: Press, function: int, data: bytes) -> None:
    modes = press.modes
    match function:
        case 65 if data in (b"1\0", b"2\0"):
            return
        case 67 if len(data) == 1 and 1 <= data[0] <= MODULE_MAX:
            modes.module = data[0]
        case 69 if len(data) == 1 and data[0] in LEVELS:
            modes.level = LEVELS[data[0]]
        case 80 if data[:1] == b"0" and 1 < len(data) <= 1 + SYMBOL_BYTES_MAX[modes.level]:
            modes.symbol = data[1:]
        case 81 if data == b"0" and 0 < len(modes.symbol) <= SYMBOL_BYTES_MAX[modes.level]:
            press.qr(_side(modes.symbol, modes.level))
        case _:
            press.violate(f"QR function {function} with {data[:4].hex(' ') or 'nothing'}")


def _side(data: bytes, level: str) -> int:
    # Late: most pages have no code, and an idle device process stays small.
    import segno

    return len(segno.make_qr(data, error=level.lower(), boost_error=False, mode="byte").matrix)


def _graphics(press: Press, body: bytes) -> None:
    """Function 112 stores one picture, 50 prints it; bx and by double it."""
    function, data = body[1], body[2:]
    if function in (2, 50) and len(body) == 2:
        if press.stored is None:
            press.violate("no graphics stored")
        else:
            press.picture(*press.stored)
            press.stored = None
        return
    stride = (data[4] | data[5] << 8) + 7 >> 3 if len(data) > 8 else 0
    rows = data[6] | data[7] << 8 if len(data) > 8 else 0
    good = (
        function == 112 and stride and len(data) == 8 + stride * rows
        and data[0] == 48 and {data[1], data[2]} <= {1, 2}
    )  # fmt: skip
    if good:
        press.stored = (stride * 8, data[8:], data[1], data[2])
    else:
        press.violate(f"unsupported graphics {body[:10].hex(' ')}")


# ── Answers in their turn ─────────────────────────────────────────────────────────────────


def _automatic(printer: PrinterEmulator, data: bytes) -> bytes:
    printer.press.end_code()
    printer.asb_mask = data[0]
    printer.asb_told = printer.automatic() if data[0] else b""
    return printer.asb_told


def _transmit_status(printer: PrinterEmulator, data: bytes) -> bytes:
    printer.press.end_code()
    answers = {1: printer.roll(), 49: printer.roll(), 2: 0, 50: 0}
    if data[0] not in answers:
        printer.press.violate(f"GS r {data[0]} is not allowed")
        return b""
    return bytes([answers[data[0]]]) if printer.knows_gs_r else b""


def _identity(printer: PrinterEmulator, data: bytes) -> bytes:
    printer.press.end_code()
    if data[0] not in IDENTITY:
        printer.press.violate(f"GS I {data[0]} is not allowed")
    return IDENTITY.get(data[0], b"")


PRESS: Mapping[bytes, Callable[[Press, bytes], None]] = {
    b"\x1b@": lambda press, data: press.reset(),
    b"\x1bt": _mode("codepage", CODEPAGES),
    b"\x1bR": _must_be_off("international characters"),
    b"\x1bM": _mode("font_b", {0: False, 48: False, 1: True, 49: True}),
    b"\x1ba": _align,
    b"\x1bE": _mode("bold", FLAG),
    b"\x1bG": _mode("bold", FLAG),
    b"\x1b-": _mode("underline", {0: False, 1: True, 2: True, 48: False, 49: True, 50: True}),
    b"\x1b!": _print_mode,
    b"\x1bd": lambda press, data: press.feed_lines(data[0]),
    b"\x1bJ": lambda press, data: press.feed_dots(data[0]),
    b"\x1b2": _default_spacing,
    b"\x1b3": _number("spacing", 0, 255),
    b"\x1bp": _nothing,
    b"\x1bB": _nothing,
    b"\x10\x14": _nothing,
    b"\x1db": _nothing,
    b"\x1b ": _number("space", 0, 255),
    b"\x1b{": _must_be_off("upside-down"),
    b"\x1bV": _must_be_off("rotation"),
    b"\x1b$": _must_be_off("position"),
    b"\x1b\\": _must_be_off("position"),
    b"\x1dL": _must_be_off("margin"),
    b"\x1dW": _must_be_off("width"),
    b"\x1dP": _must_be_off("motion units"),
    b"\x1d!": _size,
    b"\x1dB": _mode("reverse", FLAG),
    b"\x1dh": _number("barcode_height", 1, 255),
    b"\x1dw": _number("barcode_width", 2, 6),
    b"\x1dH": _must_be_off("text beside barcodes"),
    b"\x1df": _must_be_off("font of barcodes"),
    b"\x1c&": _kanji_switch(True),
    b"\x1c.": _kanji_switch(False),
    b"\x1c!": _kanji_mode,
    b"\x1c-": _mode("kanji_underline", {0: False, 1: True, 2: True, 48: False, 49: True, 50: True}),
    b"\x1cW": _kanji_quad,
    b"\x1cS": _kanji_space,
    b"\x1dv": _raster,
    b"\x1b*": _bit_image,
    b"\x1d(": _extended,
    b"\x1dk": _barcode,
    b"\x1dV": _cut,
    UNKNOWN: _unknown,
}

HANDLERS: Mapping[bytes, Handler] = {
    **{name: _named(handler, name) for name, handler in PRESS.items()},
    BYTE: _byte,
    b"\x1da": _automatic,
    b"\x1dr": _transmit_status,
    b"\x1dI": _identity,
}
