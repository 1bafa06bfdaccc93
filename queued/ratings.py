"""Evaluators: when a service is done the visitor is asked, and the grade goes into the journal.

A question names day and ticket and is answered by one grade or by "none". A grade nobody asked
for belongs to the window's last visitor, if that one can still be standing there.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drivers.jobs import AskRating, Order, Rated, Report
from queued.core.commands import RateService
from queued.core.events import ServiceFinished
from queued.core.model import NO_GRADE, Grade, Hall, Status, TicketId
from queued.core.plan import Millis, WindowId
from queued.core.refusals import Refused
from queued.core.tally import DAY_CLOSED
from queued.engine.bus import Committed
from queued.engine.clock import Clock
from queued.engine.hall import HallStopped, MailboxFull
from queued.engine.halls import RunningHall
from queued.engine.ports import JournalError
from queued.settings_values import EVALUATORS, DeviceSettings

log = logging.getLogger(__name__)

UNASKED_WITHIN_MS = 120_000
"""A grade without a question later than this after the service is somebody else's."""

PENDING_MAX = 100
"""Grades on their way into the journal; a hall has fewer evaluators."""

BY = "evaluator:"


@dataclass(frozen=True, slots=True)
class _Visit:
    """The last service done at a window."""

    day: str
    ticket: TicketId
    ended_at: Millis

    @property
    def ask(self) -> str:
        return f"{self.day}/{self.ticket}"


@dataclass(frozen=True, slots=True)
class _Question:
    visit: _Visit
    until: Millis


class Ratings:
    """The evaluators of one hall. `send` takes an order to the device process."""

    def __init__(
        self,
        hall: RunningHall,
        devices: Sequence[DeviceSettings],
        clock: Clock,
        send: Callable[[Order], object],
    ) -> None:
        self._hall = hall
        self._clock = clock
        self._send = send
        self._devices = {
            device.id: device
            for device in devices
            if device.kind in EVALUATORS and device.window is not None
        }
        self._last = _last_visits(hall.actor.hall) if self._devices else {}
        self._questions: dict[str, _Question] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.counts: Counter[str] = Counter()
        """`rated`, and for grades that went nowhere the reason."""

    def on_commit(self, committed: Committed) -> None:
        """A listener of the bus."""
        if committed.hall_id != self._hall.id or not self._devices:
            return
        for event in committed.events:
            if isinstance(event, ServiceFinished) and event.outcome != DAY_CLOSED:
                visit = _Visit(committed.hall.day or "", event.ticket, event.at)
                self._last[event.window] = visit
                self._ask(event.window, visit)

    def on_up(self) -> None:
        """The device process is new: ask again who may still be there, give up the others."""
        for id_, question in list(self._questions.items()):
            left_ms = question.until - self._clock.now()
            if left_ms > 0:
                self._send(AskRating(id_, left_ms / 1000, question.visit.ask))
            else:
                self._answered(id_, question.visit.ask, "none")

    def on_report(self, report: Report) -> None:
        """A listener of the device process."""
        if not isinstance(report, Rated):
            return
        if report.device not in self._devices:
            self.counts["unknown_device"] += 1
        elif report.ask:
            self._answered(report.device, report.ask, report.grade)
        elif report.grade != NO_GRADE:
            self._unasked(report)

    async def stop(self) -> None:
        """Grades on their way get there first."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # ── Asking and hearing ────────────────────────────────────────────────────────────────

    def _ask(self, window: WindowId, visit: _Visit) -> None:
        for device in self._devices.values():
            if device.window == window and device.rating_s:
                until = Millis(self._clock.now() + device.rating_s * 1000)
                self._questions[device.id] = _Question(visit, until)
                self._send(AskRating(device.id, device.rating_s, visit.ask))

    def _answered(self, device: str, ask: str, grade: Grade) -> None:
        question = self._questions.get(device)
        if question is not None and question.visit.ask == ask:
            del self._questions[device]
        day, _, ticket = ask.rpartition("/")
        if day != self._hall.actor.hall.day or not ticket.isdigit():
            self.counts["too_late_to_rate"] += 1
            return
        self._rate(device, TicketId(int(ticket)), grade)

    def _unasked(self, rated: Rated) -> None:
        window = WindowId(self._devices[rated.device].window or "")
        visit = self._last.get(window)
        now = self._clock.now()
        if visit is None or now - visit.ended_at > UNASKED_WITHIN_MS:
            self.counts["nobody_there"] += 1
            return
        self._answered(rated.device, visit.ask, rated.grade)

    def _rate(self, device: str, ticket: TicketId, grade: Grade) -> None:
        if len(self._tasks) >= PENDING_MAX:
            self.counts["too_many"] += 1
            return
        command = RateService(ticket=ticket, grade=grade, by=f"{BY}{device}")
        task = asyncio.get_running_loop().create_task(self._submit(command))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _submit(self, command: RateService) -> None:
        try:
            await self._hall.actor.submit(command)
            self.counts["rated"] += 1
        except Refused as refused:
            self.counts[refused.code] += 1
        except (MailboxFull, HallStopped, JournalError) as failure:
            log.warning("a grade was not recorded: %s", type(failure).__name__)
            self.counts["failed"] += 1


def _last_visits(hall: Hall) -> dict[WindowId, _Visit]:
    """After a restart: who was served last at each window."""
    last: dict[WindowId, _Visit] = {}
    for ticket in hall.tickets:
        if ticket.status is Status.SERVED and ticket.window is not None:
            ended = ticket.ended_at or Millis(0)
            known = last.get(ticket.window)
            if known is None or known.ended_at <= ended:
                last[ticket.window] = _Visit(hall.day or "", ticket.id, ended)
    return last
