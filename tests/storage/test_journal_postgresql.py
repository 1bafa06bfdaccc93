"""The contract on a real PostgreSQL, made for the occasion and thrown away."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from queued.core.model import Ticket, TicketId
from queued.core.plan import Millis
from queued.engine.recovery import recover
from queued.storage import tables
from queued.storage.connect import database_engine
from queued.storage.database import Database
from queued.storage.device_events import DeviceEvents
from queued.storage.journal import SqlJournal
from queued.storage.ledger import Ledger, SlipStatus
from queued.storage.migrate import migrate
from queued.storage.people import People
from queued.storage.tickets import Tickets
from tests.storage.days import work
from tests.storage.journal_contract import JournalContract
from tests.storage.older import back_to
from tests.storage.test_device_events import event
from tests.storage.test_ledger import slip

pytest.importorskip("psycopg", reason="no PostgreSQL driver: pip install 'psycopg[binary]'")

DEBIAN = Path("/usr/lib/postgresql/15/bin")


def programs() -> tuple[str, str]:
    """initdb and pg_ctl; skips without."""
    found = [shutil.which(name, path=f"{os.environ['PATH']}:{DEBIAN}") for name in NAMES]
    if None in found:
        pytest.skip("no PostgreSQL server: apt-get install postgresql")
    return found[0], found[1]


NAMES = ("initdb", "pg_ctl")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server of its own behind a unix socket."""
    initdb, pg_ctl = programs()
    # The name of a unix socket has 107 bytes at most, a test's folder may be deeper.
    folder = tempfile.mkdtemp(prefix="queued-")
    as_user = []
    if os.geteuid() == 0:
        as_user = ["runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres")
    data, log = f"{folder}/data", f"{folder}/log"

    def run(*command: str) -> None:
        done = subprocess.run([*as_user, *command], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    run(initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale")
    options = f"-k {folder} -c listen_addresses=''"
    run(pg_ctl, "-D", data, "-l", log, "-w", "-o", options, "start")
    yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
    run(pg_ctl, "-D", data, "-m", "immediate", "-w", "stop")
    shutil.rmtree(folder)


class PostgresqlPlace:
    """One database; every place begins empty."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opened: list[Database] = []
        engine = database_engine(url, writes=True)
        with engine.connect() as connection, connection.begin():
            tables.metadata.drop_all(connection)
            migrate(connection)

    async def open(self) -> SqlJournal:
        return SqlJournal(self.database())

    async def ticket(self, hall: str, day: str, id_: int) -> Ticket | None:
        return await Tickets(self.database()).ticket(hall, day, id_)

    def database(self) -> Database:
        writer = database_engine(self._url, writes=True)
        self._opened.append(Database(writer, database_engine(self._url, writes=False)))
        return self._opened[-1]

    async def close(self) -> None:
        for database in self._opened:
            await database.close()


@pytest.fixture
async def place(url: str) -> AsyncIterator[PostgresqlPlace]:
    place = PostgresqlPlace(url)
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
