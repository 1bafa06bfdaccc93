"""What days are usually like, in the shape of GET /halls/{hall}/popular-times."""

from __future__ import annotations

from typing import Any

from tests.display.offered import QUEUES

DAY = {8: 0.2, 9: 0.8, 10: 1.0, 11: 0.7, 12: 0.25, 13: 0.3, 14: 0.75, 15: 0.6, 16: 0.35, 17: 0.05}
"""How full each hour is against the fullest."""

PEOPLE = (9, 3, 8, 14, 4, 20)
"""By queue, in the fullest hour."""


def hours(most: int, minutes: int = 3) -> list[dict[str, Any]]:
    """A day in which at most so many wait."""
    told = []
    for hour, share in DAY.items():
        people = round(most * share)
        wait = people * minutes * 60 if people else None
        told.append(
            {
                "hour": hour,
                "waiting": people,
                "quarters": [people] * 4,
                "tickets": people * 2 if hour < 17 else 0,
                "wait_p50_s": wait,
                "wait_p80_s": wait and wait * 3 // 2,
            }
        )
    return told


def times(day: str = "2026-11-23", kind: str = "mon", *, today: bool = True) -> dict[str, Any]:
    """A hall that has been there for eight weeks."""
    queues = [("", "市民服务中心", sum(PEOPLE), 1)]
    queues += [(QUEUES[at][0], QUEUES[at][1], most, 3) for at, most in enumerate(PEOPLE)]
    return {
        "hall": "demo",
        "day": day,
        "today": today,
        "observed_at": f"{day}T10:15:00+08:00",
        "kind": kind,
        "days": 8,
        "since": "2026-09-28",
        "until": "2026-11-22",
        "queues": [
            {"id": id_, "name": name, "busy": None, "hours": hours(most, minutes)}
            for id_, name, most, minutes in queues
        ],
    }


def nothing() -> dict[str, Any]:
    """A hall that is new."""
    known = {"kind": None, "days": 0, "since": None, "until": None, "queues": []}
    return times() | known
