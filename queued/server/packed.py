"""Answers under gzip (RFC 1952): what phones on a slow line load.

Only what holds no secret of a session is packed: beside text of a stranger's choice, the length
of a packed page would tell it bit by bit (BREACH).
"""

from __future__ import annotations

import gzip
import re
from typing import Final

from aiohttp import web

LEAST_BYTES: Final = 600
"""Below that it fits into one packet anyway."""

LEVEL: Final = 5
"""Of a page packed for one reader: a third of a millisecond for 30 kB."""

LEVEL_ONCE: Final = 9
"""Of a file packed once for all."""

VARY: Final = {"Vary": "Accept-Encoding"}
GZIP: Final = {**VARY, "Content-Encoding": "gzip"}

_GZIP: Final = re.compile(
    r"(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?(?=,|$)", re.IGNORECASE
)
HEADER_CHARS_MAX: Final = 200
"""No browser sends more; parsing stays cheap."""


def takes_gzip(request: web.Request) -> bool:
    """Whether Accept-Encoding allows gzip (RFC 9110 §12.5.3)."""
    found = _GZIP.search(request.headers.get("Accept-Encoding", "")[:HEADER_CHARS_MAX])
    return found is not None and float(found[1] or 1) > 0


def packed(body: bytes, level: int = LEVEL) -> bytes | None:
    """`body` under gzip; None if that saves nothing. The same input gives the same bytes."""
    if len(body) < LEAST_BYTES:
        return None
    small = gzip.compress(body, level, mtime=0)
    return small if len(small) < len(body) else None
