"""Reads `[remote]` and `[appointments]`, and checks them against the services that offer them."""

from __future__ import annotations

import datetime
import re

from queued import settings_remote_values as r
from queued.settings_reader import Problems, SettingsError, Table, place, shown
from queued.settings_values import Bounds, Settings

RADIUS_M = Bounds(30, 50_000)
"""Positions of phones indoors are wrong by some ten metres; farther than a city is not near."""

PER_PERSON = Bounds(1, 20)
PER_ADDRESS_MINUTE = Bounds(1, 10_000)
SLOT_MINUTES = Bounds(5, 240)
DAYS_LEAST = Bounds(0, 30)
DAYS_MOST = Bounds(1, 30)
"""Working days; bookings for later than a month are forgotten."""

CANCEL_HOURS = Bounds(0, 72)
NO_SHOWS = Bounds(1, 20, also=0)
NO_SHOW_DAYS = Bounds(1, 180)
"""What is remembered of a person is remembered no longer than other personal data."""

TIMES_MAX = 6
CLOSED_MAX = 100

_TIMES = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")
_POSITION = r"-?[0-9]{1,2}(\.[0-9]{1,7})?, ?-?[0-9]{1,3}(\.[0-9]{1,7})?"


def remote(table: Table) -> r.RemoteSettings:
    """`[remote]`"""
    usual = r.RemoteSettings()
    since, until = table.clock("from", "00:00"), table.clock("until", "24:00")
    if until <= since:
        table.wrong("until", "must be later than from, on the same day")
    settings = r.RemoteSettings(
        since_minutes=since,
        until_minutes=until,
        place=table.choice("place", r.PLACES, usual.place),
        code=table.flag("code", usual.code),
        position=table.matching(
            "position", _POSITION, '"latitude,longitude" such as "30.2489,120.2052"', ""
        ),
        radius_m=table.number("radius_m", RADIUS_M, usual.radius_m),
        near_m=table.number("near_m", RADIUS_M, usual.near_m),
        per_person=table.number("per_person", PER_PERSON, usual.per_person),
        per_address_minute=table.number(
            "per_address_minute", PER_ADDRESS_MINUTE, usual.per_address_minute
        ),
    )
    if settings.position:
        latitude, longitude = map(float, settings.position.split(","))
        if abs(latitude) > 90 or abs(longitude) > 180:
            table.wrong("position", f"{shown(settings.position)} is not on the earth")
    if settings.place == "near" and "position" not in table:
        table.wrong("place", '"near" needs a position')
    if settings.place == "hall" and not settings.code:
        table.wrong("place", '"hall" needs code = true: the code shown there proves it')
    return settings


def appointments(table: Table) -> r.AppointmentSettings:
    """`[appointments]`"""
    usual = r.AppointmentSettings()
    times = table.texts("times", required=False, most=TIMES_MAX) or usual.times
    for span in times:
        found = _TIMES.fullmatch(span)
        if found is None or found[0][:5] >= found[0][6:]:
            table.wrong("times", f'{shown(span)} is not a time such as "08:30-12:00"')
    closed = table.texts("closed", required=False, most=CLOSED_MAX)
    for day in closed:
        try:
            datetime.date.fromisoformat(day)
        except ValueError:
            table.wrong("closed", f'{shown(day)} is not a day such as "2026-10-01"')
    return r.AppointmentSettings(
        slot_minutes=table.number("slot_minutes", SLOT_MINUTES, usual.slot_minutes),
        days_least=table.number("days_least", DAYS_LEAST, usual.days_least),
        days_most=table.number("days_most", DAYS_MOST, usual.days_most),
        times=times,
        closed=closed,
        cancel_hours=table.number("cancel_hours", CANCEL_HOURS, usual.cancel_hours),
        no_shows_max=table.number("no_shows_max", NO_SHOWS, usual.no_shows_max),
        no_shows_days=table.number("no_shows_days", NO_SHOW_DAYS, usual.no_shows_days),
        restricted_days=table.number("restricted_days", NO_SHOW_DAYS, usual.restricted_days),
    )


def offered(settings: Settings) -> bool:
    """Whether anything can be done from afar: without that, nothing of it is loaded."""
    return any(service.remote or service.appointments for service in settings.services)


def complete(settings: Settings, file: str) -> None:
    """Whoever takes a number from afar must be somebody. Raises `SettingsError`.

    Apart from `settings.parse`, which administration uses without the account's tables.
    """
    problems = Problems(file)
    account = bool(settings.wechat.appid)
    for number, service in enumerate(settings.services, start=1):
        where = place("service", service.id, number)
        if service.remote and not account and settings.remote.place != "hall":
            problems.add(
                where,
                "remote: without an official account nothing tells one phone from another: set "
                '[wechat], or [remote] place = "hall" and code = true',
            )
        if service.appointments and not account:
            problems.add(where, "appointments: needs an official account: set [wechat]")
    if problems.found:
        raise SettingsError(problems.found)
