"""Is a set of recordings complete and good? Listens to nothing, measures everything.

What makes a stitched sentence sound wrong: a missing word, another format, a clip cut off at full
scale, silence at its ends (the sentence limps), one word louder than the others.
"""

from __future__ import annotations

import math
import statistics
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from drivers import clips
from drivers.clips import Sound
from drivers.device import DeviceBroken
from drivers.speech import PhraseFile, recordings

RATE_MIN = 16_000
"""Below that s, sh and x are one sound."""
SILENT_BELOW = 200
"""Of 32,768: -44 dB, the floor of a quiet room; as `clips.trim` has it."""
SILENCE_MS_MAX = 80
"""At either end: a mouth opens in less."""
FULL_SCALE = 32_700
CLIPPED_RUN = 4
"""So many samples at full scale in a row are a flat top; a single one may be a loud s."""
LOUDER_DB_MAX = 8.0
"""From the middle of the set. By nature words differ by 6 (in the placeholders "二" does); what is
beyond everybody hears."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a clip: `code` is a key of [clip] in the technician's words."""

    code: str
    clip: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of a whole set. `usual`: the format that most clips have, in words."""

    count: int
    usual: str
    problems: tuple[Problem, ...]


def check(folder: Path, files: Iterable[PhraseFile], chime: bool = False) -> Verdict:
    """Look at every clip that `files` need. Never raises for what is in the folder."""
    wanted = {
        f"{file.language}/{clip}.wav": words
        for file in files
        for clip, words in recordings(file).items()
    }
    if chime:
        wanted[f"{clips.CHIME}.wav"] = "♪"
    sounds: dict[str, Sound] = {}
    problems = []
    for name, words in wanted.items():
        path = folder / name
        if not path.exists():
            problems.append(Problem("missing", name, {"words": words}))
            continue
        try:
            sounds[name] = clips.read(path)
        except DeviceBroken as error:
            problems.append(Problem("unreadable", name, {"why": str(error)}))
    usual = Counter(sound.format for sound in sounds.values()).most_common(1)
    for name, sound in sounds.items():
        problems += _format(name, sound, usual[0][0])
    problems += _levels({name: one for name, one in sounds.items() if one.width == 2})
    return Verdict(len(sounds), _words(usual[0][0]) if usual else "-", tuple(problems))


def needed(files: Iterable[PhraseFile]) -> Iterator[tuple[PhraseFile, Mapping[str, str]]]:
    """Each language with its clips: file name → the words to say."""
    for file in files:
        yield file, {f"{clip}.wav": words for clip, words in recordings(file).items()}


def _format(name: str, sound: Sound, usual: tuple[int, int, int]) -> Iterator[Problem]:
    if sound.width != 2:
        yield Problem("width", name, {"bits": sound.width * 8})
    elif sound.rate < RATE_MIN:
        yield Problem("rate", name, {"rate": sound.rate, "least": RATE_MIN})
    elif sound.format != usual:
        facts = {"found": _words(sound.format), "usual": _words(usual)}
        yield Problem("format", name, facts)


def _levels(sounds: Mapping[str, Sound]) -> Iterator[Problem]:
    """Silence, flat tops, and clips louder or quieter than the middle of the set."""
    loudness = {}
    for name, sound in sounds.items():
        samples = struct.unpack(f"<{len(sound.frames) // 2}h", sound.frames)
        heard = [at for at, sample in enumerate(samples) if abs(sample) >= SILENT_BELOW]
        if not heard:
            yield Problem("empty", name)
            continue
        yield from _ends(name, sound, len(samples), heard)
        if flat := _flat_tops(samples):
            yield Problem("clipped", name, {"times": flat})
        loudness[name] = _decibels(samples[heard[0] : heard[-1] + 1])
    middle = statistics.median(loudness.values()) if loudness else 0.0
    for name, level in loudness.items():
        if abs(level - middle) > LOUDER_DB_MAX:
            code = "loud" if level > middle else "quiet"
            yield Problem(code, name, {"db": round(abs(level - middle))})


def _ends(name: str, sound: Sound, count: int, heard: Sequence[int]) -> Iterator[Problem]:
    samples_a_ms = sound.rate * sound.channels / 1000
    for code, silent in (("head", heard[0]), ("tail", count - 1 - heard[-1])):
        if silent > SILENCE_MS_MAX * samples_a_ms:
            yield Problem(code, name, {"ms": round(silent / samples_a_ms)})


def _flat_tops(samples: Sequence[int]) -> int:
    tops, run = 0, 0
    for sample in samples:
        run = run + 1 if abs(sample) >= FULL_SCALE else 0
        tops += run == CLIPPED_RUN
    return tops


def _decibels(samples: Sequence[int]) -> float:
    power = sum(sample * sample for sample in samples) / len(samples)
    return 10 * math.log10(power / 32768**2)


def _words(format_: tuple[int, int, int]) -> str:
    channels, width, rate = format_
    return f"{width * 8} bit, {channels} ch, {rate} Hz"
