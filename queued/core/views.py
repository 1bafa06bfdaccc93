"""What people ask a hall: places in line, waiting lists, what a window may do.

Pure and cheap: a place is a bisection, an order is one pass over one line. The shapes that
leave the building (JSON) are the server's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge

from queued.core.hours import issuing
from queued.core.line import NOBODY, Entry
from queued.core.model import (
    Hall,
    Status,
    Ticket,
    Window,
    WindowStatus,
)
from queued.core.plan import QueueId, WindowId


def line_of(hall: Hall, queue: QueueId) -> Iterator[Entry]:
    """Everybody waiting in `queue`, in calling order, window-bound tickets merged in."""
    line = hall.lines.get(queue, NOBODY)
    bound = tuple(_bound_in(hall, queue))
    return merge(line, sorted(bound)) if bound else iter(line)


def order(hall: Hall, queue: QueueId) -> list[str]:
    """The numbers waiting in `queue`, as they would be called now."""
    tickets = hall.tickets
    return [tickets[entry[1] - 1].number for entry in line_of(hall, queue)]


def ahead(hall: Hall, ticket: Ticket) -> int:
    """How many stand before a waiting ticket in its queue; 0 for any other ticket."""
    if ticket.status is not Status.WAITING:
        return 0
    entry = (ticket.key, ticket.id)
    before = hall.lines.get(ticket.queue, NOBODY).before(entry)
    return before + sum(1 for other in _bound_in(hall, ticket.queue) if other < entry)


def waiting(hall: Hall, queue: QueueId) -> int:
    """How many wait in `queue`."""
    return len(hall.lines.get(queue, ())) + sum(1 for _ in _bound_in(hall, queue))


def windows_serving(hall: Hall, queue: QueueId) -> tuple[WindowId, ...]:
    """The open windows that serve `queue` as their own."""
    return tuple(
        id_
        for id_, plan in hall.plan.windows.items()
        if queue in plan.queues and hall.windows[id_].status is WindowStatus.OPEN
    )


def queue_status(hall: Hall, queue: QueueId) -> str:
    """open = numbers given out and a window open; paused = no window open; closed."""
    if not (hall.open and hall.plan.queues[queue].accepting):
        return "closed"
    if not issuing(hall, hall.at) and not waiting(hall, queue):
        return "closed"
    return "open" if windows_serving(hall, queue) else "paused"


def last_called(hall: Hall, queue: QueueId) -> str | None:
    """The number of `queue` called last, of those still on the board."""
    for call in hall.calls:
        if hall.ticket(call.ticket).queue == queue:
            return call.number
    return None


def callable_by(hall: Hall, window: WindowId) -> Iterator[Ticket]:
    """Everybody `window` may call, in the order of its calling rule."""
    plan = hall.plan.windows[window]
    penalty = hall.plan.rules.overflow_penalty_ms
    lines: list[Iterator[Entry]] = [iter(hall.bound.get(window, ()))]
    lines += [iter(hall.lines.get(queue, ())) for queue in plan.queues]
    for queue in plan.overflow:
        if queue not in plan.queues:
            lines.append((key + penalty, id_) for key, id_ in hall.lines.get(queue, ()))
    for _, id_ in merge(*lines):
        yield hall.ticket(id_)


def callable_count(hall: Hall, window: WindowId) -> int:
    """How many `window` may call."""
    plan = hall.plan.windows[window]
    queues = dict.fromkeys((*plan.queues, *plan.overflow))
    own = len(hall.bound.get(window, ()))
    return own + sum(len(hall.lines.get(queue, ())) for queue in queues)


def actions(hall: Hall, window_id: WindowId) -> list[str]:
    """The window actions that make sense now, by their names in the API."""
    window = hall.windows[window_id]
    if not hall.open:
        return []
    if window.status is WindowStatus.CLOSED:
        return ["open"]
    if window.status is WindowStatus.PAUSED:
        return ["open", "close", "unpark"]
    if window.ticket is None:
        return ["call-next", "call", "pause", "close", "unpark"]
    return _IN_HAND[hall.ticket(window.ticket).status] + _undo(hall, window)


_IN_HAND = {
    Status.CALLED: ["recall", "start", "miss", "park", "transfer", "unpark"],
    Status.SERVING: ["finish", "park", "transfer", "unpark"],
}


def _undo(hall: Hall, window: Window) -> list[str]:
    return ["undo"] if window.undo_until is not None else []


def _bound_in(hall: Hall, queue: QueueId) -> Iterator[Entry]:
    for line in hall.bound.values():
        for entry in line:
            if hall.ticket(entry[1]).queue == queue:
                yield entry
