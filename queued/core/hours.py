"""When numbers are given out."""

from __future__ import annotations

from queued.core.model import Hall
from queued.core.plan import Millis


def issuing(hall: Hall, at: Millis) -> bool:
    """Whether the hall gives out numbers at `at`: day open, and within its hours if it has any."""
    if not hall.open:
        return False
    return not hall.hours or any(begin <= at < end for begin, end in hall.hours)
