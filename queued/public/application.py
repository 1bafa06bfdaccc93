"""The application of a public process: its table of routes, the edge around each, start and end."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, Protocol

from aiohttp import web

from queued.public import api, pages
from queued.public.city import City
from queued.public.site import Asked, PublicSite
from queued.server import openapi, static, wire
from queued.server.limits import BODY_BYTES_MAX
from queued.server.listening import Places, listen
from queued.server.polled import View, polled_handler
from queued.server.problems import Problem, of, response
from queued.server.routes import API, Route

SITE: Final = web.AppKey("SITE", PublicSite)

CONNECTIONS_BESIDE_STREAMS: Final = 4000
"""Phones between two requests, or a proxy's connections."""

Handler = Callable[[Asked], Awaitable[web.StreamResponse]]


class Source(Protocol):
    """What keeps a city up to date."""

    def start(self) -> None:
        """Begin."""
        ...

    async def stop(self) -> None:
        """Let go."""
        ...


def _get(path: str, handler: Any, summary: str, gives: Any = None, **more: Any) -> Route:
    return Route(method="GET", path=path, handler=handler, summary=summary, gives=gives, **more)


def _page(path: str, handler: Any, summary: str) -> Route:
    return _get(path, handler, summary, page=True, media="text/html")


SNAPSHOT: Final = _get(API + "/halls/{hall}", None, "The snapshot; strong ETag, 304", wire.Snapshot)
LIST: Final = _get(API + "/halls", None, "All halls; strong ETag, 304", wire.HallList)
ALL_MONITORS: Final = _get(API + "/queue-monitor", None,
                           "All halls as FIWARE QueueMonitor entities; strong ETag, 304",
                           list[wire.QueueMonitor])  # fmt: skip

ROUTES: Final[tuple[Route, ...]] = (
    _get(API + "/halls/{hall}/stream", api.stream,
         "The live stream: `id: seq`, `event: snapshot`, data = the snapshot",
         media="text/event-stream"),
    _get(API + "/halls/{hall}/services", api.services, "Queues, services, classes",
         wire.Services),
    _get(API + "/halls/{hall}/queue-monitor", api.queue_monitor,
         "The hall as FIWARE QueueMonitor entities", list[wire.QueueMonitor]),
    _get(API + "/tickets/{token}", api.own_ticket, "Own ticket", wire.OwnTicket),
    _get("/healthz", api.alive, "Alive", wire.Health, counted=False),
    _get("/readyz", api.ready, "Ready: knows which halls there are", wire.Health, counted=False),
    _get("/metrics", api.metrics, "Prometheus metrics", media="text/plain", counted=False),
    _get("/static/{path:.+}", static.serve, "A file", media="application/octet-stream"),
    _page("/", pages.city, "All halls"),
    _page("/city", pages.city, "All halls"),
    _page("/h/{hall}", pages.hall_page, "To the hall's status"),
    _page("/h/{hall}/status", pages.status, "Phone page"),
    _page("/t/{token}", pages.own_ticket, "Own ticket"),
    _get("/t/{token}/qr.svg", pages.qr, "QR code of the own-ticket page", page=True,
         media="image/svg+xml"),
)  # fmt: skip
"""Everything but what is polled (see `build`)."""


def build(site: PublicSite, source: Source) -> web.Application:
    """The application. The source and the streams begin and end with it."""
    app = web.Application(client_max_size=BODY_BYTES_MAX)
    app[SITE] = site

    async def document(asked: Asked) -> web.StreamResponse:
        polled = (SNAPSHOT, LIST, ALL_MONITORS, described)
        headers = {"Content-Type": "application/json", "Cache-Control": "public, max-age=300"}
        headers |= {"X-Content-Type-Options": "nosniff", "Server": "queued"}
        return web.Response(body=openapi.made_of((*polled, *ROUTES), site.version), headers=headers)

    described = _get(API + "/openapi.json", document, "This document")
    for view, route in ((site.city.list, LIST), (site.city.monitors, ALL_MONITORS)):
        name = f"GET {route.path}"
        handler = polled_handler(view, site.limits, site.metrics.requests, name)
        app.router.add_get(route.path, _unless_unready(handler, site.city))
    app.router.add_get(SNAPSHOT.path, _snapshot(site))
    for route in (described, *ROUTES):
        app.router.add_get(route.path, _edge(route, site))
    app.router.add_route("*", "/{elsewhere:.*}", _elsewhere(site))

    async def running(_: web.Application) -> AsyncIterator[None]:
        site.city.start()
        source.start()
        yield
        await source.stop()
        await site.city.stop()

    async def end_streams(_: web.Application) -> None:
        await site.city.stop()

    app.cleanup_ctx.append(running)
    app.on_shutdown.append(end_streams)
    return app


