"""Slips: every `TicketIssued` becomes one slip on paper, once, whatever dies in between.

How it works. A follower of the journal writes each new slip and its own cursor into the ledger
in one transaction. The device process is told of every queued slip, now and after each of its
restarts; it answers "ready" when the printer is well, the ledger then records `sent`, and only
then the bytes leave. So after a crash a slip is certainly unprinted (queued: it is printed) or
possibly printed (sent: a person decides, the reprint says 补打).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from drivers.jobs import (
    Block,
    DeviceReport,
    JobDone,
    JobFailed,
    JobGo,
    JobReady,
    PrintSlip,
    Report,
    SlipPrinted,
)
from queued.core import views
from queued.core.events import TicketIssued
from queued.core.model import Hall, Status, Ticket, TicketId
from queued.core.plan import Millis
from queued.device_link import DeviceLink
from queued.engine.bus import Bus
from queued.engine.clock import Clock
from queued.engine.codec import event_of
from queued.engine.follow import pages
from queued.engine.halls import RunningHall
from queued.engine.ports import Journal, Record
from queued.outputs import SlipFacts, english_names, printer_of, slip
from queued.server.devices import PrintedSlip, SlipState
from queued.settings_values import Settings
from queued.slip_files import packaged_templates
from queued.slip_template import SlipTemplates, TemplateProblem
from queued.storage.errors import StoreAway, StoreError
from queued.storage.ledger import Ledger, MarkRefused, Slip, SlipStatus, SlipUnknown

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

INTERRUPTED = "interrupted"
"""The process died between "sent" and the answer: the slip may be on paper."""

LARGE = "large"
"""Of `TicketIssued.slip`."""

VISITOR = "visitor:"
"""Who takes a number with his own phone: nobody stands at a printer."""

_ENCODER = msgspec.json.Encoder()
_BLOCKS: msgspec.json.Decoder[tuple[Block, ...]] = msgspec.json.Decoder(tuple[Block, ...])


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
        self._ticket_url = ticket_url
        self._packaged = packaged_templates()
        self._templates = templates or self._packaged
        self._english = english_names(settings)
        self._inbox: asyncio.Queue[Report | None] = asyncio.Queue(REPORTS_MAX)
        self._half: set[str] = set()
        """Printers in which half a slip may hang, which a new device process does not know."""
        self._pictures: dict[str, deque[PrintedSlip]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Settle what a crash left, then follow the journal. Call before the link starts."""
        for left in await self._ledger.unfinished(self._hall.id):
            if left.status is SlipStatus.SENT:
                await self._interrupted(left)
        for device in self._settings.devices:
            last = await self._ledger.recent(self._hall.id, device.id, 1)
            if last and last[0].status is SlipStatus.FAILED:
                self._half.add(device.id)
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._follow()), loop.create_task(self._settle())]

    async def stop(self) -> None:
        """Stop following. What is unfinished is in the ledger."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def on_up(self) -> None:
        """The device process is new: everything unfinished must be said again."""
        self._put(None)

    def on_report(self, report: Report) -> None:
        """A listener of the link."""
        if isinstance(report, JobReady | JobDone | JobFailed | SlipPrinted):
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
        again = self._slip(
            day, ticket, job, seq=0, origin=by, at=now, large=large, reprint=True
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

    # ── From the journal to the ledger ────────────────────────────────────────────────────

    async def _follow(self) -> None:
        after = await self._ledger.cursor(self._hall.id, FOLLOWER)
        async for page in pages(self._journal, self._bus, self._hall.id, after):
            while not await self._taken(page):
                log.warning("trying again to write down %d events", len(page))

    async def _taken(self, page: Sequence[Record]) -> bool:
        try:
            await self._take(page)
        except StoreError as error:
            log.error("the ledger cannot be written, slips wait: %s", error)
            await asyncio.sleep(STORE_PAUSE_S)
            return False
        return True

    async def _take(self, page: Sequence[Record]) -> None:
        # A record is readable a moment before the actor swaps its hall: wait for the swap.
        await self._bus.passed(self._hall.id, page[-1].seq - 1)
        new = []
        for record in page:
            event = event_of(record) if record.type == TicketIssued.__name__ else None
            if not isinstance(event, TicketIssued):
                continue
            wanted = self._first_slip(event, record.seq)
            if wanted is not None:
                new.append(wanted)
        await self._enqueue(page[-1].seq, new)

    def _first_slip(self, event: TicketIssued, seq: int) -> Slip | None:
        """None for a ticket of an earlier day, or taken on a phone: it needs no paper."""
        hall = self._hall.actor.hall
        if not event.here or event.by.startswith(VISITOR):
            return None
        if hall.day is None or event.ticket > len(hall.tickets):
            return None
        if hall.ticket(event.ticket).issued_at != event.at:
            return None
        job = _first_job(hall.day, event.ticket)
        large = event.slip == LARGE
        return self._slip(hall.day, event.ticket, job, seq, event.by, event.at, large)

    async def _asked_large(self, hall: str, day: str, ticket: TicketId) -> bool:
        """Whether the ticket was taken with a large slip: its first slip names the event."""
        first = await self._ledger.slip(hall, _first_job(day, ticket))
        if first is None:
            return False
        records = await self._journal.read(hall, first.seq - 1, 1)
        event = event_of(records[0]) if records else None
        return isinstance(event, TicketIssued) and event.slip == LARGE

    def _slip(
        self,
        day: str,
        id_: TicketId,
        job: str,
        seq: int,
        origin: str,
        at: Millis,
        large: bool,
        reprint: bool = False,
    ) -> Slip | None:
        """A slip as of now; None without a printer, or if the ticket is not of today."""
        hall = self._hall.actor.hall
        device = printer_of(self._settings.devices, origin)
        if device is None or hall.day != day or id_ > len(hall.tickets):
            return None
        ticket = hall.ticket(id_)
        ahead = views.ahead(hall, ticket)
        waiting = ticket.status is Status.WAITING
        wait = self._hall.estimator.wait(ticket.queue, ahead, hall.at) if waiting else None
        token = self._hall.tokens.token(day, id_)
        facts = SlipFacts(
            hall_name=hall.plan.name,
            zone=self._hall.calendar.zone,
            ahead=ahead,
            wait=wait,
            url=self._ticket_url(token),
            reprint=reprint,
            elder=large or device.slip == "elder",
            english=self._english,
        )
        return Slip(
            job=job,
            day=day,
            ticket=id_,
            number=ticket.number,
            device=device.id,
            seq=seq,
            created_at=at,
            expires_at=Millis(at + self._settings.rules.slip_expires_s * 1000),
            body=_ENCODER.encode(self._blocks(hall, ticket, facts)),
            reprint=reprint,
            updated_at=at,
        )

    def _blocks(self, hall: Hall, ticket: Ticket, facts: SlipFacts) -> tuple[Block, ...]:
        try:
            return slip(hall, ticket, facts, self._templates)
        except TemplateProblem as problem:
            # The visitor gets a slip all the same.
            log.error("the slip's template failed, the packaged one is used: %s", problem)
            return slip(hall, ticket, facts, self._packaged)

    async def _enqueue(self, seq: int, slips: Sequence[Slip]) -> None:
        for new in await self._ledger.enqueue(self._hall.id, FOLLOWER, seq, slips):
            self._say(new)

    def _say(self, new: Slip) -> None:
        blocks = _BLOCKS.decode(new.body)
        half = new.device in self._half
        self._link.send(PrintSlip(new.job, new.device, blocks, new.expires_at, half))

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
                await self._mark(job, SlipStatus.SENT, "")
                self._link.send(JobGo(job))
            case JobDone(job, device, confirmed):
                self._half.discard(device)
                if confirmed:
                    await self._mark(job, SlipStatus.CONFIRMED, "")
                else:
                    await self._mark(job, SlipStatus.SENT, UNCONFIRMED)
            case JobFailed():
                await self._failed(report)
            case SlipPrinted():
                await self._printed(report)

    async def _say_again(self) -> None:
        unfinished = await self._ledger.unfinished(self._hall.id)
        for left in unfinished:
            if left.status is SlipStatus.SENT:
                # The process that had it is gone without an answer.
                await self._interrupted(left)
        for left in unfinished:
            if left.status is SlipStatus.QUEUED:
                self._say(left)

    async def _failed(self, report: JobFailed) -> None:
        found = await self._ledger.slip(self._hall.id, report.job)
        if found is None:
            raise SlipUnknown(report.job)
        untouched = not report.maybe_printed
        if report.maybe_printed:
            # This process knows; the next one, should it die, does not.
            self._half.add(report.device)
        alive = self._clock.now() < found.expires_at
        if found.status is SlipStatus.SENT and untouched and alive:
            again = await self._ledger.mark(
                self._hall.id,
                report.job,
                SlipStatus.QUEUED,
                report.reason,
                self._clock.now(),
                nothing_printed=True,
            )
            self._say(again)
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
        self._half.add(left.device)
        await self._mark(left.job, SlipStatus.FAILED, INTERRUPTED)

    async def _mark(self, job: str, status: SlipStatus, reason: str) -> None:
        await self._ledger.mark(self._hall.id, job, status, reason, self._clock.now())


def _first_job(day: str, ticket: TicketId) -> str:
    """The ledger's name of the slip that follows from taking the number."""
    return f"{day}-{ticket}"
