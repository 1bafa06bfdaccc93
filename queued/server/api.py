"""The public reads of a hall, and sessions."""

from __future__ import annotations

from aiohttp import web

from queued.core.model import Hall
from queued.core.numbering import spelled
from queued.core.plan import QueueId
from queued.server import speakers, wire
from queued.server.auth import ROLES, Principal, clear_cookie, set_cookie
from queued.server.call import Call, answer
from queued.server.lines import line_of
from queued.server.live import Live
from queued.server.offer import services_of
from queued.server.problems import Problem

# ── The hall ──────────────────────────────────────────────────────────────────────────────


async def no_such_hall(call: Call[None]) -> web.Response:
    """GET /halls/{hall} of a hall that is not here; the others have handlers of their own."""
    raise Problem("unknown_hall", facts={"kind": "hall", "id": call.path("hall")})


async def stream(call: Call[None]) -> web.StreamResponse:
    """GET /halls/{hall}/stream"""
    voice = call.request.query.get("voice")
    if voice is not None:
        return await speakers.stream(call, voice)
    return await call.live.stream(call.request)


async def halls(call: Call[None]) -> web.Response:
    """GET /halls"""
    lines = [
        line_of(
            (await live.view.fresh()).content,
            observed_at=live.time_of(live.now()),
            opens=opens_at(live),
            address=live.names.address,
            position=live.names.position,
        )
        for live in call.site.lives.values()
    ]
    return answer(wire.HallList(lines), headers={"Cache-Control": "public, max-age=1"})


def opens_at(live: Live) -> str | None:
    """When the hall gives out numbers next by its hours, RFC 3339."""
    at = live.calendar.next_opening(live.now())
    return None if at is None else live.time_of(at)


async def services(call: Call[None]) -> web.Response:
    """GET /halls/{hall}/services"""
    headers = {"Cache-Control": "public, max-age=60"}
    return answer(services_of(call.live), headers=headers)


SERVICE_STATUS = {"open": "Open", "closed": "Closed", "paused": "Suspended"}


async def queue_monitor(call: Call[None]) -> web.Response:
    """GET /halls/{hall}/queue-monitor"""
    entities = monitors_of(call.live, (await call.live.view.fresh()).content)
    return answer(entities, headers={"Cache-Control": "public, max-age=1"})


async def all_queue_monitors(call: Call[None]) -> web.Response:
    """GET /queue-monitor"""
    entities: list[wire.QueueMonitor] = []
    for live in call.site.lives.values():
        entities += monitors_of(live, (await live.view.fresh()).content)
    return answer(entities, headers={"Cache-Control": "public, max-age=1"})


def monitors_of(live: Live, content: wire.Snapshot) -> list[wire.QueueMonitor]:
    """The queues of a hall as entities."""
    hall = live.hall
    source = live.names.source or None
    known = (queue for queue in content.queues if QueueId(queue.id) in hall.plan.queues)
    return [_monitor(hall, content, queue, source) for queue in known]


def _monitor(
    hall: Hall, content: wire.Snapshot, queue: wire.SnapshotQueue, source: str | None
) -> wire.QueueMonitor:
    plan = hall.plan.queues[QueueId(queue.id)]
    series = hall.series.get(plan.id)
    issued = series.next - 1 if series is not None else None
    called = queue.last_called
    return wire.QueueMonitor(
        id=f"urn:ngsi-ld:QueueMonitor:{content.hall}:{queue.id}",
        type="QueueMonitor",
        name=queue.name,
        alternate_name=queue.name_en or None,
        date_modified=content.observed_at,
        source=source,
        local_id=content.hall,
        office_name=content.name,
        service_id=queue.id,
        service_name=queue.name,
        service_status=SERVICE_STATUS[queue.status],  # type: ignore[arg-type]
        queue_line=queue.letter,
        tickets_to_serve=queue.waiting,
        last_ticket_issued=issued,
        last_ticket_issued_label=spelled(plan, issued) if issued is not None else None,
        ticket_served=int(called[len(plan.letter) :]) if called else None,
        ticket_served_label=called,
        observed_at=content.observed_at,
        sequence=content.seq,
    )


# ── Sessions ──────────────────────────────────────────────────────────────────────────────


async def sign_in(call: Call[wire.SignIn]) -> web.Response:
    """POST /session"""
    asked, doors = call.body, call.site.doors
    if asked.token is not None:
        signed = await doors.sign_in_with_token(call.request, asked.token)
    else:
        assert asked.name is not None and asked.password is not None
        signed = await doors.sign_in(call.request, asked.name, asked.password)
    response = answer(session_of(signed.who))
    set_cookie(response, signed, secure=call.site.tls)
    return response


async def session(call: Call[None]) -> web.Response:
    """GET /session"""
    who = await call.site.doors.who(call.request)
    if who is None:
        raise Problem("unauthenticated")
    return answer(session_of(who))


async def sign_out(call: Call[None]) -> web.Response:
    """DELETE /session"""
    await call.site.doors.who(call.request)  # a foreign page may not sign one out either
    await call.site.doors.sign_out(call.request)
    response = web.Response(status=204, headers={"Cache-Control": "no-store", "Server": "queued"})
    clear_cookie(response)
    return response


def session_of(who: Principal) -> wire.Session:
    """Who one is, as told to him."""
    roles: list[str] = [role for role in ROLES if role in who.roles]
    return wire.Session(csrf=who.csrf, name=who.name, roles=roles, window=who.window)
