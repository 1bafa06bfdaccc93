"""Days on which a weekday is not what it seems: holidays, and weekends that are worked instead.

In China the State Council moves working days every year (调休): a Saturday may be a working day
like a Monday, a Wednesday a holiday like a Sunday. The table holds its notices; another country,
or a year whose notice is not here yet, has plain weekdays. Nothing but the history of hours looks
at it: when the hall is open is the hall's own configuration.

Source: 国务院办公厅关于2025年、2026年部分节假日安排的通知.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

Kind: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "work", "rest"]
"""A weekday; `work` all working days together, `rest` all others together."""

WEEKDAYS: Final[tuple[Kind, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

CHINA: Final = frozenset(
    {"Asia/Shanghai", "Asia/Urumqi", "Asia/Chongqing", "Asia/Harbin", "PRC"}
)
"""Time zones of halls that follow the notices."""

HOLIDAYS: Final[Mapping[int, tuple[tuple[str, str], ...]]] = {
    2025: (
        ("01-01", "01-01"), ("01-28", "02-04"), ("04-04", "04-06"), ("05-01", "05-05"),
        ("05-31", "06-02"), ("10-01", "10-08"),
    ),
    2026: (
        ("01-01", "01-03"), ("02-15", "02-23"), ("04-04", "04-06"), ("05-01", "05-05"),
        ("06-19", "06-21"), ("09-25", "09-27"), ("10-01", "10-07"),
    ),
}  # fmt: skip
"""By year: first and last day off."""

WORKED: Final[Mapping[int, tuple[str, ...]]] = {
    2025: ("01-26", "02-08", "04-27", "09-28", "10-11"),
    2026: ("01-04", "02-14", "02-28", "05-09", "09-20", "10-10"),
}
"""By year: days of a weekend that are working days."""

KNOWN_UNTIL: Final = date(max(HOLIDAYS), 12, 31)
"""The last day of the last notice; after it China has plain weekdays too."""


def kinds_of(day: date, zone: ZoneInfo) -> tuple[Kind, ...]:
    """What `day` is typical of, the most specific first: ("mon", "work"), ("work",), …"""
    weekday = WEEKDAYS[day.weekday()]
    if zone.key in CHINA:
        if day in _WORKED:
            return ("work",)
        if day in _OFF:
            return ("rest",)
    return (weekday, "rest" if day.weekday() >= 5 else "work")


def _days(year: int, first: str, last: str) -> list[date]:
    begin, end = (date.fromisoformat(f"{year}-{text}") for text in (first, last))
    return [begin + timedelta(days) for days in range((end - begin).days + 1)]


_OFF = {day for year, spans in HOLIDAYS.items() for span in spans for day in _days(year, *span)}
_WORKED = {date.fromisoformat(f"{year}-{text}") for year, days in WORKED.items() for text in days}
