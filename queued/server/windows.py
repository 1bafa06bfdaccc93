"""Windows: every action of a clerk, and the desk that shows what is possible."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from aiohttp import web

from queued.core import commands as c
from queued.core.events import Event
from queued.core.model import Hall, Ticket, TicketId
from queued.core.plan import QueueId, WindowId
from queued.server import wire
from queued.server.call import Call, answer, encode
from queued.server.desk import desk_of
from queued.server.problems import Problem
from queued.server.tickets import carry_out, marked_ticket

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
        lambda body, window, by: c.FinishService(
            window=window, outcome=body.outcome, count=body.count, by=by
        ),
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


async def desk(call: Call[None]) -> web.Response:
    """GET /halls/{hall}/windows/{window}"""
    return answer(desk_of(call.live, own_window(call), call.language, call.principal.by))
