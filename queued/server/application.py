"""Builds and runs the application: the table of routes, the site, start and stop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache
from typing import Final

from aiohttp import web

from display.pages import STATIC_DIR
from queued.server import cards, openapi
from queued.server.auth import Doors
from queued.server.columns import columns_in
from queued.server.edge import Handler, compiled, elsewhere, expect
from queued.server.health import Metrics
from queued.server.hub import Streams
from queued.server.limits import BODY_BYTES_MAX, limits_of
from queued.server.listening import Places, listen
from queued.server.live import Live
from queued.server.media import MediaFolder
from queued.server.offer import names_of, words_of
from queued.server.once import Once
from queued.server.parts import Parts, Site
from queued.server.polled import polled_handler
from queued.server.routes import ROUTES, SNAPSHOT
from queued.server.snapshot import Names
from queued.server.static import StaticFiles

__all__ = ["SITE", "Parts", "build", "serve"]

SITE: Final = web.AppKey("SITE", Site)
"""The running server's knowledge, for tests and for whoever wires it."""

BESIDE_THE_ROUTER: Final = web.AppKey("BESIDE_THE_ROUTER", dict[tuple[str, str], Handler])
"""Handlers by method and path as sent: what a hall is asked thousands of times a second."""

CONNECTIONS_BESIDE_STREAMS: Final = 2000
"""Phones and consoles between two requests. Beyond streams and these, connections are refused:
the hall's own clerks must not wait behind a flood for file descriptors."""


def build(parts: Parts) -> web.Application:
    """The application of these parts. Streams begin and end with it."""
    site = site_of(parts)
    app = web.Application(client_max_size=BODY_BYTES_MAX)
    app[SITE] = site
    hot = app[BESIDE_THE_ROUTER] = {}
    for id_, live in site.lives.items():
        # The hottest path has a handler of its own. All paths of a hall are written out: the
        # router finds what stands before the first variable at once, and tries out the rest.
        handler = polled_handler(
            live.view, site.limits, site.metrics.requests, f"GET {SNAPSHOT.path}"
        )
        path = SNAPSHOT.path.replace("{hall}", id_)
        _add(app, "GET", path, handler)
        hot["GET", path] = handler
    known = (*ROUTES, *parts.more_routes)
    routes = [route for route in known if parts.demo or not route.demo_only]
    for route in routes:
        if "{hall}" in route.path and route is not SNAPSHOT:
            for id_, live in site.lives.items():
                path = route.path.replace("{hall}", id_)
                handler = compiled(route, site, live)
                _add(app, route.method, path, handler)
                if route.handler is cards.take:
                    hot["POST", path] = handler
        _add(app, route.method, route.path, compiled(route, site))
    _add(app, "*", "/{elsewhere:.*}", elsewhere(routes, site))
    app.cleanup_ctx.append(_streams)
    app.on_shutdown.append(_end_streams)
    return app


def _add(app: web.Application, method: str, path: str, handler: Handler) -> None:
    if method == "GET":
        app.router.add_get(path, handler, expect_handler=expect)  # and HEAD
    else:
        app.router.add_route(method, path, handler, expect_handler=expect)


def site_of(parts: Parts) -> Site:
    """What the running server knows."""
    limits = limits_of(parts.settings.http)
    streams = Streams(limits)
    names = names_of(parts.settings)
    lives = {
        id_: Live(
            running,
            parts.clock,
            names if id_ == parts.settings.hall.id else Names(),
            streams,
            words=words_of(parts.settings),
        )
        for id_, running in parts.halls.items()
    }
    furniture, own = parts.furniture, lives.get(parts.settings.hall.id)
    if furniture is not None and own is not None:
        furniture.listen(lambda new: own.furnish(names_of(new), words_of(new)))
    doors = Doors(
        parts.store.accounts,
        parts.store.secret,
        parts.clock,
        limits,
        session_hours=parts.settings.http.session_hours,
    )
    return Site(
        parts=parts,
        lives=lives,
        doors=doors,
        limits=limits,
        streams=streams,
        metrics=Metrics(),
        static=StaticFiles(STATIC_DIR),
        media=MediaFolder(parts.media, (zone.id for zone in parts.settings.zones)),
        columns={
            id_: parts.columns.get(id_) or columns_in(None, live.running, parts.clock)
            for id_, live in lives.items()
        },
        reprints=Once(),
        openapi=cache(lambda: openapi.made_of(ROUTES, parts.version)),
        tls=parts.settings.http.public_url.startswith("https:"),
    )


async def serve(app: web.Application, host: str, port: int) -> web.AppRunner:
    """Listen. `runner.addresses` tells the port if `port` is 0; `runner.cleanup()` ends it."""
    places = Places(app[SITE].limits.streams_max + CONNECTIONS_BESIDE_STREAMS)
    hot = app[BESIDE_THE_ROUTER]
    return await listen(app, host, port, places, hot)


async def _streams(app: web.Application) -> AsyncIterator[None]:
    site = app[SITE]
    for live in site.lives.values():
        live.start(site.parts.bus)
    yield
    await _end_streams(app)


async def _end_streams(app: web.Application) -> None:
    for task in tuple(app[SITE].streams.tasks):
        task.cancel()
    app[SITE].parts.readers.close()
    for live in app[SITE].lives.values():
        await live.stop()
