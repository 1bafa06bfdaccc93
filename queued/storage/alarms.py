"""The alarms there are: so that a restart forgets none, nor who has seen to it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import Connection, select

from queued.engine.alarms import Alarm, Fact
from queued.storage import tables as t
from queued.storage.database import Database

_ENCODE = msgspec.json.Encoder().encode
_FACTS = msgspec.json.Decoder(dict[str, Fact])

_ALARM = select(*list(t.alarm.columns)[1:])


class KeptAlarms:
    """The alarms of all halls. Durable when a call returns; raises `StoreError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self, hall: str) -> list[Alarm]:
        """In the order of their ids."""
        query = _ALARM.where(t.alarm.c.hall == hall).order_by(t.alarm.c.id)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [_alarm(*row) for row in rows]

    async def keep(self, hall: str, changed: Sequence[Alarm], gone: Collection[int] = ()) -> None:
        """Those that are new or have changed as they are now; those that are `gone` no more."""
        c = t.alarm.c
        ids = [*gone, *(one.id for one in changed)]

        def work(connection: Connection) -> None:
            connection.execute(t.alarm.delete().where(c.hall == hall, c.id.in_(ids)))
            if changed:
                connection.execute(t.alarm.insert(), [_row(hall, one) for one in changed])

        await self._database.write(work)


def _row(hall: str, one: Alarm) -> dict[str, object]:
    return {
        "hall": hall,
        "id": one.id,
        "kind": one.kind,
        "subject": one.subject,
        "since": one.since,
        "at": one.at,
        "times": one.times,
        "facts": _ENCODE(one.facts).decode(),
        "acknowledged_by": one.acknowledged_by,
        "acknowledged_at": one.acknowledged_at,
    }


def _alarm(*row: object) -> Alarm:
    """Of a row's columns after the hall, which are the fields of an alarm in their order."""
    values = dict(zip(Alarm.__slots__, row, strict=True))
    values["facts"] = _FACTS.decode(str(values["facts"]))
    return Alarm(**values)  # type: ignore[arg-type]
