"""The thread that owns the connection: in order, all or nothing, drained at the end."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from queued.engine.ports import Batch, JournalError
from queued.storage.connect import open_connection, sqlite_writer
from queued.storage.errors import StoreError
from queued.storage.store import Store
from queued.storage.threads import SqlThreads
from tests.storage.chains import batches, chain

PLUS_ONE = "UPDATE counter SET n = n + 1"
VALUE = "SELECT n FROM counter"


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[SqlThreads]:
    connection = open_connection(sqlite_writer(tmp_path / "db"), durable=True)
    with connection.begin():
        connection.exec_driver_sql("CREATE TABLE counter (n INTEGER)")
        connection.exec_driver_sql("INSERT INTO counter VALUES (0)")
    threads = SqlThreads("test-writer", [connection], lambda _error: None)
    yield threads
    await threads.close()


def add(connection: Connection) -> int:
    connection.exec_driver_sql(PLUS_ONE)
    return connection.exec_driver_sql(VALUE).scalar()


async def test_work_is_done_in_order_by_one_thread(writer: SqlThreads):
    assert await asyncio.gather(*(writer.run(add) for _ in range(50))) == list(range(1, 51))
    names = {await writer.run(lambda _c: threading.current_thread().name) for _ in range(5)}
    assert names == {"test-writer"}


async def test_work_that_raises_is_undone_and_heard_of(writer: SqlThreads):
    def half(connection: Connection) -> None:
        add(connection)
        raise KeyError("half")

    with pytest.raises(KeyError, match="half"):
        await writer.run(half)
    with pytest.raises(OperationalError, match="no such table: nothing"):
        await writer.run(lambda connection: connection.exec_driver_sql('DROP TABLE "nothing"'))

    # Even the end of a program belongs to the caller, not to the thread.
    def leave(connection: Connection) -> None:
        add(connection)
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await writer.run(leave)
    assert await writer.run(add) == 1


async def test_closing_finishes_what_was_accepted(writer: SqlThreads):
    accepted = [asyncio.ensure_future(writer.run(add)) for _ in range(30)]
    await asyncio.sleep(0)
    await asyncio.gather(writer.close(), writer.close())
    assert await asyncio.gather(*accepted) == list(range(1, 31))
    with pytest.raises(StoreError, match="closed"):
        await writer.run(add)


async def test_a_caller_who_leaves_does_not_stop_the_work(writer: SqlThreads):
    going, may_go = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        going.set()
        may_go.wait(10)
        add(connection)

    left = asyncio.ensure_future(writer.run(slow))
    await asyncio.to_thread(going.wait, 10)
    left.cancel()
    may_go.set()
    with pytest.raises(asyncio.CancelledError):
        await left
    assert await writer.run(add) == 2


def test_a_loop_that_ended_does_not_stop_the_thread(tmp_path: Path):
    connection = open_connection(sqlite_writer(tmp_path / "db"), durable=True)
    with connection.begin():
        connection.exec_driver_sql("CREATE TABLE counter (n INTEGER)")
        connection.exec_driver_sql("INSERT INTO counter VALUES (0)")
    threads = SqlThreads("test-writer", [connection], lambda _error: None)
    going, may_go = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        going.set()
        may_go.wait(10)
        add(connection)

    async def leave() -> None:
        task = asyncio.ensure_future(threads.run(slow))
        await asyncio.to_thread(going.wait, 10)
        task.cancel()

    asyncio.run(leave())
    may_go.set()

    async def come_back() -> int:
        value = await threads.run(add)
        await threads.close()
        return value

    assert asyncio.run(come_back()) == 2


async def test_readers_see_one_moment_beside_the_writer(tmp_path: Path):
    store = await Store.open(tmp_path)
    going, may_go = threading.Event(), threading.Event()
    count = "SELECT count(*) FROM journal"

    def twice(connection: Connection) -> tuple[int, int]:
        before = connection.exec_driver_sql(count).scalar()
        going.set()
        may_go.wait(10)
        return before, connection.exec_driver_sql(count).scalar()

    reading = asyncio.ensure_future(store._database.read(twice))
    await asyncio.to_thread(going.wait, 10)
    await store.journal.append("demo", Batch(chain(3)))
    may_go.set()
    assert await reading == (0, 0)
    assert await store._database.read(lambda c: c.exec_driver_sql(count).scalar()) == 3
    await store.close()


async def test_a_store_closed_in_the_middle_keeps_what_it_accepted(tmp_path: Path):
    store = await Store.open(tmp_path)
    given = batches([3] * 20)
    appends = [asyncio.ensure_future(store.journal.append("demo", batch)) for batch in given]
    await asyncio.sleep(0)
    await store.close()
    results = await asyncio.gather(*appends, return_exceptions=True)
    assert all(result is None or isinstance(result, JournalError) for result in results)
    done = sum(result is None for result in results)
    assert done == 20
    store = await Store.open(tmp_path)
    assert (await store.journal.head("demo"))[0] == 3 * done
    await store.close()


async def test_another_process_holding_the_database_delays_and_breaks_nothing(tmp_path: Path):
    store = await Store.open(tmp_path)
    other = sqlite3.connect(tmp_path / "queued.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    append = asyncio.ensure_future(store.journal.append("demo", Batch(chain(1))))
    done, _ = await asyncio.wait({append}, timeout=0.2)
    assert not done, "negative control: it is in the way"
    other.execute("COMMIT")
    other.close()
    await append
    assert (await store.journal.head("demo"))[0] == 1
    await store.close()
