"""A journal in memory: for tests and replays. It passes the same contract; nothing is durable.

Faults can be put in: `fail_next` makes appends raise, with the batch kept (the unknown outcome
of a commit) or lost.
"""

from __future__ import annotations

from collections import deque

from queued.core.model import Ticket, TicketId
from queued.core.plan import Millis
from queued.engine.ports import (
    HASH_ZERO,
    PAGE_MAX,
    Answer,
    AppendFailed,
    Batch,
    Fenced,
    JournalError,
    Record,
    Snapshot,
)


class MemoryJournal:
    """`engine.ports.Journal` without a disk. `tickets` is the ticket table, by hall, day, id."""

    def __init__(self) -> None:
        self.tickets: dict[tuple[str, str, TicketId], Ticket] = {}
        self._chains: dict[str, list[Record]] = {}
        self._answers: dict[tuple[str, str], Answer] = {}
        self._snapshots: dict[str, Snapshot] = {}
        self._faults: deque[bool] = deque()
        self._closed = False

    def fail_next(self, *, committed: bool) -> None:
        """One more append to come raises `AppendFailed`; `committed` if it happened anyway."""
        self._faults.append(committed)

    async def append(self, hall: str, batch: Batch) -> None:
        """See the port. An empty batch is a mistake: `ValueError`."""
        if not batch.records:
            raise ValueError("a batch without records")
        if batch.beside:
            raise ValueError("a journal in memory has no transaction for anything beside it")
        self._open(AppendFailed)
        committed = self._faults.popleft() if self._faults else None
        if committed is not False:
            self._append(hall, batch)
        if committed is not None:
            raise AppendFailed("a fault was put in")

    def _append(self, hall: str, batch: Batch) -> None:
        chain = self._chains.setdefault(hall, [])
        seqs = [record.seq for record in batch.records]
        if seqs[0] <= len(chain):
            raise Fenced(f"seq {seqs[0]} of hall {hall} is taken, the journal is at {len(chain)}")
        if seqs != list(range(len(chain) + 1, len(chain) + 1 + len(seqs))):
            raise AppendFailed(f"seq {seqs} do not follow {len(chain)}, the journal's last")
        chain += batch.records
        self.tickets |= {(hall, row.day, row.ticket.id): row.ticket for row in batch.tickets}
        self._answers |= {(hall, answer.key): answer for answer in batch.answers}

    async def read(self, hall: str, after: int, limit: int = PAGE_MAX) -> list[Record]:
        """Records with seq > `after`, in order, at most `limit` (1 … 1000)."""
        self._open()
        if not 1 <= limit <= PAGE_MAX:
            raise ValueError(f"limit is {limit}, allowed are 1 to {PAGE_MAX}")
        return self._chains.get(hall, [])[max(after, 0) : max(after, 0) + limit]

    async def head(self, hall: str) -> tuple[int, bytes]:
        """Seq and hash of the last record; (0, HASH_ZERO) of an empty chain."""
        self._open()
        chain = self._chains.get(hall)
        return (chain[-1].seq, chain[-1].hash) if chain else (0, HASH_ZERO)

    async def save_snapshot(self, hall: str, snapshot: Snapshot) -> None:
        """Keep `snapshot`, replacing an older one."""
        self._open()
        self._snapshots[hall] = snapshot

    async def load_snapshot(self, hall: str) -> Snapshot | None:
        """The newest snapshot; None if there is none, or it does not fit the journal."""
        self._open()
        kept = self._snapshots.get(hall)
        fitting = self._chains.get(hall, [])[kept.seq - 1 : kept.seq] if kept else []
        return kept if kept and fitting and fitting[0].hash == kept.hash else None

    async def answer(self, hall: str, key: str) -> Answer | None:
        """The remembered answer to the command with `key`."""
        self._open()
        return self._answers.get((hall, key))

    async def keys(self, hall: str, since: Millis) -> list[tuple[str, str]]:
        """(key, fingerprint) of all answers given at or after `since`, oldest first."""
        self._open()
        mine = [answer for (owner, _), answer in self._answers.items() if owner == hall]
        mine.sort(key=lambda answer: (answer.at, answer.seq, answer.key))
        return [(answer.key, answer.fingerprint) for answer in mine if answer.at >= since]

    async def forget_answers(self, hall: str, before: Millis) -> None:
        """Remove the answers given before `before`."""
        self._open()
        for of, answer in tuple(self._answers.items()):
            if of[0] == hall and answer.at < before:
                del self._answers[of]

    async def close(self) -> None:
        """Refuse everything from now on. Closing twice does nothing."""
        self._closed = True

    def _open(self, refusal: type[JournalError] = JournalError) -> None:
        if self._closed:
            raise refusal("the journal is closed")
