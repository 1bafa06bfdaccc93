"""Given, when, then for the rulebook: commands in, events or a refusal out, at a time we set.

Whatever a test does, every step also checks what must hold always: a refusal changes nothing,
no promise is broken, the events alone give the same hall again, and both survive the journal's
encoding. So every example in this folder is a test of the invariants too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from queued.core.commands import Command, Configure, OpenDay
from queued.core.decide import decide
from queued.core.evolve import evolve
from queued.core.invariants import violations
from queued.core.model import Hall, Ticket
from queued.core.plan import MINUTE, ClassPlan, Plan, QueuePlan, Rules, ServicePlan, WindowPlan
from queued.core.refusals import Refused
from queued.core.views import order
from queued.engine.codec import event_of, hall_of, record_of, snapshot_of
from queued.engine.ports import HASH_ZERO

NINE = 1_795_395_600_000
"""A Monday morning."""

HOUR = 60 * MINUTE
DAY_ENDS = NINE + 19 * HOUR


def filed(*things: Any) -> dict[str, Any]:
    """By id, in this order."""
    return {thing.id: thing for thing in things}


PLAN = Plan(
    name="Hall",
    queues=filed(
        QueuePlan("general", "A", "General"),
        QueuePlan("social", "B", "Social", first=100),
        QueuePlan("tax", "C", "Tax", digits=4),
    ),
    services=filed(ServicePlan("levy", "Levy", "tax")),
    windows=filed(
        WindowPlan("1", "Window 1", ("general",), overflow=("social",)),
        WindowPlan("2", "Window 2", ("social",)),
        WindowPlan("3", "Window 3", ("general", "social")),
        WindowPlan("4", "Window 4", ("tax",)),
    ),
    classes=filed(
        ClassPlan("normal", "Normal"),
        ClassPlan("priority", "Priority", 30 * MINUTE),
        ClassPlan("appointment", "Appointment", 15 * MINUTE),
        ClassPlan("return", "Return", 10 * MINUTE),
    ),
)


def plan(**changes: Any) -> Plan:
    """The usual plan, with other furniture or other `rules` (a mapping of changes)."""
    if "rules" in changes:
        changes["rules"] = replace(Rules(), **changes["rules"])
    return replace(PLAN, **changes)


@dataclass(frozen=True)
class Later:
    """Time that passes, in milliseconds."""

    ms: int


def later(*, s: int = 0, minutes: int = 0, ms: int = 0) -> Later:
    """A step of `given`: nothing happens for so long."""
    return Later(ms + 1000 * s + MINUTE * minutes)


@dataclass(frozen=True)
class Seen:
    """An event of a type, with some of its facts."""

    type: type
    facts: dict[str, Any]

    def matches(self, event: Any) -> bool:
        return type(event) is self.type and all(
            getattr(event, name) == value for name, value in self.facts.items()
        )


def seen(type_: type, **facts: Any) -> Seen:
    """What `then` should find: the facts not named may be anything."""
    return Seen(type_, facts)


class GivenHall:
    """A hall in a test. Commands without `by` come from the clerk of their window."""

    def __init__(self, plan: Plan = PLAN, *, opened: bool = True) -> None:
        self.at = NINE
        self.hall = Hall()
        self.history: list[Any] = []
        self.events: tuple[Any, ...] = ()
        self.refusal: Refused | None = None
        self.given(Configure(plan=plan))
        if opened:
            self.given(OpenDay(day="2026-11-23", ends_at=DAY_ENDS))

    def given(self, *steps: Command | Later) -> GivenHall:
        """What came before. Nothing of it may be refused."""
        for step in steps:
            self.when(step)
            assert self.refusal is None, f"{step} was refused: {self.refusal}"
        return self

    def when(self, step: Command | Later) -> GivenHall:
        """The command under test."""
        self.events, self.refusal = (), None
        if isinstance(step, Later):
            self.at += step.ms
            return self
        command = replace(step, by=step.by or _usual(step))
        before, bytes_before = self.hall, snapshot_of(self.hall, HASH_ZERO).body
        try:
            self.events = decide(self.hall, command, self.at)
        except Refused as refusal:
            self.refusal = refusal
        assert decide_again(before, command, self.at) == (self.events, str(self.refusal or ""))
        for event in self.events:
            self.hall = evolve(self.hall, event)
            self.history.append(event)
        assert snapshot_of(before, HASH_ZERO).body == bytes_before, "the old hall changed"
        self._holds()
        return self

    def then(self, *expected: Seen) -> GivenHall:
        """Exactly these events, in this order."""
        assert self.refusal is None, f"refused: {self.refusal}"
        assert len(self.events) == len(expected), self.events
        for event, want in zip(self.events, expected, strict=True):
            assert want.matches(event), f"{want} is not {event}"
        return self

    def then_refused(self, sentence_or_code: str) -> GivenHall:
        """Refused with this sentence or code, and nothing has changed."""
        assert self.refusal is not None, f"not refused: {self.events}"
        assert sentence_or_code in (self.refusal.code, str(self.refusal)), (
            f"refused otherwise: {self.refusal.code}: {self.refusal}"
        )
        assert self.events == ()
        return self

    def then_waiting(self, queue: str, *numbers: str) -> GivenHall:
        """These wait in `queue`, in calling order."""
        assert order(self.hall, queue) == list(numbers)
        return self

    def then_ticket(self, number: str, **facts: Any) -> GivenHall:
        """The ticket is like this now. `status` by its word."""
        ticket = self.ticket(number)
        found = {name: getattr(ticket, name) for name in facts}
        if "status" in found:
            found["status"] = ticket.status.value
        assert found == facts
        return self

    def ticket(self, number: str) -> Ticket:
        """Today's newest with this number."""
        ticket = self.hall.find(number)
        assert ticket is not None, f"no ticket {number}"
        return ticket

    def _holds(self) -> None:
        assert violations(self.hall) == ()
        folded, previous = Hall(), HASH_ZERO
        for event in self.history:
            record = record_of(event, folded.seq + 1, previous)
            back = event_of(record)
            assert back == event
            folded, previous = evolve(folded, back), record.hash
        assert folded == self.hall
        kept = snapshot_of(self.hall, previous)
        assert hall_of(kept) == self.hall
        assert kept == snapshot_of(folded, previous), "same events, other bytes"


def decide_again(hall: Hall, command: Command, at: int) -> tuple[tuple[Any, ...], str]:
    """A second opinion: the same input gives the same output."""
    try:
        return decide(hall, command, at), ""
    except Refused as refusal:
        return (), str(refusal)


def _usual(command: Command) -> str:
    window = getattr(command, "window", None)
    return f"clerk:{window}" if window is not None else "system:"
