"""Appointments of a person: booked on the phone, shown with a code, given up in time.

The code is made of the booking and the hall's secret, and stored nowhere: a stolen database shows
neither who comes nor what he will say at the kiosk. Twelve letters and digits, 60 bits.
"""

from __future__ import annotations

import hmac
from base64 import b32encode
from dataclasses import dataclass, field
from datetime import date, datetime

from queued.core.plan import APPOINTMENT, Millis, ServiceId
from queued.engine.appointments import Appointment, TooManyAppointments
from queued.engine.bookings import BookedThatDay, Booking, Bookings, SlotFull
from queued.remote import slots
from queued.server.appointments import code_digest, used_as
from queued.server.live import Live
from queued.server.parts import Store
from queued.server.problems import Problem
from queued.settings_values import ServiceSettings, Settings

BY = "visitor:phone"
CODE_CHARS = 12
DAY_MS = 86_400_000
FAR_MS = 2 * slots.LOOKED_AT_MAX * DAY_MS
"""Beyond every day that can be booked."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A time that may be booked; `left` places are free."""

    at: Millis
    left: int


@dataclass(frozen=True, slots=True)
class Day:
    """A day that may be booked."""

    day: date
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Booked:
    """A booking with its code."""

    booking: Booking
    code: str = field(repr=False)


class Desk:
    """Bookings of one hall."""

    def __init__(self, live: Live, bookings: Bookings, store: Store) -> None:
        self._live = live
        self._bookings = bookings
        self._store = store

    async def days(self, settings: Settings, service: ServiceSettings) -> list[Day]:
        """What may be booked now, full slots included."""
        now, zone = self._live.now(), self._live.calendar.zone
        taken = await self._bookings.taken(self._live.id, ServiceId(service.id), now)
        return [
            Day(
                day,
                tuple(
                    Slot(at, max(0, service.appointments - taken.get(at, 0)))
                    for at in slots.slots(settings, day, zone)
                    if at > now
                ),
            )
            for day in slots.days(settings, self._today())
        ]

    async def book(
        self, settings: Settings, person: str, service: ServiceSettings, slot: Millis
    ) -> Booked:
        """An appointment. Raises `Problem`."""
        if not service.appointments or service.id not in self._live.hall.plan.services:
            raise Problem("not_offered", facts={"service": service.name})
        now, zone = self._live.now(), self._live.calendar.zone
        if not now < slot < now + FAR_MS:
            raise Problem("no_such_slot")
        day = datetime.fromtimestamp(slot / 1000, zone).date()
        offered = day in slots.days(settings, self._today())
        if not offered or slot not in slots.slots(settings, day, zone):
            raise Problem("no_such_slot")
        until = await self.restricted_until(settings, person)
        if until is not None:
            raise Problem("booking_restricted", facts={"date": until.isoformat()})
        booking = Booking(
            "", person, day.isoformat(), ServiceId(service.id), slot, now, "booked"
        )
        code = self._code(booking)
        wanted = Appointment(
            digest=code_digest(self._store.secret, self._live.id, code),
            service=booking.service,
            class_=APPOINTMENT,
            slot=slot,
            made_by=BY,
            made_at=now,
        )
        try:
            await self._bookings.book(
                self._live.id, wanted, person, booking.day, service.appointments
            )
        except BookedThatDay:
            raise Problem("booked_that_day") from None
        except SlotFull:
            raise Problem("slot_full") from None
        except TooManyAppointments:
            raise Problem("too_many_appointments") from None
        found = await self._bookings.find(self._live.id, wanted.digest)
        assert found is not None
        return Booked(found, code)

    async def of_person(self, person: str) -> list[Booked]:
        """Appointments that are still to come, or of today, earliest first."""
        today = self._today().isoformat()
        return [
            Booked(one, self._code(one))
            for one in await self._bookings.of_person(self._live.id, person)
            if one.day >= today and one.status != "cancelled"
        ]

    async def find(self, code: str) -> Booked:
        """The booking of a code. Raises `Problem` unknown_code."""
        digest = code_digest(self._store.secret, self._live.id, code)
        found = await self._bookings.find(self._live.id, digest)
        if found is None:
            raise Problem("unknown_code")
        return Booked(found, self._code(found))

    async def cancel(self, settings: Settings, booked: Booked) -> None:
        """Give it up. Raises `Problem`."""
        booking = booked.booking
        if await self.used(booking):
            raise Problem("appointment_used")
        if self._live.now() > slots.last_cancelling(settings.appointments, booking.slot):
            raise Problem("too_late_to_cancel", facts={"hours": settings.appointments.cancel_hours})
        await self._bookings.cancel(self._live.id, booking.digest)

    async def restricted_until(self, settings: Settings, person: str) -> date | None:
        """The day from which somebody may book again who did not come too often."""
        rules = settings.appointments
        if not rules.no_shows_max:
            return None
        now, missed = self._live.now(), list[Millis]()
        over = now - self._live.hall.plan.rules.checkin_late_ms
        for one in await self._bookings.of_person(self._live.id, person):
            recent = over - rules.no_shows_days * DAY_MS <= one.slot < over
            if not recent or one.status != "booked":
                continue
            if await self.used(one):
                await self.attended(one)
            else:
                missed.append(one.slot)
        if len(missed) < rules.no_shows_max:
            return None
        until = Millis(missed[-1] + rules.restricted_days * DAY_MS)
        return self._day(until) if until > now else None

    def _today(self) -> date:
        return self._day(self._live.now())

    def _day(self, at: Millis) -> date:
        return datetime.fromtimestamp(at / 1000, self._live.calendar.zone).date()

    async def used(self, booking: Booking) -> bool:
        """Whether it was checked in."""
        return await used_as(self._store, self._live.id, self.appointment(booking)) is not None

    async def token_of(self, booking: Booking) -> str:
        """The own-ticket token of the number it got; "" if it was not checked in."""
        ticket = await used_as(self._store, self._live.id, self.appointment(booking))
        return "" if ticket is None else self._live.running.tokens.token(*ticket)

    async def attended(self, booking: Booking) -> None:
        """This person came."""
        await self._bookings.attended(self._live.id, booking.digest)

    def appointment(self, booking: Booking) -> Appointment:
        """What kiosks know of it."""
        return Appointment(
            booking.digest, booking.service, APPOINTMENT, booking.slot, BY, booking.made_at
        )

    def _code(self, booking: Booking) -> str:
        facts = f"{booking.person}|{booking.service}|{booking.slot}|{booking.made_at}"
        message = f"queued booking v1|{self._live.id}|{facts}".encode()
        mac = hmac.digest(self._store.secret, message, "sha256")
        return b32encode(mac[:10]).decode()[:CODE_CHARS]
