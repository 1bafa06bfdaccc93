"""The desk: everything the clerk at a window needs to see, for the console and for call pads.

Computed anew for each question from the immutable hall; the journal knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final

from queued.core import policy, views
from queued.core.guards import OVERRIDING, name_of
from queued.core.model import Counts, Hall, Status, Ticket, Window, WindowStatus
from queued.core.plan import Millis, QueueId, WindowId
from queued.engine.clock import implausible
from queued.server import wire
from queued.server.live import Live
from queued.server.sentences import why_next

WAITING_SHOWN: Final = 200
"""A clerk scrolls no further; the count says how many there are."""

PARKED_SHOWN: Final = 200
MISSED_SHOWN: Final = 20

ABSENT_AFTER_CALLS: Final = 3
"""Customary: called three times, who has not come is passed over (过号)."""

CLOCK_BEHIND_MS: Final = 5000
"""A server whose clock is further behind its own journal was set back while it was off."""

TimeOf = Callable[[Millis], str]


def desk_of(live: Live, id_: WindowId, language: str, by: str) -> wire.Desk:
    """Everything `by` (`role:name`) needs at window `id_`."""
    hall, now, time_of = live.hall, live.now(), live.time_of
    plan, window = hall.plan.windows[id_], hall.windows[id_]
    held = hall.ticket(window.ticket) if window.ticket is not None else None
    undo = window.undo_until
    if undo is not None and (undo < now or held is None):
        undo = None
    recall = _recall(hall, held, time_of)
    waiting = list(islice(views.callable_by(hall, id_), WAITING_SHOWN))
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
            clerk=name_of(window.clerk) or None,
            queues=plan.queues,
            overflow=plan.overflow,
            zone=plan.zone,
            since=time_of(window.since) if window.since is not None else None,
            yours=window.clerk == by,
            name_en=live.names.windows.get(id_, ""),
        ),
        ticket=_in_hand(held, now, time_of) if held is not None else None,
        next=_next(live, hall, id_, now, language),
        undo=wire.DeskUndo(time_of(undo), held.number) if undo is not None and held else None,
        recall=recall,
        waiting=[_waiting(ticket, now, live) for ticket in waiting],
        waiting_count=views.callable_count(hall, id_),
        parked=_parked(live, plan.queues + plan.overflow),
        missed=_missed(live, plan.queues + plan.overflow),
        counts=counts_told(window.counts),
        mine=wire.DeskMine(name_of(by), counts_told(hall.clerks.get(by, Counts()))),
        alarms=list(_alarms(live, held, waiting, now)),
        actions=_actions(hall, id_, by, undo, recall),
    )


def seats_of(live: Live, by: str, bound: str | None) -> dict[str, dict[str, object]]:
    """By window: who sits there and since when, whether that is `by`, and whether `by` (who may
    be bound to one window) may sit down there."""
    return {
        id_: {
            "clerk": name_of(window.clerk),
            "since": live.time_of(window.since) if window.since is not None else None,
            "yours": window.clerk == by,
            "allowed": bound is None or bound == id_,
        }
        for id_, window in live.hall.windows.items()
    }


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


def _waiting(ticket: Ticket, now: Millis, live: Live) -> wire.DeskWaiting:
    return wire.DeskWaiting(
        number=ticket.number,
        queue=ticket.queue,
        service=ticket.service,
        class_=ticket.class_,
        status="waiting",
        issued_at=live.time_of(ticket.issued_at),
        waited_s=_seconds(ticket.issued_at, now),
        long=_too_long(ticket, now, live),
        here=ticket.id not in live.hall.absent,
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


def counts_told(counts: Counts) -> wire.Counts:
    return wire.Counts(
        called=counts.called,
        served=counts.served,
        missed=counts.missed,
        parked=counts.parked,
        transferred=counts.transferred,
        matters=counts.matters,
        service_s=counts.serving_ms // counts.served // 1000 if counts.served else None,
    )


def _alarms(
    live: Live, held: Ticket | None, waiting: Sequence[Ticket], now: Millis
) -> Iterator[wire.DeskAlarm]:
    clock = live.clock.now()
    if implausible(clock, live.hall.at) or live.hall.at - clock > CLOCK_BEHIND_MS:
        yield wire.DeskAlarm("clock", None, 1, None)
    if held is not None and held.status is Status.CALLED and held.calls >= ABSENT_AFTER_CALLS:
        yield wire.DeskAlarm("absent", held.number, held.calls, None)
    late = [ticket for ticket in waiting if _too_long(ticket, now, live)]
    if late:
        longest = min(late, key=lambda ticket: (waiting_since(ticket), ticket.id))
        waited_s = _seconds(waiting_since(longest), now)
        yield wire.DeskAlarm("long_wait", longest.number, len(late), waited_s)


def _too_long(ticket: Ticket, now: Millis, live: Live) -> bool:
    return 0 < live.words.long_wait_ms <= now - waiting_since(ticket)


def waiting_since(ticket: Ticket) -> Millis:
    """When somebody's waiting began; an appointment is not waiting before its time."""
    return max(ticket.issued_at, ticket.slot or ticket.issued_at)


def _actions(
    hall: Hall, id_: WindowId, by: str, undo: Millis | None, recall: wire.DeskRecall | None
) -> list[str]:
    """The actions of the rules, without those that only a limit forbids just now.

    At the window of somebody else, `open` means to take over; managers may do more there.
    """
    window = hall.windows[id_]
    if _taken(window, by):
        possible = views.actions(hall, id_) if by.startswith(OVERRIDING) else []
        names = ["open", *(name for name in possible if name != "open")] if hall.open else []
    else:
        names = views.actions(hall, id_)
    impossible = set()
    if undo is None:
        impossible.add("undo")
    if recall is None or not recall.left:
        impossible.add("recall")
    return [name for name in names if name not in impossible]


def _taken(window: Window, by: str) -> bool:
    return window.status is not WindowStatus.CLOSED and window.clerk != by


def _seconds(since: Millis, until: Millis) -> int:
    return max(0, (until - since) // 1000)
