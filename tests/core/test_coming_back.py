"""Parked, missed, passed on: the ways back to a line, and their limits."""

from __future__ import annotations

import pytest

from queued.core.commands import (
    CallNext,
    CallTicket,
    CloseWindow,
    FinishService,
    IssueTicket,
    MissTicket,
    OpenWindow,
    ParkTicket,
    PauseWindow,
    StartService,
    TransferTicket,
    UnparkTicket,
)
from queued.core.events import TicketCalled, TicketParked, TicketReturned, TicketTransferred
from queued.core.plan import MINUTE
from tests.core.given import NINE, GivenHall, later, plan, seen

TAKE = IssueTicket(queue="general")
OPEN = OpenWindow(window="1")
NEXT = CallNext(window="1")
START = StartService(window="1")
PARK = ParkTicket(window="1", reason="lease missing")
BACK = UnparkTicket(window="1", number="A001")


def pass_on(**to):
    return TransferTicket(window="1", **to)


@pytest.mark.parametrize("before", [[], [START]], ids=["called", "serving"])
def test_a_visitor_is_sent_for_a_missing_paper(hall, before):
    hall.given(TAKE, OPEN, NEXT, *before)
    hall.when(PARK)
    hall.then(seen(TicketParked, number="A001", reason="lease missing"))
    hall.then_ticket("A001", status="parked", window=None, reason="lease missing")
    assert hall.hall.windows["1"].ticket is None


def test_who_brings_the_paper_keeps_the_time_and_gets_ten_minutes(hall):
    hall.given(TAKE, OPEN, NEXT, PARK, later(minutes=40))
    hall.when(BACK)
    hall.then(seen(TicketReturned, base=NINE, key=NINE - 10 * MINUTE))
    hall.then_ticket("A001", status="waiting", returns=1, reason="", started_at=None)


def test_who_returns_keeps_a_bigger_head_start(hall):
    hall.given(IssueTicket(queue="general", class_="priority"), OPEN, NEXT, PARK)
    hall.when(BACK)
    hall.then(seen(TicketReturned, key=NINE - 30 * MINUTE))


def test_who_was_missed_starts_from_now(hall):
    hall.given(TAKE, OPEN, NEXT, MissTicket(window="1"), later(minutes=20), TAKE)
    hall.when(BACK)
    hall.then(seen(TicketReturned, base=NINE + 20 * MINUTE, key=NINE + 20 * MINUTE))
    hall.then_waiting("general", "A001", "A002")


def test_an_appointment_that_returns_needs_no_slot_any_more(hall):
    hall.given(IssueTicket(queue="general", class_="appointment", slot=NINE + 60 * MINUTE))
    hall.given(OPEN, CallTicket(window="1", number="A001"), PARK, BACK)
    hall.when(NEXT)
    hall.then(seen(TicketCalled, number="A001"))


def test_a_paused_window_may_take_somebody_back(hall):
    hall.given(TAKE, OPEN, NEXT, PARK, PauseWindow(window="1"))
    hall.when(BACK)
    hall.then(seen(TicketReturned))


@pytest.mark.parametrize(
    ("steps", "status"),
    [([], "waiting"), ([NEXT], "called"), ([NEXT, START], "serving"),
     ([NEXT, START, FinishService(window="1")], "served")],
)  # fmt: skip
def test_only_who_was_away_can_come_back(hall, steps, status):
    hall.given(TAKE, OPEN, *steps)
    hall.when(BACK)
    hall.then_refused(f"Ticket A001 is not waiting: it is {status}.")


def test_an_unknown_number_cannot_come_back(hall):
    hall.given(OPEN)
    hall.when(BACK)
    hall.then_refused("unknown_ticket")


def test_three_returns_and_no_more(hall):
    hall.given(TAKE, OPEN)
    hall.given(NEXT, PARK, BACK, NEXT, MissTicket(window="1"), BACK, NEXT, pass_on(), NEXT)
    hall.when(pass_on()).then_refused("Ticket A001 went back to the line 3 times already.")
    assert hall.refusal.code == "too_many_returns"
    hall.given(PARK)
    hall.when(BACK).then_refused("too_many_returns")


# ── Transfer ──────────────────────────────────────────────────────────────────────────────


