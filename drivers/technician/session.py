"""One device, run by the real supervisor for as long as somebody tries it.

What the device reports is read one after the other; a failure ends the trial at once with its
code and the driver's own words, instead of being tried again for ever as in a hall.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

from drivers.jobs import Configure, DeviceConfig, DeviceReport, Order, Report
from drivers.registry import Registry
from drivers.supervisor import Supervisor

CONNECT_S = 40.0
"""Beyond what any driver allows itself; its own limit strikes first and has better words."""
STOP_S = 3.0
"""Then the port is left as it is: the program ends anyway."""

Found = TypeVar("Found")


class NotWorking(Exception):
    """The trial failed: a code of `drivers.jobs`, and the driver's words."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code, self.detail = code, detail


class NothingHappened(NotWorking):
    """The device is well as far as one knows, and what was waited for did not come."""


class Session:
    """One device. `report` is its newest state; None until it has said a word."""

    def __init__(self, config: DeviceConfig, folder: Path | None) -> None:
        self.config = config
        self.report: DeviceReport | None = None
        self._heard: asyncio.Queue[Report] = asyncio.Queue()
        self._supervisor = Supervisor(self._heard.put_nowait, Registry(folder))

    def order(self, order: Order) -> None:
        """Hand over an order."""
        self._supervisor.obey(order)

    async def connected(self) -> DeviceReport:
        """The report of the device when it is ready. Raises `NotWorking`."""
        self.order(Configure((self.config,)))

        def ready(report: Report) -> DeviceReport | None:
            return self.report if self.report and self.report.state == "ready" else None

        return await self.until(ready, CONNECT_S)

    async def until(
        self, wanted: Callable[[Report], Found | None], limit_s: float, patient: bool = False
    ) -> Found:
        """What `wanted` makes of the first report it wants, within `limit_s`.

        Raises `NotWorking` if the device fails meanwhile (not if `patient`), `NothingHappened`
        if nothing comes.
        """
        deadline = time.monotonic() + limit_s
        while True:
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    report = await self._heard.get()
            except TimeoutError:
                raise NothingHappened("timeout") from None
            if isinstance(report, DeviceReport):
                self.report = report
            found = wanted(report)
            if found is not None:
                return found
            if isinstance(report, DeviceReport) and not patient:
                _raise_failure(report)

    async def asked_again(self) -> DeviceReport:
        """How the device says it is now."""
        self.order(Configure((self.config,)))
        return await self.until(
            lambda report: report if isinstance(report, DeviceReport) else None, CONNECT_S
        )

    async def stop(self) -> None:
        """Let go of the device."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await self._supervisor.stop()


@contextlib.asynccontextmanager
async def session(config: DeviceConfig, folder: Path | None = None) -> AsyncIterator[Session]:
    """A device to try; `folder` is where a virtual printer lays its slips."""
    running = Session(config, folder)
    try:
        yield running
    finally:
        await running.stop()


def _raise_failure(report: DeviceReport) -> None:
    if report.state in ("degraded", "broken"):
        code, _, detail = report.last_error.partition(": ")
        raise NotWorking(code, detail)
