"""The desks of the golden pictures, and what clerks press there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from playwright.sync_api import Page

from tests.display import samples

DESK: Final = "/api/v1/halls/demo/windows/2"

FREE: Final = ["call-next", "call", "unpark", "pause", "close"]
IN_HAND: Final = ["finish", "park", "transfer"]
WHY: Final = "按取号先后，A018 号排在最前。"
WHY_EN: Final = "A018 took its number first."


def desk(**changes: Any) -> dict[str, Any]:
    """The desk of a busy morning with other contents, as a page's context."""
    busy = samples.desk()
    busy["next"] |= {"why": WHY}
    window = busy["window"] | changes.pop("window", {})
    return {"desk": busy | {"window": window} | changes}


def free(waiting: int = 12) -> dict[str, Any]:
    """Nobody is called."""
    nothing = {"ticket": None, "undo": None, "recall": None, "alarms": [], "actions": FREE}
    if not waiting:
        nothing |= {"next": None, "parked": [], "missed": []}
    return desk(waiting=samples.waiting(waiting), waiting_count=waiting, **nothing)


def serving(**changes: Any) -> dict[str, Any]:
    """The number in hand has come."""
    ticket = samples.in_hand() | {"status": "serving", "started_at": "2026-11-23T10:11:00+08:00"}
    return desk(ticket=ticket, undo=None, recall=None, actions=IN_HAND, alarms=[], **changes)


def crowd() -> dict[str, Any]:
    """Two hundred and thirty wait; some of them too long."""
    waiting = [
        {**one, "number": f"A{18 + place:03d}", "waited_s": max(40, 7_300 - 35 * place),
         "long": place < 86}
        for place, one in enumerate(samples.waiting(20) * 10)
    ]
    alarms = [{"code": "long_wait", "number": "A018", "count": 86, "waited_s": 7_300}]
    told = serving(waiting=waiting, waiting_count=230)
    told["desk"]["alarms"] = alarms
    return told


def paused() -> dict[str, Any]:
    """Lunch."""
    told = free()
    told["desk"]["window"] |= {"status": "paused", "reason": "lunch"}
    return {"desk": told["desk"] | {"actions": ["open", "close"], "next": None}}


def taken() -> dict[str, Any]:
    """Somebody else sits here."""
    return desk(window={"clerk": "李强", "yours": False}, actions=["open"], undo=None)


def closed() -> dict[str, Any]:
    """Just signed in."""
    return {"desk": samples.desk(busy=False)}


def english() -> dict[str, Any]:
    """As a clerk reads it who reads English."""
    told = desk()
    told["desk"]["next"] |= {"why": WHY_EN}
    return told


def press(*keys: str) -> Callable[[Page], None]:
    """Keys, one after the other."""

    def act(page: Page) -> None:
        for key in keys:
            page.keyboard.press(key)

    return act
