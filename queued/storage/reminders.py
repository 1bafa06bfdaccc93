"""The ledger of reminders and of consents, for all halls. See `engine.reminders` for the promise.

A follower's reminders and its cursor are one transaction. `sending` is durable when `mark` returns,
before the first byte leaves; what a crash leaves `sending` is `unknown` and never sent again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, select

from queued.core.plan import Millis
from queued.engine.reminders import Reminder, ReminderStatus
from queued.storage import tables as t
from queued.storage.database import Database
from queued.storage.ledger import cursor_of, move_cursor

OWED_MAX = 1000
"""Read at once; a hall calls fewer people in the minutes a reminder is good for."""

CONSENTS_MAX = 1_000_000
"""As many as stand for a long-term consent; counting further says nothing."""

CONSENT_KEPT_MS = 366 * 86_400_000
"""Who has not come back in a year is asked again; what they agreed to is not kept for ever."""

_S = ReminderStatus

TRANSITIONS: Mapping[ReminderStatus, frozenset[ReminderStatus]] = {
    _S.OWED: frozenset({_S.SENDING, _S.DROPPED}),
    # Back to `owed`: only if the carrier says that nothing happened.
    _S.SENDING: frozenset({_S.SENT, _S.FAILED, _S.UNKNOWN, _S.OWED}),
    _S.SENT: frozenset({_S.DELIVERED, _S.FAILED}),
    _S.DELIVERED: frozenset(),
    _S.FAILED: frozenset(),
    _S.DROPPED: frozenset(),
    _S.UNKNOWN: frozenset(),
}

_NAMES = tuple(field.name for field in fields(Reminder))
_REMINDER = select(*(t.reminder.c[name] for name in _NAMES))


class ReminderLedger:
    """Reminders and consents. Durable when a call returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def cursor(self, hall: str, name: str) -> int:
        """Seq of the last event the follower `name` has dealt with; 0 at first."""
        return await self._database.read(lambda connection: cursor_of(connection, hall, name) or 0)

    async def owe(
        self, hall: str, name: str, seq: int, reminders: Sequence[Reminder] = ()
    ) -> Sequence[Reminder]:
        """Add those not there yet and move the cursor, in one transaction; returns the new.

        A reminder may come with another status than `owed`: what was told in another way.
        """

        def work(connection: Connection) -> list[Reminder]:
            new = []
            for one in reminders:
                if _find(connection, hall, one.key, one.person) is None:
                    values = {name: getattr(one, name) for name in _NAMES}
                    values["status"] = one.status.value
                    connection.execute(t.reminder.insert().values(hall=hall, **values))
                    new.append(one)
            move_cursor(connection, hall, name, seq)
            return new

        return await self._database.write(work)

    async def owed(self, hall: str) -> Sequence[Reminder]:
        """All still `owed`, oldest first."""
        c = t.reminder.c
        query = _REMINDER.where(c.hall == hall, c.status == _S.OWED.value)
        query = query.order_by(c.at, c.key, c.person).limit(OWED_MAX)
        return await self._database.read(
            lambda connection: [_reminder(row) for row in connection.execute(query)]
        )

    async def of_day(self, hall: str, day: str) -> Sequence[Reminder]:
        """All of a business day, oldest first: what a manager may count."""
        c = t.reminder.c
        query = _REMINDER.where(c.hall == hall, c.day == day).order_by(c.at, c.key, c.person)
        return await self._database.read(
            lambda connection: [_reminder(row) for row in connection.execute(query)]
        )

    async def settle_crash(self, hall: str) -> int:
        """What was `sending` is `unknown` from now on; how many."""
        c = t.reminder.c
        which = (c.hall == hall) & (c.status == _S.SENDING.value)
        change = t.reminder.update().where(which).values(status=_S.UNKNOWN.value)
        return await self._database.write(
            lambda connection: connection.execute(change).rowcount
        )

    async def mark(
        self,
        hall: str,
        reminder: Reminder,
        status: ReminderStatus,
        *,
        reason: str = "",
        carrier_id: str = "",
    ) -> bool:
        """The next status; False if the reminder is gone (forgotten) or may not take it."""
        from_ = [before.value for before, after in TRANSITIONS.items() if status in after]
        c = t.reminder.c
        which = (c.hall == hall) & (c.key == reminder.key) & (c.person == reminder.person)
        values = {"status": status.value, "reason": reason, "carrier_id": carrier_id}
        change = t.reminder.update().where(which, c.status.in_(from_)).values(values)
        return await self._database.write(
            lambda connection: connection.execute(change).rowcount == 1
        )

    async def delivered(self, hall: str, carrier_id: str, reason: str) -> bool:
        """The carrier's word on a sent reminder; `reason` "" means that it arrived."""
        if not carrier_id:
            return False
        c = t.reminder.c
        status = _S.FAILED if reason else _S.DELIVERED
        which = (c.hall == hall) & (c.carrier_id == carrier_id) & (c.status == _S.SENT.value)
        change = t.reminder.update().where(which).values(status=status.value, reason=reason[:100])
        return await self._database.write(
            lambda connection: connection.execute(change).rowcount > 0
        )

    async def forget(self, person: str) -> int:
        """Take everything about a person off the disk, consents too; how many reminders."""

        def work(connection: Connection) -> int:
            _overwrite_what_goes(connection)
            connection.execute(t.consent.delete().where(t.consent.c.person == person))
            c = t.reminder.c
            return connection.execute(t.reminder.delete().where(c.person == person)).rowcount

        return await self._database.write(work)

    async def expire(self, before: Millis) -> int:
        """Take reminders off the disk that are older; how many. Consents go a year later."""

        def work(connection: Connection) -> int:
            _overwrite_what_goes(connection)
            unused = t.consent.c.changed_at < before - CONSENT_KEPT_MS
            connection.execute(t.consent.delete().where(unused))
            return connection.execute(t.reminder.delete().where(t.reminder.c.at < before)).rowcount

        return await self._database.write(work)

    async def consents(self, person: str) -> dict[str, int]:
        """How many reminders of each template may be sent to a person."""
        query = select(t.consent.c.template, t.consent.c.left_over)
        query = query.where(t.consent.c.person == person, t.consent.c.left_over > 0)
        return await self._database.read(
            lambda connection: {row.template: row.left_over for row in connection.execute(query)}
        )

    async def consent(self, person: str, template: str, change: int | None, at: Millis) -> int:
        """Add to what may be sent (never below 0), or take it all back (None); what is left."""

        def work(connection: Connection) -> int:
            c = t.consent.c
            which = (c.person == person) & (c.template == template)
            before = connection.scalar(select(c.left_over).where(which)) or 0
            left = 0 if change is None else min(CONSENTS_MAX, max(0, before + change))
            connection.execute(t.consent.delete().where(which))
            if left:
                connection.execute(
                    t.consent.insert().values(
                        person=person, template=template, left_over=left, changed_at=at
                    )
                )
            return left

        return await self._database.write(work)


def _find(connection: Connection, hall: str, key: str, person: str) -> Any:
    c = t.reminder.c
    return connection.execute(
        select(c.key).where(c.hall == hall, c.key == key, c.person == person)
    ).first()


def _reminder(row: Any) -> Reminder:
    values = dict(zip(_NAMES, row, strict=True))
    return Reminder(**{**values, "status": ReminderStatus(values["status"])})


def _overwrite_what_goes(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        # Zeros instead of the bytes that were there, not just a page marked free.
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
