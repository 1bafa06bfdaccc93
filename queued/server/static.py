"""Files of the pages: read once, served from memory, cached for ever under their content hash.

Text is packed once, at the start. A path is a key of a table made at the start, so no path
leads out of the folder.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

from display.pages import HASH_CHARS
from queued.server.call import Call
from queued.server.packed import GZIP, LEVEL_ONCE, VARY, packed, takes_gzip
from queued.server.problems import Problem

TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".wav": "audio/wav",
}
"""What is served; anything else in the folder is not."""

PACKED: Final = frozenset({".css", ".js", ".mjs", ".svg", ".json"})
"""What gzip makes smaller; pictures, fonts and sounds are packed already."""

FILE_BYTES_MAX: Final = 8 << 20

IMMUTABLE: Final = "public, max-age=31536000, immutable"
REVALIDATE: Final = "no-cache"
"""Modules import each other without a hash: asked for again, answered with 304."""


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file in memory; `small` is it under gzip, if that is worth it."""

    body: bytes
    type: str
    hash: str
    small: bytes | None


class StaticFiles:
    """Every file of a folder, by its path in it."""

    def __init__(self, folder: Path) -> None:
        self._files = {
            path.relative_to(folder).as_posix(): _read(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix in TYPES and path.stat().st_size <= FILE_BYTES_MAX
        }

    def get(self, path: str) -> StaticFile | None:
        """The file; None if there is none."""
        return self._files.get(path)


async def serve(call: Call[None]) -> web.Response:
    """GET /static/{path}"""
    file = call.site.static.get(call.path("path"))
    if file is None:
        raise Problem("not_found")
    request = call.request
    small = file.small if takes_gzip(request) else None
    # Other bytes, another strong tag (RFC 9110 §8.8.3.3).
    etag = f'"{file.hash}{"" if small is None else "-gzip"}"'
    known = request.query.get("v") == file.hash[:HASH_CHARS]
    headers = {
        "ETag": etag,
        "Cache-Control": IMMUTABLE if known else REVALIDATE,
        "X-Content-Type-Options": "nosniff",
        "Server": "queued",
        **(VARY if file.small is not None else {}),
    }
    if etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = file.type
    if small is not None:
        return web.Response(body=small, headers={**headers, **GZIP})
    return web.Response(body=file.body, headers=headers)


def _read(path: Path) -> StaticFile:
    body = path.read_bytes()
    small = packed(body, LEVEL_ONCE) if path.suffix in PACKED else None
    return StaticFile(body, TYPES[path.suffix], hashlib.sha256(body).hexdigest(), small)
