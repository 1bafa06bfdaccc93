"""The pages: who may see one, what it is given, and the sign-in form.

Those of phones are in `phone.py`.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import msgspec
from aiohttp import web

from display import i18n
from queued.core.plan import WindowId
from queued.server import devices as printing
from queued.server import tickets, wire
from queued.server.auth import Principal, SignedIn, clear_cookie, same, set_cookie
from queued.server.call import Call
from queued.server.cards import readers_of
from queued.server.desk import desk_of, seats_of
from queued.server.limits import refuse_if
from queued.server.live import Live
from queued.server.offer import afar, services_of
from queued.server.parts import Site
from queued.server.problems import Problem
from queued.server.rendered import drawn_for, query_kept, shown
from queued.server.rendered import language_of as language_of

FORM_COOKIE: Final = "queued_form"
"""Ties a sign-in form to the browser it was shown in: nobody else can sign one in."""

NEXT: Final = re.compile(r"/(?!/)[A-Za-z0-9._~!$&'()*+,;=:@%/?-]{0,500}")
"""Where to go after signing in: a path of ours. `//host` and `/\\host` lead elsewhere."""

NAME_MAX: Final = 64
"""Characters of a user's name, as in the form."""

HOMES: Final[Mapping[str, str]] = {
    "admin": "admin",
    "manager": "floor",
    "clerk": "windows",
    "kiosk": "kiosk",
    "display": "board",
    "auditor": "story",
}
"""The page below a hall's address where each role works."""

FROM_AFAR: Final = re.compile(r"/h/([a-z0-9-]+)/(take|book|arrive|appointment)(?:/|$)")
"""Pages on which visitors do something with their phones."""

DEMO_MARK: Final = "demo"
"""In the address of who was let in already: a browser without cookies is not sent in circles."""


# ── Rendering ─────────────────────────────────────────────────────────────────────────────


def page(
    call: Call[Any],
    name: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
    csrf: str | None = None,
) -> web.Response:
    """The page `name` as a response."""
    site, who = call.site, call.who
    user = None if who is None else {"name": who.name, "roles": sorted(who.roles)}
    if csrf is None:
        csrf = who.csrf if who is not None else ""
    values = {"csrf": csrf, "user": user, "query_kept": query_kept(call.request), **context}
    drawn = drawn_for(site.parts.pages, call.request, name, values)
    return shown(call.request, drawn, tls=site.tls, status=status, secret=bool(csrf))


def error_page(call: Call[Any], problem: Problem) -> web.Response:
    """A problem, for a person."""
    catalogue = i18n.catalogue(language_of(call.request))
    context = {
        "status": problem.status,
        "code": problem.code,
        "detail": catalogue.problem(problem.code, problem.facts),
        "visitor": _way_on(call.request.path),
    }
    response = page(call, "error", context, status=problem.status)
    response.headers.update(problem.headers)
    return response


def _way_on(path: str) -> dict[str, str] | None:
    """Where a visitor's phone that was refused goes on: the page it came from, anew, and the
    queues. None for pages of others."""
    found = FROM_AFAR.match(path)
    if found is None:
        return None
    hall, what = found.groups()
    what = "book" if what == "appointment" else what
    return {"what": what, "again": f"/h/{hall}/{what}", "status": f"/h/{hall}/status"}


def to_sign_in(site: Site, request: web.Request) -> web.Response:
    """Go and sign in, then come back. The demonstration's doors are open: in as its manager."""
    url = request.rel_url
    if site.parts.demo and DEMO_MARK not in url.query:
        response = go(str(url.update_query({DEMO_MARK: "1"})))
        set_cookie(response, site.doors.enter_demo(), secure=site.tls)
        return response
    return go(f"/login?next={quote(url.raw_path_qs, safe='/')}")


def go(location: str) -> web.Response:
    """303: look there with GET."""
    headers = {"Location": location, "Cache-Control": "no-store", "Server": "queued"}
    return web.Response(status=303, headers=headers)


