"""The actor: one task owns a hall, takes commands, makes batches durable, then answers.

How it works. Commands wait in a bounded mailbox. The task decides all that wait against an
immutable draft, appends their events in ONE durable transaction, and only then swaps the hall,
publishes and answers (group commit). If the append fails, the draft is dropped: there is nothing
to undo. If its outcome is unknown, the journal is read before anything is decided again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence

from queued.core.commands import Command
from queued.core.deadlines import due, next_deadline
from queued.core.decide import decide
from queued.core.events import DayClosed
from queued.core.model import Hall
from queued.core.plan import Millis
from queued.core.refusals import Refused
from queued.engine.bus import Bus, Committed
from queued.engine.clock import Clock, Timer
from queued.engine.codec import snapshot_of
from queued.engine.draft import Accompany, Draft, Outcome, Render, Request, company, folded, write
from queued.engine.ports import (
    Answer,
    AppendFailed,
    Batch,
    Fenced,
    Journal,
    JournalAway,
    JournalError,
)
from queued.engine.recovery import Recovered

log = logging.getLogger(__name__)

MAILBOX_MAX = 4096
"""More than a hall gives in minutes: beyond it, refusing is kinder than queueing."""

BATCH_MAX = 256
"""Commands in one transaction: past this a bigger batch saves nothing and delays its first."""

GATHER_TURNS = 4
"""Turns of the event loop without a new command before a batch is decided: some 50 µs. Whoever
was just answered asks again; deciding at once splits them into halves with a commit each, which
fight for the interpreter. Of 16 clients 16 share a commit instead of 8: 40 % more a second."""

KEYS_KEPT_MS = 2 * 86_400_000
"""A retry after the lights come back finds its first answer; two days cover a weekend's night."""

KEYS_MAX = 100_000
"""Keys indexed in memory, newest kept: several busy days; the answers stay in the journal."""

SNAPSHOT_EVERY = 4096
"""Events after which a snapshot is kept within the day: a start folds no more than these, some
50 ms, and a busy hall stops for one, some 20 ms, every hour or two."""

RETRY_AFTER_MS = 5_000
"""What time brought and could not be written is tried again after this, not in a hot loop."""

AWAY_MS = 500
"""Between two questions to a journal that does not answer: soon after it is back."""


class MailboxFull(Exception):
    """Too many commands wait; try again in a moment."""


class KeyReused(Exception):
    """The same idempotency key came with another body."""


class HallStopped(Exception):
    """The actor has stopped; the process is about to end or restart."""


