"""What the phone pages work out before they are drawn: clock times, opening hours, a search.

Pure: what is told comes from the context, the words from the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

STEP_MINUTES: Final = 5
"""Of clock times that are expected, not known."""

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Text = Callable[..., str]


def from_clock(at: str, seconds: int) -> str:
    """`10:20`: `seconds` after `at` (RFC 3339), rounded down to five minutes, on that clock."""
    return _rounded(at, seconds, up=False)


def to_clock(at: str, seconds: int) -> str:
    """`10:35`: the same, rounded up."""
    return _rounded(at, seconds, up=True)


def opening(opens: str | None, now: str, t: Text) -> str:
    """When the hall opens again, said on the day of `now`; "" if nobody knows."""
    if not opens:
        return ""
    days = (date.fromisoformat(opens[:10]) - date.fromisoformat(now[:10])).days
    at = opens[11:16]
    if days <= 0:
        return t("phone.opens_today", at=at)
    if days == 1:
        return t("phone.opens_tomorrow", at=at)
    day = t(f"kiosk.day_{weekday(opens[:10])}")
    return t("phone.opens_later", day=day, date=opens[5:10], at=at)


def week(hours: Iterable[Mapping[str, Any]], t: Text) -> list[tuple[str, str]]:
    """The opening hours as lines of (days, times); hours of the same days share a line."""
    times: dict[tuple[str, ...], list[str]] = {}
    for each in hours:
        days = tuple(sorted(each["days"], key=DAYS.index))
        times.setdefault(days, []).append(f"{each['open']}–{each['close']}")
    return [(_days(days, t), listed(sorted(spans), t)) for days, spans in times.items()]


def listed(names: Iterable[str], t: Text) -> str:
    """`甲、乙、丙`: names one after the other, as the language does it."""
    text = ""
    for name in names:
        text = t("phone.join", one=text, other=name) if text else name
    return text


def find_text(thing: Mapping[str, Any]) -> str:
    """What a service or queue is found by: its names and its Pinyin initials, in lower case."""
    parts = (thing["name"], thing.get("name_en") or "", thing.get("initials") or "")
    return " | ".join(part.lower() for part in parts if part)


def matches(query: str, text: str) -> bool:
    """Whether `query` finds what has this `find_text`; `static/js/find.js` is the same rule."""
    return " ".join(query.lower().split()) in text


def weekday(day: str) -> str:
    """`mon` of an ISO date."""
    return DAYS[date.fromisoformat(day).weekday()]


def _rounded(at: str, seconds: int, *, up: bool) -> str:
    moment = datetime.fromisoformat(at) + timedelta(seconds=seconds)
    whole = moment.replace(minute=moment.minute // STEP_MINUTES * STEP_MINUTES)
    whole = whole.replace(second=0, microsecond=0)
    if up and whole != moment:
        whole += timedelta(minutes=STEP_MINUTES)
    return f"{whole:%H:%M}"


def _days(days: tuple[str, ...], t: Text) -> str:
    names = [t(f"kiosk.day_{day}") for day in days]
    first = DAYS.index(days[0]) if days else 0
    if len(days) >= 3 and days == DAYS[first : first + len(days)]:
        return t("phone.days", first=names[0], last=names[-1])
    return listed(names, t)
