"""A voice on a serial module: SYN6288, XFS5152 and their relatives. Options: `voice_profile.py`.

A text sent to a module that is speaking cuts the speech off, so the driver never sends while it
is busy:

    query ─► idle ─► speak ─► 41 accepted ─► (query ─► 4E speaking)* ─► 4F finished

Said is what the module was heard to finish after a plausible time: it was seen speaking, or
reported the end itself. An early or unasked 4F may be a late answer to an older question and
counts for nothing; one that ends a speech far too soon is that of a module whose power failed.
Damaged, lost, cut off and unheeded texts are sent again, at most `TRIES` times.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from drivers.device import DeviceBroken, DeviceTransient, Transport
from drivers.jobs import DeviceConfig
from drivers.speech import Utterance
from drivers.voice_frames import Answer, Command, Frame
from drivers.voice_profile import FAMILIES, profile_of
from drivers.voice_text import make_sayable, portions

TRIES = 3
"""As with the strips: one damaged frame is ordinary, three in a row are a fault."""
WRITE_TIMEOUT_S = 6.0
"""4 kB take 4.3 s at 9600 baud."""
POLL_S = 0.5
"""Between two questions while it speaks, should its own word of the end get lost."""
BUSY_LIMIT_S = 30.0
"""Somebody else's speech, or one begun before this process: a closing announcement at most."""
BASE_S = 2.0
"""On top of the characters' time: the module thinks before it speaks."""
LEAST_SHARE = 1 / 6
"""Of the time a character may take. No module speaks faster, so an end sooner is not the end."""
SILENT_POLLS_MAX = 3
"""Questions in a row without an answer: the module is gone."""
DRAIN_READS_MAX = 64
SETTLE_ACKS = 2.0
"""After an answer that did not come in time the line is listened to for so many time limits more:
an answer that is merely late must not pass for that to the next question."""


