"""Slips: every `TicketIssued` becomes one slip on paper, once, whatever dies in between.

How it works. Each new slip and the cursor of who makes them are written into the ledger in the
transaction of the `TicketIssued` itself, so there is no ticket without its slip. If its printer is
ready and has nothing to do, the slip is written as `sent` at once, and the printer has drawn it and
looked at its paper when the commit is through: its bytes leave with a `JobGo`. Any other slip is
`queued`: the device process answers "ready" when the printer is well, the ledger then records
`sent`, and only then the bytes leave. So after a crash a slip is certainly unprinted (queued: it is
printed) or possibly printed (sent: a person decides, the reprint says 补打).

A follower of the journal makes the slips that are missing all the same: of the time before there
was a printer, or of events whose transaction had to go without.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from drivers.jobs import (
    DeviceReport,
    JobDone,
    JobFailed,
    JobHeld,
    JobReady,
    Report,
    SlipPrinted,
)
from queued.core.events import Event, TicketIssued
from queued.core.model import Hall, TicketId
from queued.device_link import DeviceLink
from queued.engine.bus import Bus, Committed
from queued.engine.clock import Clock
from queued.engine.codec import event_of
from queued.engine.halls import RunningHall
from queued.engine.ports import PAGE_MAX, Beside, Journal, JournalError, Record
from queued.server.devices import PrintedSlip, SlipState
from queued.settings_values import Settings
from queued.slip_maker import LARGE, SlipMaker, first_job
from queued.slip_orders import SlipDraft, SlipOrders
from queued.slip_template import SlipTemplates
from queued.storage.errors import StoreAway, StoreError
from queued.storage.ledger import (
    Ledger,
    MarkRefused,
    Slip,
    SlipStatus,
    SlipUnknown,
)

log = logging.getLogger(__name__)

FOLLOWER = "slips"
"""Name of the cursor."""

PICTURES_KEPT = 100
"""Slips a virtual printer's page can show; older pictures go from its folder."""

REPORTS_MAX = 10_000
"""Reports waiting for the ledger; the device process has far smaller queues."""

STORE_PAUSE_S = 1.0
"""A full disk is looked at again so often; the cursor has not moved meanwhile."""

UNCONFIRMED = "unconfirmed"
"""All bytes left, and the printer does not say what became of them."""

CALLED_OFF = "cancelled"
"""We cancel only slips of a transaction that failed: nobody waits for an answer."""

INTERRUPTED = "interrupted"
"""The process died between "sent" and the answer: the slip may be on paper."""


