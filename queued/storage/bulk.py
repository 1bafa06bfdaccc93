"""Many rows in one statement, without compiling SQL on the way.

How it works. The text for n rows is built once for each n up to `ROWS_MAX` and kept. One
statement with many rows beats one statement run many times, and beats a few statements too:
around each run the driver lets go of the interpreter lock, and on a busy event loop each time
costs up to a switch interval to get back.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.engine import Dialect as SqlDialect

from queued.storage.driven import driven

ROWS_MAX = 64
"""64 rows of 25 columns are 1,600 parameters, far below SQLite's 32,766."""


class Insert:
    """Inserts rows given as tuples in the table's column order; with `replace`, by its key."""

    def __init__(self, table: Table, placeholder: str, sql: SqlDialect, *, replace: bool) -> None:
        quote = sql.identifier_preparer.quote
        names = [quote(column.name) for column in table.columns]
        self._head = f"INSERT INTO {quote(table.name)} ({', '.join(names)}) VALUES "
        self._row = f"({', '.join([placeholder] * len(names))})"
        self._tail = _replacing(table, quote) if replace else ""
        self._statements: dict[int, str] = {}

    def __call__(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """All of `rows`, in order. Keys within one call must differ."""
        for start in range(0, len(rows), ROWS_MAX):
            piece = rows[start : start + ROWS_MAX]
            driven(connection, self._statement(len(piece)), tuple(chain.from_iterable(piece)))

    def _statement(self, size: int) -> str:
        if size not in self._statements:
            self._statements[size] = self._head + ", ".join([self._row] * size) + self._tail
        return self._statements[size]


def _replacing(table: Table, quote: Any) -> str:
    keys = [quote(column.name) for column in table.primary_key.columns]
    others = [quote(column.name) for column in table.columns if not column.primary_key]
    updates = ", ".join(f"{name} = excluded.{name}" for name in others)
    return f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {updates}"
