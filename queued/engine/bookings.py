"""What the phone pages and storage say to each other about a person's bookings. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from queued.core.plan import Millis, ServiceId
from queued.engine.appointments import Appointment

BookingStatus: TypeAlias = Literal["booked", "cancelled", "attended"]


@dataclass(frozen=True, slots=True)
class Booking:
    """Somebody booked on the phone. `digest` is that of the appointment's code, `person` the keyed
    digest of who it is; `day` is the local date of `slot`; times in Unix milliseconds."""

    digest: str
    person: str = field(repr=False)
    day: str
    service: ServiceId
    slot: Millis
    made_at: Millis
    status: BookingStatus


class BookedThatDay(Exception):
    """This person has another appointment on that day."""


class SlotFull(Exception):
    """As many people are expected then as the hall takes."""


class Bookings(Protocol):
    """Bookings of all halls. Durable when a call returns."""

    async def book(
        self, hall: str, wanted: Appointment, person: str, day: str, per_slot: int
    ) -> None:
        """Expect somebody, in one transaction with the appointment.

        Raises `BookedThatDay`, `SlotFull`, `TooManyAppointments`, `CodeTaken`.
        """
        ...

    async def find(self, hall: str, digest: str) -> Booking | None:
        """The booking whose code has this digest."""
        ...

    async def of_person(self, hall: str, person: str) -> list[Booking]:
        """All that is remembered of one person, earliest slot first."""
        ...

    async def taken(self, hall: str, service: ServiceId, since: Millis) -> dict[Millis, int]:
        """By slot from `since` on: how many are booked."""
        ...

    async def cancel(self, hall: str, digest: str) -> bool:
        """Expect that person no more; False unless it was booked."""
        ...

    async def attended(self, hall: str, digest: str) -> None:
        """That person came."""
        ...

    async def forget(self, person: str) -> int:
        """Take one person off the disk, in all halls; how many bookings."""
        ...
