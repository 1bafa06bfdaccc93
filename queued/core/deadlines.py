"""Timers are state: what must happen by itself, and when.

The actor sleeps until `next_deadline` and then submits `due`. After a restart the deadlines
are simply there again, because they follow from the hall.
"""

from __future__ import annotations

from queued.core.arriving import lapses
from queued.core.commands import CloseDay, Command, Lapse, MissTicket
from queued.core.model import Hall, Status, TicketId
from queued.core.plan import Millis, WindowId

BY = "timer:"
"""Who gives the commands of deadlines."""


def next_deadline(hall: Hall) -> Millis | None:
    """The earliest moment at which `due` returns a command, or None."""
    moments = [moment for moment, _ in _misses(hall)]
    if hall.absent:
        moments += [until for until, _ in lapses(hall)]
    if hall.open:
        moments.append(hall.day_ends_at)
    return min(moments, default=None)


def due(hall: Hall, at: Millis) -> Command | None:
    """The command whose time has come, earliest first."""
    ends = [hall.day_ends_at] if hall.open else []
    end = min(ends, default=at + 1)
    missed = min(_misses(hall), default=(at + 1, WindowId("")))
    lapsed = min(lapses(hall), default=(at + 1, TicketId(0)))
    # After a night without power all may be due: whoever missed the call missed it first.
    if lapsed[0] <= min(at, missed[0]) and lapsed[0] < end:
        return Lapse(ticket=lapsed[1], by=BY)
    if missed[0] <= at and missed[0] < end:
        return MissTicket(window=missed[1], by=BY)
    return CloseDay(by=BY) if end <= at else None


def _misses(hall: Hall) -> list[tuple[Millis, WindowId]]:
    """When each called ticket counts as missed, and at which window."""
    after_ms = hall.plan.rules.auto_miss_after_ms
    if not after_ms:
        return []
    found = []
    for id_, window in hall.windows.items():
        if window.ticket is None:
            continue
        ticket = hall.ticket(window.ticket)
        if ticket.status is Status.CALLED and ticket.called_at is not None:
            found.append((Millis(ticket.called_at + after_ms), id_))
    return found
