"""The ledger of slips and the cursors of followers: what was to be printed, what became of it.

A follower's effect and its cursor are one transaction, so after a crash it neither forgets a
slip nor makes a second one. A slip is marked `sent` before its first byte may leave: `queued`
means certainly not printed, `sent` means possibly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, select

from queued.core.model import TicketId
from queued.core.plan import Millis
from queued.storage import tables as t
from queued.storage.database import Database

RECENT_MAX = 1000
"""Most slips one list returns."""


class SlipStatus(StrEnum):
    """Where a slip is."""

    #: Waiting for its printer; not a byte of it has left.
    QUEUED = "queued"
    #: Its bytes may have left.
    SENT = "sent"
    #: The printer itself said that it is out.
    CONFIRMED = "confirmed"
    #: Not printed, or nobody knows and nobody will.
    FAILED = "failed"
    #: Its time was over before a printer was ready.
    EXPIRED = "expired"


_Q, _S = SlipStatus.QUEUED, SlipStatus.SENT

TRANSITIONS: Mapping[SlipStatus, frozenset[SlipStatus]] = {
    _Q: frozenset({_S, SlipStatus.EXPIRED, SlipStatus.FAILED}),
    # To `sent` again: only to note what is known of it ("unconfirmed").
    # Back to `queued`: only if certainly nothing was printed.
    _S: frozenset({SlipStatus.CONFIRMED, SlipStatus.FAILED, _S, _Q}),
    SlipStatus.CONFIRMED: frozenset(),
    SlipStatus.FAILED: frozenset(),
    SlipStatus.EXPIRED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A slip to print, and its state. `seq` is the event it follows from; times are Unix ms."""

    job: str
    day: str
    ticket: TicketId
    number: str
    device: str
    seq: int
    created_at: Millis
    expires_at: Millis
    body: bytes
    reprint: bool = False
    status: SlipStatus = SlipStatus.QUEUED
    reason: str = ""
    """Why it failed, expired or went back; with `sent`, what is known of it."""
    updated_at: Millis = Millis(0)


class SlipUnknown(Exception):
    """There is no such job in this hall's ledger."""


class MarkRefused(Exception):
    """A slip in this status cannot get that one: two parts disagree about what happened."""


_NAMES = tuple(field.name for field in fields(Slip))
_SLIP = select(*(t.slip.c[name] for name in _NAMES))


