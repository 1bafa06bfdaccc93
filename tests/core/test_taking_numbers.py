"""Taking a number: who gets one, which one, and what it counts from."""

from __future__ import annotations

import pytest

from queued.core.commands import (
    CallNext,
    CallTicket,
    CancelTicket,
    CloseDay,
    FinishService,
    IssueTicket,
    MissTicket,
    OpenDay,
    OpenWindow,
    ParkTicket,
    StartService,
)
from queued.core.events import TicketCancelled, TicketIssued
from queued.core.plan import MINUTE, QueuePlan
from tests.core.given import DAY_ENDS, NINE, PLAN, GivenHall, later, plan, seen

TAKE = IssueTicket(queue="general")


def with_queue(**changes):
    """A hall whose general queue is other than usual."""
    general = QueuePlan(**{"id": "general", "letter": "A", "name": "General"} | changes)
    return GivenHall(plan(queues={**PLAN.queues, "general": general}))


def numbers(hall, count, queue="general"):
    """Takes so many and reads what is printed on them."""
    taken = []
    for _ in range(count):
        hall.given(IssueTicket(queue=queue))
        taken.append(hall.events[0].number)
    return taken


def serve(hall, number, window="1"):
    hall.given(CallTicket(window=window, number=number), StartService(window=window))
    hall.given(FinishService(window=window))


def test_numbers_run_from_the_first_with_the_digits_of_the_queue(hall):
    assert numbers(hall, 3) == ["A001", "A002", "A003"]
    assert numbers(hall, 2, "social") == ["B100", "B101"]
    assert numbers(hall, 1, "tax") == ["C0001"]


def test_a_number_for_a_service_is_one_of_its_queue(hall):
    hall.when(IssueTicket(service="levy", by="kiosk:east"))
    hall.then(seen(TicketIssued, number="C0001", queue="tax", service="levy", by="kiosk:east"))
    hall.then_ticket("C0001", origin="kiosk:east")


def test_the_service_decides_when_both_are_named(hall):
    hall.when(IssueTicket(service="levy", queue="general"))
    hall.then(seen(TicketIssued, queue="tax"))


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (IssueTicket(), "There is no queue ."),
        (IssueTicket(queue="nowhere"), "There is no queue nowhere."),
        (IssueTicket(service="nothing"), "There is no service nothing."),
        (IssueTicket(queue="general", class_="royal"), "There is no class royal."),
    ],
)
def test_a_number_for_something_unknown(hall, command, sentence):
    hall.when(command)
    hall.then_refused(sentence)


def test_unknown_things_have_codes_of_their_own(hall):
    hall.when(IssueTicket(queue="x")).then_refused("unknown_queue")
    hall.when(IssueTicket(service="x")).then_refused("unknown_service")
    hall.when(IssueTicket(queue="general", class_="x")).then_refused("unknown_class")
    hall.when(CancelTicket(ticket=1)).then_refused("unknown_ticket")


def test_a_closed_hall_gives_no_numbers(hall):
    hall.given(CloseDay())
    hall.when(TAKE)
    hall.then_refused("The hall is closed now.")
    GivenHall(opened=False).when(TAKE).then_refused("hall_closed")


def test_a_queue_that_takes_no_more():
    hall = with_queue(accepting=False)
    hall.when(TAKE)
    hall.then_refused("Queue General takes no tickets now.")
    assert hall.refusal.code == "queue_closed"


def test_a_full_queue():
    hall = with_queue(waiting_max=2)
    hall.given(TAKE, TAKE, OpenWindow(window="1"))
    hall.when(TAKE).then_refused("Queue General has 2 waiting and takes no more.")
    assert hall.refusal.code == "queue_full"
    hall.given(CallNext(window="1"))
    hall.when(TAKE).then(seen(TicketIssued, number="A003"))


def test_a_series_starts_over_after_its_last_number():
    hall = with_queue(first=8, digits=1)
    hall.given(OpenWindow(window="1"))
    assert numbers(hall, 2) == ["A8", "A9"]
    serve(hall, "A8")
    assert numbers(hall, 1) == ["A8"]
    assert hall.ticket("A8").id == 3


