"""The end of a business day: what was still alive ends, and the day is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from queued.core import events as e
from queued.core.model import Hall, Status, Ticket, WindowStatus
from queued.core.plan import Millis

DAY_CLOSED = "day_closed"
"""The reason or outcome of everything that the end of the day ended."""


UNDECIDED = (Status.WAITING, Status.CALLED, Status.SERVING, Status.PARKED)
"""Whose end is still open. Who was missed may come back, or take another number."""


def closing(hall: Hall, by: str, at: Millis) -> tuple[e.Event, ...]:
    """The events that end the day: every live ticket, every window, then the day itself.

    Who was missed stays missed: the day's figures should tell them from those who left.
    """
    ended = [_end(t, by, at) for t in hall.tickets if t.status in UNDECIDED]
    closed = [
        e.WindowClosed(at=at, by=by, window=id_)
        for id_, window in hall.windows.items()
        if window.status is not WindowStatus.CLOSED
    ]
    counts = Counter(tally(hall))
    for ticket in hall.tickets:
        if ticket.status in UNDECIDED:
            after = Status.SERVED if ticket.status is Status.SERVING else Status.CANCELLED
            counts[ticket.status.value] -= 1
            counts[after.value] += 1
    day = e.DayClosed(
        at=at,
        by=by,
        day=hall.day or "",
        tally={key: n for key, n in sorted(counts.items()) if n},
    )
    return (*ended, *closed, day)


def tally(hall: Hall) -> Mapping[str, int]:
    """Tickets of the day by status, `issued` in all, and the sum of waits in seconds."""
    counts = Counter(ticket.status.value for ticket in hall.tickets)
    counts["issued"] = len(hall.tickets)
    counts["waited_s"] = sum(
        (ticket.first_called_at - ticket.issued_at) // 1000
        for ticket in hall.tickets
        if ticket.first_called_at is not None
    )
    return dict(sorted(counts.items()))


def _end(ticket: Ticket, by: str, at: Millis) -> e.Event:
    if ticket.status is Status.SERVING:
        assert ticket.window is not None
        return e.ServiceFinished(
            at=at,
            by=by,
            ticket=ticket.id,
            number=ticket.number,
            queue=ticket.queue,
            window=ticket.window,
            outcome=DAY_CLOSED,
        )
    return e.TicketCancelled(
        at=at,
        by=by,
        ticket=ticket.id,
        number=ticket.number,
        queue=ticket.queue,
        reason=DAY_CLOSED,
    )
