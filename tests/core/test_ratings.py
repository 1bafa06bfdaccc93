"""好差评: a grade for a service that is done, once, while its day lasts."""

from __future__ import annotations

from typing import get_args

import pytest

from drivers import jobs
from queued.core import commands as c
from queued.core import model
from queued.core.events import ServiceRated
from tests.core.given import DAY_ENDS, NINE, GivenHall, later, seen

GRADES = get_args(model.Grade)


@pytest.fixture
def hall() -> GivenHall:
    """A001 is being served at window 1."""
    given = GivenHall()
    given.given(
        c.OpenWindow(window="1"),
        c.IssueTicket(queue="general"),
        c.CallNext(window="1"),
        c.StartService(window="1"),
    )
    return given


def rate(grade, ticket=1, by="evaluator:pad-1"):
    return c.RateService(ticket=ticket, grade=grade, by=by)


def test_the_device_process_and_the_rulebook_name_the_same_grades():
    assert get_args(jobs.Grade) == GRADES
    assert {*model.POOR, model.NO_GRADE} <= set(GRADES)


@pytest.mark.parametrize("grade", GRADES)
def test_a_finished_service_is_rated(hall, grade):
    hall.given(c.FinishService(window="1"), later(minutes=5))
    hall.when(rate(grade))
    hall.then(seen(ServiceRated, ticket=1, number="A001", window="1", queue="general",
                   grade=grade, by="evaluator:pad-1"))  # fmt: skip
    hall.then_ticket("A001", status="served", rating=grade)


def test_a_service_that_goes_on_is_not_rated(hall):
    hall.when(rate("satisfied")).then_refused("Ticket A001 has not been served: it is serving.")


def test_a_grade_stays(hall):
    hall.given(c.FinishService(window="1"), rate("dissatisfied"))
    hall.when(rate("very-satisfied", by="visitor:")).then_refused("already_rated")
    hall.when(rate("none")).then_refused("already_rated")
    hall.then_ticket("A001", rating="dissatisfied")


def test_whoever_pressed_nothing_may_still_say_it_once(hall):
    hall.given(c.FinishService(window="1"), rate("none"))
    hall.when(rate("none")).then_refused("already_rated")
    hall.given(rate("satisfied", by="visitor:"))
    hall.when(rate("none")).then_refused("already_rated")
    hall.then_ticket("A001", rating="satisfied")


def test_after_the_day_it_is_too_late(hall):
    hall.given(c.FinishService(window="1"), later(ms=DAY_ENDS - NINE), c.CloseDay())
    hall.when(rate("satisfied")).then_refused("too_late_to_rate")


@pytest.mark.parametrize("ticket", [0, -1, 2])
def test_a_ticket_that_never_was_is_not_rated(hall, ticket):
    hall.when(rate("satisfied", ticket)).then_refused("unknown_ticket")
