"""What the elder mode says can be said: by a real voice, all of it, in every language."""

from __future__ import annotations

import array
import io
import shutil
import subprocess
import wave
from itertools import pairwise

import pytest

from display import i18n

VOICES = {"zh": "cmn", "en": "en-us", "ko": "ko"}
"""Of espeak-ng, the voice of a kiosk that has no better one."""

FACTS = {"number": "A 0 1 7", "n": 6}

LEAST_S, MOST_S = 0.8, 20.0
"""Shorter is no sentence; nobody listens longer."""

SOUND = 200
"""Root mean square of 16 bits; a voice is above a thousand."""

needs_a_voice = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs espeak-ng")


def prompts(language: str) -> dict[str, str]:
    """Every sentence of the kiosk that is only spoken."""
    texts = i18n.load(language)  # type: ignore[arg-type]
    keys = [key for key in texts.names() if key.startswith("kiosk.say_")]
    return {key: texts.text(key, **FACTS) for key in sorted(keys)}


def said(text: str, voice: str) -> tuple[float, int]:
    """How long it takes in seconds, and how loud it is."""
    command = ["espeak-ng", "-v", voice, "-s", "150", "--stdout", text]
    made = subprocess.run(command, capture_output=True, check=True, timeout=20).stdout
    with wave.open(io.BytesIO(made)) as sound:
        frames = sound.readframes(1 << 24)
        rate = sound.getframerate()
        assert (sound.getsampwidth(), sound.getnchannels()) == (2, 1)
    samples = array.array("h", frames)
    if not samples:
        return 0.0, 0
    return len(samples) / rate, round((sum(one * one for one in samples) / len(samples)) ** 0.5)


def test_every_screen_has_a_prompt_in_every_language():
    assert set(VOICES) == set(i18n.LANGUAGES)
    for language in i18n.LANGUAGES:
        keys = set(prompts(language))
        assert {f"kiosk.say_{name}" for name in
                ("choose", "list", "find", "confirm", "priority", "checkin", "result",
                 "result_first", "failed", "rest", "closed", "card")} <= keys  # fmt: skip


@needs_a_voice
@pytest.mark.parametrize("language", VOICES)
def test_a_prompt_is_heard_and_not_too_long(language):
    for key, text in prompts(language).items():
        seconds, loudness = said(text, VOICES[language])
        assert LEAST_S < seconds < MOST_S, f"{language} {key}: {seconds:.1f} s"
        assert loudness > SOUND, f"{language} {key} is silent"


@needs_a_voice
@pytest.mark.parametrize("language", VOICES)
def test_nothing_of_a_number_is_left_unsaid(language):
    voice = VOICES[language]
    lengths = [said(number, voice)[0] for number in ("A", "A 0", "A 0 1", "A 0 1 7")]
    assert all(shorter + 0.15 < longer for shorter, longer in pairwise(lengths))


@needs_a_voice
def test_what_cannot_be_said_is_noticed():
    seconds, loudness = said("。，", "cmn")
    assert seconds < LEAST_S or loudness < SOUND
