"""The way in: a data folder, opened and checked, with everything a hall keeps in it.

In a city the tables are on a database server (`city`), and the folder holds the hall's secrets.
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from queued.storage.accounts import Accounts
from queued.storage.alarms import KeptAlarms
from queued.storage.appointments import Appointments
from queued.storage.audit import Audit
from queued.storage.bookings import Bookings
from queued.storage.city import City, remember, right_place
from queued.storage.configurations import Configurations
from queued.storage.connect import check, explained, open_connection, sqlite_reader, sqlite_writer
from queued.storage.database import Database
from queued.storage.device_events import DeviceEvents
from queued.storage.errors import StoreError
from queued.storage.folder import (
    DATABASE,
    PEOPLE_KEY,
    SECRET,
    FolderLock,
    make_folder,
    read_people_key,
    read_secret,
)
from queued.storage.hours import Hours
from queued.storage.journal import SqlJournal
from queued.storage.ledger import Ledger
from queued.storage.migrate import VERSION, migrate, refuse_newer, version_of
from queued.storage.page_versions import PageVersions
from queued.storage.people import People
from queued.storage.reminders import ReminderLedger
from queued.storage.tickets import Tickets


class Store:
    """An open data folder. Make one with `Store.open`, end it with `close`.

    `secret` is what ticket tokens are derived from: at least 32 random bytes.
    """

    def __init__(
        self,
        folder: Path,
        database: Database,
        secret: bytes,
        people_key: bytes,
        lock: FolderLock | None,
    ) -> None:
        self.folder = folder
        self.secret = secret
        self.journal = SqlJournal(database, writable=lock is not None)
        self.ledger = Ledger(database)
        self.device_events = DeviceEvents(database)
        self.alarms = KeptAlarms(database)
        self.accounts = Accounts(database)
        self.audit = Audit(database)
        self.configurations = Configurations(database)
        self.page_versions = PageVersions(database)
        self.tickets = Tickets(database)
        self.appointments = Appointments(database)
        self.bookings = Bookings(database)
        self.people = People(database, secret, people_key)
        self.reminders = ReminderLedger(database)
        self.hours = Hours(database)
        self._database = database
        self._lock = lock

    @classmethod
    async def open(
        cls,
        data_dir: Path | str,
        *,
        create: bool = True,
        owner: bool = True,
        city: City | None = None,
    ) -> Store:
        """Open `data_dir`; with `create`, make what is missing. Raises `StoreError`.

        The owner holds the folder's lock, in a city also the hall's, and may append; there is
        one at a time. With `owner=False` (`queued token`, `queued user`) the store works beside
        a running owner: everything but the journal may be changed.
        """
        return await asyncio.to_thread(_open, Path(data_dir), create, owner, city)

    async def close(self) -> None:
        """Finish what was accepted, let go of the folder. Closing twice does nothing."""
        await self._database.close()
        if self._lock is not None:
            self._lock.release()


def _open(folder: Path, create: bool, owner: bool, city: City | None) -> Store:
    right_place(folder, city)
    if create:
        make_folder(folder)
    elif city is None and not (folder / DATABASE).is_file():
        raise StoreError(f"there is no queued database in {folder}")
    lock = FolderLock(folder) if owner else None
    try:
        if city is None:
            database, secret = _in_folder(folder, create, owner)
        else:
            database, secret = _in_city(folder, create, owner, city)
        return Store(folder, database, secret, read_people_key(folder), lock)
    except BaseException:
        if lock is not None:
            lock.release()
        raise


def _in_folder(folder: Path, create: bool, owner: bool) -> tuple[Database, bytes]:
    file = folder / DATABASE
    _prepare(folder, owner=owner)
    secret = read_secret(folder, create=create)
    writer = partial(open_connection, sqlite_writer(file, checkpoints=owner), durable=True)
    return Database(writer, partial(open_connection, sqlite_reader(file))), secret


def _in_city(folder: Path, create: bool, owner: bool, city: City) -> tuple[Database, bytes]:
    # Here, not above: a hall on its own box keeps the driver out of its memory.
    from queued.storage import postgresql

    database, begun = postgresql.opened(city, owner=owner)
    try:
        if begun and not (folder / SECRET).exists():
            raise StoreError(
                f"hall {city.hall} has a journal in the database, and {folder} has no {SECRET}: "
                f"copy {SECRET} and {PEOPLE_KEY} from the folder it ran with (without them the "
                "slips in visitors' hands lead nowhere)"
            )
        secret = read_secret(folder, create=create)
        remember(folder, city)
    except BaseException:
        database.discard()
        raise
    return database, secret


def _prepare(folder: Path, *, owner: bool) -> None:
    """A sound database of this version, before anything else looks at it."""
    connection = open_connection(sqlite_writer(folder / DATABASE, checkpoints=owner), durable=True)
    try:
        if owner:
            check(connection)
        with connection.begin():
            found = version_of(connection)
        if found == VERSION:
            return
        if found is not None:
            refuse_newer(found)
        # Nobody may be at work while the tables change under him.
        lock = None if owner else FolderLock(folder)
        try:
            with connection.begin():
                migrate(connection)
        finally:
            if lock is not None:
                lock.release()
    except SQLAlchemyError as error:
        raise explained(error, connection.engine) from error
    finally:
        connection.close()
