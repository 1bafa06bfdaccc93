"""The XFS5152CE voice module and its relatives SYN6658 and VTX316. No I/O, no clock.

    FD | length(2) | command | 01 (GBK), text          9600, 57600 or 115200 baud by its pins

There is no check byte: a damaged text is spoken damaged, so the line should be short. Settings
in a text: [v0..10] volume, [s0..10] speed, [t0..10] pitch, [m3], [m51] … [m55] the speaker
[V2]. Speaks Mandarin and English. Sources: nine independent drivers [V9]; the limit of 4 kB is
from memory, we stay far below it. A text is bytes: a driver seen in the wild sends their
hexadecimal digits and is wrong.
"""

from __future__ import annotations

from drivers.voice_frames import Command, Family

BAUD = 9600
TEXT_BYTES_MAX = 4000
SPEAKERS = (3, 51, 52, 53, 54, 55)

XFS5152 = Family(
    name="XFS5152",
    checked=False,
    commands=frozenset(Command),
    text_bytes_max=TEXT_BYTES_MAX,
    tags={
        "v": frozenset(range(11)),
        "s": frozenset(range(11)),
        "t": frozenset(range(11)),
        "m": frozenset(SPEAKERS),
    },
)
