"""Voices: every call and recall is said in the window's zone, in order, or reported as unsaid.

A call is only worth saying while its visitor may still be on the way: it expires. After the
device process was away, what is unsaid and not expired is said; older calls are dropped.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence

from drivers.jobs import JobCancel, NotSpoken, Order, Phrase, Report, Say, Spoken
from queued.core.events import CallUndone, Event, TicketCalled, TicketRecalled
from queued.core.model import Hall
from queued.engine.bus import Committed
from queued.engine.clock import Clock
from queued.settings_values import DeviceSettings

log = logging.getLogger(__name__)

VOICES = frozenset({"syn6288", "xfs5152", "clips", "browser"})
"""Device kinds that speak."""

EXPIRES_MS = 60_000
"""A call said later finds nobody: the screens have shown it for a minute."""

PENDING_MAX = 200
"""Calls unsaid at once; the voices' own queues are far shorter."""


class Voices:
    """The voices of one hall. `send` takes an order to the device process."""

    def __init__(
        self,
        hall_id: str,
        devices: Sequence[DeviceSettings],
        clock: Clock,
        send: Callable[[Order], object],
    ) -> None:
        self._hall_id = hall_id
        self._devices = [device for device in devices if device.kind in VOICES]
        self._clock = clock
        self._send = send
        self._pending: dict[str, Say] = {}
        self.counts: Counter[str] = Counter()
        """`spoken`, and for what was not the reason."""

    def on_commit(self, committed: Committed) -> None:
        """A listener of the bus."""
        if committed.hall_id != self._hall_id or not self._devices:
            return
        for event in committed.events:
            if isinstance(event, TicketCalled | TicketRecalled):
                self._call(committed.hall, event)
            elif isinstance(event, CallUndone):
                self._take_back(event)

    def on_up(self) -> None:
        """The device process is new: say what is still worth saying."""
        now = self._clock.now()
        for job, say in list(self._pending.items()):
            if say.expires_at_ms > now:
                self._send(say)
            else:
                self._ended(job, "expired")

    def on_report(self, report: Report) -> None:
        """A listener of the device process."""
        if isinstance(report, Spoken):
            self._ended(report.job, "spoken")
        elif isinstance(report, NotSpoken):
            log.warning("a call was not said by %s: %s", report.device, report.reason)
            self._ended(report.job, report.reason)

    def _call(self, hall: Hall, event: TicketCalled | TicketRecalled) -> None:
        plan = hall.plan.windows[event.window]
        for device in self._devices:
            if device.zone is not None and device.zone != plan.zone:
                continue
            say = Say(
                job=_job(event, device),
                device=device.id,
                phrases=_phrases(hall, event),
                expires_at_ms=event.at + EXPIRES_MS,
            )
            self._pending[say.job] = say
            while len(self._pending) > PENDING_MAX:
                self._ended(next(iter(self._pending)), "queue_full")
            self._send(say)

    def _take_back(self, event: CallUndone) -> None:
        mark = f"-{event.ticket}-{event.window}-"
        for job in [job for job in self._pending if mark in job]:
            self._send(JobCancel(job))

    def _ended(self, job: str, how: str) -> None:
        if self._pending.pop(job, None) is not None:
            self.counts[how] += 1


def _job(event: TicketCalled | TicketRecalled, device: DeviceSettings) -> str:
    return f"call-{event.ticket}-{event.window}-{event.at}-{device.id}"


def _phrases(hall: Hall, event: TicketCalled | TicketRecalled) -> tuple[Phrase, ...]:
    """In Mandarin for everybody, and in the language the visitor chose."""
    values = {"number": event.number, "window": _spoken_window(event)}
    language = hall.ticket(event.ticket).language
    name = "recall" if isinstance(event, TicketRecalled) else "call"
    languages = ("zh",) if language == "zh" else ("zh", language)
    return tuple(Phrase(name, values, spoken) for spoken in languages)


def _spoken_window(event: Event) -> str:
    """Windows are said by their number: the digits of their id, or the id itself."""
    window = getattr(event, "window", "")
    digits = "".join(character for character in window if character in "0123456789")
    return str(int(digits)) if digits else window
