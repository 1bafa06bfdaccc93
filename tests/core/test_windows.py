"""Who may do what at a window."""

from __future__ import annotations

from dataclasses import replace

import pytest

from queued.core.commands import (
    CallNext,
    CallTicket,
    CloseDay,
    CloseWindow,
    FinishService,
    IssueTicket,
    MissTicket,
    OpenWindow,
    ParkTicket,
    PauseWindow,
    Recall,
    StartService,
    TransferTicket,
    Undo,
    UnparkTicket,
)
from queued.core.events import (
    ServiceFinished,
    ServiceStarted,
    TicketCalled,
    WindowClosed,
    WindowOpened,
    WindowPaused,
)
from queued.core.model import Counts
from tests.core.given import later, seen

OPEN = OpenWindow(window="1")
TAKE = IssueTicket(queue="general")
NEXT = CallNext(window="1")
START = StartService(window="1")

AT_A_WINDOW = [
    NEXT,
    CallTicket(window="1", number="A001"),
    Recall(window="1"),
    START,
    FinishService(window="1"),
    MissTicket(window="1"),
    ParkTicket(window="1"),
    UnparkTicket(window="1", number="A001"),
    TransferTicket(window="1"),
    Undo(window="1"),
    PauseWindow(window="1"),
]


def by_name(command):
    return type(command).__name__


def test_a_clerk_sits_down(hall):
    hall.when(OPEN)
    hall.then(seen(WindowOpened, window="1", clerk="clerk:1"))


def test_sitting_down_twice_is_sitting_down_once(hall):
    hall.given(OPEN)
    hall.when(OPEN)
    hall.then()


def test_a_taken_window_is_taken(hall):
    hall.given(OPEN)
    hall.when(OpenWindow(window="1", by="clerk:li"))
    hall.then_refused("Another clerk sits at window 1.")
    hall.when(OpenWindow(window="1", by="clerk:li")).then_refused("window_taken")


def test_a_paused_window_is_taken_too(hall):
    hall.given(OPEN, PauseWindow(window="1"))
    hall.when(OpenWindow(window="1", by="clerk:li"))
    hall.then_refused("window_taken")


def test_a_clerk_relieves_another_and_keeps_the_visitor(hall):
    hall.given(TAKE, OPEN, NEXT)
    hall.when(OpenWindow(window="1", take_over=True, by="clerk:li"))
    hall.then(seen(WindowOpened, clerk="clerk:li"))
    hall.when(StartService(window="1")).then_refused("not_yours")
    hall.when(StartService(window="1", by="clerk:li")).then(seen(ServiceStarted, number="A001"))


def test_a_window_cannot_open_before_the_day(hall):
    hall.given(CloseDay())
    hall.when(OPEN)
    hall.then_refused("The hall is closed now.")


@pytest.mark.parametrize("command", AT_A_WINDOW, ids=by_name)
def test_nothing_happens_at_a_closed_window(hall, command):
    hall.given(TAKE)
    hall.when(command)
    hall.then_refused("Window 1 is closed.")


@pytest.mark.parametrize("command", [*AT_A_WINDOW, CloseWindow(window="1")], ids=by_name)
def test_a_clerk_does_nothing_at_the_window_of_another(hall, command):
    hall.given(TAKE, TAKE, OPEN, NEXT)
    hall.when(replace(command, by="clerk:2"))
    hall.then_refused("Window 1 belongs to another clerk.")
    assert hall.refusal.code == "not_yours"


@pytest.mark.parametrize("by", ["manager:zhao", "admin:root", "system:", "timer:"])
def test_who_stands_above_a_clerk_may(hall, by):
    hall.given(TAKE, OPEN, NEXT)
    hall.when(StartService(window="1", by=by))
    hall.then(seen(ServiceStarted, by=by))


@pytest.mark.parametrize("by", ["manager", "clerk:manager:", "managers:x", "xadmin:"])
def test_a_name_does_not_make_a_manager(hall, by):
    hall.given(TAKE, OPEN)
    hall.when(CallNext(window="1", by=by))
    hall.then_refused("not_yours")


@pytest.mark.parametrize("command", [*AT_A_WINDOW, OPEN, CloseWindow(window="1")], ids=by_name)
def test_a_window_that_does_not_exist(hall, command):
    hall.when(replace(command, window="99"))
    hall.then_refused("There is no window 99.")
    assert hall.refusal.code == "unknown_window"


def test_a_window_cannot_call_twice(hall):
    hall.given(TAKE, TAKE, OPEN, NEXT)
    hall.when(NEXT)
    hall.then_refused("Window 1 still has ticket A001.")
    hall.when(CallTicket(window="1", number="A002")).then_refused("window_busy")


@pytest.mark.parametrize("command", [PauseWindow(window="1"), CloseWindow(window="1")], ids=by_name)
def test_nobody_leaves_a_visitor_standing(hall, command):
    hall.given(TAKE, OPEN, NEXT)
    hall.when(command)
    hall.then_refused("window_busy")
    hall.given(START)
    hall.when(command)
    hall.then_refused("window_busy")


