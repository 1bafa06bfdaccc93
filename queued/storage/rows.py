"""Values to rows and back: the one place where the columns of a ticket and a record are named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from queued.core.model import Status, Ticket
from queued.engine.ports import Answer, JournalBroken, Record, TicketRow

# After hall and day, the columns of `tables.ticket` are the fields of a ticket, in their order.
_TICKET_FIELDS = tuple(field.name for field in fields(Ticket))
_TICKET_VALUES = attrgetter(*_TICKET_FIELDS)
_STATUSES = (_TICKET_FIELDS.index("status"), _TICKET_FIELDS.index("was"))

_RECORD_TYPES = (int, int, str, str, bytes, bytes)


def record_row(hall: str, record: Record) -> tuple[Any, ...]:
    """In the column order of `tables.journal`."""
    return (hall, record.seq, record.at, record.type, record.by, record.body, record.hash)


def record_of_row(row: Sequence[Any], seq: int) -> Record:
    """From seq, at, type, by, body, hash. Raises `JournalBroken(seq)` if a damaged row has
    another type than was written; its hash is checked elsewhere."""
    if tuple(map(type, row)) != _RECORD_TYPES:
        raise JournalBroken(seq, "a column holds something that was never written there")
    return Record(*row)


def answer_row(hall: str, answer: Answer) -> tuple[Any, ...]:
    """In the column order of `tables.answer`."""
    return (hall, answer.key, answer.fingerprint, answer.seq, answer.at, answer.body)


def ticket_row(hall: str, row: TicketRow) -> tuple[Any, ...]:
    """In the column order of `tables.ticket`."""
    values = list(_TICKET_VALUES(row.ticket))
    for at in _STATUSES:
        values[at] = values[at].value
    return (hall, row.day, *values)


def ticket_of_row(row: Sequence[Any]) -> Ticket:
    """From all columns of `tables.ticket`. Raises `ValueError` for an unknown status."""
    values = list(row[2:])
    for at in _STATUSES:
        values[at] = Status(values[at])
    return Ticket(*values)
