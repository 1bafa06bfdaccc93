"""The SYN6288 voice module: checked frames, short texts. No I/O, no clock.

    FD | length(2) | command | 01 (GBK), text | xor          9600 baud, 8N1

A text has at most 200 bytes, its settings included: [v0..16] volume, [m0..16] volume of the
background, [t0..5] speed [V3]. The settings for reading numbers ([n], [y]) come from a single
memory and differ between batches; numbers reach the module as characters instead. It reads
Latin letters one by one. Sources: eight independent drivers and three golden frames [V8].
"""

from __future__ import annotations

from drivers.voice_frames import Command, Family

BAUD = 9600
TEXT_BYTES_MAX = 200

SYN6288 = Family(
    name="SYN6288",
    checked=True,
    commands=frozenset(Command) - {Command.WAKE},
    text_bytes_max=TEXT_BYTES_MAX,
    tags={
        "v": frozenset(range(17)),
        "m": frozenset(range(17)),
        "t": frozenset(range(6)),
    },
)
