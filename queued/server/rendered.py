"""From a page's context to a response: in which language, with which headers, packed or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from display import i18n
from display.pages import Pages
from queued.server.packed import GZIP, VARY, packed, takes_gzip
from queued.server.security import page_headers

LANGUAGE_COOKIE: Final = "queued_language"
LANGUAGE_KEPT_S: Final = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page as bytes; `small` is it under gzip, if somebody packed it already."""

    language: i18n.Language
    body: bytes
    small: bytes | None = None


def language_of(request: web.Request) -> i18n.Language:
    """The language asked for with `?lang=`, chosen before, or preferred by the browser."""
    wanted = request.query.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    return i18n.negotiate(request.headers.get("Accept-Language"), wanted)


def query_kept(request: web.Request) -> str:
    """What was asked for beside the language, as `q=x&`. Not for a page that is drawn once for
    everybody: the next one would find the first one's words in it."""
    asked = [(name, text) for name, text in request.query.items() if name != "lang"]
    return f"{urlencode(asked)}&" if asked else ""


def drawn_for(pages: Pages, request: web.Request, name: str, context: Mapping[str, Any]) -> Drawn:
    """The page `name` in the language of `request`."""
    language = language_of(request)
    return Drawn(language, pages.render(name, language, context).encode())


def shown(
    request: web.Request,
    drawn: Drawn,
    *,
    tls: bool,
    status: int = 200,
    secret: bool = False,
    more: Mapping[str, str] = {},
) -> web.Response:
    """The page as a response; with `secret`, something of a session is in it. `more` headers
    stand in the place of the usual ones.
    """
    headers = page_headers(tls=tls)
    headers["Content-Language"] = drawn.language
    body, small = drawn.body, None
    if not secret:
        headers |= VARY
        small = (drawn.small or packed(body)) if takes_gzip(request) else None
    if small is not None:
        body, headers = small, headers | GZIP
    response = web.Response(body=body, status=status, headers={**headers, **more})
    if request.query.get("lang") in i18n.LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE, drawn.language, max_age=LANGUAGE_KEPT_S, samesite="Lax", path="/"
        )
    return response
