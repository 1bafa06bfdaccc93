"""When one may book: working days and slots, from the hall's hours and rules. Pure.

A slot begins on a working day within `times`; without opening hours working days are Monday to
Friday. Holidays are what `closed` names: no calendar of years to come can know them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from queued.core.plan import MINUTE, Millis
from queued.settings_remote_values import AppointmentSettings
from queued.settings_values import DAYS, HoursSettings, Settings

LOOKED_AT_MAX = 90
"""Days looked through for working days: after the longest closing of a hall they go on."""


def days(settings: Settings, today: date) -> list[date]:
    """The days that may be booked today: working days from `days_least` days ahead on, and
    `days_most` working days from today at most."""
    rules = settings.appointments
    found: list[date] = []
    working = 0
    for ahead in range(LOOKED_AT_MAX):
        day = today + timedelta(days=ahead)
        if not _works(settings, day):
            continue
        working += ahead > 0
        if working > rules.days_most:
            break
        if ahead >= rules.days_least:
            found.append(day)
    return found


def slots(settings: Settings, day: date, zone: ZoneInfo) -> list[Millis]:
    """The beginnings of all slots of a working day, earliest first; none on other days."""
    if not _works(settings, day):
        return []
    begin = datetime.combine(day, time(0), zone)
    found = [
        Millis(int((begin + timedelta(minutes=minute)).timestamp()) * 1000)
        for span in settings.appointments.times
        for minute in _minutes(span, settings.appointments)
        if _open(settings.hours, day, minute)
    ]
    return sorted(set(found))


def last_cancelling(settings: AppointmentSettings, slot: Millis) -> Millis:
    """Until when an appointment may be given up."""
    return Millis(slot - settings.cancel_hours * 60 * MINUTE)


def _minutes(span: str, settings: AppointmentSettings) -> Iterator[int]:
    """Minutes after midnight at which a slot of `span` begins; the last one ends within it."""
    begin, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in span.split("-"))
    yield from range(begin, end - settings.slot_minutes + 1, settings.slot_minutes)


def _works(settings: Settings, day: date) -> bool:
    if day.isoformat() in settings.appointments.closed:
        return False
    if not settings.hours:
        return day.weekday() < 5
    return any(DAYS[day.weekday()] in hours.days for hours in settings.hours)


def _open(hours: tuple[HoursSettings, ...], day: date, minute: int) -> bool:
    """Whether the hall is open then; without hours it always is."""
    name = DAYS[day.weekday()]
    return not hours or any(
        name in one.days and one.open_minutes <= minute < one.close_minutes for one in hours
    )
