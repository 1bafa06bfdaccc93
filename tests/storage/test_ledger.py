"""The ledger of slips: no slip lost, none printed twice, no way around the table."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from queued.storage.ledger import (
    TRANSITIONS,
    Ledger,
    MarkRefused,
    Slip,
    SlipStatus,
    SlipUnknown,
)
from queued.storage.store import Store
from tests.storage.chains import DAY, NINE

QUEUED, SENT, CONFIRMED, FAILED, EXPIRED = SlipStatus


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path)
    yield store
    await store.close()


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return store.ledger


def slip(job: str, ticket: int = 1, seq: int = 1, **changes) -> Slip:
    values = {
        "job": job,
        "day": DAY,
        "ticket": ticket,
        "number": f"A{ticket:03}",
        "device": "kiosk-printer",
        "seq": seq,
        "created_at": NINE + seq,
        "expires_at": NINE + 120_000,
        "updated_at": NINE + seq,
        "body": b"\x00\xff[]",
    }
    return Slip(**{**values, **changes})


async def test_slips_and_cursor_move_together(ledger: Ledger):
    assert await ledger.cursor("demo", "slips") == 0
    one, two = slip("1"), slip("2", ticket=2, seq=2)
    assert await ledger.enqueue("demo", "slips", 2, [one, two]) == (one, two)
    assert await ledger.cursor("demo", "slips") == 2
    assert await ledger.unfinished("demo") == [one, two]
    assert await ledger.cursor("demo", "voice") == 0
    assert await ledger.cursor("other", "slips") == 0
    assert await ledger.unfinished("other") == []


async def test_the_same_events_again_make_no_second_slip(ledger: Ledger):
    one, two = slip("1"), slip("2", ticket=2, seq=2)
    await ledger.enqueue("demo", "slips", 1, [one])
    sent = await ledger.mark("demo", "1", SENT, "", NINE + 9)
    assert await ledger.enqueue("demo", "slips", 2, [one, two, two]) == (two,)
    assert await ledger.unfinished("demo") == [sent, two]


async def test_a_cursor_never_goes_back(ledger: Ledger):
    await ledger.enqueue("demo", "slips", 7)
    await ledger.enqueue("demo", "slips", 3, [slip("late")])
    await ledger.enqueue("demo", "slips", 0, [slip("again", reprint=True)])
    assert await ledger.cursor("demo", "slips") == 7
    assert len(await ledger.unfinished("demo")) == 2


async def test_a_slip_that_cannot_be_kept_leaves_the_cursor(ledger: Ledger):
    broken = slip("2", body=None)
    with pytest.raises(IntegrityError):
        await ledger.enqueue("demo", "slips", 2, [slip("1"), broken])
    with pytest.raises(ValueError, match="new ones are queued"):
        await ledger.enqueue("demo", "slips", 2, [slip("3", status=SENT)])
    assert await ledger.cursor("demo", "slips") == 0
    assert await ledger.unfinished("demo") == []


async def test_the_newest_slip_of_a_ticket(ledger: Ledger):
    first, again = slip("1"), slip("1-2", reprint=True)
    third = slip("1-3", seq=0, reprint=True, created_at=NINE + 5)
    await ledger.enqueue("demo", "slips", 1, [first, slip("2", ticket=2)])
    assert await ledger.of_ticket("demo", DAY, 1) == first
    await ledger.enqueue("demo", "slips", 0, [again])
    assert await ledger.of_ticket("demo", DAY, 1) == again
    await ledger.enqueue("demo", "slips", 0, [third])
    assert await ledger.of_ticket("demo", DAY, 1) == third
    assert await ledger.of_ticket("demo", "2026-11-22", 1) is None
    assert await ledger.slip("demo", "1") == first
    assert await ledger.slip("other", "1") is None


async def test_the_last_slips_of_a_device(ledger: Ledger):
    slips = [slip(str(n), ticket=n, seq=n) for n in range(1, 8)]
    await ledger.enqueue("demo", "slips", 7, [*slips, slip("x", device="other")])
    assert await ledger.recent("demo", "kiosk-printer", 3) == slips[:-4:-1]
    assert len(await ledger.recent("demo", "kiosk-printer")) == 7
    for limit in (0, -1, 1001):
        with pytest.raises(ValueError, match="limit"):
            await ledger.recent("demo", "kiosk-printer", limit)


async def test_a_slip_sent_without_an_answer_waits_until_that_is_noted(ledger: Ledger):
    await ledger.enqueue("demo", "slips", 1, [slip("1")])
    await ledger.mark("demo", "1", SENT, "", NINE)
    assert [left.status for left in await ledger.unfinished("demo")] == [SENT]
    noted = await ledger.mark("demo", "1", SENT, "unconfirmed", NINE + 1)
    assert (noted.status, noted.reason, noted.updated_at) == (SENT, "unconfirmed", NINE + 1)
    assert await ledger.unfinished("demo") == []
    # A person has seen it.
    assert (await ledger.mark("demo", "1", CONFIRMED, "", NINE + 2)).status is CONFIRMED


async def test_only_the_word_that_nothing_was_printed_queues_again(ledger: Ledger):
    await ledger.enqueue("demo", "slips", 1, [slip("1")])
    await ledger.mark("demo", "1", SENT, "", NINE)
    with pytest.raises(MarkRefused, match="may be printed"):
        await ledger.mark("demo", "1", QUEUED, "paper_out", NINE)
    again = await ledger.mark("demo", "1", QUEUED, "paper_out", NINE, nothing_printed=True)
    assert (again.status, again.reason) == (QUEUED, "paper_out")


async def test_an_unknown_job_or_status_is_refused(ledger: Ledger):
    with pytest.raises(SlipUnknown):
        await ledger.mark("demo", "none", SENT, "", NINE)
    with pytest.raises(ValueError, match="eaten"):
        await ledger.mark("demo", "none", "eaten", "", NINE)


async def test_of_two_who_mark_at_once_one_wins(ledger: Ledger):
    await ledger.enqueue("demo", "slips", 1, [slip("1")])
    marks = [ledger.mark("demo", "1", status, "x", NINE) for status in (EXPIRED, FAILED)] * 1
    results = await asyncio.gather(*marks, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["MarkRefused", "Slip"]


JOBS = iter(range(10**9))
STEP = st.tuples(st.sampled_from(SlipStatus), st.sampled_from(["", "why"]), st.booleans())


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=8))
async def test_no_sequence_of_marks_leaves_the_table(ledger: Ledger, steps):
    """A model beside it: every mark is carried out as the table says, or refused and nothing
    changes; a slip possibly printed is queued again only on somebody's word."""
    job = f"job {next(JOBS)}"
    kept = slip(job)
    await ledger.enqueue("demo", "slips", 1, [kept])
    for number, (status, reason, nothing_printed) in enumerate(steps):
        there = status in TRANSITIONS[kept.status]
        if kept.status is SENT and status is QUEUED:
            there = nothing_printed
        if kept.status is SENT and status is SENT:
            there = reason != ""
        at = NINE + number
        mark = ledger.mark("demo", job, status, reason, at, nothing_printed=nothing_printed)
        if there:
            kept = replace(kept, status=status, reason=reason, updated_at=at)
            assert await mark == kept
        else:
            with pytest.raises(MarkRefused):
                await mark
        assert await ledger.slip("demo", job) == kept
        open_ = kept.status is QUEUED or (kept.status is SENT and kept.reason == "")
        assert (kept in await ledger.unfinished("demo")) == open_


def test_the_table_knows_every_status_and_its_ends():
    assert set(TRANSITIONS) == set(SlipStatus)
    assert [status for status in SlipStatus if not TRANSITIONS[status]] == [
        CONFIRMED,
        FAILED,
        EXPIRED,
    ]
    assert CONFIRMED not in TRANSITIONS[QUEUED], "nothing is confirmed that was never sent"
    assert EXPIRED not in TRANSITIONS[SENT], "what may be printed cannot have expired"
