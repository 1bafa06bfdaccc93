"""The journal in SQL: `engine.ports.Journal` on SQLite or PostgreSQL. No rules in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from hashlib import sha256
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from queued.core.plan import Millis
from queued.engine.ports import (
    HASH_ZERO,
    PAGE_MAX,
    Answer,
    AppendFailed,
    Batch,
    Fenced,
    JournalAway,
    JournalBroken,
    JournalError,
    Record,
    Snapshot,
)
from queued.storage import tables as t
from queued.storage.bulk import Insert
from queued.storage.database import Database
from queued.storage.errors import HallOwned, StoreAway, StoreError, StoreFailed
from queued.storage.rows import answer_row, record_of_row, record_row, ticket_row
from queued.storage.threads import Work

T = TypeVar("T")

Run: TypeAlias = Callable[[Work[Any]], Awaitable[Any]]
"""`Database.read` or `Database.write`."""

_RECORD = select(
    t.journal.c.seq,
    t.journal.c.at,
    t.journal.c.type,
    t.journal.c.by,
    t.journal.c.body,
    t.journal.c.hash,
)


class SqlJournal:
    """`engine.ports.Journal` on a database. Damaged data raises, nothing is skipped."""

    def __init__(self, database: Database, *, writable: bool = True) -> None:
        self._database = database
        self._writable = writable
        self._heads: dict[str, int] = {}
        self._doubtful: set[str] = set()
        """Halls whose last append failed, and nobody has looked since."""
        self._inserts: tuple[Insert, Insert, Insert] | None = None

    async def append(self, hall: str, batch: Batch) -> None:
        """Durable when it returns; see the port. An empty batch is a mistake: `ValueError`."""
        if not batch.records:
            raise ValueError("a batch without records")
        if not self._writable:
            raise AppendFailed("this process does not own the data folder")
        try:
            await self._database.write(lambda connection: self._append(connection, hall, batch))
        except HallOwned as owned:
            raise Fenced(str(owned)) from owned
        except (DBAPIError, StoreError, OverflowError, UnicodeError) as error:
            # The last two: a value that no column can hold. It must not stop the hall.
            self._heads.pop(hall, None)
            self._doubtful.add(hall)
            raise AppendFailed(str(error)) from error
        except AppendFailed:
            self._heads.pop(hall, None)
            raise
        self._heads[hall] = batch.records[-1].seq

    async def read(self, hall: str, after: int, limit: int = PAGE_MAX) -> list[Record]:
        """Records with seq > `after`, in order, at most `limit` (1 … 1000)."""
        if not 1 <= limit <= PAGE_MAX:
            raise ValueError(f"limit is {limit}, allowed are 1 to {PAGE_MAX}")
        return await self._read(after + 1, lambda connection: page(connection, hall, after, limit))

    async def head(self, hall: str) -> tuple[int, bytes]:
        """Seq and hash of the last record; (0, HASH_ZERO) of an empty chain. See the port."""
        if hall not in self._doubtful or not self._database.dialect.reconnects:
            return await self._read(0, lambda connection: head(connection, hall))
        # As the writer: its new connection is there only when the former one is certainly over.
        found = await self._read(
            0, lambda connection: head(connection, hall), self._database.write
        )
        self._doubtful.discard(hall)
        return found

    async def save_snapshot(self, hall: str, snapshot: Snapshot) -> None:
        """Keep `snapshot`, replacing an older one. Raises `JournalError`."""
        if not self._writable:
            raise JournalError("this process does not own the data folder")
        digest = sha256(snapshot.body).hexdigest()
        row = (hall, snapshot.seq, snapshot.hash, snapshot.body, digest)

        def work(connection: Connection) -> None:
            connection.execute(t.snapshot.delete().where(t.snapshot.c.hall == hall))
            connection.execute(t.snapshot.insert().values(row))

        try:
            await self._database.write(work)
        except (DBAPIError, StoreError) as error:
            raise JournalError(f"cannot keep a snapshot: {error}") from error

    async def load_snapshot(self, hall: str) -> Snapshot | None:
        """The newest snapshot; None if there is none, or it does not fit the journal."""
        return await self._read(0, lambda connection: load_snapshot(connection, hall))

    async def answer(self, hall: str, key: str) -> Answer | None:
        """The remembered answer to the command with `key`."""
        c = t.answer.c
        query = select(c.key, c.fingerprint, c.seq, c.at, c.body).where(
            c.hall == hall, c.key == key
        )
        row = await self._read(0, lambda connection: connection.execute(query).first())
        return Answer(*row) if row else None

    async def keys(self, hall: str, since: Millis) -> list[tuple[str, str]]:
        """(key, fingerprint) of all answers given at or after `since`, oldest first."""
        c = t.answer.c
        query = select(c.key, c.fingerprint).where(c.hall == hall, c.at >= since)
        query = query.order_by(c.at, c.seq, c.key)
        rows = await self._read(0, lambda connection: connection.execute(query).all())
        return [(key, fingerprint) for key, fingerprint in rows]

    async def forget_answers(self, hall: str, before: Millis) -> None:
        """Remove the answers given before `before`. Raises `JournalError`."""
        if not self._writable:
            raise JournalError("this process does not own the data folder")
        old = t.answer.delete().where(t.answer.c.hall == hall, t.answer.c.at < before)
        try:
            await self._database.write(lambda connection: connection.execute(old))
        except (DBAPIError, StoreError) as error:
            raise JournalError(f"cannot remove old answers: {error}") from error

    async def close(self) -> None:
        """Finish the append in hand and let go of the database. Twice does nothing."""
        await self._database.close()

    # ── In the writer's thread ────────────────────────────────────────────────────────────

    def _append(self, connection: Connection, hall: str, batch: Batch) -> None:
        records, tickets, answers = self._statements(connection)
        first = batch.records[0].seq
        # What was acknowledged last may be behind what another append has written since.
        last = self._heads.get(hall)
        if last != first - 1:
            last = head(connection, hall)[0]
        if first <= last:
            raise Fenced(f"seq {first} of hall {hall} is taken, the journal is at {last}")
        seqs = [record.seq for record in batch.records]
        if seqs != list(range(last + 1, last + 1 + len(seqs))):
            raise AppendFailed(f"seq {seqs} do not follow {last}, the journal's last")
        # By key: one statement may not touch a row twice. The last state is the true one.
        by_ticket = {(row.day, row.ticket.id): row for row in batch.tickets}
        by_key = {answer.key: answer for answer in batch.answers}
        try:
            with self._database.dialect.at_once(connection):
                records(connection, [record_row(hall, record) for record in batch.records])
                tickets(connection, [ticket_row(hall, row) for row in by_ticket.values()])
                answers(connection, [answer_row(hall, answer) for answer in by_key.values()])
        except DBAPIError as error:
            # Of the three only the records can meet a key that is there.
            if self._database.dialect.is_duplicate(error):
                raise Fenced(f"seq {first} of hall {hall} is taken by another owner") from error
            raise
        for beside in batch.beside:
            beside(connection)

    def _statements(self, connection: Connection) -> tuple[Insert, Insert, Insert]:
        if self._inserts is None:
            mark, sql = self._database.dialect.placeholder, connection.dialect
            self._inserts = (
                Insert(t.journal, mark, sql, replace=False),
                Insert(t.ticket, mark, sql, replace=True),
                # A key that returns after the engine has forgotten it begins anew.
                Insert(t.answer, mark, sql, replace=True),
            )
        return self._inserts

    async def _read(self, seq: int, work: Work[T], how: Run | None = None) -> T:
        try:
            return await (how or self._database.read)(work)
        except StoreAway as away:
            raise JournalAway(str(away)) from away
        except HallOwned as owned:
            raise Fenced(str(owned)) from owned
        except StoreFailed as error:
            raise JournalBroken(seq, str(error)) from error
        except StoreError as error:
            raise JournalError(str(error)) from error


# ── Inside a transaction: also for verify, rebuild and backup ─────────────────────────────


def page(connection: Connection, hall: str, after: int, limit: int) -> list[Record]:
    """Records after `after`, up to the first that cannot be read; raises `JournalBroken` if
    that is the very next one. So whoever reads on proves all the good ones before it."""
    c = t.journal.c
    query = _RECORD.where(c.hall == hall, c.seq > after).order_by(c.seq).limit(limit)
    records: list[Record] = []
    try:
        for row in connection.execute(query):
            records.append(record_of_row(row, records[-1].seq + 1 if records else after + 1))
    except JournalBroken:
        if not records:
            raise
    except SQLAlchemyError as error:
        # Rows arrive many at a time: one alone is what tells the good from the bad.
        if limit == 1:
            raise JournalBroken(after + 1, str(error)) from error
        return page(connection, hall, after, 1)
    return records


def every_record(connection: Connection, hall: str) -> Iterator[Record]:
    """The whole journal of a hall, page by page."""
    after = 0
    while records := page(connection, hall, after, PAGE_MAX):
        yield from records
        after = records[-1].seq


def head(connection: Connection, hall: str) -> tuple[int, bytes]:
    """Seq and hash of the last record; (0, HASH_ZERO) of an empty chain."""
    c = t.journal.c
    query = select(c.seq, c.hash).where(c.hall == hall).order_by(c.seq.desc()).limit(1)
    row = connection.execute(query).first()
    return (row[0], row[1]) if row else (0, HASH_ZERO)


def load_snapshot(connection: Connection, hall: str) -> Snapshot | None:
    """The snapshot, if its body is what was written and its record is in the journal."""
    s, j = t.snapshot.c, t.journal.c
    query = select(s.seq, s.hash, s.body, s.digest).where(s.hall == hall)
    query = query.join(t.journal, (j.hall == s.hall) & (j.seq == s.seq) & (j.hash == s.hash))
    row = connection.execute(query).first()
    if row is None or type(row[2]) is not bytes or sha256(row[2]).hexdigest() != row[3]:
        return None
    return Snapshot(*row[:3])
