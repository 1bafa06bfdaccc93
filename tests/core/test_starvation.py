"""Nobody starves: whoever may be called before a ticket must have come soon after it.

The bound, for any setting the plan accepts: let h be a ticket's own head start, H the largest
of the plan and p the overflow penalty. No window that may serve the ticket calls one whose base
is later than its base + (H - h) + p before it. Outside of the bound, because a person decided
so: calls by number, and the place "first" of a transfer.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queued.core import commands as c
from queued.core import policy
from queued.core.decide import decide
from queued.core.events import TicketCalled
from queued.core.evolve import evolve
from queued.core.model import Hall, Status
from queued.core.plan import MINUTE, ClassPlan, Plan, Rules
from queued.core.refusals import Refused
from tests.core.given import HOUR, NINE, PLAN, filed

CLASSES = ("normal", "priority", "appointment", "return")
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("take"),
            st.sampled_from(["general", "social"]),
            st.sampled_from(CLASSES),
            st.sampled_from([None, None, -6, 0, 3, 20, 45]),
        ),
        st.tuples(st.just("take"), st.just("general"), st.just("normal"), st.none()),
        st.tuples(st.just("wait"), st.sampled_from([1, 60_000, 5 * MINUTE, 20 * MINUTE, HOUR])),
        st.tuples(st.just("call"), st.sampled_from("123")),
        st.tuples(st.just("park"), st.sampled_from("123")),
        st.tuples(st.just("back"), st.integers(0, 5)),
        st.tuples(
            st.just("pass on"),
            st.sampled_from("123"),
            st.sampled_from(["general", "social"]),
            st.sampled_from(["keep", "last"]),
        ),
    ),
    min_size=5,
    max_size=60,
)
HEAD_STARTS = st.tuples(*[st.integers(0, 60)] * 4)


def furnished(head_starts: tuple[int, ...], penalty: int) -> Plan:
    """The usual windows and queues with other numbers."""
    starts = zip(CLASSES, head_starts, strict=True)
    classes = filed(*(ClassPlan(name, name, minutes * MINUTE) for name, minutes in starts))
    rules = Rules(overflow_penalty_ms=penalty * MINUTE)
    return Plan("x", PLAN.queues, {}, PLAN.windows, classes, rules)


def commands(hall, at, step):
    """What a drawn step means now."""
    by = "manager:zhao"
    match step:
        case ("take", queue, class_, slot):
            moment = None if slot is None else at + slot * MINUTE
            yield c.IssueTicket(queue=queue, class_=class_, slot=moment)
        case ("call", window):
            yield c.CallNext(window=window, by=by)
            yield c.StartService(window=window, by=by)
            yield c.FinishService(window=window, by=by)
        case ("park", window):
            yield c.CallNext(window=window, by=by)
            yield c.ParkTicket(window=window, by=by)
        case ("back", pick):
            parked = [t.number for t in hall.tickets if t.status is Status.PARKED]
            if parked:
                yield c.UnparkTicket(window="1", number=parked[pick % len(parked)], by=by)
        case ("pass on", window, queue, place):
            yield c.CallNext(window=window, by=by)
            yield c.TransferTicket(window=window, to_queue=queue, place=place, by=by)


def passed_over(hall, call, at):
    """Those who wait, may be called by this window now, and came so long before that they must
    not be passed. As numbers."""
    plan, rules = hall.plan.windows[call.window], hall.plan.rules
    called = hall.ticket(call.ticket)
    largest = max(class_.head_start_ms for class_ in hall.plan.classes.values())
    for ticket in hall.tickets:
        mine = ticket.queue in (*plan.queues, *plan.overflow) and ticket.window is None
        in_time = ticket.slot is None or at >= ticket.slot - rules.appointment_early_ms
        if ticket.status is not Status.WAITING or not mine or not in_time:
            continue
        own = ticket.base - ticket.key
        bound = ticket.base + largest - own + rules.overflow_penalty_ms
        if ticket.id != called.id and called.base > bound:
            yield ticket.number


def run(plan, steps):
    """A day of these steps. Every call by the rule is checked against the bound."""
    hall, at = Hall(), NINE
    opening = c.OpenDay(day="2026-11-23", ends_at=NINE + 240 * HOUR)
    begin = [c.Configure(plan=plan), opening]
    begin += [c.OpenWindow(window=window, by="manager:zhao") for window in "123"]
    for step in [*begin, *steps]:
        if isinstance(step, tuple) and step[0] == "wait":
            at += step[1]
            continue
        for command in commands(hall, at, step) if isinstance(step, tuple) else [step]:
            try:
                events = decide(hall, command, at)
            except Refused:
                break
            for event in events:
                if type(event) is TicketCalled:
                    passed = list(passed_over(hall, event, at))
                    assert not passed, f"{event.number} was called before {passed}"
                hall = evolve(hall, event)


@settings(max_examples=300)
@given(HEAD_STARTS, st.integers(0, 15), STEPS)
def test_nobody_is_passed_by_one_who_came_later_than_the_bound(head_starts, penalty, steps):
    run(furnished(head_starts, penalty), steps)


def test_the_bound_is_reached_and_not_passed():
    """Ninety minutes of priority arrivals delay a normal ticket by exactly its thirty."""
    plan = furnished((0, 30, 15, 10), 5)
    crowd = [("take", "general", "priority", None), ("wait", 60_000)] * 90
    hall, at = Hall(), NINE
    steps = [
        c.Configure(plan=plan),
        c.OpenDay(day="2026-11-23", ends_at=NINE + 24 * HOUR),
        c.OpenWindow(window="1", by="clerk:x"),
        c.IssueTicket(queue="general"),
    ]
    for step in steps:
        for event in decide(hall, step, at):
            hall = evolve(hall, event)
    for step in crowd:
        at += step[1] if step[0] == "wait" else 0
        for command in commands(hall, at, step):
            for event in decide(hall, command, at):
                hall = evolve(hall, event)
    before = 0
    while hall.tickets[0].status is Status.WAITING:
        for command in commands(hall, at, ("call", "1")):
            for event in decide(hall, command, at):
                hall = evolve(hall, event)
        before += 1
    # Those of minutes 0 to 29; the one of minute 30 ties, and ties go to the lower ticket.
    assert before == 30 + 1


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda base, class_, *_: base - 9 * HOUR * (class_ != "normal"), id="strict"),
        pytest.param(lambda base, *_: -base, id="last come, first served"),
    ],
)
def test_a_rule_that_starves_is_noticed(wrong, monkeypatch):
    monkeypatch.setattr(policy, "key_of", wrong)
    day = [("take", "general", "normal", None), ("wait", 2 * HOUR)]
    day += [("take", "general", "priority", None), ("call", "1")]
    with pytest.raises(AssertionError, match="was called before"):
        run(furnished((0, 30, 15, 10), 5), day)
