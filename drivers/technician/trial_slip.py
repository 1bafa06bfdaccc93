"""A slip that shows at a glance whether a printer is set up right. Pure.

What to look at, from above: the ruler reaches both edges and is as long as it says (dots, paper
width) · every line of characters is readable (charset) · each size is twice, three, four times
the first, Chinese and Latin alike (GS ! and FS !) · the phone reads the code (qr) · the cut.
"""

from __future__ import annotations

from drivers.jobs import Block, Feed, Pair, Qr, Raster, Rule, Text
from drivers.printer_profile import Profile

DOTS_A_MM = 8
"""203 dots an inch, as all slip printers have."""
TICKS = ((10, 24), (5, 16), (1, 8))
"""Every so many millimetres a tick of so many dots; the first that fits counts."""
CODE = "https://example.com/queued/A017"
"""As long as the address of an own-ticket page without its token; nothing is there."""

CHARACTERS = (
    ("ASCII", "0123456789 ABCXYZ abcxyz #&%"),
    ("GB 2312", "政务服务 一窗通办 ，。（）①Ａ"),
    ("GBK", "喆 镕 堃 珺 囍 〇 ·"),
    ("GB 18030", "㐂 䶮 𠮷 𬭎"),
)
"""The last two hold characters of people's names. What a printer lacks comes as dots."""


def blocks(profile: Profile, title: str, facts: tuple[tuple[str, str], ...]) -> tuple[Block, ...]:
    """The slip. `title` is a word like 测试小票, `facts` what is printed beside each other."""
    return (
        Text(title, 2, "center", bold=True),
        ruler(profile.dots),
        *(Pair(name, value) for name, value in facts),
        Rule(),
        *(line for name, text in CHARACTERS for line in (Text(f"{name}:"), Text(f"  {text}"))),
        Rule(),
        *(Text(f"{size} 号A", size) for size in (1, 2, 3, 4)),
        Text("1 粗体A", bold=True),
        Pair("左 L", "右 R"),
        Text("中 C", align="center"),
        Feed(),
        Qr(CODE),
        Text(CODE, align="center"),
        Rule(),
    )


def ruler(dots: int) -> Raster:
    """A line as wide as the paper can be printed, with a tick every millimetre from the left.

    Both its ends are ticks of full height: a missing one is a wrong number of dots.
    """
    heights = [_height(dot, dots) for dot in range(dots)]
    rows = []
    for row in range(max(height for _, height in TICKS)):
        bits = "".join("1" if row < height else "0" for height in heights)
        rows.append(int(bits, 2).to_bytes(dots // 8, "big"))
    return Raster(dots, b"".join(rows))


def _height(dot: int, dots: int) -> int:
    if dot in (0, dots - 1):
        return TICKS[0][1]
    fitting = (height for every, height in TICKS if dot % (every * DOTS_A_MM) == 0)
    return next(fitting, 2)
