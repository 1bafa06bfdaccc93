"""A pad acts for whoever sits at its window; a person the hall knows waits in a queue once."""

from __future__ import annotations

import pytest

from queued.core import commands as c
from queued.core.events import TicketCalled, TicketIssued, WindowOpened
from tests.core.given import GivenHall, plan, seen

PAD = "pad:pad-1"


@pytest.fixture
def hall() -> GivenHall:
    """Nobody is at a window yet; A001 waits."""
    return GivenHall().given(c.IssueTicket(queue="general"))


def test_a_pad_calls_for_the_clerk_at_its_window(hall):
    hall.given(c.OpenWindow(window="1", by="clerk:wang"))
    hall.when(c.CallNext(window="1", by=PAD)).then(seen(TicketCalled, number="A001", by=PAD))


def test_a_closed_window_is_not_called_to(hall):
    hall.when(c.CallNext(window="1", by=PAD)).then_refused("window_not_open")


def test_a_clerk_signs_in_at_the_pad_and_goes_on_at_the_console(hall):
    hall.when(c.OpenWindow(window="1", clerk="clerk:12", by=PAD))
    hall.then(seen(WindowOpened, clerk="clerk:12", by=PAD))
    hall.when(c.CallNext(window="1", by="clerk:12")).then(seen(TicketCalled))


def test_a_pad_opens_a_window_without_a_name(hall):
    hall.when(c.OpenWindow(window="1", by=PAD)).then(seen(WindowOpened, clerk=PAD))
    hall.when(c.OpenWindow(window="1", by=PAD)).then()


def test_back_from_a_pause_the_clerk_is_the_same(hall):
    hall.given(c.OpenWindow(window="1", by="clerk:wang"), c.PauseWindow(window="1", by=PAD))
    hall.when(c.OpenWindow(window="1", by=PAD)).then(seen(WindowOpened, clerk="clerk:wang"))


def test_another_clerk_takes_over_only_on_purpose(hall):
    hall.given(c.OpenWindow(window="1", by="clerk:wang"))
    other = c.OpenWindow(window="1", clerk="clerk:12", by=PAD)
    hall.when(other).then_refused("window_taken")
    hall.when(c.OpenWindow(window="1", clerk="clerk:12", take_over=True, by=PAD))
    hall.then(seen(WindowOpened, clerk="clerk:12"))


# ── One live ticket per person and queue ──────────────────────────────────────────────────


def again(queue="general"):
    return c.IssueTicket(queue=queue, others=(1,))


def test_who_waits_already_gets_no_second_number(hall):
    hall.when(again()).then_refused("There already is ticket A001 for this.")
    hall.when(again("social")).then(seen(TicketIssued, number="B100"))


@pytest.mark.parametrize("since", [(), (c.StartService(window="1"),), (c.ParkTicket(window="1"),)])
def test_neither_does_who_is_called_served_or_away_for_a_paper(hall, since):
    hall.given(c.OpenWindow(window="1"), c.CallNext(window="1"), *since)
    hall.when(again()).then_refused("already_waiting")


def test_a_hall_may_allow_one_open_number_in_all():
    hall = GivenHall(plan(rules={"one_live_ticket": True})).given(c.IssueTicket(queue="general"))
    hall.when(again("social")).then_refused("There already is ticket A001 for this.")
    hall.given(c.CancelTicket(ticket=1))
    hall.when(again("social")).then(seen(TicketIssued))


@pytest.mark.parametrize(
    "since",
    [(c.MissTicket(window="1"),), (c.StartService(window="1"), c.FinishService(window="1"))],
)
def test_who_is_done_or_was_missed_may_take_another(hall, since):
    hall.given(c.OpenWindow(window="1"), c.CallNext(window="1"), *since)
    hall.when(again()).then(seen(TicketIssued, number="A002"))


def test_a_ticket_counts_in_the_queue_it_was_passed_on_to(hall):
    hall.given(
        c.OpenWindow(window="1"),
        c.CallNext(window="1"),
        c.TransferTicket(window="1", to_queue="social"),
    )
    hall.when(again("social")).then_refused("already_waiting")
    hall.when(again()).then(seen(TicketIssued))
