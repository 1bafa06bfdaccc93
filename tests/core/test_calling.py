"""Who is next, and why: the calling rule, calls by number, recalls, undo, misses by time."""

from __future__ import annotations

import pytest

from queued.core.commands import (
    CallNext,
    CallTicket,
    CancelTicket,
    IssueTicket,
    MissTicket,
    OpenWindow,
    ParkTicket,
    Recall,
    StartService,
    TransferTicket,
    Undo,
    UnparkTicket,
)
from queued.core.deadlines import due, next_deadline
from queued.core.events import CallUndone, TicketCalled, TicketMissed, TicketRecalled
from queued.core.plan import MINUTE
from tests.core.given import DAY_ENDS, NINE, PLAN, GivenHall, later, plan, seen

TAKE = IssueTicket(queue="general")
PRIORITY = IssueTicket(queue="general", class_="priority")
OPEN = OpenWindow(window="1")
NEXT = CallNext(window="1")


def takes(queue, class_="normal", **facts):
    return IssueTicket(queue=queue, class_=class_, **facts)


# ── The rule ──────────────────────────────────────────────────────────────────────────────


def test_first_come_first_served(hall):
    hall.given(TAKE, later(s=1), TAKE, OPEN)
    hall.when(NEXT)
    hall.then(seen(TicketCalled, number="A001", window="1", rule="head_start", key=NINE))


def test_nobody_waits(hall):
    hall.given(OPEN)
    hall.when(NEXT)
    hall.then_refused("Nobody is waiting for window 1.")
    assert hall.refusal.code == "nobody_waiting"


def test_a_window_calls_its_own_queues_only(hall):
    hall.given(takes("tax"), takes("social"), OpenWindow(window="4"), OpenWindow(window="2"))
    hall.when(CallNext(window="4")).then(seen(TicketCalled, number="C0001"))
    hall.when(CallNext(window="2")).then(seen(TicketCalled, number="B100"))


@pytest.mark.parametrize(
    ("minutes", "ms", "first"), [(29, 59_999, "A002"), (30, 0, "A001"), (30, 1, "A001")]
)
def test_a_head_start_is_worth_thirty_minutes(hall, minutes, ms, first):
    hall.given(TAKE, later(minutes=minutes, ms=ms), PRIORITY, OPEN)
    hall.when(NEXT)
    hall.then(seen(TicketCalled, number=first))


def test_ties_go_to_the_lower_ticket_not_the_lower_number():
    social = PLAN.queues["social"]
    hall = GivenHall(plan())
    assert social.letter > PLAN.queues["general"].letter
    hall.given(takes("social"), TAKE, OpenWindow(window="3"))
    hall.when(CallNext(window="3"))
    hall.then(seen(TicketCalled, number="B100", runner_up="A001", runner_up_key=NINE))


@pytest.mark.parametrize(("ms", "number", "rule"), [
    (5 * MINUTE - 1, "A001", "head_start"),
    (5 * MINUTE, "B100", "overflow"),  # equal keys: the lower ticket
    (5 * MINUTE + 1, "B100", "overflow"),
])  # fmt: skip
def test_a_window_helps_when_somebody_waited_longer_than_the_penalty(hall, ms, number, rule):
    hall.given(takes("social"), later(ms=ms), TAKE, OPEN)
    hall.when(NEXT)
    hall.then(seen(TicketCalled, number=number, rule=rule))


def test_a_call_says_why_and_who_would_have_been_next(hall):
    hall.given(takes("social"), later(minutes=1), TAKE, later(minutes=1), PRIORITY, OPEN)
    hall.when(NEXT)
    hall.then(
        seen(
            TicketCalled,
            number="A002",
            key=NINE + 2 * MINUTE - 30 * MINUTE,
            runner_up="A001",
            runner_up_key=NINE + MINUTE,
        )
    )
    hall.given(StartService(window="1"), ParkTicket(window="1"))
    hall.when(NEXT)
    hall.then(seen(TicketCalled, number="A001", runner_up="B100", runner_up_key=NINE + 5 * MINUTE))


def test_the_last_in_line_has_no_runner_up(hall):
    hall.given(TAKE, OPEN)
    hall.when(NEXT)
    hall.then(seen(TicketCalled, runner_up=None, runner_up_key=None))


def test_the_runner_up_may_stand_in_the_same_line(hall):
    hall.given(TAKE, TAKE, takes("social"), OPEN)
    hall.when(NEXT)
    hall.then(seen(TicketCalled, number="A001", runner_up="A002"))


