"""A hall's feed into Redis: every event once and in order, and always the newest snapshot.

How it works. Two tasks beside the hall; nothing of the hall waits for them.

* Events follow the journal. The cursor is the stream itself: entries have the id `SEQ-0`, Redis
  refuses an id that is not greater than the last one, and an entry is written in one transaction
  with the records of the tickets it touched. So whatever is interrupted, doubled or answered too
  late, each event is in the stream once; after any doubt the last entry is read again.
* The snapshot is level-triggered: the newest bytes win, at most every `SNAPSHOT_EVERY_S`.

Redis is never the truth. Empty (new, flushed): the last `STREAM_KEPT` events and all tickets of
the day are written anew. Behind (restored from a copy): it is brought up. Ahead, or with an entry
whose hash is not the journal's (the hall was restored, or another one used this name): the stream
is begun anew, and said so in the log; if that happens again while this process lives, somebody
else writes here, and the feed stops rather than fight. Away: both tasks try again ever slower.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from secrets import token_hex
from typing import Any, Final, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from queued.cluster.redis_link import ended
from queued.cluster.shared import HALLS, KEPT_S, STREAM_KEPT, channel_of, key_of
from queued.cluster.told_events import told
from queued.core.model import TicketId
from queued.core.plan import Millis
from queued.engine.bus import Bus, Committed
from queued.engine.codec import event_of
from queued.engine.follow import pages
from queued.engine.ports import Journal, JournalError, Record

log = logging.getLogger(__name__)

SNAPSHOT_EVERY_S: Final = 0.05
"""Twenty a second: a burst of calls costs the hall no more than a board would."""

LOOK_EVERY_S: Final = 5.0
"""Waits drift and doors close without an event."""

CHECK_EVERY_S: Final = 60.0
"""How soon a Redis that was emptied behind our back is filled again."""

RETRY_FIRST_S: Final = 0.5
RETRY_MOST_S: Final = 15.0

TICKETS_AT_ONCE: Final = 200
"""Records made without a break: 4 ms."""

EVENTS_AT_ONCE: Final = 200


Work = Callable[[], Awaitable[None]]


class Document(Protocol):
    """The snapshot as bytes."""

    @property
    def seq(self) -> int: ...
    @property
    def etag(self) -> str: ...
    @property
    def body(self) -> bytes: ...


class Source(Protocol):
    """What the hall tells."""

    async def snapshot(self) -> Document:
        """The newest."""
        ...

    def beside(self) -> Mapping[str, bytes]:
        """Records beside the snapshot, by the last part of their key."""
        ...

    def tickets(self) -> Sequence[TicketId]:
        """All of the day."""
        ...

    def ticket(self, id_: TicketId) -> tuple[str, bytes, Millis] | None:
        """Key and record of a ticket of the day, and when it ends; None for any other."""
        ...


class Feed:
    """The feed of one hall. `counts` says how often what happened."""

    def __init__(
        self,
        redis: Redis,
        hall: str,
        journal: Journal,
        bus: Bus,
        source: Source,
        counts: Counter[str],
    ) -> None:
        self._redis = redis
        self._hall = hall
        self._journal = journal
        self._bus = bus
        self._source = source
        self.counts = counts
        self._stream = key_of(hall, "events")
        self._mark_key = key_of(hall, "fed")
        self._mark = token_hex(8)
        self._begun_anew = False
        self._last = 0
        """Seq of the newest entry, as far as we know."""
        self._changed = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Begin to write. Needs a running event loop."""
        self._end_listening = self._bus.listen(self._heard)
        self._begin("events", self._follow_events)
        self._begin("snapshots", self._follow_snapshots)

    async def stop(self) -> None:
        """Whatever was not written is written after the next start."""
        self._end_listening()
        for name in tuple(self._tasks):
            await self._end(name)

    def _begin(self, name: str, work: Work) -> None:
        self._tasks[name] = asyncio.get_running_loop().create_task(self._keep(work))

    async def _end(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        if task is not None:
            await ended(task)

    def _heard(self, committed: Committed) -> None:
        if committed.hall_id == self._hall:
            self._changed.set()

    async def _keep(self, work: Work) -> None:
        """`work` until it returns, ever slower while Redis is away."""
        pause = RETRY_FIRST_S
        while True:
            before = self._written()
            try:
                await work()
                return
            except (RedisError, OSError, JournalError) as failure:
                why = type(failure).__name__  # no more: an address may hold a password
            except Exception:  # an edge: the hall must not notice, and the feed goes on
                log.exception("the feed failed")
                why = "a defect"
            self.counts["failures"] += 1
            if self._written() != before:
                pause = RETRY_FIRST_S
            if pause == RETRY_FIRST_S:
                log.warning("hall %s is not fed into Redis for now: %s", self._hall, why)
            await asyncio.sleep(pause)
            pause = min(pause * 2, RETRY_MOST_S)

    def _written(self) -> int:
        return self.counts["events"] + self.counts["snapshots"]

    # ── Events ────────────────────────────────────────────────────────────────────────────

    async def _follow_events(self) -> None:
        after = await self._cursor()
        if after is None:
            return
        async for page in pages(self._journal, self._bus, self._hall, after):
            for start in range(0, len(page), EVENTS_AT_ONCE):
                await self._append(page[start : start + EVENTS_AT_ONCE])

    async def _cursor(self) -> int | None:
        """Seq of the last event that Redis has, after bringing everything else into order.

        None if somebody else writes this hall's stream.
        """
        last = await self._redis.xrevrange(self._stream, count=1)
        marked = await self._redis.get(self._mark_key)
        seq, own = await self._proven(last[0]) if last else (0, True)
        if not own:
            if self._begun_anew:
                self.counts["taken"] += 1
                log.critical("somebody else feeds hall %s into this Redis: stopped", self._hall)
                return None
            self._begun_anew = True
            self.counts["begun_anew"] += 1
            log.error("the stream of hall %s is not of its journal: begun anew", self._hall)
        head, _ = await self._journal.head(self._hall)
        oldest = max(0, head - STREAM_KEPT)
        whole = last and own and marked
        if not whole:
            await self._redis.delete(self._stream)
            seq = 0
        if seq < oldest or not whole:
            await self._fill_tickets()
        await self._redis.set(self._mark_key, self._mark, ex=KEPT_S)
        self._last = seq
        return max(seq, oldest)

    async def _proven(self, entry: Any) -> tuple[int, bool]:
        """The seq of the last entry, and whether the journal has that very event."""
        id_, fields = entry
        seq = int(id_.partition(b"-")[0])
        found = await self._journal.read(self._hall, seq - 1, 1) if seq else []
        own = bool(found) and found[0].seq == seq
        return seq, own and found[0].hash.hex().encode() == fields.get(b"hash")

    async def _append(self, records: Sequence[Record]) -> None:
        """These events and the tickets they touched, after the last ones: all or nothing."""
        async with self._redis.pipeline(transaction=True) as pipeline:
            await pipeline.watch(self._stream)
            if await self._last_in(pipeline) != self._last:
                raise _Doubt  # it lost its last second: what came next would leave a gap
            pipeline.multi()
            self._put_events(pipeline, records)
            try:
                await pipeline.execute()
            except ResponseError as refusal:
                # An id that is there already: somebody wrote it, we or another owner of this
                # hall. Reading the cursor again tells whose it is.
                self.counts["refused"] += 1
                raise _Doubt from refusal
        self._last = records[-1].seq
        self.counts["events"] += len(records)

    def _put_events(self, pipeline: Any, records: Sequence[Record]) -> None:
        touched: dict[TicketId, None] = {}
        for record in records:
            fields: Any = told(record)
            pipeline.xadd(
                self._stream, fields, id=f"{record.seq}-0", maxlen=STREAM_KEPT, approximate=True
            )
            ticket = getattr(event_of(record), "ticket", None)
            if ticket is not None:
                touched[ticket] = None
        self._put_tickets(pipeline, tuple(touched))

    async def _last_in(self, redis: Any) -> int:
        """Seq of the newest entry; 0 of an empty stream."""
        last = await redis.xrevrange(self._stream, count=1)
        return int(last[0][0].partition(b"-")[0]) if last else 0

    async def _fill_tickets(self) -> None:
        """The records of all tickets of the day."""
        ids = self._source.tickets()
        for start in range(0, len(ids), TICKETS_AT_ONCE):
            pipeline = self._redis.pipeline(transaction=False)
            self._put_tickets(pipeline, ids[start : start + TICKETS_AT_ONCE])
            await pipeline.execute()

    def _put_tickets(self, pipeline: Any, ids: Sequence[TicketId]) -> None:
        for id_ in ids:
            record = self._source.ticket(id_)
            if record is not None:
                key, body, ends_at = record
                pipeline.set(key, body, pxat=ends_at)
                self.counts["tickets"] += 1

    # ── Snapshots ─────────────────────────────────────────────────────────────────────────

    async def _follow_snapshots(self) -> None:
        loop = asyncio.get_running_loop()
        written: dict[str, bytes] = {}
        tag, check_at = "", loop.time() + CHECK_EVERY_S
        while True:
            self._changed.clear()
            snapshot = await self._source.snapshot()
            if snapshot.etag != tag:
                await self._put(snapshot, written)
                tag = snapshot.etag
            if loop.time() >= check_at:
                check_at = loop.time() + CHECK_EVERY_S
                if await self._was_emptied():
                    tag, written = "", {}
                    continue
            await asyncio.sleep(SNAPSHOT_EVERY_S)
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def _put(self, snapshot: Document, written: dict[str, bytes]) -> None:
        """The snapshot and what changed beside it, then the hint: in one transaction."""
        pipeline = self._redis.pipeline(transaction=True)
        if not written:
            pipeline.sadd(HALLS, self._hall)
        beside = self._source.beside()
        for what, body in (*beside.items(), ("snapshot", snapshot.body)):
            if written.get(what) != body:
                pipeline.set(key_of(self._hall, what), body, ex=KEPT_S)
        pipeline.publish(channel_of(self._hall), snapshot.seq)
        await pipeline.execute()
        written.update(beside)
        self.counts["snapshots"] += 1

    async def _was_emptied(self) -> bool:
        """Whether Redis has forgotten what was written; then everything is written again."""
        last = self._last
        mark = await self._redis.get(self._mark_key)
        if mark == self._mark.encode() and await self._last_in(self._redis) >= last:
            return False
        self.counts["emptied"] += 1
        await self._end("events")
        self._begin("events", self._follow_events)
        return True


class _Doubt(RedisError):
    """What became of a write is unknown, or it was refused."""
