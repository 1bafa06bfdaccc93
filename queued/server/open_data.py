"""The hall's past as an open-data file (columns: `engine.open_data`)."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from hashlib import blake2b
from typing import Final

from aiohttp import web

from queued.core.plan import QueueId
from queued.engine.open_data import csv_of
from queued.server import wire
from queued.server.call import Call
from queued.server.popular import day_asked
from queued.server.problems import Problem
from queued.server.tagged import known, tagged

DAYS_MAX: Final = 31
"""Of one file: a month of a large hall is a megabyte, made in a quarter of a second."""

CACHE_CONTROL: Final = "public, max-age=300"


async def open_data(call: Call[None]) -> web.Response:
    """GET /halls/{hall}/open-data.csv"""
    live, request = call.live, call.request
    past = call.site.parts.history.get(live.id)
    days = await past.days() if past is not None else None
    last = days[1] if days else live.calendar.day_of(live.now()) - timedelta(days=1)
    begin, end = _asked(call, last)
    bom = _bom(call)
    names = {id_: queue.name for id_, queue in live.hall.plan.queues.items()}
    at = await past.cursor() if past is not None else 0
    # From what it follows from: who has the file already costs next to nothing.
    made_of = repr((live.id, at, begin, end, bom, sorted(names.items())))
    etag = f'"{blake2b(made_of.encode(), digest_size=9).hexdigest()}"'
    body = b"" if known(request, etag) else await _made(call, begin, end, names, bom)
    return tagged(
        request,
        body,
        etag,
        Content_Type="text/csv; charset=utf-8; header=present",
        Content_Disposition=f'attachment; filename="{live.id}-{begin}-{end}.csv"',
        Cache_Control=CACHE_CONTROL,
    )


async def _made(
    call: Call[None], begin: date, end: date, names: dict[QueueId, str], bom: bool
) -> bytes:
    past = call.site.parts.history.get(call.live.id)
    async with call.site.files:
        hours = await past.between(begin, end) if past is not None else []
        return await asyncio.to_thread(csv_of, hours, names, bom=bom)


def _asked(call: Call[None], last: date) -> tuple[date, date]:
    """From when to when; the last day that has closed if nothing is said. Raises `Problem`."""
    query = call.request.query
    begin = day_asked(call, "from", last if "to" not in query else day_asked(call, "to", last))
    end = day_asked(call, "to", begin if "from" in query else last)
    if not timedelta(0) <= end - begin < timedelta(days=DAYS_MAX):
        said = f"expected a day from {begin} to {begin + timedelta(days=DAYS_MAX - 1)}"
        raise Problem("invalid", errors=(wire.WrongField("to", said),))
    return begin, end


def _bom(call: Call[None]) -> bool:
    told = call.request.query.get("bom", "0")
    if told not in ("0", "1"):
        raise Problem("invalid", errors=(wire.WrongField("bom", "expected 0 or 1"),))
    return told == "1"
