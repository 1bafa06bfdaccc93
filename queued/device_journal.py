"""The journal of device events: what happened to every device, written down behind its back.

Reports become events here, at once and without waiting; a task of its own stores them a second
later, many in one transaction, so that no command ever waits for them. A clean stop loses none.
Nothing personal gets in: of a slip its job, of a saying its reason, of a driver's error its own
words about the line.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Sequence
from typing import Final, Protocol

from drivers.jobs import DeviceReport, JobDone, JobFailed, NotSpoken, Report, Spoken
from queued.engine.clock import Clock
from queued.server.upkeep import Tally, code_of
from queued.storage.device_events import DeviceEvent
from queued.storage.errors import StoreError

log = logging.getLogger(__name__)

GATHER_S: Final = 1.0
"""Events of a second share a transaction."""

RETRY_S: Final = 5.0
"""A full disk is tried again so often."""

WAITING_MAX: Final = 2000
"""Events not yet stored: ten for each device a hall may have. More are counted and left out."""

DETAIL_CHARS_MAX: Final = 160

REPEATS_TOLD: Final = 10
REPEATS_STEP: Final = 100
"""Of equal events in a row the first ten are told and then every hundredth, with its number: a
voice that is off all day must not push out when it went off."""

DELIBERATE: Final = frozenset({"cancelled"})
"""Ends that somebody wanted: a call taken back is no trouble."""


class EventStore(Protocol):
    """What `storage.device_events.DeviceEvents` offers."""

    async def add(self, hall: str, events: Sequence[DeviceEvent]) -> None:
        """Store them. Raises `StoreError`."""
        ...


class DeviceJournal:
    """The device events of one hall. `start` and `stop` it; tell it every report."""

    def __init__(self, hall_id: str, store: EventStore, clock: Clock) -> None:
        self._hall_id = hall_id
        self._store = store
        self._clock = clock
        self._last: dict[str, DeviceReport] = {}
        self._runs: dict[tuple[str, bool], tuple[tuple[str, str], int]] = {}
        """The last event of a device, of its line and of its jobs, and how often in a row."""
        self._tallies: dict[str, Counter[tuple[str, str]]] = {}
        self._confirms: set[str] = set()
        """Printers that say what became of a slip."""
        self._waiting: deque[DeviceEvent] = deque()
        self._left_out = 0
        self._some = asyncio.Event()
        self._ending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to store; needs a running event loop."""
        self._task = asyncio.get_running_loop().create_task(self._keep_storing())

    async def stop(self) -> None:
        """Store what is waiting and end."""
        self._ending.set()
        self._some.set()
        if self._task is not None:
            await self._task
            self._task = None

    def tally(self, device: str) -> Tally:
        """What `device` did since the start."""
        counts = self._tallies.get(device, Counter())

        def by_reason(kind: str) -> dict[str, int]:
            return {reason: n for (what, reason), n in sorted(counts.items()) if what == kind}

        return Tally(
            spoken=counts["spoken", ""],
            not_spoken=by_reason("not_spoken"),
            slips_confirmed=counts["confirmed", ""],
            slips_unconfirmed=counts["unconfirmed", ""],
            slips_failed=by_reason("slip_failed"),
        )

    # ── What happens ──────────────────────────────────────────────────────────────────────

    def on_report(self, report: Report) -> None:
        """A listener of the device process."""
        match report:
            case DeviceReport():
                self._changed(report)
            case JobDone(job, device, confirmed):
                self._slip_done(job, device, confirmed)
            case JobFailed(job, device, reason, maybe_printed):
                self._count(device, "slip_failed", reason)
                if reason not in DELIBERATE:
                    kind = "slip_doubtful" if maybe_printed else "slip_failed"
                    self.note(device, kind, reason, job)
            case Spoken(_, device):
                self._count(device, "spoken")
            case NotSpoken(_, device, reason):
                self._count(device, "not_spoken", reason)
                if reason not in DELIBERATE:
                    self.note(device, "not_spoken", reason)

    def on_down(self) -> None:
        """The device process ended."""
        self.note("", "process_ended", "process_down")

    def on_up(self) -> None:
        """It runs (again)."""
        self.note("", "process_started")

    def note(self, device: str, kind: str, code: str = "", detail: str = "") -> None:
        """Something happened to `device`."""
        about_jobs = kind.startswith(("slip_", "not_spoken"))
        before, times = self._runs.get((device, about_jobs), (("", ""), 0))
        times = times + 1 if before == (kind, code) else 1
        self._runs[device, about_jobs] = ((kind, code), times)
        if times > REPEATS_TOLD:
            if times % REPEATS_STEP:
                return
            detail = f"× {times}"
        if len(self._waiting) >= WAITING_MAX:
            self._left_out += 1
            return
        shown = "".join(one if one.isprintable() else " " for one in detail)
        event = DeviceEvent(self._clock.now(), device, kind, code, shown[:DETAIL_CHARS_MAX])
        self._waiting.append(event)
        self._some.set()

    def _changed(self, report: DeviceReport) -> None:
        before = self._last.get(report.device)
        self._last[report.device] = report
        if not report.device:
            # Of a line that is no order only that there was one: it may quote what it held.
            self.note("", "degraded", code_of(report))
            return
        state, code = report.state, code_of(report) if report.state != "ready" else ""
        told = (before.state, code_of(before)) if before is not None else ("connecting", "")
        if state != told[0] or (state in ("degraded", "broken") and code != told[1]):
            self.note(report.device, state, code, report.last_error.partition(": ")[2]
                      if code else "")  # fmt: skip
        paper = before.paper if before is not None else "ok"
        if report.paper in ("near_end", "out") and report.paper != paper:
            kind = "near_end" if report.paper == "near_end" else "paper_out"
            self.note(report.device, kind, kind)
        elif report.paper == "ok" and paper in ("near_end", "out"):
            self.note(report.device, "paper_ok")

    def _slip_done(self, job: str, device: str, confirmed: bool) -> None:
        self._count(device, "confirmed" if confirmed else "unconfirmed")
        if confirmed:
            self._confirms.add(device)
        elif device in self._confirms:
            # A printer without a way back never confirms, which is no event each time.
            self.note(device, "slip_unconfirmed", "unconfirmed", job)

    def _count(self, device: str, what: str, reason: str = "") -> None:
        self._tallies.setdefault(device, Counter())[what, reason] += 1

    # ── Storing ───────────────────────────────────────────────────────────────────────────

    async def _keep_storing(self) -> None:
        while not self._ending.is_set():
            await self._some.wait()
            await self._rest(GATHER_S)
            self._some.clear()
            if not await self._stored():
                await self._rest(RETRY_S)
                self._some.set()
        if self._waiting and not await self._stored():
            log.error("%d device events could not be stored", len(self._waiting))

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._ending.wait()
        except TimeoutError:
            pass

    async def _stored(self) -> bool:
        """Everything waiting, in one transaction."""
        if self._left_out:
            detail, self._left_out = f"× {self._left_out}", 0
            now = self._clock.now()
            self._waiting.append(DeviceEvent(now, "", "left_out", "queue_full", detail))
        batch = tuple(self._waiting)
        try:
            await self._store.add(self._hall_id, batch)
        except StoreError as error:
            log.error("device events wait: %s", error)
            return False
        for _ in batch:
            self._waiting.popleft()
        return True
