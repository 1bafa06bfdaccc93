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
    driver = connection.dialect.loaded_dbapi
    cursor = connection.connection.cursor()
    try:
        cursor.execute(statement, values)
    except driver.Error as error:
        raise DBAPIError.instance(
            statement, None, error, driver.Error, hide_parameters=True
        ) from error
    finally:
        cursor.close()
