"""Appointments: expected, checked in once, never made to queue again; and slips that are scanned.

A code is stored only as a keyed digest: codes are short, and a stolen backup must not show who
can be impersonated. Checking in is a command whose idempotency key is the appointment itself.
The key becomes durable in the transaction of the ticket, so two kiosks that read one code in
the same moment, or one kiosk before and after a power cut, get the same ticket.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal

from aiohttp import web

from queued.core import commands as c
from queued.core import refusals as r
from queued.core.events import Event, TicketIssued
from queued.core.model import Hall, TicketId
from queued.core.plan import ClassId, Millis, ServiceId
from queued.engine.appointments import Appointment, CodeTaken, TooManyAppointments
from queued.server import wire
from queued.server.call import Call, answer
from queued.server.live import Live
from queued.server.parts import Store
from queued.server.problems import Problem
from queued.server.tickets import Held, arrived, opened

AHEAD_DAYS_MAX: Final = 60
"""Halls take bookings for some working days ahead; later than this is a wrong date."""

BY_APPOINTMENT: Final = "appointment"
"""Begins the keys of check-ins. No role has this name, so no caller's key can equal one."""

OWN_TICKET: Final = re.compile(r"(?:^|.*/t/)([A-Za-z0-9_-]{24})(?:[/?#].*)?", re.DOTALL)
"""What a slip's QR code says: the address of its own page. Some scanners send the token alone."""

CODE: Final = re.compile(r"[A-Z0-9]{4,40}")


# ── Booking ───────────────────────────────────────────────────────────────────────────────


async def book(call: Call[wire.BookAppointment]) -> web.Response:
    """POST /halls/{hall}/appointments"""
    live, asked = call.live, call.body
    service, class_ = ServiceId(asked.service), ClassId(asked.class_)
    plan = live.hall.plan
    if service not in plan.services:
        raise Problem("unknown_service", facts={"kind": "service", "id": service})
    if class_ not in plan.classes:
        raise Problem("unknown_class", facts={"kind": "class", "id": class_})
    slot = _slot(asked.slot, live.now())
    wanted = Appointment(
        digest=code_digest(call.site.parts.store.secret, live.id, asked.code),
        service=service,
        class_=class_,
        slot=slot,
        made_by=call.principal.by,
        made_at=live.now(),
    )
    if await used_as(call.site.parts.store, live.id, wanted) is not None:
        raise Problem("appointment_used")
    try:
        new = await call.site.parts.store.appointments.book(live.id, wanted)
    except CodeTaken:
        raise Problem("code_taken") from None
    except TooManyAppointments:
        raise Problem("too_many_appointments") from None
    told = wire.Appointment(service, live.time_of(slot), class_)
    headers = None if new else {"Idempotent-Replayed": "true"}
    return answer(told, status=201, headers=headers)


async def cancel(call: Call[None]) -> web.Response:
    """DELETE /halls/{hall}/appointments/{code}"""
    live = call.live
    store = call.site.parts.store.appointments
    digest = code_digest(call.site.parts.store.secret, live.id, call.path("code"))
    found = await store.find(live.id, digest)
    if found is None:
        raise Problem("unknown_code")
    if await used_as(call.site.parts.store, live.id, found) is not None:
        raise Problem("appointment_used")
    await store.cancel(live.id, digest)
    return web.Response(status=204, headers={"Cache-Control": "no-store", "Server": "queued"})


