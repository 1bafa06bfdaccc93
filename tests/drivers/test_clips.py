"""Recordings: stitched exactly, played by a real program, made by a real synthesiser."""

from __future__ import annotations

import asyncio
import io
import os
import re
import shutil
import struct
import subprocess
import sys
import time
import wave
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import __main__ as command_line
from drivers import clip_maker, clips, phrase_files
from drivers.clip_voice import ClipVoice
from drivers.clips import Sound
from drivers.device import DeviceBroken, DeviceTransient
from drivers.jobs import Configure, DeviceConfig, NotSpoken, Phrase, Say, Spoken
from drivers.ports import AlsaPort, VirtualPort, parse_port
from drivers.registry import Registry
from drivers.speech import recordings, say, sentence
from drivers.supervisor import Supervisor
from tests.drivers.fake_clock import eventually

RATE = 8000
ZH = phrase_files.load()["zh"]
CALL = say(ZH, "call", {"number": "A0105", "window": "105"}, ("yao",))


def tone(level: int, length: int = 40) -> Sound:
    """A sound that can be recognised in a longer one: samples of one level."""
    return Sound(1, 2, RATE, struct.pack("<h", level) * length)


@pytest.fixture(scope="module")
def levels() -> dict[str, int]:
    return {clip: 100 + number for number, clip in enumerate(sorted(recordings(ZH)))}


@pytest.fixture
def folder(tmp_path, levels) -> Path:
    """A complete clip set in which every clip has a level of its own."""
    (tmp_path / "clips" / "zh").mkdir(parents=True)
    for clip, level in levels.items():
        clips.clip_path(tmp_path / "clips", "zh", clip).write_bytes(clips.encode(tone(level)))
    (tmp_path / "clips" / "chime.wav").write_bytes(clips.encode(tone(32000)))
    return tmp_path / "clips"


PLAYER = """
import json, sys, time, pathlib
out = pathlib.Path(sys.argv[1])
data = sys.stdin.buffer.read()
{more}
begin = time.monotonic()
time.sleep({seconds})
with out.with_suffix(".log").open("a") as log:
    print(json.dumps([begin, time.monotonic(), *sys.argv[2:]]), file=log)
out.write_bytes((out.read_bytes() if out.exists() else b"") + data)
"""


def player(folder: Path, seconds: float = 0.0, more: str = "") -> str:
    """The command line of a program that writes what it would play into a file."""
    program = folder / "player.py"
    program.write_text(PLAYER.format(seconds=seconds, more=more), "utf-8")
    return f"{sys.executable} {program} {folder / 'played'} {{port}}"


def voice(folder: Path, **options) -> ClipVoice:
    config = DeviceConfig("voice", "clips", "", {"clips": str(folder)} | options)
    return ClipVoice(config, AlsaPort("plughw:1,0"))


def heard(wav: bytes, levels: dict[str, int]) -> list[str]:
    """The clips in a stitched sound; "" is silence, "chime" the chime."""
    names = {level: clip for clip, level in levels.items()} | {0: "", 32000: "chime"}
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        samples = struct.unpack(f"<{file.getnframes()}h", file.readframes(file.getnframes()))
    found: list[str] = []
    at = 0
    while at < len(samples):
        found.append(names[samples[at]])
        at += 40
    return found


# ── playing ───────────────────────────────────────────────────────────────────────────────


async def test_a_call_is_stitched_and_played(tmp_path, folder, levels):
    desk = voice(folder, command=player(tmp_path))
    await desk.connect()
    assert await desk.say(CALL) == "请A零幺零五号到一百零五号窗口"
    assert heard((tmp_path / "played").read_bytes(), levels) == [
        *("please", "A", "0", "1-yao", "0", "5", "number-to", "1", "100", "0", "5", "window")
    ]
    assert '"plughw:1,0"' in (tmp_path / "played.log").read_text()


async def test_gaps_and_a_chime(tmp_path, folder, levels):
    desk = voice(folder, command=player(tmp_path), gap_ms=5, chime=True)
    await desk.say(say(ZH, "test", {}))
    # 5 ms at 8 kHz are 40 samples, as long as a clip here.
    assert heard((tmp_path / "played").read_bytes(), levels) == ["chime", "", "test"]


async def test_said_is_what_was_played_to_the_end(tmp_path, folder):
    desk = voice(folder, command=player(tmp_path, seconds=0.3))
    begin = time.monotonic()
    await desk.say(CALL)
    assert time.monotonic() - begin >= 0.3
    assert (tmp_path / "played").exists()


async def test_a_virtual_card_takes_its_time_and_needs_no_player(folder):
    config = DeviceConfig("voice", "clips", "", {"clips": str(folder), "command": "/no/player"})
    desk = ClipVoice(config, VirtualPort())
    await desk.connect()
    assert await desk.say(CALL) == CALL.text


BROKEN_PLAYERS = {
    "no such card": ('sys.exit("ALSA lib: no such card")', "no such card"),
    "quiet failure": ("sys.exit(3)", "exit code 3"),
    "killed": ("import os; os.kill(os.getpid(), 9)", "exit code -9"),
}