def test_a_pause_and_its_end(hall):
    hall.given(TAKE, OPEN)
    hall.when(PauseWindow(window="1", reason="lunch")).then(seen(WindowPaused, reason="lunch"))
    hall.when(NEXT).then_refused("Window 1 is paused.")
    hall.when(PauseWindow(window="1")).then_refused("window_not_open")
    hall.when(OPEN).then(seen(WindowOpened))
    assert hall.hall.windows["1"].reason == ""
    hall.when(NEXT).then(seen(TicketCalled, number="A001"))


def test_a_paused_window_may_close(hall):
    hall.given(OPEN, PauseWindow(window="1"))
    hall.when(CloseWindow(window="1"))
    hall.then(seen(WindowClosed))


def test_leaving_twice_is_leaving_once(hall):
    hall.when(CloseWindow(window="1"))
    hall.then()


def test_a_service_from_call_to_end(hall):
    hall.given(TAKE, OPEN, NEXT)
    hall.when(FinishService(window="1")).then_refused("Window 1 is not serving a ticket.")
    hall.when(START).then(seen(ServiceStarted, number="A001"))
    hall.when(START).then_refused("Window 1 has no called ticket.")
    hall.when(MissTicket(window="1")).then_refused("ticket_not_called")
    hall.when(FinishService(window="1", outcome="done"))
    hall.then(seen(ServiceFinished, number="A001", outcome="done"))
    hall.then_ticket("A001", status="served", reason="done")
    hall.when(FinishService(window="1")).then_refused("ticket_not_serving")


@pytest.mark.parametrize(
    "command",
    [Recall(window="1"), START, MissTicket(window="1"), ParkTicket(window="1"),
     TransferTicket(window="1")],
    ids=by_name,
)  # fmt: skip
def test_an_empty_window_has_no_ticket_to_act_on(hall, command):
    hall.given(TAKE, OPEN)
    hall.when(command)
    hall.then_refused("ticket_not_called")


def test_what_a_window_did_today(hall):
    hall.given(TAKE, TAKE, TAKE, TAKE, OPEN)
    hall.given(NEXT, START, FinishService(window="1"), NEXT, MissTicket(window="1"))
    hall.given(NEXT, ParkTicket(window="1"), NEXT, TransferTicket(window="1"))
    hall.given(NEXT, Undo(window="1"), CloseWindow(window="1"))
    counts = Counts(called=4, served=1, missed=1, parked=1, transferred=1, matters=1)
    assert hall.hall.windows["1"].counts == counts
    assert hall.hall.clerks == {"clerk:1": counts}


def test_what_a_clerk_did_today_goes_with_the_clerk(hall):
    hall.given(TAKE, TAKE, TAKE, OPEN, NEXT, START, later(minutes=5))
    hall.given(FinishService(window="1", count=3), NEXT)
    hall.given(OpenWindow(window="1", take_over=True, by="clerk:li"))
    hall.given(StartService(window="1", by="clerk:li"), later(minutes=2))
    hall.given(FinishService(window="1", by="clerk:li"))
    hall.given(OpenWindow(window="3", by="clerk:1"), CallNext(window="3", by="clerk:1"))

    minute = 60_000
    wang = Counts(called=3, served=1, matters=3, serving_ms=5 * minute)
    li = Counts(served=1, matters=1, serving_ms=2 * minute)
    assert hall.hall.clerks == {"clerk:1": wang, "clerk:li": li}
    both = Counts(called=2, served=2, matters=4, serving_ms=7 * minute)
    assert hall.hall.windows["1"].counts == both
    assert hall.hall.windows["3"].counts == Counts(called=1)


def test_an_undone_call_is_taken_from_the_clerk_who_made_it(hall):
    hall.given(TAKE, OPEN, NEXT, Undo(window="1", by="manager:zhou"))
    assert hall.hall.clerks == {"clerk:1": Counts()}


def test_taking_over_says_who_was_relieved_and_since_when_it_counts(hall):
    hall.given(OPEN)
    nine = hall.at
    hall.given(later(minutes=5), PauseWindow(window="1"), later(minutes=5), OPEN)
    assert hall.hall.windows["1"].since == nine, "a pause does not end it"
    hall.given(later(minutes=5))
    hall.when(OpenWindow(window="1", take_over=True, by="clerk:li"))
    hall.then(seen(WindowOpened, clerk="clerk:li", relieved="clerk:1"))
    assert hall.hall.windows["1"].since == hall.at
    hall.when(NEXT).then_refused("not_yours")
    assert hall.refusal is not None and hall.refusal.facts["clerk"] == "li"
    hall.given(CloseWindow(window="1", by="clerk:li"))
    assert hall.hall.windows["1"].since is None
    hall.when(OPEN)
    hall.then(seen(WindowOpened, clerk="clerk:1", relieved=""))
