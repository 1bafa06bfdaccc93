"""Popular times: what a day is usually like, and how busy it is now against that."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final

from aiohttp import web

from queued.core import views
from queued.core.hours import issuing
from queued.core.plan import QueueId
from queued.engine.day_figures import WHOLE_HALL
from queued.engine.popular import Hour, TypicalDay, level
from queued.server import wire
from queued.server.call import Call, encode
from queued.server.live import Live
from queued.server.parts import Site
from queued.server.problems import Problem
from queued.server.tagged import tag_of, tagged

DAY: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")

CACHE_CONTROL: Final = "public, max-age=60"
"""Quarters of an hour are compared; nobody sees a minute's delay."""


async def popular_times(call: Call[None]) -> web.Response:
    """GET /halls/{hall}/popular-times"""
    today = call.live.calendar.day_of(call.live.now())
    asked = day_asked(call, "day", today)
    body = encode(await times_of(call.site, call.live, asked))
    return tagged(
        call.request,
        body,
        tag_of(body),
        Content_Type="application/json",
        Cache_Control=CACHE_CONTROL,
    )


def day_asked(call: Call[None], name: str, usual: date) -> date:
    """A date of the query, 2000 to 2099. Raises `Problem` invalid."""
    text = call.request.query.get(name)
    if text is None:
        return usual
    if DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    wrong = wire.WrongField(name, "expected a day such as 2026-11-23")
    raise Problem("invalid", errors=(wrong,))


async def times_of(site: Site, live: Live, day: date) -> wire.PopularTimes:
    """What `day` may be expected to be like in a hall, and how today is against it."""
    now = live.now()
    today = day == live.calendar.day_of(now)
    past = site.parts.history.get(live.id)
    typical = await past.typical(day) if past is not None else None
    return wire.PopularTimes(
        hall=live.id,
        day=day.isoformat(),
        today=today,
        # To the minute: the bytes are the same for everybody who asks within it.
        observed_at=live.time_of(now - now % 60_000),  # type: ignore[arg-type]
        kind=typical.kind if typical else None,
        days=typical.days if typical else 0,
        since=typical.since if typical else None,
        until=typical.until if typical else None,
        queues=_queues(site, live, typical, today=today) if typical else [],
    )


def _queues(
    site: Site, live: Live, typical: TypicalDay, *, today: bool
) -> list[wire.PopularQueue]:
    hall, now = live.hall, live.now()
    local = datetime.fromtimestamp(now / 1000, live.calendar.zone)
    names = {queue.id: queue.name_en for queue in site.settings.queues}
    waiting: dict[QueueId, int] = {queue: views.waiting(hall, queue) for queue in hall.plan.queues}
    open_ = {queue: views.queue_status(hall, queue) == "open" for queue in hall.plan.queues}
    waiting = {WHOLE_HALL: sum(waiting.values()), **waiting}
    open_ = {WHOLE_HALL: issuing(hall, now), **open_}
    told = []
    for queue, people in waiting.items():
        usual = typical.waiting(queue, local.hour, local.minute)
        busy = None
        if today and open_[queue] and usual is not None:
            busy = wire.Busy(level(people, usual), people, usual)
        told.append(
            wire.PopularQueue(
                id=queue,
                name=hall.plan.queues[queue].name if queue else hall.plan.name,
                busy=busy,
                hours=[_hour(hour) for hour in typical.queues.get(queue, ())],
                name_en=names.get(queue, "") if queue else site.settings.hall.name_en,
            )
        )
    return told


def _hour(hour: Hour) -> wire.PopularHour:
    a, b, c, d = (int(mean + 0.5) for mean in hour.waiting)
    return wire.PopularHour(
        hour=hour.hour,
        waiting=int(hour.mean + 0.5),
        quarters=(a, b, c, d),
        tickets=hour.tickets,
        wait_p50_s=hour.p50_s,
        wait_p80_s=hour.p80_s,
    )
