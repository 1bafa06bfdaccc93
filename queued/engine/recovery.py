"""From a journal to a hall: newest snapshot, fold the rest, prove the chain, check the promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from queued.core.events import Event
from queued.core.evolve import InvariantBroken, evolve
from queued.core.invariants import violations
from queued.core.model import Hall
from queued.engine.codec import checked, event_of, hall_of
from queued.engine.ports import HASH_ZERO, PAGE_MAX, Journal, JournalBroken


@dataclass(frozen=True, slots=True)
class Recovered:
    """A hall and the hash its next record follows; how many records were folded for it."""

    hall: Hall
    hash: bytes
    folded: int


CATCH_UP_MAX = 20_000
"""Events that an observer is shown from before the snapshot: a busy day's, a second's work.
Usually it is one, the `DayOpened` that shares a batch with the end of the day before."""

Observer = Callable[[Event, Hall], None]
"""Sees every folded event and the hall after it, e.g. an estimator that learns from the day."""


async def recover(
    journal: Journal,
    hall_id: str,
    *,
    from_start: bool = False,
    observe: Observer = lambda _event, _hall: None,
    observed: int | None = None,
) -> Recovered:
    """The hall as the journal tells it. Raises `JournalBroken` with the first bad seq.

    `from_start` ignores snapshots: every record is read, proven and folded. `observe` sees what
    follows seq `observed`, also what the snapshot already holds; None: what is folded.
    """
    hall, digest = Hall(), HASH_ZERO
    snapshot = None if from_start else await journal.load_snapshot(hall_id)
    if snapshot is not None and (kept := hall_of(snapshot)) is not None:
        hall, digest = kept, snapshot.hash
    if observed is not None:
        await _catch_up(journal, hall_id, hall, observe, observed)
    folded = 0
    while page := await journal.read(hall_id, hall.seq, PAGE_MAX):
        for record in checked(page, hall.seq, digest):
            try:
                event = event_of(record)
                hall = evolve(hall, event)
            except InvariantBroken as broken:
                raise JournalBroken(record.seq, str(broken)) from broken
            if observed is None or record.seq > observed:
                observe(event, hall)
            digest = record.hash
            folded += 1
    for violation in violations(hall):
        raise JournalBroken(hall.seq, violation)
    return Recovered(hall, digest, folded)


async def _catch_up(
    journal: Journal, hall_id: str, hall: Hall, observe: Observer, observed: int
) -> None:
    """Show what lies between `observed` and the snapshot's `hall`; nothing if it is too much."""
    if hall.seq - observed > CATCH_UP_MAX:
        return
    while observed < hall.seq:
        page = await journal.read(hall_id, observed, min(PAGE_MAX, hall.seq - observed))
        if not page:
            raise JournalBroken(observed + 1, "missing before the snapshot")
        for record in page:
            observe(event_of(record), hall)
        observed = page[-1].seq