def plain(content: Any) -> Any:
    """A wire value as dicts and lists, in the shapes of the API."""
    return msgspec.to_builtins(content)


# ── Public pages ──────────────────────────────────────────────────────────────────────────


async def start(call: Call[None]) -> web.Response:
    """GET /"""
    live = next(iter(call.site.lives.values()))
    shown = await snapshot_of(live)
    printers = [
        device.id
        for device in call.site.parts.settings.devices
        if device.kind == "escpos" and device.port.startswith("virtual:")
    ]
    demo = call.site.parts.demo
    context = {
        "hall": plain(tickets.hall_name(live)),
        "windows": shown["windows"],
        "printers": printers,
        "demo": demo,
        "afar": afar(live, call.site.settings),
        "wechat": call.site.parts.settings.wechat.authorize_url if demo else "",
    }
    return page(call, "start", context)


async def docs(call: Call[None]) -> web.Response:
    """GET /api/docs"""
    return page(call, "docs", {})


# ── Pages for the staff and their machines ────────────────────────────────────────────────


async def kiosk(call: Call[None]) -> web.Response:
    """GET /h/{hall}/kiosk"""
    context = await hall_and_snapshot(call.live)
    offered = plain(services_of(call.live))
    beside = readers_of(call.site.parts.readers.devices.values(), call.principal)
    return page(call, "kiosk", {**context, "services": offered, "readers": beside})


async def windows(call: Call[None]) -> web.Response:
    """GET /h/{hall}/windows"""
    live, who = call.live, call.principal
    context = await hall_and_snapshot(live)
    return page(call, "windows", {**context, "seats": seats_of(live, who.by, who.window)})


async def console(call: Call[None]) -> web.Response:
    """GET /h/{hall}/windows/{window}"""
    return _at_window(call, "console")


async def caller(call: Call[None]) -> web.Response:
    """GET /h/{hall}/windows/{window}/caller: the console as small as a calling pad"""
    return _at_window(call, "caller")


def _at_window(call: Call[None], name: str) -> web.Response:
    live, window = call.live, WindowId(call.path("window"))
    bound = call.principal.window
    if bound is not None and bound != window:
        raise Problem("forbidden")
    if window not in live.hall.plan.windows:
        raise Problem("unknown_window", facts={"kind": "window", "id": window})
    context = {
        "hall": plain(tickets.hall_name(live)),
        "window": plain(live.view.window(live.hall, window)),
        "desk": plain(desk_of(live, window, language_of(call.request), call.principal.by)),
        "services": plain(services_of(live)),
    }
    return page(call, name, context)


async def printer(call: Call[None]) -> web.Response:
    """GET /h/{hall}/printers/{device}"""
    printed = plain(printing.printed(call))
    context = {
        "hall": plain(tickets.hall_name(call.live)),
        "device": {"id": call.path("device")},
        **printed,
    }
    return page(call, "printer", context)


# ── Signing in ────────────────────────────────────────────────────────────────────────────


async def sign_in_form(call: Call[None]) -> web.Response:
    """GET /login"""
    return _form(call, call.request.query.get("next", ""), None)


async def sign_in(call: Call[None]) -> web.Response:
    """POST /login: name and password, or an access token in the place of the password."""
    form = await read_form(call)
    where, name, password = form.get("next", ""), form.get("name", ""), form.get("password", "")
    secret = call.request.cookies.get(FORM_COOKIE, "")
    doors = call.site.doors
    if not secret or not same(form.get("csrf", ""), doors.csrf(secret)):
        return _form(call, where, "csrf", status=403, name=name)
    if not 1 <= len(name) <= NAME_MAX or not 1 <= len(password) <= 256:
        return _form(call, where, "bad_login", status=401)
    try:
        if name == "token":
            signed = await doors.sign_in_with_token(call.request, password)
        else:
            signed = await doors.sign_in(call.request, name, password)
    except Problem as problem:
        response = _form(call, where, problem.code, status=problem.status, name=name)
        response.headers.update(problem.headers)
        return response
    response = go(where if NEXT.fullmatch(where) else _home(call.site, signed.who))
    set_cookie(response, signed, secure=call.site.tls)
    response.del_cookie(FORM_COOKIE, path="/login")
    return response


