"""A number taken from afar keeps its place; nobody is called before he is here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queued.core.commands import (
    Arrive,
    CallNext,
    CallTicket,
    CancelTicket,
    FinishService,
    IssueTicket,
    Lapse,
    MissTicket,
    OpenDay,
    OpenWindow,
    StartService,
    TransferTicket,
    Undo,
)
from queued.core.deadlines import due, next_deadline
from queued.core.events import (
    ServiceStarted,
    TicketCalled,
    TicketCancelled,
    TicketHeld,
    VisitorArrived,
)
from queued.core.plan import MINUTE
from queued.core.views import ahead
from tests.core.given import DAY_ENDS, NINE, GivenHall, later, plan, seen

AFAR = IssueTicket(queue="general", here=False, by="visitor:phone")
HERE = IssueTicket(queue="general")
OPEN = OpenWindow(window="1")
NEXT = CallNext(window="1")
DONE = (StartService(window="1"), FinishService(window="1"))
KEPT = NINE + 15 * MINUTE


def test_nobody_is_called_before_he_is_here(hall):
    hall.given(AFAR, OPEN)
    hall.when(NEXT).then_refused("nobody_waiting")


def test_it_keeps_its_place_meanwhile(hall):
    hall.given(AFAR, HERE)
    hall.then_waiting("general", "A001", "A002")
    assert ahead(hall.hall, hall.ticket("A002")) == 1


def test_who_arrives_before_the_turn_is_called_like_anybody(hall):
    hall.given(AFAR, HERE, OPEN)
    hall.when(Arrive(ticket=1)).then(seen(VisitorArrived, number="A001", queue="general"))
    hall.when(NEXT).then(seen(TicketCalled, number="A001", rule="head_start", runner_up="A002"))


def test_somebody_else_is_called_in_its_place_which_is_kept(hall):
    hall.given(AFAR, HERE, OPEN)
    hall.when(NEXT)
    hall.then(seen(TicketCalled, number="A002"), seen(TicketHeld, number="A001", until=KEPT))
    hall.then_ticket("A001", status="waiting", key=NINE)


def test_who_was_passed_over_is_called_next_after_checking_in(hall):
    hall.given(AFAR, HERE, HERE, HERE, OPEN, NEXT, *DONE, later(minutes=5), Arrive(ticket=1))
    hall.when(NEXT).then(seen(TicketCalled, number="A001", runner_up="A003"))


def test_the_turn_comes_once(hall):
    hall.given(AFAR, HERE, HERE, OPEN, NEXT, *DONE, later(minutes=5))
    hall.when(NEXT).then(seen(TicketCalled, number="A003"))
    assert hall.hall.absent == {1: KEPT}


def test_only_whose_turn_it_was_is_held(hall):
    hall.given(AFAR, HERE, AFAR, OPEN)
    hall.when(NEXT).then(seen(TicketCalled, number="A002"), seen(TicketHeld, number="A001"))


def test_a_window_that_only_helps_passes_over_by_its_penalty(hall):
    """Window 1 serves general and helps social, which counts five minutes later there."""
    social = IssueTicket(queue="social", here=False)
    hall.given(OPEN, social, later(minutes=4), HERE)
    hall.when(NEXT).then(seen(TicketCalled, number="A001"))
    hall.given(*DONE, later(minutes=2), HERE)
    hall.when(NEXT).then(seen(TicketCalled, number="A002"), seen(TicketHeld, number="B100"))


def test_a_window_that_does_not_serve_it_passes_nobody_over(hall):
    hall.given(AFAR, IssueTicket(queue="social"), OpenWindow(window="2"))
    hall.when(CallNext(window="2")).then(seen(TicketCalled, number="B100"))


def test_it_lapses_when_the_place_was_kept_in_vain(hall):
    hall.given(AFAR, HERE, OPEN, NEXT, StartService(window="1"), later(minutes=15))
    assert next_deadline(hall.hall) == KEPT
    hall.when(due(hall.hall, hall.at))
    hall.then(seen(TicketCancelled, number="A001", reason="not_here", by="timer:"))
    hall.when(Arrive(ticket=1)).then_refused("Ticket A001 is not waiting: it is cancelled.")


def test_not_a_moment_too_early(hall):
    hall.given(AFAR, HERE, OPEN, NEXT, StartService(window="1"), later(ms=15 * MINUTE - 1))
    assert due(hall.hall, hall.at) is None
    hall.when(Lapse(ticket=1)).then_refused("ticket_not_waiting")


def test_no_time_runs_while_nobody_else_is_called(hall):
    hall.given(AFAR, OPEN, later(minutes=300))
    assert next_deadline(hall.hall) == DAY_ENDS
    hall.when(Lapse(ticket=1)).then_refused("ticket_not_waiting")
    hall.given(Arrive(ticket=1))
    hall.when(NEXT).then(seen(TicketCalled, number="A001"))


def test_who_arrived_does_not_lapse(hall):
    hall.given(AFAR, HERE, OPEN, NEXT, StartService(window="1"), Arrive(ticket=1))
    assert next_deadline(hall.hall) == DAY_ENDS
    hall.when(Lapse(ticket=1)).then_refused("ticket_not_waiting")


def test_the_hall_sets_how_long_a_place_is_kept():
    hall = GivenHall(plan(rules={"keep_place_ms": 5 * MINUTE}))
    hall.given(AFAR, HERE, OPEN)
    hall.when(NEXT).then(seen(TicketCalled), seen(TicketHeld, until=NINE + 5 * MINUTE))


def test_to_arrive_twice_changes_nothing(hall):
    hall.given(AFAR, Arrive(ticket=1))
    hall.when(Arrive(ticket=1)).then()


@pytest.mark.parametrize("step", [(), (StartService(window="1"),)], ids=["called", "serving"])
def test_who_is_at_the_window_is_here(hall, step):
    hall.given(HERE, OPEN, NEXT, *step)
    hall.when(Arrive(ticket=1)).then()


@pytest.mark.parametrize("ticket", [0, 2, -1])
def test_nobody_arrives_with_a_ticket_never_taken(hall, ticket):
    hall.given(AFAR)
    hall.when(Arrive(ticket=ticket)).then_refused("unknown_ticket")
    hall.when(Lapse(ticket=ticket)).then_refused("unknown_ticket")


def test_a_clerk_who_sees_him_may_call_him(hall):
    hall.given(AFAR, OPEN)
    hall.when(CallTicket(window="1", number="A001"))
    hall.then(seen(TicketCalled, number="A001", rule="by_number"))
    hall.when(StartService(window="1")).then(seen(ServiceStarted))
    assert hall.hall.absent == {}


def test_a_call_taken_back_makes_him_absent_again(hall):
    hall.given(AFAR, HERE, OPEN, CallTicket(window="1", number="A001"), Undo(window="1"))
    hall.when(NEXT).then(seen(TicketCalled, number="A002"), seen(TicketHeld, number="A001"))


def test_unless_he_arrived_meanwhile(hall):
    hall.given(AFAR, HERE, OPEN, CallTicket(window="1", number="A001"))
    hall.given(Arrive(ticket=1), Undo(window="1"))
    hall.when(NEXT).then(seen(TicketCalled, number="A001"))


@pytest.mark.parametrize(
    "end", [MissTicket(window="1"), TransferTicket(window="1", to_queue="social")]
)
def test_what_happens_at_a_window_ends_the_absence(hall, end):
    hall.given(AFAR, OPEN, CallTicket(window="1", number="A001"), end)
    assert hall.hall.absent == {}


def test_who_leaves_is_waited_for_no_more(hall):
    hall.given(AFAR, HERE, OPEN, NEXT, CancelTicket(ticket=1))
    assert hall.hall.absent == {}
    assert ahead(hall.hall, hall.ticket("A001")) == 0


def test_a_new_day_waits_for_nobody(hall):
    hall.given(AFAR, later(minutes=1200), OpenDay(day="2026-11-24", ends_at=DAY_ENDS * 2))
    assert hall.hall.absent == {}


@given(st.lists(st.sampled_from(["afar", "here", "next", "arrive"]), max_size=30))
def test_whoever_is_called_came_before_everybody_else_who_is_here(steps):
    """The sentence for the wall holds for those who take their number from afar, too."""
    hall = GivenHall().given(OPEN)
    for step in steps:
        hall.given(later(s=10))
        if step == "next":
            hall.when(NEXT)
            if hall.refusal is None:
                called = hall.ticket(hall.events[0].number)
                waiting = [t for t in hall.hall.tickets if t.status.value == "waiting"]
                assert all(t.key > called.key or t.id in hall.hall.absent for t in waiting)
                hall.given(*DONE)
        elif step == "arrive":
            for id_ in list(hall.hall.absent)[:1]:
                hall.given(Arrive(ticket=id_))
        else:
            hall.given(AFAR if step == "afar" else HERE)
