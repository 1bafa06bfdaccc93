"""Connections to PostgreSQL: proven durable, and the right to write a hall.

How it works. A hall has one owner: whoever holds the advisory lock of its schema. The lock belongs
to the session of the one connection that writes, so it ends with that session, however the process
ended; and without the connection nobody could write anyway. A new connection (the server was
restarted, a cable was out) takes the lock again before anything else. By then the former session is
over, so nothing it had sent arrives later: what the journal says now is what happened.
Below the lock the primary key `(hall, seq)` still fences whoever would write without it.

Not for connections that pass through a pool of transactions (PgBouncer's `pool_mode=transaction`):
there a session is not one session.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from queued.storage import tables
from queued.storage.city import City
from queued.storage.connect import STATEMENTS_KEPT
from queued.storage.database import Database
from queued.storage.errors import HallOwned, NotDurable, StoreAway, StoreError
from queued.storage.folder import LOCK_WAIT_S
from queued.storage.migrate import VERSION, migrate, refuse_newer, version_of

DRIVER = "postgresql+psycopg"

REACHED_WITHIN_S = 5
SILENT_AFTER_S = 15
"""A server, or a hall, that has not answered for so long is gone: its cable is out."""

CONNECTING: Mapping[str, str] = {
    "connect_timeout": str(REACHED_WITHIN_S),
    "keepalives_idle": "5",
    "keepalives_interval": "5",
    "keepalives_count": "2",
    "tcp_user_timeout": str(SILENT_AFTER_S * 1000),
    # Of several servers in the URL the one that takes writes, after a failover too.
    "target_session_attrs": "read-write",
}
"""What libpq is told unless the URL says something else."""

SESSION: Mapping[str, str] = {
    # The same on the server's side: a hall that was cut off must let go of its lock.
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": str(SILENT_AFTER_S * 1000),
    # Statements of a hall take milliseconds; a process that was stopped in the middle of a
    # transaction must not hold up a migration or a backup for ever.
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "60s",
}
"""Settings of each session; every role may set them."""

_POLL_S = 0.05


def reader(city: City) -> Connection:
    """A connection that cannot write and sees one moment per transaction. Raises `StoreAway`."""
    options = {"postgresql_readonly": True}
    engine = _engine(city, "REPEATABLE READ", f"queued {city.hall}")
    return _connected(engine.execution_options(**options))


def writer(city: City) -> Connection:
    """A connection for everything but the journal, beside a running owner."""
    return _proven(_connected(_engine(city, "READ COMMITTED", f"queued {city.hall}")))


class Owner:
    """The right to write a hall's journal: for one process at a time."""

    def __init__(self, city: City) -> None:
        self._city = city
        # PostgreSQL keeps 63 bytes. The number tells this process from one before it.
        self.name = f"queued owner {socket.gethostname()[:24]} {os.getpid()} {secrets.token_hex(4)}"
        self._engine = _engine(city, "READ COMMITTED", self.name)

    def connect(self) -> Connection:
        """The connection that writes, with the right to. Raises `HallOwned` if somebody else has
        it, `StoreAway`, `NotDurable`, `SchemaUnknown` if another version has been here."""
        connection = _proven(_connected(self._engine))
        try:
            self._take(connection)
            with connection.begin():
                found = version_of(connection)
            if found is not None and found != VERSION:
                refuse_newer(found)
        except SQLAlchemyError as error:
            connection.close()
            raise explained(error) from error
        except BaseException:
            connection.close()
            raise
        return connection

    def _take(self, connection: Connection) -> None:
        deadline = time.monotonic() + LOCK_WAIT_S
        while not self._try(connection):
            if time.monotonic() >= deadline:
                raise self._taken(connection)
            # A former session of this very process, whose end the server has not noticed.
            connection.execute(_END_FORMER, {"name": self.name})
            connection.commit()
            time.sleep(_POLL_S)

    def _try(self, connection: Connection) -> bool:
        taken = connection.scalar(_TRY, {"key": _key(self._city)})
        connection.commit()
        return bool(taken)

    def _taken(self, connection: Connection) -> StoreError:
        key = _key(self._city) & 0xFFFFFFFFFFFFFFFF
        halves = {"high": key >> 32, "low": key & 0xFFFFFFFF}
        row = connection.execute(_OWNER, halves).first()
        if row is None:
            return StoreAway(f"the lock of hall {self._city.hall} is just changing hands")
        name, address, since, waits = row
        if name == self.name:
            return StoreAway(f"the last commit is not over: it waits for {waits}")
        who = " ".join((name or "").split()[2:4]).replace(" ", ", process ")
        return HallOwned(
            f"hall {self._city.hall} is owned by another queued ({who or 'unknown'}, from "
            f"{address or 'this machine'}, since {since:%Y-%m-%d %H:%M:%S %Z}): stop that one first"
        )


_TRY = text("SELECT pg_try_advisory_lock(:key)")
_TRY_ONCE = text("SELECT pg_try_advisory_xact_lock(:key)")
_END_FORMER = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE application_name = :name AND pid <> pg_backend_pid() "
    # One that waits for a standby has committed here; only there it is safe, and nobody's to end.
    "AND wait_event IS DISTINCT FROM 'SyncRep'"
)
_OWNER = text(
    "SELECT a.application_name, a.client_addr, a.backend_start, a.wait_event "
    "FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND l.classid = CAST(:high AS oid) AND l.objid = CAST(:low AS oid)"
)


