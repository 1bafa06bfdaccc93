"""Changing the furniture while people wait."""

from __future__ import annotations

from dataclasses import replace

import pytest

from queued.core.commands import (
    CallNext,
    CallTicket,
    CloseWindow,
    Configure,
    FinishService,
    IssueTicket,
    MissTicket,
    OpenDay,
    OpenWindow,
    ParkTicket,
    StartService,
    TransferTicket,
    Undo,
    UnparkTicket,
)
from queued.core.events import HallConfigured, TicketCalled, TicketIssued, TicketReturned
from queued.core.model import Hall
from queued.core.numbering import spelled
from queued.core.plan import MINUTE, ClassPlan, QueuePlan, Rules, ServicePlan, WindowPlan, problems
from queued.engine.codec import event_of, record_of
from tests.core.given import DAY_ENDS, HOUR, NINE, PLAN, later, plan, seen

TAKE = IssueTicket(queue="general")
OPEN = OpenWindow(window="1")
NEXT = CallNext(window="1")


def without(kind, *ids):
    """The usual plan, some furniture gone, nothing left that points to it."""
    left = {id_: thing for id_, thing in getattr(PLAN, kind).items() if id_ not in ids}
    changes = {kind: left}
    if kind == "queues":
        changes["services"] = {}
        changes["windows"] = {
            id_: replace(
                window,
                queues=tuple(q for q in window.queues if q in left),
                overflow=tuple(q for q in window.overflow if q in left),
            )
            for id_, window in PLAN.windows.items()
        }
    return Configure(plan=plan(**changes))


def queue(id_, **changes):
    """The usual plan with one queue changed."""
    queues = {**PLAN.queues, id_: replace(PLAN.queues[id_], **changes)}
    return Configure(plan=plan(queues=queues))


def test_the_same_plan_again_changes_nothing(hall):
    hall.when(Configure(plan=PLAN))
    hall.then()


def test_another_order_is_another_plan(hall):
    backwards = plan(queues=dict(reversed(PLAN.queues.items())))
    hall.when(Configure(plan=backwards))
    hall.then(seen(HallConfigured))
    assert list(hall.hall.plan.queues) == ["tax", "social", "general"]


def test_the_order_that_people_see_survives_the_journal():
    backwards = plan(queues=dict(reversed(PLAN.queues.items())))
    record = record_of(HallConfigured(at=NINE, by="", plan=backwards), 1, bytes(32))
    assert list(event_of(record).plan.queues) == ["tax", "social", "general"]


def test_a_new_window_can_be_used_at_once(hall):
    hall.given(TAKE)
    more = {**PLAN.windows, "5": WindowPlan("5", "Window 5", ("general",))}
    hall.given(Configure(plan=plan(windows=more)), OpenWindow(window="5"))
    hall.when(CallNext(window="5"))
    hall.then(seen(TicketCalled, number="A001", window="5"))


def test_a_queue_may_stop_taking_numbers_while_people_wait(hall):
    hall.given(TAKE, OPEN, queue("general", accepting=False))
    hall.when(TAKE).then_refused("queue_closed")
    hall.when(NEXT).then(seen(TicketCalled, number="A001"))


def test_new_rules_hold_from_the_next_decision(hall):
    hall.given(IssueTicket(queue="social"), later(s=1), TAKE, OPEN)
    hall.given(Configure(plan=plan(rules={"overflow_penalty_ms": 0, "undo_within_ms": 1})))
    hall.when(NEXT).then(seen(TicketCalled, number="B100", rule="overflow"))
    hall.given(later(ms=2))
    hall.when(Undo(window="1")).then_refused("too_late_to_undo")


def test_a_class_that_is_gone_has_no_head_start_when_its_ticket_returns(hall):
    hall.given(IssueTicket(queue="general", class_="priority"), OPEN, NEXT)
    hall.given(ParkTicket(window="1"), without("classes", "priority", "return"))
    hall.when(UnparkTicket(window="1", number="A001"))
    hall.then(seen(TicketReturned, key=NINE))


LIVES = {
    "waiting": [],
    "called": [NEXT],
    "serving": [NEXT, StartService(window="1")],
    "missed": [NEXT, MissTicket(window="1")],
    "parked": [NEXT, ParkTicket(window="1")],
}


@pytest.mark.parametrize("life", LIVES)
def test_a_queue_that_tickets_need_stays(hall, life):
    hall.given(IssueTicket(queue="general"), OPEN, *LIVES[life])
    hall.when(without("queues", "general"))
    hall.then_refused("The queue general cannot go while tickets need it.")
    assert hall.refusal.code == "plan_in_use"


