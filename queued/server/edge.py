"""From a route to an aiohttp handler: who is it, which hall, what body; every error told.

This is the one place where an unforeseen exception of a handler ends (an edge): it is logged
with its route, never its path, and told as `internal`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec
from aiohttp import web

from queued.server import pages
from queued.server.auth import Principal
from queued.server.call import Call
from queued.server.limits import BODY_BYTES_MAX
from queued.server.live import Live
from queued.server.parts import Site
from queued.server.problems import Problem, of, response
from queued.server.routes import Route
from queued.server.wire import Nothing, WrongField

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_WHERE = re.compile(r"^(?P<message>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)

BODY_WITHIN_S: Final = 15.0
"""A few hundred bytes take no longer on any line; who drips them holds a place for nothing."""

JSON: Final = "application/json"
_NO_BODY: Final = frozenset({"", "identity"})


def compiled(route: Route, site: Site, live: Live | None = None) -> Handler:
    """The aiohttp handler of `route`; for a route of one hall, that is `live`."""
    decoder: msgspec.json.Decoder[Any] | None = None
    if route.takes is not None:
        decoder = msgspec.json.Decoder(route.takes)
    has_hall = "{hall}" in route.path
    count = site.metrics.count
    name = f"{route.method} {route.path}"

    async def handle(request: web.Request) -> web.StreamResponse:
        who: Principal | None = None
        try:
            if route.counted and not route.roles:
                site.limits.public_request(request)
            who = await _let_in(route, site, request)
            hall = live or (_hall(site, request) if has_hall else None)
            raw = b""
            body = None
            if decoder is not None:
                raw = await _read(request)
                body = _decode(decoder, raw, request)
            answered = await route.handler(Call(site, request, who, hall, body, raw))
        except Exception as error:  # noqa: BLE001 — the edge, see the module docstring
            answered = _told(route, site, request, who, _counted(site, request, of(error)))
        count(name, answered.status)
        return answered

    return handle


def elsewhere(routes: Sequence[Route], site: Site) -> Handler:
    """The handler of every path and method that is in no route: 404, 405, OPTIONS."""
    patterns: dict[str, set[str]] = {}
    for route in routes:
        allowed = patterns.setdefault(_pattern(route.path), set())
        allowed.add(route.method)
        if route.method == "GET":
            allowed.add("HEAD")
    known = [(re.compile(pattern), methods) for pattern, methods in patterns.items()]

    async def handle(request: web.Request) -> web.StreamResponse:
        path = request.rel_url.raw_path
        methods = next((found for pattern, found in known if pattern.fullmatch(path)), None)
        if methods is None:
            problem = Problem("not_found")
        else:
            allow = {"Allow": ", ".join(sorted(methods | {"OPTIONS"}))}
            if request.method == "OPTIONS":
                return web.Response(status=204, headers={**allow, "Server": "queued"})
            problem = Problem("method_not_allowed", headers=allow)
        site.metrics.count("elsewhere", problem.status)
        try:
            if _wants_page(request) and not path.startswith("/api/"):
                return pages.error_page(Call(site, request, None, None, None), problem)
            return response(problem, request.headers.get("Accept-Language"))
        except Exception as error:  # noqa: BLE001 — the edge, see the module docstring
            return response(of(error), None)

    return handle


async def expect(request: web.Request) -> web.StreamResponse | None:
    """`Expect: 100-continue` is answered; any other expectation is refused."""
    if request.headers.get("Expect", "").lower() != "100-continue":
        return response(Problem("malformed"), request.headers.get("Accept-Language"))
    length = request.content_length
    if length is not None and length > BODY_BYTES_MAX:
        problem = Problem("too_large", headers={"Connection": "close"})
        return response(problem, request.headers.get("Accept-Language"))
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0  # as aiohttp's own handler does: the answer is yet to come
    return None


# ── Steps of a request ────────────────────────────────────────────────────────────────────


async def _let_in(route: Route, site: Site, request: web.Request) -> Principal | None:
    """Who is asking, if the route or its page wants to know. Raises `Problem`."""
    if route.page:
        who = await site.doors.signed_in(request)
    elif route.roles:
        who = await site.doors.who(request)
    else:
        return None
    if route.roles:
        if who is None:
            raise Problem("unauthenticated")
        if not route.roles & who.roles:
            raise Problem("forbidden")
    return who


def _counted(site: Site, request: web.Request, problem: Problem) -> Problem:
    """Trying tokens counts like any other request of the public."""
    if problem.code != "unauthenticated":
        return problem
    try:
        site.limits.public_request(request)
    except Problem as too_many:
        return too_many
    return problem


def _hall(site: Site, request: web.Request) -> Live:
    live = site.lives.get(request.match_info["hall"])
    if live is None:
        raise Problem("unknown_hall")
    return live


async def _read(request: web.Request) -> bytes:
    """The body. Raises `Problem` for another type or encoding than plain JSON."""
    headers = request.headers
    if headers.get("Content-Encoding", "").lower() not in _NO_BODY:
        raise Problem("unsupported_media_type")
    if request.can_read_body:
        length = request.content_length
        if length is not None and length > BODY_BYTES_MAX:
            raise Problem("too_large", headers={"Connection": "close"})
        # The plain spelling first: taking a media type apart costs more than decoding the body.
        if headers.get("Content-Type") != JSON and request.content_type != JSON and length != 0:
            raise Problem("unsupported_media_type")
        if length is not None and request.content.is_eof():
            return request.content.read_nowait()  # it came whole, in one piece with its head
        try:
            async with asyncio.timeout(BODY_WITHIN_S):
                return await request.read()
        except TimeoutError:
            raise Problem("malformed", headers={"Connection": "close"}) from None
    return b""


def _decode(decoder: msgspec.json.Decoder[Any], raw: bytes, request: web.Request) -> Any:
    """The decoded body. Raises `Problem` malformed or invalid."""
    if not raw and decoder.type is Nothing:
        return Nothing()
    try:
        return decoder.decode(raw or b"{}")
    except msgspec.ValidationError as error:
        wrong = _wrong(str(error))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem("malformed") from None
    try:
        # The first wrong value stops the decoder; what comes after it may not be JSON at all.
        msgspec.json.decode(raw or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem("malformed") from None
    raise Problem("invalid", errors=(wrong,))


def _wrong(message: str) -> WrongField:
    """Where msgspec says that a body is wrong: "Expected `str`, got `int` - at `$.service`"."""
    found = _WHERE.match(message)
    assert found is not None
    path = (found["path"] or "$").removeprefix("$").removeprefix(".")
    return WrongField(path, found["message"])


def _told(
    route: Route, site: Site, request: web.Request, who: Principal | None, problem: Problem
) -> web.Response:
    if not route.page:
        return response(problem, request.headers.get("Accept-Language"))
    if problem.code == "unauthenticated" and request.method in ("GET", "HEAD"):
        return pages.to_sign_in(site, request)
    try:
        return pages.error_page(Call(site, request, who, None, None), problem)
    except Exception as error:  # noqa: BLE001 — an edge: without its page, told plainly
        return response(of(error), request.headers.get("Accept-Language"))


def _wants_page(request: web.Request) -> bool:
    return "text/html" in request.headers.get("Accept", "")


def _pattern(path: str) -> str:
    """A route's path as a pattern of raw paths."""
    pieces = re.split(r"\{\w+(:[^}]*)?\}", path)
    pattern = ""
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            pattern += re.escape(piece)
        else:
            pattern += piece[1:] if piece else r"[^/]+"
    return pattern
