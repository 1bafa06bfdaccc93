"""Recordings of words, stitched into sentences.

A clip set is a folder with a folder for each language:

    clips/chime.wav                 the signal before a call, if the option `chime` is on
    clips/zh/please.wav             请
    clips/zh/A.wav … Z.wav          the letters
    clips/zh/0.wav … 9.wav          零 … 九, and 1-yao.wav: 幺
    clips/zh/10.wav 100.wav 1000.wav    十 百 千
    clips/zh/number-to.wav          号到
    clips/zh/window.wav             号窗口

`python -m drivers make-clips FOLDER` writes such a set with a computer's voice, complete and
ready to be replaced clip by clip, and beside it for each language a list of what to record.

How to record a set: one speaker, one room with curtains, one distance to the microphone, one
afternoon. Record whole sentences ("请 A 零 幺 零 五 号到 三 号窗口"), each word three times, and
cut out the one from the middle: words read off a list fall at the end and sound like a list.
Leave no silence at either end (`gap_ms` adds it), bring all to the same loudness, save as WAV,
16 bit, mono, 22,050 Hz or more. All clips of a set must have the same format.
"""

from __future__ import annotations

import io
import struct
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from drivers.device import DeviceBroken

CLIP_BYTES_MAX = 4 << 20
"""Twenty seconds at 48 kHz in stereo: a closing announcement."""
CHIME = "chime"


@dataclass(frozen=True, slots=True)
class Sound:
    """Samples and their format: channels, bytes a sample, samples a second."""

    channels: int
    width: int
    rate: int
    frames: bytes

    @property
    def format(self) -> tuple[int, int, int]:
        """What must be equal for two sounds to be stitched."""
        return self.channels, self.width, self.rate

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return len(self.frames) / (self.channels * self.width * self.rate)


def clip_path(folder: Path, language: str, clip: str) -> Path:
    """Where a clip lies."""
    return folder / language / f"{clip}.wav"


def read(path: Path) -> Sound:
    """A WAV file. Raises `DeviceBroken` (`no_clip`) naming the file and what is wrong."""
    try:
        with path.open("rb") as stream:
            data = stream.read(CLIP_BYTES_MAX + 1)
    except OSError as error:
        raise _bad(path, (error.strerror or "unreadable").lower()) from None
    if len(data) > CLIP_BYTES_MAX:
        raise _bad(path, f"more than {CLIP_BYTES_MAX} bytes")
    try:
        with wave.open(io.BytesIO(data)) as file:
            sound = Sound(
                file.getnchannels(),
                file.getsampwidth(),
                file.getframerate(),
                file.readframes(file.getnframes()),
            )
    except (wave.Error, EOFError, ValueError, RuntimeError, OverflowError) as error:
        raise _bad(path, f"not a WAV file of plain samples ({error or 'cut off'})") from None
    block = sound.channels * sound.width
    if not sound.frames or not block or not sound.rate or len(sound.frames) % block:
        raise _bad(path, "no whole sound in it")
    return sound


def stitch(sounds: Sequence[tuple[Path, Sound]], gap_ms: int = 0) -> Sound:
    """One sound after the other, `gap_ms` of silence between any two.

    Raises `DeviceBroken` (`no_clip`) when two formats differ, naming the file.
    """
    first_path, first = sounds[0]
    # Samples of one byte are unsigned: their silence is the middle, not zero.
    zero = b"\x80" if first.width == 1 else b"\0"
    silence = zero * (first.rate * gap_ms // 1000 * first.channels * first.width)
    for path, sound in sounds:
        if sound.format != first.format:
            raise _bad(path, f"{_words(sound)}, but {first_path.name} is {_words(first)}")
    frames = silence.join(sound.frames for _, sound in sounds)
    return Sound(*first.format, frames)


def encode(sound: Sound) -> bytes:
    """A WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(sound.channels)
        out.setsampwidth(sound.width)
        out.setframerate(sound.rate)
        out.writeframes(sound.frames)
    return file.getvalue()


def trim(sound: Sound, loud: int = 200) -> Sound:
    """`sound` without the silence at its ends; 16-bit samples below `loud` are silence."""
    if sound.width != 2:
        return sound
    block = sound.channels * 2
    samples = struct.unpack(f"<{len(sound.frames) // 2}h", sound.frames)
    heard = [index for index, sample in enumerate(samples) if abs(sample) >= loud]
    if not heard:
        return sound
    begin = heard[0] * 2 // block * block
    end = (heard[-1] * 2 // block + 1) * block
    return Sound(*sound.format, sound.frames[begin:end])


def _words(sound: Sound) -> str:
    channels = {1: "mono", 2: "stereo"}.get(sound.channels, f"{sound.channels} channels")
    return f"{sound.width * 8} bit {channels} {sound.rate} Hz"


def _bad(path: Path, why: str) -> DeviceBroken:
    return DeviceBroken("no_clip", f"clip {path.parent.name}/{path.name}: {why}")
