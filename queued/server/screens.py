"""Pages that hang on walls: the board of a hall or of a zone, and the screen above a window.

Both are public: they show what the snapshot says. `?second=en` puts a second language beside
the titles, for halls with visitors from abroad.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from display import i18n
from queued.core.plan import WindowId
from queued.server import tickets
from queued.server.call import Call
from queued.server.pages import language_of, page, plain, snapshot_of
from queued.server.problems import Problem
from queued.server.wall import wall_of, zone_of


async def board(call: Call[None]) -> web.Response:
    """GET /h/{hall}/board"""
    zone = zone_of(call.site, call.request.query.get("zone"))
    context = {
        **await _on_the_wall(call),
        "wall": plain(await wall_of(call.site, call.live)),
        "zone": zone and {"id": zone.id, "name": zone.name, "name_en": zone.name_en},
    }
    return page(call, "board", context)


async def window(call: Call[None]) -> web.Response:
    """GET /h/{hall}/windows/{window}/screen"""
    id_ = WindowId(call.path("window"))
    if id_ not in call.live.hall.plan.windows:
        raise Problem("unknown_window", facts={"kind": "window", "id": id_})
    shown = plain(call.live.view.window(call.live.hall, id_))
    return page(call, "screen", {**await _on_the_wall(call), "window": shown})


async def _on_the_wall(call: Call[None]) -> dict[str, Any]:
    second = call.request.query.get("second")
    return {
        "hall": plain(tickets.hall_name(call.live)),
        "snapshot": await snapshot_of(call.live),
        "second": second if second in i18n.LANGUAGES and second != language_of(call.request)
        else None,
    }  # fmt: skip
