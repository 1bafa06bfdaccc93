"""One device's task: connect, serve, fail, wait, connect again. Printers and strips differ
only in how they serve (`printer_task.py`, `strip_task.py`).

This is one of the edges that outlive a failure: whatever a driver raises, its device becomes
`broken` and is tried again later, and no other device notices.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from drivers.clock import Clock, until, within
from drivers.device import DeviceBroken, DeviceError
from drivers.jobs import DeviceConfig, DeviceReport, Report
from drivers.reconnect import Happening, Link, after, pause_s
from drivers.tap import untapped

log = logging.getLogger("drivers")

CLOSE_LIMIT_S = 5.0
"""A port that does not close is left behind."""
ANSWERS_PER_CALL = 6
"""Questions a driver asks in one call, at most; each may take the device's whole time limit."""
CALL_MARGIN_S = 10.0
"""On top of what the driver itself allows: its own limit should strike first."""


class Driver(Protocol):
    """What the task itself needs of a driver."""

    async def connect(self) -> None:
        """Raises `DeviceError`."""
        ...

    async def close(self) -> None:
        """Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """What a task needs from outside. `chance` gives random numbers in [0, 1)."""

    clock: Clock
    chance: Callable[[], float]
    report: Callable[[Report], None]


class DeviceTask(ABC):
    """Runs one device until it is stopped."""

    def __init__(self, config: DeviceConfig, world: World) -> None:
        self.config = config
        self.world = world
        self.link = Link("connecting", world.clock.now_ms())
        self.paper: Literal["", "ok", "near_end", "out"] = ""
        self.counters: dict[str, int] = {}
        self.wake = asyncio.Event()
        """Something to do, or time to stop."""
        self.stopping = False
        self.tap = untapped()
        """Where the device's bytes can be looked at."""
        self.busy = False
        """A slip's bytes are leaving: not to be interrupted."""
        self._task: asyncio.Task[None] | None = None
        self._told: DeviceReport | None = None
        self._warned = ""

    # ── what printers and strips do differently ──

    @abstractmethod
    def make(self) -> Driver:
        """A fresh driver. Raises `DeviceBroken`."""

    @abstractmethod
    async def serve(self) -> None:
        """With the driver connected: do what is asked until `stopping`. Raises anything."""

    @abstractmethod
    def drop(self) -> None:
        """Forget the driver; it is closed."""

    def queue_length(self) -> int:
        """Jobs waiting."""
        return 0

    # ── life ──

    def start(self) -> None:
        """Begin. Reports at once that the device is connecting."""
        self.tell()
        self._task = asyncio.create_task(self.run(), name=f"device {self.config.id}")

    def stop(self) -> None:
        """End as soon as no slip's bytes are leaving."""
        self.stopping = True
        self.wake.set()
        if self._task is not None and not self.busy:
            self._task.cancel()

    async def stopped(self) -> None:
        """Until the task has ended."""
        if self._task is not None:
            await asyncio.wait((self._task,))

    async def run(self) -> None:
        """The task: attempts, with a pause after each failure."""
        try:
            while not self.stopping:
                await self.attempt()
                if not self.stopping:
                    await self.pause(pause_s(self.link, self.world.chance()))
        except asyncio.CancelledError:
            pass  # `stop` cancels; there is nobody to tell
        finally:
            self.happened("stopped")

    async def attempt(self) -> None:
        """Connect and serve until something fails. Never raises, but for a cancellation."""
        driver: Driver | None = None
        try:
            driver = self.make()
            await self.limited("connecting", driver.connect(), self.call_limit_s())
            await self.serve()
        except DeviceError as error:
            self.failed(error)
        except Exception as error:  # the device edge: one driver's bug, not the hall's
            failure = DeviceBroken("error", f"the driver failed: {type(error).__name__}")
            level = logging.DEBUG if self._warned == failure.code else logging.ERROR
            log.log(level, "device %s: the driver failed", self.config.id, exc_info=error)
            self.failed(failure)
        finally:
            self.drop()
            if driver is not None:
                await self._close(driver)

    async def limited(self, what: str, work, seconds: float):
        """`work` within `seconds`, else `DeviceTransient` (code `timeout`)."""
        return await within(self.world.clock, seconds, what, work)

    async def pause(self, seconds: float) -> None:
        """Wait, but not when stopping."""
        if not self.stopping:
            await self.world.clock.sleep(seconds)

    async def rest(self, seconds: float) -> bool:
        """Wait for `wake`; False if nothing happened for `seconds`."""
        woken = await until(self.world.clock, seconds, self.wake)
        self.wake.clear()
        return woken

    def call_limit_s(self) -> float:
        """How long connecting or asking may take."""
        answer_s = self._option("timeout_s", self._option("ack_s", 2.0))
        return ANSWERS_PER_CALL * answer_s + CALL_MARGIN_S

    async def _close(self, driver: Driver) -> None:
        try:
            await self.limited("closing", driver.close(), CLOSE_LIMIT_S)
        except Exception:  # noqa: BLE001 - the device edge: nothing can be done about it
            log.warning("device %s: the port did not close", self.config.id)

    def _option(self, name: str, default: float) -> float:
        value = self.config.options.get(name, default)
        return float(value) if isinstance(value, int | float) else default

    # ── what others are told ──

    def happened(self, happening: Happening, error: str = "") -> None:
        """Move the link and report."""
        before = self.link
        self.link = after(before, happening, self.world.clock.now_ms(), error)
        if happening == "opened" and before.state in ("degraded", "broken"):
            self.count("recovered")
            log.warning("device %s: well again", self.config.id)
            self._warned = ""
        self.tell()

    def failed(self, error: DeviceError) -> None:
        """Note a failure. Warns once per kind of failure, not once per attempt."""
        self.count("failures")
        level = logging.DEBUG if self._warned == error.code else logging.WARNING
        self._warned = error.code
        log.log(level, "device %s: %s: %s", self.config.id, error.code, error)
        if error.code == "paper_out":
            self.paper = "out"
        broke = isinstance(error, DeviceBroken)
        self.happened("broke" if broke else "failed", f"{error.code}: {error}")

    def count(self, name: str) -> None:
        """One more of `name`; told with the next report."""
        self.counters[name] = self.counters.get(name, 0) + 1

    def tell(self, again: bool = False) -> None:
        """Report the device if anything but its counters changed, or if asked `again`."""
        report = self._report()
        if (
            again
            or self._told is None
            or _without_counters(report) != _without_counters(self._told)
        ):
            self._told = report
            self.world.report(report)

    def _report(self) -> DeviceReport:
        return DeviceReport(
            device=self.config.id,
            kind=self.config.kind,
            state=self.link.state,
            since_ms=self.link.since_ms,
            queue=self.queue_length(),
            last_error=self.link.last_error,
            last_error_at_ms=self.link.last_error_at_ms,
            paper=self.paper,
            counters=dict(self.counters),
        )


def _without_counters(report: DeviceReport) -> tuple[object, ...]:
    # Nor the time of an error that merely lasts: a printer off all night is one report.
    return (report.state, report.since_ms, report.queue, report.last_error, report.paper)