def opened(city: City, *, owner: bool) -> tuple[Database, bool]:
    """The hall's database in this version, and whether its journal has begun. Blocks.

    The owner's writer has the right to the journal. Raises `StoreError`.
    """
    connect = Owner(city).connect if owner else partial(writer, city)
    first = connect()
    try:
        prepare(first, city, owner=owner)
        with first.begin():
            begun = first.execute(select(tables.journal.c.seq).limit(1)).first() is not None
    except BaseException:
        first.close()
        raise
    # The same connection, so that nobody comes between.
    waiting = [first]
    return Database(lambda: waiting.pop() if waiting else connect(), partial(reader, city)), begun


def prepare(connection: Connection, city: City, *, owner: bool) -> None:
    """The hall's schema in this version. Raises `StoreError`; then it is as it was."""
    try:
        with connection.begin():
            if version_of(connection) == VERSION:
                return
            if not owner:
                # Nobody may be at work while the tables change under him.
                _alone(connection, city)
            _make_schema(connection, city)
            migrate(connection)
    except SQLAlchemyError as error:
        raise explained(error) from error


def _alone(connection: Connection, city: City) -> None:
    deadline = time.monotonic() + LOCK_WAIT_S
    while not connection.scalar(_TRY_ONCE, {"key": _key(city)}):
        if time.monotonic() >= deadline:
            raise HallOwned(f"hall {city.hall} is at work with older tables: stop it first")
        time.sleep(_POLL_S)


def _make_schema(connection: Connection, city: City) -> None:
    usable = connection.scalar(_USABLE, {"name": city.schema})
    if usable:
        return
    role, database, may = connection.execute(_ROLE).one()
    if usable is None and may:
        connection.exec_driver_sql(f'CREATE SCHEMA "{city.schema}"')
        return
    raise StoreError(
        f"role {role} has no schema for hall {city.hall} in database {database}; its administrator "
        f'makes it with: CREATE SCHEMA "{city.schema}" AUTHORIZATION "{role}"'
    )


_USABLE = text(
    "SELECT has_schema_privilege(oid, 'USAGE') AND has_schema_privilege(oid, 'CREATE') "
    "FROM pg_namespace WHERE nspname = :name"
)
_ROLE = text(
    "SELECT current_user, current_database(), "
    "has_database_privilege(current_database(), 'CREATE')"
)


def _engine(city: City, level: Any, name: str) -> Engine:
    try:
        engine = create_engine(
            _address(city.url, name),
            poolclass=NullPool,
            hide_parameters=True,
            isolation_level=level,
        )
    except ModuleNotFoundError as error:
        raise StoreError(
            "PostgreSQL needs the package psycopg: pip install 'psycopg[binary]'"
        ) from error
    names = ", ".join("set_config(%s, %s, false)" for _ in range(len(SESSION) + 1))
    # Nothing but the hall's own schema: whatever others put into `public` is not found.
    path = ("search_path", f'"{city.schema}"')
    values = [part for pair in (path, *SESSION.items()) for part in pair]

    @event.listens_for(engine, "connect")
    def _set_up(raw: Any, _record: object) -> None:
        raw.prepared_max = STATEMENTS_KEPT
        raw.execute(f"SELECT {names}", values).close()
        raw.commit()

    return engine


def _address(url: str, name: str) -> URL:
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        # Without the words of the error, which quote the password.
        raise StoreError("the URL of the database cannot be read") from None
    query = {**CONNECTING, **parts.query, "application_name": name}
    return parts.set(drivername=DRIVER, query=query)


def _connected(engine: Engine) -> Connection:
    try:
        return engine.connect()
    except SQLAlchemyError as error:
        raise explained(error) from error


def _proven(connection: Connection) -> Connection:
    """The same, if what it commits is on a disk. Raises `NotDurable`."""
    try:
        settings = connection.execute(_DURABLE).one()
        connection.commit()
    except SQLAlchemyError as error:
        connection.close()
        raise explained(error) from error
    commits, fsync, encoding, standby = settings
    wrong = ""
    if commits == "off":
        wrong = "synchronous_commit is off: ALTER ROLE … SET synchronous_commit = on"
    elif fsync == "off":
        wrong = "fsync is off for the whole server"
    elif encoding != "UTF8":
        wrong = f"its encoding is {encoding}: CREATE DATABASE … ENCODING 'UTF8'"
    elif standby:
        wrong = "it is a standby, which takes no writes"
    if wrong:
        connection.close()
        raise NotDurable(f"this database would not keep a hall's numbers: {wrong}")
    return connection


_DURABLE = text(
    "SELECT current_setting('synchronous_commit'), current_setting('fsync'), "
    "current_setting('server_encoding'), pg_is_in_recovery()"
)


def _key(city: City) -> int:
    """Of the schema's advisory lock: a number of 64 bits, with a sign."""
    digest = sha256(f"queued {city.schema}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def explained(error: SQLAlchemyError) -> StoreError:
    """What the server, or the attempt to reach it, said: in one line, without parameters."""
    if isinstance(error, DBAPIError):
        told = " ".join(str(error.orig).split())
        return StoreAway(f"the database server cannot be used: {told}")
    return StoreError(f"the database cannot be used: {type(error).__name__}")
