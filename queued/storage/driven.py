"""One statement straight to the driver, for what every transaction does.

SQLAlchemy's own way to the same driver costs more than the statement itself, and a hall's
visitors wait for it: it is between a pressed button and the paper.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def driven(connection: Connection, statement: str, values: tuple[Any, ...] = ()) -> None:
    """Run it; nothing is fetched. Errors come as SQLAlchemy would tell them."""
    dialect = connection.dialect
    raw = connection.connection
    cursor = raw.cursor()
    try:
        cursor.execute(statement, values)
    except dialect.loaded_dbapi.Error as error:
        lost = dialect.is_disconnect(error, raw.dbapi_connection, cursor)
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
        raise told from error
    finally:
        cursor.close()
