"""Devices that obey a test, and a supervisor that runs them."""

from __future__ import annotations

import asyncio

from drivers.jobs import (
    Configure,
    DeviceConfig,
    DeviceReport,
    JobGo,
    PrintSlip,
    Text,
)
from drivers.registry import Device
from drivers.supervisor import Supervisor
from tests.drivers.fake_clock import FakeClock, settle

SECRET = "王小明"


class FakePrinter:
    """Speaks the driver's interface; `trouble` is raised by the next calls, `hangs` never ends."""

    def __init__(self) -> None:
        self.trouble: Exception | None = None
        self.trouble_after_go: Exception | None = None
        self.hangs = ""
        self.paper = "ok"
        self.printed: list[str] = []
        self.connections = 0
        self.bytes_may_leave = asyncio.Event()
        self.bytes_may_leave.set()

    async def connect(self) -> None:
        self.connections += 1
        await self._suffer("connect")

    async def check(self) -> str:
        await self._suffer("check")
        return self.paper

    async def print(self, slip, go) -> bool:
        await self._suffer("print")
        await go()
        await self.bytes_may_leave.wait()
        if self.trouble_after_go is not None:
            raise self.trouble_after_go
        self.printed.append(slip.job)
        return True

    async def close(self) -> None:
        await self._suffer("close")

    async def _suffer(self, call: str) -> None:
        if self.hangs == call:
            await asyncio.Event().wait()
        if self.trouble is not None and call != "close":
            raise self.trouble


class FakeStrip:
    """A strip that shows, or suffers."""

    def __init__(self) -> None:
        self.trouble: Exception | None = None
        self.history: list[str] = []

    async def connect(self) -> None:
        await self.check()

    async def check(self) -> None:
        if self.trouble is not None:
            raise self.trouble

    async def show(self, text: str, flash: bool = False) -> str:
        await self.check()
        self.history.append(text)
        return text

    async def close(self) -> None:
        pass


class Hall:
    """A supervisor over fake devices: `given` orders, `then` reports."""

    def __init__(self, **devices: FakePrinter | FakeStrip) -> None:
        self.clock = FakeClock()
        self.devices = devices
        self.reports: list = []
        # Itself in the registry's place: `build` gives the fakes.
        self.supervisor = Supervisor(self.reports.append, self, self.clock, lambda: 1.0)

    def build(self, config: DeviceConfig) -> Device:
        device = self.devices[config.id]
        if isinstance(device, FakeStrip):
            return Device("strip", strip=lambda: device)
        return Device("printer", printer=lambda: device)

    async def open(self) -> Hall:
        self.order(Configure(tuple(DeviceConfig(name, "fake", "") for name in self.devices)))
        await settle()
        return self

    def order(self, order) -> None:
        assert self.supervisor.obey(order)

    def print(self, job: str, device: str = "printer", expires_s: float = 120) -> None:
        expires = self.clock.now_ms() + round(expires_s * 1000)
        self.order(PrintSlip(job, device, (Text(SECRET),), expires))

    async def print_and_go(self, job: str, device: str = "printer") -> None:
        self.print(job, device)
        await settle()
        self.order(JobGo(job))
        await settle()

    def take(self, *kinds: type) -> list:
        """The reports of these kinds so far; forgets all reports."""
        found = [report for report in self.reports if isinstance(report, kinds)]
        self.reports.clear()
        return found

    def state(self, device: str = "printer") -> DeviceReport:
        return self.supervisor.tasks[device]._report()


async def close(hall: Hall) -> None:
    stopping = asyncio.ensure_future(hall.supervisor.stop())
    await settle()
    await hall.clock.advance(60)
    await stopping
