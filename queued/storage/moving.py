"""A hall on its way between a city's database and a file: every row of every table, proven.

The journal is the truth, and it is the same in both: the same bytes, the same hashes. Going out,
one moment is read while the hall works. Coming in, nobody else may own the hall, its schema is
empty, and what has arrived is folded and compared before the one transaction is committed.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Table, select
from sqlalchemy.exc import SQLAlchemyError

from queued.storage import postgresql, tables
from queued.storage.bulk import Insert
from queued.storage.city import City
from queued.storage.connect import (
    DIALECTS,
    open_connection,
    sqlite_reader,
    sqlite_writer,
)
from queued.storage.errors import Damaged, FolderNotEmpty, StoreError
from queued.storage.migrate import VERSION, version_of
from queued.storage.verify import Report, report_within

PAGE = 1000
"""Rows in memory at once: a journal of years is larger than a small box."""


def fetch(city: City, file: Path) -> None:
    """Fill the empty database `file` with one moment of the hall. Raises `StoreError`."""
    with closing(postgresql.reader(city)) as source:
        with source.begin():
            _same_version(source, city)
            with closing(open_connection(sqlite_writer(file))) as target:
                with target.begin():
                    tables.metadata.create_all(target)
                    _copy(source, target)


def bring(file: Path, city: City) -> Report:
    """Put what is in `file` into the hall's empty schema; what is there then.

    Raises `HallOwned`, `FolderNotEmpty`, `Damaged`, `StoreError`; then the schema is as it was.
    """
    with closing(postgresql.Owner(city).connect()) as target:
        postgresql.prepare(target, city, owner=True)
        with closing(open_connection(sqlite_reader(file))) as source:
            try:
                with source.begin(), target.begin():
                    _fitting(source, target, city)
                    target.execute(tables.schema_version.delete())
                    _copy(source, target)
                    report = report_within(target)
                    if not report.ok:
                        raise Damaged("what arrived in the database is not what was sent")
                    return report
            except SQLAlchemyError as error:
                raise postgresql.explained(error) from error


def _fitting(source: Connection, target: Connection, city: City) -> None:
    for table in tables.metadata.sorted_tables:
        if table is not tables.schema_version and target.execute(select(table).limit(1)).first():
            raise FolderNotEmpty(
                f"hall {city.hall} has something in the database already; to make room: "
                f'DROP SCHEMA "{city.schema}" CASCADE'
            )
    for hall in source.scalars(select(tables.journal.c.hall).distinct()):
        if hall != city.hall:
            raise StoreError(f"this is a backup of hall {hall}, not of {city.hall}")


def _same_version(source: Connection, city: City) -> None:
    found = version_of(source)
    if found != VERSION:
        raise StoreError(
            f"hall {city.hall} has version {found} in the database, this queued copies {VERSION}"
            + ("" if found is None else ": start it once with this queued")
        )


def _copy(source: Connection, target: Connection) -> None:
    # In the order of their foreign keys.
    for table in tables.metadata.sorted_tables:
        _copy_table(source, target, table)


def _copy_table(source: Connection, target: Connection, table: Table) -> None:
    mark = DIALECTS[target.dialect.name].placeholder
    insert = Insert(table, mark, target.dialect, replace=False)
    rows = source.execution_options(yield_per=PAGE).execute(select(table))
    for page in rows.partitions():
        insert(target, [tuple(row) for row in page])