def _slot(text: str, now: Millis) -> Millis:
    """Raises `Problem` invalid for what is no moment with an offset, over, or far away."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("without an offset it is a different moment in each time zone")
        slot = Millis(int(moment.timestamp() * 1000))
    except (ValueError, OverflowError):
        raise _wrong_slot("expected RFC 3339 with offset") from None
    if not now - 86_400_000 <= slot <= now + AHEAD_DAYS_MAX * 86_400_000:
        raise _wrong_slot(f"expected a time within the next {AHEAD_DAYS_MAX} days")
    return slot


def _wrong_slot(message: str) -> Problem:
    return Problem("invalid", errors=(wire.WrongField("slot", message),))


# ── Checking in ───────────────────────────────────────────────────────────────────────────


async def check_in(call: Call[wire.ScannedCode]) -> web.Response:
    """POST /halls/{hall}/checkin. Whoever guesses codes is as slow as one who takes numbers."""
    call.site.limits.ticket(call.request, call.principal.by)
    own = await _own_ticket(call)
    if own is not None:
        # A number taken on the phone: its holder stands at the kiosk.
        absent = own.today and own.ticket.id in own.live.hall.absent
        new = absent and await arrived(own, call.principal.by)
        return _told(call.live, "ticket", await opened(call.site, own.token), new=new)
    live, store = call.live, call.site.parts.store
    found = None
    if CODE.fullmatch(_plain(call.body.code)):
        digest = code_digest(store.secret, live.id, call.body.code)
        found = await store.appointments.find(live.id, digest)
    if found is None:
        raise Problem("unknown_code")
    by, asked = call.principal.by, call.body
    token, new = await ticket_for(live, found, by, asked.language, asked.slip)
    if new:
        await store.bookings.attended(live.id, found.digest)
    return _told(live, "appointment", await opened(call.site, token), new=new)


async def _own_ticket(call: Call[wire.ScannedCode]) -> Held | None:
    """The ticket whose QR code was scanned, if it is one of this hall."""
    scanned = OWN_TICKET.fullmatch(call.body.code.strip())
    if scanned is None:
        return None
    try:
        own = await opened(call.site, scanned[1])
    except Problem:
        return None  # an appointment's code may look like a token
    return own if own.live is call.live else None


async def ticket_for(
    live: Live, booked: Appointment, by: str, language: str, slip: c.SlipSize = "normal"
) -> tuple[str, bool]:
    """The token of the appointment's ticket, and whether it was issued just now.

    Raises `Problem` with the local times for one who comes early or late, and `Refused`.
    """

    def render(hall: Hall, events: Sequence[Event]) -> bytes:
        issued = next(event for event in events if isinstance(event, TicketIssued))
        return f"{hall.day}/{issued.ticket}".encode()

    command = c.CheckIn(
        service=booked.service,
        slot=booked.slot,
        class_=booked.class_,
        language=language,
        slip=slip,
        by=by,
    )
    try:
        outcome = await live.running.actor.submit(
            command, key=_key(booked), fingerprint=BY_APPOINTMENT, render=render
        )
    except r.AppointmentEarly as early:
        raise _not_now("appointment_early", live, booked, early.facts["opens"]) from None
    except r.AppointmentLate as late:
        raise _not_now("appointment_late", live, booked, late.facts["closed"]) from None
    return live.running.tokens.token(*_day_and_ticket(outcome.answer)), not outcome.replayed


def _day_and_ticket(answer: bytes) -> tuple[str, TicketId]:
    day, _, ticket = answer.decode().partition("/")
    return day, TicketId(int(ticket))


def _not_now(code: str, live: Live, booked: Appointment, limit: Any) -> Problem:
    at, until = live.time_of(booked.slot), live.time_of(Millis(limit))
    facts = {
        "service": booked.service,
        "slot": at,
        "date": at[:10],
        "time": at[11:16],
        "limit": until[11:16],
    }
    return Problem(code, facts=facts)


def _told(
    live: Live, kind: Literal["appointment", "ticket"], own: Held, *, new: bool
) -> web.Response:
    told = wire.CheckedIn(kind, new, own.today, own.told().ticket, live.hall.seq)
    return answer(told)


# ── Codes ─────────────────────────────────────────────────────────────────────────────────


async def used_as(store: Store, hall: str, booked: Appointment) -> tuple[str, TicketId] | None:
    """Day and ticket that an appointment was checked in as; None if it was not."""
    kept = await store.journal.answer(hall, _key(booked))
    return None if kept is None else _day_and_ticket(kept.body)


def _key(booked: Appointment) -> str:
    """With the slot: a booking system may give a code out again on another day."""
    return f"{BY_APPOINTMENT}:{booked.digest}:{booked.slot}"


def code_digest(secret: bytes, hall: str, code: str) -> str:
    """What stands for a code in the database; `secret` is the hall's."""
    message = f"appointment|{hall}|{_plain(code)}".encode()
    return hmac.digest(secret, message, "sha256").hex()


def _plain(code: str) -> str:
    """As printed or typed: spaces and hyphens group, small letters are capitals."""
    return re.sub(r"[\s-]+", "", code).upper()
