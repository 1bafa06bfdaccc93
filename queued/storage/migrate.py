"""The version of a database: make a new one, bring an old one up, refuse a newer one.

A step is a function of a connection, kept for as long as somebody may still have the version
it starts from; it uses literal SQL, because `tables` only knows the newest shape. All steps
and the new version number are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from sqlalchemy import Connection, inspect, select

from queued.storage import tables
from queued.storage.errors import SchemaUnknown

VERSION = 10
"""Of the tables in `tables`."""

Step: TypeAlias = Callable[[Connection], None]


def _ratings_and_people(connection: Connection) -> None:
    """1 to 2: tickets are rated, and who holds one may be known for a while."""
    binary = "BYTEA" if connection.dialect.name == "postgresql" else "BLOB"
    for statement in (
        "ALTER TABLE ticket ADD COLUMN rating TEXT DEFAULT '' NOT NULL",
        "CREATE TABLE person (hall TEXT NOT NULL, day TEXT NOT NULL, ticket INTEGER NOT NULL, "
        f"kind TEXT NOT NULL, digest TEXT NOT NULL, masked TEXT NOT NULL, sealed {binary}, "
        "expires_at BIGINT NOT NULL, PRIMARY KEY (hall, day, ticket, kind))",
        "CREATE INDEX person_by_digest ON person (kind, digest)",
        "CREATE INDEX person_by_end ON person (expires_at)",
    ):
        connection.exec_driver_sql(statement)


def _device_events(connection: Connection) -> None:
    """2 to 3: what happened to devices is kept."""
    connection.exec_driver_sql(
        "CREATE TABLE device_event (hall TEXT NOT NULL, id BIGINT NOT NULL, at BIGINT NOT NULL, "
        "device TEXT NOT NULL, kind TEXT NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL, "
        "PRIMARY KEY (hall, id))"
    )
    connection.exec_driver_sql(
        "CREATE INDEX device_event_by_device ON device_event (hall, device, id)"
    )
    connection.exec_driver_sql("CREATE INDEX device_event_by_time ON device_event (hall, at)")


def _appointments(connection: Connection) -> None:
    """3 to 4: who is expected when."""
    connection.exec_driver_sql(
        "CREATE TABLE appointment (hall TEXT NOT NULL, digest TEXT NOT NULL,"
        " service TEXT NOT NULL, class TEXT NOT NULL, slot BIGINT NOT NULL,"
        " made_by TEXT NOT NULL, made_at BIGINT NOT NULL, PRIMARY KEY (hall, digest))"
    )
    connection.exec_driver_sql("CREATE INDEX appointment_by_slot ON appointment (hall, slot)")


def _reminders(connection: Connection) -> None:
    """4 to 5: phones are reminded, of what they have agreed to."""
    for statement in (
        "CREATE TABLE reminder (hall TEXT NOT NULL, key TEXT NOT NULL, person TEXT NOT NULL, "
        "kind TEXT NOT NULL, day TEXT NOT NULL, ticket INTEGER NOT NULL, at BIGINT NOT NULL, "
        "expires_at BIGINT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL, "
        "carrier_id TEXT NOT NULL, PRIMARY KEY (hall, key, person))",
        "CREATE INDEX reminder_by_status ON reminder (hall, status)",
        "CREATE INDEX reminder_by_person ON reminder (person)",
        "CREATE INDEX reminder_by_carrier ON reminder (hall, carrier_id)",
        "CREATE TABLE consent (person TEXT NOT NULL, template TEXT NOT NULL, "
        "left_over BIGINT NOT NULL, changed_at BIGINT NOT NULL, PRIMARY KEY (person, template))",
    ):
        connection.exec_driver_sql(statement)


def _audit_and_configurations(connection: Connection) -> None:
    """5 to 6: administration leaves a trace, and versions of the configuration."""
    connection.exec_driver_sql(
        "CREATE TABLE audit (id BIGINT NOT NULL, at BIGINT NOT NULL, \"by\" TEXT NOT NULL, "
        "action TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY (id))"
    )
    connection.exec_driver_sql(
        "CREATE TABLE configuration (hall TEXT NOT NULL, version BIGINT NOT NULL, "
        "at BIGINT NOT NULL, \"by\" TEXT NOT NULL, comment TEXT NOT NULL, body TEXT NOT NULL, "
        "file TEXT NOT NULL, PRIMARY KEY (hall, version))"
    )


def _hour_figures(connection: Connection) -> None:
    """6 to 7: what each hour was like, and what was learnt from it."""
    binary = "BYTEA" if connection.dialect.name == "postgresql" else "BLOB"
    for statement in (
        "CREATE TABLE hour_figures (hall TEXT NOT NULL, day TEXT NOT NULL, hour INTEGER NOT NULL, "
        "queue TEXT NOT NULL, tickets BIGINT NOT NULL, called BIGINT NOT NULL, "
        "served BIGINT NOT NULL, missed BIGINT NOT NULL, waiting TEXT NOT NULL, "
        "waits_s TEXT NOT NULL, services_s TEXT NOT NULL, PRIMARY KEY (hall, day, hour, queue))",
        f"CREATE TABLE learnt (hall TEXT NOT NULL, name TEXT NOT NULL, seq BIGINT NOT NULL, "
        f"hash {binary} NOT NULL, body {binary} NOT NULL, digest TEXT NOT NULL, "
        "PRIMARY KEY (hall, name))",
    ):
        connection.exec_driver_sql(statement)


def _page_versions(connection: Connection) -> None:
    """7 to 8: pages of columns have versions."""
    connection.exec_driver_sql(
        "CREATE TABLE page_version (hall TEXT NOT NULL, page TEXT NOT NULL, "
        "version BIGINT NOT NULL, at BIGINT NOT NULL, \"by\" TEXT NOT NULL, deed TEXT NOT NULL, "
        "body TEXT NOT NULL, PRIMARY KEY (hall, page, version))"
    )


def _bookings(connection: Connection) -> None:
    """8 to 9: people book on the phone."""
    for statement in (
        "CREATE TABLE booking (hall TEXT NOT NULL, digest TEXT NOT NULL, person TEXT NOT NULL, "
        "day TEXT NOT NULL, service TEXT NOT NULL, slot BIGINT NOT NULL, made_at BIGINT NOT NULL, "
        "status TEXT NOT NULL, PRIMARY KEY (hall, digest))",
        "CREATE INDEX booking_by_person ON booking (person)",
        "CREATE INDEX booking_by_slot ON booking (hall, slot)",
    ):
        connection.exec_driver_sql(statement)


def _alarms(connection: Connection) -> None:
    """9 to 10: alarms outlive a restart."""
    connection.exec_driver_sql(
        "CREATE TABLE alarm (hall TEXT NOT NULL, id BIGINT NOT NULL, kind TEXT NOT NULL, "
        "subject TEXT NOT NULL, since BIGINT NOT NULL, at BIGINT NOT NULL, times BIGINT NOT NULL, "
        "facts TEXT NOT NULL, acknowledged_by TEXT NOT NULL, acknowledged_at BIGINT, "
        "PRIMARY KEY (hall, id))"
    )


STEPS: Mapping[int, Step] = {
    1: _ratings_and_people,
    2: _device_events,
    3: _appointments,
    4: _reminders,
    5: _audit_and_configurations,
    6: _hour_figures,
    7: _page_versions,
    8: _bookings,
    9: _alarms,
}
"""From this version to the next."""


def version_of(connection: Connection) -> int | None:
    """The version; None of an empty database. Raises `SchemaUnknown` if it is not ours."""
    names = _table_names(connection)
    if tables.schema_version.name not in names:
        if names:
            raise SchemaUnknown(f"not a queued database: it has the tables {', '.join(names)}")
        return None
    versions = connection.execute(select(tables.schema_version.c.version)).scalars().all()
    if len(versions) != 1:
        raise SchemaUnknown(f"the database names {len(versions)} versions instead of one")
    return versions[0]


def _table_names(connection: Connection) -> list[str]:
    if connection.dialect.name == "postgresql":
        # Of the hall's own schema: the inspector would look where the first connection stood.
        query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        return list(connection.exec_driver_sql(query).scalars())
    return inspect(connection).get_table_names()


def migrate(
    connection: Connection, version: int = VERSION, steps: Mapping[int, Step] = STEPS
) -> int | None:
    """Bring the database to `version`; returns the one it had, None if it was empty.

    Raises `SchemaUnknown` for a newer one. The caller's transaction makes it all or nothing.
    """
    found = version_of(connection)
    if found is None:
        tables.metadata.create_all(connection)
        connection.execute(tables.schema_version.insert().values(version=version))
        return None
    refuse_newer(found, version)
    for at in range(found, version):
        if at not in steps:
            raise SchemaUnknown(f"there is no way from version {at} of the database to {at + 1}")
        steps[at](connection)
    if found != version:
        connection.execute(tables.schema_version.update().values(version=version))
    return found


def refuse_newer(found: int, version: int = VERSION) -> None:
    """Raises `SchemaUnknown` if `found` is beyond `version`."""
    if found > version:
        raise SchemaUnknown(
            f"the database has version {found}, this queued knows up to {version}: "
            "install the newer queued again"
        )
