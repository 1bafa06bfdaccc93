"""Arbitrary days through the rulebook and the naive model: they may never disagree.

That the machine can find something is shown in `test_model_mistakes`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from queued.core import commands as c
from queued.core.plan import MINUTE, ClassPlan, Plan, QueuePlan, ServicePlan, WindowPlan
from tests.core.given import HOUR, NINE, filed
from tests.core.pair import Pair, plans

SMALL = Plan(
    name="small",
    # Series short enough to wrap, a line short enough to fill.
    queues=filed(
        QueuePlan("general", "A", "General", first=5, digits=1, waiting_max=4),
        QueuePlan("social", "B", "Social", first=96, digits=2),
    ),
    services=filed(ServicePlan("levy", "Levy", "social")),
    windows=filed(
        WindowPlan("1", "1", ("general",), overflow=("social",)),
        WindowPlan("2", "2", ("social",), overflow=("general", "social")),
        WindowPlan("3", "3", ("general", "social")),
    ),
    classes=filed(
        ClassPlan("normal", "Normal"),
        ClassPlan("priority", "Priority", 30 * MINUTE),
        ClassPlan("return", "Return", 10 * MINUTE),
    ),
)
PLANS = plans(SMALL)

WINDOW = st.sampled_from(["1", "2", "3"])
ANY_WINDOW = st.sampled_from(["1", "2", "3", "1", "2", "3", "9"])
WHO = st.sampled_from(["own"] * 8 + ["clerk:li", "manager:zhao", "pad:1"])
QUEUES = st.lists(
    st.sampled_from(["general", "social", "general", "social", "nowhere"]), max_size=3
).map(tuple)
GRADE = st.sampled_from(["very-satisfied", "dissatisfied", "none", "none"])
PICK = st.integers(0, 30)
PAUSES = st.sampled_from(
    [0, 1, 999, 1000, 9_999, 10_000, 10_001, MINUTE, 179_999, 180_000, 5 * MINUTE, 5 * MINUTE + 1,
     10 * MINUTE, 30 * MINUTE, HOUR]
)  # fmt: skip
SLOTS = st.sampled_from([None, None, None, -6, -5, 0, 4, 5, 6, 30, 600])


class Rulebooks(RuleBasedStateMachine):
    """Whatever people may do at a hall's windows and kiosks, and what time does by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair()
        self.days = 0

    @initialize()
    def furnish(self) -> None:
        self.pair.do(c.Configure(plan=SMALL))
        self.new_day(hours=False)
        for window in ("1", "2", "3"):
            self.pair.do(c.OpenWindow(window=window, by="clerk:wang"))

    @rule(ms=PAUSES)
    def time_passes(self, ms: int) -> None:
        self.pair.at += ms

    @rule()
    def timers_ring(self) -> None:
        while self.pair.ring():
            pass

    @rule(plan=st.sampled_from(PLANS))
    def configure(self, plan: Plan) -> None:
        self.pair.do(c.Configure(plan=plan))

    @rule(chance=st.integers(0, 4), hours=st.booleans())
    def another_day(self, chance: int, hours: bool) -> None:
        if chance == 0:
            self.new_day(hours=hours)
        elif chance == 1:
            self.pair.do(c.CloseDay())
        elif chance == 2:
            self.pair.do(c.OpenDay(day="2026-11-01", ends_at=NINE))

    def new_day(self, *, hours: bool) -> None:
        self.days += 1
        now = self.pair.at
        self.pair.do(
            c.OpenDay(
                day=f"2026-12-{self.days:02}",
                ends_at=now + 3 * HOUR,
                hours=((now, now + HOUR), (now + 2 * HOUR, now + 3 * HOUR)) if hours else (),
            )
        )

    @rule(
        queue=st.sampled_from(["general", "social", "general", "social", None, "nowhere"]),
        service=st.sampled_from([None, None, None, "levy", "nothing"]),
        class_=st.sampled_from(["normal", "normal", "priority", "return", "royal"]),
        slot=SLOTS,
        known=st.lists(PICK, max_size=2),
        here=st.sampled_from([True, True, False]),
    )
    def take(
        self,
        queue: Any,
        service: Any,
        class_: Any,
        slot: int | None,
        known: list[int],
        here: bool,
    ) -> None:
        moment = None if slot is None else self.pair.at + slot * MINUTE
        tickets = len(self.pair.hall.tickets)
        others = tuple(tickets - pick for pick in known if pick < tickets)
        self.pair.do(
            c.IssueTicket(
                queue=queue, service=service, class_=class_, slot=moment, others=others,
                here=here, by="kiosk:1",
            )
        )  # fmt: skip

    @rule(queue=st.sampled_from(["general", "social"]), ms=PAUSES)
    def take_and_wait(self, queue: Any, ms: int) -> None:
        self.pair.do(c.IssueTicket(queue=queue, by="kiosk:1"))
        self.pair.at += ms

    @rule(queue=st.sampled_from(["general", "social"]), window=WINDOW, ms=PAUSES)
    def pass_over(self, queue: Any, window: Any, ms: int) -> None:
        self.pair.do(c.IssueTicket(queue=queue, here=False, by="visitor:phone"))
        self.pair.do(c.IssueTicket(queue=queue, by="kiosk:1"))
        self.at_window(c.CallNext(window=window), "own")
        self.pair.at += ms

    @rule(back=st.integers(-1, 6))
    def arrive(self, back: int) -> None:
        self.pair.do(c.Arrive(ticket=len(self.pair.hall.tickets) - back))

    @rule(back=st.integers(-1, 6))
    def lapse(self, back: int) -> None:
        self.pair.do(c.Lapse(ticket=len(self.pair.hall.tickets) - back))

    @rule(back=st.integers(-1, 6))
    def cancel(self, back: int) -> None:
        self.pair.do(c.CancelTicket(ticket=len(self.pair.hall.tickets) - back))

    @rule(window=ANY_WINDOW, who=WHO)
    def call_next(self, window: Any, who: str) -> None:
        self.at_window(c.CallNext(window=window), who)

    @rule(window=ANY_WINDOW, who=WHO, pick=PICK)
    def call_ticket(self, window: Any, who: str, pick: int) -> None:
        self.at_window(c.CallTicket(window=window, number=self.number(pick)), who)

    @rule(window=ANY_WINDOW, who=WHO, pick=PICK)
    def unpark(self, window: Any, who: str, pick: int) -> None:
        self.at_window(c.UnparkTicket(window=window, number=self.number(pick)), who)

    @rule(
        window=ANY_WINDOW,
        who=WHO,
        command=st.sampled_from(
            [c.Recall, c.StartService, c.StartService, c.FinishService, c.MissTicket,
             c.ParkTicket, c.Undo, c.Undo, c.PauseWindow, c.CloseWindow]
        ),
    )  # fmt: skip
    def act(self, window: Any, who: str, command: Any) -> None:
        self.at_window(command(window=window), who)

    @rule(
        window=WINDOW,
        then=st.sampled_from(
            [(c.Undo,), (c.MissTicket,), (c.ParkTicket,), (c.StartService, c.FinishService),
             (c.Recall, c.Undo), (c.Recall, c.MissTicket)]
        ),
        ms=st.sampled_from([0, 10_000, 10_001]),
    )  # fmt: skip
    def call_and_act(self, window: Any, then: tuple[Any, ...], ms: int) -> None:
        self.at_window(c.CallNext(window=window), "own")
        self.pair.at += ms
        for command in then:
            self.at_window(command(window=window), "own")

    @rule(window=WINDOW, pick=PICK, then=st.sampled_from([c.Undo, c.StartService, c.Recall]))
    def miss_and_call_again(self, window: Any, pick: int, then: Any) -> None:
        number = self.number(pick)
        self.at_window(c.CallTicket(window=window, number=number), "own")
        self.at_window(c.MissTicket(window=window), "own")
        self.at_window(c.CallTicket(window=window, number=number), "own")
        self.at_window(then(window=window), "own")

    @rule(window=WINDOW, pick=PICK, times=st.integers(1, 4))
    def come_and_go(self, window: Any, pick: int, times: int) -> None:
        number = self.number(pick)
        for _ in range(times):
            self.at_window(c.CallTicket(window=window, number=number), "own")
            self.at_window(c.ParkTicket(window=window, reason="paper"), "own")
            self.at_window(c.UnparkTicket(window=window, number=number), "own")

    @rule(
        window=WINDOW,
        who=WHO,
        queue=st.sampled_from([None, "general", "social", "nowhere"]),
        to=st.sampled_from([None, None, "1", "2", "3", "9"]),
        place=st.sampled_from(["keep", "first", "last"]),
        start=st.booleans(),
    )
    def transfer(self, window: Any, who: str, queue: Any, to: Any, place: Any, start: bool) -> None:
        self.at_window(c.CallNext(window=window), "own")
        if start:
            self.at_window(c.StartService(window=window), "own")
        command = c.TransferTicket(window=window, to_queue=queue, to_window=to, place=place)
        self.at_window(command, who)

    @rule(
        window=ANY_WINDOW,
        who=WHO,
        take_over=st.booleans(),
        clerk=st.sampled_from(["", "", "clerk:12"]),
    )
    def open_window(self, window: Any, who: str, take_over: bool, clerk: str) -> None:
        self.at_window(c.OpenWindow(window=window, take_over=take_over, clerk=clerk), who)

    @rule(window=ANY_WINDOW, queues=st.none() | QUEUES, overflow=QUEUES)
    def assign(self, window: Any, queues: Any, overflow: Any) -> None:
        self.pair.do(
            c.AssignQueues(window=window, queues=queues, overflow=overflow, by="manager:zhao")
        )

    @rule(back=st.integers(-1, 6), grade=GRADE)
    def rate(self, back: int, grade: Any) -> None:
        ticket = len(self.pair.hall.tickets) - back
        self.pair.do(c.RateService(ticket=ticket, grade=grade, by="visitor:"))

    @rule(window=WINDOW, grades=st.lists(GRADE, min_size=1, max_size=3))
    def serve_and_rate(self, window: Any, grades: list[Any]) -> None:
        for command in (c.CallNext, c.StartService):
            self.at_window(command(window=window), "own")
        at_window = self.pair.hall.windows.get(window)
        held = at_window.ticket if at_window else None
        self.at_window(c.FinishService(window=window), "own")
        for grade in grades if held is not None else []:
            self.pair.do(c.RateService(ticket=held, grade=grade, by="evaluator:1"))

    @invariant()
    def both_remember(self) -> None:
        if self.pair.hall.seq % 8 == 0:
            self.pair.remembered()

    def teardown(self) -> None:
        self.pair.remembered()

    def at_window(self, command: Any, who: str) -> None:
        """By the clerk who sits there, unless somebody else tries."""
        if who == "own":
            window = self.pair.hall.windows.get(command.window)
            who = window.clerk if window and window.clerk else "clerk:wang"
        self.pair.do(replace(command, by=who))

    def number(self, pick: int) -> str:
        tickets = list(self.pair.hall.tickets)
        return tickets[-1 - pick % len(tickets)].number if tickets else "A5"


QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


class TestRulebooks(Rulebooks.TestCase):
    """As many days as fit into a few seconds; `make soak` runs many more."""

    settings = settings(
        max_examples=150, stateful_step_count=50, deadline=None, suppress_health_check=QUIET
    )


@pytest.mark.soak
def test_many_more_days():
    run_state_machine_as_test(
        Rulebooks,
        settings=settings(
            max_examples=20_000, stateful_step_count=80, deadline=None, suppress_health_check=QUIET
        ),
    )
