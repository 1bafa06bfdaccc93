"""What every journal must do. Memory, SQLite and PostgreSQL pass the same tests.

A `Place` is where a journal's data is: opening it twice gives two owners of the same data.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from queued.core.model import Status, Ticket, TicketId
from queued.core.plan import Millis
from queued.engine.codec import checked
from queued.engine.ports import (
    HASH_ZERO,
    PAGE_MAX,
    AppendFailed,
    Batch,
    Fenced,
    Journal,
    JournalError,
    Snapshot,
)
from tests.storage.chains import DAY, NINE, answer, batches, chain, row, ticket


class Place(Protocol):
    """Somewhere to keep a journal."""

    async def open(self) -> Journal:
        """One more owner of what is kept here."""
        ...

    async def ticket(self, hall: str, day: str, id_: int) -> Ticket | None:
        """What the ticket table says."""
        ...


SHARED_PLACE = [HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
HALLS = iter(range(10**9))


class JournalContract:
    """Subclasses give a `place` fixture."""

    async def test_an_empty_journal_is_at_zero(self, place: Place):
        journal = await place.open()
        assert await journal.head("demo") == (0, HASH_ZERO)
        assert await journal.read("demo", 0) == []
        assert await journal.load_snapshot("demo") is None
        assert await journal.answer("demo", "k") is None
        assert await journal.keys("demo", Millis(0)) == []

    @pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 80, 256])
    async def test_what_was_appended_is_read_back_in_order(self, place: Place, size: int):
        journal = await place.open()
        given = batches([size, 1, size])
        for batch in given:
            await journal.append("demo", batch)
        records = [record for batch in given for record in batch.records]
        assert await journal.read("demo", 0) == records
        assert list(checked(await journal.read("demo", 0), 0, HASH_ZERO)) == records
        assert await journal.head("demo") == (2 * size + 1, records[-1].hash)

    async def test_reading_pages(self, place: Place):
        journal = await place.open()
        records = chain(PAGE_MAX + 5)
        await journal.append("demo", Batch(records))
        assert await journal.read("demo", 0) == records[:PAGE_MAX]
        assert await journal.read("demo", PAGE_MAX) == records[PAGE_MAX:]
        assert await journal.read("demo", 3, 2) == records[3:5]
        assert await journal.read("demo", PAGE_MAX + 5) == []
        for limit in (0, -1, PAGE_MAX + 1):
            with pytest.raises(ValueError, match="limit"):
                await journal.read("demo", 0, limit)

    async def test_halls_are_apart(self, place: Place):
        journal = await place.open()
        east, west = chain(2), chain(3)
        await journal.append("east", Batch(east, [row(1)], [answer("k", body=b"east")]))
        await journal.append("west", Batch(west, [], [answer("k", body=b"west")]))
        assert await journal.read("east", 0) == east
        assert await journal.head("west") == (3, west[-1].hash)
        assert (await journal.answer("east", "k")).body == b"east"
        assert (await journal.answer("west", "k")).body == b"west"
        assert await place.ticket("west", DAY, 1) is None

    async def test_a_taken_seq_fences(self, place: Place):
        one, other = await place.open(), await place.open()
        first, second = chain(1), chain(2)
        await one.append("demo", Batch(first))
        # Both have seen seq 1 and want to write seq 2.
        await other.head("demo")
        await one.append("demo", Batch(second[1:]))
        with pytest.raises(Fenced):
            await other.append("demo", Batch(second[1:], [row(9)], [answer("late")]))
        assert await one.head("demo") == (2, second[-1].hash)
        assert await place.ticket("demo", DAY, 9) is None
        assert await other.answer("demo", "late") is None

    async def test_an_owner_that_appended_before_is_fenced_too(self, place: Place):
        one, other = await place.open(), await place.open()
        records = chain(4)
        await other.append("demo", Batch(records[:1]))
        await one.append("demo", Batch(records[1:3]))
        with pytest.raises(Fenced):
            await other.append("demo", Batch(records[1:2]))
        with pytest.raises(Fenced):
            await other.append("demo", Batch(records[2:4]))
        assert (await one.head("demo"))[0] == 3

    @pytest.mark.parametrize("seqs", [[2], [3, 4], [1, 3], [1, 1], [1, 2, 2], [2, 1]])
    async def test_no_gap_and_no_doubling_gets_in(self, place: Place, seqs: list[int]):
        journal = await place.open()
        records = [replace(chain(1)[0], seq=seq) for seq in seqs]
        with pytest.raises(AppendFailed):
            await journal.append("demo", Batch(records, [row(1)]))
        assert await journal.head("demo") == (0, HASH_ZERO)
        assert await place.ticket("demo", DAY, 1) is None
        # … and the journal goes on.
        await journal.append("demo", Batch(chain(1)))
        assert (await journal.head("demo"))[0] == 1

    async def test_appends_given_all_at_once_happen_in_order(self, place: Place):
        journal = await place.open()
        given = batches([1, 3, 2] * 8)
        await asyncio.gather(*(journal.append("demo", batch) for batch in given))
        assert await journal.read("demo", 0) == [r for batch in given for r in batch.records]

    async def test_what_follows_a_failed_append_fails_too(self, place: Place):
        journal = await place.open()
        first, second, third = batches([1, 2, 1])
        await journal.append("demo", first)
        lost = Batch([second.records[0], second.records[0]])
        appends = [journal.append("demo", batch) for batch in (lost, third)]
        results = await asyncio.gather(*appends, return_exceptions=True)
        assert [type(result) for result in results] == [AppendFailed, AppendFailed]
        assert (await journal.head("demo"))[0] == 1

    async def test_an_empty_batch_is_a_mistake(self, place: Place):
        journal = await place.open()
        with pytest.raises(ValueError, match="without records"):
            await journal.append("demo", Batch([]))

    async def test_tickets_follow(self, place: Place):
        journal = await place.open()
        records = chain(2)
        await journal.append("demo", Batch(records[:1], [row(1), row(2), row(1, day="2026-11-22")]))
        later = [row(1, Status.CALLED), row(1, Status.SERVED)]
        await journal.append("demo", Batch(records[1:], later))
        assert await place.ticket("demo", DAY, 1) == ticket(1, Status.SERVED)
        assert await place.ticket("demo", DAY, 2) == ticket(2)
        assert await place.ticket("demo", "2026-11-22", 1) == ticket(1)
        assert await place.ticket("demo", DAY, 3) is None

    async def test_every_field_of_a_ticket_is_kept(self, place: Place):
        journal = await place.open()
        full = Ticket(
            id=TicketId(7), number="B107", queue="社保", service="levy", class_="priority",
            status=Status.PARKED, issued_at=NINE, base=NINE + 1, key=-5, window="3", calls=2,
            called_at=NINE + 2, first_called_at=NINE + 3, started_at=NINE + 4,
            ended_at=NINE + 5, returns=1, slot=NINE + 6, language="en", party=4,
            reason="缺身份证", was=Status.MISSED, was_window="2", was_calls=3,
            was_called_at=NINE + 7, origin="kiosk:东",
        )  # fmt: skip
        await journal.append("demo", Batch(chain(1), [replace(row(7), ticket=full)]))
        assert await place.ticket("demo", DAY, 7) == full

    async def test_answers_are_remembered(self, place: Place):
        journal = await place.open()
        records = chain(3)
        first = answer("a", 1, b"\x00\xff{}", NINE)
        await journal.append("demo", Batch(records[:1], [], [first]))
        await journal.append("demo", Batch(records[1:2], [], [answer("c", 2, at=NINE + 5)]))
        await journal.append("demo", Batch(records[2:], [], [answer("b", 3, at=NINE + 5)]))
        assert await journal.answer("demo", "a") == first
        assert await journal.answer("demo", "A") is None
        everything = [("a", "print of a"), ("c", "print of c"), ("b", "print of b")]
        assert await journal.keys("demo", Millis(0)) == everything
        assert await journal.keys("demo", Millis(NINE + 5)) == everything[1:]
        assert await journal.keys("demo", Millis(NINE + 6)) == []

    async def test_old_answers_are_forgotten_and_no_others(self, place: Place):
        journal = await place.open()
        of = {"old": NINE, "edge": NINE + 5, "new": NINE + 6}
        answers = [answer(key, 1, at=Millis(at)) for key, at in of.items()]
        await journal.append("demo", Batch(chain(1), [], answers))
        await journal.append("other", Batch(chain(1), [], [answer("old", 1, at=NINE)]))
        await journal.forget_answers("demo", Millis(NINE + 5))
        assert [key for key, _ in await journal.keys("demo", Millis(0))] == ["edge", "new"]
        assert await journal.answer("demo", "old") is None
        assert await journal.answer("other", "old") is not None

    async def test_a_key_forgotten_by_the_engine_may_come_again(self, place: Place):
        journal = await place.open()
        records = chain(2)
        await journal.append("demo", Batch(records[:1], [], [answer("a", 1, b"old")]))
        again = answer("a", 2, b"new", NINE + 9)
        await journal.append("demo", Batch(records[1:], [], [again]))
        assert await journal.answer("demo", "a") == again

    async def test_the_newest_snapshot_is_kept(self, place: Place):
        journal = await place.open()
        records = chain(3)
        await journal.append("demo", Batch(records))
        older = Snapshot(1, records[0].hash, b"one")
        newer = Snapshot(3, records[2].hash, b"three")
        await journal.save_snapshot("demo", older)
        await journal.save_snapshot("demo", newer)
        assert await journal.load_snapshot("demo") == newer
        assert await journal.load_snapshot("other") is None

    @pytest.mark.parametrize("seq", [1, 2, 4, 0, -1])
    async def test_a_snapshot_of_another_chain_is_not_given(self, place: Place, seq: int):
        journal = await place.open()
        records = chain(3)
        await journal.append("demo", Batch(records))
        await journal.save_snapshot("demo", Snapshot(seq, records[2].hash, b"?"))
        assert await journal.load_snapshot("demo") is None

    async def test_a_closed_journal_takes_and_tells_nothing(self, place: Place):
        journal = await place.open()
        await journal.append("demo", Batch(chain(1)))
        await journal.close()
        await journal.close()
        with pytest.raises(AppendFailed):
            await journal.append("demo", Batch(chain(2)[1:]))
        with pytest.raises(JournalError):
            await journal.read("demo", 0)
        with pytest.raises(JournalError):
            await journal.head("demo")

    # Each example has a hall of its own, so a place may be shared by them.
    @settings(max_examples=25, suppress_health_check=SHARED_PLACE)
    @given(
        sizes=st.lists(st.integers(1, 70), min_size=1, max_size=4),
        hall=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9),
        by=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9),
        body=st.binary(max_size=50),
    )
    async def test_any_content_comes_back(self, place: Place, sizes, hall, by, body):
        journal = await place.open()
        hall = f"{next(HALLS)}{hall}"
        given = [
            Batch([replace(record, by=by, body=body) for record in batch.records])
            for batch in batches(sizes)
        ]
        for batch in given:
            await journal.append(hall, batch)
        assert await journal.read(hall, 0) == [r for batch in given for r in batch.records]
        await journal.close()
