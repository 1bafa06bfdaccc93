"""Who is aside: parked and missed tickets of today, found without looking at every ticket.

Every desk shows them and is read again after every change; a day has 20,000 tickets. So the
ids of tickets that are aside are kept, and only those that an event touched are looked at again.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from queued.core.events import DayOpened, Event
from queued.core.model import Hall, Status, Ticket, TicketId
from queued.core.plan import QueueId

_ASIDE = frozenset({Status.PARKED, Status.MISSED})


class Aside:
    """The index of one hall. Tell it every event, in order; ask it with the hall they made."""

    def __init__(self) -> None:
        self._aside: dict[TicketId, None] = {}
        self._touched: set[TicketId] = set()
        self._complete = False

    def heard(self, events: Iterable[Event]) -> None:
        """These happened."""
        for event in events:
            if isinstance(event, DayOpened):
                self._aside.clear()
                self._touched.clear()
                self._complete = True
                continue
            ticket = getattr(event, "ticket", None)
            if ticket is not None and self._complete:
                self._touched.add(ticket)

    def of(self, hall: Hall, status: Status, queues: Container[QueueId]) -> list[Ticket]:
        """Tickets of `queues` that are parked or missed, the newest first."""
        self._look(hall)
        tickets = (hall.ticket(id_) for id_ in self._aside)
        found = [one for one in tickets if one.status is status and one.queue in queues]
        return sorted(found, key=lambda one: (one.ended_at or 0, one.id), reverse=True)

    def _look(self, hall: Hall) -> None:
        """Bring the index up to `hall`; the first time, from all its tickets."""
        if not self._complete:
            self._aside = {one.id: None for one in hall.tickets if one.status in _ASIDE}
            self._complete = True
        for id_ in sorted(self._touched):
            self._aside.pop(id_, None)
            if hall.ticket(id_).status in _ASIDE:
                self._aside[id_] = None
        self._touched.clear()
