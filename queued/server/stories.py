"""A ticket's story: everything that happened to it, and why another was called before it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from display import i18n
from queued.core import events as e
from queued.core.model import Hall, Ticket
from queued.core.plan import NORMAL, Millis
from queued.server import journal, pages, wire
from queued.server.call import Call, answer
from queued.server.live import Live
from queued.server.problems import Problem
from queued.server.tickets import hall_name

DAY: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", re.ASCII)
NUMBER: Final = re.compile(r"[A-Z]{1,2}\d{1,6}", re.ASCII)

Told = Sequence[tuple[int, e.Event]]


@dataclass(frozen=True, slots=True)
class Story:
    """A ticket of a day and its events with their seqs."""

    day: str
    ticket: Ticket
    events: Told


async def page(call: Call[None]) -> web.Response:
    """GET /h/{hall}/story?number=A017&day=2026-11-23&other=A021"""
    live, asked, language = call.live, _asked(call), pages.language_of(call.request)
    context: dict[str, Any] = {
        "hall": pages.plain(hall_name(live)),
        "today": live.hall.day or "",
        "asked": asked,
        "story": None,
        "why": None,
        "problem": None,
    }
    status = 200
    if asked["number"]:
        try:
            story = await story_of(call, asked["number"], asked["day"])
            history = journal.told(live, story.ticket, story.events, language)
            context["story"] = {**pages.plain(history), **_names(live, story, language)}
            if asked["other"]:
                other = await story_of(call, asked["other"], story.day)
                context["why"] = why_before(live, story, other, language)
        except Problem as problem:
            if problem.status >= 500:
                raise
            status = problem.status
            context["problem"] = i18n.catalogue(language).problem(problem.code, problem.facts)
    return pages.page(call, "story", context, status=status)


async def compare(call: Call[None]) -> web.Response:
    """GET /halls/{hall}/tickets/{number}/before/{other}?day="""
    story = await story_of(call, call.path("number"), call.request.query.get("day", ""))
    other = await story_of(call, call.path("other"), story.day)
    text = why_before(call.live, story, other, call.language)
    return answer(wire.Comparison(story.ticket.number, other.ticket.number, story.day, text))


async def story_of(call: Call[Any], number: str, day: str) -> Story:
    """The newest ticket with a number; "" is today. Raises `Problem` unknown_ticket, invalid."""
    live, store = call.live, call.site.parts.store
    if day and not DAY.fullmatch(day):
        wrong = wire.WrongField("day", "expected a date such as 2026-11-23")
        raise Problem("invalid", errors=(wrong,))
    ticket = None
    if NUMBER.fullmatch(number):
        if day in ("", live.hall.day):
            ticket = live.hall.find(number)
        else:
            ticket = await store.tickets.numbered(live.id, day, number)
    if ticket is None:
        raise Problem("unknown_ticket", facts={"kind": "ticket", "id": number})
    events = await journal.events_of(store.journal, live.id, ticket)
    return Story(day or live.hall.day or "", ticket, events)


def why_before(live: Live, mine: Story, other: Story, language: i18n.Language) -> str:
    """Why `other` was called before `mine`, as one sentence; or that it was not."""
    texts = i18n.catalogue(language)
    me, them = mine.ticket, other.ticket
    facts: dict[str, Any] = {"me": me.number, "other": them.number}
    first = _first_call(mine.events)
    call = _first_call(other.events)
    if me.id == them.id:
        return texts.text("story.same", **facts)
    if call is None or (first is not None and first[0] < call[0]):
        return texts.text("story.not_before", **facts)
    seq, event = call
    place = _place_at(mine.events, seq)
    if _absent_at(mine.events, seq):
        at = live.time_of(event.at)[11:19]
        window = _window(live.hall, event.window)
        return texts.text("story.not_here", **facts, at=at, window=window)
    reason, more = _reason(live, me, place, event)
    at = live.time_of(event.at)[11:19]
    counted = _counted(live, texts, them.class_, event.key - _penalty(live.hall, event))
    facts |= {"at": at, "window": _window(live.hall, event.window), "counted": counted, **more}
    if reason in ("earlier", "other_rule"):
        facts["my_counted"] = _counted(live, texts, me.class_, facts.pop("key"))
    return texts.text(f"story.{reason}", **facts)


def _reason(
    live: Live, me: Ticket, place: e.Event | None, call: e.TicketCalled
) -> tuple[str, dict[str, Any]]:
    """Which sentence, and what more it needs. `place` is my last event before the call."""
    hall = live.hall
    if place is None:
        return "not_taken", {"since": live.time_of(me.issued_at)[11:19]}
    if isinstance(place, e.TicketParked | e.TicketCancelled):
        return "away", {}
    if call.rule in ("by_number", "bound"):
        return call.rule, {}
    assert isinstance(place, e.TicketIssued | e.TicketReturned | e.TicketTransferred)
    only = getattr(place, "to_window", None)
    if only is not None and only != call.window:
        return "bound_elsewhere", {"mine": _window(hall, only)}
    if me.slot is not None and call.at < me.slot - hall.plan.rules.appointment_early_ms:
        return "too_early", {"slot": live.time_of(me.slot)[11:16]}
    penalty = _penalty(hall, call)
    if place.queue != call.queue:
        plan = hall.plan.windows.get(call.window)
        if plan is None or place.queue not in (*plan.queues, *plan.overflow):
            queues = _queue(hall, call.queue), _queue(hall, place.queue)
            return "other_queue", {"queue": queues[0], "mine": queues[1]}
        penalty = 0 if place.queue in plan.queues else hall.plan.rules.overflow_penalty_ms
    earlier = (call.key, call.ticket) < (place.key + penalty, me.id)
    return ("earlier" if earlier else "other_rule"), {"key": place.key}


PLACES: Final = (
    e.TicketIssued,
    e.TicketReturned,
    e.TicketTransferred,
    e.TicketParked,
    e.TicketCancelled,
)
"""Events after which a ticket stands somewhere else, or nowhere."""


def _place_at(events: Told, before: int) -> e.Event | None:
    """What last said where the ticket stood, before a seq; None if it was not taken yet."""
    placed = [event for seq, event in events if seq < before and isinstance(event, PLACES)]
    return placed[-1] if placed else None


def _absent_at(events: Told, before: int) -> bool:
    """Whether it had been taken from afar, and its holder had not checked in before a seq."""
    past = [event for seq, event in events if seq < before]
    afar = any(isinstance(event, e.TicketIssued) and not event.here for event in past)
    return afar and all(isinstance(event, e.TicketIssued | e.TicketHeld) for event in past)


def _first_call(events: Told) -> tuple[int, e.TicketCalled] | None:
    """The first call that was not taken back."""
    calls: list[tuple[int, e.TicketCalled]] = []
    for seq, event in events:
        if isinstance(event, e.TicketCalled):
            calls.append((seq, event))
        elif isinstance(event, e.CallUndone) and calls:
            calls.pop()
    return calls[0] if calls else None


def _counted(live: Live, texts: i18n.Catalogue, class_: Any, key: int) -> str:
    minutes = live.hall.plan.head_start(class_) // 60_000
    time = live.time_of(Millis(key))[11:19]
    if class_ == NORMAL or not minutes:
        return texts.text("story.counted", time=time)
    plan = live.hall.plan.classes[class_]
    name = plan.name if texts.language == i18n.DEFAULT else live.names.classes.get(class_) or class_
    return texts.text("story.counted_earlier", time=time, minutes=minutes, **{"class": name})


def _penalty(hall: Hall, call: e.TicketCalled) -> int:
    return hall.plan.rules.overflow_penalty_ms if call.rule == "overflow" else 0


def _queue(hall: Hall, id_: Any) -> str:
    plan = hall.plan.queues.get(id_)
    return plan.name if plan else str(id_)


def _window(hall: Hall, id_: Any) -> str:
    plan = hall.plan.windows.get(id_)
    return plan.name if plan else str(id_)


def _names(live: Live, story: Story, language: i18n.Language) -> dict[str, str]:
    """The day, and what queue, service and class of a ticket are called."""
    plan, ticket, names = live.hall.plan, story.ticket, live.names
    told = {"day": story.day}
    kinds: tuple[tuple[str, Any, Mapping[Any, Any], Mapping[str, str]], ...] = (
        ("queue", ticket.queue, plan.queues, names.queues),
        ("service", ticket.service, plan.services, names.services),
        ("class", ticket.class_, plan.classes, names.classes),
    )
    for kind, id_, named, english in kinds:
        thing = named.get(id_)
        own = thing.name if thing is not None else str(id_ or "")
        chosen = english.get(str(id_)) if language != i18n.DEFAULT else None
        told[f"{kind}_name"] = chosen or own
    return told


def _asked(call: Call[None]) -> dict[str, str]:
    """The form's fields as typed, trimmed; numbers in capitals."""
    query = call.request.query
    number, other, day = (query.get(name, "").strip()[:12] for name in ("number", "other", "day"))
    return {"number": number.upper(), "other": other.upper(), "day": day}
