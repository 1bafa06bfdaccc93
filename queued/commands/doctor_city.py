"""The doctor looks at a city's database server: reached, trustworthy, quick, and the hall's own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from queued.commands.doctor_findings import Finding
from queued.settings_values import Settings
from queued.storage.city import City, city_of, right_place
from queued.storage.errors import StoreError

COMMITS = 20
COMMIT_SLOW_MS = 50.0
"""As for a disk: above it, visitors wait at the kiosk."""


def server(settings: Settings, data: Path) -> Iterator[Finding]:
    """What is wrong with the server of `[storage] url`, or how it is."""
    city = city_of(settings)
    try:
        right_place(data, city)
        if city is not None:
            yield _asked(city)
    except (StoreError, SQLAlchemyError) as error:
        yield Finding("bad", "city_failed", {"why": error})


def _asked(city: City) -> Finding:
    from queued.storage import postgresql

    with closing(postgresql.writer(city)) as connection:
        version = connection.exec_driver_sql("SHOW server_version").scalar_one()
        there = connection.exec_driver_sql("SELECT current_schema()").scalar()
        connection.commit()
        median = sorted(_commit_ms(connection) for _ in range(COMMITS))[COMMITS // 2]
    facts = {"version": version, "schema": city.schema, "ms": f"{median:.1f}", "count": COMMITS}
    if median > COMMIT_SLOW_MS:
        return Finding("bad", "city_slow", facts)
    if there is None:
        return Finding("note", "city_none", facts)
    return Finding("good", "city", facts)


def _commit_ms(connection: Connection) -> float:
    """A commit that must reach the disk and changes no table."""
    started = time.perf_counter()
    connection.exec_driver_sql("SELECT pg_logical_emit_message(true, 'queued', 'doctor')")
    connection.commit()
    return (time.perf_counter() - started) * 1000
