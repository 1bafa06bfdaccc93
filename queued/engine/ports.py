"""What the engine needs from storage: a journal. Its contract, as one protocol.

The contract suite (`tests/storage/journal_contract.py`) runs against every implementation:
memory, SQLite, PostgreSQL. A journal holds events in order, one chain per hall; the primary
key `(hall, seq)` is the fence: whoever appends a seq that exists has lost and must stop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from queued.core.model import Ticket
from queued.core.plan import Millis
from queued.core.quick import quick_init

HASH_ZERO = bytes(32)
"""The hash before the first record of a chain."""

PAGE_MAX = 1000
"""Most records one read returns: bounds memory however long the journal is."""


@quick_init
@dataclass(frozen=True, slots=True)
class Record:
    """One event as stored. `hash` = H(previous hash, seq, at, type, by, body), 32 bytes."""

    seq: int
    at: Millis
    type: str
    by: str
    body: bytes
    hash: bytes


@quick_init
@dataclass(frozen=True, slots=True)
class Answer:
    """The first answer to a command with a key: what a retry gets. `fingerprint` of its body."""

    key: str
    fingerprint: str
    seq: int
    at: Millis
    body: bytes


@quick_init
@dataclass(frozen=True, slots=True)
class TicketRow:
    """A ticket of business day `day` as it is after the batch: a row for people who like SQL."""

    day: str
    ticket: Ticket


Beside: TypeAlias = Callable[[Any], None]
"""What somebody else makes durable in the same transaction. The engine does not look into it: it
is made for the storage it runs in, which calls it with what it needs."""


@quick_init
@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction makes durable: all of it or nothing."""

    records: Sequence[Record]
    tickets: Sequence[TicketRow] = ()
    answers: Sequence[Answer] = ()
    beside: Sequence[Beside] = ()


@quick_init
@dataclass(frozen=True, slots=True)
class Snapshot:
    """A folded hall at `seq`, whose record has `hash`. A cache: recovery may do without."""

    seq: int
    hash: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """Who changed something that is not in the journal, and when: for the audit."""

    at: Millis
    by: str
    """role:name"""


class AccountTaken(Exception):
    """There is a person, token or session of that name already."""


class AccountUnknown(Exception):
    """There is no such person or token."""


class VersionTaken(Exception):
    """Somebody else has saved this version of the configuration."""


class Unavailable(Exception):
    """What keeps things cannot do it now: disk full, database away. Ask again in a moment."""


class PeopleFailed(Exception):
    """The table of people cannot be used now: disk full, database away."""


class JournalError(Exception):
    """
    * JournalError
      + AppendFailed      this append did not happen, or nobody knows: read before deciding again
        - Fenced          somebody else appended this seq: this process must stop
      + JournalAway       the database does not answer now: wait, decide nothing, ask again
      + JournalBroken     stored data is damaged or cannot be read; carries the seq
    """


class AppendFailed(JournalError):
    """The batch may or may not be in the journal."""


class Fenced(AppendFailed):
    """The next seq is taken: another owner writes this hall."""


class JournalAway(JournalError):
    """The journal cannot be asked now, and will be again. Nothing is known to be damaged."""


class JournalBroken(JournalError):
    """Record `seq` cannot be read or breaks the chain. Nothing is skipped."""

    def __init__(self, seq: int, why: str) -> None:
        super().__init__(f"journal is damaged at seq {seq}: {why}")
        self.seq = seq


class Journal(Protocol):
    """Events of halls in order. Safe for one writer per hall and any number of readers."""

    async def append(self, hall: str, batch: Batch) -> None:
        """Durable when it returns. Raises `Fenced` or `AppendFailed`; then nothing of the
        batch is visible unless all of it is."""
        ...

    async def read(self, hall: str, after: int, limit: int = PAGE_MAX) -> list[Record]:
        """Records with seq > `after`, in order, at most `limit` (1 … 1000)."""
        ...

    async def head(self, hall: str) -> tuple[int, bytes]:
        """Seq and hash of the last record; (0, HASH_ZERO) of an empty chain.

        After a failed append this is certain: nothing of it arrives later. Raises `JournalAway`
        as long as it cannot be, `Fenced` if the hall has another owner by now.
        """
        ...

    async def save_snapshot(self, hall: str, snapshot: Snapshot) -> None:
        """Keep `snapshot`, replacing an older one."""
        ...

    async def load_snapshot(self, hall: str) -> Snapshot | None:
        """The newest snapshot; None if there is none, or its seq and hash are not the chain's."""
        ...

    async def answer(self, hall: str, key: str) -> Answer | None:
        """The remembered answer to the command with `key`."""
        ...

    async def keys(self, hall: str, since: Millis) -> list[tuple[str, str]]:
        """(key, fingerprint) of all answers given at or after `since`."""
        ...

    async def forget_answers(self, hall: str, before: Millis) -> None:
        """Remove the answers given before `before`: nobody asks for them again."""
        ...

    async def close(self) -> None:
        """Finish the append in hand and let go. Closing twice does nothing."""
        ...