async def enter_demo(call: Call[None]) -> web.Response:
    """POST /demo/enter: the demonstration lets everybody in as its manager."""
    if not call.site.parts.demo:
        raise Problem("not_found")
    address = call.site.limits.addresses.limited(call.request)
    if address is not None:
        refuse_if(call.site.limits.sign_in_address.take(address))
    form = await read_form(call)
    if form.get("as") != "manager":
        raise Problem("invalid", errors=(wire.WrongField("as", "expected manager"),))
    where = form.get("next", "")
    signed: SignedIn = call.site.doors.enter_demo()
    response = go(where if NEXT.fullmatch(where) else "/")
    set_cookie(response, signed, secure=call.site.tls)
    return response


async def sign_out(call: Call[None]) -> web.Response:
    """POST /logout"""
    form = await read_form(call)
    if call.who is not None and not same(form.get("csrf", ""), call.who.csrf):
        raise Problem("csrf")
    await call.site.doors.sign_out(call.request)
    response = go("/login")
    clear_cookie(response)
    return response


async def read_form(call: Call[Any]) -> dict[str, str]:
    """The fields of an urlencoded form, each once. Raises `Problem`."""
    return {name: texts[-1] for name, texts in (await read_fields(call)).items()}


async def read_fields(call: Call[Any], most: int | None = None) -> dict[str, list[str]]:
    """The fields of an urlencoded form of at most `most` bytes, with all their values.

    Raises `Problem`.
    """
    request = call.request if most is None else call.request.clone(client_max_size=most)
    if request.content_type != "application/x-www-form-urlencoded":
        raise Problem("unsupported_media_type")
    try:
        posted = await request.post()
    except (ValueError, LookupError):  # not UTF-8, or a charset that does not exist
        raise Problem("malformed") from None
    fields: dict[str, list[str]] = {}
    for name, text in posted.items():
        if isinstance(text, str):
            fields.setdefault(name, []).append(text)
    return fields


def _home(site: Site, who: Principal) -> str:
    """Where somebody works who did not say where to go; with several halls he chooses."""
    page_of = HOMES.get(who.role)
    if page_of is None or len(site.lives) != 1:
        return "/"
    at = f"/{quote(who.window, safe='')}" if who.window and who.role == "clerk" else ""
    return f"/h/{next(iter(site.lives))}/{page_of}{at}"


def _form(
    call: Call[Any], where: str, error: str | None, status: int = 200, name: str = ""
) -> web.Response:
    secret = secrets.token_urlsafe(16)
    lives = list(call.site.lives.values())
    context = {
        "hall": plain(tickets.hall_name(lives[0])) if len(lives) == 1 else None,
        "typed": name[:NAME_MAX],
        "next": where if NEXT.fullmatch(where) else "",
        "error": error,
        "demo": call.site.parts.demo,
    }
    csrf = call.site.doors.csrf(secret)
    response = page(call, "login", context, status=status, csrf=csrf)
    response.set_cookie(
        FORM_COOKIE,
        secret,
        httponly=True,
        samesite="Strict",
        secure=call.site.tls,
        path="/login",
    )
    return response


# ── Contexts ──────────────────────────────────────────────────────────────────────────────


async def hall_and_snapshot(live: Live) -> dict[str, Any]:
    """What most pages need."""
    return {"hall": plain(tickets.hall_name(live)), "snapshot": await snapshot_of(live)}


async def snapshot_of(live: Live) -> dict[str, Any]:
    """The snapshot as of now: a page that is read once says when it was made."""
    content: dict[str, Any] = plain((await live.view.fresh()).content)
    return {**content, "observed_at": live.time_of(live.now())}
