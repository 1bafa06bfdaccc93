"""Voice modules in simulated time, and voices that obey a test."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from drivers.emulators import serving
from drivers.emulators.voice_module import VoiceModule
from drivers.jobs import Configure, DeviceConfig, DeviceReport, Phrase, Say
from drivers.registry import Device
from drivers.speech import Utterance
from drivers.supervisor import Supervisor
from drivers.voice_profile import profile_of
from tests.drivers.fake_clock import FakeClock, settle

STEP_S = 0.01
"""What a module says by itself is noticed to a hundredth of a second."""


class Moment:
    """A clock to call, set by hand."""

    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s

    def later(self, seconds: float) -> None:
        self.s += seconds


class SimulatedLine:
    """A transport to a module on which waiting takes simulated time only.

    `late_s`: answers arrive so much later, in order. `garbled`: as noise. `lost`: not at all.
    `at` calls something when its time has come.
    """

    def __init__(self, module: VoiceModule, moment: Moment) -> None:
        self.module, self.moment = module, moment
        self.late_s = 0.0
        self.garbled = self.lost = False
        self.writes: list[tuple[float, bytes]] = []
        self._coming: list[tuple[float, bytes]] = []
        self._plans: list[tuple[float, Callable[[], object]]] = []

    def at(self, seconds: float, do: Callable[[], object]) -> None:
        self._plans.append((seconds, do))

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def write(self, data: bytes, timeout_s: float) -> int:
        self.writes.append((self.moment(), data))
        self._answer(self.module.feed(data))
        return len(data)

    async def read(self, timeout_s: float) -> bytes:
        end = self.moment() + timeout_s
        while not (heard := self._arrived()) and self.moment() < end:
            self.moment.later(min(STEP_S, end - self.moment()))
            self._happen()
        return heard

    def _arrived(self) -> bytes:
        self._answer(self.module.tick())
        here = [data for due, data in self._coming if due <= self.moment()]
        self._coming = [one for one in self._coming if one[0] > self.moment()]
        return b"".join(here)

    def _answer(self, data: bytes) -> None:
        if data and not self.lost:
            noise = bytes(byte ^ 0xFF for byte in data)
            self._coming.append((self.moment() + self.late_s, noise if self.garbled else data))

    def _happen(self) -> None:
        due = [plan for plan in self._plans if plan[0] <= self.moment()]
        self._plans = [plan for plan in self._plans if plan[0] > self.moment()]
        for _, do in due:
            answer = do()
            if isinstance(answer, bytes):
                self._answer(answer)


@contextlib.asynccontextmanager
async def on_line(
    module: VoiceModule, faults: serving.LineFaults | None = None
) -> AsyncIterator[serving.PtyLine]:
    """The module on a pseudo terminal, saying by itself when it has finished."""
    async with serving.on_pty(module, faults) as line:

        async def speak_up() -> None:
            while True:
                line.push(module.tick())
                await asyncio.sleep(STEP_S)

        ticking = asyncio.ensure_future(speak_up())
        try:
            yield line
        finally:
            ticking.cancel()


class FakeVoice:
    """Speaks the driver's interface, a minute of the test's clock a second; `trouble` is raised
    by the next sayings, `seconds` is how long one takes."""

    def __init__(self, clock: FakeClock, config: DeviceConfig) -> None:
        self.profile = profile_of("xfs5152", config.options)
        self.clock = clock
        self.seconds = 2.0
        self.trouble: Exception | None = None
        self.trouble_connecting: Exception | None = None
        self.history: list[tuple[float, float, str]] = []
        """Begin, end, text of everything said to its end; seconds on the wall clock."""
        self.begun = 0
        self.connections = 0

    async def connect(self) -> None:
        self.connections += 1
        if self.trouble_connecting is not None:
            raise self.trouble_connecting

    async def check(self) -> None:
        pass

    def missing(self, utterance: Utterance) -> str:
        return "甲" if "甲" in utterance.text else ""

    def limit_s(self, utterance: Utterance) -> float:
        return 30.0

    async def say(self, utterance: Utterance) -> str:
        self.begun += 1
        begin = self.clock.now_ms()
        await self.clock.sleep(self.seconds)
        if self.trouble is not None:
            raise self.trouble
        self.history.append((begin / 1000, self.clock.now_ms() / 1000, utterance.text))
        return utterance.text

    async def close(self) -> None:
        pass

    @property
    def texts(self) -> list[str]:
        return [text for _, _, text in self.history]


class VoiceHall:
    """A supervisor over one fake voice a zone: `say` orders, `take` reports."""

    def __init__(self, *zones: str, **options: str | int | float | bool) -> None:
        self.clock = FakeClock()
        self.configs = [DeviceConfig(zone, "xfs5152", "", options) for zone in zones]
        self.voices = {one.id: FakeVoice(self.clock, one) for one in self.configs}
        self.reports: list = []
        # Itself in the registry's place: `build` gives the fakes.
        self.supervisor = Supervisor(self.reports.append, self, self.clock, lambda: 1.0)

    def build(self, config: DeviceConfig) -> Device:
        return Device("voice", voice=lambda: self.voices[config.id])

    async def open(self) -> VoiceHall:
        self.order(Configure(tuple(self.configs)))
        await settle()
        return self

    def order(self, order) -> None:
        assert self.supervisor.obey(order)

    def say(
        self, job: str, number: str = "A001", zone: str = "east", expires_s: float = 60, **more
    ) -> None:
        phrases = more.pop("phrases", (Phrase("call", {"number": number, "window": "3"}),))
        expires = self.clock.now_ms() + round(expires_s * 1000)
        self.order(Say(job, zone, phrases, expires, **more))

    def take(self, *kinds: type) -> list:
        found = [report for report in self.reports if isinstance(report, kinds)]
        self.reports.clear()
        return found

    def state(self, zone: str = "east") -> DeviceReport:
        return self.supervisor.tasks[zone]._report()
