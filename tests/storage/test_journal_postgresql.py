"""The journal's contract on a real PostgreSQL, made for the occasion and thrown away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial

import pytest
from sqlalchemy import Connection

from queued.core.model import Ticket, TicketId
from queued.core.plan import Millis
from queued.engine.recovery import recover
from queued.storage import postgresql, tables
from queued.storage.city import City
from queued.storage.database import Database
from queued.storage.device_events import DeviceEvents
from queued.storage.journal import SqlJournal
from queued.storage.ledger import Ledger, SlipStatus
from queued.storage.migrate import migrate
from queued.storage.people import People
from queued.storage.tickets import Tickets
from tests.postgresql_server import Server
from tests.storage.days import work
from tests.storage.journal_contract import JournalContract
from tests.storage.older import back_to
from tests.storage.test_device_events import event
from tests.storage.test_ledger import slip


class PostgresqlPlace:
    """One schema; every place begins empty. Several owners only here: the lock is not asked."""

    def __init__(self, running: Server) -> None:
        self._city = City(running.url(), "demo")
        self._opened: list[Database] = []
        running.ask(f'DROP SCHEMA IF EXISTS "{self._city.schema}" CASCADE')
        with closing(postgresql.writer(self._city)) as connection:
            postgresql.prepare(connection, self._city, owner=False)

    async def open(self) -> SqlJournal:
        return SqlJournal(self.database())

    async def ticket(self, hall: str, day: str, id_: int) -> Ticket | None:
        return await Tickets(self.database()).ticket(hall, day, id_)

    def database(self) -> Database:
        sources = partial(postgresql.writer, self._city), partial(postgresql.reader, self._city)
        self._opened.append(Database(*sources))
        return self._opened[-1]

    async def close(self) -> None:
        for database in self._opened:
            await database.close()


@pytest.fixture
async def place(running: Server) -> AsyncIterator[PostgresqlPlace]:
    place = PostgresqlPlace(running)
    yield place
    await place.close()


class TestPostgresql(JournalContract):
    """`place` is the module's."""


async def test_a_hall_works_on_it(place: PostgresqlPlace):
    database = place.database()
    journal = SqlJournal(database)
    hall = await work(journal)
    await hall.open_day()
    first = await hall.take("k")
    await hall.close_day()
    await hall.open_day(1)
    await hall.actor.stop()
    assert (await recover(journal, "demo")).hall == hall.actor.hall
    assert (await recover(await place.open(), "demo", from_start=True)).hall == hall.actor.hall
    again = await (await work(await place.open())).take("k")
    assert (again.answer, again.replayed) == (first.answer, True)
    assert await Tickets(database).differences("demo") == ()
    assert await Tickets(database).rebuild("demo") == 1


async def test_the_ledger_works_on_it(place: PostgresqlPlace):
    ledger = Ledger(place.database())
    await ledger.enqueue("demo", "slips", 1, [slip("1")])
    await ledger.mark("demo", "1", SlipStatus.SENT, "", 1)
    assert (await ledger.unfinished("demo"))[0].status is SlipStatus.SENT
    assert await ledger.cursor("demo", "slips") == 1


async def test_device_events_work_on_it(place: PostgresqlPlace):
    events = DeviceEvents(place.database())
    await events.add("demo", [event(1), event(2, "strip")])
    await events.add("demo", [event(3)])
    assert [one.detail for one in await events.of("demo", ("printer", ""))] == ["3", "1"]


async def test_people_are_known_on_it_also_after_an_upgrade(place: PostgresqlPlace):
    database = place.database()

    def back_to_1_and_up_again(connection: Connection) -> None:
        connection.execute(tables.metadata.tables["person"].delete())
        for statement in back_to(1):
            connection.exec_driver_sql(statement)
        connection.execute(tables.schema_version.update().values(version=1))
        assert migrate(connection) == 1

    await database.write(back_to_1_and_up_again)
    people = People(database, b"s" * 32, b"k" * 32)
    digest = people.digest("openid", "o-1")
    end = {"expires_at": Millis(1000)}
    await people.put("demo", "2026-11-23", TicketId(1), "openid", digest, secret="o-1", **end)
    (found,) = await people.find_by_digest("demo", "openid", digest, Millis(999))
    assert people.reveal(found) == "o-1"
    assert await people.expire(Millis(1000)) == 1


async def test_a_reader_cannot_write(place: PostgresqlPlace):
    def work(connection: Connection) -> None:
        connection.execute(tables.token.delete())

    with pytest.raises(Exception, match="read-only"):
        await place.database().read(work)
