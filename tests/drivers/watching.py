"""A real supervisor with real drivers on emulators, and somebody who watches a device."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable

from drivers.frames import FrameSeen, WatchFrames, Word
from drivers.jobs import (
    Configure,
    DeviceConfig,
    DeviceReport,
    JobGo,
    JobReady,
    Order,
    Phrase,
    PrintSlip,
    Qr,
    Report,
    Say,
    ShowText,
    Text,
)
from drivers.registry import KINDS, Registry
from drivers.supervisor import Supervisor
from tests.hall_parts import eventually

DESCRIBED = {
    "frame": "AA 55 {len-3} {addr} F8 21 00 {text:gbk} 00 {crc16xmodem}",
    "ack": "AA 55 {addr} 06",
}
QUICK: dict[str, dict[str, str | int | float | bool]] = {
    **dict.fromkeys(("bx-fontcard", "hallbus", "a090", "pa-v21"), {"ack_s": 0.5, "gap_ms": 0}),
    "template": {"ack_s": 0.5, "gap_ms": 0, **DESCRIBED},
    "syn6288": {"ack_s": 0.5, "seconds_per_char": 0.05},
    "xfs5152": {"ack_s": 0.5, "seconds_per_char": 0.05},
    "hallpad68": {"gap_ms": 0},
    "sam": {"secret": "a secret of the hall, long", "poll_ms": 200},
}
"""Options under which the kinds are quick on an emulator."""

URL = "http://hall.test/t/secret-of-the-ticket"
TEXT = "请A017号到1号窗口"


class Watched:
    """One device under a supervisor. Grants slips as the engine's ledger would."""

    def __init__(self, config: DeviceConfig) -> None:
        self.config = config
        self.reports: list[Report] = []
        self.supervisor = Supervisor(self._hear, Registry())
        self.supervisor.obey(Configure((config,)))

    def _hear(self, report: Report) -> None:
        self.reports.append(report)
        if isinstance(report, JobReady):
            self.supervisor.obey(JobGo(report.job))

    def order(self, order: Order) -> None:
        self.supervisor.obey(order)

    def watch(self, seconds: float = 30.0) -> None:
        self.order(WatchFrames(self.config.id, int((time.time() + seconds) * 1000)))

    @property
    def frames(self) -> list[FrameSeen]:
        return [report for report in self.reports if isinstance(report, FrameSeen)]

    def words(self, direction: str) -> list[Word]:
        return [word for frame in self.frames if frame.direction == direction
                for word in frame.words]  # fmt: skip

    async def until(self, asked: Callable[[Report], bool]) -> None:
        await eventually(lambda: any(asked(report) for report in self.reports))

    async def ready(self) -> None:
        await self.until(lambda one: isinstance(one, DeviceReport) and one.state == "ready")

    async def done(self) -> None:
        """Until the order in hand was answered."""
        await self.until(lambda one: type(one).__name__ in ("JobDone", "StripShown", "Spoken"))


def order_of(config: DeviceConfig, text: str = TEXT) -> PrintSlip | ShowText | Say:
    """Something to do for a printer, a strip or a voice."""
    expires = int((time.time() + 60) * 1000)
    match KINDS[config.kind].role:
        case "printer":
            blocks = (Text("市民服务中心", 2, "center"), Text("A017", 4), Qr(URL))
            return PrintSlip("job-1", config.id, blocks, expires)
        case "voice":
            phrase = Phrase("call", {"number": "A017", "window": "1"})
            return Say("job-1", config.id, (phrase,), expires)
    return ShowText(config.id, text)


def config_of(kind: str, port: str = "virtual://", **options: str | int | float) -> DeviceConfig:
    """A device of `kind` on an emulator."""
    return DeviceConfig("device", kind, port, {**QUICK.get(kind, {}), **options})


@contextlib.asynccontextmanager
async def watched(config: DeviceConfig) -> AsyncIterator[Watched]:
    """The device, running; ready is up to the caller."""
    device = Watched(config)
    try:
        yield device
    finally:
        await device.supervisor.stop()
