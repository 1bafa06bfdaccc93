"""A voice that is a page of the hall: the board says it with the browser's own speech.

The same queue as every voice: order, expiry, repetition, quiet hours. What differs is the last
step. Each sentence goes up as `SayInBrowser`, whoever runs the pages hands it to the one that
speaks for this device, and its word comes back as `SaidInBrowser`. A device without a page is
`offline` until `VoicePage` says that one is there; then it is tried again at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from drivers.clock import Clock, until
from drivers.device import DeviceBroken, DeviceTransient
from drivers.device_task import World
from drivers.jobs import DeviceConfig, Report, SaidInBrowser, SayInBrowser
from drivers.speech import Utterance
from drivers.voice_profile import VoiceProfile, profile_of
from drivers.voice_task import VoiceTask

BASE_S = 5.0
"""On top of the characters' time: the way to the page and back, and a synthesiser that wakes up."""

SENTENCES = {
    "offline": "the page that speaks was closed",
    "blocked": "the browser lets the page speak only after somebody touched it",
    "language": "the browser has no voice for this language",
    "interrupted": "the page was interrupted",
    "timeout": "the page does not answer",
    "error": "the browser's speech failed",
}


class BrowserPage:
    """What is known of the page: whether it is there, and its answer to the sentence in hand."""

    def __init__(self) -> None:
        self.there = False
        self.came = asyncio.Event()
        self._job = ""
        self._answer: SaidInBrowser | None = None
        self._answered = asyncio.Event()

    def attend(self, there: bool) -> None:
        """A page has come (perhaps in the place of another), or the last one has gone."""
        self.there = there
        if there:
            self.came.set()
        if not there and self._job:
            self.answer(SaidInBrowser(self._job, "", ok=False, reason="offline"))

    def answer(self, answer: SaidInBrowser) -> None:
        """Take an answer; one to any other sentence than that in hand counts for nothing."""
        if answer.job == self._job and self._answer is None:
            self._answer = answer
            self._answered.set()

    async def answer_to(self, job: str, clock: Clock, limit_s: float) -> SaidInBrowser | None:
        """The answer to `job` within `limit_s`, None if there is none. Ask after `begin`."""
        await until(clock, limit_s, self._answered)
        answer, self._job = self._answer, ""
        return answer

    def begin(self, job: str) -> None:
        """From now on answers to `job` count."""
        self._job, self._answer = job, None
        self._answered.clear()


class BrowserVoice:
    """One voice, as `voice_task` drives it."""

    def __init__(
        self,
        config: DeviceConfig,
        page: BrowserPage,
        clock: Clock,
        report: Callable[[Report], None],
        names: Callable[[], str],
    ) -> None:
        """`names` makes a name for every sentence that no other ever had.

        Raises `DeviceBroken` (`bad_option`) naming the option.
        """
        self.profile: VoiceProfile = profile_of("browser", config.options)
        self._device = config.id
        self._page = page
        self._clock = clock
        self._report = report
        self._names = names

    async def connect(self) -> None:
        """Raises `DeviceTransient` (`offline`) while no page is there."""
        await self.check()

    async def check(self) -> None:
        """As `connect`."""
        if not self._page.there:
            where = f"open the board with ?voice={self._device}"
            raise DeviceTransient("offline", f"no page speaks for it: {where}")

    def missing(self, utterance: Utterance) -> str:
        """A browser says everything."""
        return ""

    def limit_s(self, utterance: Utterance) -> float:
        """How long `say` takes at most."""
        seconds = len(utterance.text) * self.profile.seconds_per_char / self.profile.rate
        return BASE_S + seconds

    async def say(self, utterance: Utterance) -> str:
        """Have it said; returns its text when the page says that it was.

        Raises `DeviceTransient` (`offline`, `blocked`, `interrupted`, `timeout`, `error`) or
        `DeviceBroken` (`language`).
        """
        await self.check()
        job, limit_s = self._names(), self.limit_s(utterance)
        self._page.begin(job)
        language, rate = utterance.language, self.profile.rate
        self._report(
            SayInBrowser(job, self._device, utterance.text, language, round(limit_s, 1), rate)
        )
        answer = await self._page.answer_to(job, self._clock, limit_s)
        if answer is not None and answer.ok:
            return utterance.text
        reason = answer.reason if answer is not None else "timeout"
        if reason == "language":
            raise DeviceBroken(reason, SENTENCES[reason])
        raise DeviceTransient(reason or "error", SENTENCES[reason or "error"])

    async def close(self) -> None:
        """Never raises; the page stays as it is."""


class BrowserVoiceTask(VoiceTask):
    """Runs one such voice."""

    def __init__(self, config: DeviceConfig, world: World) -> None:
        self.page = BrowserPage()
        # The wall clock and chance: a page must not take a sentence for one it has said.
        life = f"{world.clock.now_ms():x}{int(world.chance() * 0xFFFFFFFF):08x}"
        self._count = 0

        def name() -> str:
            self._count += 1
            return f"{life}-{self._count}"

        super().__init__(
            config,
            world,
            lambda: BrowserVoice(config, self.page, world.clock, world.report, name),
        )

    async def pause(self, seconds: float) -> None:
        """Between two attempts; a page that comes ends it."""
        if not self.stopping:
            await until(self.world.clock, seconds, self.page.came)
            # Not before: one that came while the last attempt ended must not be missed.
            self.page.came.clear()
