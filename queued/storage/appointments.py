"""Who is expected when: appointments by the digest of their code.

A booking system keeps names and telephones; a hall needs the code, the service and the time.
Appointments long over are removed when new ones come: nobody asks for them any more, and what
became of their holders stands in the journal.
"""

from __future__ import annotations

from dataclasses import astuple

from sqlalchemy import Connection, func, select

from queued.engine.appointments import Appointment, CodeTaken, TooManyAppointments
from queued.storage import tables as t
from queued.storage.database import Database

EXPECTED_MAX = 20_000
"""Appointments of a hall at once: a large hall's bookings of two weeks. Above it, something
books in a loop."""

KEPT_MS = 7 * 86_400_000
"""After its slot: long enough to answer "I was booked for Friday", short enough to forget."""


_ALL = select(*(column for column in t.appointment.columns if column.name != "hall"))


class Appointments:
    """Appointments of all halls. Durable when a call returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def book(self, hall: str, wanted: Appointment) -> bool:
        """See `engine.appointments.Appointments`."""

        def work(connection: Connection) -> bool:
            c = t.appointment.c
            connection.execute(
                t.appointment.delete().where(
                    c.hall == hall,
                    (c.slot < wanted.made_at - KEPT_MS)
                    | ((c.digest == wanted.digest) & (c.slot < wanted.made_at - 86_400_000)),
                )
            )
            there = _find(connection, hall, wanted.digest)
            if there is not None:
                if there.same(wanted):
                    return False
                raise CodeTaken
            count = select(func.count()).select_from(t.appointment).where(c.hall == hall)
            if (connection.scalar(count) or 0) >= EXPECTED_MAX:
                raise TooManyAppointments
            connection.execute(t.appointment.insert().values((hall, *astuple(wanted))))
            return True

        return await self._database.write(work)

    async def find(self, hall: str, digest: str) -> Appointment | None:
        """The appointment with that code."""
        return await self._database.read(lambda connection: _find(connection, hall, digest))

    async def cancel(self, hall: str, digest: str) -> bool:
        """Expect that person no more; False if nobody did."""
        c = t.appointment.c
        gone = t.appointment.delete().where(c.hall == hall, c.digest == digest)
        return await self._database.write(
            lambda connection: connection.execute(gone).rowcount == 1
        )


def _find(connection: Connection, hall: str, digest: str) -> Appointment | None:
    c = t.appointment.c
    row = connection.execute(_ALL.where(c.hall == hall, c.digest == digest)).first()
    return Appointment(*row) if row else None
