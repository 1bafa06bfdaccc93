"""One's own ticket in a process that knows no secret: found under its token, placed by everybody's
snapshot.

A token's record is asked for at most once in `KEPT_S`, whoever asks how often; what is no token is
never asked for; and who tries tokens that do not exist is soon refused.
"""

from __future__ import annotations

import asyncio
import re
import time
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from aiohttp import web

from queued.cluster.shared import TicketRecord
from queued.public.shown_hall import ShownHall
from queued.server import wire
from queued.server.limits import Buckets, Limits, refuse_if
from queued.server.problems import Problem

TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{24}")

KEPT_S: Final = 2.0
RECORDS_MAX: Final = 20_000
"""Kept at once, least recently asked for forgotten first: 10 MB."""

WRONG_PER_MINUTE: Final = 20
"""Tokens that do not exist, from one address. A mistyped one is tried twice or thrice; guessing
one of a busy day at this pace takes 10^23 years."""

ASKED_AT_ONCE: Final = 64
"""Of the source; the others wait, and beyond `WAITING_MAX` are refused."""

WAITING_MAX: Final = 2000

NEAR_AHEAD: Final = 3
WALK_S: Final = 600
"""As on the hall's own page: see `server/phone.py`."""


class SourceAway(Exception):
    """Nobody can say now."""


class TicketSource(Protocol):
    """Where records are."""

    async def find(self, token: str) -> TicketRecord | None:
        """The record; None if there is none. Raises `SourceAway`."""
        ...


@dataclass(slots=True)
class _Kept:
    record: TicketRecord
    until: float


class Tickets:
    """Records by token. `monotonic` is in seconds."""

    def __init__(
        self,
        source: TicketSource,
        limits: Limits,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._addresses = limits.addresses
        self._wrong = Buckets(WRONG_PER_MINUTE, burst=WRONG_PER_MINUTE, clock=monotonic)
        self._monotonic = monotonic
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._asked: dict[str, asyncio.Task[TicketRecord | None]] = {}
        self._places = asyncio.Semaphore(ASKED_AT_ONCE)

    async def find(self, request: web.Request, token: str) -> TicketRecord:
        """The ticket's record. Raises `Problem` unknown_ticket, too_many_requests, not_ready."""
        if not TOKEN.fullmatch(token):
            raise Problem("unknown_ticket")
        kept = self._kept.get(token)
        if kept is not None and self._monotonic() < kept.until:
            self._kept.move_to_end(token)
            return kept.record
        address = None if kept is not None else self._addresses.limited(request)
        if address is not None:
            refuse_if(self._wrong.take(address))
        try:
            record = await self._ask(token)
        except SourceAway:
            self._give_back(address)
            if kept is not None:
                return kept.record  # its page says how old everything is
            raise Problem("not_ready") from None
        if record is None:
            self._kept.pop(token, None)
            raise Problem("unknown_ticket")
        self._give_back(address)
        self._kept[token] = _Kept(record, self._monotonic() + KEPT_S)
        self._kept.move_to_end(token)
        if len(self._kept) > RECORDS_MAX:
            self._kept.popitem(last=False)
        return record

    def _give_back(self, address: str | None) -> None:
        if address is not None:
            self._wrong.give_back(address)

    async def _ask(self, token: str) -> TicketRecord | None:
        """One question for all who want to know the same."""
        task = self._asked.get(token)
        if task is None:
            if len(self._asked) >= WAITING_MAX:
                raise SourceAway
            task = asyncio.get_running_loop().create_task(self._find(token))
            self._asked[token] = task
            task.add_done_callback(lambda _: self._asked.pop(token, None))
        return await asyncio.shield(task)

    async def _find(self, token: str) -> TicketRecord | None:
        async with self._places:
            return await self._source.find(token)


# ── Its place ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Placed:
    """A ticket where the snapshot has it."""

    ticket: wire.Ticket
    today: bool
    near: bool
    """One had better be in the hall now."""


def placed(record: TicketRecord, token: str, hall: ShownHall) -> Placed:
    """The ticket of `record` as its holder sees it now."""
    content = hall.newest().content
    today = record.day == content.business_day
    status, window, ahead = record.status, record.window, None
    if today and status == "waiting":
        queue = next((one for one in content.queues if one.id == record.queue), None)
        if queue is not None and record.number in queue.order:
            ahead = queue.order.index(record.number)
        elif at := next((one for one in content.windows if one.number == record.number), None):
            # The snapshot is a moment newer than the record.
            status, window = at.state or status, at.id
    rungs = hall.waits.queues.get(record.queue, ())
    wait = None if ahead is None else expected(rungs, ahead)
    if wait is None and ahead is not None and ahead == record.ahead and record.wait is not None:
        wait = (record.wait[0], *record.wait)
    ticket = wire.Ticket(
        token=token,
        number=record.number,
        queue=record.queue,
        service=record.service,
        class_=record.class_,
        status=status,  # type: ignore[arg-type]  # a hall's own word
        issued_at=record.issued_at,
        ahead=ahead,
        wait=None if wait is None else wire.Wait(*wait[1:]),
        window=window,
        calls=record.calls,
        slot=record.slot,
        rating=record.rating,  # type: ignore[arg-type]
        here=record.here or status != "waiting",
        kept_until=record.kept_until if status == "waiting" else None,
    )
    soon = wait is not None and wait[0] <= WALK_S
    return Placed(ticket, today, ahead is not None and (ahead <= NEAR_AHEAD or soon))


def expected(
    rungs: Sequence[tuple[int, int, int, int, int]], ahead: int
) -> tuple[int, int, int, int] | None:
    """p10, p50, p80, p90 in seconds with `ahead` before one: evenly between two rungs, and in
    proportion beyond the last."""
    if not rungs:
        return None
    at = bisect_left(rungs, ahead, key=lambda rung: rung[0])
    if at == len(rungs):
        p10, p50, p80, p90 = (
            round(one * (ahead + 1) / (rungs[-1][0] + 1)) for one in rungs[-1][1:]
        )
        return p10, p50, p80, p90
    low, high = rungs[max(0, at - 1)], rungs[at]
    if high[0] == ahead or high[0] == low[0]:
        return high[1:]
    share = (ahead - low[0]) / (high[0] - low[0])
    p10, p50, p80, p90 = (
        round(one + (other - one) * share) for one, other in zip(low[1:], high[1:], strict=True)
    )
    return p10, p50, p80, p90
