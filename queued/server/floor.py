"""The manager's floor: every window and queue now, alarms, and what may be changed at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from display import i18n
from queued.core import commands as c
from queued.core import views
from queued.core.events import Event
from queued.core.model import Hall, Status, Ticket
from queued.core.plan import Millis, QueueId, WindowId
from queued.server import alarms, pages, wire
from queued.server.call import Call, answer, encode
from queued.server.desk import counts_told, waiting_since
from queued.server.live import Live
from queued.server.offer import services_of
from queued.server.tickets import carry_out, hall_name
from queued.server.windows import action, own_window


async def page(call: Call[None]) -> web.Response:
    """GET /h/{hall}/floor"""
    live = call.live
    context = {
        "hall": pages.plain(hall_name(live)),
        "floor": pages.plain(floor_of(live, pages.language_of(call.request))),
        "services": pages.plain(services_of(live)),
    }
    return pages.page(call, "floor", context)


async def show(call: Call[None]) -> web.Response:
    """GET /halls/{hall}/floor"""
    return answer(floor_of(call.live, call.language))


assign = action(
    lambda body, window, by: c.AssignQueues(
        window=window,
        queues=None if body.queues is None else tuple(map(QueueId, body.queues)),
        overflow=tuple(map(QueueId, body.overflow)),
        by=by,
    )
)
"""POST /halls/{hall}/windows/{window}/assign"""


async def seat(call: Call[wire.Seat]) -> web.StreamResponse:
    """POST /halls/{hall}/windows/{window}/seat"""
    live, by = call.live, call.principal.by
    window = own_window(call)
    named = call.body.clerk
    sitting = live.hall.windows[window].clerk
    clerk = f"clerk:{named}" if named else sitting or by
    command = c.OpenWindow(window=window, take_over=named is not None, clerk=clerk, by=by)

    def render(hall: Hall, events: Sequence[Event]) -> bytes:
        return encode(wire.WindowAnswer(live.view.window(hall, window), None, hall.seq))

    return await carry_out(call, command, render)


def floor_of(live: Live, language: i18n.Language) -> wire.Floor:
    """Everything a manager looks at, as of now."""
    hall, now = live.hall, live.now()
    return wire.Floor(
        hall=live.id,
        seq=hall.seq,
        observed_at=live.time_of(now),
        business_day=hall.day,
        open=hall.open,
        windows=[_window(live, hall, id_) for id_ in hall.plan.windows],
        queues=[_queue(live, hall, id_, now) for id_ in hall.plan.queues],
        alarms=[alarms.told(live, one, language) for one in live.running.alarms.all()],
    )


def _window(live: Live, hall: Hall, id_: WindowId) -> wire.FloorWindow:
    plan, window = hall.plan.windows[id_], hall.windows[id_]
    held = hall.ticket(window.ticket) if window.ticket is not None else None
    facts: dict[str, Any] = {"number": None, "state": None, "service": None, "since": None}
    if held is not None:
        since = held.started_at if held.status is Status.SERVING else held.called_at
        facts = {
            "number": held.number,
            "state": held.status.value,
            "service": held.service,
            "since": live.time_of(since) if since is not None else None,
        }
    return wire.FloorWindow(
        id=id_,
        name=plan.name,
        name_en=live.names.windows.get(id_, ""),
        status=window.status.value,
        reason=window.reason or None,
        clerk=window.clerk.partition(":")[2] or None,
        clerk_since=live.time_of(window.since) if window.since is not None else None,
        usual_s=_usual_s(hall, held) if held is not None else None,
        queues=plan.queues,
        overflow=plan.overflow,
        assigned=id_ in hall.usual,
        waiting=views.callable_count(hall, id_),
        counts=counts_told(window.counts),
        **facts,
    )


def _usual_s(hall: Hall, ticket: Ticket) -> int | None:
    """Of its service, else the mean of its queue's services; None where there are none."""
    services = hall.plan.services
    if ticket.service is not None and ticket.service in services:
        return services[ticket.service].minutes * 60
    minutes = [one.minutes for one in services.values() if one.queue == ticket.queue]
    return sum(minutes) * 60 // len(minutes) if minutes else None


def _queue(live: Live, hall: Hall, id_: QueueId, now: Millis) -> wire.FloorQueue:
    plan = hall.plan.queues[id_]
    waiting = [hall.ticket(entry[1]) for entry in views.line_of(hall, id_)]
    oldest = min(waiting, key=lambda ticket: (waiting_since(ticket), ticket.id), default=None)
    longest = max(0, now - waiting_since(oldest)) if oldest is not None else None
    long_ms = live.words.long_wait_ms
    return wire.FloorQueue(
        id=id_,
        name=plan.name,
        name_en=live.names.queues.get(id_, ""),
        letter=plan.letter,
        status=views.queue_status(hall, id_),  # type: ignore[arg-type]
        waiting=len(waiting),
        windows=len(views.windows_serving(hall, id_)),
        longest_s=longest // 1000 if longest is not None else None,
        longest_number=oldest.number if oldest is not None else None,
        long=longest is not None and 0 < long_ms <= longest,
        wait=live.view.wait(id_, len(waiting), now),
    )
