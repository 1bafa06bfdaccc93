"""Statements straight to the driver, for what every transaction does.

SQLAlchemy's own way to the same driver costs more than the statement itself, and a hall's
visitors wait for it: it is between a pressed button and the paper.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def driven(connection: Connection, statement: str, values: tuple[Any, ...] = ()) -> None:
    """Run it; nothing is fetched. Errors come as SQLAlchemy would tell them."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(statement, values)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _told(connection, statement, error) from error
    finally:
        cursor.close()


@contextmanager
def pipelined(connection: Connection) -> Iterator[None]:
    """What is `driven` inside goes to a database server in one go: one way there and back for
    all of it. An error of any of it may come as late as the end."""
    try:
        with connection.connection.driver_connection.pipeline():  # type: ignore[union-attr]
            yield
    except connection.dialect.loaded_dbapi.Error as error:
        raise _told(connection, "a pipeline", error) from error


def _told(connection: Connection, statement: str, error: Exception) -> Exception:
    dialect, raw = connection.dialect, connection.connection.dbapi_connection
    lost = dialect.is_disconnect(error, raw, None)  # type: ignore[arg-type]
    told = DBAPIError.instance(
        statement,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=lost,
        dialect=dialect,
    )
    if lost:
        connection.invalidate(told)
    return told
