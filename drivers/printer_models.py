"""Named printers: what to set so that a common model prints right. Pure; one table.

    profile = "xprinter-xp80"       in [[device]]; every option written beside it wins

A model says how wide its paper is, what its character ROM holds, whether it draws QR codes, and
whether it cuts. Makers change boards under the same name: `queued slip` and one test slip on
paper decide, and where Chinese comes out wrong, charset = "image" is always right (and slow).

Marks: [E] agrees with python-escpos' table of printers (a test compares), [M] the maker's
programming manual, [S] a second program that drives it, [?] as generally known of the make,
not verified: the safe choice was taken (charset gbk, pictures for what is doubtful).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

Option = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Model:
    """Option defaults of one make, and where they are from."""

    what: str
    mark: str
    options: Mapping[str, Option]
    like: str = ""
    """Its name in python-escpos' table."""


def _model(what: str, mark: str, like: str = "", **options: Option) -> Model:
    return Model(what, mark, MappingProxyType(options), like)


MODELS: Mapping[str, Model] = MappingProxyType({
    "generic-80": _model("80 mm, 576 dots, GBK, cutter", "[?]", width_mm=80),
    "generic-58": _model(
        "58 mm, 384 dots, GBK, torn off by hand", "[?]", width_mm=58, cut="none", qr="raster"
    ),
    "generic-80-42": _model(
        "80 mm with 512 dots (42 columns)", "[S]", "TM-T88IV", width_mm=80, dots=512
    ),
    "raster-only-80": _model(
        "80 mm without Chinese ROM, or with a wrong one: everything as dots",
        "[?]", width_mm=80, charset="image", qr="raster",
    ),
    "raster-only-58": _model(
        "58 mm without Chinese ROM, torn off by hand: everything as dots",
        "[?]", width_mm=58, charset="image", qr="raster", cut="none",
    ),
    "gb2312-58": _model(
        "58 mm panel printers of the first generation: GB 2312 only, no codes, one-way line",
        "[?]", width_mm=58, charset="gb2312", qr="raster", cut="none", status="none",
    ),
    "xprinter-xp80": _model(
        "Xprinter XP-80, XP-Q200, XP-N160: 80 mm, cutter, DLE EOT", "[M]",
        width_mm=80, charset="gbk", cut="partial",
    ),
    "xprinter-xp58": _model(
        "Xprinter XP-58: 58 mm, torn off by hand", "[?]",
        width_mm=58, charset="gbk", cut="none", qr="raster",
    ),
    "gprinter-80": _model(
        "Gprinter GP-L80160, GP-80250, GP-C80: 80 mm, cutter", "[?]",
        width_mm=80, charset="gb18030", cut="partial",
    ),
    "gprinter-58": _model(
        "Gprinter GP-58, GP-5890: 58 mm, torn off by hand", "[?]",
        width_mm=58, charset="gbk", cut="none", qr="raster",
    ),
    "rongta-rp326": _model(
        "Rongta RP326, RP80: 80 mm, cutter", "[E]", "RP326", width_mm=80, cut="partial"
    ),
    "zjiang-zj58": _model(
        "Zjiang ZJ-5870, ZJ-58, POS-5890: 58 mm, torn off by hand", "[E][M]", "ZJ-5870",
        width_mm=58, charset="gbk", cut="none", qr="raster",
    ),
    "idipos-tp80": _model(
        "IDIPOS TP-80: 80 mm, cutter", "[M]", width_mm=80, charset="gbk", cut="partial"
    ),
    "netum-58": _model(
        "Netum NT-5890K: 58 mm, torn off by hand", "[E]", "NT-5890K",
        width_mm=58, cut="none", qr="raster",
    ),
    "netum-80": _model("Netum NT-80-V: 80 mm, cutter", "[E]", "NT-80-V-UL", width_mm=80),
    "sunmi-v2": _model(
        "the printer of a Sunmi V2 terminal: 58 mm, torn off by hand", "[E]", "Sunmi-V2",
        width_mm=58, charset="gb18030", cut="none",
    ),
    "epson-tm-t20": _model(
        "Epson TM-T20II, TM-T82II sold in China: 80 mm, cutter, all of DLE EOT", "[E]",
        "TM-T20II", width_mm=80, charset="gb18030", cut="partial",
    ),
})  # fmt: skip
"""By the name in the configuration."""
