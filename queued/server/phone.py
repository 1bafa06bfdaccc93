"""The phone pages: the hall's status, one's own ticket, rating, leaving, the ticket's QR code.

All of it works without script: links, forms, and answers that lead back to the page.
"""

from __future__ import annotations

import io
from typing import Any, Final, get_args
from urllib.parse import quote

import msgspec
import segno
from aiohttp import web

from queued.core.refusals import Refused
from queued.server import tickets, wire
from queued.server.call import Call
from queued.server.offer import services_of
from queued.server.pages import go, hall_and_snapshot, page, plain, read_form, snapshot_of
from queued.server.phone_page import opens_at, phone_page_of
from queued.server.problems import Problem, of
from queued.server.security import with_wechat
from queued.server.wire.shapes import Grade

QUERY_CHARS_MAX: Final = 40
"""Of what is searched for: longer than any service's name that one would type."""

NEAR_AHEAD: Final = 3
"""So few ahead: one should be in the hall, whatever the estimate says."""

WALK_S: Final = 10 * 60
"""From the coffee round the corner. One in ten is called within `p10_s`: who sets out when that
is the way, is late for one call in ten at most."""

IN_WECHAT: Final = "MicroMessenger"
"""In the name of WeChat's own browser."""

QR_MODULE: Final = 8


# ── The hall ──────────────────────────────────────────────────────────────────────────────


async def hall(call: Call[None]) -> web.Response:
    """GET /h/{hall}: the short address on a poster leads to what its readers want to know."""
    return go(f"/h/{call.live.id}/status")


async def status(call: Call[None]) -> web.Response:
    """GET /h/{hall}/status"""
    live = call.live
    context = await hall_and_snapshot(live)
    beside = plain(await phone_page_of(call.site, live))
    return page(
        call,
        "status",
        {
            **context,
            "observed_at": context["snapshot"]["observed_at"],
            "services": plain(services_of(live)),
            "opens": opens_at(live, context["snapshot"]["open"]),
            "query": call.request.query.get("q", "").strip()[:QUERY_CHARS_MAX],
            "times": beside["times"],
            "columns": beside["columns"],
            "afar": {"take": beside["take"], "book": beside["book"]},
        },
    )


# ── One's own ticket ──────────────────────────────────────────────────────────────────────


async def own_ticket(call: Call[None]) -> web.Response:
    """GET /t/{token}"""
    own = await tickets.held(call)
    told = own.told()
    context = {
        **plain(told),
        "token": own.token,
        "snapshot": await snapshot_of(own.live),
        "services": plain(services_of(own.live)),
        "near": near(own, told.ticket),
        "earlier": not own.today,
        "bind": bind_url(call, own),
        "consent": None,
    }
    account, final = call.site.parts.account, told.ticket.status in ("served", "cancelled")
    mine = account is not None and account.holds(call.request, own.day, own.ticket.id)
    if account is None or not mine or not own.today or final:
        return page(call, "ticket", context)
    # Known in WeChat, and nobody else: here reminders may be asked for.
    asked = account.consent
    response = page(call, "ticket", {**context, "bind": "", "consent": asked})
    if asked is not None:
        policy = response.headers["Content-Security-Policy"]
        response.headers["Content-Security-Policy"] = with_wechat(policy, asked.script)
    return response


def near(own: tickets.Held, ticket: wire.Ticket) -> bool:
    """Whether one had better be in the hall now: few are ahead, or the call may come soon."""
    if ticket.status != "waiting" or ticket.ahead is None or not own.today:
        return False
    if ticket.ahead <= NEAR_AHEAD:
        return True
    live = own.live
    wait = live.running.estimator.wait(own.ticket.queue, ticket.ahead, live.now())
    return wait is not None and wait.p10_s <= WALK_S


def bind_url(call: Call[Any], own: tickets.Held) -> str:
    """Where a phone's WeChat is bound to its ticket; "" outside of WeChat, or for no account."""
    settings = call.site.parts.settings
    in_wechat = IN_WECHAT in call.request.headers.get("User-Agent", "")
    if not in_wechat or not settings.wechat.appid or own.live.id != settings.hall.id:
        return ""
    return f"/wechat/{own.live.id}/bind/{quote(own.token)}"


async def rate(call: Call[None]) -> web.Response:
    """POST /t/{token}/rating. Whoever knows the token may: nothing else is needed."""
    own = await tickets.held(call)
    try:
        grade: Grade = msgspec.convert((await read_form(call)).get("grade"), Grade)
    except msgspec.ValidationError:
        allowed = f"expected one of {', '.join(get_args(Grade))}"
        raise Problem("invalid", errors=(wire.WrongField("grade", allowed),)) from None
    await _unless(
        tickets.grade(own, grade), "already_rated", "too_late_to_rate", "ticket_not_served"
    )
    return go(f"/t/{quote(own.token)}")


async def leave_form(call: Call[None]) -> web.Response:
    """GET /t/{token}/leave"""
    own = await tickets.held(call)
    return page(call, "leave", {**plain(own.told()), "token": own.token})


async def leave(call: Call[None]) -> web.Response:
    """POST /t/{token}/leave. Whoever knows the token may: nothing else is needed."""
    own = await tickets.held(call)
    await _unless(tickets.give_up(own), "ticket_not_waiting")
    return go(f"/t/{quote(own.token)}")


async def _unless(deed: Any, *told: str) -> None:
    """Do it. Refusals of these codes (pressed twice, or too late) are told by the ticket's own
    page, to which the answer leads; the others are raised."""
    try:
        await deed
    except (Refused, Problem) as refusal:
        if of(refusal).code not in told:
            raise


async def qr(call: Call[None]) -> web.Response:
    """GET /t/{token}/qr.svg"""
    own = await tickets.held(call)
    picture = io.BytesIO()
    address = f"{base_url(call)}/t/{own.token}"
    segno.make_qr(address, error="m").save(picture, kind="svg", scale=QR_MODULE, border=4)
    headers = {
        "Content-Type": "image/svg+xml",
        "Cache-Control": "private, max-age=3600",
        "X-Content-Type-Options": "nosniff",
        "Server": "queued",
    }
    return web.Response(body=picture.getvalue(), headers=headers)


def base_url(call: Call[Any]) -> str:
    """How phones reach us: the configured address, else the one that was asked for."""
    configured = call.site.parts.settings.http.public_url.rstrip("/")
    return configured or f"http://{call.request.host}"
