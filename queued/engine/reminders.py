"""The ledger of reminders, and what is needed of the table of people, as protocols.

A reminder is something one person should read in time ("three ahead of you"), outside of the hall.
At most once: `sending` is durable before the first byte leaves, and whatever was `sending` when
a process died is `unknown` for ever. Whoever waits for a reminder in vain still has the screens;
whoever gets three of the same turns reminders off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol, TypeAlias

from queued.core.model import TicketId
from queued.core.plan import Millis

Kind: TypeAlias = Literal["ahead", "held", "called", "missed"]
"""held: its turn came, its holder is not in the hall yet, and its place is kept for a while."""


class ReminderStatus(StrEnum):
    """What became of a reminder."""

    #: To be sent while it is true and in time.
    OWED = "owed"
    #: Its bytes may have left.
    SENDING = "sending"
    #: The carrier took it.
    SENT = "sent"
    #: The carrier says that it arrived.
    DELIVERED = "delivered"
    #: Certainly not sent, or refused; `reason` says why.
    FAILED = "failed"
    #: Not sent: its time was over, or it was no longer true.
    DROPPED = "dropped"
    #: The process died while sending. Never sent again.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """One reminder. (`key`, `person`) is unique in a hall; `person` is a keyed digest."""

    key: str
    person: str = field(repr=False)
    kind: Kind
    day: str
    ticket: TicketId
    at: Millis
    expires_at: Millis
    status: ReminderStatus = ReminderStatus.OWED
    reason: str = ""
    carrier_id: str = ""
    """The carrier's own id of the message."""


class ReminderLedger(Protocol):
    """Reminders of a hall, durable when a call returns."""

    async def cursor(self, hall: str, name: str) -> int:
        """Seq of the last event the follower `name` has dealt with; 0 at first."""
        ...

    async def owe(
        self, hall: str, name: str, seq: int, reminders: Sequence[Reminder] = ()
    ) -> Sequence[Reminder]:
        """Add those not there yet and move the cursor, in one transaction; returns the new."""
        ...

    async def owed(self, hall: str) -> Sequence[Reminder]:
        """All still `owed`, oldest first."""
        ...

    async def settle_crash(self, hall: str) -> int:
        """What was `sending` is `unknown` from now on; how many."""
        ...

    async def mark(
        self,
        hall: str,
        reminder: Reminder,
        status: ReminderStatus,
        *,
        reason: str = "",
        carrier_id: str = "",
    ) -> bool:
        """The next status, if the reminder is still there and may take it."""
        ...

    async def delivered(self, hall: str, carrier_id: str, reason: str) -> bool:
        """The carrier's word on a sent reminder; `reason` "" means that it arrived."""
        ...

    async def forget(self, person: str) -> int:
        """Take everything about a person off the disk, consents too; how many reminders."""
        ...

    async def expire(self, before: Millis) -> int:
        """Take reminders off the disk that are older; how many."""
        ...

    async def consents(self, person: str) -> dict[str, int]:
        """How many reminders of each template may be sent to a person."""
        ...

    async def consent(self, person: str, template: str, change: int | None, at: Millis) -> int:
        """Add to what may be sent (bounded, never below 0), or take it all back (None)."""
        ...


class Person(Protocol):
    """A way in which the holder of a ticket is known."""

    @property
    def day(self) -> str: ...
    @property
    def ticket(self) -> TicketId: ...
    @property
    def kind(self) -> str: ...
    @property
    def digest(self) -> str: ...
