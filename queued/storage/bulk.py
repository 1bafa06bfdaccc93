"""Many rows in few statements, without compiling SQL on the way.

How it works. The text for 64, 16, 4 and 1 rows is built once; a batch is cut into those. One
statement with many rows beats one statement run many times: between two runs the driver lets
go of the interpreter lock, and on a busy event loop each time costs milliseconds to get back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.engine import Dialect as SqlDialect

_SIZES = (64, 16, 4, 1)
"""64 rows of 25 columns are 1,600 parameters, far below SQLite's 32,766."""


class Insert:
    """Inserts rows given as tuples in the table's column order; with `replace`, by its key."""

    def __init__(self, table: Table, placeholder: str, sql: SqlDialect, *, replace: bool) -> None:
        quote = sql.identifier_preparer.quote
        names = [quote(column.name) for column in table.columns]
        head = f"INSERT INTO {quote(table.name)} ({', '.join(names)}) VALUES "
        row = f"({', '.join([placeholder] * len(names))})"
        tail = _replacing(table, quote) if replace else ""
        self._statements = [(size, head + ", ".join([row] * size) + tail) for size in _SIZES]

    def __call__(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """All of `rows`, in order. Keys within one call must differ."""
        start = 0
        for size, statement in self._statements:
            while len(rows) - start >= size:
                flat = tuple(value for row in rows[start : start + size] for value in row)
                connection.exec_driver_sql(statement, flat)
                start += size


def _replacing(table: Table, quote: Any) -> str:
    keys = [quote(column.name) for column in table.primary_key.columns]
    others = [quote(column.name) for column in table.columns if not column.primary_key]
    updates = ", ".join(f"{name} = excluded.{name}" for name in others)
    return f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {updates}"