class ModuleVoice:
    """One module on one transport. Calls must not overlap; the task sees to that."""

    def __init__(
        self,
        config: DeviceConfig,
        transport: Transport,
        now: Callable[[], float] | None = None,
    ) -> None:
        """`now`: seconds that only grow; the event loop's unless given.

        Raises `DeviceBroken` (`bad_option`) naming the option.
        """
        self.profile = profile_of(config.kind, config.options)
        self.retries = 0
        """Texts and questions sent again."""
        self.lost = 0
        """Characters the module has no sound for."""
        self._family = FAMILIES[config.kind]
        self._transport = transport
        self._now = now or asyncio.get_running_loop().time
        self._heard = bytearray()
        self._noise = False

    async def connect(self) -> None:
        """Open the port and hear the module. Raises `DeviceError`."""
        await self._transport.open()
        await self.check()

    async def check(self) -> None:
        """Whether the module answers. Raises `DeviceTransient` (timeout, garbled, unplugged)."""
        await self._query()

    def missing(self, utterance: Utterance) -> str:
        """Always "": a module says every text."""
        return ""

    def limit_s(self, utterance: Utterance) -> float:
        """How long `say` takes at most."""
        texts = self._portions(utterance.text)
        asking = 3 * (TRIES + 1) * (1 + SETTLE_ACKS) * self.profile.ack_s + WRITE_TIMEOUT_S
        return TRIES * sum(self._speaking_s(text) + asking + BUSY_LIMIT_S for text in texts)

    async def say(self, utterance: Utterance) -> str:
        """Say it and hear the end; returns the text as it was sent.

        Raises `DeviceBroken` (`bad_phrase`: it has no sound for any of it) and
        `DeviceTransient`: `timeout`, `garbled`, `unplugged`, `busy` (it speaks and does
        not end), `interrupted` (it restarted), `unspoken` (it took the text and kept silent).
        """
        sayable = make_sayable(utterance.text)
        if not any(char.isalnum() for char in sayable.text):
            raise DeviceBroken("bad_phrase", "nothing of it can be said by this module")
        for text in self._portions(utterance.text):
            await self._say(text)
        self.lost += sayable.lost
        return sayable.text

    async def close(self) -> None:
        """Never raises. A text being said is said to its end."""
        await self._transport.close()

    def _portions(self, text: str) -> list[str]:
        room = self._family.text_bytes_max - len(self.profile.settings)
        return portions(make_sayable(text).text, room)

    def _speaking_s(self, text: str) -> float:
        return len(text) * self.profile.seconds_per_char + BASE_S

    async def _say(self, text: str) -> None:
        wire = self._family.speak((self.profile.settings + text).encode("gbk"))
        tries_left = TRIES
        while True:
            await self._until_idle()
            failure = await self._speak(wire, text)
            if failure is None:
                return
            tries_left -= 1
            if not tries_left:
                raise failure
            self.retries += 1

    async def _until_idle(self) -> None:
        deadline = self._now() + BUSY_LIMIT_S
        while await self._query() is Answer.SPEAKING:
            if self._now() >= deadline:
                raise DeviceTransient("busy", f"it has been speaking for {BUSY_LIMIT_S:g} s")
            await self._hear((Answer.IDLE,), POLL_S)

    async def _speak(self, wire: bytes, text: str) -> DeviceTransient | None:
        """None when `text` was said; a failure after which it may be sent again.

        Raises `DeviceTransient` where sending it again would not help now.
        """
        await self._drain()
        begun = self._now()
        await self._transport.write(wire, WRITE_TIMEOUT_S)
        answer = await self._hear((Answer.ACCEPTED, Answer.DAMAGED), self.profile.ack_s)
        if answer is Answer.DAMAGED:
            return DeviceTransient("garbled", "the text reached the module damaged")
        if answer is None:
            await self._settle()
            if await self._query() is Answer.SPEAKING:
                return await self._until_said(text, seen_speaking=True, since=begun)
            return DeviceTransient("timeout", "the module does not acknowledge a text")
        return await self._until_said(text, seen_speaking=False, since=self._now())

    async def _until_said(
        self, text: str, seen_speaking: bool, since: float
    ) -> DeviceTransient | None:
        begun = self._now()
        least_s = len(text) * self.profile.seconds_per_char * LEAST_SHARE
        limit_s = self._speaking_s(text)
        unanswered = 0
        while (spent := self._now() - begun) < limit_s:
            wait_s = min(POLL_S, least_s, limit_s - spent)
            answer = await self._hear((Answer.SPEAKING, Answer.IDLE, Answer.STARTED), wait_s)
            if answer is Answer.STARTED:
                return DeviceTransient("interrupted", "the module restarted while speaking")
            if answer is Answer.SPEAKING:
                seen_speaking, unanswered = True, 0
            elif answer is Answer.IDLE:
                early = self._now() - since < least_s
                if not early and (seen_speaking or not unanswered):
                    return None
                if seen_speaking:
                    return DeviceTransient("interrupted", "the module stopped in the middle")
                if unanswered:
                    return DeviceTransient("unspoken", "the module took a text and kept silent")
            elif unanswered >= SILENT_POLLS_MAX:
                await self._settle()
                raise self._silence()
            else:
                unanswered += 1
                await self._transport.write(self._frame(Command.QUERY), WRITE_TIMEOUT_S)
        # Whatever it is doing, the next text must not wait for it.
        await self._transport.write(self._frame(Command.STOP), WRITE_TIMEOUT_S)
        raise DeviceTransient("timeout", f"a text of {len(text)} characters did not end")

    async def _query(self) -> Answer:
        """`SPEAKING` or `IDLE`. Raises `DeviceTransient`."""
        self._noise = False
        for attempt in range(TRIES):
            self.retries += attempt > 0
            await self._drain()
            await self._transport.write(self._frame(Command.QUERY), WRITE_TIMEOUT_S)
            # An "accepted" before it is left out: some batches acknowledge questions, too.
            answer = await self._hear((Answer.SPEAKING, Answer.IDLE), self.profile.ack_s)
            if answer is not None:
                return answer
            await self._settle()
        raise self._silence()

    def _silence(self) -> DeviceTransient:
        if self._noise:
            return DeviceTransient("garbled", "the module answers garbage")
        return DeviceTransient("timeout", "the module does not answer")

    def _frame(self, command: Command) -> bytes:
        return self._family.encode(Frame(command))

    async def _drain(self) -> None:
        """Answers do not say to what: those on the line belong to what was asked before."""
        self._heard.clear()
        for _ in range(DRAIN_READS_MAX):
            if not await self._transport.read(0):
                return

    async def _settle(self) -> None:
        deadline = self._now() + SETTLE_ACKS * self.profile.ack_s
        while (left := deadline - self._now()) > 0:
            heard = await self._transport.read(left)
            self._noise = self._noise or not _ANSWERS.issuperset(heard)

    async def _hear(self, wanted: tuple[Answer, ...], timeout_s: float) -> Answer | None:
        """The next of the answers `wanted`, others skipped; None after `timeout_s`."""
        deadline = self._now() + timeout_s
        while True:
            while self._heard:
                byte = self._heard.pop(0)
                if byte in wanted:
                    return Answer(byte)
                self._noise = self._noise or byte not in _ANSWERS
            left = deadline - self._now()
            if left <= 0:
                return None
            self._heard += await self._transport.read(left)


_ANSWERS = frozenset(Answer)
