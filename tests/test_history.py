"""History: made once from the journal, whatever was interrupted; and a restart forgets nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import date
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from queued.__main__ import main
from queued.core.correction import Correction
from queued.core.estimate import UNCORRECTED, Estimator
from queued.core.events import DayClosed
from queued.engine.bus import Bus
from queued.engine.codec import event_of
from queued.engine.recovery import recover
from queued.history import MEMORY, USUAL, History, remembered
from queued.storage.folder import DATABASE
from queued.storage.store import Store
from tests.hall_parts import eventually
from tests.storage.days import DATES, WorkingHall, work

HALL = "demo"
SHANGHAI = ZoneInfo("Asia/Shanghai")
ALL = (date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture(autouse=True)
def _few_tickets_correct(monkeypatch) -> None:
    """Days of tests are small."""
    monkeypatch.setattr("queued.core.correction.TICKETS_MIN", 1)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path)
    yield opened
    await opened.close()


def history_of(store: Store) -> History:
    return History(HALL, store.journal, store.hours, lambda: SHANGHAI, pause_s=0)


async def days_of(store: Store, seed: int, days: int = 3, *, last_open: bool = True) -> WorkingHall:
    """Days out of a seed; the last one is still running."""
    hall, random = await work(store.journal), Random(seed)
    for number in range(days):
        await hall.open_day(number)
        await hall.live(random, 180)
        if number < days - 1 or not last_open:
            await hall.close_day()
    return hall


async def whole(store: Store) -> Estimator:
    """One that has never been restarted: it has seen every event, and was corrected each night."""
    estimator, hall = Estimator(), (await recover(store.journal, HALL)).hall
    correction, after = Correction(), 0
    while page := await store.journal.read(HALL, after):
        for record in page:
            event = event_of(record)
            estimator.observe(event, hall)
            correction.observe(event, estimator)
            if isinstance(event, DayClosed):
                estimator.factors = correction.factors()
        after = page[-1].seq
    return estimator


async def restarted(store: Store, *, forgetful: bool = False) -> Estimator:
    """The estimator of a hall that starts now."""
    known = await remembered(store.hours, HALL)
    estimator = Estimator() if forgetful else known.estimator
    observed = None if forgetful else known.seq
    await recover(store.journal, HALL, observe=estimator.observe, observed=observed)
    return estimator


def told(estimator: Estimator, now: int) -> list[object]:
    """All it says about now and the hours after."""
    return [
        estimator.wait(queue, ahead, now + minutes * 60_000)
        for queue in ("a", "b")
        for ahead in (0, 1, 3, 10, 40)
        for minutes in (0, 7, 90)
    ]


# ── A restart forgets nothing ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", range(4))
async def test_predictions_after_a_restart_are_those_without(store: Store, seed: int):
    hall = await days_of(store, seed)
    await history_of(store).catch_up()
    never_stopped = await whole(store)
    now = hall.clock.now()
    await hall.actor.stop()
    again = await restarted(store)
    assert told(again, now) == told(never_stopped, now)
    # … and it goes on like the other: the rest of the day, and the next one.
    assert again.memory() == never_stopped.memory()


async def test_the_running_hall_is_corrected_when_a_day_has_closed(store: Store):
    hall, running = await days_of(store, 0, last_open=False), Estimator()
    history = History(HALL, store.journal, store.hours, lambda: SHANGHAI, running, pause_s=0)
    await history.catch_up()
    await hall.actor.stop()
    assert running.factors == (await whole(store)).factors != UNCORRECTED


async def test_without_its_memory_it_says_something_else(store: Store):
    # The negative control: the comparison above can fail.
    hall = await days_of(store, 1)
    await history_of(store).catch_up()
    now = hall.clock.now()
    await hall.actor.stop()
    assert told(await restarted(store, forgetful=True), now) != told(await whole(store), now)


async def test_a_restart_between_two_days(store: Store):
    hall = await days_of(store, 2, last_open=False)
    await history_of(store).catch_up()
    now = hall.clock.now()
    await hall.actor.stop()
    assert told(await restarted(store), now) == told(await whole(store), now)


async def test_a_memory_that_is_a_day_late_catches_up(store: Store):
    """Power went between the end of a day and the moment when what it taught was kept."""
    hall, random = await days_of(store, 3, days=1, last_open=False), Random(33)
    await history_of(store).catch_up()
    await hall.open_day(1)
    await hall.live(random, 100)
    await hall.close_day()
    await hall.open_day(2)
    await hall.live(random, 100)
    now = hall.clock.now()
    await hall.actor.stop()
    again = await restarted(store)
    # The night's correction comes with the history, a moment after the start.
    await History(HALL, store.journal, store.hours, lambda: SHANGHAI, again, pause_s=0).catch_up()
    assert told(again, now) == told(await whole(store), now)


@pytest.mark.parametrize("spoiled", ["digest = 'x'", "body = '{}'", "hash = x'00'"])
async def test_a_spoiled_memory_is_not_believed_and_is_made_anew(tmp_path: Path, spoiled: str):
    store = await Store.open(tmp_path)
    hall = await days_of(store, 4)
    await history_of(store).catch_up()
    rows = await history_of(store).between(*ALL)
    memory = await store.hours.learnt(HALL, MEMORY)
    with closing(sqlite3.connect(tmp_path / DATABASE)) as database:
        database.execute(f"UPDATE learnt SET {spoiled} WHERE name = '{MEMORY}'")
        database.commit()
    assert (await remembered(store.hours, HALL)).seq is None
    await hall.close_day()
    assert await history_of(store).catch_up() == 3, "all days, not only the new one"
    assert (await history_of(store).between(*ALL))[: len(rows)] == rows
    assert memory is not None and await store.hours.learnt(HALL, MEMORY) != memory
    assert (await remembered(store.hours, HALL)).estimator.memory() == (await whole(store)).memory()
    await hall.actor.stop()
    await store.close()


# ── Day by day is the same as all at once ─────────────────────────────────────────────────


@pytest.mark.parametrize("seed", range(3))
async def test_made_day_by_day_or_rebuilt_it_is_the_same(store: Store, seed: int):
    hall, random, history = await work(store.journal), Random(seed), history_of(store)
    for number in range(3):
        await hall.open_day(number)
        await hall.live(random, 100)
        assert await history.catch_up() == 0, "a day that runs is not history"
        await hall.close_day()
        assert await history.catch_up() == 1
        assert await history.catch_up() == 0, "once is enough"
    await hall.actor.stop()
    by_day = await history.between(*ALL)
    learnt = [await store.hours.learnt(HALL, name) for name in (MEMORY, USUAL)]
    assert {row.day for row in by_day} == set(DATES)
    assert sum(row.tickets for row in by_day if row.queue == "") > 50
    await store.hours.forget(HALL)
    assert await history.between(*ALL) == []
    assert await history_of(store).catch_up() == 3
    assert await history.between(*ALL) == by_day
    assert [await store.hours.learnt(HALL, name) for name in (MEMORY, USUAL)] == learnt


class Stopped(Exception):
    pass


async def test_whoever_is_stopped_midway_goes_on_where_it_was(store: Store, monkeypatch):
    hall = await days_of(store, 5, last_open=False)
    await hall.actor.stop()
    await history_of(store).catch_up()
    expected = await history_of(store).between(*ALL)
    await store.hours.forget(HALL)
    left, read = 0, store.journal.read

    async def failing(*args):
        nonlocal left
        left -= 1
        if left < 0:
            raise Stopped
        return await read(*args)

    monkeypatch.setattr("queued.history.PAGE", 12)
    monkeypatch.setattr(store.journal, "read", failing)
    for stops in range(200):
        left = stops  # each time a little further
        try:
            await history_of(store).catch_up()
            break
        except Stopped:
            continue
    assert 2 <= stops < 199
    assert await history_of(store).between(*ALL) == expected


async def test_it_works_beside_the_hall_when_a_day_closes(store: Store):
    bus, hall = Bus(), await days_of(store, 6, days=1)
    hall.actor._bus = bus
    history = history_of(store)
    history.start(bus)
    try:
        assert await history.days() is None
        await hall.close_day()
        await eventually(history.days)
        await hall.open_day(1)
        await hall.close_day()
    finally:
        await history.stop()
        await history.stop()
        await hall.actor.stop()


# ── The command ───────────────────────────────────────────────────────────────────────────

CONFIG = """
[hall]
id = "demo"
name = "Hall"
timezone = "{zone}"
[[queue]]
id = "a"
letter = "A"
name = "General"
[[window]]
id = "1"
name = "1"
queues = ["a"]
[[class]]
id = "normal"
name = "普通"
"""


def rebuild(tmp_path: Path, data: Path, zone: str = "Asia/Shanghai") -> int:
    config = tmp_path / "hall.toml"
    config.write_text(CONFIG.format(zone=zone), "utf-8")
    return main(["history", "rebuild", "--config", str(config), "--data", str(data)])


async def hours_of(data: Path) -> list[tuple[str, int]]:
    store = await Store.open(data)
    rows = await store.hours.between(HALL, *ALL)
    await store.close()
    return [(row.day, row.hour) for row in rows if row.queue == ""]


def test_one_command_makes_it_anew_with_the_halls_clock(tmp_path: Path, capsys):
    async def a_past() -> None:
        store = await Store.open(tmp_path / "data")
        hall = await days_of(store, 7, days=2, last_open=False)
        await hall.actor.stop()
        await store.close()

    asyncio.run(a_past())
    assert rebuild(tmp_path, tmp_path / "data") == 0
    assert "demo: the history of 2 days was made anew" in capsys.readouterr().out
    hours = asyncio.run(hours_of(tmp_path / "data"))
    assert rebuild(tmp_path, tmp_path / "data", "Europe/Warsaw") == 0
    assert asyncio.run(hours_of(tmp_path / "data")) == [(day, hour - 7) for day, hour in hours]


def test_it_is_refused_beside_a_running_hall_and_for_nonsense(tmp_path: Path, capsys, monkeypatch):
    monkeypatch.setattr("queued.storage.folder.LOCK_WAIT_S", 0.0)

    async def beside_a_hall() -> int:
        store = await Store.open(tmp_path / "data")
        code = await asyncio.to_thread(rebuild, tmp_path, tmp_path / "data")
        await store.close()
        return code

    assert asyncio.run(beside_a_hall()) == 1
    assert "in use by another queued" in capsys.readouterr().err
    assert rebuild(tmp_path, tmp_path / "nothing") == 1
    assert "no queued database" in capsys.readouterr().err
    assert rebuild(tmp_path, tmp_path / "data", "Mars/Olympus") == 2
    assert "timezone" in capsys.readouterr().err
