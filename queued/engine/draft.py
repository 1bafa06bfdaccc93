"""A batch being decided: commands whose answers are to come, and what one transaction holds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from queued.core.commands import Command
from queued.core.events import Event
from queued.core.evolve import evolve
from queued.core.model import Hall, TicketId
from queued.core.quick import quick_init
from queued.engine.codec import record_of
from queued.engine.ports import Answer, Beside, Record, TicketRow

log = logging.getLogger(__name__)

Render = Callable[[Hall, Sequence[Event]], bytes]
"""The answer to a command, from the hall right after its events."""

Accompany = Callable[[Hall, Sequence[Record], Sequence[Event]], Sequence[Beside]]
"""Sees a batch before it is durable: the hall after it, its records and their events."""


@quick_init
@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command. `answer` is `render`'s, or the first one if `replayed`."""

    hall: Hall
    events: Sequence[Event]
    answer: bytes
    replayed: bool = False


@dataclass(slots=True)
class Request:
    """A command in the mailbox, and who waits for its answer."""

    command: Command
    key: str | None
    fingerprint: str
    render: Render | None
    future: asyncio.Future[Outcome]


@dataclass(slots=True)
class Draft:
    """A batch being decided: the hall so far, and everything its transaction will hold."""

    hall: Hall
    hash: bytes
    records: list[Record] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    rows: dict[tuple[str, TicketId], TicketRow] = field(default_factory=dict)
    replies: list[tuple[Request, Outcome]] = field(default_factory=list)
    refusals: list[tuple[Request, Exception]] = field(default_factory=list)
    """Told only when the draft is durable: it may be a draft event that refuses them."""
    retries: list[Request] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)


def folded(hall: Hall, events: Sequence[Event]) -> list[tuple[Event, Hall]]:
    """Each event with the hall after it."""
    steps = []
    for event in events:
        hall = evolve(hall, event)
        steps.append((event, hall))
    return steps


def write(draft: Draft, steps: Sequence[tuple[Event, Hall]]) -> None:
    """Put decided events on the draft: records, the hall, and the row of each ticket touched."""
    for event, hall in steps:
        record = record_of(event, hall.seq, draft.hash)
        draft.hash = record.hash
        draft.records.append(record)
        draft.events.append(event)
        draft.hall = hall
        ticket = getattr(event, "ticket", None)
        if ticket is not None:
            # By day: closing one day and opening the next may share a batch.
            day = hall.day or ""
            draft.rows[(day, ticket)] = TicketRow(day, hall.ticket(ticket))


def company(draft: Draft, accompany: Accompany | None) -> Sequence[Beside]:
    """What somebody else wants durable with the draft."""
    if accompany is None:
        return ()
    try:
        return accompany(draft.hall, draft.records, draft.events)
    except Exception:  # an edge: who comes along must not hold up the hall
        log.exception("a batch goes without what should have been beside it")
        return ()
