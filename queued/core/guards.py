"""What the rules ask before they decide: does it exist, is it yours, is it free?

Every function returns what was asked for, or raises the `Refused` that says why not.
"""

from __future__ import annotations

from typing import Any

from queued.core import refusals as r
from queued.core.commands import IssueTicket, OpenWindow
from queued.core.model import Hall, Status, Ticket, TicketId, Window, WindowStatus
from queued.core.plan import Millis, QueueId, WindowId
from queued.core.tally import UNDECIDED

PAD = "pad:"
"""The role of a call pad. It is screwed to its window and acts nowhere else: whoever gives its
commands sees to that. There it acts for whoever sits at the window."""

OVERRIDING = ("manager:", "admin:", "system:", "timer:", PAD)
"""Roles that may act at a window without sitting there; names follow the colon."""


def window_known(hall: Hall, id_: WindowId) -> Window:
    """The window. Raises `Unknown`."""
    if id_ not in hall.plan.windows:
        raise r.Unknown("window", id_)
    return hall.windows[id_]


def window_yours(hall: Hall, id_: WindowId, by: str) -> Window:
    """The window, open or paused, if `by` may act there. Raises `WindowNotOpen`, `NotYours`."""
    window = window_known(hall, id_)
    if window.status is WindowStatus.CLOSED:
        raise r.WindowNotOpen(window=id_, status=window.status.value)
    if window.clerk != by and not by.startswith(OVERRIDING):
        raise r.NotYours(window=id_, clerk=name_of(window.clerk))
    return window


def name_of(by: str) -> str:
    """The name in `role:name`."""
    return by.partition(":")[2]


def hands_empty(hall: Hall, id_: WindowId, by: str) -> Window:
    """The window, yours and without a ticket. Raises `WindowBusy`."""
    window = window_yours(hall, id_, by)
    if window.ticket is not None:
        raise r.WindowBusy(window=id_, number=hall.ticket(window.ticket).number)
    return window


def ready_to_call(hall: Hall, id_: WindowId, by: str) -> Window:
    """The window, yours, open and without a ticket."""
    window = hands_empty(hall, id_, by)
    if window.status is not WindowStatus.OPEN:
        raise r.WindowNotOpen(window=id_, status=window.status.value)
    return window


def ticket_in_hand(hall: Hall, id_: WindowId, by: str) -> Ticket | None:
    """The ticket called to or served at your window, if there is one."""
    window = window_yours(hall, id_, by)
    return hall.ticket(window.ticket) if window.ticket is not None else None


def ticket_called(hall: Hall, id_: WindowId, by: str) -> Ticket:
    """The ticket called to your window and not there yet. Raises `TicketNotCalled`."""
    ticket = ticket_in_hand(hall, id_, by)
    if ticket is None or ticket.status is not Status.CALLED:
        raise r.TicketNotCalled(window=id_)
    return ticket


def ticket_known(hall: Hall, number: str) -> Ticket:
    """Today's newest ticket with this number. Raises `Unknown`."""
    ticket = hall.find(number)
    if ticket is None:
        raise r.Unknown("ticket", number)
    return ticket


def ticket_of_today(hall: Hall, id_: TicketId) -> Ticket:
    """The ticket. Raises `Unknown`."""
    if not 1 <= id_ <= len(hall.tickets):
        raise r.Unknown("ticket", str(id_))
    return hall.ticket(id_)


def sitting_down(window: Window, command: OpenWindow) -> str:
    """Who will sit at the window: a pad without a clerk's number keeps the one who does."""
    if command.clerk or not command.by.startswith(PAD):
        return command.clerk or command.by
    return window.clerk or command.by


def waits_once(hall: Hall, command: IssueTicket, queue: QueueId) -> None:
    """Raises `AlreadyWaiting` if the same person's place in `queue`, or by the hall's rule in any
    other, is still open."""
    anywhere = hall.plan.rules.one_live_ticket
    for id_ in command.others:
        # They were looked up before the command came: the day may be another now.
        other = hall.ticket(id_) if 1 <= id_ <= len(hall.tickets) else None
        if other is None or other.status not in UNDECIDED:
            continue
        if anywhere or other.queue == queue:
            raise r.AlreadyWaiting(number=other.number)


def may_return(hall: Hall, ticket: Ticket) -> None:
    """Raises `TooManyReturns`: the starvation bound needs re-entries to be counted."""
    if ticket.returns >= hall.plan.rules.returns_max:
        raise r.TooManyReturns(number=ticket.number, times=ticket.returns)


def in_time(hall: Hall, slot: Millis, at: Millis) -> None:
    """Whether an appointment may be checked in at `at`: both ends of its time belong to it.

    Raises `AppointmentEarly`, `AppointmentLate`.
    """
    rules = hall.plan.rules
    opens, closed = slot - rules.checkin_early_ms, slot + rules.checkin_late_ms
    if at < opens:
        raise r.AppointmentEarly(slot=slot, opens=opens)
    if at > closed:
        raise r.AppointmentLate(slot=slot, closed=closed)


def at_window(ticket: Ticket, window: WindowId, by: str, at: Millis) -> dict[str, Any]:
    """The facts that every event of a ticket at a window has."""
    return {
        "at": at,
        "by": by,
        "ticket": ticket.id,
        "number": ticket.number,
        "queue": ticket.queue,
        "window": window,
    }
