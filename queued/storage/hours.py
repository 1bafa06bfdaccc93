"""What each hour of each day was like, and what was learnt from it: follows from the journal.

Whoever works it out (`queued.history`) keeps the figures of a day, what was learnt by its end and
its cursor in one transaction: after a crash a day is either done or not begun.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, func, select

from queued.core.plan import QueueId
from queued.engine.day_figures import HourFigures
from queued.storage import tables as t
from queued.storage.bulk import Insert
from queued.storage.database import Database
from queued.storage.ledger import cursor_of, move_cursor

FOLLOWER: Final = "history"
"""Its cursor: seq of the last `DayClosed` that is in the tables."""

_ENCODE = msgspec.json.Encoder().encode
_NUMBERS = msgspec.json.Decoder(tuple[int, ...])
_MEANS = msgspec.json.Decoder(tuple[float, ...])


class Hours:
    """Figures of hours of all halls. Durable when a call returns; raises `StoreError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def cursor(self, hall: str) -> int:
        """Seq of the last `DayClosed` that is in the tables; 0 of none."""
        return await self._database.read(lambda one: cursor_of(one, hall, FOLLOWER) or 0)

    async def closed_after(self, hall: str, seq: int) -> int | None:
        """Seq of the last `DayClosed` beyond `seq`, if there is one."""
        c = t.journal.c
        query = select(func.max(c.seq)).where(
            c.hall == hall, c.seq > seq, c.type == "DayClosed"
        )
        return await self._database.read(lambda one: one.scalar(query))

    async def keep_day(
        self, hall: str, day: str, figures: Sequence[HourFigures], seq: int, name: str, body: bytes
    ) -> None:
        """The figures of `day`, what was learnt by its end at `seq` (as `name`), the cursor."""
        mark = self._database.dialect.placeholder
        rows = [_row(hall, one) for one in figures]

        def work(connection: Connection) -> None:
            c = t.hour_figures.c
            connection.execute(t.hour_figures.delete().where(c.hall == hall, c.day == day))
            Insert(t.hour_figures, mark, connection.dialect, replace=False)(connection, rows)
            _keep(connection, hall, name, seq, body)
            move_cursor(connection, hall, FOLLOWER, seq)

        await self._database.write(work)

    async def keep(self, hall: str, name: str, seq: int, body: bytes) -> None:
        """What was learnt from the journal up to `seq`, replacing what was there."""
        await self._database.write(lambda one: _keep(one, hall, name, seq, body))

    async def learnt(self, hall: str, name: str) -> tuple[int, bytes] | None:
        """The seq and what was learnt by it; None if there is nothing that fits the journal."""
        c, j = t.learnt.c, t.journal.c
        query = select(c.seq, c.body, c.digest).where(c.hall == hall, c.name == name)
        query = query.join(t.journal, (j.hall == c.hall) & (j.seq == c.seq) & (j.hash == c.hash))
        row = await self._database.read(lambda one: one.execute(query).first())
        if row is None or type(row[1]) is not bytes or sha256(row[1]).hexdigest() != row[2]:
            return None
        return row[0], row[1]

    async def between(self, hall: str, first: date, last: date) -> list[HourFigures]:
        """Hours of the days from `first` to `last`, in order."""
        c = t.hour_figures.c
        query = select(*list(t.hour_figures.columns)[1:]).where(
            c.hall == hall, c.day >= first.isoformat(), c.day <= last.isoformat()
        )
        query = query.order_by(c.day, c.hour, c.queue)
        return await self._database.read(
            lambda one: [_figures(row) for row in one.execute(query)]
        )

    async def days(self, hall: str) -> tuple[date, date] | None:
        """The first and the last day that is in the tables."""
        c = t.hour_figures.c
        query = select(func.min(c.day), func.max(c.day)).where(c.hall == hall)
        row = await self._database.read(lambda one: one.execute(query).one())
        return None if row[0] is None else (date.fromisoformat(row[0]), date.fromisoformat(row[1]))

    async def forget(self, hall: str) -> None:
        """Drop everything that follows from the hall's journal here: it is made again."""

        def work(connection: Connection) -> None:
            for table in (t.hour_figures, t.learnt):
                connection.execute(table.delete().where(table.c.hall == hall))
            c = t.cursor.c
            connection.execute(t.cursor.delete().where(c.hall == hall, c.name == FOLLOWER))

        await self._database.write(work)


def _keep(connection: Connection, hall: str, name: str, seq: int, body: bytes) -> None:
    j, c = t.journal.c, t.learnt.c
    digest = connection.scalar(select(j.hash).where(j.hall == hall, j.seq == seq))
    connection.execute(t.learnt.delete().where(c.hall == hall, c.name == name))
    values = (hall, name, seq, digest, body, sha256(body).hexdigest())
    connection.execute(t.learnt.insert().values(values))


def _row(hall: str, one: HourFigures) -> tuple[Any, ...]:
    """In the column order of `tables.hour_figures`."""
    lists = (_ENCODE(each).decode() for each in (one.waiting, one.waits_s, one.services_s))
    counts = (one.tickets, one.called, one.served, one.missed)
    return (hall, one.day, one.hour, one.queue, *counts, *lists)


def _figures(row: Sequence[Any]) -> HourFigures:
    day, hour, queue, tickets, called, served, missed, waiting, waits, services = row
    return HourFigures(
        day=day,
        hour=hour,
        queue=QueueId(queue),
        tickets=tickets,
        called=called,
        served=served,
        missed=missed,
        waiting=_MEANS.decode(waiting),
        waits_s=_NUMBERS.decode(waits),
        services_s=_NUMBERS.decode(services),
    )
