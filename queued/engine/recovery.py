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


Observer = Callable[[Event, Hall], None]
"""Sees every event since the running day began, or since the last one ended, in order, e.g. an
estimator that learns from the day. The hall is the one after it; for the events before a snapshot
within the day it is the snapshot's."""

CATCH_UP_MAX = 20_000
"""Events of earlier days that are observed again: a busy day's. None, but for a crash between the
end of a day and the moment when an observer's memory of it was kept."""


def _nobody(_event: Event, _hall: Hall) -> None:
    """Observes nothing."""


async def recover(
    journal: Journal,
    hall_id: str,
    *,
    from_start: bool = False,
    observe: Observer = _nobody,
    observed: int | None = None,
) -> Recovered:
    """The hall as the journal tells it. Raises `JournalBroken` with the first bad seq.

    `from_start` ignores snapshots: every record is read, proven and folded. `observed`: the seq
    of a day's end up to which `observe` remembers everything; it sees what follows.
    """
    hall, digest = Hall(), HASH_ZERO
    snapshot = None if from_start else await journal.load_snapshot(hall_id)
    if snapshot is not None and (kept := hall_of(snapshot)) is not None:
        hall, digest = kept, snapshot.hash
        if observe is not _nobody:
            await _observe_again(journal, hall_id, hall, observe, observed)
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


async def _observe_again(
    journal: Journal, hall_id: str, hall: Hall, observe: Observer, observed: int | None
) -> None:
    """What the running day of a snapshot was made of: read and proven again, not folded again."""
    after = hall.day_seq - 1 if hall.open else hall.seq
    if observed is not None and after - observed <= CATCH_UP_MAX:
        after = observed
    if after >= hall.seq:
        return
    before = await journal.read(hall_id, after - 1, 1) if after > 0 else []
    digest = before[-1].hash if before else HASH_ZERO
    while after < hall.seq:
        page = await journal.read(hall_id, after, min(PAGE_MAX, hall.seq - after))
        for record in checked(page, after, digest):
            observe(event_of(record), hall)
            after, digest = record.seq, record.hash
