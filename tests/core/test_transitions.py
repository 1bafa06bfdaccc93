"""The table of transitions against the rules that use it, and the diagram drawn from it."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from queued.core import commands as c
from queued.core import events as e
from queued.core.decide import decide
from queued.core.evolve import InvariantBroken, evolve
from queued.core.model import Status
from queued.core.refusals import Refused
from queued.core.transitions import TRANSITIONS, allowed, diagram
from tests.core.given import GivenHall

ARCHITECTURE = Path(__file__).resolve().parents[2] / "queued" / "ARCHITECTURE.md"

NEXT = c.CallTicket(window="1", number="A001")
LIVES = {
    Status.WAITING: [],
    Status.CALLED: [NEXT],
    Status.SERVING: [NEXT, c.StartService(window="1")],
    Status.SERVED: [NEXT, c.StartService(window="1"), c.FinishService(window="1")],
    Status.MISSED: [NEXT, c.MissTicket(window="1")],
    Status.PARKED: [NEXT, c.ParkTicket(window="1")],
    Status.CANCELLED: [c.CancelTicket(ticket=1)],
}

TRIES = [
    c.CallTicket(window="1", number="A001", by="clerk:1"),
    c.Recall(window="1", by="clerk:1"),
    c.Undo(window="1", by="clerk:1"),
    c.StartService(window="1", by="clerk:1"),
    c.FinishService(window="1", by="clerk:1"),
    c.MissTicket(window="1", by="clerk:1"),
    c.ParkTicket(window="1", by="clerk:1"),
    c.UnparkTicket(window="1", number="A001", by="clerk:1"),
    c.TransferTicket(window="1", by="clerk:1"),
    c.CancelTicket(ticket=1),
    c.Arrive(ticket=1),
    c.CallNext(window="3", by="clerk:3"),
    c.RateService(ticket=1, grade="satisfied"),
]

EVENTS = [event for event in get_args(e.TicketEvent) if event is not e.TicketIssued]

FACTS = {
    "at": 0, "by": "", "ticket": 1, "number": "A001", "queue": "general", "window": "1",
    "rule": "by_number", "key": 0, "times": 2, "outcome": "", "reason": "", "base": 0,
    "to_window": None, "place": "keep", "grade": "satisfied", "until": 1,
}  # fmt: skip


def with_ticket(status):
    """A hall with A001, taken from afar, in this status, its last call just made, and A002."""
    hall = GivenHall()
    hall.given(c.IssueTicket(queue="general", here=False), c.IssueTicket(queue="general"))
    hall.given(c.OpenWindow(window="1"), c.OpenWindow(window="3"), *LIVES[status])
    assert hall.ticket("A001").status is status
    return hall


def made(event):
    """An event of this type about A001."""
    names = event.__dataclass_fields__
    return event(**{name: value for name, value in FACTS.items() if name in names})


def test_every_status_and_every_event_has_its_place_in_the_table():
    assert set(TRANSITIONS) == set(Status)
    assert {event for row in TRANSITIONS.values() for event in row} == set(EVENTS)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
@pytest.mark.parametrize("status", Status, ids=lambda status: status.value)
def test_folding_follows_the_table(status, event):
    hall = with_ticket(status).hall
    if allowed(status, event):
        after = evolve(hall, made(event)).ticket(1).status
        assert after is TRANSITIONS[status][event]
    else:
        with pytest.raises(InvariantBroken, match=f"{event.__name__} while A001 is"):
            evolve(hall, made(event))


@pytest.mark.parametrize("status", Status, ids=lambda status: status.value)
def test_the_rules_can_do_all_that_the_table_allows_and_nothing_else(status):
    hall = with_ticket(status)
    possible = set()
    for command in TRIES:
        try:
            # Late enough for a recall, early enough for an undo.
            events = decide(hall.hall, command, hall.at + 10_000)
        except Refused:
            continue
        possible |= {type(event) for event in events if event.ticket == 1}
    assert possible == set(TRANSITIONS[status])


def test_an_event_of_a_ticket_nobody_took_cannot_be_folded():
    with pytest.raises(InvariantBroken, match="after seq 2"):
        evolve(GivenHall().hall, made(e.TicketCancelled))


def test_the_diagram_has_an_arrow_for_every_transition():
    lines = diagram().splitlines()
    arrows = sum(len(row) for row in TRANSITIONS.values())
    ends = sum(set(row.values()) <= {status} for status, row in TRANSITIONS.items())
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> waiting: TicketIssued"]
    assert len(lines) == len(set(lines)) == 2 + arrows + ends
    assert "    called --> missed: TicketMissed" in lines
    assert "    served --> [*]" in lines


def test_the_documents_show_this_diagram():
    assert diagram() in ARCHITECTURE.read_text(encoding="utf-8")