def test_an_appointment_is_not_called_before_its_time(hall):
    slot = NINE + 60 * MINUTE
    hall.given(takes("general", "appointment", slot=slot), OPEN, later(ms=55 * MINUTE - 1))
    hall.when(NEXT).then_refused("nobody_waiting")
    hall.given(later(ms=1))
    hall.when(NEXT).then(seen(TicketCalled, number="A001", key=NINE + 45 * MINUTE))


def test_walk_ins_pass_an_appointment_whose_time_has_not_come(hall):
    slot = NINE + 20 * MINUTE
    hall.given(takes("general", "appointment", slot=slot), later(minutes=10), TAKE, TAKE, OPEN)
    hall.when(NEXT)
    hall.then(seen(TicketCalled, number="A002", runner_up="A003"))


# ── By number ─────────────────────────────────────────────────────────────────────────────


def test_a_call_out_of_turn_is_recorded_as_one(hall):
    hall.given(TAKE, TAKE, OPEN)
    hall.when(CallTicket(window="1", number="A002"))
    hall.then(seen(TicketCalled, number="A002", rule="by_number", runner_up=None))


def test_a_window_may_call_any_number_of_the_hall(hall):
    hall.given(takes("tax"), OPEN)
    hall.when(CallTicket(window="1", number="C0001"))
    hall.then(seen(TicketCalled, number="C0001", window="1", queue="tax"))


def test_two_windows_cannot_call_the_same_number(hall):
    hall.given(TAKE, OPEN, OpenWindow(window="3"), NEXT)
    hall.when(CallTicket(window="3", number="A001"))
    hall.then_refused("Ticket A001 is not waiting: it is called.")
    hall.when(CallNext(window="3")).then_refused("nobody_waiting")


def test_a_missed_number_can_be_called_when_its_visitor_comes(hall):
    hall.given(TAKE, OPEN, NEXT, MissTicket(window="1"))
    hall.when(CallTicket(window="1", number="A001"))
    hall.then(seen(TicketCalled, rule="by_number"))
    hall.then_ticket("A001", status="called", calls=2)


# ── Recall ────────────────────────────────────────────────────────────────────────────────


def test_a_recall_waits_ten_seconds(hall):
    hall.given(TAKE, OPEN, NEXT, later(ms=9_001))
    hall.when(Recall(window="1")).then_refused("Ticket A001 was called just now; again in 1 s.")
    assert (hall.refusal.code, hall.refusal.facts["seconds"]) == ("recall_too_soon", 1)
    hall.given(later(ms=999))
    hall.when(Recall(window="1")).then(seen(TicketRecalled, number="A001", times=2))
    hall.when(Recall(window="1")).then_refused("recall_too_soon")


def test_three_recalls_and_no_more(hall):
    hall.given(TAKE, OPEN, NEXT)
    for _ in range(3):
        hall.given(later(s=10), Recall(window="1"))
    hall.given(later(s=10))
    hall.when(Recall(window="1"))
    hall.then_refused("Ticket A001 was recalled 3 times already.")
    assert hall.refusal.code == "too_many_recalls"


def test_no_recall_once_the_visitor_is_there(hall):
    hall.given(TAKE, OPEN, NEXT, StartService(window="1"), later(s=20))
    hall.when(Recall(window="1"))
    hall.then_refused("ticket_not_called")


def test_the_board_shows_a_number_once_and_the_newest_first(hall):
    hall.given(TAKE, TAKE, OPEN, OpenWindow(window="3"), NEXT, CallNext(window="3"))
    assert [call.number for call in hall.hall.calls] == ["A002", "A001"]
    hall.given(later(s=10), Recall(window="1"))
    assert [(call.number, call.times) for call in hall.hall.calls] == [("A001", 2), ("A002", 1)]


def test_the_board_shows_twenty_calls(hall):
    hall.given(OPEN, *[TAKE] * 22)
    for _ in range(22):
        hall.given(NEXT, MissTicket(window="1"))
    assert [call.number for call in hall.hall.calls] == [f"A{n:03}" for n in range(22, 2, -1)]


# ── Undo ──────────────────────────────────────────────────────────────────────────────────


def without_memory(ticket):
    """Everything of a ticket but the note of what it was before its last call."""
    return {
        name: getattr(ticket, name)
        for name in ticket.__dataclass_fields__
        if not name.startswith("was")
    }


@pytest.mark.parametrize("ms", [0, 10_000])
def test_a_call_can_be_taken_back_within_ten_seconds(hall, ms):
    hall.given(TAKE, TAKE, OPEN)
    before = hall.hall
    hall.given(NEXT, later(ms=ms))
    hall.when(Undo(window="1"))
    hall.then(seen(CallUndone, number="A001", window="1"))
    assert without_memory(hall.ticket("A001")) == without_memory(before.ticket(1))
    assert (hall.hall.lines, hall.hall.windows) == (before.lines, before.windows)
    assert hall.hall.calls == ()


