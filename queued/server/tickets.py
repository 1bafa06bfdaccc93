"""Wishing for a number, looking at one's own, rating, leaving; the slip of a ticket.

Answers are stored with their events, so that a retry gets the same bytes. What is stored holds
a mark in the place of the ticket's token (tokens are derived, and stored nowhere); the mark is
replaced on the way out.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from aiohttp import web

from queued.core import commands as c
from queued.core import views
from queued.core.events import Event, TicketIssued
from queued.core.model import Hall, Status, Ticket, TicketId
from queued.core.plan import ClassId, Millis, QueueId, ServiceId
from queued.engine.draft import Outcome, Render
from queued.engine.tokens import TicketTokens
from queued.server import wire
from queued.server.call import Call, answer, encode, sent
from queued.server.devices import SlipState, picture_url
from queued.server.live import Live
from queued.server.parts import Site
from queued.server.problems import Problem
from queued.server.wire.shapes import Grade

KEY_CHARS_MAX: Final = 64
KEY_HEADER: Final = "Idempotency-Key"
REPLAYED: Final = {"Idempotent-Replayed": "true"}

_MARK: Final = b'"token":"@'
"""Before day/id. No text of a caller can look like it: quotes inside JSON strings are escaped."""


def wish(call: Call[wire.TakeTicket]) -> tuple[c.IssueTicket, Render]:
    """The command for a number, and how its answer is told. Raises `Problem` too_many_requests."""
    who, asked, live = call.principal, call.body, call.live
    call.site.limits.ticket(call.request, who.by)
    command = c.IssueTicket(
        service=ServiceId(asked.service) if asked.service is not None else None,
        queue=QueueId(asked.queue) if asked.queue is not None else None,
        class_=ClassId(asked.class_),
        language=asked.language,
        party=asked.party,
        slip=asked.slip,
        here=asked.here,
        by=who.by,
    )

    def render(hall: Hall, events: Sequence[Event]) -> bytes:
        issued = next(event for event in events if isinstance(event, TicketIssued))
        ticket = marked_ticket(live, hall, hall.ticket(issued.ticket))
        return encode(wire.TicketTaken(ticket, hall.seq))

    return command, render


async def carry_out(
    call: Call[Any], command: c.Command, render: Render, *, status: int = 200
) -> web.StreamResponse:
    """Submit a command with the request's idempotency key; the first answer, now or again."""
    return taken(call, await submitted(call, command, render), status=status)


def submitted(call: Call[Any], command: c.Command, render: Render) -> Coroutine[Any, Any, Outcome]:
    """What becomes of a command with the request's idempotency key; `answer` still has marks."""
    key, fingerprint = idempotency(call)
    return call.live.running.actor.submit(command, key=key, fingerprint=fingerprint, render=render)


def taken(call: Call[Any], outcome: Outcome, *, status: int) -> web.StreamResponse:
    """The answer of a command as it leaves."""
    body = with_tokens(outcome.answer, call.live.running.tokens)
    return sent(body, status=status, headers=REPLAYED if outcome.replayed else None)


def idempotency(call: Call[Any]) -> tuple[str | None, str]:
    """The key within its principal's scope, and the fingerprint of the request.

    Raises `Problem` malformed unless the header is there once, with 1 to 64 visible ASCII
    characters, or not at all.
    """
    request = call.request
    keys = request.headers.getall(KEY_HEADER, ())
    if not keys:
        return None, ""
    key = keys[0]
    visible = all("!" <= character <= "~" for character in key)
    if len(keys) > 1 or not visible or not 1 <= len(key) <= KEY_CHARS_MAX:
        raise Problem("malformed", facts={"header": KEY_HEADER})
    asked = f"{request.method} {request.rel_url.raw_path}\n".encode() + call.raw
    return f"{call.principal.by}:{key}", sha256(asked).hexdigest()


def ticket_in(body: bytes) -> tuple[str, TicketId]:
    """Day and ticket of the mark in a stored answer. Raises `ValueError` if there is none."""
    start = body.index(_MARK) + len(_MARK)
    day, _, id_ = body[start : body.index(b'"', start)].decode().partition("/")
    return day, TicketId(int(id_))


def with_tokens(body: bytes, tokens: TicketTokens) -> bytes:
    """The answer as it leaves: the mark of its ticket, if it has one, replaced by the token."""
    at = body.find(_MARK)
    if at < 0:
        return body
    start = at + len(_MARK)
    end = body.index(b'"', start)
    token = tokens.token(*ticket_in(body)).encode()
    return body[: start - 1] + token + body[end:]


def marked_ticket(live: Live, hall: Hall, ticket: Ticket) -> wire.Ticket:
    """A ticket of today in an answer that is stored: with a mark for a token."""
    return told_ticket(live, hall, ticket, f"@{hall.day}/{ticket.id}", hall.at)


def told_ticket(live: Live, hall: Hall, ticket: Ticket, token: str, at: Millis) -> wire.Ticket:
    """A ticket of today as its holder sees it at `at`."""
    waiting = ticket.status is Status.WAITING
    ahead = views.ahead(hall, ticket) if waiting else None
    wait = live.view.wait(ticket.queue, ahead, at) if ahead is not None else None
    return wire.Ticket(
        token=token,
        number=ticket.number,
        queue=ticket.queue,
        service=ticket.service,
        class_=ticket.class_,
        status=ticket.status.value,
        issued_at=live.time_of(ticket.issued_at),
        ahead=ahead,
        wait=wait,
        window=ticket.window,
        calls=ticket.calls,
        slot=live.time_of(ticket.slot) if ticket.slot is not None else None,
        rating=_rating(ticket),
        here=not waiting or ticket.id not in hall.absent,
        kept_until=_kept_until(live, hall, ticket) if waiting and hall.absent else None,
    )


