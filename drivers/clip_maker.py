"""Placeholder clips from espeak-ng: a complete set to begin with, sounding like a machine.

Mandarin is made from Pinyin with the voice cmn-latn-pinyin: the voice for characters reads
Pinyin it made itself as English. What each file should say in a recording stands in a list
beside the clips.
"""

from __future__ import annotations

import math
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from drivers import clips
from drivers.clips import Sound
from drivers.device import DeviceBroken
from drivers.speech import PhraseFile, recordings

PROGRAM = "espeak-ng"
ADVICE = "espeak-ng is not there: apt install espeak-ng"
ONE_CLIP_LIMIT_S = 20.0
"""It takes a tenth of a second."""
LIST_NAME = "TO-RECORD.txt"
CHIME_HZ = (988.0, 784.0)
"""B and G: the falling third of public announcements."""


def make(folder: Path, files: Iterable[PhraseFile], told: Callable[[str], None]) -> int:
    """Write the clip sets of `files` below `folder`; recordings already there are kept.

    Returns how many clips were written, telling each language as it is done. Raises
    `DeviceBroken` with words for a person: no espeak-ng, a language without its voice, no room.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise DeviceBroken("no_espeak", ADVICE)
    written, rate = 0, 0
    try:
        for file in files:
            count, rate = _language(program, folder, file)
            written += count
            told(f"{file.language} {file.name}: {count} clips")
        chime = folder / f"{clips.CHIME}.wav"
        if rate and not chime.exists():
            chime.write_bytes(clips.encode(_chime(rate)))
            written += 1
    except OSError as error:
        words = (error.strerror or "cannot be written").lower()
        raise DeviceBroken("no_room", f"{error.filename or folder}: {words}") from None
    return written


def _language(program: str, folder: Path, file: PhraseFile) -> tuple[int, int]:
    """How many clips were written, and the samples a second of the set."""
    if file.placeholder is None:
        raise DeviceBroken("no_voice", f"{file.language}: no [placeholder] voice in its file")
    (folder / file.language).mkdir(parents=True, exist_ok=True)
    wanted = recordings(file)
    written, rate = 0, 0
    for clip, words in wanted.items():
        path = clips.clip_path(folder, file.language, clip)
        if path.exists():
            continue
        spelling = file.placeholder.spelling.get(words, words)
        sound = clips.trim(_espeak(program, file.placeholder.voice, spelling))
        path.write_bytes(clips.encode(sound))
        written, rate = written + 1, sound.rate
    lines = [f"{clip}.wav\t{words}" for clip, words in wanted.items()]
    (folder / file.language / LIST_NAME).write_text("\n".join(lines) + "\n", "utf-8")
    return written, rate


def _espeak(program: str, voice: str, words: str) -> Sound:
    with tempfile.TemporaryDirectory(prefix="queued-clips-") as folder:
        out = Path(folder, "clip.wav")
        # "--": a word may begin with a dash. Into a file: on a pipe its header lies.
        command = [program, "-v", voice, "-w", str(out), "--", words]
        try:
            done = subprocess.run(
                command, check=False, capture_output=True, timeout=ONE_CLIP_LIMIT_S
            )
        except subprocess.TimeoutExpired:
            raise DeviceBroken("no_voice", f"espeak-ng hangs over {words!r}") from None
        if done.returncode != 0 or not out.exists():
            why = done.stderr.decode("utf-8", "replace").strip() or f"exit {done.returncode}"
            raise DeviceBroken("no_voice", f"espeak-ng, voice {voice}: {why}")
        return clips.read(out)


def _chime(rate: int) -> Sound:
    """Two fading tones of 0.35 s each."""
    length = rate * 35 // 100
    samples = [
        round(9000 * math.exp(-4 * index / length) * math.sin(2 * math.pi * hertz * index / rate))
        for hertz in CHIME_HZ
        for index in range(length)
    ]
    return Sound(1, 2, rate, struct.pack(f"<{len(samples)}h", *samples))
