"""One request that has been let in, and how handlers answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import msgspec
from aiohttp import web

from display import i18n
from queued.core.quick import quick_init
from queued.server.auth import Principal
from queued.server.live import Live
from queued.server.problems import Problem
from queued.server.whole import Head, Whole
from queued.server.wire import WrongField

if TYPE_CHECKING:
    from queued.server.parts import Site

T = TypeVar("T")

SEQ_CHARS_MAX: Final = 18
"""More digits are no seq and no id: a hall would need a billion years."""

JSON_HEADERS: Final[Mapping[str, str]] = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Server": "queued",
}

_ENCODE = msgspec.json.Encoder().encode


@quick_init
@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request: who asks, which hall (of the path) is meant, and the decoded body."""

    site: Site
    request: web.Request
    who: Principal | None
    hall: Live | None
    body: T
    raw: bytes = b""

    @property
    def live(self) -> Live:
        """The hall of the path; only for routes that have one."""
        assert self.hall is not None
        return self.hall

    @property
    def principal(self) -> Principal:
        """Who asks; only for routes that need a role."""
        assert self.who is not None
        return self.who

    @property
    def language(self) -> i18n.Language:
        """Of the answer's sentences."""
        return i18n.negotiate(self.request.headers.get("Accept-Language"))

    def path(self, name: str) -> str:
        """A part of the path."""
        return self.request.match_info[name]


def encode(content: Any) -> bytes:
    """A wire value as JSON."""
    return _ENCODE(content)


def answer(
    content: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A wire value as an uncached JSON response."""
    all_headers = {**JSON_HEADERS, **headers} if headers else JSON_HEADERS
    return web.Response(body=_ENCODE(content), status=status, headers=all_headers)


def sent(
    body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.StreamResponse:
    """Encoded JSON as an uncached response that nobody adds to."""
    if headers is None:
        return Whole(_head(status), body)
    return web.Response(body=body, status=status, headers={**JSON_HEADERS, **headers})


@cache
def _head(status: int) -> Head:
    return Head(status, JSON_HEADERS)


def number_asked(call: Call[None], name: str, usual: int, least: int, most: int) -> int:
    """A whole number of the query. Raises `Problem` invalid."""
    text = call.request.query.get(name)
    if text is None:
        return usual
    if text.isascii() and text.isdigit() and len(text) <= SEQ_CHARS_MAX:
        number = int(text)
        if least <= number <= most:
            return number
    wrong = WrongField(name, f"expected a whole number from {least} to {most}")
    raise Problem("invalid", errors=(wrong,))
