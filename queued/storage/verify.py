"""Prove a data folder: every hash, every fold, every promise, every table that follows.

Read-only, and possible beside a running owner: each hall is read in one transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from queued.core.invariants import violations
from queued.core.model import Hall
from queued.engine.codec import hall_of
from queued.engine.ports import JournalBroken, Snapshot
from queued.storage import tables as t
from queued.storage.city import City, right_place
from queued.storage.connect import check, open_connection, sqlite_reader
from queued.storage.errors import StoreError
from queued.storage.fold import history
from queued.storage.folder import DATABASE, read_secret
from queued.storage.journal import head, load_snapshot
from queued.storage.migrate import VERSION, version_of
from queued.storage.tickets import DIFFERENCES_MAX, compare_day, stray_days


@dataclass(frozen=True, slots=True)
class HallReport:
    """One hall. `seq` is the last good record, `bad_seq` the first bad one if there is one."""

    hall: str
    seq: int
    day: str | None
    records: int
    tickets: int
    answers: int
    slips: int
    bad_seq: int | None
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A data folder. `problems` concern the database as a whole; `files` are those that lie in a
    backup beside it."""

    halls: tuple[HallReport, ...]
    problems: tuple[str, ...]
    files: int = 0

    @property
    def ok(self) -> bool:
        """Nothing is wrong."""
        return not self.problems and not any(hall.problems for hall in self.halls)

    @property
    def bad_seq(self) -> int | None:
        """The first bad seq of the first damaged hall."""
        return next((hall.bad_seq for hall in self.halls if hall.bad_seq is not None), None)


async def verify(data_dir: Path | str, city: City | None = None) -> Report:
    """Check everything in `data_dir`, in a city also what is the hall's on the server. Damage is
    in the report; raises `StoreError` only if there is no database to look at."""
    return await asyncio.to_thread(_verify_folder, Path(data_dir), city)


def verify_file(file: Path) -> Report:
    """The same for one database file; blocks."""
    problems: list[str] = []
    try:
        connection = open_connection(sqlite_reader(file))
    except StoreError as error:
        return Report((), (str(error),))
    try:
        try:
            check(connection)
        except StoreError as error:
            problems.append(str(error))
        return _reported(connection, problems)
    finally:
        connection.close()


def report_within(connection: Connection) -> Report:
    """The same inside the caller's transaction: proven before it is committed."""
    return Report(tuple(_hall(connection, name) for name in _names(connection)), ())


def _verify_folder(folder: Path, city: City | None) -> Report:
    right_place(folder, city)
    if city is not None:
        report = _verify_city(city)
    elif (folder / DATABASE).is_file():
        report = verify_file(folder / DATABASE)
    else:
        raise StoreError(f"there is no queued database in {folder}")
    try:
        read_secret(folder, create=False)
    except StoreError as error:
        return Report(report.halls, (*report.problems, str(error)))
    return report


def _verify_city(city: City) -> Report:
    from queued.storage import postgresql

    connection = postgresql.reader(city)
    try:
        return _reported(connection, [])
    finally:
        connection.close()


def _reported(connection: Connection, problems: list[str]) -> Report:
    try:
        return Report(tuple(_halls(connection)), tuple(problems))
    except (SQLAlchemyError, StoreError, UnicodeDecodeError) as error:
        # The last of them: names of tables that are no text any more.
        return Report((), (*problems, str(error)))


def _halls(connection: Connection) -> Iterator[HallReport]:
    with connection.begin():
        names = _names(connection)
    for name in names:
        with connection.begin():
            yield _hall(connection, name)


def _names(connection: Connection) -> list[str]:
    if (version := version_of(connection)) != VERSION:
        raise StoreError(f"the database has version {version}, this queued checks {VERSION}")
    names: set[str] = set()
    for table in (t.journal, t.ticket, t.snapshot, t.answer, t.cursor, t.slip):
        names.update(connection.scalars(select(table.c.hall).distinct()))
    return sorted(names)


@dataclass(slots=True)
class _Walk:
    """What one pass over a journal leaves behind."""

    hall: Hall
    records: int
    problems: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    days: set[str] = field(default_factory=set)
    bad_seq: int | None = None


def _hall(connection: Connection, name: str) -> HallReport:
    snapshot = load_snapshot(connection, name)
    walk = _walk(connection, name, snapshot)
    if walk.bad_seq is None:
        walk.problems += _beyond(connection, name, head(connection, name)[0], snapshot)
        walk.differences += stray_days(connection, name, walk.days)
        walk.problems += walk.differences[:DIFFERENCES_MAX]
    return HallReport(
        hall=name,
        seq=walk.hall.seq,
        day=walk.hall.day,
        records=walk.records,
        tickets=_count(connection, t.ticket.c.hall, name),
        answers=_count(connection, t.answer.c.hall, name),
        slips=_count(connection, t.slip.c.hall, name),
        bad_seq=walk.bad_seq,
        problems=tuple(walk.problems),
    )


def _walk(connection: Connection, name: str, snapshot: Snapshot | None) -> _Walk:
    """Fold the journal once: promises at the end of each day, the snapshot at its seq."""
    walk = _Walk(Hall(), 0)
    # None also for a snapshot that another version wrote: recovery does without it.
    kept = hall_of(snapshot) if snapshot is not None else None
    snapshot_seq = kept.seq if kept is not None else 0
    last = walk.hall
    try:
        for record, hall in history(connection, name):
            if last.day is not None and hall.day != last.day:
                _end_of_day(connection, name, walk, last)
            if record.seq == snapshot_seq and kept not in (None, hall):
                walk.problems.append(f"the snapshot at seq {record.seq} is not that hall")
            walk.records += 1
            last = walk.hall = hall
    except JournalBroken as broken:
        walk.bad_seq = broken.seq
        walk.problems.append(str(broken))
    if last.day is not None:
        _end_of_day(connection, name, walk, last)
    return walk


def _end_of_day(connection: Connection, name: str, walk: _Walk, hall: Hall) -> None:
    walk.days.add(hall.day or "")
    walk.differences += islice(compare_day(connection, name, hall), DIFFERENCES_MAX)
    for violation in violations(hall):
        if walk.bad_seq is None:
            walk.bad_seq = hall.seq
        walk.problems.append(f"at seq {hall.seq}: {violation}")


def _beyond(
    connection: Connection, name: str, seq: int, snapshot: Snapshot | None
) -> Iterator[str]:
    """Traces of records that are not there: the end of the journal was cut off."""
    traces: dict[str, Any] = {
        "an answer": (t.answer.c.hall, t.answer.c.seq),
        "a cursor": (t.cursor.c.hall, t.cursor.c.seq),
        "a slip": (t.slip.c.hall, t.slip.c.seq),
        "the snapshot": (t.snapshot.c.hall, t.snapshot.c.seq),
    }
    for what, (hall, column) in traces.items():
        last = connection.scalar(select(func.max(column)).where(hall == name))
        if last is not None and last > seq:
            yield f"{what} follows seq {last}, but the journal ends at {seq}"
    if snapshot is None and _count(connection, t.snapshot.c.hall, name):
        yield "the snapshot is spoiled; starts do without it, the next one replaces it"


def _count(connection: Connection, column: Column[str], name: str) -> int:
    return connection.scalar(select(func.count()).where(column == name)) or 0