def test_a_queue_that_only_got_somebody_passed_on_stays(hall):
    hall.given(TAKE, OPEN, NEXT, TransferTicket(window="1", to_queue="tax"))
    hall.when(without("queues", "tax"))
    hall.then_refused("plan_in_use")


def test_a_queue_without_numbers_today_may_go(hall):
    hall.when(without("queues", "social"))
    hall.then(seen(HallConfigured))


@pytest.mark.parametrize("change", [{"letter": "X"}, {"first": 5}, {"digits": 4}])
def test_numbers_of_today_keep_their_spelling(hall, change):
    hall.given(TAKE)
    hall.when(queue("general", **change)).then_refused("plan_in_use")
    hall.when(queue("social", **change)).then(seen(HallConfigured))


def test_a_served_number_keeps_its_spelling_until_the_next_day(hall):
    hall.given(TAKE, OPEN, NEXT, StartService(window="1"), FinishService(window="1"))
    hall.when(queue("general", letter="X")).then_refused("plan_in_use")
    hall.given(OpenDay(day="2026-11-24", ends_at=DAY_ENDS + 24 * HOUR))
    hall.given(queue("general", letter="X"))
    hall.when(TAKE).then(seen(TicketIssued, number="X001"))


def test_a_window_somebody_sits_at_stays(hall):
    hall.given(OPEN)
    hall.when(without("windows", "1")).then_refused("plan_in_use")
    hall.given(CloseWindow(window="1"))
    hall.when(without("windows", "1")).then(seen(HallConfigured))
    hall.when(OPEN).then_refused("unknown_window")


def test_a_window_somebody_waits_for_stays(hall):
    hall.given(TAKE, OPEN, NEXT, TransferTicket(window="1", to_window="2"))
    hall.when(without("windows", "2"))
    hall.then_refused("The window 2 cannot go while tickets need it.")


def test_a_window_that_an_undo_would_send_somebody_back_to_stays(hall):
    hall.given(TAKE, OPEN, NEXT, TransferTicket(window="1", to_window="2"))
    hall.given(CallTicket(window="1", number="A001"))
    hall.when(without("windows", "2")).then_refused("plan_in_use")
    hall.given(StartService(window="1"))
    hall.when(without("windows", "2")).then(seen(HallConfigured))


def and_queue(id_, *facts, **more):
    """The usual queues and one that is wrong."""
    return {"queues": {**PLAN.queues, id_: QueuePlan(*facts, "x", **more)}}


BROKEN = {
    "two queues share a letter": and_queue("x", "x", "A"),
    "queue x: letter X1 ends in a digit": and_queue("x", "x", "X1"),
    "queue x: digits outside 1 to 6": and_queue("x", "x", "X", first=0, digits=0),
    "queue x: first 1000 needs more digits": and_queue("x", "x", "X", first=1000),
    "queue x is filed as y": and_queue("y", "x", "X"),
    "service s: no queue x": {"services": {"s": ServicePlan("s", "s", "x")}},
    "window w: no queue x": {"windows": {"w": WindowPlan("w", "w", (), overflow=("x",))}},
    "window w: a queue twice in its queues": {
        "windows": {"w": WindowPlan("w", "w", ("tax", "tax"))}
    },
    "window w: a queue twice in its overflow": {
        "windows": {"w": WindowPlan("w", "w", (), overflow=("tax", "tax"))}
    },
    "class c: head start outside 0 to 60 minutes": {
        "classes": {"c": ClassPlan("c", "c", 60 * MINUTE + 1)}
    },
    "overflow penalty outside 0 to 15 minutes": {"rules": {"overflow_penalty_ms": 15 * MINUTE + 1}},
    "auto_miss_after_ms is below 0": {"rules": {"auto_miss_after_ms": -1}},
    "returns_max is below 0": {"rules": {"returns_max": -1}},
}


@pytest.mark.parametrize("problem", BROKEN)
def test_a_plan_that_cannot_be_used(hall, problem):
    hall.when(Configure(plan=plan(**BROKEN[problem])))
    hall.then_refused(f"The plan cannot be used: {problem}.")
    assert hall.refusal.code == "plan_invalid"


def test_the_bounds_themselves_can_be_used():
    extreme = plan(
        classes={"c": ClassPlan("c", "c", 60 * MINUTE)}, rules={"overflow_penalty_ms": 15 * MINUTE}
    )
    assert problems(extreme) == ()
    assert problems(PLAN) == ()
    assert problems(Hall().plan) == ()
    assert problems(replace(PLAN, rules=Rules())) == ()


def test_six_digits_are_spelled_with_zeros():
    assert spelled(QueuePlan("x", "AB", "x", digits=6), 17) == "AB000017"
