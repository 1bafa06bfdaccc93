"""Taking a number on the phone, and saying "I am here": pages that need no script."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import segno
from aiohttp import web

from queued.core.refusals import Refused
from queued.phone_sessions import Holder
from queued.remote.booking import Booked
from queued.remote.reception import Reception, key_of, proof_of
from queued.remote.taking import clock
from queued.server import pages, tickets
from queued.server.appointments import ticket_for
from queued.server.call import Call, answer
from queued.server.offer import services_of
from queued.server.phone import base_url
from queued.server.problems import Problem
from queued.server.routes import Route
from queued.server.wire.onsite import OnSite
from queued.settings_values import Settings

BY = "visitor:phone"

QR_MODULE = 10

SHOWING = frozenset({"display", "kiosk", "clerk"})
"""Whose screens stand in the hall: nobody else learns the code from us."""

REFRESH_S_MAX = 60


class TakingDoors:
    """The pages of numbers taken on phones."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    def routes(self) -> Sequence[Route]:
        """Under the hall's public pages."""
        door = self._reception.door
        page: dict[str, Any] = {"page": True, "media": "text/html"}
        table: Sequence[tuple[str, str, Any, str, dict[str, Any]]] = (
            ("GET", "/h/{hall}/take", door("", self._offer), "Take a number", page),
            ("GET", "/h/{hall}/take/{service}", door("", self._ask), "For a service", page),
            ("POST", "/h/{hall}/take/{service}", door("", self._take), "Take it", page),
            ("GET", "/h/{hall}/arrive", door("", self._ask_arrival), "I am here", page),
            ("POST", "/h/{hall}/arrive", door("arrived", self._arrive), "I am here", page),
            ("GET", "/h/{hall}/arrive/{token}", door("", self._ask_with), "With it", page),
            ("POST", "/h/{hall}/arrive/{token}", door("arrived", self._arrive_with), "…", page),
            ("GET", "/h/{hall}/onsite", door("", self._show_code), "The code of the hall",
             {**page, "roles": SHOWING}),
            ("GET", "/h/{hall}/onsite.svg", door("", self._code_picture), "Its QR code",
             {"roles": SHOWING, "media": "image/svg+xml"}),
            ("GET", "/api/v1/halls/{hall}/onsite", door("", self._tell_code), "The code",
             {"roles": SHOWING, "gives": OnSite}),
        )  # fmt: skip
        return [
            Route(method=method, path=path, handler=handler, summary=summary, **more)
            for method, path, handler, summary, more in table
        ]

    # ── Taking ────────────────────────────────────────────────────────────────────────────

    async def _offer(self, call: Call[None]) -> web.StreamResponse:
        """GET /h/{hall}/take"""
        holder, elsewhere = self._reception.welcome(call)
        if elsewhere is not None:
            return elsewhere
        settings, live = self._reception.settings(call), call.live
        offered = {one.id for one in settings.services if one.remote}
        booked = {one.id for one in settings.services if one.appointments}
        services = pages.plain(services_of(live))["services"]
        context = {
            "snapshot": await pages.snapshot_of(live),
            "services": [one for one in services if one["id"] in offered],
            "booking": bool(booked) and bool(self._reception.sign_in),
            "rules": _rules(settings),
            "code": _code(call),
            "mine": await self._mine(call, holder) if holder is not None else [],
        }
        return self._reception.shown(call, "take", context, holder)

    async def _ask(self, call: Call[None]) -> web.StreamResponse:
        """GET /h/{hall}/take/{service}"""
        holder, elsewhere = self._reception.welcome(call)
        if elsewhere is not None:
            return elsewhere
        service, settings = self._reception.service(call), self._reception.settings(call)
        if not service.remote:
            raise Problem("not_offered", facts={"service": service.name})
        shown = pages.plain(services_of(call.live))["services"]
        context = {
            "snapshot": await pages.snapshot_of(call.live),
            "service": next(one for one in shown if one["id"] == service.id),
            "rules": _rules(settings),
            "code": _code(call),
        }
        return self._reception.shown(call, "take_one", context, holder)

    async def _take(self, call: Call[None]) -> web.StreamResponse:
        """POST /h/{hall}/take/{service}"""
        reception = self._reception
        holder, fields = await reception.form(call)
        taken = await reception.taking(call.live).take(
            reception.settings(call),
            holder,
            reception.service(call),
            proof_of(fields),
            pages.language_of(call.request),
            key_of(fields),
        )
        reception.counts["taken" if taken.new else "held"] += 1
        return pages.go(f"/t/{quote(taken.token)}")

    async def _mine(self, call: Call[Any], holder: Holder) -> list[dict[str, Any]]:
        """A person's numbers that are still good for something."""
        taking = self._reception.taking(call.live)
        shown = []
        for ticket in await taking.tickets(holder):
            own = await tickets.opened(call.site, taking.token(ticket))
            told = pages.plain(own.told())["ticket"]
            if told["status"] not in ("served", "cancelled"):
                shown.append(told)
        return shown

    # ── Arriving ──────────────────────────────────────────────────────────────────────────

    async def _ask_arrival(self, call: Call[None]) -> web.StreamResponse:
        """GET /h/{hall}/arrive: changes nothing, for browsers load pages ahead of their users."""
        holder, elsewhere = self._reception.welcome(call)
        if elsewhere is not None:
            return elsewhere
        waiting, booked = await self._expected(call, holder)
        context = {
            "rules": _rules(self._reception.settings(call)),
            "code": _code(call),
            "waiting": [{"number": ticket.number} for ticket in waiting],
            "booked": [{"at": call.live.time_of(one.booking.slot)} for one in booked],
            "action": f"/h/{call.live.id}/arrive",
        }
        return self._reception.shown(call, "arrive", context, holder)

    async def _arrive(self, call: Call[None]) -> web.StreamResponse:
        """POST /h/{hall}/arrive: everything this person is expected with."""
        reception = self._reception
        holder, fields = await reception.form(call)
        taking, settings = reception.taking(call.live), reception.settings(call)
        waiting, booked = await self._expected(call, holder)
        proof = proof_of(fields)
        tokens, refusal = [], None
        for ticket in waiting:
            await taking.arrive(settings, ticket, proof)
            tokens.append(taking.token(ticket))
        for one in booked:
            taking.prove(settings, proof)
            try:
                tokens.append(await self._check_in(call, one))
            except (Problem, Refused) as too_early:
                refusal = too_early
        if refusal is not None and not tokens:
            raise refusal
        if not tokens:
            raise Problem("nothing_to_check_in")
        where = f"/t/{quote(tokens[0])}" if len(tokens) == 1 else f"/h/{call.live.id}/take"
        return pages.go(where)

    async def _check_in(self, call: Call[Any], booked: Booked) -> str:
        """The token of the number that an appointment gets, now or before."""
        booking, desk = booked.booking, self._reception.desk(call.live)
        language = pages.language_of(call.request)
        appointment = desk.appointment(booking)
        token, _ = await ticket_for(call.live, appointment, BY, language)
        await desk.attended(booking)
        return token

    async def _ask_with(self, call: Call[None]) -> web.StreamResponse:
        """GET /h/{hall}/arrive/{token}"""
        own = await self._held(call)
        context = {
            "rules": _rules(self._reception.settings(call)),
            "code": _code(call),
            "waiting": [{"number": own.ticket.number}],
            "booked": [],
            "sign_in": "",
            "action": call.request.rel_url.raw_path,
        }
        return self._reception.shown(call, "arrive", context, None)

    async def _held(self, call: Call[Any]) -> tickets.Held:
        own = await tickets.held(call)
        if own.live is not call.live or not own.today:
            raise Problem("unknown_ticket")
        return own

    async def _arrive_with(self, call: Call[None]) -> web.StreamResponse:
        """POST /h/{hall}/arrive/{token}: whoever holds the ticket's page shows where he is."""
        own = await self._held(call)
        self._reception.tries(call).person(call.request, own.token)
        proof = proof_of(await pages.read_form(call))
        taking = self._reception.taking(call.live)
        await taking.arrive(self._reception.settings(call), own.ticket, proof)
        return pages.go(f"/t/{quote(own.token)}")

    async def _expected(self, call: Call[Any], holder: Holder | None) -> tuple[Any, list[Booked]]:
        """A person's numbers whose holder is not here, and the appointments of today."""
        if holder is None:
            return [], []
        live, taking = call.live, self._reception.taking(call.live)
        absent = live.hall.absent
        waiting = [one for one in await taking.tickets(holder) if one.id in absent]
        today = live.time_of(live.now())[:10]
        booked = [
            one
            for one in await self._reception.desk(live).of_person(taking.digest(holder))
            if one.booking.day == today and one.booking.status == "booked"
        ]
        return waiting, booked

    # ── The code of the hall ──────────────────────────────────────────────────────────────

    async def _show_code(self, call: Call[None]) -> web.StreamResponse:
        """GET /h/{hall}/onsite: for a screen at the entrance."""
        code, until, left_s = self._now(call)
        context = {
            "hall": pages.plain(tickets.hall_name(call.live)),
            "code": code,
            "until": call.live.time_of(until),
            "seconds": min(left_s + 1, REFRESH_S_MAX),
        }
        return pages.page(call, "onsite", context)

    async def _code_picture(self, call: Call[None]) -> web.StreamResponse:
        """GET /h/{hall}/onsite.svg"""
        code, _, _ = self._now(call)
        picture = io.BytesIO()
        address = f"{base_url(call)}/h/{call.live.id}/arrive?code={code}"
        segno.make_qr(address, error="m").save(picture, kind="svg", scale=QR_MODULE, border=4)
        headers = {
            "Content-Type": "image/svg+xml",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Server": "queued",
        }
        return web.Response(body=picture.getvalue(), headers=headers)

    async def _tell_code(self, call: Call[None]) -> web.StreamResponse:
        """GET /api/v1/halls/{hall}/onsite"""
        code, until, _ = self._now(call)
        url = f"{base_url(call)}/h/{call.live.id}/arrive?code={code}"
        return answer(OnSite(code, url, call.live.time_of(until)))

    def _now(self, call: Call[Any]) -> tuple[str, Any, int]:
        if not self._reception.settings(call).remote.code:
            raise Problem("not_found")
        now, code = call.live.now(), self._reception.code
        until = code.until(now)
        return code.at(now), until, (until - now) // 1000


def _rules(settings: Settings) -> dict[str, Any]:
    """What a visitor is told of the hall's rules."""
    remote = settings.remote
    since, until = remote.since_minutes, remote.until_minutes
    whole_day = (since, until) == (0, 24 * 60)
    return {
        "keep_minutes": settings.rules.keep_place_minutes,
        "hours": "" if whole_day else f"{clock(since)}–{clock(until)}",
        "per_person": remote.per_person,
        "place": remote.place,
        "code": remote.code,
        "position": bool(remote.position),
    }


def _code(call: Call[Any]) -> str:
    """The code in an address that was scanned in the hall, to fill the form with."""
    code: str = call.request.query.get("code", "")
    return code if code.isascii() and code.isdigit() and len(code) <= 6 else ""
