"""Which reader turns a kind's bytes to words: one table, and the short readers themselves. Pure.

Readers of printers are in `escpos_words.py`, of strips in `strip_words.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from drivers import hallpad68, sam
from drivers import voice_frames as voice
from drivers.device import DeviceBroken
from drivers.frames import Word
from drivers.jobs import DeviceConfig
from drivers.tap import Describer

SPOKEN: Mapping[voice.Command, str] = {
    voice.Command.STOP: "stop_speaking",
    voice.Command.PAUSE: "pause_speaking",
    voice.Command.RESUME: "resume_speaking",
    voice.Command.QUERY: "ask_alive",
    voice.Command.POWER_DOWN: "power_down",
    voice.Command.WAKE: "wake",
}
SAID: Mapping[int, Word] = {
    voice.Answer.ACCEPTED: Word("accepted"),
    voice.Answer.DAMAGED: Word("damaged"),
    voice.Answer.STARTED: Word("started"),
    voice.Answer.SPEAKING: Word("speaking"),
    voice.Answer.IDLE: Word("idle"),
}


class VoiceWords:
    """Voice modules."""

    def __init__(self, family: voice.Family) -> None:
        self._out = voice.Decoder(family)

    def out(self, data: bytes) -> list[Word]:
        """Texts and commands."""
        return [_spoken(item) for item in self._out.feed(data)]

    def heard(self, data: bytes) -> list[Word]:
        """A byte an answer."""
        return [SAID.get(byte) or Word("garbage", f"{byte:02X}") for byte in data]


def _spoken(item: voice.Frame | voice.Flaw) -> Word:
    if isinstance(item, voice.Flaw):
        return Word("garbage", item.reason)
    if item.command is not voice.Command.SPEAK:
        return Word(SPOKEN[item.command])
    encoding = voice.Encoding(item.data[0] & 3) if item.data else voice.Encoding.GBK
    return Word("speak", item.data[1:].decode(voice.CODECS[encoding], "replace"))


@dataclass(slots=True)
class PadWords:
    """Call pads and evaluators, also those of others on the same wires."""

    _out: hallpad68.Decoder = field(default_factory=hallpad68.Decoder)
    _in: hallpad68.Decoder = field(default_factory=hallpad68.Decoder)

    def out(self, data: bytes) -> list[Word]:
        """What displays are told."""
        return [_told(frame) for frame in self._out.feed(data)]

    def heard(self, data: bytes) -> list[Word]:
        """Keys and grades."""
        return [_pressed(frame) for frame in self._in.feed(data)]


def _told(frame: hallpad68.Frame) -> Word:
    at = str(frame.address)
    if frame.control == hallpad68.ALARM:
        return Word("alarm", at)
    if frame.control != hallpad68.SHOW:
        return Word("acknowledged", at)
    if len(frame.data) == 1:
        return Word("done" if frame.data[0] else "not_done", at)
    digits = "".join("_" if one == hallpad68.SEPARATOR else f"{one:X}" for one in frame.data)
    return Word("show_number", f"{at}: {digits}")


def _pressed(frame: hallpad68.Frame) -> Word:
    if (grade := hallpad68.grade(frame)) is not None:
        return Word("graded", f"{frame.address}: {grade}")
    press = hallpad68.key_press(frame)
    if press is None:
        return Word("pressed", f"{frame.address}: {frame.data.hex(' ').upper()}")
    return Word("pressed", f"{frame.address}: {press.action} {press.number}".rstrip())


CARD_QUESTIONS: Mapping[bytes, str] = {
    sam.FIND: "card_look",
    sam.SELECT: "card_select",
    sam.READ: "card_read",
    sam.STATUS: "ask_alive",
}
CARD_ANSWERS: Mapping[int, str] = {
    sam.FOUND: "card_there",
    sam.OK: "accepted",
    sam.NO_CARD: "card_none",
}


@dataclass(slots=True)
class CardWords:
    """Identity card readers: which command, which verdict. Never what is on a card."""

    _in: sam.Decoder = field(default_factory=sam.Decoder)

    def out(self, data: bytes) -> list[Word]:
        """One of the four questions the driver knows."""
        return [Word(CARD_QUESTIONS[data])] if data in CARD_QUESTIONS else [Word("other_command")]

    def heard(self, data: bytes) -> list[Word]:
        """Verdicts; the decoder overwrites what a card says."""
        words = []
        for item in self._in.feed(data):
            if isinstance(item, sam.Flaw):
                words.append(Word("garbage", item.reason))
            elif item.sw3 in CARD_ANSWERS:
                words.append(Word(CARD_ANSWERS[item.sw3]))
            else:
                words.append(Word("card_error", f"{item.sw3:02X}"))
        return words


class LineWords:
    """Devices that send lines: whether a line fits a pattern. Never what it says."""

    def __init__(self, config: DeviceConfig) -> None:
        from drivers.line_input import profile_of

        self._profile = profile_of(config.options)
        self._begun = b""

    def out(self, data: bytes) -> list[Word]:
        """The configured answer."""
        return [Word("acknowledged")]

    def heard(self, data: bytes) -> list[Word]:
        """A word a line."""
        profile = self._profile
        *lines, rest = (self._begun + data).split(profile.end)
        self._begun = rest[-LINE_BYTES_KEPT:]
        words = []
        for line in lines:
            text = line.rstrip(b"\r").decode(profile.charset, "replace")
            known = profile.event(text) is not None
            words.append(Word("line_understood" if known else "line_unknown"))
        return words


LINE_BYTES_KEPT = 200
"""As much of a line as the driver itself waits for."""


def _escpos(_config: DeviceConfig) -> Describer:
    from drivers.escpos_words import EscPosWords

    return EscPosWords()


def _bx(_config: DeviceConfig) -> Describer:
    from drivers.strip_words import FontCardWords

    return FontCardWords()


def _hallbus(config: DeviceConfig) -> Describer:
    from drivers.led_hallbus import profile_of
    from drivers.strip_words import HallBusWords

    return HallBusWords(profile_of(config.options).text)


def _a090(_config: DeviceConfig) -> Describer:
    from drivers.strip_words import A090Words

    return A090Words()


def _pa(_config: DeviceConfig) -> Describer:
    from drivers.strip_words import PaWords

    return PaWords()


def _template(config: DeviceConfig) -> Describer:
    from drivers.led_template import profile_of
    from drivers.strip_words import TemplateWords

    return TemplateWords(profile_of(config.options))


def _voice(config: DeviceConfig) -> Describer:
    from drivers.voice_profile import FAMILIES

    return VoiceWords(FAMILIES[config.kind])


DESCRIBERS: Mapping[str, Callable[[DeviceConfig], Describer]] = {
    "escpos": _escpos,
    "bx-fontcard": _bx,
    "hallbus": _hallbus,
    "a090": _a090,
    "pa-v21": _pa,
    "template": _template,
    "syn6288": _voice,
    "xfs5152": _voice,
    "hallpad68": lambda _config: PadWords(),
    "sam": lambda _config: CardWords(),
    "line": LineWords,
}
"""Kinds with a line whose bytes can be read back."""


def describer_of(config: DeviceConfig) -> Describer | None:
    """A fresh reader of a device's bytes; None if its kind has no line, or its options are bad."""
    make = DESCRIBERS.get(config.kind)
    if make is None:
        return None
    try:
        return make(config)
    except DeviceBroken:
        return None  # the driver cannot be made either, and not a byte ever flows
