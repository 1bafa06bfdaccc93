"""The pages of a public process: the city, a hall's 排队情况, one's own ticket."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import segno
from aiohttp import web

from display import i18n
from queued.public.shown_hall import ShownHall
from queued.public.site import Asked
from queued.public.tickets import placed
from queued.server import wire
from queued.server.problems import Problem
from queued.server.rendered import drawn_for, language_of, query_kept, shown

QUERY_CHARS_MAX: Final = 40

SHARED: Final = {
    "Cache-Control": "public, max-age=2, stale-while-revalidate=10, stale-if-error=86400",
    "Vary": "Accept-Encoding, Accept-Language, Cookie",
}
"""Of pages that are the same for everybody who reads one language."""

OWN: Final = {"Cache-Control": "private, no-store"}

ASKS_POSITION: Final = {"Permissions-Policy": "camera=(), geolocation=(self), microphone=()"}
"""Of the city's page alone: it may ask where the phone is, once somebody taps for it. The answer
stays in the phone."""


async def city(asked: Asked) -> web.Response:
    """GET / and /city"""
    site, request = asked.site, asked.request
    listed = site.city.list.current()
    if not site.city.ready:
        raise Problem("not_ready")

    def draw() -> Any:
        lines = msgspec.to_builtins(site.city.lines())
        return drawn_for(site.pages, request, "city", {"halls": lines})

    drawn = site.drawn.get(("city", language_of(request)), listed.etag, draw)
    return shown(request, drawn, tls=site.tls, more={**SHARED, **ASKS_POSITION})


async def status(asked: Asked) -> web.Response:
    """GET /h/{hall}/status"""
    site, request = asked.site, asked.request
    hall = site.city.hall(asked.path("hall"))
    stale = site.city.stale(hall)
    query = request.query.get("q", "").strip()[:QUERY_CHARS_MAX]

    def draw() -> Any:
        snapshot = hall.snapshot()
        context = {
            "hall": name_of(hall),
            "snapshot": snapshot,
            "observed_at": snapshot["observed_at"],
            "services": hall.offered(),
            "opens": None if snapshot["open"] else hall.about.opens,
            "query": query,
            "query_kept": query_kept(request) if query else "",  # else drawn for everybody
            "stale": stale,
            "city": len(site.city.halls) > 1,
            **_beside(hall, site.url),
        }
        return drawn_for(site.pages, request, "status", context)

    if query:  # a search is one's own
        return shown(request, draw(), tls=site.tls, more=SHARED)
    state = (
        hall.newest().etag, stale, hall.about.opens, id(hall.services), id(hall.phone_page)
    )  # fmt: skip
    drawn = site.drawn.get((hall.id, language_of(request)), state, draw)
    return shown(request, drawn, tls=site.tls, more=SHARED)


def _acting(hall: ShownHall, ours: str, token: str) -> Mapping[str, Any]:
    """What may be done with a ticket, which only its hall does: through the proxy that both are
    behind, which finds the hall by `hint`; or over there, at the hall's own page."""
    url = hall.phone_page.url if hall.phone_page is not None else ""
    if url and url == ours:
        return {"reads_only": False, "hint": f"?hall={hall.id}"}
    return {"reads_only": True, "there": f"{url}/t/{token}" if url else ""}


def _beside(hall: ShownHall, ours: str) -> Mapping[str, Any]:
    """Usual times; and the ways to the hall's own server, if phones reach it."""
    told = hall.phone_page
    if told is None:
        return {}
    ways: dict[str, Any] = {}
    if told.url:
        ways = {
            "base": "" if told.url == ours else told.url,
            "columns": told.columns,
            "afar": {"take": told.take, "book": told.book},
        }
    return {"times": msgspec.to_builtins(told.times), **ways}


async def hall_page(asked: Asked) -> web.Response:
    """GET /h/{hall}: the short address on a poster."""
    hall = site_hall(asked)
    headers = {"Location": f"/h/{hall.id}/status", "Cache-Control": "no-store", "Server": "queued"}
    return web.Response(status=303, headers=headers)


def site_hall(asked: Asked) -> ShownHall:
    """The hall of the path. Raises `Problem`."""
    return asked.site.city.hall(asked.path("hall"))


async def own_ticket(asked: Asked) -> web.Response:
    """GET /t/{token}"""
    site, token = asked.site, asked.path("token")
    record = await site.tickets.find(asked.request, token)
    hall = site.city.hall(record.hall)
    own, stale = placed(record, token, hall), site.city.stale(hall)

    def draw() -> Any:
        context = {
            **msgspec.to_builtins(told(own.ticket, hall)),
            "token": token,
            "snapshot": hall.snapshot(),
            "services": hall.offered(),
            "near": own.near,
            "earlier": not own.today,
            "bind": "",
            "stale": stale,
            **_acting(hall, site.url, token),
        }
        return drawn_for(site.pages, asked.request, "ticket", context)

    # Kept under its token alone: whoever has that may see all of it, and nobody else finds it.
    state = (own, stale, hall.newest().etag, id(hall.services), id(hall.phone_page))
    drawn = site.own.get((token, language_of(asked.request)), state, draw)
    return shown(asked.request, drawn, tls=site.tls, more=OWN)


async def qr(asked: Asked) -> web.Response:
    """GET /t/{token}/qr.svg: what a kiosk or another phone scans."""
    token = asked.path("token")
    await asked.site.tickets.find(asked.request, token)
    picture = io.BytesIO()
    base = asked.site.url or f"http://{asked.request.host}"
    segno.make_qr(f"{base}/t/{token}", error="m").save(picture, kind="svg", scale=8, border=4)
    headers = {
        "Content-Type": "image/svg+xml",
        "Cache-Control": "private, max-age=3600",
        "X-Content-Type-Options": "nosniff",
        "Server": "queued",
    }
    return web.Response(body=picture.getvalue(), headers=headers)


def told(ticket: wire.Ticket, hall: ShownHall) -> wire.OwnTicket:
    """The ticket as the API tells it."""
    content = hall.newest().content
    return wire.OwnTicket(
        ticket=ticket,
        hall=wire.HallName(hall.id, content.name, content.name_en),
        seq=content.seq,
        observed_at=content.observed_at,
    )


def name_of(hall: ShownHall) -> Mapping[str, str]:
    """Which hall, as pages name it."""
    content = hall.newest().content
    return {"id": hall.id, "name": content.name, "name_en": content.name_en}


def error_page(asked: Asked, problem: Problem) -> web.Response:
    """A problem, for a person."""
    language = language_of(asked.request)
    detail = i18n.catalogue(language).problem(problem.code, problem.facts)
    context = {
        "status": problem.status,
        "code": problem.code,
        "detail": detail,
        "visitor": None,
        "query_kept": query_kept(asked.request),
    }
    drawn = drawn_for(asked.site.pages, asked.request, "error", context)
    more = {**problem.headers, "Cache-Control": "no-store"}
    if problem.code == "not_ready":
        more["Retry-After"] = "5"
    return shown(asked.request, drawn, tls=asked.site.tls, status=problem.status, more=more)
