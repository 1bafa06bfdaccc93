"""A voice's task: one saying after the other, never two at once.

    queued ─► voice well, not quiet, not expired ─► said ─► Spoken | NotSpoken

What a failure cut off is said again from its beginning when the voice is back, unless it has
expired by then; what cannot be said is reported. A call said at least once to the end counts as
spoken, and `Spoken.times` tells how many of its repetitions were.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, MutableSequence
from typing import Protocol, TypeAlias

from drivers.device import DeviceBroken, DeviceError
from drivers.device_task import Driver, World
from drivers.job_queue import Job
from drivers.job_task import JobTask
from drivers.jobs import DeviceConfig, NotSpoken, Phrase, Say, Spoken
from drivers.quiet_hours import QuietHours
from drivers.speech import BadPhrase, Utterance, say, sentence
from drivers.voice_profile import VoiceProfile, quiet_of

log = logging.getLogger("drivers")

JOBS_MAX = 30
"""Sayings waiting for one voice. At six seconds each that is three minutes; a call that comes
later than that calls nobody."""
IDLE_CHECK_S = 30.0
"""A voice with nothing to say is asked so often whether it is still there."""
FAILURES_MAX = 3
"""A saying that failed so often is given up: it may be what makes the voice fail."""
REPEAT_MAX = 5
PHRASES_MAX = 8
"""Languages of one call. More would be a lecture, and a mistake of the sender."""

OWN_FAULTS = frozenset({"bad_phrase", "language", "no_clip"})
"""Failures that are the saying's, not the voice's: the next one is tried at once."""
REASONS = OWN_FAULTS | frozenset(
    {"offline", "blocked", "timeout", "unplugged", "garbled", "busy", "interrupted", "unspoken"}
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


Saying: TypeAlias = Job[Say]


class VoiceTask(JobTask[Say, Saying]):
    """Says what is ordered of one voice. `heard`: where a virtual voice lays what it heard."""

    jobs_max = JOBS_MAX

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
        self._quiet = _quiet(config)

    def job_of(self, order: Say) -> Saying:
        return Job(order)

    def refusal(self, job: str, reason: str) -> NotSpoken:
        return NotSpoken(job, self.config.id, reason)

    def hindrance(self, order: Say) -> str:
        if not 1 <= order.repeat <= REPEAT_MAX or not 1 <= len(order.phrases) <= PHRASES_MAX:
            return "bad_job"
        quiet = "quiet" if self._quiet.at(self.world.clock.now_ms()) else ""
        return super().hindrance(order) or quiet

    # ── work ──

    async def run(self) -> None:
        try:
            await super().run()
        finally:
            for job in self.queue.ids():
                self._not_said(job, "interrupted")

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
            saying = self.queue.first()
            if saying is not None:
                await self._take(voice, saying)
            elif not await self.rest(IDLE_CHECK_S):
                await self.limited("asking the voice", voice.check(), self.call_limit_s())

    async def _take(self, voice: Voice, saying: Saying) -> None:
        """Say it, or find out that it cannot be said. Raises what is the voice's own failure."""
        reason = self.hindrance(saying.order)
        if reason:
            self.cancel(saying.id, reason)
            return
        saying.in_hand = True
        said: list[str] = []
        try:
            await self._say_all(voice, saying, said)
        except DeviceError as error:
            self._failed(saying, said, error)
            if error.code not in OWN_FAULTS:
                raise
        except Exception:
            # The saying broke the driver: it must not break it again and again.
            self._not_said(saying.id, "error")
            raise
        else:
            self._spoken(saying, said)
        finally:
            self.put_back(saying)


    async def _say_all(self, voice: Voice, saying: Saying, said: list[str]) -> None:
        """Every repetition; `said` gets the text of each that was said to its end."""
        utterances = render(voice.profile, saying.order)
        for utterance in utterances:
            if piece := voice.missing(utterance):
                raise DeviceBroken("no_clip", f"no recording of {piece[:20]!r}")
        for round_ in range(saying.order.repeat):
            if round_:
                await self.pause(voice.profile.repeat_pause_s)
                if self.stopping or self.hindrance(saying.order):
                    return
            texts = []
            if self._heard is not None:
                self._heard.clear()
            for utterance in utterances:
                work = voice.say(utterance)
                texts.append(await self.limited("speaking", work, voice.limit_s(utterance) + 1))
            said.append(" ".join(texts if self._heard is None else self._heard))

    def _failed(self, saying: Saying, said: list[str], error: DeviceError) -> None:
        saying.failures += 1
        if said:
            self._spoken(saying, said)
        elif error.code in OWN_FAULTS or saying.failures >= FAILURES_MAX:
            reason = error.code if error.code in REASONS else "error"
            if error.code in OWN_FAULTS:
                log.warning("device %s: a saying is given up: %s", self.config.id, error)
            self.count(reason)
            self._not_said(saying.id, reason)
        # Else it keeps its place and is said when the voice is back.

    def _spoken(self, saying: Saying, said: list[str]) -> None:
        self.count("spoken")
        verdict = Spoken(saying.id, self.config.id, said[0], len(said))
        self.end(saying.id, verdict, remember=True)

    def _not_said(self, job: str, reason: str) -> None:
        self.end(job, self.refusal(job, reason), remember=False)


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
