"""Who has an appointment gets a number in time; too early or too late, a reason."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queued.core.commands import CallNext, CheckIn, IssueTicket, OpenWindow
from queued.core.decide import decide
from queued.core.events import TicketCalled, TicketIssued
from queued.core.plan import MINUTE
from tests.core.given import NINE, PLAN, GivenHall, later, plan, seen


def booked(minutes: int, **more) -> CheckIn:
    """For the service "levy", so many minutes after nine."""
    return CheckIn(service="levy", slot=NINE + minutes * MINUTE, by="kiosk:1", **more)


def test_the_number_counts_from_the_slot(hall):
    hall.when(booked(40))
    base = NINE + 40 * MINUTE
    hall.then(seen(TicketIssued, number="C0001", slot=base, base=base, key=base - 15 * MINUTE))


@pytest.mark.parametrize(
    ("minutes", "code"),
    [(61, "appointment_early"), (60, None), (-30, None), (-31, "appointment_late")],
)
def test_both_ends_of_its_time_belong_to_it(hall, minutes, code):
    hall.when(booked(minutes))
    if code is None:
        hall.then(seen(TicketIssued, number="C0001"))
    else:
        hall.then_refused(code)


def test_the_hall_sets_the_limits():
    hall = GivenHall(plan(rules={"checkin_early_ms": 0, "checkin_late_ms": MINUTE}))
    hall.when(booked(1)).then_refused("appointment_early")
    hall.when(booked(-2)).then_refused("appointment_late")
    hall.when(booked(0)).then(seen(TicketIssued))


def test_a_refusal_names_the_slot_and_the_limit(hall):
    hall.when(booked(90)).then_refused("appointment_early")
    assert hall.refusal.facts == {"slot": NINE + 90 * MINUTE, "opens": NINE + 30 * MINUTE}
    hall.when(booked(-45)).then_refused("appointment_late")
    assert hall.refusal.facts == {"slot": NINE - 45 * MINUTE, "closed": NINE - 15 * MINUTE}


def test_who_comes_in_time_passes_those_who_came_before(hall):
    hall.given(IssueTicket(service="levy"), IssueTicket(service="levy"), later(minutes=10))
    hall.given(booked(10), OpenWindow(window="4"))
    hall.when(CallNext(window="4")).then(seen(TicketCalled, number="C0003"))


def test_who_comes_late_still_has_the_head_start(hall):
    hall.given(IssueTicket(service="levy"), later(minutes=10), booked(-10))
    hall.given(OpenWindow(window="4"))
    hall.when(CallNext(window="4")).then(seen(TicketCalled, number="C0002"))


@pytest.mark.parametrize("command", [CheckIn(service="nothing", slot=NINE), booked(0, class_="x")])
def test_what_the_hall_does_not_know(hall, command):
    hall.when(command)
    assert hall.refusal.code in ("unknown_service", "unknown_class")


@given(minutes=st.integers(-200, 200), class_=st.sampled_from(["appointment", "priority"]))
def test_within_its_time_it_is_a_ticket_with_a_slot_like_any_other(minutes, class_):
    hall = GivenHall()
    command = booked(minutes, class_=class_)
    hall.when(command)
    plain = IssueTicket(service="levy", slot=command.slot, class_=class_, by=command.by)
    if -30 <= minutes <= 60:
        fresh = GivenHall(replace(PLAN)).hall
        assert hall.events == decide(fresh, plain, NINE)
    else:
        assert hall.events == ()
