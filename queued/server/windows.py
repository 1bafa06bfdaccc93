"""Windows: the clerk's desk and every action there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Any, Final

from aiohttp import web

from queued.core import commands as c
from queued.core import policy, views
from queued.core.events import Event
from queued.core.model import Hall, Status, Ticket, TicketId, WindowStatus
from queued.core.plan import Millis, QueueId, WindowId
from queued.server import wire
from queued.server.call import Call, answer, encode
from queued.server.live import Live
from queued.server.problems import Problem
from queued.server.sentences import why_next
from queued.server.tickets import carry_out, marked_ticket

WAITING_SHOWN: Final = 200
"""A clerk scrolls no further; the count says how many there are."""

PARKED_SHOWN: Final = 200
MISSED_SHOWN: Final = 20

Handler = Callable[[Call[Any]], Awaitable[web.StreamResponse]]
Make = Callable[[Any, WindowId, str], c.Command]


def action(make: Make) -> Handler:
    """The handler of the action whose command `make` builds from body, window and actor."""

    async def act(call: Call[Any]) -> web.StreamResponse:
        window = own_window(call)
        live = call.live

        def render(hall: Hall, events: Sequence[Event]) -> bytes:
            ticket = _subject(hall, window, events)
            told = marked_ticket(live, hall, ticket) if ticket is not None else None
            state = live.view.window(hall, window)
            return encode(wire.WindowAnswer(state, told, hall.seq))

        return await carry_out(call, make(call.body, window, call.principal.by), render)

    return act


def own_window(call: Call[Any]) -> WindowId:
    """The window of the path. Raises `Problem` for an unknown one, or one that a token bound to
    another window may not use."""
    window = WindowId(call.path("window"))
    bound = call.principal.window
    if bound is not None and bound != window:
        raise Problem("forbidden")
    if window not in call.live.hall.plan.windows:
        raise Problem("unknown_window", facts={"kind": "window", "id": window})
    return window


ACTIONS: Final[dict[str, tuple[type, Make, str]]] = {
    "call-next": (
        wire.Nothing,
        lambda _, window, by: c.CallNext(window=window, by=by),
        "Call whoever is next",
    ),
    "start": (
        wire.Nothing,
        lambda _, window, by: c.StartService(window=window, by=by),
        "The visitor is here",
    ),
    "finish": (
        wire.Finish,
        lambda body, window, by: c.FinishService(window=window, outcome=body.outcome, by=by),
        "Done",
    ),
    "recall": (
        wire.Nothing,
        lambda _, window, by: c.Recall(window=window, by=by),
        "Call the same number again",
    ),
    "miss": (
        wire.Nothing,
        lambda _, window, by: c.MissTicket(window=window, by=by),
        "The visitor did not come",
    ),
    "call": (
        wire.CallNumber,
        lambda body, window, by: c.CallTicket(window=window, number=body.number, by=by),
        "Call one number out of turn",
    ),
    "park": (
        wire.Park,
        lambda body, window, by: c.ParkTicket(window=window, reason=body.reason, by=by),
        "Send the visitor for a missing paper, with the right to return",
    ),
    "unpark": (
        wire.CallNumber,
        lambda body, window, by: c.UnparkTicket(window=window, number=body.number, by=by),
        "A parked or missed visitor is back: into the line again",
    ),
    "transfer": (
        wire.Transfer,
        lambda body, window, by: c.TransferTicket(
            window=window,
            to_queue=QueueId(body.queue) if body.queue is not None else None,
            to_window=WindowId(body.window) if body.window is not None else None,
            place=body.place,
            by=by,
        ),
        "Pass the visitor on to a queue or to one window",
    ),
    "undo": (
        wire.Nothing,
        lambda _, window, by: c.Undo(window=window, by=by),
        "Take back the call just made",
    ),
    "open": (
        wire.Open,
        lambda body, window, by: c.OpenWindow(window=window, take_over=body.take_over, by=by),
        "Sit down, or come back from a pause",
    ),
    "pause": (
        wire.Pause,
        lambda body, window, by: c.PauseWindow(window=window, reason=body.reason, by=by),
        "Stop calling for a while",
    ),
    "close": (
        wire.Nothing,
        lambda _, window, by: c.CloseWindow(window=window, by=by),
        "Leave the window",
    ),
}
"""Name in the path → body, command, summary. The order is that of frequency."""


def _subject(hall: Hall, window: WindowId, events: Sequence[Event]) -> Ticket | None:
    """The ticket an action was about: that of its event, else the one in hand."""
    for event in events:
        ticket: TicketId | None = getattr(event, "ticket", None)
        if ticket is not None:
            return hall.ticket(ticket)
    held = hall.windows[window].ticket
    return hall.ticket(held) if held is not None else None


# ── The desk ──────────────────────────────────────────────────────────────────────────────


async def desk(call: Call[None]) -> web.Response:
    """GET /halls/{hall}/windows/{window}"""
    return answer(desk_of(call.live, own_window(call), call.language))


def desk_of(live: Live, id_: WindowId, language: str) -> wire.Desk:
    """Everything its clerk needs at window `id_`."""
    hall, now, time_of = live.hall, live.now(), live.time_of
    plan, window = hall.plan.windows[id_], hall.windows[id_]
    held = hall.ticket(window.ticket) if window.ticket is not None else None
    undo = window.undo_until
    if undo is not None and (undo < now or held is None):
        undo = None
    recall = _recall(hall, held, time_of)
    return wire.Desk(
        hall=live.id,
        seq=hall.seq,
        observed_at=time_of(now),
        business_day=hall.day,
        open=hall.open,
        window=wire.DeskWindow(
            id=id_,
            name=plan.name,
            status=window.status.value,
            reason=window.reason or None,
            clerk=window.clerk.partition(":")[2] or None,
            queues=plan.queues,
            overflow=plan.overflow,
            zone=plan.zone,
            name_en=live.names.windows.get(id_, ""),
        ),
        ticket=_in_hand(held, now, time_of) if held is not None else None,
        next=_next(live, hall, id_, now, language),
        undo=wire.DeskUndo(time_of(undo), held.number) if undo is not None and held else None,
        recall=recall,
        waiting=[
            _waiting(ticket, now, time_of)
            for ticket in islice(views.callable_by(hall, id_), WAITING_SHOWN)
        ],
        waiting_count=views.callable_count(hall, id_),
        parked=_parked(live, plan.queues + plan.overflow),
        missed=_missed(live, plan.queues + plan.overflow),
        counts=wire.Counts(
            window.counts.called,
            window.counts.served,
            window.counts.missed,
            window.counts.parked,
            window.counts.transferred,
        ),
        actions=_actions(hall, id_, undo, recall),
    )


TimeOf = Callable[[Millis], str]


def _in_hand(ticket: Ticket, now: Millis, time_of: TimeOf) -> wire.DeskTicket:
    called_at = ticket.called_at or now
    return wire.DeskTicket(
        number=ticket.number,
        queue=ticket.queue,
        service=ticket.service,
        class_=ticket.class_,
        status=ticket.status.value,  # type: ignore[arg-type]
        language=ticket.language,
        issued_at=time_of(ticket.issued_at),
        called_at=time_of(called_at),
        started_at=time_of(ticket.started_at) if ticket.started_at is not None else None,
        calls=ticket.calls,
        waited_s=_seconds(ticket.issued_at, ticket.first_called_at or called_at),
        returns=ticket.returns,
    )


def _next(
    live: Live, hall: Hall, window: WindowId, now: Millis, language: str
) -> wire.DeskNext | None:
    if hall.windows[window].status is not WindowStatus.OPEN:
        return None
    choice = policy.choose(hall, window, now)
    if choice is None:
        return None
    ticket = hall.ticket(choice.ticket)
    why = why_next(hall, choice, language, live.time_of)
    return wire.DeskNext(ticket.number, ticket.queue, why)


def _recall(hall: Hall, ticket: Ticket | None, time_of: TimeOf) -> wire.DeskRecall | None:
    if ticket is None or ticket.status is not Status.CALLED or ticket.called_at is None:
        return None
    rules = hall.plan.rules
    left = max(0, rules.recall_max + 1 - ticket.calls)
    # Rounded up: a recall at the second shown must not be too soon.
    not_before = -(-(ticket.called_at + rules.recall_interval_ms) // 1000) * 1000
    return wire.DeskRecall(left, time_of(Millis(not_before)))


def _waiting(ticket: Ticket, now: Millis, time_of: TimeOf) -> wire.DeskWaiting:
    return wire.DeskWaiting(
        number=ticket.number,
        queue=ticket.queue,
        service=ticket.service,
        class_=ticket.class_,
        status="waiting",
        issued_at=time_of(ticket.issued_at),
        waited_s=_seconds(ticket.issued_at, now),
    )


def _parked(live: Live, queues: Sequence[QueueId]) -> list[wire.DeskParked]:
    return [
        wire.DeskParked(
            ticket.number, ticket.queue, ticket.reason, live.time_of(ticket.ended_at or Millis(0))
        )
        for ticket in live.aside.of(live.hall, Status.PARKED, queues)[:PARKED_SHOWN]
    ]


def _missed(live: Live, queues: Sequence[QueueId]) -> list[wire.DeskMissed]:
    return [
        wire.DeskMissed(ticket.number, ticket.queue, live.time_of(ticket.ended_at or Millis(0)))
        for ticket in live.aside.of(live.hall, Status.MISSED, queues)[:MISSED_SHOWN]
    ]


def _actions(
    hall: Hall, id_: WindowId, undo: Millis | None, recall: wire.DeskRecall | None
) -> list[str]:
    """The actions of the rules, without those that only a limit forbids just now."""
    impossible = set()
    if undo is None:
        impossible.add("undo")
    if recall is None or not recall.left:
        impossible.add("recall")
    return [name for name in views.actions(hall, id_) if name not in impossible]


def _seconds(since: Millis, until: Millis) -> int:
    return max(0, (until - since) // 1000)
