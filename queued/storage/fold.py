"""A hall's whole history, folded record by record inside one transaction."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from queued.core.evolve import InvariantBroken, evolve
from queued.core.model import Hall
from queued.engine.codec import checked, event_of
from queued.engine.ports import HASH_ZERO, JournalBroken, Record
from queued.storage.journal import every_record


def history(connection: Connection, hall_id: str) -> Iterator[tuple[Record, Hall]]:
    """Each record and the hall after it, proven from the first on. Raises `JournalBroken`."""
    hall = Hall()
    for record in checked(every_record(connection, hall_id), 0, HASH_ZERO):
        try:
            hall = evolve(hall, event_of(record))
        except InvariantBroken as broken:
            raise JournalBroken(record.seq, str(broken)) from broken
        yield record, hall


def days(connection: Connection, hall_id: str) -> Iterator[Hall]:
    """The hall at the end of each of its business days, the running one last."""
    last = Hall()
    for _, hall in history(connection, hall_id):
        if last.day is not None and hall.day != last.day:
            yield last
        last = hall
    if last.day is not None:
        yield last
