"""Why somebody is called when he is, and what happened to a ticket, as sentences.

The rule, the key and the runner-up come from the journal; here they only get words, those of
the catalogues' sections `why` and `happened`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from display import i18n
from queued.core import events as e
from queued.core.model import Hall, Ticket
from queued.core.plan import NORMAL, Millis
from queued.core.policy import Choice

TimeOf = Callable[[Millis], str]

HAPPENED: Final[Mapping[type[e.Event], str]] = {
    e.TicketIssued: "ticket_issued",
    e.TicketHeld: "ticket_held",
    e.VisitorArrived: "visitor_arrived",
    e.TicketCalled: "ticket_called",
    e.TicketRecalled: "ticket_recalled",
    e.CallUndone: "call_undone",
    e.ServiceStarted: "service_started",
    e.ServiceFinished: "service_finished",
    e.ServiceRated: "service_rated",
    e.TicketMissed: "ticket_missed",
    e.TicketParked: "ticket_parked",
    e.TicketReturned: "ticket_returned",
    e.TicketTransferred: "ticket_transferred",
    e.TicketCancelled: "ticket_cancelled",
}
"""What happens to a ticket, by the name of its sentence in the section `happened`."""


def why_next(hall: Hall, choice: Choice, language: str, time_of: TimeOf) -> str:
    """Why `choice` would be called next."""
    ticket = hall.ticket(choice.ticket)
    runner_up = hall.ticket(choice.runner_up).number if choice.runner_up is not None else None
    return _why(
        hall, ticket, choice.rule, choice.key, runner_up, choice.runner_up_key, language, time_of
    )


def happened(hall: Hall, ticket: Ticket, event: e.Event, language: str, time_of: TimeOf) -> str:
    """What `event` did to `ticket`; for a call, why it came when it came."""
    facts: dict[str, Any] = {
        "number": ticket.number,
        "queue": _queue(hall, getattr(event, "queue", ticket.queue)),
        "class": _class(hall, ticket.class_, language),
        "window": _window(hall, getattr(event, "window", None)),
        "times": getattr(event, "times", 1),
        "time": _clock(getattr(event, "base", ticket.base), time_of),
    }
    name = HAPPENED.get(type(event), "")
    if isinstance(event, e.TicketIssued) and not event.here:
        name = f"{name}_afar"
    if isinstance(event, e.TicketHeld):
        facts["time"] = _clock(event.until, time_of)
    if isinstance(event, e.TicketCancelled):
        name = f"{name}_{event.reason}"
    if isinstance(event, e.ServiceRated):
        facts["grade"] = i18n.catalogue(language).text(f"grade.{event.grade}")
    if isinstance(event, e.TicketTransferred):
        bound = event.to_window
        facts["to"] = _window(hall, bound) if bound is not None else facts["queue"]
    texts = i18n.catalogue(language)
    key = f"happened.{name}"
    sentence = texts.text(key, **facts) if texts.has(key) else type(event).__name__
    if not isinstance(event, e.TicketCalled):
        return sentence
    why = _why(
        hall,
        ticket,
        event.rule,
        event.key,
        event.runner_up,
        event.runner_up_key,
        language,
        time_of,
    )
    return sentence + (why if language == i18n.DEFAULT else f" {why}")


def _why(
    hall: Hall,
    ticket: Ticket,
    rule: str,
    key: int,
    runner_up: str | None,
    runner_up_key: int | None,
    language: str,
    time_of: TimeOf,
) -> str:
    texts = i18n.catalogue(language)
    penalty_ms = hall.plan.rules.overflow_penalty_ms if rule == "overflow" else 0
    earlier_ms = hall.plan.head_start(ticket.class_)
    facts: dict[str, Any] = {
        "number": ticket.number,
        "queue": _queue(hall, ticket.queue),
        "class": _class(hall, ticket.class_, language),
        "minutes": earlier_ms // 60_000,
        "penalty": penalty_ms // 60_000,
        "time": _clock(key - penalty_ms, time_of),
    }
    counted = "counted_earlier" if earlier_ms and ticket.class_ != NORMAL else "counted"
    facts["counted"] = texts.text(f"why.{counted}", **facts)
    known = rule if texts.has(f"why.{rule}") else "head_start"
    why = texts.text(f"why.{known}", **facts)
    if runner_up is None or runner_up_key is None:
        return texts.text("why.sentence", why=why)
    at = _clock(runner_up_key, time_of)
    return texts.text("why.sentence_with_runner_up", why=why, runner_up=runner_up, time=at)


def _clock(at: int, time_of: TimeOf) -> str:
    return time_of(Millis(at))[11:19]


def _queue(hall: Hall, id_: Any) -> str:
    plan = hall.plan.queues.get(id_)
    return plan.name if plan else str(id_)


def _window(hall: Hall, id_: Any) -> str:
    plan = hall.plan.windows.get(id_)
    return plan.name if plan else str(id_ or "")


def _class(hall: Hall, id_: Any, language: str) -> str:
    plan = hall.plan.classes.get(id_)
    return plan.name if plan and language == i18n.DEFAULT else str(id_)
