"""The driver of the voice modules against strict modules, in simulated time and on real lines."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.device import DeviceBroken, DeviceTransient
from drivers.emulators import serving
from drivers.emulators.syn6288 import Syn6288
from drivers.emulators.xfs5152 import Xfs5152
from drivers.jobs import DeviceConfig
from drivers.ports import parse_port
from drivers.speech import Utterance, sentence
from drivers.transport import VirtualTransport, open_port
from drivers.voice import TRIES, ModuleVoice
from drivers.voice_frames import Command
from drivers.voice_profile import profile_of
from drivers.voice_text import make_sayable, portions
from tests.drivers.speaking import Moment, SimulatedLine, on_line

CALL = Utterance("zh", "请A零幺零五号到三号窗口")
RECALL = Utterance("zh", "请A零幺零五号尽快到三号窗口")
KINDS = {"syn6288": Syn6288, "xfs5152": Xfs5152}


class Desk:
    """A module, its line and its driver, in simulated time."""

    def __init__(self, kind: str = "syn6288", options=None, **module) -> None:
        self.moment = Moment()
        self.module = KINDS[kind](self.moment, **module)
        self.line = SimulatedLine(self.module, self.moment)
        config = DeviceConfig("voice", kind, "", options or {})
        self.voice = ModuleVoice(config, self.line, self.moment)

    def say(self, utterance: Utterance = CALL) -> str:
        return asyncio.run(self.voice.say(utterance))

    def fails(self, utterance: Utterance = CALL) -> str:
        """The code of the failure, which came within the time the driver promised."""
        limit = self.moment() + self.voice.limit_s(utterance)
        with pytest.raises(DeviceTransient) as caught:
            self.say(utterance)
        assert self.moment() <= limit
        return caught.value.code

    @property
    def spoken(self) -> list[str]:
        return list(self.module.spoken)

    def sent(self, command: Command) -> int:
        return sum(data[3] == command for _, data in self.line.writes)


@pytest.fixture(params=KINDS)
def desk(request) -> Desk:
    return Desk(request.param)


# ── the handshake ─────────────────────────────────────────────────────────────────────────


def test_a_call_is_said_when_the_module_has_finished(desk):
    assert desk.say() == CALL.text
    assert desk.spoken == [CALL.text]
    assert desk.moment() >= len(CALL.text) * 0.18, "not before it was over"
    assert desk.module.violations == desk.module.cut_off == []
    assert desk.voice.retries == 0


def test_two_calls_never_overlap(desk):
    desk.say(CALL)
    desk.say(RECALL)
    assert desk.spoken == [CALL.text, RECALL.text]
    assert desk.module.cut_off == []


def test_without_waiting_the_second_call_cuts_off_the_first(desk):
    """The negative control: what the handshake is for."""

    async def no_wait() -> None:
        pass

    async def at_once(text: str, seen_speaking: bool, since: float) -> None:
        return None

    desk.voice._until_idle, desk.voice._until_said = no_wait, at_once
    desk.say(CALL)
    desk.say(RECALL)
    assert desk.module.cut_off == [CALL.text]


def test_a_module_that_is_still_speaking_is_waited_for(desk):
    desk.module.feed(desk.module._family.speak("本大厅即将结束今日服务".encode("gbk")))
    desk.say()
    assert desk.spoken == ["本大厅即将结束今日服务", CALL.text]
    assert desk.module.cut_off == []


def test_a_module_that_never_ends_is_busy(desk):
    desk.module.feed(desk.module._family.speak("三号窗口".encode("gbk")))
    desk.module.faults.endless = True
    assert desk.fails() == "busy"
    assert desk.sent(Command.SPEAK) == 0


def test_a_batch_that_acknowledges_questions_is_understood():
    desk = Desk(acknowledges_questions=True)
    desk.say()
    assert (desk.spoken, desk.voice.retries) == ([CALL.text], 0)


@pytest.mark.parametrize("late_s", [0.3, 0.9])
def test_late_answers_change_nothing(desk, late_s):
    desk.line.late_s = late_s
    desk.say(CALL)
    desk.say(RECALL)
    assert desk.spoken == [CALL.text, RECALL.text]
    assert desk.module.cut_off == []


@pytest.mark.parametrize("late_s", [n / 10 for n in range(11, 40)])
def test_answers_later_than_the_limit_cut_nothing_off(desk, late_s):
    desk.line.late_s = late_s  # more than `ack_s`: each comes when the next question is asked
    said = 0
    for _ in range(4):
        with contextlib.suppress(DeviceTransient):
            desk.say()
            said += 1
    desk.moment.later(30)
    desk.module.tick()
    assert desk.module.cut_off == []
    assert said <= len(desk.spoken), "nothing counts as said that was not"


def test_without_listening_for_late_answers_they_would():
    """The negative control: a late answer passes for that to the next question."""
    cut_off = 0
    for late_s in (1.7, 2.2, 2.7):
        desk = Desk()
        desk.line.late_s = late_s
        desk.voice._settle = _nothing
        for _ in range(4):
            with contextlib.suppress(DeviceTransient):
                desk.say()
        cut_off += len(desk.module.cut_off)
    assert cut_off


def test_the_end_is_noticed_by_asking_if_the_module_does_not_say_it(desk):
    desk.module.tick = lambda: _silenced(desk.module)
    desk.say()
    assert desk.spoken == [CALL.text]


def _silenced(module) -> bytes:
    type(module).tick(module)
    return b""


def test_an_end_that_comes_too_soon_is_not_the_end(desk):
    desk.line.at(0.1, lambda: b"\x4f")
    desk.say()
    assert desk.spoken == [CALL.text]
    assert desk.moment() >= len(CALL.text) * 0.18


# ── faults ────────────────────────────────────────────────────────────────────────────────


def test_a_damaged_text_is_sent_again(desk):
    desk.line.at(0.0, lambda: None)
    asyncio.run(desk.voice.check())
    desk.voice._until_idle = _nothing  # so that the damage hits the text, not the question
    desk.module.faults.damages = 1
    desk.say()
    assert (desk.spoken, desk.voice.retries) == ([CALL.text], 1)


async def _nothing() -> None:
    pass


def test_a_text_damaged_every_time_is_garbled(desk):
    desk.voice._until_idle = _nothing
    desk.module.faults.damages = 100
    assert desk.fails() == "garbled"
    assert desk.sent(Command.SPEAK) == TRIES


def test_a_text_taken_and_not_spoken_is_sent_again(desk):
    desk.module.faults.unheeded = 1
    desk.say()
    assert desk.spoken == [CALL.text]
    assert desk.sent(Command.SPEAK) == 2


def test_a_module_that_takes_everything_and_speaks_nothing_is_found_out(desk):
    desk.module.faults.unheeded = 100
    assert desk.fails() == "unspoken"
    assert desk.sent(Command.SPEAK) == TRIES


def test_a_silent_module_is_a_timeout(desk):
    desk.module.faults.deaf = True
    assert desk.fails() == "timeout"
    assert desk.sent(Command.QUERY) == TRIES


def test_a_module_that_falls_silent_while_speaking_is_a_timeout(desk):
    desk.line.at(0.5, lambda: setattr(desk.module.faults, "deaf", True))
    assert desk.fails() == "timeout"


def test_a_speech_without_end_is_stopped(desk):
    desk.module.faults.endless = True
    assert desk.fails() == "timeout"
    assert desk.sent(Command.STOP) == 1
    assert not desk.module.speaking


def test_garbled_answers_are_told_from_silence(desk):
    desk.line.garbled = True
    assert desk.fails() == "garbled"


def test_a_module_that_restarts_while_speaking_is_told_again(desk):
    desk.line.at(1.0, desk.module.power_cycle)
    desk.say()
    assert (desk.module.cut_off, desk.spoken) == ([CALL.text], [CALL.text])


def test_a_speech_that_ends_far_too_soon_was_cut_off(desk):
    """The module's power failed, and its word of the restart was lost."""
    text = "请尚在等候的群众留意叫号，不要离开大厅，谢谢您的配合。"

    def power_fails() -> None:
        desk.module.power_cycle()

    desk.line.at(0.8, power_fails)
    desk.say(sentence("zh", text))
    assert (desk.module.cut_off, desk.spoken, desk.voice.retries) == ([text], [text], 1)


