"""A voice's task: one saying after the other, never two at once.

    queued ─► voice well, not quiet, not expired ─► said ─► Spoken | NotSpoken

What a failure cut off is said again from its beginning when the voice is back, unless it has
expired by then; what cannot be said is reported. A call said at least once to the end counts as
spoken, and `Spoken.times` tells how many of its repetitions were.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, MutableSequence
from typing import Protocol

from drivers.device import DeviceBroken, DeviceError
from drivers.device_task import DeviceTask, Driver, World
from drivers.jobs import DeviceConfig, NotSpoken, Phrase, Say, Spoken
from drivers.quiet_hours import QuietHours
from drivers.speech import BadPhrase, Utterance, say, sentence
from drivers.voice_profile import VoiceProfile, quiet_of
from drivers.voice_queue import Saying, VoiceQueue

log = logging.getLogger("drivers")

IDLE_CHECK_S = 30.0
"""A voice with nothing to say is asked so often whether it is still there."""
FAILURES_MAX = 3
"""A saying that failed so often is given up: it may be what makes the voice fail."""
REPEAT_MAX = 5
PHRASES_MAX = 8
"""Languages of one call. More would be a lecture, and a mistake of the sender."""
EXPIRY_LOOK_S = 1.0
"""Expiry is wall-clock time, which may jump: look so often, sleep no longer."""

OWN_FAULTS = frozenset({"bad_phrase", "language", "no_clip"})
"""Failures that are the saying's, not the voice's: the next one is tried at once."""
REASONS = OWN_FAULTS | frozenset(
    {"offline", "timeout", "unplugged", "garbled", "busy", "interrupted", "unspoken"}
)
"""What a driver may say of a failed saying; anything else is an `error`."""


class Voice(Driver, Protocol):
    """What `drivers.voice.ModuleVoice` and `drivers.clip_voice.ClipVoice` offer."""

    profile: VoiceProfile

    async def check(self) -> None:
        """Whether it is there. Raises `DeviceError`."""
        ...

    def missing(self, utterance: Utterance) -> str:
        """The piece it can never say, "" if none."""
        ...

    def limit_s(self, utterance: Utterance) -> float:
        """How long `say` takes at most."""
        ...

    async def say(self, utterance: Utterance) -> str:
        """Say it to the end; returns the text. Raises `DeviceError`."""
        ...


class VoiceTask(DeviceTask):
    """Says what is ordered of one voice. `heard`: where a virtual voice lays what it heard."""

    def __init__(
        self,
        config: DeviceConfig,
        world: World,
        make: Callable[[], Voice],
        heard: MutableSequence[str] | None = None,
    ) -> None:
        super().__init__(config, world)
        self._make = make
        self._heard = heard
        self._voice: Voice | None = None
        self._queue = VoiceQueue()
        self._queued = asyncio.Event()
        self._quiet = _quiet(config)

    # ── orders ──

    def add(self, order: Say) -> None:
        """Take a saying, or answer at once why not."""
        now_ms = self.world.clock.now_ms()
        answered = self._queue.answered(order.job)
        if answered is not None:
            self.world.report(answered)
        elif order.job in self._queue:
            log.debug("device %s: an order came twice and is taken once", self.config.id)
        elif not 1 <= order.repeat <= REPEAT_MAX or not 1 <= len(order.phrases) <= PHRASES_MAX:
            self._refuse(order.job, "bad_job")
        elif order.expires_at_ms <= now_ms:
            self._refuse(order.job, "expired")
        elif self._quiet.at(now_ms):
            self._refuse(order.job, "quiet")
        elif self._queue.full:
            self._refuse(order.job, "queue_full")
        else:
            self._queue.put(order)
            self._queued.set()
            self.wake.set()
            self.tell()

    def cancel(self, job: str, reason: str = "cancelled") -> bool:
        """Forget a job unless it is being said. False if this voice has no such job."""
        known = job in self._queue
        if self._queue.withdraw(job):
            self._refuse(job, reason)
            self.tell()
        return known

    def cancel_all(self, reason: str) -> None:
        """Answer every job; the one being said is answered when it ends."""
        for job in self._queue.ids():
            self.cancel(job, reason)

    def queue_length(self) -> int:
        return len(self._queue)

    # ── work ──

    async def run(self) -> None:
        expiry = asyncio.create_task(self._expire())
        try:
            await super().run()
        finally:
            expiry.cancel()
            for job in self._queue.ids():
                self._end(job, NotSpoken(job, self.config.id, "interrupted"))

    def make(self) -> Driver:
        self._voice = self._make()
        return self._voice

    def drop(self) -> None:
        self._voice = None

    async def serve(self) -> None:
        voice = self._voice
        assert voice is not None
        self.happened("opened")
        while not self.stopping:
            saying = self._queue.first()
            if saying is not None:
                await self._take(voice, saying)
            elif not await self.rest(IDLE_CHECK_S):
                await self.limited("asking the voice", voice.check(), self.call_limit_s())

    async def _take(self, voice: Voice, saying: Saying) -> None:
        """Say it, or find out that it cannot be said. Raises what is the voice's own failure."""
        reason = self._hindrance(saying)
        if reason:
            self.cancel(saying.id, reason)
            return
        saying.speaking = True
        said: list[str] = []
        try:
            await self._say_all(voice, saying, said)
        except DeviceError as error:
            self._failed(saying, said, error)
            if error.code not in OWN_FAULTS:
                raise
        except Exception:
            # The saying broke the driver: it must not break it again and again.
            self._end(saying.id, NotSpoken(saying.id, self.config.id, "error"))
            raise
        else:
            self._spoken(saying, said)
        finally:
            saying.speaking = False
            self._queued.set()  # it may have kept its place, and expires again

    async def _say_all(self, voice: Voice, saying: Saying, said: list[str]) -> None:
        """Every repetition; `said` gets the text of each that was said to its end."""
        utterances = render(voice.profile, saying.order)
        for utterance in utterances:
            if piece := voice.missing(utterance):
                raise DeviceBroken("no_clip", f"no recording of {piece[:20]!r}")
        for round_ in range(saying.order.repeat):
            if round_:
                await self.pause(voice.profile.repeat_pause_s)
                if self.stopping or self._hindrance(saying):
                    return
            texts = []
            if self._heard is not None:
                self._heard.clear()
            for utterance in utterances:
                work = voice.say(utterance)
                texts.append(await self.limited("speaking", work, voice.limit_s(utterance) + 1))
            said.append(" ".join(texts if self._heard is None else self._heard))

    def _hindrance(self, saying: Saying) -> str:
        now_ms = self.world.clock.now_ms()
        if saying.order.expires_at_ms <= now_ms:
            return "expired"
        return "quiet" if self._quiet.at(now_ms) else ""

    def _failed(self, saying: Saying, said: list[str], error: DeviceError) -> None:
        saying.failures += 1
        if said:
            self._spoken(saying, said)
        elif error.code in OWN_FAULTS or saying.failures >= FAILURES_MAX:
            reason = error.code if error.code in REASONS else "error"
            if error.code in OWN_FAULTS:
                log.warning("device %s: a saying is given up: %s", self.config.id, error)
            self.count(reason)
            self._end(saying.id, NotSpoken(saying.id, self.config.id, reason))
        # Else it keeps its place and is said when the voice is back.

    def _spoken(self, saying: Saying, said: list[str]) -> None:
        self.count("spoken")
        self._end(saying.id, Spoken(saying.id, self.config.id, said[0], len(said)))

    def _end(self, job: str, verdict: Spoken | NotSpoken) -> None:
        self._queue.finish(job, verdict)
        self.world.report(verdict)
        self.tell()

    def _refuse(self, job: str, reason: str) -> None:
        self.count(reason)
        self.world.report(NotSpoken(job, self.config.id, reason))

    async def _expire(self) -> None:
        clock = self.world.clock
        while True:
            due = self._queue.next_expiry_ms()
            if due is None:
                self._queued.clear()
                await self._queued.wait()
                continue
            left_s = (due - clock.now_ms()) / 1000
            if left_s > 0:
                await clock.sleep(min(left_s, EXPIRY_LOOK_S))
            for job in self._queue.expired(clock.now_ms()):
                self.cancel(job, "expired")


def render(profile: VoiceProfile, order: Say) -> list[Utterance]:
    """What `profile`'s voice says of `order`: the phrases in its languages.

    Raises `DeviceBroken`: `bad_phrase`, or `language` if nothing is left.
    """
    known = {*profile.languages, *profile.files}
    utterances = []
    for phrase in order.phrases:
        if phrase.language not in known:
            raise DeviceBroken("language", f"no phrases in {phrase.language[:20]!r}")
        if phrase.language not in profile.languages:
            continue
        try:
            if isinstance(phrase, Phrase):
                file = profile.files[phrase.language]
                utterances.append(say(file, phrase.name, phrase.values, (profile.ones,)))
            else:
                utterances.append(sentence(phrase.language, phrase.text))
        except BadPhrase as error:
            raise DeviceBroken("bad_phrase", str(error)) from None
    if not utterances:
        spoken = ", ".join(profile.languages)
        raise DeviceBroken("language", f"this voice speaks {spoken} only")
    return utterances


def _quiet(config: DeviceConfig) -> QuietHours:
    try:
        return quiet_of(config.options)
    except DeviceBroken:
        return QuietHours()  # the driver cannot be made either, and nothing is ever said
