"""The contract on memory and on SQLite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import fields, replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection

from queued.core.model import Ticket
from queued.engine.ports import AppendFailed, Batch, TicketRow
from queued.storage import tables
from queued.storage.connect import open_connection, sqlite_reader, sqlite_writer
from queued.storage.database import Database
from queued.storage.journal import SqlJournal
from queued.storage.memory import MemoryJournal
from queued.storage.migrate import migrate
from queued.storage.store import Store
from queued.storage.tickets import Tickets
from tests.storage.chains import DAY, answer, chain, row, ticket
from tests.storage.journal_contract import JournalContract


class MemoryPlace:
    """One journal in memory, shared by its owners; closing one leaves the others open."""

    def __init__(self) -> None:
        self._first = MemoryJournal()

    async def open(self) -> MemoryJournal:
        journal = MemoryJournal()
        journal.__dict__.update({**self._first.__dict__})
        return journal

    async def ticket(self, hall: str, day: str, id_: int) -> Ticket | None:
        return self._first.tickets.get((hall, day, id_))


class SqlitePlace:
    """One file. Several owners only here: the folder's lock is not asked."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "queued.sqlite3"
        with closing(open_connection(sqlite_writer(self._file), durable=True)) as connection:
            with connection.begin():
                migrate(connection)
        self._opened: list[Database] = []

    async def open(self) -> SqlJournal:
        return SqlJournal(self._database())

    async def ticket(self, hall: str, day: str, id_: int) -> Ticket | None:
        return await Tickets(self._database()).ticket(hall, day, id_)

    def _database(self) -> Database:
        writer, reader = sqlite_writer(self._file), sqlite_reader(self._file)
        durable = partial(open_connection, writer, durable=True)
        self._opened.append(Database(durable, partial(open_connection, reader)))
        return self._opened[-1]

    async def close(self) -> None:
        for database in self._opened:
            await database.close()


class TestMemory(JournalContract):
    @pytest.fixture
    def place(self) -> MemoryPlace:
        return MemoryPlace()

    @pytest.mark.parametrize("committed", [True, False])
    async def test_a_fault_fails_one_append(self, committed: bool):
        journal = MemoryJournal()
        journal.fail_next(committed=committed)
        with pytest.raises(AppendFailed):
            await journal.append("demo", Batch(chain(1), [row(1)], [answer("k")]))
        assert (await journal.head("demo"))[0] == int(committed)
        assert (await journal.answer("demo", "k") is not None) == committed
        await journal.append("demo", Batch(chain(2)[int(committed) :][:1]))


class TestSqlite(JournalContract):
    @pytest.fixture
    async def place(self, tmp_path: Path) -> AsyncIterator[SqlitePlace]:
        place = SqlitePlace(tmp_path)
        yield place
        await place.close()

    @pytest.mark.parametrize("party", [2**63, -(2**70)])
    async def test_a_number_no_column_holds_fails_its_batch_only(
        self, place: SqlitePlace, party: int
    ):
        journal = await place.open()
        huge = TicketRow(DAY, replace(ticket(1), party=party))
        with pytest.raises(AppendFailed):
            await journal.append("demo", Batch(chain(1), [huge]))
        assert (await journal.head("demo"))[0] == 0
        await journal.append("demo", Batch(chain(1), [row(1)]))


async def test_a_store_beside_the_owner_cannot_append(tmp_path: Path):
    owner = await Store.open(tmp_path)
    guest = await Store.open(tmp_path, owner=False)
    with pytest.raises(AppendFailed, match="does not own"):
        await guest.journal.append("demo", Batch(chain(1)))
    await owner.journal.append("demo", Batch(chain(1)))
    assert (await guest.journal.head("demo"))[0] == 1
    await guest.close()
    await owner.close()


async def test_a_reader_cannot_write(tmp_path: Path):
    store = await Store.open(tmp_path)

    def work(connection: Connection) -> None:
        connection.execute(tables.token.delete())

    with pytest.raises(Exception, match="readonly"):
        await store._database.read(work)
    await store.close()


def test_every_field_of_a_ticket_has_its_column():
    columns = [column.name for column in tables.ticket.columns][2:]
    assert columns == [field.name.rstrip("_") for field in fields(Ticket)]
