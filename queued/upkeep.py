"""Looking after the devices of one hall: their journal, their lines, trials, red and green.

It hears every report before anybody else and passes on what is not a trial's.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Final
from zoneinfo import ZoneInfo

from drivers.jobs import FrameSeen, Report
from queued.device_journal import DeviceJournal
from queued.device_link import DeviceLink
from queued.device_trials import DeviceTrials
from queued.engine.clock import Clock
from queued.frame_watch import FrameWatch
from queued.server.upkeep import Tally, Trial, Watching, code_of, light
from queued.settings_values import Settings
from queued.storage.device_events import DeviceEvent, DeviceEvents
from queued.strips import Strips

log = logging.getLogger(__name__)

LOOK_S: Final = 2.0
"""Trouble turns red by lasting, so somebody has to look; a manager is told this much later."""


class Upkeep:
    """What `server.upkeep.Upkeep` asks for. `on_red` and `on_green` may be set: a device went
    red with a reason code, or is red no more. Each change is told once."""

    def __init__(
        self,
        hall_id: str,
        settings: Settings,
        clock: Clock,
        link: DeviceLink,
        strips: Strips,
        events: DeviceEvents,
    ) -> None:
        self._hall_id = hall_id
        self._clock = clock
        self._link = link
        self._events = events
        self._journal = DeviceJournal(hall_id, events, clock)
        self._frames = FrameWatch(clock, link.send)
        self._trials = DeviceTrials(
            settings.devices,
            ZoneInfo(settings.hall.timezone),
            clock,
            link.send,
            strips.show_again,
            self._tried,
        )
        self._red: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self.on_red: Callable[[str, str], object] = lambda _device, _code: None
        self.on_green: Callable[[str], object] = lambda _device: None

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._journal.start()
        self._task = asyncio.get_running_loop().create_task(self._keep_looking())

    async def stop(self) -> None:
        """Store what happened last. Call it after the link has stopped."""
        self._trials.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._journal.stop()

    # ── A listener of the link ────────────────────────────────────────────────────────────

    def on_report(self, report: Report) -> bool:
        """True if nobody else needs to hear it."""
        if isinstance(report, FrameSeen):
            self._frames.on_report(report)
            return True
        if self._trials.on_report(report):
            return True
        self._journal.on_report(report)
        return False

    def on_up(self) -> None:
        """The device process is new."""
        self._journal.on_up()
        self._trials.on_up()
        self._frames.on_up()

    def on_down(self) -> None:
        """It ended unasked."""
        self._journal.on_down()

    # ── What the server asks ──────────────────────────────────────────────────────────────

    @property
    def restarts(self) -> int:
        """Of the device process since the hall started."""
        return self._link.restarts

    def tally(self, device: str) -> Tally:
        """What `device` did."""
        return self._journal.tally(device)

    async def events(
        self, device: str, before: int | None, limit: int
    ) -> Sequence[DeviceEvent]:
        """What happened to `device` and to the device process, newest first."""
        return await self._events.of(self._hall_id, (device, ""), before, limit)

    def watch(self, device: str) -> AbstractContextManager[Watching]:
        """Watch its line until the context ends. Raises `TooManyWatch`."""
        return self._frames.watch(device)

    def can_try(self, device: str) -> bool:
        """Whether there is something to try."""
        return self._trials.can_try(device)

    def try_out(self, device: str) -> Trial:
        """Begin a trial; one that runs already is not begun twice. Raises `NoTrial`."""
        return self._trials.try_out(device)

    def trial(self, device: str) -> Trial | None:
        """The last trial."""
        return self._trials.trial(device)

    # ── Red and green ─────────────────────────────────────────────────────────────────────

    def look(self) -> None:
        """Tell which devices went red, and which are red no more."""
        now = self._clock.now()
        for report in self._link.reports():
            red = light(report, now) == "red"
            if red and report.device not in self._red:
                self._red.add(report.device)
                log.warning("device %s is red: %s", report.device, code_of(report))
                self.on_red(report.device, code_of(report))
            elif not red and report.device in self._red:
                self._red.discard(report.device)
                self.on_green(report.device)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                self.look()
            except Exception:  # an edge: who is told of red devices must not blind us
                log.exception("telling of red devices failed")

    def _tried(self, trial: Trial) -> None:
        self._journal.note(trial.device, "tried", trial.code)
