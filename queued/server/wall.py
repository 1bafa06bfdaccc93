"""What screens show beside the queues: notices of the configuration, pictures and films."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from queued.server import wire
from queued.server.call import Call, answer
from queued.server.live import Live
from queued.server.parts import Site
from queued.server.problems import Problem
from queued.settings_values import NoticeSettings, ZoneSettings


async def wall(call: Call[None]) -> web.Response:
    """GET /halls/{hall}/wall"""
    return answer(await wall_of(call.site, call.live))


async def media(call: Call[None]) -> web.StreamResponse:
    """GET /media/{path}: the whole file, or the range of it that a player asks for."""
    file = (await call.site.media.files()).get(call.path("path"))
    if file is None:
        raise Problem("not_found")
    headers = {
        "Content-Type": file.type,
        "Cache-Control": "no-cache",  # asked for again, answered with 304
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'",
        "Server": "queued",
    }
    return web.FileResponse(file.path, headers=headers)


async def wall_of(site: Site, live: Live) -> wire.Wall:
    """What the screens of a hall show now. A hall without configuration here shows nothing."""
    settings = site.settings
    if settings.hall.id != live.id:
        return wire.Wall([], [])
    now = live.time_of(live.now())[: len("2026-11-23T08:30")]
    return wire.Wall(
        [
            wire.Notice(notice.text, notice.text_en, notice.zone or "")
            for notice in settings.notices
            if _current(notice, now)
        ],
        [
            wire.Media(f"/media/{quote(path)}", file.kind, file.zone)
            for path, file in (await site.media.files()).items()
        ],
    )


def zone_of(site: Site, id_: str | None) -> ZoneSettings | None:
    """The zone called `id_`; None for no zone. Raises `Problem` for one that does not exist."""
    if not id_:
        return None
    for zone in site.parts.settings.zones:
        if zone.id == id_:
            return zone
    raise Problem("unknown_zone")


def _current(notice: NoticeSettings, now: str) -> bool:
    return (not notice.since or notice.since <= now) and (not notice.until or now < notice.until)
