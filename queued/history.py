"""At the end of each day: what its hours were like, and what predictions learn from it.

How it works. A follower of the journal that wakes when a day has closed. It reads the day once, a
page at a time with a pause after each, folds it into the figures of its hours and into an
estimator of its own, and keeps both with its cursor. A start takes the estimator from there and
goes on as if it had never stopped. Popular times are worked out from the last weeks' figures
and kept too, so no request ever waits for history. A journal that is older than these tables
(after an upgrade) is read from its beginning in the same way, beside the running hall.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from queued.core.correction import Correction, Kept
from queued.core.estimate import Estimator, Memory
from queued.core.events import DayClosed, Event
from queued.core.model import Hall
from queued.engine.bus import Bus, Committed
from queued.engine.codec import event_of
from queued.engine.day_figures import DayFigures, HourFigures
from queued.engine.popular import WEEKS, TypicalDay, Usual, typical, usual_of
from queued.engine.ports import Journal, JournalBroken, JournalError
from queued.storage.errors import StoreError
from queued.storage.hours import Hours

log = logging.getLogger(__name__)

MEMORY: Final = "estimator"
USUAL: Final = "usual"
"""Names of what was learnt."""

PAGE: Final = 200
"""Events read at once: some 2 ms of work …"""

PAUSE_S: Final = 0.01
"""… and a pause, so that nobody at a window notices. A busy day takes two seconds."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """What predictions have learnt when a day has closed."""

    memory: Memory
    kept: Kept


@dataclass(frozen=True, slots=True)
class Remembered:
    """An estimator and what corrects it, up to `seq`; None: they know nothing."""

    estimator: Estimator
    correction: Correction
    seq: int | None

    def observe(self, event: Event) -> None:
        """The next event."""
        self.estimator.observe(event, _NO_HALL)
        self.correction.observe(event, self.estimator)
        if isinstance(event, DayClosed):
            self.estimator.factors = self.correction.factors()

    def learnt(self) -> bytes:
        """What there is to keep right after a `DayClosed`."""
        return msgspec.json.encode(Learnt(self.estimator.memory(), self.correction.kept()))


async def remembered(hours: Hours, hall_id: str) -> Remembered:
    """The estimator as it was when the last day closed, or a new one."""
    kept = await hours.learnt(hall_id, MEMORY)
    if kept is not None:
        try:
            learnt = msgspec.json.decode(kept[1], type=Learnt)
            estimator = Estimator.remembering(learnt.memory)
            return Remembered(estimator, Correction.remembering(learnt.kept), kept[0])
        except (msgspec.DecodeError, ValueError) as error:
            # Only a cache, perhaps of another version: learning begins anew.
            log.warning("what predictions have learnt cannot be read: %s", error)
    return Remembered(Estimator(), Correction(), None)


class History:
    """The past of one hall."""

    def __init__(
        self,
        hall_id: str,
        journal: Journal,
        hours: Hours,
        zone: Callable[[], ZoneInfo],
        estimator: Estimator | None = None,
        pause_s: float = PAUSE_S,
    ) -> None:
        """`estimator` is the running hall's: it is corrected when a day has closed."""
        self._hall_id = hall_id
        self._journal = journal
        self._hours = hours
        self._zone = zone
        self._estimator = estimator
        self._pause_s = pause_s
        self._closed = asyncio.Event()
        self._usual: Usual | None = None
        self._usual_seq: int | None = None
        self._task: asyncio.Task[None] | None = None
        self._silence: Callable[[], None] = lambda: None

    def start(self, bus: Bus) -> None:
        """Catch up, then wait for days to close. Needs a running event loop."""
        self._silence = bus.listen(self._hear)
        self._closed.set()
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """No more; a day half done is done after the next start. Twice does nothing."""
        self._silence()
        self._silence = lambda: None
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def typical(self, day: date) -> TypicalDay | None:
        """What `day` may be expected to be like; None while nobody can say."""
        if self._usual_seq is None:
            await self._load()
        return typical(self._usual, day, self._zone())

    async def between(self, first: date, last: date) -> Sequence[HourFigures]:
        """The hours of days that have closed, in order."""
        return await self._hours.between(self._hall_id, first, last)

    async def days(self) -> tuple[date, date] | None:
        """The first and the last of them."""
        return await self._hours.days(self._hall_id)

    async def cursor(self) -> int:
        """What the figures follow from: seq of the last `DayClosed` in them."""
        return await self._hours.cursor(self._hall_id)

    async def catch_up(self) -> int:
        """Take in every day that has closed; returns how many. Raises `JournalError`,
        `StoreError`."""
        begin = await self._hours.cursor(self._hall_id)
        last = await self._hours.closed_after(self._hall_id, begin)
        days = 0 if last is None else await self._read(begin, last)
        usual = await self._hours.learnt(self._hall_id, USUAL)
        at = begin if last is None else last
        if at and (usual is None or usual[0] != at):
            await self._work_out(at)
        return days

    def _hear(self, committed: Committed) -> None:
        if committed.hall_id == self._hall_id and any(
            isinstance(event, DayClosed) for event in committed.events
        ):
            self._closed.set()

    async def _run(self) -> None:
        while True:
            await self._closed.wait()
            self._closed.clear()
            try:
                if days := await self.catch_up():
                    log.info("hall %s: %d days added to its history", self._hall_id, days)
            except (JournalError, StoreError) as failure:
                # The hall does without; the next end of a day tries again.
                log.error("hall %s: history is not up to date: %s", self._hall_id, failure)

    async def _read(self, begin: int, last: int) -> int:
        known = await remembered(self._hours, self._hall_id)
        if begin and known.seq != begin:
            # What was learnt is gone or of another version: all of it follows from the journal.
            log.warning("hall %s: history is made anew from the journal", self._hall_id)
            await self._hours.forget(self._hall_id)
            known, begin = Remembered(Estimator(), Correction(), None), 0
        figures, days, seq = DayFigures(self._zone()), 0, begin
        while seq < last:
            page = await self._journal.read(self._hall_id, seq, min(PAGE, last - seq))
            if not page:
                raise JournalBroken(seq + 1, "missing before the end of a day")
            for record in page:
                event = event_of(record)
                known.observe(event)
                rows = figures.observe(event)
                if isinstance(event, DayClosed):
                    await self._hours.keep_day(
                        self._hall_id, event.day, rows, record.seq, MEMORY, known.learnt()
                    )
                    days += 1
            seq = page[-1].seq
            await asyncio.sleep(self._pause_s)
        if self._estimator is not None:
            self._estimator.factors = known.estimator.factors
        return days

    async def _work_out(self, seq: int) -> None:
        """Popular times as of `seq`, from the figures of the last weeks."""
        days = await self._hours.days(self._hall_id)
        usual = None
        if days is not None:
            first = days[1] - timedelta(weeks=WEEKS) + timedelta(days=1)
            rows = await self._hours.between(self._hall_id, first, days[1])
            usual = await asyncio.to_thread(usual_of, rows, self._zone())
        await self._hours.keep(self._hall_id, USUAL, seq, msgspec.json.encode(usual))
        self._usual, self._usual_seq = usual, seq

    async def _load(self) -> None:
        kept = await self._hours.learnt(self._hall_id, USUAL)
        try:
            usual = msgspec.json.decode(kept[1], type=Usual | None) if kept else None
        except msgspec.DecodeError:
            usual = None  # of another version; the end of the day makes it anew
        if self._usual_seq is None:  # nothing newer came in between
            self._usual, self._usual_seq = usual, kept[0] if kept else 0


_NO_HALL: Final = Hall()
"""The estimator looks at the hall only before it has seen a plan, and the first event is one."""
