"""What happened to the devices: a durable list, bounded per device and in age.

One bad cable must not push the history of every other device out, so the number is bounded
for each device of its own. Nothing personal is ever in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, func, select

from queued.core.plan import Millis
from queued.storage import tables as t
from queued.storage.database import Database

KEPT_PER_DEVICE: Final = 1000
"""A device that fails every minute of an office day fills it in two days; one that is well has
a few events a month. A hundred devices stay below 20 MB."""

KEPT_DAYS: Final = 90
"""A quarter: long enough to see that a printer jams every Monday."""

PAGE_MAX: Final = 200
DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """Something that happened to `device` ("" is the device process) at `at`, Unix ms.

    `kind` says what, `code` why (a device reason, "" if there is none), `detail` the driver's
    own words. `id` is 0 until it is stored; it grows with time within a hall.
    """

    at: Millis
    device: str
    kind: str
    code: str = ""
    detail: str = ""
    id: int = 0


class DeviceEvents:
    """The device events of all halls. Durable when a call returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, hall: str, events: Sequence[DeviceEvent]) -> None:
        """Store `events` in their order and let go of what is beyond the bounds."""
        if events:
            await self._database.write(lambda connection: _add(connection, hall, events))

    async def of(
        self,
        hall: str,
        devices: Sequence[str] | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[DeviceEvent]:
        """Events of `devices` (None: of all), newest first: at most `limit` (1 … 200), all with
        an id below `before`. Raises `ValueError` for another limit."""
        if not 1 <= limit <= PAGE_MAX:
            raise ValueError(f"limit is {limit}, allowed are 1 to {PAGE_MAX}")
        c = t.device_event.c
        query = select(c.at, c.device, c.kind, c.code, c.detail, c.id).where(c.hall == hall)
        if devices is not None:
            query = query.where(c.device.in_(devices))
        if before is not None:
            query = query.where(c.id < before)
        query = query.order_by(c.id.desc()).limit(limit)
        return await self._database.read(
            lambda connection: [DeviceEvent(*row) for row in connection.execute(query)]
        )


def _add(connection: Connection, hall: str, events: Sequence[DeviceEvent]) -> None:
    c = t.device_event.c
    last = connection.scalar(select(func.max(c.id)).where(c.hall == hall)) or 0
    rows = [
        {
            "hall": hall,
            "id": id_,
            "at": event.at,
            "device": event.device,
            "kind": event.kind,
            "code": event.code,
            "detail": event.detail,
        }
        for id_, event in enumerate(events, start=last + 1)
    ]
    connection.execute(t.device_event.insert(), rows)
    oldest = max(event.at for event in events) - KEPT_DAYS * DAY_MS
    # The newest id stays, whatever the clock said when it was written: ids only grow.
    too_old = (c.hall == hall) & (c.at < oldest) & (c.id <= last)
    connection.execute(t.device_event.delete().where(too_old))
    for device in {event.device for event in events}:
        mine = (c.hall == hall) & (c.device == device)
        newest = select(c.id).where(mine).order_by(c.id.desc())
        first_beyond = connection.scalar(newest.offset(KEPT_PER_DEVICE).limit(1))
        if first_beyond is not None:
            connection.execute(t.device_event.delete().where(mine & (c.id <= first_beyond)))
