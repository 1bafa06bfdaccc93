"""The rulebook and the naive model side by side: the same commands, the same pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from queued.core.commands import CloseDay, Command, Lapse, MissTicket
from queued.core.deadlines import due, next_deadline
from queued.core.decide import decide
from queued.core.events import DayClosed, TicketCalled
from queued.core.evolve import evolve
from queued.core.invariants import violations
from queued.core.model import Hall, Ticket
from queued.core.plan import MINUTE, Plan
from queued.core.refusals import Refused
from queued.core.views import ahead, order, waiting
from queued.engine.codec import event_of, hall_of, record_of, snapshot_of
from queued.engine.ports import HASH_ZERO, Record
from tests.core.given import NINE
from tests.core.model import Model
from tests.core.model_days import No

EXTRA = {"called": "window", "serving": "window", "served": "window", "waiting": "only"}
"""Which of the model's fields is the core's `window`, by status."""


class Pair:
    """Both halls, at one time. Every difference is an `AssertionError`."""

    def __init__(self) -> None:
        self.at = NINE
        self.hall = Hall()
        self.model = Model()
        self.records: list[Record] = []

    def do(self, command: Command) -> str:
        """Give a command to both. Returns the refusal's code, or an empty string."""
        events, code, model_code = (), "", ""
        before = self.hall
        try:
            events = decide(self.hall, command, self.at)
        except Refused as refusal:
            code = refusal.code
        try:
            self.model.do(command, self.at)
        except No as refusal:
            model_code = str(refusal)
        assert code == model_code, f"{command}: {code!r}, the model says {model_code!r}"
        for event in events:
            self._fold(event)
        assert code == "" or self.hall is before
        self.compare(events)
        return code

    def ring(self) -> bool:
        """Give both the command whose time has come, if there is one."""
        command = due(self.hall, self.at)
        ripe = [what for moment, what in self.model.deadlines() if moment <= self.at]
        match command:
            case None:
                assert not ripe, ripe
            case MissTicket(window=window):
                assert ripe[0] == f"miss {window}"
            case Lapse(ticket=ticket):
                assert ripe[0] == f"lapse {ticket:03}"
            case CloseDay():
                assert ripe[0] == "End"
        if command is not None:
            assert self.do(command) == "", "what is due cannot be refused"
        return command is not None

    def compare(self, events: tuple[Any, ...]) -> None:
        """The same picture, the same reasons, no promise broken."""
        assert violations(self.hall) == ()
        assert seen_by_core(self.hall) == seen_by_model(self.model)
        moments = [moment for moment, _ in self.model.deadlines()]
        assert next_deadline(self.hall) == min(moments, default=None)
        calls = [event for event in events if type(event) is TicketCalled]
        why = [{name: getattr(call, name) for name in self.model.why or ()} for call in calls]
        assert why == ([self.model.why] if self.model.why else [])
        tallies = [dict(event.tally) for event in events if type(event) is DayClosed]
        assert tallies == ([self.model.tally] if self.model.tally is not None else [])

    def remembered(self) -> None:
        """The journal tells the same hall again, and a snapshot keeps it."""
        hall = Hall()
        for record in self.records:
            hall = evolve(hall, event_of(record))
        assert hall == self.hall
        kept = snapshot_of(self.hall, HASH_ZERO)
        assert hall_of(kept) == self.hall
        assert kept == snapshot_of(hall, HASH_ZERO), "the same events, other bytes"

    def _fold(self, event: Any) -> None:
        previous = self.records[-1].hash if self.records else HASH_ZERO
        record = record_of(event, self.hall.seq + 1, previous)
        assert event_of(record) == event
        self.records.append(record)
        self.hall = evolve(self.hall, event)


COUNTED = ("called", "served", "missed", "parked", "transferred")
"""Of a window's counts those that the naive hall keeps too; examples cover the sums of time."""


def seen_by_core(hall: Hall) -> dict[str, Any]:
    """All that people could notice, from the rulebook's hall."""
    return {
        "day": (hall.day, hall.open),
        "tickets": [ticket_seen(ticket) for ticket in hall.tickets],
        "lines": {queue: order(hall, queue) for queue in hall.plan.queues},
        "waiting": {queue: waiting(hall, queue) for queue in hall.plan.queues},
        "ahead": [ahead(hall, ticket) for ticket in hall.tickets],
        "windows": {
            name: (
                window.status.value,
                window.clerk,
                window.reason,
                window.ticket,
                window.undo_until,
                tuple(getattr(window.counts, name) for name in COUNTED),
            )
            for name, window in hall.windows.items()
        },
        "serves": {
            name: (list(plan.queues), list(plan.overflow))
            for name, plan in hall.plan.windows.items()
        },
        "board": [(call.ticket, call.window, call.times) for call in hall.calls],
        "absent": dict(sorted(hall.absent.items())),
        "alive": alive_twice(
            (t.number, t.status.value not in ("served", "cancelled")) for t in hall.tickets
        ),
    }