class Ledger:
    """Slips and cursors of all halls. Durable when a call returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def cursor(self, hall: str, name: str) -> int:
        """Seq of the last event the follower `name` has dealt with; 0 at first."""
        return await self._database.read(lambda connection: cursor_of(connection, hall, name) or 0)

    async def enqueue(
        self, hall: str, name: str, seq: int, slips: Sequence[Slip] = ()
    ) -> tuple[Slip, ...]:
        """Add the slips not there yet and move the cursor, in one transaction.

        Returns the new ones. A cursor never goes back: a smaller `seq` (0 for a reprint, which
        follows no event) leaves it where it is. Raises `ValueError` for a slip not `queued`.
        """
        for slip in slips:
            if slip.status is not SlipStatus.QUEUED:
                raise ValueError(f"slip {slip.job} is {slip.status}, new ones are queued")
        return await self._database.write(
            lambda connection: _enqueue(connection, hall, name, seq, slips)
        )

    def beside(
        self, hall: str, name: str, seqs: tuple[int, int], slips: Sequence[Slip]
    ) -> EnqueuedBeside:
        """As `enqueue`, in the transaction of the events from the first to the last of `seqs`.

        A slip may be `sent` already: whoever sends it does so after that transaction.
        """
        return EnqueuedBeside(hall, name, seqs, slips)

    async def mark(
        self,
        hall: str,
        job: str,
        status: SlipStatus,
        reason: str,
        at: Millis,
        *,
        nothing_printed: bool = False,
    ) -> Slip:
        """The slip in its new status. Raises `SlipUnknown`; `MarkRefused` if it has no such way.

        `nothing_printed` is the caller's word that no byte left: without it no slip goes from
        `sent` back to `queued`. `sent` again needs a reason.
        """
        status = SlipStatus(status)

        def work(connection: Connection) -> Slip:
            slip = _find(connection, hall, job)
            if slip is None:
                raise SlipUnknown(f"no slip {job!r} in hall {hall}")
            _allow(slip, status, reason, nothing_printed)
            which = (t.slip.c.hall == hall) & (t.slip.c.job == job)
            values = {"status": status.value, "reason": reason, "updated_at": at}
            connection.execute(t.slip.update().where(which).values(values))
            changed = _find(connection, hall, job)
            assert changed is not None
            return changed

        return await self._database.write(work)

    async def slip(self, hall: str, job: str) -> Slip | None:
        """One slip by its job."""
        return await self._database.read(lambda connection: _find(connection, hall, job))

    async def unfinished(self, hall: str) -> list[Slip]:
        """Slips somebody must still see to, oldest first: all `queued`, and those `sent` of
        which nothing more was noted. In a start after a crash the latter may be printed."""
        c = t.slip.c
        open_ = (c.status == _Q.value) | ((c.status == _S.value) & (c.reason == ""))
        query = _SLIP.where(c.hall == hall, c.status.in_((_Q.value, _S.value)), open_)
        return await self._slips(query.order_by(c.created_at, c.seq, c.job))

    async def of_ticket(self, hall: str, day: str, ticket: TicketId) -> Slip | None:
        """The newest slip of a ticket, reprints included."""
        c = t.slip.c
        query = _SLIP.where(c.hall == hall, c.day == day, c.ticket == ticket)
        found = await self._slips(query.order_by(*_newest()).limit(1))
        return found[0] if found else None

    async def recent(self, hall: str, device: str, limit: int = 20) -> list[Slip]:
        """The last `limit` (1 … 1000) slips for a device, newest first."""
        if not 1 <= limit <= RECENT_MAX:
            raise ValueError(f"limit is {limit}, allowed are 1 to {RECENT_MAX}")
        query = _SLIP.where(t.slip.c.hall == hall, t.slip.c.device == device)
        return await self._slips(query.order_by(*_newest()).limit(limit))

    async def _slips(self, query: Any) -> list[Slip]:
        return await self._database.read(
            lambda connection: [_slip(row) for row in connection.execute(query)]
        )


@dataclass(slots=True)
class EnqueuedBeside:
    """Work for a transaction that is not ours (`engine.ports.Beside`)."""

    hall: str
    name: str
    seqs: tuple[int, int]
    slips: Sequence[Slip]
    done: bool = False
    """Whether it was part of a transaction at all."""
    moved: bool = False
    """Whether the cursor stood right before these events and now stands behind them. If not,
    the follower still has to pass over them."""

    def __call__(self, connection: Connection) -> None:
        _insert(connection, self.hall, self.slips)
        self.done = True
        first, last = self.seqs
        c = t.cursor.c
        which = (c.hall == self.hall) & (c.name == self.name) & (c.seq == first - 1)
        moved = connection.execute(t.cursor.update().where(which).values(seq=last))
        self.moved = moved.rowcount == 1


def _newest() -> tuple[Any, ...]:
    c = t.slip.c
    # Of two in the same millisecond the reprint came later.
    return c.created_at.desc(), c.reprint.desc(), c.seq.desc(), c.job.desc()


def _allow(slip: Slip, status: SlipStatus, reason: str, nothing_printed: bool) -> None:
    if status not in TRANSITIONS[slip.status]:
        raise MarkRefused(f"slip {slip.job} is {slip.status} and cannot become {status}")
    if slip.status is _S and status is _Q and not nothing_printed:
        raise MarkRefused(f"slip {slip.job} may be printed: it cannot be queued again")
    if slip.status is _S and status is _S and not reason:
        raise MarkRefused(f"slip {slip.job} is sent already")


def _enqueue(
    connection: Connection, hall: str, name: str, seq: int, slips: Sequence[Slip]
) -> tuple[Slip, ...]:
    new = _insert(connection, hall, slips)
    move_cursor(connection, hall, name, seq)
    return new


def _insert(connection: Connection, hall: str, slips: Sequence[Slip]) -> tuple[Slip, ...]:
    """The slips that were not there yet, and now are."""
    if not slips:
        return ()
    c = t.slip.c
    jobs = [slip.job for slip in slips]
    there = set(connection.scalars(select(c.job).where(c.hall == hall, c.job.in_(jobs))))
    new = tuple({slip.job: slip for slip in slips if slip.job not in there}.values())
    if new:
        rows = [
            {**dict(zip(_NAMES, astuple(slip), strict=True)), "hall": hall}
            | {"status": slip.status.value}
            for slip in new
        ]
        connection.execute(t.slip.insert(), rows)
    return new


def move_cursor(connection: Connection, hall: str, name: str, seq: int) -> None:
    """Forward only: a smaller `seq` leaves the cursor where it is."""
    at = cursor_of(connection, hall, name)
    if at is None:
        connection.execute(t.cursor.insert().values(hall=hall, name=name, seq=seq))
    elif seq > at:
        which = (t.cursor.c.hall == hall) & (t.cursor.c.name == name)
        connection.execute(t.cursor.update().where(which).values(seq=seq))


def cursor_of(connection: Connection, hall: str, name: str) -> int | None:
    """How far the follower `name` has come; None if it never began."""
    c = t.cursor.c
    return connection.scalar(select(c.seq).where(c.hall == hall, c.name == name))


def _find(connection: Connection, hall: str, job: str) -> Slip | None:
    row = connection.execute(_SLIP.where(t.slip.c.hall == hall, t.slip.c.job == job)).first()
    return _slip(row) if row else None


def _slip(row: Row[Any]) -> Slip:
    values = dict(zip(_NAMES, row, strict=True))
    return Slip(**{**values, "status": SlipStatus(values["status"])})
