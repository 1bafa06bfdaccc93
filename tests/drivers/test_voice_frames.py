"""Golden frames of the voice modules, the incremental decoder and the strict emulators."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.emulators.syn6288 import Syn6288
from drivers.emulators.voice_module import VoiceModule
from drivers.emulators.xfs5152 import Xfs5152
from drivers.syn6288 import SYN6288
from drivers.voice_frames import Answer, Command, Decoder, Encoding, Frame, checksum
from drivers.xfs5152 import XFS5152
from tests.drivers.speaking import Moment

FAMILIES = (SYN6288, XFS5152)

GOLDEN = {
    (SYN6288.name, "stop"): (Frame(Command.STOP), "FD 00 02 02 FD"),
    (SYN6288.name, "pause"): (Frame(Command.PAUSE), "FD 00 02 03 FC"),
    (SYN6288.name, "resume"): (Frame(Command.RESUME), "FD 00 02 04 FB"),
    (SYN6288.name, "query"): (Frame(Command.QUERY), "FD 00 02 21 DE"),
    (SYN6288.name, "power down"): (Frame(Command.POWER_DOWN), "FD 00 02 88 77"),
    (SYN6288.name, "宇音天下"): (None, "FD 00 0B 01 01 D3EE D2F4 CCEC CFC2 C0"),
    (SYN6288.name, "停下"): (None, "FD 00 07 01 01 CDA3 CFC2 99"),
    (SYN6288.name, "左转"): (None, "FD 00 07 01 01 D7F3 D7AA A3"),
    (SYN6288.name, "直行"): (None, "FD 00 07 01 01 D6B1 D0D0 9D"),
    (XFS5152.name, "stop"): (Frame(Command.STOP), "FD 00 01 02"),
    (XFS5152.name, "pause"): (Frame(Command.PAUSE), "FD 00 01 03"),
    (XFS5152.name, "resume"): (Frame(Command.RESUME), "FD 00 01 04"),
    (XFS5152.name, "query"): (Frame(Command.QUERY), "FD 00 01 21"),
    (XFS5152.name, "power down"): (Frame(Command.POWER_DOWN), "FD 00 01 88"),
    (XFS5152.name, "wake"): (Frame(Command.WAKE), "FD 00 01 FF"),
    (XFS5152.name, "[v4]"): (None, "FD 00 06 01 01 5B 76 34 5D"),
    (XFS5152.name, "[m51]"): (None, "FD 00 07 01 01 5B 6D 35 31 5D"),
    (XFS5152.name, "宇音天下"): (None, "FD 00 0A 01 01 D3EED2F4CCECCFC2"),
}


def family_of(name: str):
    return next(family for family in FAMILIES if family.name == name)


@pytest.mark.parametrize("name", GOLDEN, ids=" ".join)
def test_a_command_is_the_golden_frame(name):
    family = family_of(name[0])
    frame, wire = GOLDEN[name][0], bytes.fromhex(GOLDEN[name][1])
    made = family.encode(frame) if frame else family.speak(name[1].encode("gbk"))
    assert made == wire
    data = bytes([Encoding.GBK]) + name[1].encode("gbk")
    assert Decoder(family).feed(wire) == [frame or Frame(Command.SPEAK, data)]


def test_the_answers_are_the_bytes_of_the_data_sheet():
    assert {answer.name: answer.value for answer in Answer} == {
        "ACCEPTED": 0x41, "DAMAGED": 0x45, "STARTED": 0x4A, "SPEAKING": 0x4E, "IDLE": 0x4F,
    }  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_text_the_module_cannot_hold_is_not_sent(family):
    longest = family.speak(b"A" * family.text_bytes_max)
    assert len(Decoder(family).feed(longest)) == 1
    with pytest.raises(ValueError, match=f"at most {family.text_bytes_max}"):
        family.speak(b"A" * (family.text_bytes_max + 1))
    with pytest.raises(ValueError, match="empty"):
        family.speak(b"")


def test_only_the_xfs_can_be_woken():
    with pytest.raises(ValueError, match="no command"):
        SYN6288.encode(Frame(Command.WAKE))


# ── the decoder ───────────────────────────────────────────────────────────────────────────

TEXTS = st.binary(min_size=1, max_size=60)


@given(st.lists(TEXTS, max_size=5), st.sampled_from(FAMILIES), st.data())
def test_any_portions_give_the_same_frames(texts, family, draw):
    wire = b"".join(family.speak(text) for text in texts)
    decoder, found = Decoder(family), []
    while wire:
        size = draw.draw(st.integers(1, len(wire)))
        found += decoder.feed(wire[:size])
        wire = wire[size:]
    assert found == [Frame(Command.SPEAK, b"\1" + text) for text in texts]


@given(st.binary(max_size=300))
def test_a_checked_frame_is_found_after_any_garbage(garbage):
    decoder = Decoder(SYN6288)
    decoder.feed(garbage)
    # What the garbage announced must first be complete to be found wrong.
    query = SYN6288.encode(Frame(Command.QUERY))
    found = decoder.feed(query * (SYN6288.length_max // len(query) + 2))
    assert found[-1] == Frame(Command.QUERY)


@given(st.binary(max_size=300), st.sampled_from(FAMILIES))
def test_after_garbage_and_a_pause_the_next_frame_is_read(garbage, family):
    decoder = Decoder(family)
    decoder.feed(garbage)
    decoder.reset()
    assert decoder.feed(family.encode(Frame(Command.QUERY))) == [Frame(Command.QUERY)]


@given(st.data())
def test_no_damaged_byte_passes_the_check(draw):
    wire = bytearray(SYN6288.speak("请A零幺零五号到三号窗口".encode("gbk")))
    wire[draw.draw(st.integers(0, len(wire) - 1))] ^= draw.draw(st.integers(1, 255))
    assert not [item for item in Decoder(SYN6288).feed(bytes(wire)) if isinstance(item, Frame)]


def test_without_a_check_byte_damage_passes():
    """The control: why the XFS5152 wants a short line, and what the check byte is worth."""
    wire = bytearray(XFS5152.speak("三号窗口".encode("gbk")))
    wire[-1] ^= 1
    (frame,) = Decoder(XFS5152).feed(bytes(wire))
    assert isinstance(frame, Frame) and frame.data != b"\1" + "三号窗口".encode("gbk")


@given(st.binary(max_size=400), st.sampled_from(FAMILIES))
def test_the_decoder_keeps_no_more_than_one_frame(garbage, family):
    decoder = Decoder(family)
    decoder.feed(garbage)
    assert len(decoder._begun) <= family.length_max + 3


def test_the_check_byte_is_the_exclusive_or_of_everything():
    assert checksum(b"") == 0
    assert checksum(bytes.fromhex("FD000202")) == 0xFD


# ── the strict modules ────────────────────────────────────────────────────────────────────

ACCEPTED, DAMAGED = bytes([Answer.ACCEPTED]), bytes([Answer.DAMAGED])
SPEAKING, IDLE = bytes([Answer.SPEAKING]), bytes([Answer.IDLE])


def order(module: VoiceModule, command: Command) -> bytes:
    return module.feed(module._family.encode(Frame(command)))


def tell(module: VoiceModule, text: str) -> bytes:
    return module.feed(module._family.speak(text.encode("gbk")))


@pytest.fixture(params=[Syn6288, Xfs5152])
def module(request):
    return request.param(Moment(), seconds_per_char=0.2)


def test_a_module_speaks_for_its_time_and_says_when_it_has_finished(module):
    assert order(module, Command.QUERY) == IDLE
    assert tell(module, "三号窗口") == ACCEPTED
    module._now.later(0.7)
    assert order(module, Command.QUERY) == SPEAKING
    assert (module.tick(), list(module.spoken)) == (b"", [])
    module._now.later(0.2)
    assert module.tick() == IDLE
    assert order(module, Command.QUERY) == IDLE
    assert list(module.spoken) == ["三号窗口"]


def test_a_text_while_speaking_cuts_off_the_first(module):
    tell(module, "请A零幺号到三号窗口")
    assert tell(module, "请A零二号到四号窗口") == ACCEPTED
    assert module.cut_off == ["请A零幺号到三号窗口"]


def test_stop_pause_and_resume(module):
    tell(module, "三号窗口")
    assert order(module, Command.PAUSE) == ACCEPTED
    module._now.later(60)
    assert (module.tick(), order(module, Command.QUERY)) == (b"", SPEAKING)
    assert order(module, Command.RESUME) == ACCEPTED
    module._now.later(0.9)
    assert module.tick() == IDLE
    tell(module, "四号窗口")
    assert order(module, Command.STOP) == ACCEPTED + IDLE
    assert (list(module.spoken), module.cut_off) == (["三号窗口"], ["四号窗口"])


def test_settings_are_obeyed_and_not_spoken(module):
    tell(module, "[v8][t3]三号窗口")
    module._now.later(5)
    module.tick()
    assert module.settings == {"v": 8, "t": 3}
    assert list(module.spoken) == ["三号窗口"]


def test_a_module_asleep_hears_only_its_waking():
    module = Xfs5152(Moment())
    assert order(module, Command.POWER_DOWN) == ACCEPTED
    assert order(module, Command.QUERY) == b""
    assert order(module, Command.WAKE) == ACCEPTED
    assert order(module, Command.QUERY) == IDLE


def test_the_power_goes_and_comes(module):
    tell(module, "三号窗口")
    assert module.power_cycle() == bytes([Answer.STARTED])
    assert (module.cut_off, order(module, Command.QUERY)) == (["三号窗口"], IDLE)


SYN_BAD = {
    "wrong check byte": "FD 00 02 21 DF",
    "no text": "FD 00 03 01 01 FE",
    "half a character": "FD 00 04 01 01 D3 2A",
    "an encoding it lacks": "FD 00 05 01 07 41 41 FE",
    "a query with a parameter": "FD 00 03 21 00 DF",
    "a length of nothing": "FD 00 00",
}


@pytest.mark.parametrize("case", SYN_BAD)
def test_a_module_refuses_what_it_would_not_speak(case):
    module = Syn6288(Moment())
    assert module.feed(bytes.fromhex(SYN_BAD[case]))[:1] == DAMAGED
    assert module.violations and not module.speaking


@pytest.mark.parametrize("text", ["[v99]三号", "[x1]三号", "三号[", "[v3]", "三\x07号", "[]三号"])
def test_a_module_refuses_settings_it_does_not_have(module, text):
    assert tell(module, text) == DAMAGED
    assert len(module.violations) == 1


def test_a_frame_that_does_not_go_on_is_given_up():
    module = Syn6288(Moment())
    module.feed(b"\xfd\x00")
    module._now.later(2)
    assert order(module, Command.QUERY) == IDLE
    assert module.violations == ["a frame that did not go on"]


@given(st.binary(max_size=400), st.sampled_from([Syn6288, Xfs5152]))
def test_garbage_never_breaks_a_module(garbage, kind):
    module = kind(Moment())
    module.feed(garbage)
    module._now.later(600)
    assert order(module, Command.QUERY)[-1:] in (SPEAKING, IDLE, b"")


@given(st.binary(min_size=1, max_size=100), st.sampled_from([Syn6288, Xfs5152]))
def test_any_text_is_accepted_or_refused(data, kind):
    module = kind(Moment())
    wire = module._family.encode(Frame(Command.SPEAK, data))
    answer = module.feed(wire)
    assert answer == (ACCEPTED if module.speaking else DAMAGED)
