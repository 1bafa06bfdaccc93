"""The ticket table: read one of an earlier day, rebuild all from the journal, compare."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any

from sqlalchemy import Connection, select

from queued.core.model import Hall, Ticket, TicketId
from queued.engine.ports import TicketRow
from queued.storage import tables as t
from queued.storage.bulk import Insert
from queued.storage.database import Database
from queued.storage.fold import days
from queued.storage.rows import ticket_of_row, ticket_row

DIFFERENCES_MAX = 20
"""Sentences in one comparison: enough to see what happened, few enough to read."""

_TICKET = select(*t.ticket.columns)


class Tickets:
    """Rows that follow from the journal. Who decides reads the hall instead."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ticket(self, hall: str, day: str, id_: TicketId) -> Ticket | None:
        """A ticket of business day `day` (ISO date) as it was last."""
        c = t.ticket.c
        query = _TICKET.where(c.hall == hall, c.day == day, c.id == id_)
        row = await self._database.read(lambda connection: connection.execute(query).first())
        return ticket_of_row(row) if row else None

    async def numbered(self, hall: str, day: str, number: str) -> Ticket | None:
        """The newest ticket of business day `day` with this number; None if there is none."""
        c = t.ticket.c
        query = (
            _TICKET.where(c.hall == hall, c.day == day, c.number == number)
            .order_by(c.id.desc())
            .limit(1)
        )
        row = await self._database.read(lambda connection: connection.execute(query).first())
        return ticket_of_row(row) if row else None

    async def of_day(self, hall: str, day: str) -> list[Ticket]:
        """All tickets of a business day, in the order of taking."""
        return await self._database.read(lambda connection: _of_day(connection, hall, day))

    async def rebuild(self, hall: str) -> int:
        """Drop the hall's rows and write them from its journal; how many. Blocks appends.

        Raises `JournalBroken`; then the old rows stay.
        """
        mark = self._database.dialect.placeholder

        def work(connection: Connection) -> int:
            insert = Insert(t.ticket, mark, connection.dialect, replace=True)
            connection.execute(t.ticket.delete().where(t.ticket.c.hall == hall))
            count = 0
            for folded in days(connection, hall):
                day = folded.day or ""
                insert(
                    connection,
                    [ticket_row(hall, TicketRow(day, ticket)) for ticket in folded.tickets],
                )
                count += len(folded.tickets)
            return count

        return await self._database.write(work)

    async def differences(self, hall: str) -> tuple[str, ...]:
        """Where the table and the journal disagree, as sentences. Raises `JournalBroken`."""

        def work(connection: Connection) -> tuple[str, ...]:
            return tuple(islice(_differences(connection, hall), DIFFERENCES_MAX))

        return await self._database.read(work)


def _differences(connection: Connection, hall: str) -> Iterator[str]:
    seen = set()
    for folded in days(connection, hall):
        seen.add(folded.day or "")
        yield from compare_day(connection, hall, folded)
    yield from stray_days(connection, hall, seen)


def stray_days(connection: Connection, hall: str, known: AbstractSet[str]) -> Iterator[str]:
    """Days in the table that are not `known` to the journal."""
    c = t.ticket.c
    for day in connection.scalars(select(c.day).where(c.hall == hall).distinct()).all():
        if day not in known:
            yield f"day {day} is in the ticket table, not in the journal"


def compare_day(connection: Connection, hall: str, folded: Hall) -> Iterator[str]:
    """Where the table's rows differ from the tickets of a folded hall's day."""
    day = folded.day or ""
    rows = connection.execute(_day_query(hall, day)).all()
    stored: dict[int, Any] = {row.id: tuple(row) for row in rows}
    for ticket in folded.tickets:
        expected = ticket_row(hall, TicketRow(day, ticket))
        found = stored.pop(ticket.id, None)
        if found is None:
            yield f"ticket {ticket.id} ({ticket.number}) of {day} is not in the ticket table"
        elif found != expected:
            names = [
                column.name
                for column, one, other in zip(t.ticket.columns, expected, found, strict=True)
                if one != other
            ]
            yield (
                f"ticket {ticket.id} ({ticket.number}) of {day} differs from the journal "
                f"in {', '.join(names)}"
            )
    for id_ in stored:
        yield f"ticket {id_} of {day} is in the ticket table, not in the journal"


def _of_day(connection: Connection, hall: str, day: str) -> list[Ticket]:
    return [ticket_of_row(row) for row in connection.execute(_day_query(hall, day))]


def _day_query(hall: str, day: str) -> Any:
    c = t.ticket.c
    return _TICKET.where(c.hall == hall, c.day == day).order_by(c.id)