async def serve(app: web.Application, host: str, port: int) -> web.AppRunner:
    """Listen. `runner.addresses` tells the port if `port` is 0; `runner.cleanup()` ends it."""
    site = app[SITE]
    places = Places(site.limits.streams_max + CONNECTIONS_BESIDE_STREAMS)
    return await listen(app, host, port, places, _Hot(site))


class _Hot(dict[tuple[str, str], Any]):
    """Snapshots beside the router: handlers by method and path, made when first asked for."""

    def __init__(self, site: PublicSite) -> None:
        super().__init__()
        self._site = site
        self._begin = API + "/halls/"

    def get(self, key: tuple[str, str], default: Any = None) -> Any:
        """The handler of a known hall's snapshot; None sends the request to the router."""
        handler = super().get(key)
        if handler is not None:
            return handler
        method, path = key
        if method != "GET" or not path.startswith(self._begin):
            return None
        hall = self._site.city.halls.get(path[len(self._begin) :])
        if hall is None:
            return None
        made = _of_hall(hall.id, self._site)
        self[key] = made
        return made


def _of_hall(id_: str, site: PublicSite) -> Any:
    return polled_handler(
        _NewestOf(id_, site.city), site.limits, site.metrics.requests, f"GET {SNAPSHOT.path}"
    )


class _NewestOf(View):
    """The snapshot of a hall, which may leave the city meanwhile."""

    def __init__(self, id_: str, city: City) -> None:
        self._id = id_
        self._city = city

    def current(self) -> Any:
        hall = self._city.halls.get(self._id)
        return None if hall is None else hall.current()

    async def fresh(self) -> Any:
        return self._city.hall(self._id).newest()


def _snapshot(site: PublicSite) -> Any:
    """Of halls that the hot path does not know."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await _of_hall(request.match_info["hall"], site)(request)

    return handle


def _unless_unready(handler: Any, city: City) -> Any:
    """An empty list is told only when there are no halls, never because nobody has told us yet."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if not city.ready:
            return response(Problem("not_ready"), request.headers.get("Accept-Language"))
        answered: web.StreamResponse = await handler(request)
        return answered

    return handle


# ── The edge ──────────────────────────────────────────────────────────────────────────────


def _edge(route: Route, site: PublicSite) -> Any:
    """The aiohttp handler of `route`; an unforeseen exception ends here (an edge)."""
    name = f"GET {route.path}"
    handler: Any = route.handler

    async def handle(request: web.Request) -> web.StreamResponse:
        asked = Asked(site, request)
        try:
            if route.counted:
                site.limits.public_request(request)
            answered: web.StreamResponse = await handler(asked)
        except Exception as error:  # noqa: BLE001 — the edge, see above
            answered = _told(asked, of(error), page=route.page)
        site.metrics.count(name, answered.status)
        return answered

    return handle


def _elsewhere(site: PublicSite) -> Any:
    """404 for other paths, 405 for everything but reading."""
    known = [re.compile(re.sub(r"\{\w+:\.\+\}", ".+", re.sub(r"\{\w+\}", "[^/]+", route.path)))
             for route in (SNAPSHOT, LIST, ALL_MONITORS, *ROUTES)]  # fmt: skip
    allow = {"Allow": "GET, HEAD, OPTIONS"}

    async def handle(request: web.Request) -> web.StreamResponse:
        path = request.rel_url.raw_path
        problem = Problem("not_found")
        if any(pattern.fullmatch(path) for pattern in known):
            if request.method == "OPTIONS":
                return web.Response(status=204, headers={**allow, "Server": "queued"})
            problem = Problem("method_not_allowed", headers=allow)
        site.metrics.count("elsewhere", problem.status)
        wants_page = "text/html" in request.headers.get("Accept", "")
        return _told(
            Asked(site, request), problem, page=wants_page and not path.startswith("/api/")
        )

    return handle


def _told(asked: Asked, problem: Problem, *, page: bool) -> web.Response:
    try:
        if page:
            return pages.error_page(asked, problem)
    except Exception as error:  # noqa: BLE001 — an edge: without its page, told plainly
        problem = of(error)
    return response(problem, asked.request.headers.get("Accept-Language"))