@pytest.mark.parametrize("case", BROKEN_PLAYERS)
async def test_a_player_that_fails_is_offline(tmp_path, folder, case):
    more, words = BROKEN_PLAYERS[case]
    desk = voice(folder, command=player(tmp_path, more=more))
    with pytest.raises(DeviceTransient, match=words) as caught:
        await desk.say(CALL)
    assert caught.value.code == "offline"


async def test_a_player_that_reads_nothing_and_ends_well_did_play(tmp_path, folder):
    """`aplay` closes its input at the last sample; a broken pipe is no failure."""
    assert await voice(folder, command="true").say(CALL) == CALL.text


async def test_a_player_that_hangs_is_ended(tmp_path, folder, monkeypatch):
    monkeypatch.setattr("drivers.clip_voice.PLAYER_MARGIN_S", 0.5)
    more = f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(__import__('os').getpid()))"
    desk = voice(folder, command=player(tmp_path, seconds=60, more=more))
    with pytest.raises(DeviceTransient) as caught:
        await desk.say(CALL)
    assert caught.value.code == "timeout"
    if (tmp_path / "pid").exists():
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "pid").read_text()), 0)


async def test_a_player_that_is_not_there_is_named(folder, monkeypatch):
    with pytest.raises(DeviceBroken, match="the player /no/player is not there"):
        await voice(folder, command="/no/player").connect()
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(DeviceBroken, match="apt install alsa-utils"):
        await voice(folder).connect()


async def test_calls_of_one_card_never_overlap(tmp_path, folder):
    reports: list = []
    supervisor = Supervisor(reports.append, Registry())
    options = {"clips": str(folder), "command": player(tmp_path, seconds=0.05)}
    supervisor.obey(Configure((DeviceConfig("voice", "clips", "alsa://default", options),)))
    expires = round((time.time() + 60) * 1000)
    for number in range(5):
        phrase = Phrase("call", {"number": f"A{number:03}", "window": "3"})
        supervisor.obey(Say(f"j{number}", "voice", (phrase,), expires))
    supervisor.obey(Say("en", "voice", (Phrase("test", {}, "en"),), expires))
    await eventually(lambda: [one for one in reports if isinstance(one, NotSpoken)])
    assert [one.job for one in reports if isinstance(one, Spoken)] == [f"j{n}" for n in range(5)]
    assert [one for one in reports if isinstance(one, NotSpoken)] == [
        NotSpoken("en", "voice", "no_clip")
    ]
    spans = [eval(line) for line in (tmp_path / "played.log").read_text().splitlines()]
    assert all(a[1] <= b[0] for a, b in zip(spans, spans[1:], strict=False))
    await supervisor.stop()


async def test_a_stop_while_playing_leaves_no_player_behind(tmp_path, folder):
    more = f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(__import__('os').getpid()))"
    desk = voice(folder, command=player(tmp_path, seconds=60, more=more))
    saying = asyncio.ensure_future(desk.say(CALL))
    await eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    saying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saying
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


# ── clips that are missing or wrong ───────────────────────────────────────────────────────


def other_rate() -> bytes:
    return clips.encode(Sound(1, 2, 44100, b"\1\0" * 40))


WRONG_CLIPS = {
    "missing": (None, "no such file"),
    "empty": (b"", "not a WAV file"),
    "an MP3": (b"ID3\3" + bytes(200), "not a WAV file"),
    "cut off": (clips.encode(tone(5))[:30], "not a WAV file"),
    "no samples": (clips.encode(Sound(1, 2, RATE, b"")), "no whole sound"),
    "another rate": (other_rate(), "16 bit mono 44100 Hz, but please.wav is 16 bit mono 8000 Hz"),
    "stereo": (clips.encode(Sound(2, 2, RATE, bytes(160))), "stereo"),
    "8 bit": (clips.encode(Sound(1, 1, RATE, bytes(160))), "8 bit"),
    "huge": (bytes(clips.CLIP_BYTES_MAX + 1), "more than"),
}


@pytest.mark.parametrize("case", WRONG_CLIPS)
async def test_a_wrong_clip_is_named(tmp_path, folder, case):
    data, words = WRONG_CLIPS[case]
    path = folder / "zh" / "number-to.wav"
    path.unlink()
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(DeviceBroken, match=f"zh/number-to.wav: .*{words}") as caught:
        await voice(folder, command=player(tmp_path)).say(CALL)
    assert caught.value.code == "no_clip"
    assert not (tmp_path / "played").exists()


@given(st.binary(max_size=300), st.booleans())
def test_any_file_is_a_clip_or_refused(tmp_path_factory, data, with_head):
    path = tmp_path_factory.mktemp("clip") / "a.wav"
    path.write_bytes(clips.encode(tone(5))[:44] + data if with_head else data)
    try:
        sound = clips.read(path)
    except DeviceBroken as error:
        assert error.code == "no_clip"
        return
    assert sound.seconds > 0


SOUNDS = st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=8)