def test_a_transfer_keeps_the_number_and_the_time(hall):
    hall.given(TAKE, OPEN, NEXT, START, later(minutes=20), IssueTicket(queue="tax"))
    hall.when(pass_on(to_queue="tax"))
    hall.then(seen(TicketTransferred, number="A001", queue="tax", to_window=None, base=NINE))
    hall.then_waiting("tax", "A001", "C0001")
    hall.then_ticket("A001", status="waiting", started_at=None, called_at=None, calls=0)
    hall.given(OpenWindow(window="4"))
    hall.when(CallNext(window="4")).then(seen(TicketCalled, number="A001", queue="tax"))


def test_a_transfer_without_a_target_is_back_to_its_own_queue(hall):
    hall.given(TAKE, OPEN, NEXT)
    hall.when(pass_on())
    hall.then(seen(TicketTransferred, queue="general", to_window=None))


@pytest.mark.parametrize(
    ("to", "sentence"),
    [({"to_queue": "x"}, "There is no queue x."), ({"to_window": "x"}, "There is no window x.")],
)
def test_a_transfer_to_nowhere(hall, to, sentence):
    hall.given(TAKE, OPEN, NEXT)
    hall.when(pass_on(**to))
    hall.then_refused(sentence)


def test_a_transfer_to_a_window_is_for_that_window_alone(hall):
    hall.given(TAKE, OPEN, NEXT)
    hall.given(pass_on(to_window="4"), OpenWindow(window="3"), OpenWindow(window="4"))
    hall.when(NEXT).then_refused("nobody_waiting")
    hall.when(CallNext(window="3")).then_refused("nobody_waiting")
    hall.when(CallNext(window="4")).then(seen(TicketCalled, number="A001", rule="bound"))


def test_a_ticket_waits_for_a_window_that_is_closed(hall):
    hall.given(TAKE, OPEN, NEXT, pass_on(to_window="2"), CloseWindow(window="1"))
    hall.then_waiting("general", "A001")
    hall.given(OpenWindow(window="2"))
    hall.when(CallNext(window="2")).then(seen(TicketCalled, number="A001"))


@pytest.mark.parametrize(
    ("place", "order"),
    [("keep", ("B100", "A001", "B101")), ("first", ("A001", "B100", "B101")),
     ("last", ("B100", "B101", "A001"))],
)  # fmt: skip
def test_the_place_of_a_transfer(hall, place, order):
    hall.given(IssueTicket(queue="social", class_="priority"), later(minutes=5), TAKE)
    hall.given(later(minutes=15), IssueTicket(queue="social"), later(minutes=1), OPEN)
    hall.given(CallTicket(window="1", number="A001"))
    hall.when(pass_on(to_queue="social", place=place))
    hall.then_waiting("social", *order)


def test_the_last_place_is_behind_everybody_whatever_the_class(hall):
    hall.given(IssueTicket(queue="general", class_="priority"), later(s=1), TAKE, OPEN, NEXT)
    hall.given(later(s=1))
    hall.when(pass_on(place="last"))
    hall.then_waiting("general", "A002", "A001")


def test_the_first_place_is_never_worse_than_the_kept_one(hall):
    """Who is before everybody now should not be passed by a later head start either."""
    hall.given(TAKE, OPEN, NEXT, later(minutes=50), TAKE)
    hall.given(pass_on(place="first"), later(minutes=1))
    hall.given(IssueTicket(queue="general", class_="priority"))
    hall.then_waiting("general", "A001", "A003", "A002")


def test_the_first_place_at_a_window_is_before_its_queues_too(hall):
    hall.given(IssueTicket(queue="social", class_="priority"), TAKE, OPEN)
    hall.given(CallTicket(window="1", number="A001"))
    hall.given(pass_on(to_window="2", place="first"), OpenWindow(window="2"))
    hall.when(CallNext(window="2"))
    hall.then(seen(TicketCalled, number="A001", rule="bound", runner_up="B100"))


def test_the_first_place_in_a_queue_is_before_those_bound_to_a_window(hall):
    hall.given(IssueTicket(queue="general", class_="priority"), TAKE, OPEN, NEXT)
    hall.given(pass_on(to_window="3"), CallTicket(window="1", number="A002"))
    hall.given(pass_on(place="first"), OpenWindow(window="3"))
    hall.when(CallNext(window="3"))
    hall.then(seen(TicketCalled, number="A002", runner_up="A001"))


def test_a_hall_may_forbid_returns():
    hall = GivenHall(plan(rules={"returns_max": 0}))
    hall.given(TAKE, OPEN, NEXT)
    hall.when(pass_on()).then_refused("too_many_returns")
