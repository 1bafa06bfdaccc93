"""What everybody asks for again and again: bytes with an ETag, and next to nothing done for each.

Heads are bytes made once (see `whole.py`); a 304 has no body at all and costs less than a 200.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Protocol

from aiohttp import web
from multidict import CIMultiDictProxy

from queued.server.limits import Limits
from queued.server.problems import of, response
from queued.server.whole import Head, Whole

NOT_MODIFIED: Final = "If-None-Match"


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """Bytes as sent, with the heads of the 200 and of the 304."""

    etag: str
    body: bytes
    head: Head
    head_304: Head

    def known_to(self, request_headers: CIMultiDictProxy[str]) -> bool:
        """Whether If-None-Match names these bytes: `*`, or a list of tags, weak ones too."""
        for header in request_headers.getall(NOT_MODIFIED, ()):
            for tag in header.split(","):
                known = tag.strip()
                if known == "*" or known.removeprefix("W/") == self.etag:
                    return True
        return False


class View(Protocol):
    """What always has a newest state."""

    def current(self) -> Polled | None:
        """The newest, if it need not be made."""
        ...

    async def fresh(self) -> Polled:
        """The newest."""
        ...


def heads(etag: str, cache_control: str) -> tuple[Head, Head]:
    """Of the 200 and of the 304."""
    shared = {
        "ETag": etag,
        "Cache-Control": cache_control,
        "X-Content-Type-Options": "nosniff",
        "Server": "queued",
    }
    return Head(200, {"Content-Type": "application/json", **shared}), Head(304, shared)


def polled(body: bytes, cache_control: str) -> Polled:
    """JSON bytes under an ETag of their own."""
    etag = f'"{blake2b(body, digest_size=9).hexdigest()}"'
    head, head_304 = heads(etag, cache_control)
    return Polled(etag=etag, body=body, head=head, head_304=head_304)


def polled_handler(
    view: View, limits: Limits, requests: Counter[tuple[str, int]], name: str
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """GET of a view. `requests` counts by (`name`, status)."""
    answered, unchanged = (name, 200), (name, 304)

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            limits.public_request(request)
            encoded = view.current() or await view.fresh()
        except Exception as error:  # noqa: BLE001 — an edge: whatever it is, it is told
            problem = of(error)
            requests[name, problem.status] += 1
            return response(problem, request.headers.get("Accept-Language"))
        if NOT_MODIFIED in request.headers and encoded.known_to(request.headers):
            requests[unchanged] += 1
            return Whole(encoded.head_304)
        requests[answered] += 1
        return Whole(encoded.head, encoded.body)

    return handle
