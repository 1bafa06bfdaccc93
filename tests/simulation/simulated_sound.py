"""What is heard in the simulated hall without a module: a sound card, and a page that speaks.

The clips of the card are tones of their own, so that what it played can be told from the very
samples it got. The page does what `display/static/js/speaker.js` does, one sentence at a time.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from drivers import clips
from drivers.clips import Sound
from drivers.device import DeviceTransient
from queued.server.speakers import SILENCED, Speakers

WORDS = (
    *map(chr, range(ord("A"), ord("Z") + 1)),
    *(str(digit) for digit in range(10)),
    *("1-yao", "10", "100", "1000", "please", "number-to", "number-hurry-to", "window"),
)
"""Every clip of a call in Mandarin."""
RATE = 8000
WORD_SAMPLES = RATE // 4
GAP_MS = 20
HANGS_S = 10.0
CHAR_S = 0.2

CardTrouble = Literal["", "fails", "fails midway", "hangs"]
PageTrouble = Literal["", "closed", "blocked", "mute", "interrupted", "language"]


def make_clips(folder: Path) -> Path:
    """A set of recordings, each a level no other has."""
    (folder / "zh").mkdir(parents=True)
    for level, word in enumerate(WORDS, 1):
        frames = struct.pack("<h", level * 100) * WORD_SAMPLES
        sound = Sound(1, 2, RATE, frames)
        clips.clip_path(folder, "zh", word).write_bytes(clips.encode(sound))
    return folder


def words_in(wav: bytes) -> tuple[str, ...]:
    """What somebody hears in a file made of such clips."""
    samples = memoryview(wav[44:]).cast("h")
    heard, at = [], 0
    while at < len(samples):
        if samples[at]:
            heard.append(WORDS[samples[at] // 100 - 1])
            at += WORD_SAMPLES
        else:
            at += RATE * GAP_MS // 1000
    return tuple(heard)


@dataclass
class SimulatedCard:
    """A sound card and its player. `played`: words somebody heard to the end; `overlaps`: twice
    two at a time."""

    trouble: CardTrouble = ""
    played: Callable[[tuple[str, ...]], None] = lambda words: None
    overlaps: int = 0
    _playing: bool = False

    def check(self) -> None:
        """The program is there."""

    async def play(self, wav: bytes, seconds: float) -> None:
        """As `drivers.clip_voice.Player`."""
        self.overlaps += self._playing
        self._playing = True
        try:
            if self.trouble == "hangs":
                await asyncio.sleep(seconds + HANGS_S)
                raise DeviceTransient("timeout", "the simulated player hangs")
            await asyncio.sleep(seconds / 2 if self.trouble else seconds)
            if self.trouble:
                raise DeviceTransient("offline", "the simulated player failed")
        finally:
            self._playing = False
        self.played(words_in(wav))


@dataclass
class SimulatedPage:
    """A board that speaks for `device`. `said`: a text somebody heard to the end."""

    device: str
    speakers: Speakers
    said: Callable[[str], None]
    trouble: PageTrouble = ""
    _leave: Callable[[], None] | None = None
    _job: str = ""
    _last: tuple[str, bool, str] = ("", False, "")
    _speaking: asyncio.Task[None] | None = None
    _ended: set[asyncio.Task[None]] = field(default_factory=set)

    def open(self) -> None:
        """The page is loaded: it owns the voice."""
        self._last = ("", False, "")
        self.connect()

    def connect(self) -> None:
        """Its stream is there, for the first time or again."""
        self._leave = self.speakers.attend(self.device, self.deliver)

    def disconnect(self) -> None:
        """The stream breaks; what is being said goes on."""
        if self._leave is not None:
            self._leave()
            self._leave = None

    def close(self) -> None:
        """The page is gone in the middle of a word."""
        self._drop()
        self.disconnect()

    def deliver(self, frame: bytes) -> bool:
        """An event of the stream; False if nobody reads."""
        if self._leave is None and self.trouble == "closed":
            return False
        if frame == SILENCED:
            self._drop()
            return True
        sentence = json.loads(frame.split(b"data: ", 1)[1])
        job, text = sentence["job"], sentence["text"]
        if job == self._job:
            return True
        if job == self._last[0]:
            self._tell(*self._last)
            return True
        self._drop()
        self._job = job
        self._speaking = asyncio.ensure_future(self._speak(job, text, sentence["limit_s"]))
        self._ended.add(self._speaking)
        self._speaking.add_done_callback(self._ended.discard)
        return True

    async def _speak(self, job: str, text: str, limit_s: float) -> None:
        whole_s = len(text) * CHAR_S
        if self.trouble in ("blocked", "mute"):
            await asyncio.sleep(limit_s - 1)
            if self.trouble == "blocked":
                self._end(job, False, "blocked")
        elif self.trouble in ("interrupted", "language"):
            await asyncio.sleep(whole_s / 3)
            self._end(job, False, self.trouble)
        else:
            await asyncio.sleep(whole_s)
            self.said(text)
            self._end(job, True, "")

    def _end(self, job: str, ok: bool, reason: str) -> None:
        self._job, self._last = "", (job, ok, reason)
        self._tell(job, ok, reason)

    def _tell(self, job: str, ok: bool, reason: str) -> None:
        # The word goes over HTTP, whatever the stream does.
        loop = asyncio.get_running_loop()
        loop.call_later(0.01, self.speakers.said, self.device, job, ok, reason)

    def _drop(self) -> None:
        self._job = ""
        if self._speaking is not None:
            self._speaking.cancel()