# ── texts ─────────────────────────────────────────────────────────────────────────────────


def test_the_settings_stand_before_every_text():
    desk = Desk("syn6288", {"volume": 9, "speed": 3})
    desk.say()
    assert desk.module.settings == {"v": 9, "t": 3}
    desk = Desk("xfs5152", {"volume": 9, "speed": 4, "pitch": 5, "speaker": 51})
    desk.say()
    assert desk.module.settings == {"v": 9, "s": 4, "t": 5, "m": 51}
    assert desk.spoken == [CALL.text]


def test_a_long_text_is_said_in_portions_the_module_can_hold():
    desk = Desk("syn6288", {"volume": 9})
    text = "请尚在等候的群众留意叫号，不要离开大厅。" * 8
    desk.say(sentence("zh", text))
    assert "".join(desk.spoken) == text
    assert len(desk.spoken) == 2 and desk.spoken[0].endswith("。")
    assert desk.module.violations == desk.module.cut_off == []


SAYABLE = {
    "请A零幺零五号": "请A零幺零五号",
    "[v0]请安静[x]": "（v0）请安静（x）",
    "王𠮷先生": "王先生",
    "请\n三\t号\x00窗口\u200b": "请 三 号窗口",
    "50¥": "50￥",
    "오세요": "",
}


