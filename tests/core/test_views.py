"""What people ask a hall: places, lists, and what a window may do."""

from __future__ import annotations

import pytest

from queued.core import commands as c
from queued.core.policy import choose
from queued.core.views import (
    actions,
    callable_by,
    callable_count,
    last_called,
    queue_status,
    windows_serving,
)
from tests.core.given import DAY_ENDS, NINE, GivenHall, later

TAKE = c.IssueTicket(queue="general")
OPEN = c.OpenWindow(window="1")
NEXT = c.CallNext(window="1")

STATES = {
    "closed": [],
    "open": [OPEN],
    "paused": [OPEN, c.PauseWindow(window="1")],
    "called": [OPEN, NEXT],
    "serving": [OPEN, NEXT, c.StartService(window="1")],
}

COMMANDS = {
    "open": OPEN,
    "pause": c.PauseWindow(window="1"),
    "close": c.CloseWindow(window="1"),
    "call-next": NEXT,
    "call": c.CallTicket(window="1", number="A003"),
    "recall": c.Recall(window="1"),
    "start": c.StartService(window="1"),
    "finish": c.FinishService(window="1"),
    "miss": c.MissTicket(window="1"),
    "park": c.ParkTicket(window="1"),
    "unpark": c.UnparkTicket(window="1", number="B100"),
    "transfer": c.TransferTicket(window="1"),
    "undo": c.Undo(window="1"),
}


def standing(state):
    """Window 1 in this state, two waiting for it, and one parked who could come back."""
    hall = GivenHall()
    hall.given(c.IssueTicket(queue="social"), c.OpenWindow(window="2"), c.CallNext(window="2"))
    hall.given(c.ParkTicket(window="2"), TAKE, TAKE, TAKE, *STATES[state])
    return hall


@pytest.mark.parametrize("action", COMMANDS)
@pytest.mark.parametrize("state", STATES)
def test_a_window_offers_exactly_what_is_possible(state, action):
    hall = standing(state)
    offered = action in actions(hall.hall, "1")
    if action == "recall":
        hall.given(later(s=10))
    hall.when(COMMANDS[action])
    done_something = hall.refusal is None and hall.events != ()
    assert offered == done_something


def test_a_closed_hall_offers_nothing(hall):
    hall.given(c.CloseDay())
    assert actions(hall.hall, "1") == []


def test_the_list_of_a_window_is_in_the_order_of_its_calls(hall):
    hall.given(c.IssueTicket(queue="social"), later(minutes=4), TAKE, later(minutes=2), TAKE)
    hall.given(c.IssueTicket(queue="social", class_="priority"), OPEN)
    hall.given(c.CallTicket(window="1", number="A001"), c.TransferTicket(window="1", to_window="1"))
    listed = [ticket.number for ticket in callable_by(hall.hall, "1")]
    assert listed == ["B101", "A001", "B100", "A002"]
    assert callable_count(hall.hall, "1") == len(listed)
    for number in listed:
        assert hall.hall.ticket(choose(hall.hall, "1", hall.at).ticket).number == number
        hall.given(NEXT, c.MissTicket(window="1"))


def test_when_a_queue_is_open(hall):
    assert queue_status(hall.hall, "tax") == "paused"
    hall.given(c.OpenWindow(window="4"))
    assert (queue_status(hall.hall, "tax"), windows_serving(hall.hall, "tax")) == ("open", ("4",))
    assert windows_serving(hall.hall, "social") == (), "to help is not to serve"
    hall.given(c.PauseWindow(window="4"))
    assert queue_status(hall.hall, "tax") == "paused"
    hall.given(c.CloseDay())
    assert queue_status(hall.hall, "tax") == "closed"


def test_after_hours_a_queue_is_open_until_the_last_one_is_called():
    hall = GivenHall(opened=False)
    hall.given(c.OpenDay(day="2026-11-23", ends_at=DAY_ENDS, hours=((NINE, NINE + 60_000),)))
    hall.given(TAKE, OPEN, later(minutes=2), c.OpenWindow(window="3"))
    assert queue_status(hall.hall, "general") == "open"
    hall.given(NEXT)
    assert queue_status(hall.hall, "general") == "closed"


def test_the_last_called_of_a_queue(hall):
    hall.given(TAKE, c.IssueTicket(queue="social"), OPEN, c.OpenWindow(window="2"))
    assert last_called(hall.hall, "general") is None
    hall.given(NEXT, c.CallNext(window="2"))
    assert last_called(hall.hall, "general") == "A001"
    assert last_called(hall.hall, "social") == "B100"
