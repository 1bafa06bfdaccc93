"""A set of recordings: complete and even, or each flaw by its name."""

from __future__ import annotations

import math
import random
import struct

import pytest

from drivers import clip_check, clips, phrase_files
from drivers.__main__ import main
from drivers.clips import Sound
from drivers.speech import recordings

ZH = phrase_files.load()["zh"]
RATE = 22_050


def tone(seconds: float = 0.2, level: float = 8000, rate: int = RATE) -> Sound:
    samples = [
        round(max(-32768, min(32767, level * math.sin(2 * math.pi * 440 * at / rate))))
        for at in range(round(seconds * rate))
    ]
    return Sound(1, 2, rate, struct.pack(f"<{len(samples)}h", *samples))


def with_silence(before_ms: int, after_ms: int) -> Sound:
    before, after = (bytes(2 * (RATE * ms // 1000)) for ms in (before_ms, after_ms))
    return Sound(1, 2, RATE, before + tone().frames + after)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    (folder / "zh").mkdir()
    data = clips.encode(tone())
    for clip in recordings(ZH):
        clips.clip_path(folder, "zh", clip).write_bytes(data)
    return folder


@pytest.fixture
def put(good):
    """Puts another recording in the place of 请, and the good one back."""
    path = clips.clip_path(good, "zh", "please")
    before = path.read_bytes()
    yield path.write_bytes
    path.write_bytes(before)


def found(folder) -> list[tuple[str, str]]:
    return [(one.code, one.clip) for one in clip_check.check(folder, [ZH]).problems]


def test_a_good_set_has_nothing_to_say(good, capsys):
    verdict = clip_check.check(good, [ZH])
    assert (verdict.count, verdict.problems) == (len(recordings(ZH)), ())
    assert main(["check-clips", str(good), "zh", "--language", "en"]) == 0
    assert "16 bit, 1 ch, 22050 Hz" in capsys.readouterr().out


FLAWS = {
    "clipped": tone(level=60_000),
    "head": with_silence(200, 0),
    "tail": with_silence(0, 200),
    "quiet": tone(level=1500),
    "loud": tone(level=30_000),
    "empty": Sound(1, 2, RATE, bytes(8000)),
    "format": Sound(2, 2, RATE, tone().frames),
    "rate": tone(rate=8000),
    "width": Sound(1, 1, RATE, b"\x80\x90" * 4000),
}


@pytest.mark.parametrize("code", FLAWS)
def test_each_flaw_has_its_name(good, put, code):
    put(clips.encode(FLAWS[code]))
    # What is clipped is too loud as well.
    assert (code, "zh/please.wav") in found(good)
    assert {clip for _, clip in found(good)} == {"zh/please.wav"}


def test_a_little_silence_is_no_flaw(good, put):
    put(clips.encode(with_silence(60, 60)))
    assert found(good) == []


def test_a_missing_clip_is_named_with_its_words(good, capsys):
    path = clips.clip_path(good, "zh", "window")
    data = path.read_bytes()
    path.unlink()
    try:
        assert main(["check-clips", str(good), "zh", "--language", "zh"]) == 1
        assert "zh/window.wav：缺少，要念“号窗口”" in capsys.readouterr().out
    finally:
        path.write_bytes(data)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_no_recording_is_named(good, put, seed):
    put(random.Random(seed).randbytes(300))
    assert found(good) == [("unreadable", "zh/please.wav")]


def test_an_empty_folder_lacks_everything(tmp_path):
    assert len(found(tmp_path)) == len(recordings(ZH))


def test_wrong_use(tmp_path, capsys):
    assert main(["check-clips", str(tmp_path / "none"), "--language", "en"]) == 2
    assert main(["check-clips", str(tmp_path), "tlh", "--language", "en"]) == 2
    assert "not a folder" in capsys.readouterr().err


def test_the_list_for_the_studio_comes_from_the_phrases(capsys):
    assert main(["clip-list", "zh", "--language", "zh"]) == 0
    out = capsys.readouterr().out
    assert "普通话：46 个" in out
    for clip, words in recordings(ZH).items():
        assert f"zh/{clip}.wav\t{words}" in out