def _kept_until(live: Live, hall: Hall, ticket: Ticket) -> str | None:
    until = hall.absent.get(ticket.id)
    return live.time_of(until) if until else None


# ── One's own ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Held:
    """What a token opens: a ticket of a hall's day."""

    live: Live
    day: str
    ticket: Ticket
    token: str

    @property
    def today(self) -> bool:
        """Whether it is of the hall's current day."""
        return self.day == self.live.hall.day

    def told(self) -> wire.OwnTicket:
        """As its holder sees it."""
        hall, now = self.live.hall, self.live.now()
        if self.today:
            ticket = told_ticket(self.live, hall, self.ticket, self.token, now)
        else:
            ticket = _earlier(self.live, self.ticket, self.token)
        return wire.OwnTicket(
            ticket=ticket,
            hall=hall_name(self.live),
            seq=hall.seq,
            observed_at=self.live.time_of(now),
        )


async def held(call: Call[Any]) -> Held:
    """The ticket of the token in the path. Raises `Problem` unknown_ticket for any other token.

    Every hall is tried whatever the token looks like, so the time tells nothing.
    """
    return await opened(call.site, call.path("token"))


async def opened(site: Site, token: str) -> Held:
    """The ticket that `token` opens. Raises `Problem` unknown_ticket."""
    found = None
    for live in site.lives.values():
        read = live.running.tokens.read(token)
        if read is not None:
            found = live, *read
    if found is None:
        raise Problem("unknown_ticket")
    live, day, id_ = found
    hall = live.hall
    ticket: Ticket | None = None
    if day == hall.day:
        ticket = hall.ticket(id_) if 1 <= id_ <= len(hall.tickets) else None
    else:
        ticket = await site.parts.store.tickets.ticket(live.id, day, id_)
    if ticket is None:
        raise Problem("unknown_ticket")
    return Held(live, day, ticket, token)


async def show(call: Call[None]) -> web.Response:
    """GET /tickets/{token}"""
    return answer((await held(call)).told())


async def leave(call: Call[None]) -> web.Response:
    """DELETE /tickets/{token}"""
    own = await held(call)
    await give_up(own)
    return answer((await held(call)).told())


async def give_up(own: Held) -> None:
    """The visitor leaves. Raises `Problem` or `Refused` if it is too late for that."""
    if not own.today:
        facts = {"number": own.ticket.number, "status": own.ticket.status.value}
        raise Problem("ticket_not_waiting", facts=facts)
    await own.live.running.actor.submit(c.CancelTicket(ticket=own.ticket.id, by="visitor:"))


async def arrive(call: Call[wire.Nothing]) -> web.Response:
    """POST /tickets/{token}/arrival"""
    own = await held(call)
    await arrived(own, call.principal.by)
    return answer((await held(call)).told())


async def arrived(own: Held, by: str) -> bool:
    """Its holder is in the hall; whether that was news. Raises `Problem` or `Refused`."""
    if not own.today:
        facts = {"number": own.ticket.number, "status": own.ticket.status.value}
        raise Problem("ticket_not_waiting", facts=facts)
    outcome = await own.live.running.actor.submit(
        c.Arrive(ticket=own.ticket.id, by=by), render=lambda _, events: b"1" if events else b""
    )
    return bool(outcome.answer)


async def rate(call: Call[wire.Rate]) -> web.Response:
    """POST /tickets/{token}/rating"""
    await grade(await held(call), call.body.grade)
    return answer((await held(call)).told())


async def grade(own: Held, given: Grade) -> None:
    """The visitor's grade. Raises `Problem` or `Refused`: too late, not served, rated already."""
    if not own.today:
        raise Problem("too_late_to_rate", facts={"number": own.ticket.number})
    command = c.RateService(ticket=own.ticket.id, grade=given, by="visitor:")
    await own.live.running.actor.submit(command)


async def slip(call: Call[None]) -> web.Response:
    """GET /tickets/{token}/slip"""
    own = await held(call)
    devices = call.site.parts.devices
    return answer(_slip(own, await devices.slip_of(own.live.id, own.day, own.ticket.id)))


async def reprint(call: Call[wire.Nothing]) -> web.StreamResponse:
    """POST /tickets/{token}/slip"""
    own = await held(call)
    who = call.principal
    call.site.limits.ticket(call.request, who.by)
    devices = call.site.parts.devices

    async def printed() -> bytes:
        state = await devices.reprint(own.live.id, own.day, own.ticket.id, who.by)
        return encode(_slip(own, state))

    body, replayed = await call.site.reprints.run(*idempotency(call), printed)
    return sent(body, status=202, headers=REPLAYED if replayed else None)


def hall_name(live: Live) -> wire.HallName:
    """Which hall, as people call it."""
    return wire.HallName(live.id, live.hall.plan.name, live.names.hall)


def _slip(own: Held, state: SlipState | None) -> wire.Slip:
    if state is None:
        return wire.Slip("none", None, None)
    picture = None
    if state.picture is not None:
        picture = picture_url(own.live.id, state.device, state.picture)
    return wire.Slip(state.status, state.reason or None, picture)  # type: ignore[arg-type]


def _rating(ticket: Ticket) -> Any:
    return ticket.rating or None


def _earlier(live: Live, ticket: Ticket, token: str) -> wire.Ticket:
    return wire.Ticket(
        token=token,
        number=ticket.number,
        queue=ticket.queue,
        service=ticket.service,
        class_=ticket.class_,
        status=ticket.status.value,
        issued_at=live.time_of(ticket.issued_at),
        ahead=None,
        wait=None,
        window=ticket.window,
        calls=ticket.calls,
        slot=live.time_of(ticket.slot) if ticket.slot is not None else None,
        rating=_rating(ticket),
    )
