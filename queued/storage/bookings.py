"""A person's bookings: one a day, so many a slot, decided in the transaction that writes them.

A booking is an appointment that somebody made on the phone. The appointment is what kiosks ask
for; the booking says whose it is, as a keyed digest, until it is of no more use.
"""

from __future__ import annotations

from dataclasses import astuple

from sqlalchemy import Connection, func, select

from queued.core.plan import Millis, ServiceId
from queued.engine.appointments import Appointment, CodeTaken, TooManyAppointments
from queued.engine.bookings import BookedThatDay, Booking, SlotFull
from queued.storage import tables as t
from queued.storage.appointments import EXPECTED_MAX
from queued.storage.database import Database

KEPT_MS = 180 * 86_400_000
"""After the slot: the longest time for which a hall may remember who did not come."""

OF_PERSON_MAX = 500
"""One a day for as long as any is kept."""

_ALL = select(*(column for column in t.booking.columns if column.name != "hall"))


class Bookings:
    """Bookings of all halls. Durable when a call returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def book(
        self, hall: str, wanted: Appointment, person: str, day: str, per_slot: int
    ) -> None:
        """See `engine.bookings.Bookings`."""
        c = t.booking.c

        def work(connection: Connection) -> None:
            # Given up and booked again within a millisecond, it has the same code.
            again = (c.digest == wanted.digest) & (c.status == "cancelled")
            old = c.slot < wanted.made_at - KEPT_MS
            connection.execute(t.booking.delete().where(c.hall == hall, old | again))
            same_day = (c.hall == hall, c.person == person, c.day == day, c.status != "cancelled")
            if connection.execute(select(c.digest).where(*same_day)).first() is not None:
                raise BookedThatDay
            same_slot = (c.hall == hall, c.service == wanted.service, c.slot == wanted.slot)
            if _count(connection, *same_slot, c.status == "booked") >= per_slot:
                raise SlotFull
            a = t.appointment.c
            if connection.execute(
                select(a.digest).where(a.hall == hall, a.digest == wanted.digest)
            ).first():
                raise CodeTaken
            expected = select(func.count()).select_from(t.appointment).where(a.hall == hall)
            if (connection.scalar(expected) or 0) >= EXPECTED_MAX:
                raise TooManyAppointments
            connection.execute(t.appointment.insert().values((hall, *astuple(wanted))))
            booking = Booking(
                wanted.digest, person, day, wanted.service, wanted.slot, wanted.made_at, "booked"
            )
            connection.execute(t.booking.insert().values((hall, *astuple(booking))))

        await self._database.write(work)

    async def find(self, hall: str, digest: str) -> Booking | None:
        """See `engine.bookings.Bookings`."""
        c = t.booking.c
        query = _ALL.where(c.hall == hall, c.digest == digest)
        row = await self._database.read(lambda connection: connection.execute(query).first())
        return Booking(*row) if row else None

    async def of_person(self, hall: str, person: str) -> list[Booking]:
        """See `engine.bookings.Bookings`."""
        c = t.booking.c
        query = _ALL.where(c.hall == hall, c.person == person).order_by(c.slot).limit(OF_PERSON_MAX)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [Booking(*row) for row in rows]

    async def taken(self, hall: str, service: ServiceId, since: Millis) -> dict[Millis, int]:
        """See `engine.bookings.Bookings`."""
        c = t.booking.c
        query = (
            select(c.slot, func.count())
            .where(c.hall == hall, c.service == service, c.slot >= since, c.status == "booked")
            .group_by(c.slot)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {Millis(slot): count for slot, count in rows}

    async def cancel(self, hall: str, digest: str) -> bool:
        """See `engine.bookings.Bookings`."""
        c, a = t.booking.c, t.appointment.c

        def work(connection: Connection) -> bool:
            cancelled = connection.execute(
                t.booking.update()
                .where(c.hall == hall, c.digest == digest, c.status == "booked")
                .values(status="cancelled")
            )
            if cancelled.rowcount != 1:
                return False
            connection.execute(
                t.appointment.delete().where(a.hall == hall, a.digest == digest)
            )
            return True

        return await self._database.write(work)

    async def attended(self, hall: str, digest: str) -> None:
        """See `engine.bookings.Bookings`."""
        c = t.booking.c
        came = (
            t.booking.update()
            .where(c.hall == hall, c.digest == digest, c.status == "booked")
            .values(status="attended")
        )
        await self._database.write(lambda connection: connection.execute(came).rowcount)

    async def forget(self, person: str) -> int:
        """See `engine.bookings.Bookings`."""

        def work(connection: Connection) -> int:
            if connection.dialect.name == "sqlite":
                # Zeros instead of the bytes that were there, not just a page marked free.
                connection.exec_driver_sql("PRAGMA secure_delete=ON")
            gone = t.booking.delete().where(t.booking.c.person == person)
            return connection.execute(gone).rowcount

        return await self._database.write(work)


def _count(connection: Connection, *which: object) -> int:
    query = select(func.count()).select_from(t.booking).where(*which)  # type: ignore[arg-type]
    return connection.scalar(query) or 0
