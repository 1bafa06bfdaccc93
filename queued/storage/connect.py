"""Connections that keep what they acknowledge, and everything the databases differ in.

SQLite runs in WAL mode with `synchronous=FULL`; both are read back, and a disk that would not
do it is refused. Transactions begin explicitly: `BEGIN IMMEDIATE` to write, so that a lock is
taken at the start or not at all, `BEGIN` to read one consistent moment.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from queued.storage.driven import driven, pipelined
from queued.storage.errors import Damaged, NotDurable, StoreError
from queued.storage.folder import touch_private

BUSY_TIMEOUT_MS = 5_000
"""How long to wait for another process at the database (a backup, `queued token`)."""

STATEMENTS_KEPT = 256
"""Prepared statements a connection keeps: three tables with up to 64 rows each, and others."""

READER_CACHE_KIB = 256
"""Pages a reader keeps. It walks through the journal and comes back to little, and what the system
has of the file anyway costs no disk; SQLite's 2 MB each would only make a small box's memory."""

_SYNCHRONOUS_FULL = 2


@dataclass(frozen=True, slots=True)
class Dialect:
    """What SQLite and PostgreSQL do differently; the rest is the same SQL.

    `placeholder` is the driver's, for SQL built once and run often. `is_duplicate` tells a
    taken primary key from other failures. `is_fatal` means the database can no longer be
    trusted to keep a commit: stop, restart, recover. `reconnects`: a connection may be lost
    while the database is well; then it is opened anew. `at_once`: in it, statements need not be
    answered one by one.
    """

    name: str
    placeholder: str
    is_duplicate: Callable[[DBAPIError], bool]
    is_fatal: Callable[[DBAPIError], bool]
    reconnects: bool
    at_once: Callable[[Connection], AbstractContextManager[None]]


def _sqlite_error(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlite_errorname", "")


def _sql_state(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


SQLITE = Dialect(
    name="sqlite",
    placeholder="?",
    is_duplicate=lambda error: _sqlite_error(error) == "SQLITE_CONSTRAINT_PRIMARYKEY",
    # A failed fsync may have thrown away what a later one would report as written.
    is_fatal=lambda error: _sqlite_error(error).startswith(
        ("SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOTADB")
    ),
    reconnects=False,
    at_once=lambda _connection: nullcontext(),
)

POSTGRESQL = Dialect(
    name="postgresql",
    placeholder="%s",
    is_duplicate=lambda error: _sql_state(error) == "23505",
    # Internal errors, damaged pages among them. A failed fsync restarts the server instead.
    is_fatal=lambda error: _sql_state(error).startswith("XX"),
    reconnects=True,
    at_once=pipelined,
)

DIALECTS = {dialect.name: dialect for dialect in (SQLITE, POSTGRESQL)}


def sqlite_writer(file: Path, *, checkpoints: bool = True) -> Engine:
    """An engine whose connections may write. Creates `file` (0600) if it is missing.

    `checkpoints` is for the owner's one writer only: SQLite before 3.51.3 can, very rarely,
    damage a database when one connection checkpoints the WAL while another resets it.
    """
    touch_private(file)
    pages = 1000 if checkpoints else 0
    settings = (
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "PRAGMA foreign_keys=ON",
        f"PRAGMA wal_autocheckpoint={pages}",
    )
    return _sqlite_engine(file, "BEGIN IMMEDIATE", settings)


def sqlite_reader(file: Path) -> Engine:
    """An engine whose connections cannot write. `file` must exist."""
    settings = (
        "PRAGMA query_only=ON",
        "PRAGMA wal_autocheckpoint=0",
        f"PRAGMA cache_size=-{READER_CACHE_KIB}",
    )
    return _sqlite_engine(file, "BEGIN", settings)


def open_connection(engine: Engine, *, durable: bool = False) -> Connection:
    """One connection; a `durable` one is proven to keep its commits. Raises `StoreError`."""
    try:
        connection = engine.connect()
        if durable and engine.dialect.name == "sqlite":
            _prove_durable(connection)
        return connection
    except SQLAlchemyError as error:
        raise explained(error, engine) from error
    except UnicodeDecodeError as error:
        raise _schema_damaged(engine) from error


def check(connection: Connection) -> None:
    """SQLite's own check of the whole file. Raises `Damaged` with what it found."""
    if connection.dialect.name != "sqlite":
        return
    file = connection.engine.url.database
    try:
        with connection.begin():
            found = connection.exec_driver_sql("PRAGMA quick_check(10)").scalars().all()
    except SQLAlchemyError as error:
        raise explained(error, connection.engine) from error
    except UnicodeDecodeError as error:
        raise _schema_damaged(connection.engine) from error
    if found != ["ok"]:
        raise Damaged(f"{file} is damaged: {'; '.join(map(str, found))}; restore a backup")


def _sqlite_engine(file: Path, begin: str, settings: tuple[str, ...]) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(file.absolute())),
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={
            "check_same_thread": False,
            "timeout": BUSY_TIMEOUT_MS / 1000,
            "cached_statements": STATEMENTS_KEPT,
        },
    )

    @event.listens_for(engine, "connect")
    def _set_up(raw: Any, _record: object) -> None:
        raw.isolation_level = None  # Transactions are begun by the listener below only.
        for statement in (*settings, "PRAGMA cell_size_check=ON"):
            raw.execute(statement).close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        driven(connection, begin)

    return engine


def _prove_durable(connection: Connection) -> None:
    raw = connection.connection.cursor()
    mode = raw.execute("PRAGMA journal_mode").fetchone()
    level = raw.execute("PRAGMA synchronous").fetchone()
    raw.close()
    file = connection.engine.url.database
    if mode != ("wal",):
        connection.close()
        raise NotDurable(
            f"{file}: the file system refuses WAL mode (it says {mode[0]}): "
            "use a local disk, not a network folder"
        )
    if level != (_SYNCHRONOUS_FULL,):
        connection.close()
        raise NotDurable(f"{file}: SQLite will not run with synchronous=FULL (it says {level[0]})")


def _schema_damaged(engine: Engine) -> Damaged:
    """SQLite's own words quote the damaged names of tables, which are no text any more."""
    return Damaged(f"{engine.url.database} is damaged in its schema; restore a backup")


def explained(error: SQLAlchemyError, engine: Engine) -> StoreError:
    """The same error as a sentence for whoever runs the hall."""
    database = engine.url.database
    if isinstance(error, DBAPIError):
        name = _sqlite_error(error)
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            return Damaged(f"{database} is damaged: {error.orig}; restore a backup")
        return StoreError(f"cannot open {database}: {error.orig}")
    return StoreError(f"cannot open {database}: {error}")
