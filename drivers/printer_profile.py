"""What one configured printer is and can do. Pure.

    profile      a name of printer_models  what it takes for granted; options beside it win
    width_mm     58 | 80               paper; 384 dots (32 columns) or 576 dots (48 columns)
    dots         192 … 832             printable dots if they are not those of `width_mm` (512 …)
    charset      gbk | gb18030 | gb2312 | image    what its ROM has; image = send all text as dots
    qr           native | raster       GS ( k, or dots for a printer without it
    cut          full | partial | none
    feed_lines   0 … 20                lines between the head and the cutter (or the tear bar)
    status       auto | realtime | none   auto asks DLE EOT, and GS r after a slip if it is known;
                                       realtime asks DLE EOT only; none for a line without return
    codepage     -1 … 255              the n of ESC t; -1 sends none
    font         a path                the font of lines sent as dots; "" looks for one
    timeout_s, write_timeout_s, print_timeout_s    an answer, all bytes out, the slip on paper
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

from drivers.device import DeviceBroken
from drivers.printer_models import MODELS

Option: TypeAlias = str | int | float | bool

DOTS_OF_WIDTH = {58: 384, 80: 576}
"""Printable dots at 203 dots an inch, by paper width in millimetres."""

DEFAULT_WIDTH_MM = 80

DOTS_PER_COLUMN = 12
"""Font A is 12 by 24 dots, a Chinese character 24 by 24."""

CHOICES: Mapping[str, tuple[Option, ...]] = {
    "width_mm": tuple(DOTS_OF_WIDTH),
    "charset": ("gbk", "gb18030", "gb2312", "image"),
    "qr": ("native", "raster"),
    "cut": ("full", "partial", "none"),
    "status": ("auto", "realtime", "none"),
}

RANGES: Mapping[str, tuple[float, float]] = {
    "dots": (192, 832),
    "feed_lines": (0, 20),
    "codepage": (-1, 255),
    "timeout_s": (0.05, 30),
    "write_timeout_s": (0.1, 300),
    "print_timeout_s": (0.1, 300),
}


@dataclass(frozen=True, slots=True)
class Profile:
    """Checked options of one printer; the defaults suit most 80 mm Chinese printers."""

    width_mm: int = DEFAULT_WIDTH_MM
    dots: int = 576
    charset: Literal["gbk", "gb18030", "gb2312", "image"] = "gbk"
    qr: Literal["native", "raster"] = "native"
    cut: Literal["full", "partial", "none"] = "full"
    feed_lines: int = 4
    status: Literal["auto", "realtime", "none"] = "auto"
    codepage: int = -1
    font: str = ""
    timeout_s: float = 2.0
    write_timeout_s: float = 30.0
    print_timeout_s: float = 20.0

    @property
    def columns(self) -> int:
        """ASCII characters on a line at size 1."""
        return self.dots // DOTS_PER_COLUMN


def profile_of(options: Mapping[str, Option]) -> Profile:
    """Checks a printer's options. Raises `DeviceBroken` (`bad_option`) naming the option."""
    given = dict(options)
    model = given.pop("profile", "")
    if model != "" and (not isinstance(model, str) or model not in MODELS):
        raise _bad("profile", model, "one of " + ", ".join(MODELS))
    options = {**(MODELS[model].options if model else {}), **given}
    if "width_mm" in given and "dots" not in given:
        options.pop("dots", None)  # another paper than the model's has other dots
    for name, value in options.items():
        _check(name, value)
    width = int(options.get("width_mm", DEFAULT_WIDTH_MM))
    dots = int(options.get("dots", DOTS_OF_WIDTH[width]))
    if dots % 8:
        raise _bad("dots", dots, "a multiple of 8")
    # Checked above, name by name.
    return Profile(**{**options, "width_mm": width, "dots": dots})  # type: ignore[arg-type]


def _check(name: str, value: Option) -> None:
    if name in CHOICES:
        # `True == 1`, so the kind is compared too.
        if not any(value == want and type(value) is type(want) for want in CHOICES[name]):
            raise _bad(name, value, "one of " + ", ".join(map(str, CHOICES[name])))
    elif name in RANGES:
        low, high = RANGES[name]
        kinds = (int, float) if name.endswith("_s") else (int,)
        if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
            raise _bad(name, value, f"a number from {low:g} to {high:g}")
    elif name == "font":
        if not isinstance(value, str):
            raise _bad(name, value, "a path")
    else:
        known = ", ".join(("profile", *(field.name for field in fields(Profile))))
        raise DeviceBroken("bad_option", f"printer option {name!r} is unknown; known: {known}")


def _bad(name: str, value: Option, want: str) -> DeviceBroken:
    return DeviceBroken("bad_option", f"printer option {name} is {value!r}, must be {want}")
