"""Business days: opening, closing with a tally, and what a wrong clock must not do."""

from __future__ import annotations

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
from queued.core.deadlines import due, next_deadline
from queued.core.events import (
    DayClosed,
    DayOpened,
    ServiceFinished,
    TicketCancelled,
    TicketIssued,
    WindowClosed,
)
from tests.core.given import DAY_ENDS, HOUR, GivenHall, later, seen

TAKE = IssueTicket(queue="general")
TOMORROW = OpenDay(day="2026-11-24", ends_at=DAY_ENDS + 24 * HOUR)


def busy(hall):
    """One ticket in every status: A001 served … A007 waiting."""
    hall.given(*[TAKE] * 7, OpenWindow(window="1"), OpenWindow(window="3"), later(s=90))
    hall.given(CallNext(window="1"), StartService(window="1"), FinishService(window="1"))
    hall.given(CallNext(window="1"), MissTicket(window="1"))
    hall.given(CallNext(window="1"), ParkTicket(window="1"))
    hall.given(CallNext(window="1"), StartService(window="1"))
    hall.given(CallNext(window="3"), CancelTicket(ticket=6))
    return hall


def test_a_day_closes_with_everybody_accounted_for(hall):
    busy(hall)
    hall.when(CloseDay())
    hall.then(
        seen(TicketCancelled, number="A003", reason="day_closed"),
        seen(ServiceFinished, number="A004", window="1", outcome="day_closed"),
        seen(TicketCancelled, number="A005"),
        seen(TicketCancelled, number="A007"),
        seen(WindowClosed, window="1"),
        seen(WindowClosed, window="3"),
        seen(
            DayClosed,
            day="2026-11-23",
            tally={"cancelled": 4, "issued": 7, "missed": 1, "served": 2, "waited_s": 5 * 90},
        ),
    )
    assert not hall.hall.open
    assert [ticket.status.value for ticket in hall.hall.tickets] == [
        "served", "missed", "cancelled", "served", "cancelled", "cancelled", "cancelled",
    ]  # fmt: skip


def test_an_empty_day_closes_too(hall):
    hall.when(CloseDay())
    hall.then(seen(DayClosed, tally={}))


def test_closing_twice_is_closing_once(hall):
    hall.given(CloseDay())
    hall.when(CloseDay())
    hall.then()
    assert next_deadline(hall.hall) is None


def test_a_day_ends_by_itself(hall):
    assert next_deadline(hall.hall) == DAY_ENDS
    assert due(hall.hall, DAY_ENDS - 1) is None
    assert due(hall.hall, DAY_ENDS) == CloseDay(by="timer:")


def test_a_new_day_ends_the_old_one_and_starts_empty(hall):
    busy(hall)
    hall.when(TOMORROW)
    assert type(hall.events[-2]) is DayClosed
    assert seen(DayOpened, day="2026-11-24").matches(hall.events[-1])
    assert (len(hall.hall.tickets), hall.hall.calls) == (0, ())
    hall.when(TAKE).then(seen(TicketIssued, number="A001", ticket=1))


def test_opening_a_day_twice_is_opening_it_once(hall):
    hall.given(TAKE)
    hall.when(OpenDay(day="2026-11-23", ends_at=DAY_ENDS))
    hall.then()


def test_a_clock_set_back_does_not_end_today(hall):
    hall.given(TAKE)
    hall.when(OpenDay(day="2026-11-22", ends_at=DAY_ENDS - 24 * HOUR))
    hall.then()
    hall.then_ticket("A001", status="waiting")


def test_a_day_that_ended_does_not_begin_again(hall):
    """Its ticket ids and numbers are printed, tabled and in visitors' links already."""
    hall.given(TAKE, CloseDay())
    hall.when(OpenDay(day="2026-11-23", ends_at=DAY_ENDS))
    hall.then()
    hall.when(TAKE).then_refused("hall_closed")
    hall.when(TOMORROW).then(seen(DayOpened))


def test_yesterdays_number_is_unknown_today(hall):
    hall.given(TAKE, TOMORROW, OpenWindow(window="1"))
    hall.when(CallTicket(window="1", number="A001"))
    hall.then_refused("unknown_ticket")


def test_yesterdays_number_can_be_looked_up_until_the_next_day(hall):
    hall.given(TAKE, CloseDay())
    hall.then_ticket("A001", status="cancelled", reason="day_closed")


def test_the_first_day_of_a_hall():
    hall = GivenHall(opened=False)
    assert next_deadline(hall.hall) is None
    hall.when(OpenDay(day="2026-11-23", ends_at=DAY_ENDS, by="system:"))
    hall.then(seen(DayOpened, day="2026-11-23", hours=()))
