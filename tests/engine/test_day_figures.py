"""The figures of a day, against what was really there at every moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from zoneinfo import ZoneInfo

import pytest

from queued.core.commands import CallNext, Undo
from queued.core.model import Status
from queued.engine.codec import event_of
from queued.engine.day_figures import TIMES_KEPT, DayFigures, HourFigures, _kept, quantile
from queued.storage.memory import MemoryJournal
from tests.storage.chains import NINE
from tests.storage.days import DATES, work

HALL = "demo"
SHANGHAI = ZoneInfo("Asia/Shanghai")
QUARTER = 900_000


async def figures_of(journal: MemoryJournal, zone: ZoneInfo = SHANGHAI) -> Sequence[HourFigures]:
    fold, rows = DayFigures(zone), []
    after = 0
    while page := await journal.read(HALL, after):
        for record in page:
            rows += fold.observe(event_of(record))
        after = page[-1].seq
    return rows


def lengths(hall) -> dict[str, int]:
    """Who waits in each queue now, by the tickets themselves."""
    return Counter(one.queue for one in hall.tickets if one.status is Status.WAITING)


@pytest.mark.parametrize("seed", range(5))
async def test_a_day_is_told_as_it_was(seed: int):
    journal, random = MemoryJournal(), Random(seed)
    hall = await work(journal)
    await hall.open_day()
    seen = [(hall.clock.now(), lengths(hall.actor.hall))]
    for _ in range(300):
        await hall.live(random, 1)
        seen.append((hall.actor.hall.at, lengths(hall.actor.hall)))
    tickets = list(hall.actor.hall.tickets)
    await hall.close_day()
    await hall.actor.stop()
    rows = await figures_of(journal)
    whole = [row for row in rows if row.queue == ""]
    # Counts and waits, from the tickets as they were last.
    assert sum(row.tickets for row in whole) == len(tickets)
    assert sum(row.served for row in whole) == sum(one.status is Status.SERVED for one in tickets)
    waits = sorted(
        (one.first_called_at - one.issued_at) // 1000 for one in tickets if one.first_called_at
    )
    assert sorted(wait for row in whole for wait in row.waits_s) == waits
    # The line, from its length after every command.
    people = {}
    for (begin, waiting), (end, _) in zip(seen, seen[1:], strict=False):
        for queue, length in waiting.items():
            while begin < end:
                edge = min(end, begin - begin % QUARTER + QUARTER)
                key = (queue, begin // QUARTER)
                people[key] = people.get(key, 0) + length * (edge - begin) / QUARTER
                begin = edge
            begin = next(at for at, known in seen if known is waiting)
    told = {
        (row.queue, NINE // 3_600_000 * 4 + (row.hour - 9) * 4 + quarter): mean
        for row in rows
        for quarter, mean in enumerate(row.waiting)
    }
    last = max(at for at, _ in seen) // QUARTER
    for (queue, quarter), mean in people.items():
        if quarter < last:
            assert told[queue, quarter] == pytest.approx(mean, abs=0.02), (queue, quarter)
    for name in ("tickets", "called", "served", "missed"):
        for hour in {row.hour for row in rows}:
            parts = [getattr(row, name) for row in rows if row.hour == hour and row.queue]
            total = next(getattr(row, name) for row in whole if row.hour == hour)
            assert sum(parts) == total, (hour, name)
    assert {row.day for row in rows} == {DATES[0]}


async def test_an_undone_call_leaves_no_trace():
    journal = MemoryJournal()
    hall = await work(journal)
    await hall.open_day()
    await hall.take()
    hall.clock.move_to(hall.clock.now() + 60_000)
    await hall.actor.submit(CallNext(window="1", by="clerk:王"))
    await hall.actor.submit(Undo(window="1", by="clerk:王"))
    hall.clock.move_to(hall.clock.now() + 60_000)
    await hall.actor.submit(CallNext(window="2", by="clerk:王"))
    await hall.close_day()
    await hall.actor.stop()
    [whole, a] = await figures_of(journal)
    assert (whole.called, a.called) == (1, 1)
    assert a.waits_s == (120,)


async def test_hours_are_those_of_the_halls_clock():
    journal = MemoryJournal()
    hall = await work(journal)
    await hall.open_day()
    await hall.take()
    hall.clock.move_to(hall.clock.now() + 50 * 60_000)
    await hall.take()
    await hall.close_day()
    await hall.actor.stop()
    by_zone = {
        zone: [(row.hour, row.tickets) for row in await figures_of(journal, ZoneInfo(zone))
               if row.queue == "a"]
        for zone in ("Asia/Shanghai", "Europe/Warsaw", "Asia/Kolkata", "Asia/Kathmandu")
    }  # fmt: skip
    assert by_zone == {
        "Asia/Shanghai": [(9, 2)],
        "Europe/Warsaw": [(2, 2)],
        "Asia/Kolkata": [(6, 1), (7, 1)],
        "Asia/Kathmandu": [(6, 1), (7, 1)],
    }


async def test_a_day_without_visitors_has_no_hours():
    journal = MemoryJournal()
    hall = await work(journal)
    await hall.open_day()
    await hall.close_day()
    await hall.actor.stop()
    assert await figures_of(journal) == []


def test_quantiles_by_the_nearest_rank():
    assert quantile((), 0.5) is None
    assert [quantile((7,), p) for p in (0.0, 0.5, 1.0)] == [7, 7, 7]
    assert [quantile(range(1, 11), p) for p in (0.1, 0.5, 0.8, 0.81)] == [1, 5, 8, 9]


def test_many_waits_are_thinned_without_moving_their_quantiles():
    random = Random(1)
    values = [random.randrange(7200) for _ in range(5000)]
    kept = _kept(list(values))
    assert len(kept) == TIMES_KEPT
    assert (kept[0], kept[-1]) == (min(values), max(values))
    for p in (0.5, 0.8, 0.9):
        below = sum(value <= quantile(kept, p) for value in values) / len(values)
        assert abs(below - p) < 0.005
