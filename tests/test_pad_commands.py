"""What keys mean: the console's commands, and digits that name tickets, windows, queues."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.jobs import PadAction, PadPressed
from queued.core import commands as c
from queued.core.plan import WindowPlan
from queued.core.refusals import Refused
from queued.pad_commands import HELP, Unclear, commands_of, ticket_of, window_of
from queued.server.windows import ACTIONS
from tests.core.given import PLAN, GivenHall, filed, plan

BY = "pad:pad-1"


def hall_with(*steps) -> GivenHall:
    """A001, A002 wait in general, B100 in social, C0001 in tax; window 1 is open."""
    hall = GivenHall()
    for queue in ("general", "general", "social", "tax"):
        hall.given(c.IssueTicket(queue=queue))
    return hall.given(c.OpenWindow(window="1"), *steps)


def pressed(action: PadAction, number: str = "", *, hall=None, window="1", kind="line"):
    press = PadPressed("pad-1", "p1", action, number, 0)
    return commands_of((hall or hall_with()).hall, window, press, kind, BY)


SAME = {
    "call-next": c.CallNext(window="1", by=BY),
    "recall": c.Recall(window="1", by=BY),
    "start": c.StartService(window="1", by=BY),
    "finish": c.FinishService(window="1", by=BY),
    "miss": c.MissTicket(window="1", by=BY),
    "park": c.ParkTicket(window="1", by=BY),
    "undo": c.Undo(window="1", by=BY),
    "open": c.OpenWindow(window="1", by=BY),
    "pause": c.PauseWindow(window="1", by=BY),
    "logout": c.CloseWindow(window="1", by=BY),
}
WITH_DIGITS = {
    ("call", "2"): c.CallTicket(window="1", number="A002", by=BY),
    ("transfer", "2"): c.TransferTicket(window="1", to_window="2", by=BY),
    ("transfer", "02"): c.TransferTicket(window="1", to_queue="social", by=BY),
    ("login", "12"): c.OpenWindow(window="1", take_over=True, clerk="clerk:12", by=BY),
}


@pytest.mark.parametrize("action", SAME)
def test_a_key_is_the_button(action):
    assert pressed(action) == (SAME[action],)


@pytest.mark.parametrize(("action", "number"), WITH_DIGITS)
def test_digits_say_which(action, number):
    assert pressed(action, number) == (WITH_DIGITS[action, number],)


def test_every_key_of_every_pad_means_something():
    told = {*SAME, *(action for action, _ in WITH_DIGITS), *HELP}
    assert told == set(get_args(PadAction))
    assert {"login", "logout"} | set(HELP) == set(get_args(PadAction)) - set(ACTIONS)


@pytest.mark.parametrize(
    ("number", "found"),
    [("1", "A001"), ("001", "A001"), ("1001", "A001"), ("2100", "B100"), ("100", "B100"),
     ("A002", "A002")],
)  # fmt: skip
def test_a_number_is_found_in_the_queues_of_the_window(number, found):
    assert ticket_of(hall_with().hall, "1", number).number == found


@pytest.mark.parametrize("number", ["9", "3001", "0", "", "C0001", "1" * 29, "²", "A", "x\n"])
def test_a_number_that_is_none_of_the_windows_is_refused(number):
    with pytest.raises(Refused) as caught:
        ticket_of(hall_with().hall, "1", number)
    assert caught.value.code == "unknown_ticket"


def two_series():
    queues = filed(*(q for q in PLAN.queues.values() if q.id != "social"))
    social = PLAN.queues["social"]
    queues["social"] = type(social)("social", "B", "Social")
    hall = GivenHall(plan(queues=queues))
    for queue in ("general", "social"):
        hall.given(c.IssueTicket(queue=queue))
    return hall.given(c.OpenWindow(window="1"))


def test_a_number_of_two_queues_needs_the_queues_position():
    hall = two_series()
    with pytest.raises(Unclear, match="A001, B001"):
        ticket_of(hall.hall, "1", "1")
    assert ticket_of(hall.hall, "1", "1001").number == "A001"
    assert ticket_of(hall.hall, "1", "3001").number == "B001"
    # One of them is served: only the other can be meant
    hall.given(c.CallTicket(window="1", number="A001"))
    assert ticket_of(hall.hall, "1", "1").number == "B001"


def test_a_ticket_passed_on_to_this_window_is_one_of_its_own():
    hall = hall_with(
        c.OpenWindow(window="4"),
        c.CallNext(window="4"),
        c.TransferTicket(window="4", to_window="1"),
    )
    assert ticket_of(hall.hall, "1", "C0001").number == "C0001"
    assert ticket_of(hall.hall, "1", "30001").number == "C0001"


def test_windows_are_found_by_the_number_in_their_ids():
    windows = filed(
        *(WindowPlan(id_, id_, ("general",)) for id_ in ("e-01", "e-02", "w-2", "3", "w-3"))
    )
    hall = GivenHall(plan(windows=windows)).hall
    assert window_of(hall, "1") == "e-01"
    assert window_of(hall, "3") == "3"
    with pytest.raises(Unclear, match="e-02, w-2"):
        window_of(hall, "2")


@pytest.mark.parametrize(
    ("action", "number", "code"),
    [("transfer", "9", "unknown_window"), ("transfer", "", "unknown_window"),
     ("transfer", "00", "unknown_queue"), ("transfer", "09", "unknown_queue"),
     ("login", "", "unknown_clerk"), ("login", "1" * 13, "unknown_clerk"),
     ("login", "A1", "unknown_clerk"), ("login", "١", "unknown_clerk")],
)  # fmt: skip
def test_digits_that_name_nothing_are_refused(action, number, code):
    with pytest.raises(Refused) as caught:
        pressed(action, number)
    assert caught.value.code == code


@pytest.mark.parametrize("action", ["call-next", "pause", "logout"])
def test_a_pad_without_a_finish_key_finishes_by_going_on(action):
    hall = hall_with(c.CallNext(window="1"), c.StartService(window="1"))
    finish = c.FinishService(window="1", by=BY)
    assert pressed(action, hall=hall, kind="hallpad68") == (finish, SAME[action])
    assert pressed(action, hall=hall, kind="evdev") == (SAME[action],), "that one has a key"


def test_who_has_not_come_yet_is_not_finished():
    hall = hall_with(c.CallNext(window="1"))
    assert pressed("call-next", hall=hall, kind="hallpad68") == (SAME["call-next"],)


@given(
    action=st.sampled_from([one for one in get_args(PadAction) if one not in HELP]),
    number=st.one_of(st.text(max_size=8), st.text("0123456789", max_size=29)),
    kind=st.sampled_from(["hallpad68", "line"]),
)
def test_whatever_is_pressed_is_a_command_or_a_refusal(action, number, kind):
    try:
        commands = pressed(action, number, hall=HALL, kind=kind)
    except (Refused, Unclear):
        return
    assert all(command.window == "1" and command.by == BY for command in commands)


HALL = hall_with(c.CallNext(window="1"), c.StartService(window="1"))
