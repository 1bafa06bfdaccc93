"""The real actor on real journals: what it says is what is there after any end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import pytest

from queued.core.invariants import violations
from queued.engine.hall import HallStopped, KeyReused
from queued.engine.ports import AppendFailed, Batch, Fenced, Journal
from queued.engine.recovery import recover
from queued.storage.memory import MemoryJournal
from queued.storage.store import Store
from queued.storage.verify import verify
from tests.storage.days import DATES, work

Reopen = Callable[[], Awaitable[Journal]]


@pytest.fixture(params=["memory", "sqlite"])
async def reopen(request: pytest.FixtureRequest, tmp_path: Path):
    """Each call ends what was open and opens the same data again."""
    memory, stores = MemoryJournal(), []

    async def in_memory() -> Journal:
        return memory

    async def on_disk() -> Journal:
        for store in stores:
            await store.close()
        stores.append(await Store.open(tmp_path))
        return stores[-1].journal

    yield in_memory if request.param == "memory" else on_disk
    for store in stores:
        await store.close()


@pytest.mark.parametrize("seed", range(5))
async def test_the_recovered_hall_is_the_live_one(reopen: Reopen, seed: int):
    random, journal = Random(seed), await reopen()
    hall = await work(journal)
    for number in range(2):
        await hall.open_day(number)
        assert await hall.live(random, 150) > 40
        if number == 0:
            await hall.close_day()
    live = hall.actor.hall
    await hall.actor.stop()
    journal = await reopen()
    short, long = await recover(journal, "demo"), await recover(journal, "demo", from_start=True)
    assert short.hall == long.hall == live
    assert short.hash == long.hash == (await journal.head("demo"))[1]
    assert 0 < short.folded < long.folded == live.seq
    assert violations(live) == ()


async def test_the_same_key_gives_the_first_answer_for_ever(reopen: Reopen):
    hall = await work(await reopen())
    await hall.open_day()
    first = await hall.take("k1")
    second = await hall.take("k2")
    again = await hall.take("k1")
    assert (first.answer, second.answer, again.answer) == (b"A001", b"A002", b"A001")
    assert again.replayed and not first.replayed
    await hall.actor.stop()
    hall = await work(await reopen())
    later = await hall.take("k1")
    assert (later.answer, later.replayed) == (b"A001", True)
    assert len(hall.actor.hall.tickets) == 2
    with pytest.raises(KeyReused):
        await hall.take("k1", queue="b")
    # Negative control: without a key a retry is a second ticket.
    assert (await hall.take()).answer == b"A003"
    await hall.actor.stop()


async def test_many_at_once_share_appends_and_never_a_number(reopen: Reopen):
    journal = await reopen()
    hall = await work(journal)
    await hall.open_day()
    outcomes = await asyncio.gather(*(hall.take() for _ in range(300)))
    assert sorted(outcome.answer for outcome in outcomes) == [
        f"A{n:03}".encode() for n in range(1, 301)
    ]
    live = hall.actor.hall
    await hall.actor.stop()
    assert (await recover(await reopen(), "demo")).hall == live


async def test_an_append_that_happened_all_the_same_is_answered():
    journal = MemoryJournal()
    hall = await work(journal)
    await hall.open_day()
    journal.fail_next(committed=True)
    assert (await hall.take("k")).answer == b"A001"
    again = await hall.take("k")
    assert (again.answer, again.replayed) == (b"A001", True)
    assert (await recover(journal, "demo")).hall == hall.actor.hall
    await hall.actor.stop()


async def test_a_lost_append_is_refused_and_leaves_nothing():
    journal = MemoryJournal()
    hall = await work(journal)
    await hall.open_day()
    before = hall.actor.hall
    journal.fail_next(committed=False)
    with pytest.raises(AppendFailed):
        await hall.take("k")
    assert hall.actor.hall is before
    assert (await recover(journal, "demo")).hall == before
    # The retry is the first that counts.
    retry = await hall.take("k")
    assert (retry.answer, retry.replayed) == (b"A001", False)
    await hall.actor.stop()


async def test_a_stale_owner_stops(reopen: Reopen):
    journal = await reopen()
    stale, owner = await work(journal), await work(journal)
    await owner.open_day()
    with pytest.raises((HallStopped, Fenced)):
        await stale.open_day()
    await stale.actor.finished()
    assert isinstance(stale.actor.failure, Fenced)
    assert (await owner.take()).answer == b"A001"
    await owner.actor.stop()


async def test_a_day_of_work_verifies(tmp_path: Path):
    store = await Store.open(tmp_path)
    for name, seed in (("east", 1), ("west", 2)):
        hall = await work(store.journal, name)
        for number in range(2):
            await hall.open_day(number)
            await hall.live(Random(seed), 120)
            await hall.take(f"key {number}")
            await hall.close_day()
        await hall.open_day(2)
        live = hall.actor.hall
        await hall.actor.stop()
        assert await store.tickets.differences(name) == ()
        east = (await store.tickets.ticket(name, DATES[0], 1)).number
        assert east in ("A001", "B001")
    report = await verify(tmp_path)
    assert report.ok, report
    west = report.halls[1]
    assert (west.hall, west.seq, west.day, west.bad_seq) == ("west", live.seq, DATES[2], None)
    assert west.records == live.seq and west.answers == 2 and west.tickets > 40
    await store.close()


async def test_the_ticket_table_can_be_made_anew(tmp_path: Path):
    store = await Store.open(tmp_path)
    hall = await work(store.journal)
    for number in range(2):
        await hall.open_day(number)
        await hall.live(Random(number), 100)
    await hall.actor.stop()
    days = [await store.tickets.of_day("demo", day) for day in DATES]

    def spoil(connection) -> None:
        connection.exec_driver_sql("DELETE FROM ticket WHERE id = 3")
        connection.exec_driver_sql("UPDATE ticket SET status = 'parked', calls = 9 WHERE id = 5")
        connection.exec_driver_sql(
            "INSERT INTO ticket SELECT hall, '2020-01-01', id, number, queue, service, class, "
            "status, issued_at, base, key, window, calls, called_at, first_called_at, started_at, "
            "ended_at, returns, slot, language, party, reason, was, was_window, was_calls, "
            "was_called_at, origin, rating FROM ticket WHERE day = '2026-11-23' AND id = 1"
        )

    await store._database.write(spoil)
    found = await store.tickets.differences("demo")
    assert len(found) == 5
    assert any("ticket 3" in one and "is not in the ticket table" in one for one in found)
    assert any("differs from the journal in" in one and "calls" in one for one in found)
    assert any("2020-01-01" in one for one in found)
    assert not (await verify(tmp_path)).ok
    assert await store.tickets.rebuild("demo") == sum(map(len, days))
    assert await store.tickets.differences("demo") == ()
    assert [await store.tickets.of_day("demo", day) for day in DATES] == days
    assert (await verify(tmp_path)).ok
    await store.close()


@pytest.mark.parametrize("seed", range(4))
async def test_a_hall_from_a_snapshot_amid_any_day_is_the_folded_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
):
    monkeypatch.setattr("queued.engine.hall.SNAPSHOT_EVERY", 5 + 6 * seed)
    store = await Store.open(tmp_path)
    hall = await work(store.journal)
    await hall.open_day()
    for _ in range(8):
        await hall.live(Random(seed), 20)
        live = hall.actor.hall
        recovered = await recover(store.journal, "demo")
        assert recovered.hall == live
        assert (await verify(tmp_path)).ok
    await hall.actor.stop()  # with the snapshot that may be on its way
    assert (await recover(store.journal, "demo")).folded < 5 + 6 * seed
    await store.close()


async def test_snapshots_of_any_garbage_are_ignored(tmp_path: Path):
    store = await Store.open(tmp_path)
    hall = await work(store.journal)
    await hall.open_day()
    await hall.live(Random(3), 60)
    await hall.close_day()
    live = hall.actor.hall
    await hall.actor.stop()
    assert (await recover(store.journal, "demo")).folded == 0
    random = Random(4)
    statements = [
        "UPDATE snapshot SET body = x'00ff'",
        "UPDATE snapshot SET body = x''",
        "UPDATE snapshot SET body = 'text'",
        "UPDATE snapshot SET body = x'7b7d'",
        "UPDATE snapshot SET seq = 999999",
        "UPDATE snapshot SET seq = seq - 1",
        "UPDATE snapshot SET hash = x'00'",
        "UPDATE snapshot SET digest = ''",
    ]
    for statement in [*statements, *[None] * 20]:
        kept = await store.journal.load_snapshot("demo")
        assert kept is not None

        def spoil(connection, statement=statement, kept=kept) -> None:
            if statement:
                connection.exec_driver_sql(statement)
                return
            body = bytearray(kept.body)
            body[random.randrange(len(body))] ^= 1 << random.randrange(8)
            connection.exec_driver_sql("UPDATE snapshot SET body = ?", (bytes(body),))

        await store._database.write(spoil)
        recovered = await recover(store.journal, "demo")
        assert recovered.hall == live
        # Negative control: it was not the snapshot that gave this hall.
        assert recovered.folded == live.seq
        assert not (await verify(tmp_path)).ok
        await store.journal.save_snapshot("demo", kept)
    assert (await verify(tmp_path)).ok
    await store.close()


async def test_an_empty_batch_never_reaches_the_journal(tmp_path: Path):
    store = await Store.open(tmp_path)
    with pytest.raises(ValueError, match="without records"):
        await store.journal.append("demo", Batch([]))
    await store.close()
