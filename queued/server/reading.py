"""The pages of columns for visitors: lists, pages, the telephone list, a search over all.

Everything here is the same for everybody who reads a language, so answers are kept, have a strong
ETag, and may lie in caches for a moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from display import i18n
from queued.content.folder import Loaded
from queued.content.page import Page
from queued.content.rendering import Rendered
from queued.content.searching import QUERY_CHARS_MAX, Document, found, prepared
from queued.server import pages, rendered
from queued.server.call import Call
from queued.server.columns import Columns, Made, Shown, keep
from queued.server.offer import services_of
from queued.server.packed import LEVEL_ONCE, packed, takes_gzip
from queued.server.problems import Problem
from queued.server.rendered import Drawn
from queued.server.tickets import hall_name

PER_PAGE: Final = 20
"""Entries of a list at once: two screens of a phone."""

LISTED: Final = ("news", "questions", "about")
"""Columns with a list and pages of their own; contacts are one page."""

CACHE: Final = "public, max-age=10, stale-while-revalidate=60"
VARY: Final = "Accept-Encoding, Accept-Language, Cookie"
"""The language is asked for, chosen before (a cookie), or the browser's."""

TAG_CHARS: Final = 32


def columns_of(call: Call[Any]) -> Columns:
    """The columns of the hall of the path."""
    return call.site.columns[call.live.id]


async def listing(call: Call[None]) -> web.Response:
    """GET /h/{hall}/news, /questions, /about"""
    column, number = _column(call), _number(call)
    shown, language = await columns_of(call).shown(), pages.language_of(call.request)
    return _answer(call, shown, (column, number), lambda: _listing(shown, column, number, language))


async def entry(call: Call[None]) -> web.Response:
    """GET /h/{hall}/news/{slug}, …"""
    column, slug = _column(call), call.path("slug")
    shown, language = await columns_of(call).shown(), pages.language_of(call.request)
    loaded = shown.page(column, slug, language)
    if loaded is None:
        raise Problem("not_found")
    return _answer(call, shown, (column, slug), lambda: ("entry", entry_context(loaded)))


async def contacts(call: Call[None]) -> web.Response:
    """GET /h/{hall}/contacts"""
    shown, language = await columns_of(call).shown(), pages.language_of(call.request)
    groups = shown.of("contacts", language)
    return _answer(
        call, shown, ("contacts",),
        lambda: ("contacts", {"groups": [entry_context(one)["entry"] for one in groups]}),
    )  # fmt: skip


async def search(call: Call[None]) -> web.Response:
    """GET /h/{hall}/search"""
    query = call.request.query.get("q", "").strip()[:QUERY_CHARS_MAX]
    shown, language = await columns_of(call).shown(), pages.language_of(call.request)
    offered = prepared(
        Document(
            title=pages.plain(one)["name"] if language == i18n.DEFAULT else one.name_en or one.name,
            initials=one.initials,
            text=f"{one.name} {one.name_en}",
            thing=one,
        )
        for one in services_of(call.live).services
    )
    results = found(query, (*shown.documents(language), *offered))
    context = {
        "hall": pages.plain(hall_name(call.live)),
        "columns": list(shown.filled),
        "query": query,
        "results": [_result(one.document, one.excerpt) for one in results],
    }
    return pages.page(call, "search", context, csrf="")


async def picture(call: Call[None]) -> web.Response:
    """GET /h/{hall}/media/{picture}"""
    columns, name = columns_of(call), call.path("picture")
    shown = await columns.shown()
    if columns.folder is None or name not in shown.contents.pictures:
        raise Problem("not_found")
    file = columns.folder.picture_path(name)
    headers = {
        "Content-Type": "image/png" if name.endswith(".png") else "image/jpeg",
        "Cache-Control": "public, max-age=31536000, immutable",  # named by what is in it
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'",
        "Server": "queued",
    }
    return web.FileResponse(file, headers=headers)  # type: ignore[return-value]