@given(SOUNDS, st.sampled_from([(1, 1), (1, 2), (2, 2), (1, 3)]), st.integers(0, 100))
def test_stitching_loses_nothing(parts, shape, gap_ms):
    channels, width = shape
    sounds = [Sound(channels, width, 1000, part * channels * width) for part in parts]
    whole = clips.stitch([(Path("a.wav"), sound) for sound in sounds], gap_ms)
    gaps = (len(sounds) - 1) * gap_ms / 1000
    assert whole.seconds == pytest.approx(sum(sound.seconds for sound in sounds) + gaps)
    assert whole.frames.startswith(sounds[0].frames) and whole.frames.endswith(sounds[-1].frames)
    with wave.open(io.BytesIO(clips.encode(whole))) as file:
        assert file.readframes(file.getnframes()) == whole.frames


def test_silence_at_the_ends_is_trimmed():
    quiet, loud = b"\1\0" * 50, struct.pack("<h", 5000) * 30
    assert clips.trim(Sound(1, 2, RATE, quiet + loud + quiet)).frames == loud
    assert clips.trim(Sound(2, 2, RATE, quiet + loud + quiet)).frames == loud
    assert clips.trim(Sound(1, 2, RATE, quiet)).frames == quiet


def test_a_free_sentence_has_no_recording(folder):
    assert voice(folder).missing(sentence("zh", "请保持安静"))
    assert not voice(folder).missing(CALL)


# ── ports ─────────────────────────────────────────────────────────────────────────────────

CARDS = {
    "alsa://default": "default",
    "alsa://plughw:1,0": "plughw:1,0",
    "alsa://plughw:CARD=Device,DEV=0": "plughw:CARD=Device,DEV=0",
}


@pytest.mark.parametrize("url", CARDS)
def test_a_sound_card_is_named_as_aplay_names_it(url):
    assert parse_port(url, 0, 9600) == AlsaPort(CARDS[url])


@pytest.mark.parametrize(
    "url", ["alsa://", "alsa:///dev/snd", "alsa://-D", "alsa://a b", "alsa://x?y=1", "alsa://$(x)"]
)
def test_what_is_no_sound_card_is_refused(url):
    with pytest.raises(DeviceBroken) as caught:
        parse_port(url, 0, 9600)
    assert caught.value.code == "bad_port"


# ── making placeholders ───────────────────────────────────────────────────────────────────


def test_without_espeak_the_way_to_get_it_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command_line.main(["make-clips", str(tmp_path / "clips")]) == 2
    assert "apt install espeak-ng" in capsys.readouterr().err
    assert not (tmp_path / "clips").exists()


def test_a_language_without_phrases_is_refused(tmp_path, capsys):
    assert command_line.main(["make-clips", str(tmp_path), "tlh"]) == 2
    assert "no phrases in 'tlh'" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs espeak-ng")
async def test_a_set_made_by_espeak_can_call_and_keeps_recordings(tmp_path, capsys):
    folder = tmp_path / "clips"
    (folder / "zh").mkdir(parents=True)
    recorded = clips.encode(Sound(1, 2, 22050, struct.pack("<h", 9) * 500))
    (folder / "zh" / "please.wav").write_bytes(recorded)
    assert command_line.main(["make-clips", str(folder), "zh"]) == 0
    assert "clips written" in capsys.readouterr().out
    assert (folder / "zh" / "please.wav").read_bytes() == recorded
    listed = (folder / "zh" / clip_maker.LIST_NAME).read_text("utf-8")
    assert "1-yao.wav\t幺" in listed
    for clip in recordings(ZH):
        assert clips.read(clips.clip_path(folder, "zh", clip)).seconds > 0.02
    await voice(folder, command=player(tmp_path), chime=True).say(CALL)
    with wave.open(io.BytesIO((tmp_path / "played").read_bytes())) as file:
        assert 2 < file.getnframes() / file.getframerate() < 12


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs espeak-ng")
def test_no_word_of_the_mandarin_set_is_read_as_english():
    # The voice for characters spells Pinyin in English ("king three"); this one must not.
    placeholder = phrase_files.load(None)["zh"].placeholder
    assert placeholder is not None
    command = ["espeak-ng", "-v", placeholder.voice, "-q", "-x"]
    for word, spelling in placeholder.spelling.items():
        told = subprocess.run([*command, spelling], capture_output=True, text=True, check=True)
        assert "(en)" not in told.stdout, word
        assert re.search("[1-5]", told.stdout), f"{word} has no tone: {told.stdout}"


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs espeak-ng")
def test_a_voice_espeak_does_not_have_is_named(tmp_path):
    # Not "no-…": espeak-ng falls back to the first part of a name, and "no" is Norwegian.
    zh_text = (phrase_files.BUILT_IN / "zh.toml").read_bytes()
    file = phrase_files.parse(zh_text.replace(b'"cmn-latn-pinyin"', b'"qqq"'), "zh.toml")
    with pytest.raises(DeviceBroken, match="voice qqq: .*does not exist"):
        clip_maker.make(tmp_path, [file], lambda _: None)
