"""What a day is usually like, as phones show it: busier or quieter, a chart, the best hour to come.

Pure: the figures come from the context (`times`, the answer of GET …/popular-times), the words
from the catalogue. `static/js/busy.js` keeps the page's copy of it up to date by the same rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from display.phone import DAYS, Text, weekday

MARGIN: Final = 3
MARGIN_PERCENT: Final = 30
"""Fewer people, or a smaller part of the usual number, are no difference."""

CHART_HEIGHT: Final = 40
BAR_WIDTH: Final = 10
"""Units of the chart's picture, which is stretched to its place."""

LABELS_MAX: Final = 5
"""Hours under the chart: so many fit at 320 px and 200 % text."""

CLEARLY: Final = 0.7
"""An hour is worth coming later for if one waits no longer than this share of now."""

STEP_S: Final = 300

Times = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Chart:
    """A day as bars. `outline` is the path of what is usual; `most` people are the full height.

    `rows` are the same as text: the hour, its name, and who usually wait; `now` is the place of
    the present hour among them, or None.
    """

    rows: Sequence[tuple[str, str, int]]
    outline: str
    most: int
    now: int | None
    live: tuple[int, float, float] | None
    """Left edge, top and height of the bar of those who wait now."""


def level(waiting: int, usual: int) -> str:
    """busier, usual or quieter: `waiting` people where `usual` is usual."""
    difference = waiting - usual
    if not difference or 100 * abs(difference) < max(100 * MARGIN, MARGIN_PERCENT * usual):
        return "usual"
    return "busier" if difference > 0 else "quieter"


def usual_now(queue: Mapping[str, Any] | None, at: str) -> int | None:
    """How many usually wait at the clock time of `at` (RFC 3339); None if nobody can say."""
    hour, quarter = int(at[11:13]), int(at[14:16]) // 15
    for one in queue["hours"] if queue else ():
        if one["hour"] == hour:
            return int(one["quarters"][quarter])
    return None


def busy_words(waiting: int, usual: int | None, t: Text) -> str:
    """`比平时忙，平时这时约 8 人`; "" if nobody can say."""
    if usual is None:
        return ""
    none = "" if usual else "_none"
    return t(f"busy.{level(waiting, usual)}{none}", n=usual)


def times_by_queue(times: Times | None) -> dict[str, Mapping[str, Any]]:
    """The queues of `times` by id, the whole hall as ""; empty while nobody can say."""
    queues = times["queues"] if times else ()
    return {queue["id"]: queue for queue in queues if queue["hours"]}


def quarters(queue: Mapping[str, Any] | None) -> str:
    """`9:1,2,4,4 10:…`: what is usual by hour and quarter, for the page's module."""
    hours = queue["hours"] if queue else ()
    return " ".join(f"{one['hour']}:{','.join(map(str, one['quarters']))}" for one in hours)


def chart(queue: Mapping[str, Any], waiting: int, at: str | None) -> Chart:
    """The chart of a day. `at`: now (RFC 3339), if the day is today; then `waiting` has a bar."""
    hours = _busy_part(queue["hours"])
    most = max(1, waiting if at else 0, *(one["waiting"] for one in hours))
    step = -(-len(hours) // LABELS_MAX)
    rows, outline, now = [], [], None
    for place, one in enumerate(hours):
        hour = one["hour"]
        top = CHART_HEIGHT - one["waiting"] / most * CHART_HEIGHT
        left = place * BAR_WIDTH + 1
        outline.append(f"M{left} {CHART_HEIGHT}V{top:.1f}H{left + BAR_WIDTH - 2}V{CHART_HEIGHT}")
        label = "" if place % step else str(hour)
        rows.append((label, f"{hour:02d}:00–{hour + 1:02d}:00", one["waiting"]))
        if at is not None and int(at[11:13]) == hour:
            now = place
    live = None
    if at is not None:
        height = round(waiting / most * CHART_HEIGHT, 1) if now is not None else 0.0
        live = ((now or 0) * BAR_WIDTH + 3, round(CHART_HEIGHT - height, 1), height)
    return Chart(rows, "".join(outline), most, now, live)


def best_hour(
    queue: Mapping[str, Any] | None, at: str | None, hours: Sequence[Mapping[str, Any]], day: str
) -> tuple[str, str, int | None, bool] | None:
    """From when to when one waits least on the rest of `day` (ISO date), the minutes of the wait
    if they are known, and whether that is no better than now; None if nobody can say.
    """
    ways = [one for one in (queue["hours"] if queue else ()) if _is_open(one, hours, day)]
    first = int(at[11:13]) if at else 0
    left = [one for one in ways if one["tickets"] > 0 and one["hour"] >= first]
    if len(left) < 2:
        return None
    waits = all(one["wait_p50_s"] is not None for one in left)
    cost = {one["hour"]: one["wait_p50_s"] if waits else one["waiting"] for one in left}
    best = min(left, key=lambda one: (cost[one["hour"]], one["hour"]))
    hour = best["hour"]
    least, now = cost[hour], cost.get(first) if at else None
    no_better = now is not None and least > now * CLEARLY
    minutes = max(1, -(-best["wait_p50_s"] // STEP_S)) * STEP_S // 60 if waits else None
    return (f"{hour:02d}:00", f"{hour + 1:02d}:00", minutes, no_better)


def best_words(
    times: Times, at: str | None, hours: Sequence[Mapping[str, Any]], t: Text
) -> str:
    """`今天 14:00–15:00 人一般最少，约等 5 分钟。`; "" if nobody can say."""
    whole = times_by_queue(times).get("")
    found = best_hour(whole, at, hours, times["day"])
    if found is None:
        return ""
    begin, end, minutes, no_better = found
    if no_better:
        return t("busy.best_now")
    if minutes is None:
        return t("busy.best", begin=begin, end=end)
    return t("busy.best_wait", begin=begin, end=end, minutes=minutes)


def made_of(times: Times, t: Text) -> str:
    """`按最近八周的周一统计，共 8 天。`"""
    kind = times["kind"]
    word = t(f"kiosk.day_{kind}") if kind in DAYS else t(f"busy.kind_{kind}")
    return t("busy.made_of", kind=word, n=times["days"])


def _busy_part(hours: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Every hour from the first to the last in which somebody comes."""
    known = {one["hour"]: one for one in hours}
    some = [one["hour"] for one in hours if one["waiting"] or one["tickets"]] or [min(known)]
    nobody = {"waiting": 0, "tickets": 0}
    return [known.get(hour, nobody | {"hour": hour}) for hour in range(min(some), max(some) + 1)]


def _is_open(one: Mapping[str, Any], hours: Sequence[Mapping[str, Any]], day: str) -> bool:
    """Whether numbers are given out all through the hour; always without opening hours."""
    spans = [each for each in hours if weekday(day) in each["days"]]
    if not spans:  # always open, or a day that is worked instead of another
        return True
    begin, end = f"{one['hour']:02d}:00", f"{one['hour'] + 1:02d}:00"
    return any(
        each["open"] <= begin and (end <= each["close"] or each["close"] == "00:00")
        for each in spans
    )
