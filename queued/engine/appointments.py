"""What the server and storage say to each other about appointments. Values only."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Protocol

from queued.core.plan import ClassId, Millis, ServiceId


@dataclass(frozen=True, slots=True)
class Appointment:
    """Somebody is expected. `digest` is keyed, of the code; times in Unix milliseconds."""

    digest: str
    service: ServiceId
    class_: ClassId
    slot: Millis
    made_by: str
    made_at: Millis

    def same(self, other: Appointment) -> bool:
        """Whether both promise the same, whoever made them and when."""
        return astuple(self)[:4] == astuple(other)[:4]


class CodeTaken(Exception):
    """There is another appointment with this code."""


class TooManyAppointments(Exception):
    """The hall expects as many as it may."""


class Appointments(Protocol):
    """Appointments of all halls. Durable when a call returns."""

    async def book(self, hall: str, wanted: Appointment) -> bool:
        """Expect somebody; False if this was booked already.

        A code whose slot is over by a day may be given out again. Raises `CodeTaken`,
        `TooManyAppointments`.
        """
        ...

    async def find(self, hall: str, digest: str) -> Appointment | None:
        """The appointment whose code has this digest."""
        ...

    async def cancel(self, hall: str, digest: str) -> bool:
        """Expect that person no more; False if nobody did."""
        ...
