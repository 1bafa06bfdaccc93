"""Contexts of the pages of numbers and appointments on phones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RULES = {"keep_minutes": 15, "hours": "08:30–16:30", "per_person": 3, "place": "near",
         "code": True, "position": True}  # fmt: skip
BOOKING_RULES = {"days_least": 1, "days_most": 5, "cancel_hours": 2, "no_shows_max": 3,
                 "restricted_days": 30}  # fmt: skip
CODE = "RZ763IZRSVYT"


def realistic(
    furniture: Mapping[str, Any], now: Any, ticket: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Page → context in a hall that offers everything."""
    service = furniture["services"][0]
    known = {"sign_in": "", "csrf": "c5f", "key": "0f1e"}
    booking = {
        "code": CODE, "spelled": "RZ76 3IZR SVYT", "date": "2026-11-24", "time": "10:00",
        "status": "booked", "service": service,
    }  # fmt: skip
    at = "2026-11-24T10:00:00+08:00"
    return {
        "take": {
            "snapshot": now, "services": furniture["services"], "booking": True, "rules": RULES,
            "code": "123456", "mine": [dict(ticket), {**ticket, "here": False}], **known,
        },
        "take_one": {
            "snapshot": now, "service": service, "rules": RULES, "code": "123456", **known,
        },
        "arrive": {
            "waiting": [{"number": "A017"}], "booked": [{"at": at}], "rules": RULES,
            "code": "", "action": "/h/demo/arrive", **known,
        },
        "onsite": {"code": "123456", "until": at, "seconds": 60},
        "book": {
            "services": furniture["services"], "rules": BOOKING_RULES, "mine": [booking], **known,
        },
        "book_one": {
            "service": service, "rules": BOOKING_RULES,
            "days": [
                {"date": "2026-11-24", "weekday": 1, "left": 3, "chosen": True},
                {"date": "2026-11-25", "weekday": 2, "left": 0, "chosen": False},
            ],
            "slots": [{"at": 1, "time": "10:00", "left": 3}, {"at": 2, "time": "10:30", "left": 0}],
            **known,
        },
        "appointment": {
            "booking": booking, "service": service, "token": "",
            "cancel_until": "2026-11-24T08:00:00+08:00",
            "may_cancel": True, "from": "2026-11-24T09:30:00+08:00",
            "until": "2026-11-24T10:30:00+08:00",
        },
    }  # fmt: skip


def slots() -> dict[str, Any]:
    """A week's days, and the half hours of one."""
    times = [f"{hour:02}:{minute:02}" for hour in (9, 10, 11, 13, 14, 15) for minute in (0, 30)]
    return {
        "days": [
            {"date": f"2026-11-{24 + at}", "weekday": (1 + at) % 7, "left": left,
             "chosen": at == 0}
            for at, left in ((0, 13), (1, 0), (2, 24), (3, 24), (6, 24))
        ],
        "slots": [
            {"at": at, "time": time, "left": (2, 0, 1)[at % 3]} for at, time in enumerate(times)
        ],
    }  # fmt: skip


def attended() -> dict[str, Any]:
    """Of somebody who has checked in."""
    service = {"id": "levy", "name": "社保缴费", "name_en": "", "materials": []}
    booking = {"code": CODE, "spelled": "RZ76 3IZR SVYT", "date": "2026-11-24", "time": "10:00",
               "status": "attended", "service": service}  # fmt: skip
    return {"booking": booking, "token": "A" * 24, "may_cancel": False, "service": None}


def empty(nothing: Any) -> dict[str, dict[str, Any]]:
    """What differs where nobody is known and nothing is offered."""
    stranger = {"sign_in": "/wechat/demo/enter?next=%2Fh%2Fdemo%2Ftake", "csrf": ""}
    rules = {**RULES, "hours": "", "place": "anywhere", "code": False, "position": False}
    return {
        "take": {
            "snapshot": nothing, "services": [], "booking": False, "rules": rules, "code": "",
            "mine": [], **stranger,
        },
        "take_one": {"snapshot": nothing, "rules": rules, "code": "", **stranger},
        "arrive": {"waiting": [], "booked": [], "rules": rules, **stranger},
        "book": {"services": [], "mine": [], **stranger},
        "book_one": {"days": [], "slots": [], **stranger},
        "appointment": {"service": None, "token": "A" * 24, "may_cancel": False},
    }  # fmt: skip