def ticket_seen(ticket: Ticket) -> tuple[Any, ...]:
    """A ticket without the notes that only an undo needs."""
    status = ticket.status.value
    over = status not in ("waiting", "called", "serving")
    told = status in ("parked", "served", "cancelled")
    return (
        ticket.id, ticket.number, ticket.queue, ticket.class_, status, ticket.issued_at,
        ticket.base, ticket.key, ticket.slot, ticket.window, ticket.calls, ticket.called_at,
        ticket.first_called_at, ticket.started_at, ticket.returns,
        ticket.ended_at if over else None, ticket.reason if told else None, ticket.rating,
    )  # fmt: skip


def seen_by_model(model: Model) -> dict[str, Any]:
    """The same, from the naive hall."""
    queues = model.plan.queues if model.plan else {}
    lines = {queue: model.order(queue) for queue in queues}
    return {
        "day": (model.day, model.open),
        "tickets": [model_ticket_seen(ticket) for ticket in model.tickets],
        "lines": lines,
        "waiting": {queue: len(line) for queue, line in lines.items()},
        "ahead": [
            lines[t["queue"]].index(t["number"]) if t["status"] == "waiting" else 0
            for t in model.tickets
        ],
        "windows": {
            name: (
                window["status"],
                window["clerk"],
                window["reason"],
                window["ticket"]["id"] if window["ticket"] else None,
                window["undo"],
                tuple(window["counts"].values()),
            )
            for name, window in model.windows.items()
        },
        "serves": {name: model.serves(name) for name in (model.plan.windows if model.plan else ())},
        "board": [(line["id"], line["window"], line["times"]) for line in model.board],
        "absent": {
            t["id"]: t["kept"]
            for t in model.tickets
            if not t["here"] and t["status"] in ("waiting", "called")
        },
        "alive": [],
    }


def model_ticket_seen(ticket: dict[str, Any]) -> tuple[Any, ...]:
    status = ticket["status"]
    over = status not in ("waiting", "called", "serving")
    told = status in ("parked", "served", "cancelled")
    window = ticket[EXTRA[status]] if status in EXTRA else None
    return (
        ticket["id"], ticket["number"], ticket["queue"], ticket["class"], status,
        ticket["issued"], ticket["base"], ticket["key"], ticket["slot"], window,
        ticket["calls"], ticket["called_at"], ticket["first_called"], ticket["started"],
        ticket["returns"], ticket["ended"] if over else None, ticket["reason"] if told else None,
        ticket["rating"],
    )  # fmt: skip


def alive_twice(numbers: Any) -> list[str]:
    """Numbers that two people could hold up."""
    alive = [number for number, alive in numbers if alive]
    return sorted({number for number in alive if alive.count(number) > 1})


def plans(usual: Plan) -> list[Plan]:
    """The plan and what a manager might make of it during a day; some cannot be used."""
    one = usual.queues["general"]
    changed = [
        {"rules": replace(usual.rules, overflow_penalty_ms=0, returns_max=1)},
        {"rules": replace(usual.rules, recall_max=0, auto_miss_after_ms=0)},
        {"rules": replace(usual.rules, undo_within_ms=MINUTE, recall_interval_ms=0)},
        {"rules": replace(usual.rules, one_live_ticket=True)},
        {"rules": replace(usual.rules, keep_place_ms=MINUTE)},
        {"windows": {k: w for k, w in usual.windows.items() if k != "3"}},
        {"queues": {**usual.queues, "general": replace(one, accepting=False)}},
        {"queues": {**usual.queues, "general": replace(one, letter="X")}},
        {"queues": dict(reversed(usual.queues.items()))},
        {"classes": {k: c for k, c in usual.classes.items() if k == "normal"}},
        {"name": "broken", "queues": {}},
        {
            "queues": {k: q for k, q in usual.queues.items() if k != "social"},
            "services": {},
            "windows": {
                k: replace(w, queues=("general",), overflow=()) for k, w in usual.windows.items()
            },
        },
    ]
    return [usual, *(replace(usual, **change) for change in changed)]