def test_after_ten_seconds_a_call_stands(hall):
    hall.given(TAKE, OPEN, NEXT, later(ms=10_001))
    hall.when(Undo(window="1"))
    hall.then_refused("Window 1 has no call that could still be undone.")
    assert hall.refusal.code == "too_late_to_undo"


@pytest.mark.parametrize("then", [StartService(window="1"), MissTicket(window="1"),
                                  ParkTicket(window="1"), TransferTicket(window="1"),
                                  CancelTicket(ticket=1), Undo(window="1")],
                         ids=lambda command: type(command).__name__)  # fmt: skip
def test_only_the_last_act_can_be_undone(hall, then):
    hall.given(TAKE, OPEN, NEXT, then)
    hall.when(Undo(window="1"))
    hall.then_refused("too_late_to_undo")


def test_undoing_the_call_of_a_missed_number_makes_it_missed_again(hall):
    hall.given(TAKE, OPEN, NEXT, later(s=10), Recall(window="1"), MissTicket(window="1"))
    before = hall.hall
    hall.given(later(minutes=3), CallTicket(window="1", number="A001"))
    hall.when(Undo(window="1")).then(seen(CallUndone))
    hall.then_ticket("A001", status="missed", calls=2, called_at=NINE + 10_000)
    assert without_memory(hall.ticket("A001")) == without_memory(before.ticket(1))


def test_undoing_the_call_of_one_who_returned_leaves_no_trace(hall):
    hall.given(TAKE, OPEN, NEXT, ParkTicket(window="1"), later(s=5))
    hall.given(UnparkTicket(window="1", number="A001"))
    before = hall.hall
    hall.given(later(s=5), NEXT)
    hall.when(Undo(window="1"))
    assert without_memory(hall.ticket("A001")) == without_memory(before.ticket(1))


def test_undo_after_a_recall_undoes_both():
    hall = GivenHall(plan(rules={"recall_interval_ms": 1000}))
    hall.given(TAKE, OPEN, NEXT, MissTicket(window="1"), CallTicket(window="1", number="A001"))
    hall.given(later(s=1), Recall(window="1"))
    hall.when(Undo(window="1"))
    hall.then_ticket("A001", status="missed", calls=1, called_at=NINE)


def test_an_undone_call_of_a_bound_ticket_is_bound_again(hall):
    hall.given(TAKE, OPEN, NEXT, TransferTicket(window="1", to_window="2"))
    hall.given(CallTicket(window="1", number="A001"))
    hall.when(Undo(window="1"))
    hall.then_ticket("A001", status="waiting", window="2")
    hall.when(NEXT).then_refused("nobody_waiting")


# ── Missed by time ────────────────────────────────────────────────────────────────────────


def test_who_does_not_come_is_missed_after_three_minutes(hall):
    hall.given(TAKE, OPEN, NEXT)
    deadline = NINE + 180_000
    assert next_deadline(hall.hall) == deadline
    assert due(hall.hall, deadline - 1) is None
    hall.given(later(minutes=3))
    hall.when(due(hall.hall, hall.at)).then(seen(TicketMissed, number="A001", by="timer:"))
    assert next_deadline(hall.hall) == DAY_ENDS


def test_a_recall_gives_another_three_minutes(hall):
    hall.given(TAKE, OPEN, NEXT, later(minutes=2), Recall(window="1"))
    assert next_deadline(hall.hall) == NINE + 5 * MINUTE


def test_who_has_come_cannot_be_missed(hall):
    hall.given(TAKE, OPEN, NEXT, StartService(window="1"), later(minutes=10))
    assert due(hall.hall, hall.at) is None
    assert next_deadline(hall.hall) == DAY_ENDS


def test_a_hall_may_do_without_missing_by_time():
    hall = GivenHall(plan(rules={"auto_miss_after_ms": 0}))
    hall.given(TAKE, OPEN, NEXT)
    assert next_deadline(hall.hall) == DAY_ENDS


def test_the_earliest_deadline_comes_first(hall):
    hall.given(TAKE, TAKE, OpenWindow(window="3"), OPEN, CallNext(window="3"), later(s=1), NEXT)
    assert due(hall.hall, DAY_ENDS + 1) == MissTicket(window="3", by="timer:")
    hall.given(MissTicket(window="3"))
    assert due(hall.hall, DAY_ENDS + 1) == MissTicket(window="1", by="timer:")


def test_a_call_just_before_the_end_ends_with_the_day(hall):
    hall.given(TAKE, OPEN)
    hall.at = DAY_ENDS - 1000
    hall.given(NEXT)
    assert type(due(hall.hall, DAY_ENDS)).__name__ == "CloseDay"
