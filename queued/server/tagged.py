"""Answers that many may keep: bytes with a strong ETag, 304 for whoever has them."""

from __future__ import annotations

from hashlib import blake2b

from aiohttp import web

from queued.server.snapshot import NOT_MODIFIED


def tag_of(body: bytes) -> str:
    """The ETag of these bytes."""
    return f'"{blake2b(body, digest_size=9).hexdigest()}"'


def known(request: web.Request, etag: str) -> bool:
    """Whether If-None-Match names it: `*`, or a list of tags, weak ones too."""
    tags = (
        tag.strip() for line in request.headers.getall(NOT_MODIFIED, ()) for tag in line.split(",")
    )
    return any(tag == "*" or tag.removeprefix("W/") == etag for tag in tags)


def tagged(request: web.Request, body: bytes, etag: str, **headers: str) -> web.Response:
    """The bytes, or 304. `headers` with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named |= {"ETag": etag, "X-Content-Type-Options": "nosniff", "Server": "queued"}
    if known(request, etag):
        named.pop("Content-Type", None)
        return web.Response(status=304, headers=named)
    return web.Response(body=body, headers=named)