@pytest.mark.parametrize("text", SAYABLE)
def test_a_text_is_made_sayable(text):
    assert make_sayable(text).text == SAYABLE[text]
    assert make_sayable("王𠮷").lost == 1


@given(st.text(max_size=400), st.integers(2, 200))
def test_portions_fit_and_lose_nothing_but_blanks(text, limit):
    sayable = make_sayable(text).text
    found = portions(sayable, limit)
    assert all(part and len(part.encode("gbk")) <= limit for part in found)
    assert "".join(found).replace(" ", "") == sayable.replace(" ", "")


@given(st.text(min_size=1, max_size=120), st.sampled_from(sorted(KINDS)))
@settings(deadline=None, max_examples=60)
def test_any_text_is_spoken_as_promised(text, kind):
    desk = Desk(kind)
    try:
        said = desk.say(Utterance("zh", text))
    except DeviceBroken as error:
        assert error.code == "bad_phrase" and desk.line.writes == []
        return
    assert "".join(desk.spoken).replace(" ", "") == said.replace(" ", "")
    assert desk.module.violations == desk.module.cut_off == []


# ── options ───────────────────────────────────────────────────────────────────────────────

BAD_OPTIONS = [
    ("syn6288", {"volume": 17}),
    ("xfs5152", {"volume": 11}),
    ("syn6288", {"volume": True}),
    ("syn6288", {"speaker": 3}),
    ("xfs5152", {"speaker": 4}),
    ("syn6288", {"ack_s": 0}),
    ("syn6288", {"seconds_per_char": "fast"}),
    ("syn6288", {"ones": "yī"}),
    ("syn6288", {"languages": "zh,tlh"}),
    ("syn6288", {"quiet": "22-07"}),
    ("syn6288", {"quiet": "12:00-12:00"}),
    ("syn6288", {"quiet": "22:00-07:00", "timezone": "Mars/Base"}),
    ("syn6288", {"timezone": "../../etc/passwd"}),
    ("syn6288", {"phrases": "relative"}),
    ("syn6288", {"phrases": "/no/such/folder"}),
    ("syn6288", {"clips": "/srv/clips"}),
    ("clips", {}),
    ("clips", {"clips": "/srv/clips", "volume": 3}),
    ("clips", {"clips": "/srv/clips", "gap_ms": 5000}),
    ("clips", {"clips": "/srv/clips", "chime": 1}),
    ("clips", {"clips": "/srv/clips", "command": "'aplay"}),
    ("clips", {"clips": "/srv/clips", "command": "  "}),
]


@pytest.mark.parametrize("kind, options", BAD_OPTIONS, ids=str)
def test_a_bad_option_is_named(kind, options):
    with pytest.raises(DeviceBroken, match="option") as caught:
        profile_of(kind, options)
    assert caught.value.code == "bad_option"
    assert any(name in str(caught.value) for name in [*options, "clips"])


# ── on real lines ─────────────────────────────────────────────────────────────────────────

QUICK = {"ack_s": 0.3, "seconds_per_char": 0.05}


def voice_on(line, kind: str, **options) -> ModuleVoice:
    transport = open_port(parse_port(line.url, tcp_port=5288, baud=9600))
    return ModuleVoice(DeviceConfig("voice", kind, line.url, QUICK | options), transport)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_module_on_a_serial_line_says_a_call(kind):
    module = KINDS[kind](seconds_per_char=0.06)
    async with on_line(module, serving.LineFaults(split=True)) as line:
        voice = voice_on(line, kind)
        await voice.connect()
        assert await voice.say(CALL) == CALL.text
        assert list(module.spoken) == [CALL.text]
        assert module.violations == module.cut_off == []
        await voice.close()


async def test_a_silent_line_is_a_timeout():
    async with on_line(Syn6288(), serving.LineFaults(silent=True)) as line:
        voice = voice_on(line, "syn6288", ack_s=0.05)
        with pytest.raises(DeviceTransient) as caught:
            await voice.connect()
        assert caught.value.code == "timeout"
        await voice.close()


async def test_a_cable_pulled_while_speaking_is_noticed():
    module = Syn6288(seconds_per_char=0.06)
    async with on_line(module) as line:
        voice = voice_on(line, "syn6288")
        await voice.connect()
        saying = asyncio.ensure_future(voice.say(CALL))
        async with asyncio.timeout(5):
            while not module.speaking:
                await asyncio.sleep(0.005)
        line.unplug()
        with pytest.raises(DeviceTransient) as caught:
            await saying
        assert caught.value.code == "unplugged"
        await voice.close()


async def test_a_virtual_module_says_a_call():
    module = Xfs5152(seconds_per_char=0.06)
    voice = ModuleVoice(DeviceConfig("v", "xfs5152", "", QUICK), VirtualTransport(module))
    await voice.connect()
    await voice.say(CALL)
    assert list(module.spoken) == [CALL.text]
