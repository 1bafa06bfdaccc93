"""What follows from what happened: `evolve(hall, event) -> hall`. May not refuse.

One function per event, found in one table. A fold of the journal through `evolve` is the hall;
an event that cannot be folded means a damaged journal or a bug, and raises `InvariantBroken`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from queued.core import arriving
from queued.core import events as e
from queued.core.assigning import assigned, configured, furnished
from queued.core.changed import changed
from queued.core.line import NOBODY
from queued.core.model import (
    CALLS_SHOWN,
    Call,
    Counts,
    Hall,
    Status,
    Ticket,
    Window,
    WindowStatus,
)
from queued.core.numbering import taken
from queued.core.plan import WindowId
from queued.core.transitions import TRANSITIONS
from queued.core.vector import Vector


class InvariantBroken(Exception):
    """The journal says something impossible. Nobody can act on it: stop, look, restore."""


def evolve(hall: Hall, event: e.Event) -> Hall:
    """The hall after `event`. Raises `InvariantBroken`, changes nothing in place."""
    try:
        changes = _FOLDS[type(event)](hall, event)
    except (KeyError, IndexError) as error:
        raise InvariantBroken(f"after seq {hall.seq}: {event!r}: {error!r}") from error
    return changed(hall, seq=hall.seq + 1, at=event.at, **changes)


# ── Furniture and days ────────────────────────────────────────────────────────────────────


def _hall_configured(hall: Hall, event: e.HallConfigured) -> dict[str, Any]:
    windows = {id_: hall.windows.get(id_, Window()) for id_ in event.plan.windows}
    return {**configured(hall, event.plan), "windows": windows}


def _day_opened(hall: Hall, event: e.DayOpened) -> dict[str, Any]:
    return {
        "day": event.day,
        "open": True,
        "plan": furnished(hall),
        "usual": {},
        "day_ends_at": event.ends_at,
        "hours": event.hours,
        "tickets": Vector(),
        "lines": {},
        "bound": {},
        "series": {},
        "calls": (),
        "windows": {id_: Window() for id_ in hall.plan.windows},
        "clerks": {},
        "absent": {},
        "day_seq": hall.seq + 1,
    }


def _day_closed(hall: Hall, event: e.DayClosed) -> dict[str, Any]:
    return {"open": False}


def _window_opened(hall: Hall, event: e.WindowOpened) -> dict[str, Any]:
    before = hall.windows[event.window]
    stays = before.clerk == event.clerk and before.since is not None
    window = changed(
        before,
        status=WindowStatus.OPEN,
        clerk=event.clerk,
        reason="",
        since=before.since if stays else event.at,
    )
    return _windows(hall, event.window, window)


def _window_paused(hall: Hall, event: e.WindowPaused) -> dict[str, Any]:
    window = changed(hall.windows[event.window], status=WindowStatus.PAUSED, reason=event.reason)
    return _windows(hall, event.window, window)


def _window_closed(hall: Hall, event: e.WindowClosed) -> dict[str, Any]:
    window = Window(counts=hall.windows[event.window].counts)
    return _windows(hall, event.window, window)


# ── A ticket's life ───────────────────────────────────────────────────────────────────────


def _ticket_issued(hall: Hall, event: e.TicketIssued) -> dict[str, Any]:
    if event.ticket != len(hall.tickets) + 1:
        raise InvariantBroken(f"ticket {event.ticket} after {len(hall.tickets)}")
    ticket = Ticket(
        id=event.ticket,
        number=event.number,
        queue=event.queue,
        service=event.service,
        class_=event.class_,
        status=Status.WAITING,
        issued_at=event.at,
        base=event.base,
        key=event.key,
        slot=event.slot,
        language=event.language,
        party=event.party,
        origin=event.by,
    )
    queue = hall.plan.queues[event.queue]
    series = taken(hall.series.get(event.queue), queue, event.value, event.ticket)
    return {
        "tickets": hall.tickets.append(ticket),
        "series": {**hall.series, event.queue: series},
        **_join(hall, ticket),
        **arriving.away(hall, event),
    }


def _presence(hall: Hall, event: e.TicketHeld | e.VisitorArrived) -> dict[str, Any]:
    _after(hall.ticket(event.ticket), event)
    fold = arriving.held if isinstance(event, e.TicketHeld) else arriving.here
    return fold(hall, event)  # type: ignore[arg-type]


def _ticket_called(hall: Hall, event: e.TicketCalled) -> dict[str, Any]:
    before = hall.ticket(event.ticket)
    ticket = changed(
        before,
        status=_after(before, event),
        window=event.window,
        calls=before.calls + 1 if before.status is Status.MISSED else 1,
        called_at=event.at,
        first_called_at=before.first_called_at or event.at,
        was=before.status,
        was_window=before.window,
        was_calls=before.calls,
        was_called_at=before.called_at,
    )
    call = Call(event.ticket, event.number, event.window, event.at, ticket.calls, hall.seq + 1)
    return {
        **(_leave(hall, before) if before.status is Status.WAITING else {}),
        **_put(hall, ticket),
        **_at_window(
            hall,
            event.window,
            {"called": 1},
            ticket=event.ticket,
            undo_until=event.undo_until,
        ),
        "calls": _call_shown(hall, call),
    }


def _ticket_recalled(hall: Hall, event: e.TicketRecalled) -> dict[str, Any]:
    before = hall.ticket(event.ticket)
    ticket = changed(before, status=_after(before, event), calls=event.times, called_at=event.at)
    call = Call(event.ticket, event.number, event.window, event.at, event.times, hall.seq + 1)
    return {**_put(hall, ticket), "calls": _call_shown(hall, call)}


def _call_undone(hall: Hall, event: e.CallUndone) -> dict[str, Any]:
    before = hall.ticket(event.ticket)
    _after(before, event)
    fresh = before.was is Status.WAITING
    ticket = changed(
        before,
        status=before.was,
        window=before.was_window,
        calls=before.was_calls,
        called_at=before.was_called_at,
        first_called_at=None if fresh and not before.returns else before.first_called_at,
    )
    return {
        **_put(hall, ticket),
        **(_join(hall, ticket) if fresh else {}),
        **_at_window(hall, event.window, {"called": -1}, **_FREE),
        "calls": tuple(call for call in hall.calls if call.ticket != event.ticket),
    }


def _service_started(hall: Hall, event: e.ServiceStarted) -> dict[str, Any]:
    before = hall.ticket(event.ticket)
    ticket = changed(before, status=_after(before, event), started_at=event.at)
    window = changed(hall.windows[event.window], undo_until=None)
    changes = {**_put(hall, ticket), **_windows(hall, event.window, window)}
    return changes | arriving.here(hall, event)


def _service_finished(hall: Hall, event: e.ServiceFinished) -> dict[str, Any]:
    before = hall.ticket(event.ticket)
    ticket = changed(before, status=_after(before, event), ended_at=event.at, reason=event.outcome)
    served = {
        "served": 1,
        "matters": event.count,
        "serving_ms": event.at - (before.started_at or event.at),
    }
    return {**_put(hall, ticket), **_release(hall, before, served)}


def _ticket_missed(hall: Hall, event: e.TicketMissed) -> dict[str, Any]:
    before = hall.ticket(event.ticket)
    ticket = changed(before, status=_after(before, event), window=None, ended_at=event.at)
    return {
        **_put(hall, ticket),
        **_release(hall, before, {"missed": 1}),
        **arriving.here(hall, event),
    }


def _ticket_parked(hall: Hall, event: e.TicketParked) -> dict[str, Any]:
    before = hall.ticket(event.ticket)
    ticket = changed(
        before,
        status=_after(before, event),
        window=None,
        ended_at=event.at,
        reason=event.reason,
    )
    return {
        **_put(hall, ticket),
        **_release(hall, before, {"parked": 1}),
        **arriving.here(hall, event),
    }


def _ticket_returned(hall: Hall, event: e.TicketReturned) -> dict[str, Any]:
    before = hall.ticket(event.ticket)
    ticket = changed(
        before,
        status=_after(before, event),
        base=event.base,
        key=event.key,
        window=None,
        reason="",
        **_AGAIN,
        returns=before.returns + 1,
    )
    return {**_put(hall, ticket), **_join(hall, ticket)}


def _ticket_transferred(hall: Hall, event: e.TicketTransferred) -> dict[str, Any]:
    before = hall.ticket(event.ticket)
    ticket = changed(
        before,
        status=_after(before, event),
        queue=event.queue,
        window=event.to_window,
        base=event.base,
        key=event.key,
        **_AGAIN,
        returns=before.returns + 1,
    )
    return {
        **_put(hall, ticket),
        **_join(hall, ticket),
        **_release(hall, before, {"transferred": 1}),
        **arriving.here(hall, event),
    }


def _ticket_cancelled(hall: Hall, event: e.TicketCancelled) -> dict[str, Any]:
    before = hall.ticket(event.ticket)
    ticket = changed(
        before,
        status=_after(before, event),
        window=None,
        ended_at=event.at,
        reason=event.reason,
    )
    changes = _put(hall, ticket) | arriving.here(hall, event)
    if before.status is Status.WAITING:
        changes |= _leave(hall, before)
    elif before.status is Status.CALLED:
        changes |= _release(hall, before, {})
    return changes


def _service_rated(hall: Hall, event: e.ServiceRated) -> dict[str, Any]:
    before = hall.ticket(event.ticket)
    return _put(hall, changed(before, status=_after(before, event), rating=event.grade))


_FOLDS: Mapping[type, Callable[[Hall, Any], dict[str, Any]]] = {
    e.HallConfigured: _hall_configured,
    e.DayOpened: _day_opened,
    e.DayClosed: _day_closed,
    e.WindowOpened: _window_opened,
    e.WindowPaused: _window_paused,
    e.WindowClosed: _window_closed,
    e.WindowAssigned: assigned,
    e.TicketIssued: _ticket_issued,
    e.TicketHeld: _presence,
    e.VisitorArrived: _presence,
    e.TicketCalled: _ticket_called,
    e.TicketRecalled: _ticket_recalled,
    e.CallUndone: _call_undone,
    e.ServiceStarted: _service_started,
    e.ServiceFinished: _service_finished,
    e.TicketMissed: _ticket_missed,
    e.TicketParked: _ticket_parked,
    e.TicketReturned: _ticket_returned,
    e.TicketTransferred: _ticket_transferred,
    e.TicketCancelled: _ticket_cancelled,
    e.ServiceRated: _service_rated,
}


_AGAIN: Mapping[str, Any] = {
    "slot": None,
    "calls": 0,
    "called_at": None,
    "started_at": None,
    "ended_at": None,
}
"""Of a ticket that goes back to a line; what it lived through before is in the journal."""


# ── Parts of the folds ────────────────────────────────────────────────────────────────────


def _after(ticket: Ticket, event: e.Event) -> Status:
    try:
        return TRANSITIONS[ticket.status][type(event)]
    except KeyError:
        raise InvariantBroken(
            f"{type(event).__name__} while {ticket.number} is {ticket.status.value}"
        ) from None


def _put(hall: Hall, ticket: Ticket) -> dict[str, Any]:
    return {"tickets": hall.tickets.replace(ticket.id - 1, ticket)}


def _windows(hall: Hall, id_: WindowId, window: Window) -> dict[str, Any]:
    return {"windows": {**hall.windows, id_: window}}


def _join(hall: Hall, ticket: Ticket) -> dict[str, Any]:
    """Stand in line: of the one window it is bound to, or of its queue."""
    entry = (ticket.key, ticket.id)
    if ticket.window is not None:
        line = hall.bound.get(ticket.window, NOBODY).joined(entry)
        return {"bound": {**hall.bound, ticket.window: line}}
    line = hall.lines.get(ticket.queue, NOBODY).joined(entry)
    return {"lines": {**hall.lines, ticket.queue: line}}


def _leave(hall: Hall, ticket: Ticket) -> dict[str, Any]:
    entry = (ticket.key, ticket.id)
    if ticket.window is not None:
        line = hall.bound[ticket.window].left(entry)
        return {"bound": {**hall.bound, ticket.window: line}}
    return {"lines": {**hall.lines, ticket.queue: hall.lines[ticket.queue].left(entry)}}


_FREE: Mapping[str, Any] = {"ticket": None, "undo_until": None}
"""Of a window without a ticket in hand."""


def _release(hall: Hall, ticket: Ticket, more: Mapping[str, int]) -> dict[str, Any]:
    """The window that had `ticket` in hand is free again."""
    assert ticket.window is not None
    return _at_window(hall, ticket.window, more, **_FREE)


def _at_window(
    hall: Hall, id_: WindowId, more: Mapping[str, int], **changes: Any
) -> dict[str, Any]:
    """The window changed, and `more` counted for it and for the clerk who sits there."""
    window = hall.windows[id_]
    if not more:
        return _windows(hall, id_, changed(window, **changes))
    own = hall.clerks.get(window.clerk, Counts())
    return {
        **_windows(hall, id_, changed(window, counts=_added(window.counts, more), **changes)),
        "clerks": {**hall.clerks, window.clerk: _added(own, more)},
    }


def _added(counts: Counts, more: Mapping[str, int]) -> Counts:
    return changed(counts, **{name: getattr(counts, name) + n for name, n in more.items()})


def _call_shown(hall: Hall, call: Call) -> tuple[Call, ...]:
    others = [shown for shown in hall.calls if shown.ticket != call.ticket]
    return (call, *others[: CALLS_SHOWN - 1])
