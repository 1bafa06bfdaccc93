"""Numbers taken from afar: they keep their place, and are called once their holder is here.

How it works. `Hall.absent` names the tickets whose holders have not said yet that they are in the
hall. No window calls one of them by itself. When somebody else is called in their place, their
turn has come: `TicketHeld` says until when the place is kept (`Rules.keep_place_ms`). Who arrives
in time stands where he stood all along, and so is called next; after that the ticket lapses.

While nobody else is called, no time runs: nobody loses anything by waiting for him. A clerk who
sees the visitor may call him by number; serving him ends the absence, taking the call back does
not.
"""

from __future__ import annotations

from typing import Any

from queued.core import commands as c
from queued.core import events as e
from queued.core import guards, policy
from queued.core import refusals as r
from queued.core.model import Hall, Status, Ticket, TicketId
from queued.core.plan import Millis
from queued.core.transitions import allowed

NOT_HERE = "not_here"
"""Why a ticket is cancelled whose holder did not arrive."""

NO_TURN = Millis(0)
"""In `Hall.absent`: its turn has not come yet."""


def arrive(hall: Hall, command: c.Arrive, at: Millis) -> tuple[e.Event, ...]:
    """The visitor is in the hall; nothing happens for one who was here already.

    Raises `Unknown`, `TicketNotWaiting`.
    """
    ticket = guards.ticket_of_today(hall, command.ticket)
    if ticket.id in hall.absent:
        return (e.VisitorArrived(**_facts(ticket, command.by, at)),)
    if ticket.status not in (Status.WAITING, Status.CALLED, Status.SERVING):
        raise r.TicketNotWaiting(number=ticket.number, status=ticket.status.value)
    return ()


def lapse(hall: Hall, command: c.Lapse, at: Millis) -> tuple[e.Event, ...]:
    """Nobody arrived while the place was kept. Raises `Unknown`, `TicketNotWaiting`."""
    ticket = guards.ticket_of_today(hall, command.ticket)
    until = hall.absent.get(ticket.id, NO_TURN)
    if ticket.status is not Status.WAITING or not until or at < until:
        raise r.TicketNotWaiting(number=ticket.number, status=ticket.status.value)
    return (e.TicketCancelled(**_facts(ticket, command.by, at), reason=NOT_HERE),)


def passed_over(
    hall: Hall, command: c.CallNext, choice: policy.Choice, at: Millis
) -> tuple[e.TicketHeld, ...]:
    """Whose turn comes now, because `choice` is called in their place."""
    rank = (choice.key, choice.ticket)
    turns = sorted(
        (key, id_)
        for id_, until in hall.absent.items()
        if not until and (key := _key(hall, command, hall.ticket(id_), at)) is not None
    )
    kept = Millis(at + hall.plan.rules.keep_place_ms)
    return tuple(
        e.TicketHeld(**_facts(hall.ticket(id_), command.by, at), until=kept)
        for key, id_ in turns
        if (key, id_) < rank
    )


def lapses(hall: Hall) -> list[tuple[Millis, TicketId]]:
    """When each place that is being kept is given up."""
    return [
        (until, id_)
        for id_, until in hall.absent.items()
        if until and hall.ticket(id_).status is Status.WAITING
    ]


def _key(hall: Hall, command: c.CallNext, ticket: Ticket, at: Millis) -> int | None:
    """By which the window would call it, were he here; None if it would not."""
    rules, window = hall.plan.rules, hall.plan.windows[command.window]
    waits = allowed(ticket.status, e.TicketHeld)
    if not waits or not policy.due(ticket, at, rules.appointment_early_ms):
        return None
    if ticket.queue in window.queues:
        return ticket.key
    return ticket.key + rules.overflow_penalty_ms if ticket.queue in window.overflow else None


def _facts(ticket: Ticket, by: str, at: Millis) -> dict[str, Any]:
    return {
        "at": at,
        "by": by,
        "ticket": ticket.id,
        "number": ticket.number,
        "queue": ticket.queue,
    }


# ── What follows ──────────────────────────────────────────────────────────────────────────


def away(hall: Hall, event: e.TicketIssued) -> dict[str, Any]:
    """After a number was taken from afar."""
    return {} if event.here else {"absent": {**hall.absent, event.ticket: NO_TURN}}


def held(hall: Hall, event: e.TicketHeld) -> dict[str, Any]:
    """After a turn has come for somebody who is not here."""
    return {"absent": {**hall.absent, event.ticket: event.until}}


def here(hall: Hall, event: e.TicketEvent) -> dict[str, Any]:
    """After whatever ends an absence."""
    if event.ticket not in hall.absent:
        return {}
    rest = {id_: until for id_, until in hall.absent.items() if id_ != event.ticket}
    return {"absent": rest}
