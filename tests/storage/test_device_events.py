"""Device events: in order, bounded per device and in age, the same after an upgrade."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import inspect

from queued.core.plan import Millis
from queued.storage import device_events, tables
from queued.storage.connect import open_connection, sqlite_writer
from queued.storage.device_events import DAY_MS, KEPT_DAYS, DeviceEvent, DeviceEvents
from queued.storage.folder import DATABASE
from queued.storage.migrate import STEPS, migrate
from queued.storage.store import Store
from tests.storage.chains import NINE
from tests.storage.older import script


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path)
    yield store
    await store.close()


@pytest.fixture
def events(store: Store) -> DeviceEvents:
    return store.device_events


def event(n: int, device: str = "printer", **changes) -> DeviceEvent:
    values = {"at": Millis(NINE + n), "device": device, "kind": "degraded", "code": "timeout"}
    return DeviceEvent(**{**values, "detail": str(n), **changes})


async def details(events: DeviceEvents, *devices: str, **more) -> list[str]:
    return [one.detail for one in await events.of("demo", devices or None, **more)]


async def test_the_newest_come_first_and_pages_join(events: DeviceEvents):
    await events.add("demo", [event(n) for n in range(5)])
    await events.add("demo", [event(5)])
    await events.add("other", [event(99)])
    first = await events.of("demo", ("printer",), limit=4)
    assert [one.detail for one in first] == ["5", "4", "3", "2"]
    rest = await events.of("demo", ("printer",), before=first[-1].id)
    assert [one.detail for one in rest] == ["1", "0"]
    assert [one.id for one in first + rest] == [6, 5, 4, 3, 2, 1]


async def test_a_device_is_asked_for_beside_the_process(events: DeviceEvents):
    await events.add("demo", [event(1), event(2, "strip"), event(3, "")])
    assert await details(events, "printer", "") == ["3", "1"]
    assert await details(events, "strip") == ["2"]
    assert await details(events) == ["3", "2", "1"]


async def test_a_noisy_device_pushes_out_its_own_history_only(events, monkeypatch):
    monkeypatch.setattr(device_events, "KEPT_PER_DEVICE", 3)
    await events.add("demo", [event(1, "strip")])
    for n in range(10):
        await events.add("demo", [event(n)])
    assert await details(events, "printer") == ["9", "8", "7"]
    assert await details(events, "strip") == ["1"]
    await events.add("demo", [event(n) for n in range(20, 30)])
    assert await details(events, "printer") == ["29", "28", "27"]


async def test_what_is_too_old_goes_with_the_next_event(events: DeviceEvents):
    old = event(0, "strip")
    edge = Millis(NINE + KEPT_DAYS * DAY_MS)
    await events.add("demo", [old])
    await events.add("demo", [event(1, at=edge)])
    assert await details(events, "strip") == ["0"], "ninety days are kept"
    await events.add("demo", [event(2, at=Millis(edge + 1))])
    assert await details(events, "strip") == []
    assert [one.id for one in await events.of("demo")] == [3, 2], "ids go on"


async def test_ids_grow_when_the_clock_was_set_back(events: DeviceEvents):
    await events.add("demo", [event(1, at=Millis(NINE + 200 * DAY_MS))])
    await events.add("demo", [event(2)])
    assert await details(events) == ["2", "1"]


async def test_nothing_is_no_transaction_and_limits_are_held(events: DeviceEvents):
    await events.add("demo", [])
    for limit in (0, device_events.PAGE_MAX + 1):
        with pytest.raises(ValueError, match="allowed are 1 to 200"):
            await events.of("demo", limit=limit)


async def test_they_outlive_a_restart(tmp_path: Path):
    store = await Store.open(tmp_path)
    await store.device_events.add("demo", [event(1)])
    await store.close()
    store = await Store.open(tmp_path)
    assert await details(store.device_events) == ["1"]
    await store.close()


def shape(connection) -> dict[str, list]:
    looked = inspect(connection)
    name = tables.device_event.name
    return {
        "columns": [(c["name"], str(c["type"]), c["nullable"]) for c in looked.get_columns(name)],
        "key": looked.get_pk_constraint(name)["constrained_columns"],
        "indexes": sorted(
            (i["name"], tuple(i["column_names"])) for i in looked.get_indexes(name)
        ),
    }  # fmt: skip


def test_an_older_database_gets_the_same_table(tmp_path: Path):
    shapes = []
    for name in ("new", "old"):
        file = tmp_path / name
        connection = open_connection(sqlite_writer(file))
        with connection.begin():
            migrate(connection)
        if name == "old":
            with connection.begin():
                connection.exec_driver_sql("DROP TABLE device_event")
                STEPS[2](connection)
        with connection.begin():
            shapes.append(shape(connection))
        connection.close()
    assert shapes[0] == shapes[1]


async def test_a_folder_of_the_version_before_is_brought_up(tmp_path: Path):
    await (await Store.open(tmp_path)).close()
    with closing(sqlite3.connect(tmp_path / DATABASE)) as raw:
        raw.executescript(script(2))
    store = await Store.open(tmp_path)
    await store.device_events.add("demo", [event(1)])
    assert await details(store.device_events) == ["1"]
    await store.close()
