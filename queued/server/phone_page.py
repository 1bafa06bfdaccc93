"""What a hall's phone page shows beside the snapshot: usual times, and what else its phones can do.

The hall's own page is drawn from it, and so are those of public processes elsewhere.
"""

from __future__ import annotations

from datetime import date

from aiohttp import web

from queued.core.hours import issuing
from queued.server import wire
from queued.server.call import Call, encode
from queued.server.live import Live
from queued.server.offer import afar
from queued.server.parts import Site
from queued.server.popular import CACHE_CONTROL, times_of
from queued.server.tagged import tag_of, tagged


async def phone_page(call: Call[None]) -> web.Response:
    """GET /halls/{hall}/phone-page"""
    body = encode(await phone_page_of(call.site, call.live))
    return tagged(
        call.request,
        body,
        tag_of(body),
        Content_Type="application/json",
        Cache_Control=CACHE_CONTROL,
    )


async def phone_page_of(site: Site, live: Live) -> wire.PhonePage:
    """As it is now; the same for everybody within a minute."""
    opens = opens_at(live, issuing(live.hall, live.now()))
    day = live.calendar.day_of(live.now()) if opens is None else date.fromisoformat(opens[:10])
    given = afar(live, site.settings)
    return wire.PhonePage(
        hall=live.id,
        url=site.parts.settings.http.public_url.rstrip("/"),
        take=given["take"],
        book=given["book"],
        columns=list((await site.columns[live.id].shown()).filled),  # type: ignore[arg-type]
        times=await times_of(site, live, day),
    )


def opens_at(live: Live, is_open: bool) -> str | None:
    """When a hall that is closed opens by its hours, RFC 3339."""
    at = None if is_open else live.calendar.next_opening(live.now())
    return None if at is None else live.time_of(at)