class HallActor:
    """One hall. `hall` is its committed state: read it freely, it never changes in place."""

    def __init__(
        self,
        hall_id: str,
        journal: Journal,
        clock: Clock,
        bus: Bus,
        recovered: Recovered,
        *,
        keys: Sequence[tuple[str, str]] = (),
        after_close: Callable[[Millis], Command | None] | None = None,
    ) -> None:
        self.id = hall_id
        self.accompany: Accompany | None = None
        """What else belongs into the transaction of a batch."""
        self.hall = recovered.hall
        self._hash = recovered.hash
        self._snapshot_seq = recovered.hall.seq - recovered.folded
        self._journal = journal
        self._clock = clock
        self._bus = bus
        self._keys = dict(keys)
        self._after_close = after_close
        self._mailbox: deque[Request] = deque()
        self._in_hand: list[Request] = []
        self._wake = asyncio.Event()
        self._timer: Timer | None = None
        self._timer_at: Millis | None = None
        self._stopping = False
        self._failure: BaseException | None = None
        self._away: AppendFailed | None = None
        """The append whose outcome cannot be asked for: the journal does not answer."""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to take commands and tell the bus where the hall stands. Needs a running loop."""
        self._bus.publish(Committed(self.id, self.hall, ()))
        self._task = asyncio.get_running_loop().create_task(self._run())
        self._wake.set()

    async def stop(self) -> None:
        """Finish the batch in hand, refuse the rest. Stopping twice does nothing."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        self._refuse_all(HallStopped())

    @property
    def alive(self) -> bool:
        """Whether it takes commands."""
        return self._task is not None and not self._task.done() and not self._stopping

    @property
    def waiting(self) -> bool:
        """Whether its journal does not answer; until it does, everybody is refused."""
        return self._away is not None

    @property
    def failure(self) -> BaseException | None:
        """Why it stopped by itself, if it did."""
        return self._failure

    async def finished(self) -> None:
        """Returns when the actor has stopped, for whatever reason."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def submit(
        self,
        command: Command,
        *,
        key: str | None = None,
        fingerprint: str = "",
        render: Render | None = None,
    ) -> Outcome:
        """Durably carry out `command`, or raise `Refused`, `KeyReused`, `MailboxFull`,
        `HallStopped`, `AppendFailed`. With `key`, a retry gets the first answer again.
        """
        if not self.alive:
            raise HallStopped()
        if self._away is not None:
            raise AppendFailed("the journal does not answer") from self._away
        if len(self._mailbox) >= MAILBOX_MAX:
            raise MailboxFull()
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._mailbox.append(Request(command, key, fingerprint, render, future))
        self._wake.set()
        outcome = await future
        if not outcome.replayed:
            return outcome
        assert key is not None
        first = await self._journal.answer(self.id, key)
        if first is None:
            raise AppendFailed(f"the answer to key {key!r} is gone")
        return Outcome(outcome.hall, (), first.body, replayed=True)

    # ── The task ──────────────────────────────────────────────────────────────────────────

    async def _run(self) -> None:
        try:
            while not self._stopping:
                await self._wake.wait()
                self._wake.clear()
                while not self._stopping and (self._mailbox or self._is_due()):
                    await self._gather()
                    if not await self._batch() and not self._mailbox:
                        break  # what is due is tried again when the timer rings
                self._arm()
        except (JournalError, OSError) as failure:
            # Fatal by design: the journal cannot be trusted to take or tell anything.
            log.critical("hall %s stops: %s", self.id, failure)
            self._failure = failure
        except Exception as bug:  # an edge: whoever waits for an answer must not wait for ever
            log.critical("hall %s stops on a bug", self.id, exc_info=bug)
            self._failure = bug
        finally:
            self._refuse_all(HallStopped())

    async def _gather(self) -> None:
        """Let commands that are on their way arrive, so that they share one commit."""
        quiet, size = 0, len(self._mailbox)
        while quiet < GATHER_TURNS and size < BATCH_MAX and not self._stopping:
            await asyncio.sleep(0)
            quiet = quiet + 1 if len(self._mailbox) == size else 0
            size = len(self._mailbox)

    async def _batch(self) -> bool:
        """Decide, append, swap, answer. False if there was nothing to do or it failed."""
        at = self._stamp()
        draft = Draft(self.hall, self._hash)
        self._run_due(draft, at)
        count = min(len(self._mailbox), BATCH_MAX)
        self._in_hand = [self._mailbox.popleft() for _ in range(count)]
        for request in self._in_hand:
            if not request.future.cancelled():
                self._decide(draft, request, at)
        if draft.records and not await self._append(draft):
            return False
        self._swap(draft)
        closed = any(isinstance(event, DayClosed) for event in draft.events)
        if closed or self.hall.seq - self._snapshot_seq >= SNAPSHOT_EVERY:
            await self._save_snapshot()
        if closed:
            await self._forget_answers()
        return bool(draft.records or count)

    async def _save_snapshot(self) -> None:
        self._snapshot_seq = self.hall.seq
        try:
            await self._journal.save_snapshot(self.id, snapshot_of(self.hall, self._hash))
        except (JournalError, OSError) as failure:
            # Only a cache: the next start folds more.
            log.error("hall %s keeps its older snapshot: %s", self.id, failure)

    async def _forget_answers(self) -> None:
        since = Millis(self.hall.at - KEYS_KEPT_MS)
        try:
            await self._journal.forget_answers(self.id, since)
            self._keys = dict(await self._journal.keys(self.id, since))
        except (JournalError, OSError) as failure:
            log.error("hall %s keeps its old answers for another day: %s", self.id, failure)

    def _stamp(self) -> Millis:
        return max(self._clock.now(), self.hall.at)

    def _deadline(self) -> Millis | None:
        """The next deadline of the hall, or of the calendar when it should open again."""
        hall = self.hall
        if hall.open or hall.day is None or self._after_close is None:
            return next_deadline(hall)
        return hall.day_ends_at

    def _is_due(self) -> bool:
        deadline = self._deadline()
        return deadline is not None and self._stamp() >= deadline

    def _due(self, hall: Hall, at: Millis) -> Command | None:
        command = due(hall, at)
        if command is not None or hall.open or hall.day is None or self._after_close is None:
            return command
        return self._after_close(at) if at >= hall.day_ends_at else None

    def _run_due(self, draft: Draft, at: Millis) -> None:
        """Carry out what time brought, before what people want."""
        while (command := self._due(draft.hall, at)) is not None:
            events = decide(draft.hall, command, at)
            if not events:
                return
            write(draft, folded(draft.hall, events))

    def _decide(self, draft: Draft, request: Request, at: Millis) -> None:
        key = request.key
        known = draft.keys.get(key, self._keys.get(key)) if key is not None else None
        if known is not None:
            if known != request.fingerprint:
                draft.refusals.append((request, KeyReused()))
            else:
                draft.retries.append(request)
            return
        try:
            steps = folded(draft.hall, decide(draft.hall, request.command, at))
            hall = steps[-1][1] if steps else draft.hall
            events = [event for event, _ in steps]
            answer = request.render(hall, events) if request.render else b""
        except Refused as refusal:
            draft.refusals.append((request, refusal))
            return
        except Exception as bug:  # an edge: a bug in one rule must not close the hall
            log.exception("command failed: %s", type(request.command).__name__)
            draft.refusals.append((request, bug))
            return
        write(draft, steps)
        if key is not None and events:
            draft.keys[key] = request.fingerprint
            draft.answers.append(Answer(key, request.fingerprint, hall.seq, at, answer))
        draft.replies.append((request, Outcome(hall, events, answer)))

    async def _append(self, draft: Draft) -> bool:
        """Make the draft durable. False if it certainly did not happen; raises if fatal."""
        rows = tuple(draft.rows.values())
        batch = Batch(draft.records, rows, draft.answers, company(draft, self.accompany))
        try:
            await self._journal.append(self.id, batch)
        except Fenced:
            raise
        except AppendFailed as failure:
            log.error("append failed, reading the journal: %s", failure)
            head = await self._head(failure)
            if head == (draft.hall.seq, draft.hash):
                return True
            if head not in ((self.hall.seq, self._hash), None):
                raise Fenced(f"the journal is at seq {head[0]}, not ours") from failure
            for request in self._in_hand:
                _fail(request, failure)
            return False
        return True

    async def _head(self, failure: AppendFailed) -> tuple[int, bytes] | None:
        """Where the journal is, once it can say; None if the hall is stopped before.

        As long as it cannot, whoever asks is told `failure` at once: nobody waits for what may
        take an hour, and nothing is decided before it is known what the last batch became.
        """
        try:
            while not self._stopping:
                self._wake.clear()
                try:
                    return await self._journal.head(self.id)
                except JournalAway as away:
                    if self._away is None:
                        log.error("hall %s waits for its journal: %s", self.id, away)
                    self._away = failure
                    for request in (*self._in_hand, *self._mailbox):
                        _fail(request, failure)
                    self._mailbox.clear()
                    again = Millis(self._clock.now() + AWAY_MS)
                    timer = self._clock.call_at(again, self._wake.set)
                    await self._wake.wait()
                    timer.cancel()
            return None
        finally:
            if self._away is not None and not self._stopping:
                log.warning("hall %s has its journal again", self.id)
            self._away = None

    def _swap(self, draft: Draft) -> None:
        self.hall, self._hash = draft.hall, draft.hash
        self._keys.update(draft.keys)
        while len(self._keys) > KEYS_MAX:
            del self._keys[next(iter(self._keys))]
        if draft.records:
            self._bus.publish(Committed(self.id, draft.hall, draft.events))
        for request, outcome in draft.replies:
            if not request.future.done():
                request.future.set_result(outcome)
        for request, error in draft.refusals:
            _fail(request, error)
        for request in draft.retries:
            if not request.future.done():
                request.future.set_result(Outcome(draft.hall, (), b"", replayed=True))

    # ── Timers and ends ───────────────────────────────────────────────────────────────────

    def _arm(self) -> None:
        """One timer, for the earliest deadline of the hall."""
        deadline = self._deadline()
        if deadline is not None and deadline <= self._stamp():
            deadline = Millis(self._clock.now() + RETRY_AFTER_MS)
        if deadline == self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_at = None, deadline
        if deadline is not None:
            self._timer = self._clock.call_at(deadline, self._ring)

    def _ring(self) -> None:
        self._timer, self._timer_at = None, None
        self._wake.set()

    def _refuse_all(self, error: Exception) -> None:
        for request in (*self._in_hand, *self._mailbox):
            _fail(request, error)
        self._mailbox.clear()
        if self._timer is not None:
            self._timer.cancel()


def _fail(request: Request, error: BaseException) -> None:
    if not request.future.done():
        request.future.set_exception(error)