class Slips:
    """The slips of one hall, and what the server asks about its devices."""

    def __init__(
        self,
        *,
        hall: RunningHall,
        settings: Settings,
        journal: Journal,
        bus: Bus,
        ledger: Ledger,
        link: DeviceLink,
        clock: Clock,
        spool: Path,
        ticket_url: Callable[[str], str],
        templates: SlipTemplates | None = None,
    ) -> None:
        """`ticket_url` makes the address of an own-ticket page from its token.

        `templates` are the hall's own; without them slips look as packaged.
        """
        self._hall = hall
        self._settings = settings
        self._journal = journal
        self._bus = bus
        self._ledger = ledger
        self._link = link
        self._clock = clock
        self._spool = spool
        self.maker = SlipMaker(hall, settings, ticket_url, templates)
        self.orders = SlipOrders(link.send)
        self._draft: SlipDraft | None = None
        self._behind = asyncio.Event()
        """Somebody must look into the journal for slips that are missing."""
        self._inbox: asyncio.Queue[Report | None] = asyncio.Queue(REPORTS_MAX)
        self._pictures: dict[str, deque[PrintedSlip]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._end_listening: Callable[[], None] = lambda: None

    async def start(self) -> None:
        """Settle what a crash left, then go along with the hall. Call before the link starts."""
        for left in await self._ledger.unfinished(self._hall.id):
            if left.status is SlipStatus.SENT:
                await self._interrupted(left)
        for device in self._settings.devices:
            last = await self._ledger.recent(self._hall.id, device.id, 1)
            if last and last[0].status is SlipStatus.FAILED:
                self.orders.half.add(device.id)
        self._hall.actor.accompany = self._accompany
        self._end_listening = self._bus.listen(self._on_commit)
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._follow()), loop.create_task(self._settle())]

    async def stop(self) -> None:
        """Stop going along. What is unfinished is in the ledger."""
        self._hall.actor.accompany = None
        self._end_listening()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def on_up(self) -> None:
        """The device process is new: everything unfinished must be said again."""
        self.orders.process_is_new()
        self._put(None)

    def on_report(self, report: Report) -> None:
        """A listener of the link."""
        if isinstance(report, DeviceReport):
            self.orders.heard(report)
        elif isinstance(report, JobReady | JobDone | JobFailed | JobHeld | SlipPrinted):
            self._put(report)

    # ── What the server asks ──────────────────────────────────────────────────────────────

    def reports(self) -> Sequence[DeviceReport]:
        """The last report of each device."""
        return self._link.reports()

    def strip_texts(self) -> Mapping[str, str]:
        """Device id → the text it shows now."""
        return self._link.strip_texts()

    async def slip_of(self, hall: str, day: str, ticket: TicketId) -> SlipState | None:
        """The newest slip of a ticket; None if none was ever wanted."""
        found = await self._ledger.of_ticket(hall, day, ticket)
        return self._state(found) if found else None

    async def reprint(self, hall: str, day: str, ticket: TicketId, by: str) -> SlipState:
        """Print once more, marked 补打; one already on its way is not doubled."""
        last = await self._ledger.of_ticket(hall, day, ticket)
        if last is not None and last.status is SlipStatus.QUEUED:
            return self._state(last)
        now = self._clock.now()
        job = f"{day}-{ticket}-r{now}"
        large = await self._asked_large(hall, day, ticket)
        again = self.maker.slip(
            self._hall.actor.hall, day, ticket, job, 0, by, now, large, reprint=True
        )
        if again is None:
            return SlipState(SlipStatus.FAILED.value, "unknown_device", "")
        await self._enqueue(0, [again])
        return self._state(again)

    def slips(self, device: str) -> Sequence[PrintedSlip]:
        """Slips of a virtual printer, newest first; empty for any other device."""
        return tuple(self._pictures.get(device, ()))

    def _state(self, found: Slip) -> SlipState:
        shown = any(p.id == found.job for p in self._pictures.get(found.device, ()))
        picture = found.job if shown else None
        return SlipState(found.status.value, found.reason, found.device, picture)

    # ── In the hall's own transaction ─────────────────────────────────────────────────────

    def _accompany(
        self, hall: Hall, records: Sequence[Record], events: Sequence[Event]
    ) -> Sequence[Beside]:
        """The slips of a batch, to be durable with it. At most one of each idle printer is given
        to it now: nothing else would be printed before it."""
        self._call_off()
        slips = []
        for record, event in zip(records, events, strict=True):
            if not isinstance(event, TicketIssued):
                continue
            new = self._first_slip(hall, event, record.seq)
            if new is not None and self.orders.idle(new.device):
                new = replace(new, status=SlipStatus.SENT)
                self.orders.say(new, claimed=True)
            slips += [new] if new is not None else []
        seqs = records[0].seq, records[-1].seq
        beside = self._ledger.beside(self._hall.id, FOLLOWER, seqs, slips)
        self._draft = SlipDraft(seqs[1], slips, beside)
        return (beside,)

    def _on_commit(self, committed: Committed) -> None:
        """A listener of the bus: what was drafted is durable, and may be said or go."""
        if self._draft is not None and not self._draft.beside.done:
            self._call_off()  # what is not written down does not go
        draft, self._draft = self._draft, None
        if draft is None or draft.last != committed.hall.seq:
            self._behind.set()
            return
        if not draft.beside.moved:
            self._behind.set()
        for slip in draft.slips:
            if slip.status is SlipStatus.QUEUED:
                self.orders.say(slip)
            elif not self.orders.go(slip.job):
                self._put(JobHeld(slip.job, slip.device))
        for failed in draft.failed:
            self._put(failed)

    def _call_off(self) -> None:
        """The append before this one failed: nobody took those numbers."""
        draft, self._draft = self._draft, None
        for slip in draft.slips if draft is not None else ():
            if slip.status is SlipStatus.SENT:
                self.orders.call_off(slip.job)

    # ── From the journal to the ledger ────────────────────────────────────────────────────

    async def _follow(self) -> None:
        while True:
            self._behind.clear()
            try:
                await self._catch_up()
            except (JournalError, StoreError) as error:
                log.error("slips wait for the database: %s", error)
                await asyncio.sleep(STORE_PAUSE_S)
            else:
                await self._behind.wait()

    async def _catch_up(self) -> None:
        after = await self._ledger.cursor(self._hall.id, FOLLOWER)
        while page := await self._journal.read(self._hall.id, after, PAGE_MAX):
            await self._take(page)
            after = page[-1].seq

    async def _take(self, page: Sequence[Record]) -> None:
        # A record is readable a moment before the actor swaps its hall: wait for the swap.
        await self._bus.passed(self._hall.id, page[-1].seq - 1)
        new = []
        for record in page:
            event = event_of(record) if record.type == TicketIssued.__name__ else None
            if not isinstance(event, TicketIssued):
                continue
            wanted = self._first_slip(self._hall.actor.hall, event, record.seq)
            if wanted is not None:
                new.append(wanted)
        await self._enqueue(page[-1].seq, new)

    def _first_slip(self, hall: Hall, event: TicketIssued, seq: int) -> Slip | None:
        return self.maker.first(hall, event, seq)

    async def _asked_large(self, hall: str, day: str, ticket: TicketId) -> bool:
        """Whether the ticket was taken with a large slip: its first slip names the event."""
        first = await self._ledger.slip(hall, first_job(day, ticket))
        if first is None:
            return False
        records = await self._journal.read(hall, first.seq - 1, 1)
        event = event_of(records[0]) if records else None
        return isinstance(event, TicketIssued) and event.slip == LARGE

    async def _enqueue(self, seq: int, slips: Sequence[Slip]) -> None:
        for new in await self._ledger.enqueue(self._hall.id, FOLLOWER, seq, slips):
            self.orders.say(new)

    # ── From the device process to the ledger ─────────────────────────────────────────────

    def _put(self, report: Report | None) -> None:
        try:
            self._inbox.put_nowait(report)
        except asyncio.QueueFull:
            log.error("too many device reports wait; one is dropped")

    async def _settle(self) -> None:
        while True:
            report = await self._inbox.get()
            try:
                await self._one(report)
            except (MarkRefused, SlipUnknown) as error:
                log.error("the ledger refuses a device report: %s", error)
            except StoreError as error:
                # A full disk: the slip keeps its state, and is settled after the next start.
                log.error("the ledger cannot be written: %s", error)
                if isinstance(error, StoreAway):  # a city's server; the printer waits for it
                    asyncio.get_running_loop().call_later(STORE_PAUSE_S, self._put, report)

    async def _one(self, report: Report | None) -> None:
        match report:
            case None:
                await self._say_again()
            case JobReady(job):
                if not self.orders.gone(job):
                    await self._mark(job, SlipStatus.SENT, "")
                    if not self.orders.go(job):
                        await self._held(job)
            case JobHeld(job):
                await self._held(job)
            case JobDone(job, device, confirmed):
                self.orders.answered(job)
                self.orders.half.discard(device)
                if confirmed:
                    await self._mark(job, SlipStatus.CONFIRMED, "")
                else:
                    await self._mark(job, SlipStatus.SENT, UNCONFIRMED)
            case JobFailed():
                if self._draft is not None and self._draft.has(report.job):
                    self._draft.failed.append(report)
                elif report.reason != CALLED_OFF:
                    await self._failed(report)
            case SlipPrinted():
                await self._printed(report)

    async def _say_again(self) -> None:
        unfinished = await self._ledger.unfinished(self._hall.id)
        for left in unfinished:
            # One of an event just committed may have been said to the new process already.
            drafted = self._draft is not None and self._draft.has(left.job)
            if left.status is SlipStatus.SENT and not drafted and not self.orders.knows(left.job):
                # The process that had it is gone without an answer.
                await self._interrupted(left)
        for left in unfinished:
            if left.status is SlipStatus.QUEUED:
                self.orders.say(left)
        self.orders.caught_up()

    async def _held(self, job: str) -> None:
        """Its printer was not ready after all, or never heard of it: certainly not printed."""
        self.orders.held(job)
        self.orders.say(await self._queued_again(job, ""))

    async def _queued_again(self, job: str, reason: str) -> Slip:
        return await self._ledger.mark(
            self._hall.id, job, SlipStatus.QUEUED, reason, self._clock.now(), nothing_printed=True
        )

    async def _failed(self, report: JobFailed) -> None:
        self.orders.answered(report.job)
        found = await self._ledger.slip(self._hall.id, report.job)
        if found is None:
            raise SlipUnknown(report.job)
        if report.maybe_printed:
            # This process knows; the next one, should it die, does not.
            self.orders.half.add(report.device)
        elif found.status is SlipStatus.SENT:
            found = await self._queued_again(report.job, report.reason)
            if self._clock.now() < found.expires_at:
                self.orders.say(found)
                return
        expired = report.reason == "expired" and found.status is SlipStatus.QUEUED
        status = SlipStatus.EXPIRED if expired else SlipStatus.FAILED
        await self._mark(report.job, status, report.reason)

    async def _printed(self, report: SlipPrinted) -> None:
        found = await self._ledger.slip(self._hall.id, report.job)
        shown = self._pictures.setdefault(report.device, deque(maxlen=PICTURES_KEPT))
        shown.appendleft(
            PrintedSlip(
                id=report.job,
                at=self._clock.now(),
                number=found.number if found else "",
                text=report.text,
                png=self._spool / report.png,
            )
        )

    async def _interrupted(self, left: Slip) -> None:
        """A slip may be on paper, or half of it: a person decides, the next one is cut apart."""
        self.orders.half.add(left.device)
        await self._mark(left.job, SlipStatus.FAILED, INTERRUPTED)

    async def _mark(self, job: str, status: SlipStatus, reason: str) -> None:
        await self._ledger.mark(self._hall.id, job, status, reason, self._clock.now())
