"""The journal for auditors, and everything that happened to one number today."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from aiohttp import web

from display import i18n
from queued.core import events as e
from queued.core.model import Ticket
from queued.core.plan import Millis
from queued.engine.codec import event_of
from queued.engine.ports import PAGE_MAX, Journal, Record
from queued.server import wire
from queued.server.call import SEQ_CHARS_MAX, Call, answer, number_asked
from queued.server.live import Live
from queued.server.problems import Problem
from queued.server.sentences import happened

PAGE_USUAL: Final = 100


async def page(call: Call[None]) -> web.Response:
    """GET /halls/{hall}/journal?after=SEQ&limit=N"""
    after = number_asked(call, "after", 0, 0, 10**SEQ_CHARS_MAX)
    limit = number_asked(call, "limit", PAGE_USUAL, 1, PAGE_MAX)
    journal, live = call.site.parts.store.journal, call.live
    head = live.hall.seq
    records = await journal.read(live.id, after, limit) if after < head else []
    events = [
        wire.JournalEvent(
            seq=record.seq,
            at=live.time_of(record.at),
            type=record.type,
            by=record.by,
            body=msgspec.Raw(record.body),
            hash=record.hash.hex(),
        )
        for record in records
    ]
    more = len(records) == limit and records[-1].seq < head
    return answer(wire.JournalPage(live.id, events, records[-1].seq if more else None, head))


async def history(call: Call[None]) -> web.Response:
    """GET /halls/{hall}/tickets/{number}/history"""
    live, number = call.live, call.path("number")
    ticket = live.hall.find(number)
    if ticket is None:
        raise Problem("unknown_ticket", facts={"kind": "ticket", "id": number})
    events = await events_of(call.site.parts.store.journal, live.id, ticket)
    return answer(told(live, ticket, events, call.language))


def told(
    live: Live, ticket: Ticket, events: Sequence[tuple[int, e.Event]], language: i18n.Language
) -> wire.History:
    """A ticket's events, in words."""
    return wire.History(
        number=ticket.number,
        queue=ticket.queue,
        service=ticket.service,
        class_=ticket.class_,
        status=ticket.status.value,
        issued_at=live.time_of(ticket.issued_at),
        events=[
            wire.HistoryEvent(
                seq=seq,
                at=live.time_of(event.at),
                type=type(event).__name__,
                by=event.by,
                window=getattr(event, "window", None),
                text=happened(live.hall, ticket, event, language, live.time_of),
                rule=getattr(event, "rule", None),
                runner_up=getattr(event, "runner_up", None),
            )
            for seq, event in events
        ],
    )


async def events_of(journal: Journal, hall: str, ticket: Ticket) -> list[tuple[int, e.Event]]:
    """The events of a ticket, from its issue to the end of its day, with their seqs."""
    after = await _before(journal, hall, ticket.issued_at)
    sign = f'"number":"{ticket.number}"'.encode()
    found: list[tuple[int, e.Event]] = []
    while records := await journal.read(hall, after, PAGE_MAX):
        for record in records:
            if record.type == e.DayClosed.__name__ and record.at >= ticket.issued_at and found:
                return found
            # Reading JSON is the expensive part: only what names this number.
            if sign in record.body:
                event = event_of(record)
                if getattr(event, "ticket", None) == ticket.id and event.at >= ticket.issued_at:
                    found.append((record.seq, event))
        after = records[-1].seq
        if (found and _is_last(found[-1][1], ticket)) or len(records) < PAGE_MAX:
            break
    return found


def _is_last(event: e.Event, ticket: Ticket) -> bool:
    """Whether nothing of `ticket`, as it is now, can come after `event`."""
    match event:
        case e.TicketCancelled():
            return True
        case e.ServiceFinished():
            return not ticket.rating
        case e.ServiceRated(grade=grade):
            return grade == ticket.rating
    return False


async def _before(journal: Journal, hall: str, at: Millis) -> int:
    """A seq before which nothing happened at or after `at`: seqs have no gaps, times never
    decrease, so it is found by halving."""
    low, high = 0, (await journal.head(hall))[0]
    while low < high:
        middle = (low + high) // 2
        records: list[Record] = await journal.read(hall, middle, 1)
        if records and records[0].at < at:
            low = middle + 1
        else:
            high = middle
    return low
