"""Hours in which a hall keeps its voice down: "22:00-07:00, 12:30-13:30". Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_RANGE = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Ranges in minutes after local midnight, the end excluded; one may pass midnight.

    `zone` None: the machine's own local time.
    """

    ranges: tuple[tuple[int, int], ...] = ()
    zone: ZoneInfo | None = None

    def at(self, unix_ms: int) -> bool:
        """Whether it is quiet at that moment."""
        local = datetime.fromtimestamp(unix_ms / 1000, UTC).astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        return any(
            begin <= minute < end if begin < end else minute >= begin or minute < end
            for begin, end in self.ranges
        )


def parse(text: str, zone: ZoneInfo | None = None) -> QuietHours:
    """Raises `ValueError` with the range that is none; "" is no quiet hours."""
    ranges = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        found = _RANGE.fullmatch(part)
        if found is None or found.group(1, 2) == found.group(3, 4):
            raise ValueError(f"{part!r} is no time of day such as 22:00-07:00")
        begin_h, begin_m, end_h, end_m = map(int, found.groups())
        ranges.append((begin_h * 60 + begin_m, end_h * 60 + end_m))
    return QuietHours(tuple(ranges), zone)
