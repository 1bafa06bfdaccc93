"""What would happen: one function decides, small ones compute.

`decide` is pure. It returns events for `evolve`, or raises `Refused` and has changed nothing.
Who may give a command at all (kiosk, clerk, manager) is the server's business; here a clerk
only may not act at a window of another clerk.
"""

from __future__ import annotations

from itertools import islice
from typing import assert_never

from queued.core import arriving, guards, policy, taking
from queued.core import commands as c
from queued.core import events as e
from queued.core import refusals as r
from queued.core.assigning import assign
from queued.core.furnish import configure
from queued.core.line import NOBODY
from queued.core.model import (
    NO_GRADE,
    Hall,
    Status,
    Ticket,
    WindowStatus,
)
from queued.core.plan import Millis, QueueId
from queued.core.tally import closing
from queued.core.transitions import allowed
from queued.core.views import line_of


def decide(hall: Hall, command: c.Command, at: Millis) -> tuple[e.Event, ...]:
    """What would happen if `command` arrived at `at`. Raises `Refused`; changes nothing."""
    match command:
        case c.CallNext():
            return _call_next(hall, command, at)
        case c.IssueTicket():
            return taking.issue(hall, command, at)
        case c.CheckIn():
            return taking.check_in(hall, command, at)
        case c.StartService():
            return _start(hall, command, at)
        case c.FinishService():
            return _finish(hall, command, at)
        case c.Recall():
            return _recall(hall, command, at)
        case c.MissTicket():
            return _miss(hall, command, at)
        case c.CallTicket():
            return _call_ticket(hall, command, at)
        case c.ParkTicket():
            return _park(hall, command, at)
        case c.UnparkTicket():
            return _unpark(hall, command, at)
        case c.TransferTicket():
            return _transfer(hall, command, at)
        case c.CancelTicket():
            return taking.cancel(hall, command, at)
        case c.Arrive():
            return arriving.arrive(hall, command, at)
        case c.Lapse():
            return arriving.lapse(hall, command, at)
        case c.Undo():
            return _undo(hall, command, at)
        case c.RateService():
            return _rate(hall, command, at)
        case c.OpenWindow():
            return _open_window(hall, command, at)
        case c.PauseWindow():
            return _pause_window(hall, command, at)
        case c.CloseWindow():
            return _close_window(hall, command, at)
        case c.AssignQueues():
            return assign(hall, command, at)
        case c.OpenDay():
            return _open_day(hall, command, at)
        case c.CloseDay():
            return closing(hall, command.by, at) if hall.open else ()
        case c.Configure():
            return configure(hall, command, at)
        case _:
            assert_never(command)


# ── Calling ───────────────────────────────────────────────────────────────────────────────


def _call_next(hall: Hall, command: c.CallNext, at: Millis) -> tuple[e.Event, ...]:
    guards.ready_to_call(hall, command.window, command.by)
    choice = policy.choose(hall, command.window, at)
    if choice is None:
        raise r.NobodyWaiting(window=command.window)
    runner_up = choice.runner_up
    called = _called(
        hall,
        hall.ticket(choice.ticket),
        command,
        at,
        rule=choice.rule,
        key=choice.key,
        runner_up=hall.ticket(runner_up).number if runner_up is not None else None,
        runner_up_key=choice.runner_up_key,
    )
    if not hall.absent:
        return (called,)
    return (called, *arriving.passed_over(hall, command, choice, at))


def _call_ticket(hall: Hall, command: c.CallTicket, at: Millis) -> tuple[e.Event, ...]:
    guards.ready_to_call(hall, command.window, command.by)
    ticket = guards.ticket_known(hall, command.number)
    if not allowed(ticket.status, e.TicketCalled):
        raise r.TicketNotWaiting(number=ticket.number, status=ticket.status.value)
    return (_called(hall, ticket, command, at, rule="by_number", key=ticket.key),)