@pytest.mark.parametrize("fate", ["waiting", "called", "serving", "missed", "parked"])
def test_a_number_somebody_may_still_hold_up_is_not_given_again(fate):
    steps = {
        "waiting": [],
        "called": [CallNext(window="1")],
        "serving": [CallNext(window="1"), StartService(window="1")],
        "missed": [CallNext(window="1"), MissTicket(window="1")],
        "parked": [CallNext(window="1"), ParkTicket(window="1")],
    }
    hall = with_queue(first=7, digits=1)
    hall.given(TAKE, OpenWindow(window="1"), OpenWindow(window="3"), *steps[fate])
    hall.then_ticket("A7", status=fate)
    assert numbers(hall, 2) == ["A8", "A9"]
    serve(hall, "A8", window="3")
    serve(hall, "A9", window="3")
    assert numbers(hall, 2) == ["A8", "A9"]
    hall.when(TAKE).then_refused("queue_full")


def test_a_cancelled_number_may_be_given_again():
    hall = with_queue(first=9, digits=1)
    hall.given(TAKE)
    hall.when(TAKE).then_refused("queue_full")
    hall.given(CancelTicket(ticket=1))
    assert numbers(hall, 1) == ["A9"]


def test_numbers_start_over_with_the_day(hall):
    numbers(hall, 5)
    hall.given(OpenDay(day="2026-11-24", ends_at=DAY_ENDS + 24 * 60 * MINUTE))
    assert numbers(hall, 1) == ["A001"]


def test_numbers_are_given_within_the_hours():
    hall = GivenHall(opened=False)
    hours = ((NINE, NINE + 60_000), (NINE + 120_000, NINE + 180_000))
    hall.given(OpenDay(day="2026-11-23", ends_at=DAY_ENDS, hours=hours))
    for step_s, possible in [(0, True), (59, True), (60, False), (119, False), (120, True),
                             (179, True), (180, False)]:  # fmt: skip
        hall.at = NINE + step_s * 1000
        hall.when(TAKE)
        if possible:
            hall.then(seen(TicketIssued))
        else:
            hall.then_refused("hall_closed")


def test_after_hours_those_who_wait_are_still_called():
    hall = GivenHall(opened=False)
    hall.given(OpenDay(day="2026-11-23", ends_at=DAY_ENDS, hours=((NINE, NINE + 60_000),)))
    hall.given(TAKE, later(minutes=5), OpenWindow(window="1"))
    hall.when(CallNext(window="1"))
    assert hall.refusal is None


def test_a_head_start_counts_as_taken_earlier(hall):
    hall.when(IssueTicket(queue="general", class_="priority"))
    hall.then(seen(TicketIssued, base=NINE, key=NINE - 30 * MINUTE))


@pytest.mark.parametrize(
    ("slot_min", "base_min"),
    [
        (60, 60),  # early: the slot counts, not the coming
        (0, 0),
        (-5, -5),  # five minutes late is not late
        (-6, 0),  # late: as if without an appointment
        (-600, 0),
    ],
)
def test_what_an_appointment_counts_from(hall, slot_min, base_min):
    hall.when(IssueTicket(queue="general", class_="appointment", slot=NINE + slot_min * MINUTE))
    base = NINE + base_min * MINUTE
    hall.then(seen(TicketIssued, base=base, key=base - 15 * MINUTE))


def test_a_visitor_leaves(hall):
    hall.given(TAKE, TAKE)
    hall.when(CancelTicket(ticket=1))
    hall.then(seen(TicketCancelled, number="A001", reason="left"))
    hall.then_waiting("general", "A002")
    hall.when(CancelTicket(ticket=1)).then_refused("Ticket A001 is not waiting: it is cancelled.")


def test_a_called_visitor_leaves_and_frees_the_window(hall):
    hall.given(TAKE, OpenWindow(window="1"), CallNext(window="1"))
    hall.when(CancelTicket(ticket=1)).then(seen(TicketCancelled, number="A001"))
    hall.when(CallNext(window="1")).then_refused("nobody_waiting")


def test_a_visitor_at_the_window_cannot_leave_by_telephone(hall):
    hall.given(TAKE, OpenWindow(window="1"), CallNext(window="1"), StartService(window="1"))
    hall.when(CancelTicket(ticket=1))
    hall.then_refused("ticket_not_waiting")


@pytest.mark.parametrize("ticket", [0, -1, 2])
def test_a_ticket_that_was_never_taken(hall, ticket):
    hall.given(TAKE)
    hall.when(CancelTicket(ticket=ticket))
    hall.then_refused("unknown_ticket")


NOBODYS = ["", "A", "001", "A1", "A0001", "A002", "Z001", "A-01", "A\uff1001", "A001 ", "a001"]


@pytest.mark.parametrize("number", NOBODYS)
def test_a_number_nobody_has(hall, number):
    hall.given(TAKE, OpenWindow(window="1"))
    hall.when(CallTicket(window="1", number=number))
    hall.then_refused("unknown_ticket")
