"""What `[remote]` and `[appointments]` say, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

PLACES = ("anywhere", "near", "hall")
"""Where numbers may be taken on a phone: anywhere; near the hall, by the position that the visitor
chooses to give; in the hall, with the code that is shown there."""


@dataclass(frozen=True, slots=True)
class RemoteSettings:
    """Numbers taken on phones; of which services, each `[[service]]` says.

    `since_minutes`, `until_minutes`: when they are given out, in minutes after local midnight,
    within the hours of the hall. `position`: WGS-84, "latitude,longitude" in degrees; "" for none.
    """

    since_minutes: int = 0
    until_minutes: int = 24 * 60
    place: str = "anywhere"
    code: bool = False
    """A code that changes every few minutes is shown in the hall and proves who is there."""
    position: str = ""
    radius_m: int = 300
    """Who is so near to `position` may check in without a code."""
    near_m: int = 5000
    """What is near, for `place = "near"`."""
    per_person: int = 3
    """Numbers of one person in a day, cancelled ones included: nobody hoards them."""
    per_address_minute: int = 60
    """From one address; thousands of phones of one carrier may share it."""


@dataclass(frozen=True, slots=True)
class AppointmentSettings:
    """Booking on the phone; the usual values are those of a city's service centre (预约须知).

    `times`: when slots begin and end on a working day, "08:30-12:00". `closed`: days without, such
    as holidays, "2026-10-01". Working days are those of `[[hours]]`, else Monday to Friday.
    """

    slot_minutes: int = 30
    days_least: int = 1
    """So many days ahead at least."""
    days_most: int = 5
    """So many working days ahead at most."""
    times: tuple[str, ...] = ("08:30-12:00", "14:00-17:30")
    closed: tuple[str, ...] = ()
    cancel_hours: int = 2
    """Given up until so long before the slot."""
    no_shows_max: int = 3
    """Who has not come so often within `no_shows_days` cannot book for `restricted_days`; 0: no
    such rule."""
    no_shows_days: int = 90
    restricted_days: int = 30
