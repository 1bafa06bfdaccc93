"""The same command twice: once done, twice answered."""

from __future__ import annotations

import asyncio

import pytest

from queued.core.commands import IssueTicket, OpenWindow
from queued.core.refusals import Refused
from queued.engine import hall as hall_module
from queued.engine.hall import KeyReused
from queued.engine.ports import AppendFailed, JournalError
from tests.engine.box import Box, until

TAKE = IssueTicket(queue="general", by="kiosk:1")


def render(hall, events):
    """The number, and how many were taken when it was."""
    return f"{events[0].number} of {len(hall.tickets)}".encode()


def keyed(key="k1", fingerprint="body"):
    return {"key": key, "fingerprint": fingerprint, "render": render}


async def test_a_retry_gets_the_first_answer(box: Box):
    first = await box.do(TAKE, **keyed())
    await box.take()
    again = await box.do(TAKE, **keyed())
    assert (first.answer, first.replayed) == (b"A001 of 1", False)
    assert (again.answer, again.replayed, again.events) == (b"A001 of 1", True, ())
    assert len(box.hall.tickets) == 2


@pytest.mark.parametrize("fingerprint", ["body", ""])
async def test_twice_at_the_same_moment_is_once(box: Box, fingerprint: str):
    outcomes = await asyncio.gather(
        *(box.do(TAKE, **keyed(fingerprint=fingerprint)) for _ in range(5))
    )
    assert [outcome.answer for outcome in outcomes] == [b"A001 of 1"] * 5
    assert [outcome.replayed for outcome in outcomes] == [False, True, True, True, True]
    assert len(box.hall.tickets) == 1
    assert box.actor.alive


async def test_the_same_key_for_something_else_is_a_mistake(box: Box):
    await box.do(TAKE, **keyed())
    with pytest.raises(KeyReused):
        await box.do(TAKE, **keyed(fingerprint="other"))
    first, second = await asyncio.gather(
        box.do(TAKE, **keyed("k2", "one")),
        box.do(TAKE, **keyed("k2", "two")),
        return_exceptions=True,
    )
    assert first.answer == b"A002 of 2"
    assert isinstance(second, KeyReused)
    assert len(box.hall.tickets) == 2


async def test_a_retry_after_the_lights_come_back(box: Box):
    await box.do(TAKE, **keyed())
    await box.restart()
    again = await box.do(TAKE, **keyed())
    assert (again.answer, again.replayed) == (b"A001 of 1", True)
    with pytest.raises(KeyReused):
        await box.do(TAKE, **keyed(fingerprint="other"))


async def test_a_retry_while_the_first_is_being_written(box: Box):
    box.journal.hold()
    first = box.ask(TAKE, **keyed())
    await until(lambda: box.journal.appending)
    second = box.ask(TAKE, **keyed())
    await box.idle()
    assert not second.done()
    box.journal.let_go()
    assert (await first).answer == (await second).answer == b"A001 of 1"


async def test_a_lost_command_is_not_remembered(box: Box):
    box.journal.fail_next(committed=False)
    with pytest.raises(AppendFailed):
        await box.do(TAKE, **keyed())
    again = await box.do(TAKE, **keyed())
    assert (again.answer, again.replayed) == (b"A001 of 1", False)


async def test_a_refusal_is_not_remembered(box: Box):
    with pytest.raises(Refused):
        await box.do(OpenWindow(window="1", by="clerk:x"), **keyed())
    assert (await box.do(TAKE, **keyed())).replayed is False


async def test_a_bug_in_the_answer_is_no_ticket(box: Box, caplog):
    def broken(hall, events):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await box.do(TAKE, key="k", render=broken)
    assert len(box.hall.tickets) == 0
    assert await box.take() == "A001"
    assert "command failed: IssueTicket" in caplog.text


async def test_the_index_of_keys_has_a_bound(box: Box, monkeypatch):
    monkeypatch.setattr(hall_module, "KEYS_MAX", 3)
    for number in range(5):
        await box.do(TAKE, **keyed(f"k{number}"))
    assert list(box.actor._keys) == ["k2", "k3", "k4"]
    assert (await box.do(TAKE, **keyed("k4"))).replayed
    # Forgotten, so it is taken for a new one; the box must live on with the old row there.
    assert not (await box.do(TAKE, **keyed("k0"))).replayed
    assert box.actor.alive


async def test_refusals_do_not_use_up_keys(box: Box):
    for _ in range(3):
        with pytest.raises(Refused):
            await box.do(IssueTicket(queue="nowhere"), **keyed("same"))
    assert "same" not in box.actor._keys


async def test_a_days_end_forgets_answers_that_nobody_asks_for_any_more(box: Box):
    first = await box.do(TAKE, **keyed("old"))
    await box.move_to(box.hall.day_ends_at)
    young = await box.do(TAKE, **keyed("young"))
    for _ in range(2):
        assert (await box.do(TAKE, **keyed("old"))).answer == first.answer
        await box.move_to(box.hall.day_ends_at)
    assert [key for key, _ in await box.journal.keys("hall", 0)] == ["young"]
    assert (await box.do(TAKE, **keyed("young"))).answer == young.answer
    # The same as after a restart: a key that old is a new key.
    again = await box.do(TAKE, **keyed("old"))
    assert (again.answer, again.replayed) == (b"A001 of 1", False)


async def test_answers_that_cannot_be_removed_stay_good(box: Box, caplog):
    async def full(hall, before):
        raise JournalError("disk full")

    first = await box.do(TAKE, **keyed())
    box.journal.forget_answers = full
    await box.move_to(box.hall.day_ends_at)
    assert "keeps its old answers" in caplog.text
    assert (await box.do(TAKE, **keyed())).answer == first.answer
    caplog.clear()