def _called(
    hall: Hall,
    ticket: Ticket,
    command: c.CallNext | c.CallTicket,
    at: Millis,
    *,
    rule: str,
    key: int,
    runner_up: str | None = None,
    runner_up_key: int | None = None,
) -> e.TicketCalled:
    return e.TicketCalled(
        at=at,
        by=command.by,
        ticket=ticket.id,
        number=ticket.number,
        queue=ticket.queue,
        window=command.window,
        rule=rule,
        key=key,
        runner_up=runner_up,
        runner_up_key=runner_up_key,
        undo_until=Millis(at + hall.plan.rules.undo_within_ms),
    )


def _recall(hall: Hall, command: c.Recall, at: Millis) -> tuple[e.Event, ...]:
    ticket = guards.ticket_called(hall, command.window, command.by)
    rules = hall.plan.rules
    if ticket.calls > rules.recall_max:
        raise r.TooManyRecalls(number=ticket.number, times=ticket.calls - 1)
    wait_ms = (ticket.called_at or at) + rules.recall_interval_ms - at
    if wait_ms > 0:
        raise r.RecallTooSoon(number=ticket.number, seconds=-(-wait_ms // 1000))
    return (
        e.TicketRecalled(
            at=at,
            by=command.by,
            ticket=ticket.id,
            number=ticket.number,
            queue=ticket.queue,
            window=command.window,
            times=ticket.calls + 1,
        ),
    )


def _undo(hall: Hall, command: c.Undo, at: Millis) -> tuple[e.Event, ...]:
    window = guards.window_yours(hall, command.window, command.by)
    if window.ticket is None or window.undo_until is None or at > window.undo_until:
        raise r.TooLateToUndo(window=command.window)
    ticket = hall.ticket(window.ticket)
    if not allowed(ticket.status, e.CallUndone):
        raise r.TooLateToUndo(window=command.window)
    return (e.CallUndone(**guards.at_window(ticket, command.window, command.by, at)),)


# ── At the window ─────────────────────────────────────────────────────────────────────────


def _start(hall: Hall, command: c.StartService, at: Millis) -> tuple[e.Event, ...]:
    ticket = guards.ticket_called(hall, command.window, command.by)
    return (e.ServiceStarted(**guards.at_window(ticket, command.window, command.by, at)),)


def _finish(hall: Hall, command: c.FinishService, at: Millis) -> tuple[e.Event, ...]:
    ticket = guards.ticket_in_hand(hall, command.window, command.by)
    if ticket is None or not allowed(ticket.status, e.ServiceFinished):
        raise r.TicketNotServing(window=command.window)
    facts = guards.at_window(ticket, command.window, command.by, at)
    return (e.ServiceFinished(**facts, outcome=command.outcome, count=command.count),)


def _rate(hall: Hall, command: c.RateService, at: Millis) -> tuple[e.Event, ...]:
    ticket = guards.ticket_of_today(hall, command.ticket)
    if not hall.open:
        raise r.TooLateToRate(number=ticket.number)
    if not allowed(ticket.status, e.ServiceRated):
        raise r.TicketNotServed(number=ticket.number, status=ticket.status.value)
    replaced = ticket.rating == NO_GRADE and command.grade != NO_GRADE
    if ticket.rating and not replaced:
        raise r.AlreadyRated(number=ticket.number)
    assert ticket.window is not None, "served somewhere"
    facts = guards.at_window(ticket, ticket.window, command.by, at)
    return (e.ServiceRated(**facts, grade=command.grade),)


def _miss(hall: Hall, command: c.MissTicket, at: Millis) -> tuple[e.Event, ...]:
    ticket = guards.ticket_called(hall, command.window, command.by)
    return (e.TicketMissed(**guards.at_window(ticket, command.window, command.by, at)),)


def _park(hall: Hall, command: c.ParkTicket, at: Millis) -> tuple[e.Event, ...]:
    ticket = guards.ticket_in_hand(hall, command.window, command.by)
    if ticket is None:
        raise r.TicketNotCalled(window=command.window)
    facts = guards.at_window(ticket, command.window, command.by, at)
    return (e.TicketParked(**facts, reason=command.reason),)


def _unpark(hall: Hall, command: c.UnparkTicket, at: Millis) -> tuple[e.Event, ...]:
    guards.window_yours(hall, command.window, command.by)
    ticket = guards.ticket_known(hall, command.number)
    if not allowed(ticket.status, e.TicketReturned):
        raise r.TicketNotWaiting(number=ticket.number, status=ticket.status.value)
    guards.may_return(hall, ticket)
    # Who was sent for a paper keeps the original time; who did not come starts from now.
    parked = ticket.status is Status.PARKED
    base = ticket.base if parked else at
    returns = ticket.returns + 1
    key = policy.key_of(base, ticket.class_, returns if parked else 0, hall.plan)
    return (
        e.TicketReturned(
            at=at,
            by=command.by,
            ticket=ticket.id,
            number=ticket.number,
            queue=ticket.queue,
            base=base,
            key=key,
        ),
    )


def _transfer(hall: Hall, command: c.TransferTicket, at: Millis) -> tuple[e.Event, ...]:
    ticket = guards.ticket_in_hand(hall, command.window, command.by)
    if ticket is None:
        raise r.TicketNotCalled(window=command.window)
    to_queue = command.to_queue or ticket.queue
    if to_queue not in hall.plan.queues:
        raise r.Unknown("queue", to_queue)
    if command.to_window is not None and command.to_window not in hall.plan.windows:
        raise r.Unknown("window", command.to_window)
    guards.may_return(hall, ticket)
    base = at if command.place == "last" else ticket.base
    key = policy.key_of(base, ticket.class_, ticket.returns + 1, hall.plan)
    if command.place == "first":
        key = min([key, *(head - 1 for head in _heads(hall, command, to_queue))])
    elif command.place == "last":
        key = base
    return (
        e.TicketTransferred(
            at=at,
            by=command.by,
            ticket=ticket.id,
            number=ticket.number,
            window=command.window,
            queue=to_queue,
            to_window=command.to_window,
            place=command.place,
            base=base,
            key=key,
        ),
    )


def _heads(hall: Hall, command: c.TransferTicket, queue: QueueId) -> list[int]:
    """The smallest key of every line that the place "first" has to beat."""
    if command.to_window is None:
        return [key for key, _ in islice(line_of(hall, queue), 1)]
    window = hall.plan.windows[command.to_window]
    lines = [hall.bound.get(command.to_window, NOBODY)]
    lines += [hall.lines.get(served, NOBODY) for served in (*window.queues, *window.overflow)]
    return [next(iter(line))[0] for line in lines if line]


# ── Windows and days ──────────────────────────────────────────────────────────────────────


def _open_window(hall: Hall, command: c.OpenWindow, at: Millis) -> tuple[e.Event, ...]:
    window = guards.window_known(hall, command.window)
    if not hall.open:
        raise r.HallClosed()
    clerk = guards.sitting_down(window, command)
    taken = window.status is not WindowStatus.CLOSED and window.clerk != clerk
    if taken and not command.take_over:
        raise r.WindowTaken(window=command.window, clerk=guards.name_of(window.clerk))
    if window.status is WindowStatus.OPEN and not taken:
        return ()
    return (
        e.WindowOpened(
            at=at,
            by=command.by,
            window=command.window,
            clerk=clerk,
            relieved=window.clerk if taken else "",
        ),
    )


def _pause_window(hall: Hall, command: c.PauseWindow, at: Millis) -> tuple[e.Event, ...]:
    guards.ready_to_call(hall, command.window, command.by)
    return (e.WindowPaused(at=at, by=command.by, window=command.window, reason=command.reason),)


def _close_window(hall: Hall, command: c.CloseWindow, at: Millis) -> tuple[e.Event, ...]:
    window = guards.window_known(hall, command.window)
    if window.status is WindowStatus.CLOSED:
        return ()
    guards.hands_empty(hall, command.window, command.by)
    return (e.WindowClosed(at=at, by=command.by, window=command.window),)


def _open_day(hall: Hall, command: c.OpenDay, at: Millis) -> tuple[e.Event, ...]:
    if hall.day is not None and command.day <= hall.day:
        # A day begins once: a clock set back must neither end today nor give out today's
        # numbers and tickets a second time.
        return ()
    ended = closing(hall, command.by, at) if hall.open else ()
    return (
        *ended,
        e.DayOpened(
            at=at,
            by=command.by,
            day=command.day,
            ends_at=command.ends_at,
            hours=command.hours,
        ),
    )
