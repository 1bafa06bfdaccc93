"""Options of a voice, checked. Pure but for the phrase files it reads.

    ones              yao | yi     how the 1 of a ticket number is read in Mandarin (yao)
    languages         "zh,en"      what this voice speaks; a phrase in another is left out
    phrases           /folder      a site's own phrase files
    quiet             "22:00-07:00, 12:30-13:30"    nothing is said then
    timezone          Asia/Shanghai                 of `quiet`; the machine's if missing
    repeat_pause_s    0 … 10       between two repetitions

The modules syn6288 and xfs5152:

    volume            0 … 16 (syn6288), 0 … 10 (xfs5152)
    speed             0 … 5 (syn6288), 0 … 10 (xfs5152)
    pitch, speaker    0 … 10; 3, 51 … 55            xfs5152 only
    ack_s             0.02 … 10    how long an answer may take
    seconds_per_char  0.05 … 2     how long a spoken character may take

A page that speaks, kind browser (`browser_voice.py`):

    rate              0.5 … 2      its speed
    seconds_per_char  0.05 … 2     how long a spoken character may take at rate 1

Recordings, kind clips:

    clips             /folder      zh/please.wav …, see `clips.py`
    command           "aplay -q -D {port} -"        plays a WAV file from its standard input
    gap_ms            0 … 1000     silence between two clips
    chime             true | false first chime.wav of the folder
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

from drivers import quiet_hours
from drivers.device import DeviceBroken
from drivers.phrase_files import load
from drivers.quiet_hours import QuietHours
from drivers.speech import BadPhraseFile, PhraseFile
from drivers.syn6288 import SYN6288
from drivers.voice_frames import Family
from drivers.xfs5152 import XFS5152

Option: TypeAlias = str | int | float | bool

FAMILIES: Mapping[str, Family] = {"syn6288": SYN6288, "xfs5152": XFS5152}
LANGUAGES: Mapping[str, tuple[str, ...]] = {
    "syn6288": ("zh",), "xfs5152": ("zh", "en"), "browser": ("zh", "en"),
}  # fmt: skip
"""What the modules pronounce, and most browsers; clips speak whatever was recorded."""
TAGS: Mapping[str, Mapping[str, str]] = {
    "syn6288": {"volume": "v", "speed": "t"},
    "xfs5152": {"volume": "v", "speed": "s", "pitch": "t", "speaker": "m"},
}
"""Options that go into the text as settings of the module."""
SECONDS: Mapping[str, tuple[float, float]] = {
    "ack_s": (0.02, 10),
    "seconds_per_char": (0.05, 2),
    "repeat_pause_s": (0, 10),
    "rate": (0.5, 2),
}
GAP_MS_MAX = 1000
PLAYER = "aplay -q -D {port} -"

ANY_VOICE = frozenset({"ones", "languages", "phrases", "quiet", "timezone", "repeat_pause_s"})
MODULES = frozenset({"ack_s", "seconds_per_char"})
CLIPS = frozenset({"clips", "command", "gap_ms", "chime"})
BROWSER = frozenset({"rate", "seconds_per_char"})


@dataclass(frozen=True, slots=True)
class VoiceProfile:
    """Checked options of one voice. `languages` empty: all it has phrases for."""

    files: Mapping[str, PhraseFile]
    languages: tuple[str, ...]
    ones: str = "yao"
    quiet: QuietHours = QuietHours()
    repeat_pause_s: float = 1.0
    settings: str = ""
    """Settings of a module in front of every text: "[v8][t3]"."""
    ack_s: float = 1.0
    seconds_per_char: float = 0.3
    rate: float = 1.0
    clips: Path | None = None
    command: str = PLAYER
    gap_ms: int = 0
    chime: bool = False


def profile_of(kind: str, options: Mapping[str, Option]) -> VoiceProfile:
    """Checks a voice's options and reads its phrases. Raises `DeviceBroken` (`bad_option`)."""
    own = {"clips": CLIPS, "browser": BROWSER}.get(kind) or MODULES | TAGS[kind].keys()
    known = ANY_VOICE | own
    for name in options:
        if name not in known:
            raise DeviceBroken(
                "bad_option", f"option {name!r} of a {kind}: there are {', '.join(sorted(known))}"
            )
    files = _files(options)
    profile = VoiceProfile(
        files,
        languages=_languages(kind, options, files),
        ones=_one_of(options, "ones", "yao", ("yao", "yi")),
        quiet=quiet_of(options),
        repeat_pause_s=_seconds(options, "repeat_pause_s", 1.0),
        settings=_settings(kind, options),
        ack_s=_seconds(options, "ack_s", 1.0),
        seconds_per_char=_seconds(options, "seconds_per_char", 0.3),
        rate=_seconds(options, "rate", 1.0),
        clips=_folder(options, "clips"),
        command=_command(options),
        gap_ms=_whole(options, "gap_ms", 0, frozenset(range(GAP_MS_MAX + 1))),
        chime=_flag(options, "chime"),
    )
    if kind == "clips" and profile.clips is None:
        raise DeviceBroken("bad_option", "option clips is missing: the folder of the recordings")
    return profile


