"""A connection that lasts: lost before the commit, lost in it, and a server that stays away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from queued.storage import lasting
from queued.storage.errors import HallOwned, StoreAway
from queued.storage.lasting import Lasting


class Place:
    """Connections to one file, some of which break when told to."""

    def __init__(self, folder: Path) -> None:
        self._engine = create_engine(f"sqlite:///{folder / 'db'}", poolclass=NullPool)
        self.opened = 0
        self.refuses: Exception | None = None
        self.loses_commit = False
        with self._engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE row (id INTEGER)")
        event.listen(self._engine, "commit", self._commit)

    def _commit(self, connection: Connection) -> None:
        if self.loses_commit:
            self.loses_commit = False
            lose(connection)

    def open(self) -> Connection:
        if self.refuses is not None:
            raise self.refuses
        self.opened += 1
        return self._engine.connect()

    def count(self) -> int:
        with self._engine.connect() as connection:
            return connection.exec_driver_sql("SELECT count(*) FROM row").scalar_one()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    yield Place(tmp_path)


def lose(connection: Connection) -> None:
    """What a server does that ends a session."""
    connection.invalidate()
    raise DBAPIError("", None, ConnectionError("reset by peer"))


class Work:
    """Adds a row; loses the connection the first `lost` times."""

    def __init__(self, lost: int = 0) -> None:
        self.runs = 0
        self._lost = lost

    def __call__(self, connection: Connection) -> int:
        self.runs += 1
        connection.exec_driver_sql("INSERT INTO row VALUES (1)")
        if self.runs <= self._lost:
            lose(connection)
        return self.runs


def test_what_is_lost_before_its_commit_is_done_once_more(place: Place):
    one = Lasting(place.open(), place.open)
    assert one.run(Work(1)) == 2
    assert (place.count(), place.opened) == (1, 2)
    one.close()


def test_what_is_lost_twice_is_given_up(place: Place):
    one = Lasting(place.open(), place.open)
    with pytest.raises(StoreAway, match="lost"):
        one.run(Work(2))
    assert place.count() == 0
    assert one.run(Work()) == 1
    one.close()


def test_what_is_lost_in_its_commit_is_not_done_again(place: Place):
    """It may have happened: whoever wrote must look first."""
    one, work = Lasting(place.open(), place.open), Work()
    place.loses_commit = True
    with pytest.raises(StoreAway):
        one.run(work)
    assert work.runs == 1
    one.close()


def test_a_server_that_stays_away_is_not_asked_by_everybody(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    now = 100.0
    monkeypatch.setattr(lasting.time, "monotonic", lambda: now)
    one = Lasting(place.open(), place.open)
    place.refuses = StoreAway("nobody there")
    for _ in range(5):
        with pytest.raises(StoreAway):
            one.run(Work(1))
    place.refuses = HallOwned("somebody else")  # not asked yet, so not told yet
    with pytest.raises(StoreAway):
        one.run(Work())
    now += lasting.PAUSE_S
    with pytest.raises(HallOwned):
        one.run(Work())
    place.refuses = None
    assert one.run(Work()) == 1
    one.close()


def test_an_error_of_the_work_is_the_callers(place: Place):
    one = Lasting(place.open(), place.open)

    def broken(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO row VALUES (1)")
        raise LookupError("no such thing")

    with pytest.raises(LookupError):
        one.run(broken)
    assert (place.count(), place.opened) == (0, 1)
    one.close()


def test_without_a_way_back_a_lost_connection_stays_lost(place: Place):
    """SQLite: a file has no server that could come back."""
    one = Lasting(place.open())
    with pytest.raises(DBAPIError):
        one.run(Work(1))
    one.close()
