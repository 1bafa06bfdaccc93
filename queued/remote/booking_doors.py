"""Booking on the phone: a service, a day, a time; one's own appointment; giving it up."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import segno
from aiohttp import web

from queued.core.plan import Millis
from queued.remote import slots
from queued.remote.booking import Booked
from queued.remote.reception import Reception
from queued.server import pages, tickets
from queued.server.call import Call
from queued.server.offer import services_of
from queued.server.problems import Problem
from queued.server.routes import Route
from queued.settings_values import Settings

QR_MODULE = 8
SLOT_DIGITS_MAX = 15


class BookingDoors:
    """The pages of appointments."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    def routes(self) -> Sequence[Route]:
        """Under the hall's public pages."""
        door = self._reception.door
        page: dict[str, Any] = {"page": True, "media": "text/html"}
        table: Sequence[tuple[str, str, Any, str, dict[str, Any]]] = (
            ("GET", "/h/{hall}/book", door("", self._offer), "Book a time", page),
            ("GET", "/h/{hall}/book/{service}", door("", self._ask), "Choose a time", page),
            ("POST", "/h/{hall}/book/{service}", door("booked", self._book), "Book it", page),
            ("GET", "/h/{hall}/appointment/{code}", door("", self._show), "Own one", page),
            ("POST", "/h/{hall}/appointment/{code}/cancel", door("unbooked", self._cancel),
             "Give it up", page),
            ("GET", "/h/{hall}/appointment/{code}/qr.svg", door("", self._qr), "Its QR code",
             {"media": "image/svg+xml"}),
        )  # fmt: skip
        return [
            Route(method=method, path=path, handler=handler, summary=summary, **more)
            for method, path, handler, summary, more in table
        ]

    async def _offer(self, call: Call[None]) -> web.StreamResponse:
        """GET /h/{hall}/book"""
        holder, elsewhere = self._reception.welcome(call)
        if elsewhere is not None:
            return elsewhere
        settings = self._reception.settings(call)
        offered = {one.id for one in settings.services if one.appointments}
        mine: list[Booked] = []
        if holder is not None:
            person = self._reception.taking(call.live).digest(holder)
            mine = await self._reception.desk(call.live).of_person(person)
        context = {
            "services": [one for one in _services(call) if one["id"] in offered],
            "rules": _rules(settings),
            "mine": [self._told(call, one) for one in mine],
        }
        return self._reception.shown(call, "book", context, holder)

    async def _ask(self, call: Call[None]) -> web.StreamResponse:
        """GET /h/{hall}/book/{service}"""
        holder, elsewhere = self._reception.welcome(call)
        if elsewhere is not None:
            return elsewhere
        service, settings = self._reception.service(call), self._reception.settings(call)
        if not service.appointments or not self._reception.sign_in:
            raise Problem("not_offered", facts={"service": service.name})
        days = await self._reception.desk(call.live).days(settings, service)
        wanted = call.request.query.get("day", "")
        chosen = next((day for day in days if day.day.isoformat() == wanted), None)
        chosen = chosen or next((day for day in days if any(one.left for one in day.slots)), None)
        context = {
            "service": next(one for one in _services(call) if one["id"] == service.id),
            "rules": _rules(settings),
            "days": [
                {
                    "date": day.day.isoformat(),
                    "weekday": day.day.weekday(),
                    "left": sum(one.left for one in day.slots),
                    "chosen": day is chosen,
                }
                for day in days
            ],
            "slots": [
                {"at": one.at, "time": call.live.time_of(one.at)[11:16], "left": one.left}
                for one in (chosen.slots if chosen is not None else ())
            ],
        }
        return self._reception.shown(call, "book_one", context, holder)

    async def _book(self, call: Call[None]) -> web.StreamResponse:
        """POST /h/{hall}/book/{service}"""
        reception = self._reception
        holder, fields = await reception.form(call)
        slot = fields.get("slot", "")
        if holder.kind != "openid":
            raise Problem("sign_in_first")
        if not (slot.isascii() and slot.isdigit() and len(slot) <= SLOT_DIGITS_MAX):
            raise Problem("no_such_slot")
        person, service = reception.taking(call.live).digest(holder), reception.service(call)
        desk, settings = reception.desk(call.live), reception.settings(call)
        try:
            booked = await desk.book(settings, person, service, Millis(int(slot)))
        except Problem as refusal:
            if refusal.code != "booked_that_day":
                raise
            # The same form sent twice: the appointment is there.
            mine = await desk.of_person(person)
            same = [
                one
                for one in mine
                if (one.booking.slot, one.booking.service) == (int(slot), service.id)
            ]
            if not same:
                raise
            booked = same[0]
        return pages.go(f"/h/{call.live.id}/appointment/{quote(booked.code)}")

    # ── One's own appointment: whoever knows its code ─────────────────────────────────────

    async def _show(self, call: Call[None]) -> web.StreamResponse:
        """GET /h/{hall}/appointment/{code}"""
        booked = await self._found(call)
        told = self._told(call, booked)
        settings = self._reception.settings(call)
        desk, token = self._reception.desk(call.live), ""
        if await desk.used(booked.booking):
            told["status"] = "attended"
            token = await desk.token_of(booked.booking)
        service = [one for one in _services(call) if one["id"] == booked.booking.service]
        last = slots.last_cancelling(settings.appointments, booked.booking.slot)
        rules = call.live.hall.plan.rules
        context = {
            "hall": pages.plain(tickets.hall_name(call.live)),
            "booking": told,
            "service": service[0] if service else None,
            "token": token,
            "cancel_until": call.live.time_of(last),
            "may_cancel": told["status"] == "booked" and call.live.now() <= last,
            "from": call.live.time_of(Millis(booked.booking.slot - rules.checkin_early_ms)),
            "until": call.live.time_of(Millis(booked.booking.slot + rules.checkin_late_ms)),
        }
        return pages.page(call, "appointment", context)

    async def _cancel(self, call: Call[None]) -> web.StreamResponse:
        """POST /h/{hall}/appointment/{code}/cancel"""
        booked = await self._found(call)
        settings = self._reception.settings(call)
        if booked.booking.status == "booked":
            await self._reception.desk(call.live).cancel(settings, booked)
        return pages.go(f"/h/{call.live.id}/appointment/{quote(booked.code)}")

    async def _qr(self, call: Call[None]) -> web.StreamResponse:
        """GET /h/{hall}/appointment/{code}/qr.svg: what a kiosk reads."""
        booked = await self._found(call)
        picture = io.BytesIO()
        segno.make_qr(booked.code, error="m").save(
            picture, kind="svg", scale=QR_MODULE, border=4
        )
        headers = {
            "Content-Type": "image/svg+xml",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Server": "queued",
        }
        return web.Response(body=picture.getvalue(), headers=headers)

    async def _found(self, call: Call[Any]) -> Booked:
        try:
            return await self._reception.desk(call.live).find(call.path("code"))
        except Problem:
            self._reception.tries(call).unknown(call.request)
            raise

    def _told(self, call: Call[Any], booked: Booked) -> dict[str, Any]:
        booking = booked.booking
        at = call.live.time_of(booking.slot)
        names = {one["id"]: one for one in _services(call)}
        code = booked.code
        return {
            "code": code,
            "spelled": " ".join(code[n : n + 4] for n in range(0, len(code), 4)),
            "date": at[:10],
            "time": at[11:16],
            "status": booking.status,
            "service": names.get(booking.service, {"name": booking.service}),
        }


def _services(call: Call[Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pages.plain(services_of(call.live))["services"]
    return found


def _rules(settings: Settings) -> dict[str, Any]:
    """What a visitor is told of the hall's rules."""
    rules = settings.appointments
    return {
        "days_least": rules.days_least,
        "days_most": rules.days_most,
        "cancel_hours": rules.cancel_hours,
        "no_shows_max": rules.no_shows_max,
        "restricted_days": rules.restricted_days,
    }
