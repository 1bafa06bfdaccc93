"""Listening: connections in bounded number, errors below HTTP in the shape of all others.

What is asked thousands of times a second is handed over before aiohttp's router sees it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from queued.server.problems import Problem, of, response

BACKLOG: Final = 4096
"""Connections that wait for accept: after a power cut all screens come at once."""

FIRST_REQUEST_WITHIN_S: Final = 30.0
"""Browsers open a connection ahead of need; nobody needs longer than this to ask."""

SHUTDOWN_S: Final = 3.0
"""Requests in hand get this long at the end; streams are ended before."""

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Hot: TypeAlias = Mapping[tuple[str, str], Handler]
"""Handlers by method and path as sent."""


async def listen(
    app: web.Application, host: str, port: int, places: Places, hot: Hot
) -> web.AppRunner:
    """Listen. `runner.addresses` tells the port if `port` is 0; `runner.cleanup()` ends it."""
    runner = _Runner(
        app,
        places,
        hot,
        handler_cancellation=True,  # a stream notices at once that its screen has gone
        shutdown_timeout=SHUTDOWN_S,
    )
    await runner.setup()
    await web.TCPSite(runner, host, port, backlog=BACKLOG).start()
    return runner


@dataclass(slots=True)
class Places:
    """Connections open now, and how many may be."""

    most: int
    taken: int = 0


class _Protocol(web.RequestHandler):
    """Tells about requests that are not HTTP in the same shape as about all others."""

    __slots__ = ("_patience", "_places")

    def __init__(self, server: Any, places: Places, **options: Any) -> None:
        super().__init__(server, **options)
        self._places = places

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._places.taken += 1
        if self._places.taken > self._places.most:
            transport.abort()  # type: ignore[attr-defined]
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(FIRST_REQUEST_WITHIN_S, self._hang_up, transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._patience.cancel()
        self._places.taken -= 1
        super().connection_lost(exc)

    def _hang_up(self, transport: asyncio.BaseTransport) -> None:
        """Whoever connects and does not ask for anything holds a place for nothing."""
        if self._request_count == 0:
            transport.close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun; nothing more can be told")
        if isinstance(exc, HttpProcessingError):
            # The caller's mistake. None of its bytes are logged: there may be a token in them.
            log.info("not HTTP: %s", type(exc).__name__)
            problem = Problem("malformed")
        else:
            problem = of(exc or RuntimeError("failed without a reason"))
        told = response(problem, None)
        told.force_close()
        return told


class _Runner(web.AppRunner):
    """Speaks `_Protocol`, and spares the busiest paths the router."""

    def __init__(self, app: web.Application, places: Places, hot: Hot, **options: Any) -> None:
        super().__init__(app, **options)
        self._connections = places
        self._hot = hot

    async def setup(self) -> None:
        """Make ready to listen."""
        await super().setup()
        server: Any = super().server
        server.request_handler = _beside_the_router(self._hot, server.request_handler)

    @property
    def server(self) -> Any:
        """What makes a protocol for each connection."""
        server = super().server
        assert server is not None, "set up first"
        loop = asyncio.get_running_loop()
        return lambda: _Protocol(
            server,
            self._connections,
            loop=loop,
            # Paths of own tickets hold their tokens; /metrics counts by route.
            access_log=None,
            auto_decompress=False,  # small bodies only: no decompression bombs
        )


def _beside_the_router(
    hot: Hot, routed: Callable[[Any], Awaitable[web.StreamResponse]]
) -> Callable[[Any], Awaitable[web.StreamResponse]]:
    """Asks the handlers that need no router before it; `Expect` is the router's business."""

    def handle(request: web.Request) -> Awaitable[web.StreamResponse]:
        handler = hot.get((request.method, request.raw_path))
        if handler is None or "Expect" in request.headers:
            return routed(request)
        return handler(request)

    return handle
