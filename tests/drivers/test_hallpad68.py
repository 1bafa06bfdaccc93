"""Golden frames of call pads and evaluators, and the incremental decoder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.emulators.hallpad68 import HallPad68
from drivers.hallpad68 import (
    DATA_MAX,
    EVALUATOR,
    Decoder,
    Frame,
    acknowledgement,
    alarm,
    done,
    encode,
    grade,
    key_press,
    show,
)
from drivers.input_event import KeyPress

GOLDEN = {
    "call next, pad 5": (encode(Frame(5, 1, b"\x0c")), "FF 68 03 03 68 05 01 0C 12 16"),
    "1001, 12 wait": (
        encode(show(5, "1001", 12)),
        "FF 68 09 09 68 05 02 01 00 00 01 0A 01 02 16 16",
    ),
    "grade 3": (encode(Frame(0x85, 0x11, b"\x03")), "FF 68 03 03 68 85 11 03 99 16"),
    "heard, evaluator": (
        acknowledgement(Frame(0x85, 0x11, b"\x03")),
        "68 02 02 68 85 01 86 16",
    ),
    "heard, pad": (acknowledgement(Frame(5, 1, b"\x0c")), "FF 68 03 03 68 05 01 0C 12 16"),
    "alarm": (encode(alarm(5)), "FF 68 02 02 68 05 03 08 16"),
    "done": (encode(done(5, True)), "FF 68 03 03 68 05 02 01 08 16"),
}

FRAMES = st.builds(Frame, st.integers(0, 255), st.integers(0, 255), st.binary(max_size=DATA_MAX))


@pytest.mark.parametrize("name", GOLDEN)
def test_a_frame_is_the_golden_one(name):
    wire, golden = GOLDEN[name]
    assert wire == bytes.fromhex(golden)


PRESSES = {
    b"\x0c": KeyPress("call-next"),
    b"\x01\x07\x0c": KeyPress("call", "17"),
    b"\x0d": KeyPress("recall"),
    b"\x0a": KeyPress("start"),
    b"\x03\x0a": KeyPress("transfer", "3"),
    b"\x0e": KeyPress("undo"),
    b"\x00\x0b": KeyPress("park"),
    b"\x01\x02\x0f": KeyPress("login", "12"),
    b"\x00\x0f": KeyPress("pause"),
    b"\x02\x0f": KeyPress("open"),
    b"\x04\x0f": KeyPress("logout"),
    b"\x05\x0f": KeyPress("miss"),
    b"\x06\x0f": KeyPress("call-guard"),
    b"\x07\x0f": KeyPress("call-manager"),
    b"\x09\x0f": KeyPress("call-adviser"),
    b"\x0f": None,
    b"\x03\x0f": None,
    b"\x07\x0b": None,
    b"\x0c\x0c": None,
    b"\x11": None,
    b"": None,
}


@pytest.mark.parametrize("data", PRESSES, ids=bytes.hex)
def test_keys_mean_what_the_makers_manual_says(data):
    assert key_press(Frame(5, 1, data)) == PRESSES[data]


def test_only_evaluators_give_grades_and_only_five():
    assert [grade(Frame(0x85, 0x11, bytes([key]))) for key in range(6)] == [0, 1, 2, 3, 4, None]
    assert grade(Frame(5, 0x11, b"\x03")) is None
    assert grade(Frame(0x85, 0x01, b"\x03")) is None


@given(FRAMES)
def test_every_frame_is_read_back(frame):
    assert Decoder().feed(encode(frame)) == [frame]
    assert Decoder().feed(encode(frame, pad_byte=False)) == [frame]


@given(st.lists(FRAMES, max_size=5), st.data())
def test_any_portions_give_the_same_frames(frames, draw):
    wire = b"".join(encode(frame) for frame in frames)
    decoder, found = Decoder(), []
    while wire:
        size = draw.draw(st.integers(1, len(wire)))
        found += decoder.feed(wire[:size])
        wire = wire[size:]
    assert found == frames
    assert not decoder.midway


@given(st.binary(max_size=200), FRAMES)
def test_a_frame_is_found_after_any_garbage_and_a_pause(garbage, frame):
    decoder = Decoder()
    decoder.feed(garbage)
    decoder.gap()
    assert decoder.feed(encode(frame)) == [frame]


def test_a_frame_behind_a_false_beginning_is_found_when_the_line_falls_silent():
    true = Frame(5, 1, b"\x0c")
    decoder = Decoder()
    assert decoder.feed(b"\x68\x1e\x1e\x68" + encode(true)) == []
    assert decoder.midway
    assert decoder.gap() == [true]


@given(FRAMES, st.data())
def test_no_damaged_byte_passes(frame, draw):
    wire = bytearray(encode(frame))
    position = draw.draw(st.integers(4, len(wire) - 1))
    wire[position] ^= draw.draw(st.integers(1, 255))
    decoder = Decoder()
    assert frame not in decoder.feed(bytes(wire)) + decoder.gap()


@given(st.binary(max_size=300))
def test_the_emulator_outlives_any_bytes(data):
    pad = HallPad68(5)
    assert pad.feed(data) == b""


def test_a_strict_pad_takes_nothing_wrong_for_its_acknowledgement():
    pad = HallPad68(5)
    pad.press(0x0C)
    pad.feed(encode(Frame(5, 1, b"\x0d")))
    assert pad.unacknowledged and pad.violations
    pad.feed(encode(Frame(5, 1, b"\x0c")))
    assert not pad.unacknowledged
    pad.rate(3)
    pad.feed(acknowledgement(Frame(5 + EVALUATOR, 0x11, b"\x03")))
    assert not pad.unacknowledged


def test_a_frame_too_long_is_not_sent():
    with pytest.raises(ValueError, match="at most 30"):
        encode(Frame(1, 1, bytes(31)))
