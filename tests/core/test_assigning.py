"""Changing at once which queues a window serves."""

from __future__ import annotations

from queued.core.commands import (
    AssignQueues,
    CallNext,
    Configure,
    IssueTicket,
    OpenDay,
    OpenWindow,
)
from queued.core.estimate import Estimator
from queued.core.events import HallConfigured, TicketCalled, WindowAssigned
from queued.core.views import callable_count, windows_serving
from queued.engine.codec import event_of, hall_of, record_of, snapshot_of
from queued.engine.ports import HASH_ZERO
from tests.core.given import DAY_ENDS, PLAN, plan, seen

TAX_TOO = AssignQueues(window="2", queues=("tax", "social"), by="manager:zhao")
USUAL = AssignQueues(window="2", by="manager:zhao")


def test_who_waits_is_called_by_the_window_that_was_assigned(hall):
    hall.given(IssueTicket(queue="tax"), OpenWindow(window="2"))
    assert windows_serving(hall.hall, "tax") == ()
    hall.when(CallNext(window="2")).then_refused("nobody_waiting")
    hall.when(TAX_TOO).then(
        seen(WindowAssigned, window="2", queues=("tax", "social"), overflow=(), by="manager:zhao")
    )
    assert windows_serving(hall.hall, "tax") == ("2",)
    assert callable_count(hall.hall, "2") == 1
    hall.when(CallNext(window="2")).then(seen(TicketCalled, number="C0001", window="2"))


def test_back_to_what_the_plan_says(hall):
    hall.given(TAX_TOO)
    hall.when(USUAL).then(seen(WindowAssigned, queues=("social",)))
    assert hall.hall.plan == PLAN and hall.hall.usual == {}
    hall.when(USUAL).then()


def test_the_same_again_changes_nothing_and_doubles_count_once(hall):
    twice = AssignQueues(window="2", queues=("tax", "tax", "social"), overflow=("tax", "general"))
    hall.when(twice).then(seen(WindowAssigned, queues=("tax", "social"), overflow=("general",)))
    hall.when(twice).then()


def test_what_is_unknown_is_refused(hall):
    hall.when(AssignQueues(window="9", queues=("tax",))).then_refused("unknown_window")
    hall.when(AssignQueues(window="2", queues=("rain",))).then_refused("unknown_queue")
    hall.when(AssignQueues(window="2", overflow=("rain",))).then_refused("unknown_queue")


def test_the_next_day_begins_as_furnished(hall):
    hall.given(TAX_TOO, OpenDay(day="2026-11-24", ends_at=DAY_ENDS + 1))
    assert hall.hall.plan == PLAN and hall.hall.usual == {}


def test_a_restart_with_the_same_configuration_keeps_it(hall):
    hall.given(TAX_TOO)
    hall.when(Configure(plan=PLAN)).then()
    assert hall.hall.plan.windows["2"].queues == ("tax", "social")


def test_a_new_configuration_keeps_it_for_the_day_unless_a_queue_is_gone(hall):
    hall.given(TAX_TOO)
    hall.when(Configure(plan=plan(name="Another"))).then(seen(HallConfigured))
    assert hall.hall.plan.windows["2"].queues == ("tax", "social")
    left = {id_: queue for id_, queue in PLAN.queues.items() if id_ != "tax"}
    windows = {id_: window for id_, window in PLAN.windows.items() if id_ != "4"}
    hall.when(Configure(plan=plan(queues=left, windows=windows, services={})))
    hall.then(seen(HallConfigured))
    assert hall.hall.plan.windows["2"].queues == ("social",) and hall.hall.usual == {}


def test_a_configuration_that_says_the_same_ends_the_exception(hall):
    hall.given(TAX_TOO)
    changed = {**PLAN.windows, "2": hall.hall.plan.windows["2"]}
    hall.when(Configure(plan=plan(windows=changed))).then(seen(HallConfigured))
    assert hall.hall.usual == {}


def test_journals_and_snapshots_from_before_are_read(hall):
    event = WindowAssigned(at=1, by="manager:zhao", window="2", queues=("tax",))
    assert event_of(record_of(event, 1, HASH_ZERO)) == event
    kept = snapshot_of(hall.hall, HASH_ZERO)
    old = kept.body.replace(b',"usual":{}', b"")
    assert old != kept.body
    assert hall_of(type(kept)(kept.seq, kept.hash, old)) == hall.hall


def test_the_first_guess_of_a_wait_counts_who_serves_today(hall):
    estimator = Estimator()

    def learn():
        for event in hall.history[learnt[0] :]:
            estimator.observe(event, hall.hall)
        learnt[0] = len(hall.history)

    learnt = [0]
    learn()
    alone = estimator.wait("tax", 3, hall.at).p50_s
    hall.given(AssignQueues(window="2", queues=("tax",)))
    learn()
    assert estimator.wait("tax", 3, hall.at).p50_s < alone * 2 // 3
    hall.given(OpenDay(day="2026-11-24", ends_at=DAY_ENDS + 1))
    learn()
    assert estimator.wait("tax", 3, hall.at).p50_s == alone
