"""The naive rulebook's furniture and days; see `model`."""

from __future__ import annotations

from typing import Any

OVER = ("served", "cancelled")


class No(Exception):
    """Refused, with the code."""


class Days:
    """What happens to a hall as a whole."""

    plan: Any
    day: str | None
    open: bool
    ends_at: int
    hours: tuple[tuple[int, int], ...]
    tickets: list[dict[str, Any]]
    windows: dict[str, dict[str, Any]]
    today: dict[str, tuple[list[str], list[str]]]
    next: dict[str, int]
    board: list[dict[str, Any]]
    tally: dict[str, int] | None

    def bound(self, window: str) -> list[dict[str, Any]]:
        """Who waits for this window and no other."""
        raise NotImplementedError

    def Configure(self, command: Any, at: int) -> None:
        new, old = command.plan, self.plan
        if getattr(new, "name", "") == "broken":
            raise No("plan_invalid")
        if old is not None:
            self.nothing_is_lost(new, old)
        closed = {"status": "closed", "clerk": "", "reason": "", "ticket": None, "undo": None}
        counts = dict.fromkeys(["called", "served", "missed", "parked", "transferred"], 0)
        self.windows = {
            name: self.windows.get(name) or {**closed, "counts": {**counts}} for name in new.windows
        }
        self.plan = new
        self.today = {
            name: (own, helped)
            for name, (own, helped) in self.today.items()
            if name in new.windows and all(queue in new.queues for queue in own + helped)
        }

    def nothing_is_lost(self, new: Any, old: Any) -> None:
        for name, queue in old.queues.items():
            other = new.queues.get(name)
            if not other and any(
                t["queue"] == name and t["status"] not in OVER for t in self.tickets
            ):
                raise No("plan_in_use")
            gave = any(t["taken_in"] == name for t in self.tickets)
            spelling = (queue.letter, queue.first, queue.digits)
            if gave and (not other or (other.letter, other.first, other.digits) != spelling):
                raise No("plan_in_use")
        for name, window in self.windows.items():
            may_go_back = any(
                t["status"] == "called" and t["before"]["only"] == name for t in self.tickets
            )
            if name not in new.windows and (
                window["status"] != "closed" or self.bound(name) or may_go_back
            ):
                raise No("plan_in_use")

    def OpenDay(self, command: Any, at: int) -> None:
        if self.day is not None and command.day <= self.day:
            return
        if self.open:
            self.CloseDay(command, at)
        self.day, self.open, self.ends_at = command.day, True, command.ends_at
        self.hours = command.hours
        self.tickets, self.next, self.board, self.windows = [], {}, [], {}
        self.today = {}
        if self.plan is not None:
            self.Configure(type("Again", (), {"plan": self.plan}), at)

    def CloseDay(self, command: Any, at: int) -> None:
        if not self.open:
            return
        self.open, waits = False, 0
        for ticket in self.tickets:
            if ticket["status"] not in (*OVER, "missed"):
                served = ticket["status"] == "serving"
                ticket["ended"], ticket["reason"] = at, "day_closed"
                if served:
                    self.windows[ticket["window"]]["counts"]["served"] += 1
                else:
                    ticket["window"] = ticket["only"] = None
                ticket["status"] = "served" if served else "cancelled"
            if ticket["first_called"] is not None:
                waits += (ticket["first_called"] - ticket["issued"]) // 1000
        for window in self.windows.values():
            window.update(status="closed", clerk="", reason="", ticket=None, undo=None)
        ends = [t["status"] for t in self.tickets]
        tally = {"issued": len(ends), "waited_s": waits}
        tally |= {end: ends.count(end) for end in (*OVER, "missed")}
        self.tally = {name: n for name, n in tally.items() if n}