def quiet_of(options: Mapping[str, Option]) -> QuietHours:
    """The quiet hours alone. Raises `DeviceBroken` (`bad_option`)."""
    name = _text(options, "timezone")
    try:
        zone = ZoneInfo(name) if name else None
    except (OSError, ValueError, KeyError):  # the last is what an unknown zone raises
        raise _bad("timezone", name, "a zone such as Asia/Shanghai") from None
    try:
        return quiet_hours.parse(_text(options, "quiet"), zone)
    except ValueError as error:
        raise DeviceBroken("bad_option", f"option quiet: {error}") from None


def _files(options: Mapping[str, Option]) -> Mapping[str, PhraseFile]:
    try:
        return load(_folder(options, "phrases"))
    except BadPhraseFile as error:
        raise DeviceBroken("bad_option", f"option phrases: {error}") from None


def _languages(
    kind: str, options: Mapping[str, Option], files: Mapping[str, PhraseFile]
) -> tuple[str, ...]:
    text = _text(options, "languages")
    if not text:
        return LANGUAGES.get(kind, tuple(files))
    languages = tuple(part.strip() for part in text.split(","))
    for language in languages:
        if language not in files:
            raise _bad("languages", text, f"of {', '.join(files)}, separated by commas")
    return languages


def _settings(kind: str, options: Mapping[str, Option]) -> str:
    found = ""
    for name, tag in TAGS.get(kind, {}).items():
        if name in options:
            found += f"[{tag}{_whole(options, name, 0, FAMILIES[kind].tags[tag])}]"
    return found


def _command(options: Mapping[str, Option]) -> str:
    command = _text(options, "command") or PLAYER
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise _bad("command", command, f"a command line ({error})") from None
    if not words:
        raise _bad("command", command, "a command line")
    return command


def _folder(options: Mapping[str, Option], name: str) -> Path | None:
    text = _text(options, name)
    if not text:
        return None
    if not text.startswith("/") or "\0" in text:
        raise _bad(name, text, "the absolute path of a folder")
    return Path(text)


def _text(options: Mapping[str, Option], name: str) -> str:
    value = options.get(name, "")
    if not isinstance(value, str):
        raise _bad(name, value, "a text")
    return value


def _flag(options: Mapping[str, Option], name: str) -> bool:
    value = options.get(name, False)
    if not isinstance(value, bool):
        raise _bad(name, value, "true or false")
    return value


def _one_of(
    options: Mapping[str, Option], name: str, default: str, allowed: tuple[str, ...]
) -> str:
    value = options.get(name, default)
    if not isinstance(value, str) or value not in allowed:
        raise _bad(name, value, f"one of {', '.join(allowed)}")
    return value


def _whole(options: Mapping[str, Option], name: str, default: int, allowed: frozenset[int]) -> int:
    value = options.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
        if len(allowed) == max(allowed) + 1:
            raise _bad(name, value, f"a whole number from 0 to {max(allowed)}")
        raise _bad(name, value, f"one of {', '.join(map(str, sorted(allowed)))}")
    return value


def _seconds(options: Mapping[str, Option], name: str, default: float) -> float:
    value = options.get(name, default)
    low, high = SECONDS[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise _bad(name, value, f"a number from {low:g} to {high:g}")
    return float(value)


def _bad(name: str, value: Option, allowed: str) -> DeviceBroken:
    return DeviceBroken("bad_option", f"option {name} = {value!r} of a voice: {allowed}")
