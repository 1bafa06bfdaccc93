"""A second rulebook, naive on purpose: lists, dicts, everything sorted anew each time.

Written from the rules of the hall (the sentences of the calling rule, the docstrings of commands
and events), not from `queued.core`; of that it uses only the names of commands and the plan.
Where the real one is clever, this one looks at all tickets.
"""

from __future__ import annotations

import copy
from typing import Any

from tests.core.model_days import OVER, Days, No

MIN = 60_000
BUSY = ("called", "serving")
BOSSES = ("manager", "admin", "system", "timer", "pad")


class Model(Days):
    """A hall as a child would keep it: tickets of today in a list, windows in a dict."""

    def __init__(self) -> None:
        self.plan: Any = None
        self.day: str | None = None
        self.open = False
        self.ends_at = 0
        self.hours: tuple[tuple[int, int], ...] = ()
        self.tickets: list[dict[str, Any]] = []
        self.windows: dict[str, dict[str, Any]] = {}
        self.today: dict[str, tuple[list[str], list[str]]] = {}
        self.next: dict[str, int] = {}
        self.board: list[dict[str, Any]] = []
        self.tally: dict[str, int] | None = None
        self.why: dict[str, Any] | None = None

    def do(self, command: Any, at: int) -> None:
        """Carry out a command. Raises `No` and has changed nothing."""
        self.tally = self.why = None
        getattr(self, type(command).__name__)(command, at)

    # ── Questions ─────────────────────────────────────────────────────────────────────────

    def waiting(self, queue: str) -> list[dict[str, Any]]:
        """Who waits in the common line of a queue, first to last."""
        return self.sorted(t for t in self.tickets if t["queue"] == queue and t["only"] is None)

    def bound(self, window: str) -> list[dict[str, Any]]:
        """Who waits for this window and no other."""
        return self.sorted(t for t in self.tickets if t["only"] == window)

    def sorted(self, tickets: Any) -> list[dict[str, Any]]:
        waiting = [t for t in tickets if t["status"] == "waiting"]
        return sorted(waiting, key=lambda t: (t["key"], t["id"]))

    def order(self, queue: str) -> list[str]:
        """The numbers of everybody who waits in a queue, bound ones among them."""
        return [t["number"] for t in self.sorted(t for t in self.tickets if t["queue"] == queue)]

    def serves(self, window: str) -> tuple[list[str], list[str]]:
        """The queues of a window today: its own, and those it only helps."""
        plan = self.plan.windows[window]
        return self.today.get(window, (list(plan.queues), list(plan.overflow)))

    def head_start(self, class_: str) -> int:
        return self.plan.classes[class_].head_start_ms if class_ in self.plan.classes else 0

    def key(self, ticket: dict[str, Any], returns: int) -> int:
        """Base minus head start; who returned has at least that of a return."""
        start = self.head_start(ticket["class"])
        if returns:
            start = max(start, self.head_start("return"))
        return ticket["base"] - start

    def deadlines(self) -> list[tuple[int, str]]:
        """When something happens by itself: (moment, "miss WINDOW" or "End")."""
        found = [(self.ends_at, "End")] if self.open else []
        after = self.plan.rules.auto_miss_after_ms if self.plan else 0
        for name, window in self.windows.items():
            if after and window["ticket"] and window["ticket"]["status"] == "called":
                found.append((window["ticket"]["called_at"] + after, f"miss {name}"))
        for ticket in self.tickets:
            if ticket["status"] == "waiting" and not ticket["here"] and ticket["kept"]:
                found.append((ticket["kept"], f"lapse {ticket['id']:03}"))
        return sorted(found)

    # ── Guards ────────────────────────────────────────────────────────────────────────────

    def window(self, name: str) -> dict[str, Any]:
        if self.plan is None or name not in self.plan.windows:
            raise No("unknown_window")
        return self.windows[name]

    def my_window(self, command: Any) -> dict[str, Any]:
        window = self.window(command.window)
        if window["status"] == "closed":
            raise No("window_not_open")
        role, colon, _ = command.by.partition(":")
        if window["clerk"] != command.by and not (role in BOSSES and colon):
            raise No("not_yours")
        return window

    def free_window(self, command: Any) -> dict[str, Any]:
        window = self.my_window(command)
        if window["ticket"]:
            raise No("window_busy")
        return window

    def calling_window(self, command: Any) -> dict[str, Any]:
        window = self.free_window(command)
        if window["status"] != "open":
            raise No("window_not_open")
        return window

    def in_hand(self, command: Any, *statuses: str, refusal: str) -> dict[str, Any]:
        ticket = self.my_window(command)["ticket"]
        if not ticket or ticket["status"] not in statuses:
            raise No(refusal)
        return ticket

    def numbered(self, number: str) -> dict[str, Any]:
        found = [t for t in self.tickets if t["number"] == number]
        if not found:
            raise No("unknown_ticket")
        return found[-1]

    # ── Windows ───────────────────────────────────────────────────────────────────────────

    def OpenWindow(self, command: Any, at: int) -> None:
        window = self.window(command.window)
        if not self.open:
            raise No("hall_closed")
        who = command.clerk or command.by
        if not command.clerk and command.by.startswith("pad:") and window["status"] != "closed":
            who = window["clerk"]
        taken = window["status"] != "closed" and window["clerk"] != who
        if taken and not command.take_over:
            raise No("window_taken")
        window.update(status="open", clerk=who, reason="")

    def PauseWindow(self, command: Any, at: int) -> None:
        self.calling_window(command).update(status="paused", reason=command.reason)

    def CloseWindow(self, command: Any, at: int) -> None:
        if self.window(command.window)["status"] != "closed":
            window = self.free_window(command)
            window.update(status="closed", clerk="", reason="", undo=None)

    def AssignQueues(self, command: Any, at: int) -> None:
        self.window(command.window)
        if not self.open:
            raise No("hall_closed")
        own, helped = list(command.queues or []), list(command.overflow)
        if any(queue not in self.plan.queues for queue in own + helped):
            raise No("unknown_queue")
        if command.queues is None:
            self.today.pop(command.window, None)
        else:
            own = [queue for n, queue in enumerate(own) if queue not in own[:n]]
            helped = [q for n, q in enumerate(helped) if q not in helped[:n] and q not in own]
            self.today[command.window] = own, helped

    # ── Tickets ───────────────────────────────────────────────────────────────────────────

    def IssueTicket(self, command: Any, at: int) -> None:
        if not self.open or (
            self.hours and not any(begin <= at < end for begin, end in self.hours)
        ):
            raise No("hall_closed")
        queue = command.queue
        if command.service is not None:
            if command.service not in self.plan.services:
                raise No("unknown_service")
            queue = self.plan.services[command.service].queue
        if queue not in self.plan.queues:
            raise No("unknown_queue")
        if command.class_ not in self.plan.classes:
            raise No("unknown_class")
        if not (plan := self.plan.queues[queue]).accepting:
            raise No("queue_closed")
        mine = [t for t in self.tickets if t["id"] in command.others]
        if not self.plan.rules.one_live_ticket:
            mine = [t for t in mine if t["queue"] == queue]
        if any(t["status"] not in (*OVER, "missed") for t in mine):
            raise No("already_waiting")
        number = self.free_number(plan)
        if len(self.waiting(queue)) >= plan.waiting_max or number is None:
            raise No("queue_full")
        self.next[queue] = int(number.removeprefix(plan.letter)) + 1
        base, slot = at, command.slot
        if slot is not None and at <= slot + self.plan.rules.appointment_early_ms:
            base = slot
        ticket = {
            "id": len(self.tickets) + 1, "number": number, "queue": queue, "taken_in": queue,
            "class": command.class_, "status": "waiting", "issued": at, "base": base,
            "slot": slot, "window": None, "only": None, "calls": 0, "called_at": None,
            "first_called": None, "started": None, "ended": None, "returns": 0, "reason": "",
            "before": None, "rating": "", "here": command.here, "kept": 0,
        }  # fmt: skip
        ticket["key"] = self.key(ticket, 0)
        self.tickets.append(ticket)

    def free_number(self, plan: Any) -> str | None:
        """The next number of the series that nobody may still hold up; None if all are held."""
        held = {t["number"] for t in self.tickets if t["status"] not in OVER}
        values = list(range(plan.first, 10**plan.digits))
        begin = self.next.get(plan.id, plan.first)
        for value in [v for v in values if v >= begin] + [v for v in values if v < begin]:
            number = plan.letter + str(value).rjust(plan.digits, "0")
            if number not in held:
                return number
        return None

    def CancelTicket(self, command: Any, at: int) -> None:
        ticket = self.with_id(command)
        if ticket["status"] in ("serving", *OVER):
            raise No("ticket_not_waiting")
        if ticket["status"] == "called":
            self.free(ticket)
        ticket.update(status="cancelled", ended=at, reason="left", window=None, only=None)

    def CallNext(self, command: Any, at: int) -> None:
        self.calling_window(command)
        rules, (own, helped) = self.plan.rules, self.serves(command.window)
        lines = [("bound", 0, self.bound(command.window))]
        lines += [("head_start", 0, self.waiting(queue)) for queue in own]
        lines += [
            ("overflow", rules.overflow_penalty_ms, self.waiting(queue))
            for queue in helped
            if queue not in own
        ]
        in_turn = sorted(
            (ticket["key"] + penalty, ticket["id"], rule)
            for rule, penalty, line in lines
            for ticket in line
            if ticket["slot"] is None or at >= ticket["slot"] - rules.appointment_early_ms
        )
        callable_now = [turn for turn in in_turn if self.tickets[turn[1] - 1]["here"]]
        if not callable_now:
            raise No("nobody_waiting")
        key, id_, rule = callable_now[0]
        for passed in in_turn[: in_turn.index(callable_now[0])]:
            ticket = self.tickets[passed[1] - 1]
            ticket["kept"] = ticket["kept"] or at + rules.keep_place_ms
        next_key, next_id, _ = callable_now[1] if callable_now[1:] else (None, None, None)
        runner_up = self.tickets[next_id - 1]["number"] if next_id else None
        self.call(self.tickets[id_ - 1], command.window, at)
        self.why = {"rule": rule, "key": key, "runner_up": runner_up, "runner_up_key": next_key}

    def Arrive(self, command: Any, at: int) -> None:
        ticket = self.with_id(command)
        if ticket["status"] in ("missed", "parked", *OVER):
            raise No("ticket_not_waiting")
        ticket["here"] = True
        if ticket["before"]:
            ticket["before"]["here"] = True

    def Lapse(self, command: Any, at: int) -> None:
        ticket = self.with_id(command)
        away = ticket["status"] == "waiting" and not ticket["here"]
        if not away or not ticket["kept"] or at < ticket["kept"]:
            raise No("ticket_not_waiting")
        ticket.update(status="cancelled", ended=at, reason="not_here", here=True)

    def with_id(self, command: Any) -> dict[str, Any]:
        found = [t for t in self.tickets if t["id"] == command.ticket]
        if not found:
            raise No("unknown_ticket")
        return found[0]

    def CallTicket(self, command: Any, at: int) -> None:
        self.calling_window(command)
        ticket = self.numbered(command.number)
        if ticket["status"] not in ("waiting", "missed"):
            raise No("ticket_not_waiting")
        key = ticket["key"]
        self.call(ticket, command.window, at)
        self.why = {"rule": "by_number", "key": key, "runner_up": None, "runner_up_key": None}

    def call(self, ticket: dict[str, Any], window: str, at: int) -> None:
        ticket["before"] = copy.deepcopy({**ticket, "before": None})
        calls = ticket["calls"] + 1 if ticket["status"] == "missed" else 1
        ticket.update(status="called", window=window, only=None, calls=calls, called_at=at)
        if ticket["first_called"] is None:
            ticket["first_called"] = at
        mine = self.windows[window]
        mine["ticket"], mine["undo"] = ticket, at + self.plan.rules.undo_within_ms
        mine["counts"]["called"] += 1
        self.show(ticket)

    def show(self, ticket: dict[str, Any]) -> None:
        line = {"id": ticket["id"], "window": ticket["window"], "times": ticket["calls"]}
        self.board = [line, *self.without(ticket)][:20]

    def without(self, ticket: dict[str, Any]) -> list[dict[str, Any]]:
        return [line for line in self.board if line["id"] != ticket["id"]]

    def Recall(self, command: Any, at: int) -> None:
        ticket = self.in_hand(command, "called", refusal="ticket_not_called")
        if ticket["calls"] - 1 >= self.plan.rules.recall_max:
            raise No("too_many_recalls")
        if at - ticket["called_at"] < self.plan.rules.recall_interval_ms:
            raise No("recall_too_soon")
        ticket["calls"] += 1
        ticket["called_at"] = at
        self.show(ticket)

    def Undo(self, command: Any, at: int) -> None:
        window = self.my_window(command)
        ticket = window["ticket"]
        if not ticket or ticket["status"] != "called" or at > window["undo"]:
            raise No("too_late_to_undo")
        self.free(ticket)
        window["counts"]["called"] -= 1
        ticket.update(ticket["before"])
        self.board = self.without(ticket)

    def StartService(self, command: Any, at: int) -> None:
        ticket = self.in_hand(command, "called", refusal="ticket_not_called")
        ticket.update(status="serving", started=at, here=True)
        self.windows[command.window]["undo"] = None

    def FinishService(self, command: Any, at: int) -> None:
        ticket = self.in_hand(command, "serving", refusal="ticket_not_serving")
        self.free(ticket, "served")
        ticket.update(status="served", ended=at, reason=command.outcome)

    def MissTicket(self, command: Any, at: int) -> None:
        ticket = self.in_hand(command, "called", refusal="ticket_not_called")
        self.free(ticket, "missed")
        ticket.update(status="missed", ended=at, window=None)

    def ParkTicket(self, command: Any, at: int) -> None:
        ticket = self.in_hand(command, *BUSY, refusal="ticket_not_called")
        self.free(ticket, "parked")
        ticket.update(status="parked", ended=at, window=None, reason=command.reason)

    def UnparkTicket(self, command: Any, at: int) -> None:
        self.my_window(command)
        ticket = self.numbered(command.number)
        if ticket["status"] not in ("parked", "missed"):
            raise No("ticket_not_waiting")
        if ticket["returns"] >= self.plan.rules.returns_max:
            raise No("too_many_returns")
        missed = ticket["status"] == "missed"
        self.again(ticket)
        if missed:
            ticket["base"] = at
        ticket["key"] = self.key(ticket, 0 if missed else ticket["returns"])

    def TransferTicket(self, command: Any, at: int) -> None:
        ticket = self.in_hand(command, *BUSY, refusal="ticket_not_called")
        queue, window = command.to_queue or ticket["queue"], command.to_window
        if queue not in self.plan.queues:
            raise No("unknown_queue")
        if window is not None and window not in self.plan.windows:
            raise No("unknown_window")
        if ticket["returns"] >= self.plan.rules.returns_max:
            raise No("too_many_returns")
        rivals = self.sorted(t for t in self.tickets if t["queue"] == queue)
        if window is not None:
            own, helped = self.serves(window)
            rivals = [r for q in {*own, *helped} for r in self.waiting(q)] + self.bound(window)
        self.free(ticket, "transferred")
        self.again(ticket)
        ticket.update(queue=queue, only=window)
        ticket["key"] = self.key(ticket, ticket["returns"])
        if command.place == "last":
            ticket["base"] = ticket["key"] = at
        if command.place == "first":
            ticket["key"] = min([ticket["key"], *(rival["key"] - 1 for rival in rivals)])

    def RateService(self, command: Any, at: int) -> None:
        found = [t for t in self.tickets if t["id"] == command.ticket]
        if not found:
            raise No("unknown_ticket")
        if not self.open:
            raise No("too_late_to_rate")
        if found[0]["status"] != "served":
            raise No("ticket_not_served")
        if found[0]["rating"] not in ("", "none") or found[0]["rating"] == command.grade:
            raise No("already_rated")
        found[0]["rating"] = command.grade

    def again(self, ticket: dict[str, Any]) -> None:
        """Back in line, as if it had not been called yet."""
        ticket.update(status="waiting", window=None, only=None, slot=None, calls=0, reason="")
        ticket.update(called_at=None, started=None, ended=None)
        ticket["returns"] += 1

    def free(self, ticket: dict[str, Any], counted: str = "") -> None:
        window = self.windows[ticket["window"]]
        window["ticket"] = window["undo"] = None
        ticket["here"] = True
        if counted:
            window["counts"][counted] += 1
