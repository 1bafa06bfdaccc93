"""Mistakes that the comparison with the naive model must find.

One plausible mistake at a time is put into the rulebook, and the same machine must notice it: a
check that finds nothing has shown that it can find something.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from queued.core import arriving, guards, numbering, policy
from queued.core import decide as decide_module
from queued.core import evolve as evolve_module
from queued.core.events import CallUndone
from queued.core.model import Status
from tests.core.test_model import QUIET, Rulebooks


def newest_first(monkeypatch):
    """Ties go to whoever came last."""
    right = policy._candidates
    monkeypatch.setattr(policy, "_candidates", lambda *a: ((k, -t, r) for k, t, r in right(*a)))
    choose = policy.choose

    def wrong(hall, window, at):
        choice = choose(hall, window, at)
        return choice and replace(
            choice, ticket=-choice.ticket, runner_up=choice.runner_up and -choice.runner_up
        )

    monkeypatch.setattr(policy, "choose", wrong)


def no_penalty(monkeypatch):
    """A window helps as if the queue were its own."""
    right = policy.choose

    def wrong(hall, window, at):
        rules = replace(hall.plan.rules, overflow_penalty_ms=0)
        return right(replace(hall, plan=replace(hall.plan, rules=rules)), window, at)

    monkeypatch.setattr(policy, "choose", wrong)


def no_head_start(monkeypatch):
    """Everybody counts from when they came."""
    monkeypatch.setattr(policy, "key_of", lambda base, *_: base)


def late_appointments_keep_their_slot(monkeypatch):
    monkeypatch.setattr(policy, "base_of", lambda at, slot, plan: at if slot is None else slot)


def appointments_are_called_any_time(monkeypatch):
    monkeypatch.setattr(policy, "_callable", lambda hall, line, at, early: iter(tuple(line)[:2]))


def numbers_are_given_twice(monkeypatch):
    """The series does not look who still holds the number."""
    monkeypatch.setattr(numbering, "_alive", lambda *_: False)


def returns_without_end(monkeypatch):
    monkeypatch.setattr(guards, "may_return", lambda *_: None)


def clerks_act_anywhere(monkeypatch):
    monkeypatch.setattr(guards, "OVERRIDING", ("",))


def an_undone_call_loses_the_place(monkeypatch):
    """The ticket is waiting again, but in nobody's line."""
    right = evolve_module._FOLDS[CallUndone]

    def wrong(hall, event):
        changes = right(hall, event)
        changes.pop("lines", None)
        return changes

    monkeypatch.setitem(evolve_module._FOLDS, CallUndone, wrong)


def undo_of_a_missed_call_makes_it_wait(monkeypatch):
    right = evolve_module._FOLDS[CallUndone]

    def wrong(hall, event):
        ticket = replace(hall.ticket(event.ticket), was=Status.WAITING)
        return right(replace(hall, tickets=hall.tickets.replace(ticket.id - 1, ticket)), event)

    monkeypatch.setitem(evolve_module._FOLDS, CallUndone, wrong)


def undo_has_no_end(monkeypatch):
    right = decide_module._undo
    monkeypatch.setattr(decide_module, "_undo", lambda hall, command, at: right(hall, command, 0))


def grades_may_be_changed(monkeypatch):
    monkeypatch.setattr(decide_module, "NO_GRADE", "dissatisfied")


def an_assignment_outlives_the_day(monkeypatch):
    monkeypatch.setattr(evolve_module, "furnished", lambda hall: hall.plan)


def an_assignment_is_lost_with_a_new_plan(monkeypatch):
    def wrong(hall, plan):
        return {"plan": plan, "usual": {}}

    monkeypatch.setattr(evolve_module, "configured", wrong)


def a_person_may_wait_twice(monkeypatch):
    monkeypatch.setattr(guards, "UNDECIDED", ())


def absence_is_forgotten(monkeypatch):
    """Whoever took a number from afar is called like one who is here."""
    monkeypatch.setattr(arriving, "away", lambda *_: {})


def whoever_comes_later_is_held_too(monkeypatch):
    """A turn counts as come although somebody earlier was called."""
    right = arriving.passed_over

    def wrong(hall, command, choice, at):
        return right(hall, command, replace(choice, key=choice.key + 10**12), at)

    monkeypatch.setattr(arriving, "passed_over", wrong)


def a_place_is_kept_anew_at_every_call(monkeypatch):
    right = arriving.passed_over

    def wrong(hall, command, choice, at):
        forgot = replace(hall, absent=dict.fromkeys(hall.absent, 0))
        return right(forgot, command, choice, at)

    monkeypatch.setattr(arriving, "passed_over", wrong)


MISTAKES = [
    absence_is_forgotten, whoever_comes_later_is_held_too, a_place_is_kept_anew_at_every_call,
    newest_first, no_penalty, no_head_start, late_appointments_keep_their_slot,
    appointments_are_called_any_time, numbers_are_given_twice, returns_without_end,
    clerks_act_anywhere, an_undone_call_loses_the_place, undo_of_a_missed_call_makes_it_wait,
    undo_has_no_end, grades_may_be_changed, a_person_may_wait_twice,
    an_assignment_outlives_the_day, an_assignment_is_lost_with_a_new_plan,
]  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_a_mistake_in_the_rules_is_found(mistake, monkeypatch):
    mistake(monkeypatch)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            Rulebooks,
            settings=settings(
                max_examples=2000,
                stateful_step_count=50,
                derandomize=True,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=QUIET,
            ),
        )