# ── What templates are given ──────────────────────────────────────────────────────────────


def entry_context(loaded: Loaded) -> dict[str, Any]:
    """A page for its template. `html` is safe: see `queued.content.rendering`."""
    return {"column": loaded.page.column, "entry": entry_of(loaded.page, loaded.rendered)}


def entry_of(page: Page, made: Rendered) -> dict[str, Any]:
    """The page itself."""
    return {
        "slug": page.slug,
        "title": page.title,
        "date": page.date,
        "summary": page.summary,
        "pinned": page.pinned,
        "language": page.language,
        "html": made.html,
        "phones": [
            {"name": one.name, "number": one.number, "dialled": one.dialled,
             "hours": one.hours, "note": one.note}
            for one in page.phones
        ],
    }  # fmt: skip


def _listing(
    shown: Shown, column: str, number: int, language: str
) -> tuple[str, Mapping[str, Any]]:
    entries = shown.of(column, language)
    last = max(1, -(-len(entries) // PER_PAGE))
    if number > last:
        raise Problem("not_found")
    here = entries[(number - 1) * PER_PAGE : number * PER_PAGE]
    listed = [
        {key: value for key, value in entry_context(one)["entry"].items() if key != "html"}
        for one in here
    ]
    kept = f"page={number}&" if number > 1 else ""
    context = {"column": column, "entries": listed, "number": number, "last": last}
    return "column", {**context, "query_kept": kept}


def _result(document: Document, excerpt: str) -> dict[str, Any]:
    """A line of the search: a page, or a service with what to bring."""
    thing = document.thing
    if hasattr(thing, "materials"):
        return {
            "kind": "service", "title": document.title, "address": f"status?{_query(thing.name)}",
            "papers": list(thing.materials), "excerpt": "", "language": "",
        }  # fmt: skip
    address = thing.column if thing.column == "contacts" else f"{thing.column}/{thing.slug}"
    return {
        "kind": thing.column, "title": document.title, "address": address, "papers": [],
        "excerpt": document.summary or excerpt, "language": thing.language,
    }  # fmt: skip


def _query(text: str) -> str:
    return urlencode({"q": text})


# ── Answers that are kept ─────────────────────────────────────────────────────────────────


def _answer(call: Call[Any], shown: Shown, key: tuple[Any, ...], make: Any) -> web.Response:
    """The page of `make` (its name and context), kept; 304 for who has it."""
    request, site = call.request, call.site
    hall, language = pages.plain(hall_name(call.live)), rendered.language_of(request)
    full_key = (*key, language, hall["name"])
    made = shown.made.get(full_key)
    if made is None:
        name, context = make()
        everything = {"hall": hall, "columns": list(shown.filled), **context}
        body = site.parts.pages.render(name, language, everything).encode()
        tag = sha256(body).hexdigest()[:TAG_CHARS]
        made = Made(Drawn(language, body, packed(body, LEVEL_ONCE)), tag)
        keep(shown, full_key, made)
    # Other bytes, another strong tag (RFC 9110 §8.8.3.3).
    packs = made.drawn.small is not None and takes_gzip(request)
    more = {"Cache-Control": CACHE, "ETag": f'"{made.tag}{"-gzip" if packs else ""}"', "Vary": VARY}
    if more["ETag"] in request.headers.get("If-None-Match", "") and "lang" not in request.query:
        return web.Response(status=304, headers={**more, "Server": "queued"})
    return rendered.shown(request, made.drawn, tls=site.tls, more=more)


def _column(call: Call[Any]) -> str:
    """Of the path, whose third part it is: /h/{hall}/news/…"""
    return call.request.path.split("/")[3]


def _number(call: Call[Any]) -> int:
    text = call.request.query.get("page", "1")
    if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 3 and int(text) >= 1):
        raise Problem("not_found")
    return int(text)
