"""Taking a number, checking in an appointment, leaving: what a visitor decides himself.

As `decide`: pure, returns events or raises `Refused` and has changed nothing.
"""

from __future__ import annotations

from queued.core import commands as c
from queued.core import events as e
from queued.core import guards, numbering, policy
from queued.core import refusals as r
from queued.core.hours import issuing
from queued.core.model import Hall, TicketId
from queued.core.plan import Millis
from queued.core.transitions import allowed


def issue(hall: Hall, command: c.IssueTicket, at: Millis) -> tuple[e.Event, ...]:
    """A number for whoever comes. Raises `Refused`."""
    if not issuing(hall, at):
        raise r.HallClosed()
    queue_id = command.queue
    if command.service is not None:
        service = hall.plan.services.get(command.service)
        if service is None:
            raise r.Unknown("service", command.service)
        queue_id = service.queue
    queue = hall.plan.queues.get(queue_id) if queue_id is not None else None
    if queue is None:
        raise r.Unknown("queue", queue_id or "")
    if command.class_ not in hall.plan.classes:
        raise r.Unknown("class", command.class_)
    if not queue.accepting:
        raise r.QueueClosed(queue=queue.name)
    guards.waits_once(hall, command, queue.id)
    waiting = len(hall.lines.get(queue.id, ()))
    value = numbering.next_value(hall, queue) if waiting < queue.waiting_max else None
    if value is None:
        raise r.QueueFull(queue=queue.name, waiting=waiting)
    base = policy.base_of(at, command.slot, hall.plan)
    return (
        e.TicketIssued(
            at=at,
            by=command.by,
            ticket=TicketId(len(hall.tickets) + 1),
            number=numbering.spelled(queue, value),
            value=value,
            queue=queue.id,
            service=command.service,
            class_=command.class_,
            base=base,
            key=policy.key_of(base, command.class_, 0, hall.plan),
            slot=command.slot,
            language=command.language,
            party=command.party,
            slip=command.slip,
            here=command.here,
        ),
    )


def check_in(hall: Hall, command: c.CheckIn, at: Millis) -> tuple[e.Event, ...]:
    """A number for whoever is expected, if it is time. Raises `Refused`."""
    guards.in_time(hall, command.slot, at)
    wish = c.IssueTicket(
        service=command.service,
        class_=command.class_,
        slot=command.slot,
        language=command.language,
        slip=command.slip,
        by=command.by,
    )
    return issue(hall, wish, at)


def cancel(hall: Hall, command: c.CancelTicket, at: Millis) -> tuple[e.Event, ...]:
    """The visitor leaves. Raises `Refused`."""
    ticket = guards.ticket_of_today(hall, command.ticket)
    if not allowed(ticket.status, e.TicketCancelled):
        raise r.TicketNotWaiting(number=ticket.number, status=ticket.status.value)
    return (
        e.TicketCancelled(
            at=at,
            by=command.by,
            ticket=ticket.id,
            number=ticket.number,
            queue=ticket.queue,
            reason="left",
        ),
    )
