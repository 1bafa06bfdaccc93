"""Dual-colour strips A0 90: golden frames, decoders, the strict strip and the driver."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import a090
from drivers.a090 import Answer, AnswerDecoder, Decoder, Frame, colour_text, encode, encode_answer
from drivers.device import DeviceBroken
from drivers.emulators.a090 import A090Strip
from drivers.jobs import DeviceConfig
from drivers.led_a090 import A090Led
from drivers.strip_line import TRIES
from drivers.transport import VirtualTransport

GOLDEN = {
    "请 red, 8 green": (
        Frame(1, a090.SHOW, colour_text("请".encode("gbk"), a090.RED) + b"8\x01"),
        "A0 90 01 A5 00 05 C7 EB 00 38 01 B4",
    ),
    "the page in the ROM": (Frame(1, a090.ROM_PAGE), "A0 90 01 A1 00 00 A0"),
    "all green": (
        Frame(3, a090.SHOW, colour_text("请A001号到3号窗口".encode("gbk"), a090.GREEN)),
        "A0 90 03 A5 00 1C C7EB01 4101 3001 3001 3101 BAC501 B5BD01 3301 BAC501 B4B001 BFDA01 BD",
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_frame_is_the_golden_one(name):
    frame, wire = GOLDEN[name]
    assert encode(frame) == bytes.fromhex(wire)
    assert Decoder().feed(bytes.fromhex(wire)) == [frame]


def test_an_answer_is_the_golden_one():
    answer, wire = Answer(1, a090.SHOW, True), bytes.fromhex("A0 90 01 A5 AA")
    assert encode_answer(answer) == wire
    assert AnswerDecoder().feed(wire) == [answer]


def test_the_length_has_its_high_byte_first():
    wire = encode(Frame(1, a090.SHOW, bytes(300)))
    assert wire[4:6] == bytes([1, 44])


def test_what_the_protocol_cannot_say_is_an_error():
    with pytest.raises(ValueError):
        encode(Frame(1, a090.SHOW, bytes(a090.DATA_BYTES_MAX + 1)))
    with pytest.raises(ValueError):
        colour_text(b"\xc7", a090.RED)


frames = st.builds(Frame, st.integers(0, 255), st.integers(0, 255), st.binary(max_size=60))
answers = st.builds(Answer, st.integers(0, 255), st.integers(0, 255), st.booleans())


@given(st.lists(frames, max_size=5), st.lists(answers, max_size=5), st.data())
def test_any_portions_give_the_same(sent, said, draw):
    pairs = [
        (Decoder(), sent, b"".join(map(encode, sent))),
        (AnswerDecoder(), said, b"".join(map(encode_answer, said))),
    ]
    for decoder, wanted, wire in pairs:
        found = []
        while wire:
            size = draw.draw(st.integers(1, len(wire)))
            found += decoder.feed(wire[:size])
            wire = wire[size:]
        assert found == wanted


@given(st.binary(max_size=200), frames)
def test_a_frame_is_found_after_any_garbage(garbage, frame):
    decoder = Decoder()
    decoder.feed(garbage)
    # Garbage may promise a long frame: it is unmasked once that many bytes have come.
    found = decoder.feed(encode(frame) + bytes(a090.DATA_BYTES_MAX + 10))
    assert frame in found


@given(st.binary(max_size=200))
def test_no_bytes_harm_a_decoder(data):
    A090Strip().feed(data)
    AnswerDecoder().feed(data)


@given(st.data())
def test_no_damaged_byte_passes(draw):
    wire = bytearray(encode(Frame(1, a090.SHOW, colour_text("请A017".encode("gbk"), 1))))
    position = draw.draw(st.integers(0, len(wire) - 1))
    wire[position] ^= draw.draw(st.integers(1, 255))
    strip = A090Strip()
    assert strip.feed(bytes(wire)) == b""
    assert strip.history == []


BAD_DATA = {
    "half a character": b"\xc7",
    "no colour": b"A",
    "colour 3": b"A\x03",
    "control": b"\1\0",
}


@pytest.mark.parametrize("data", BAD_DATA.values(), ids=BAD_DATA)
def test_a_strip_declines_what_it_cannot_draw(data):
    strip = A090Strip()
    answer = strip.feed(encode(Frame(1, a090.SHOW, data)))
    assert answer == encode_answer(Answer(1, a090.SHOW, False))
    assert strip.violations


async def led(strip: A090Strip, **options) -> A090Led:
    config = DeviceConfig("s", "a090", "virtual://", {"gap_ms": 0} | options)
    driver = A090Led(config, VirtualTransport(strip))
    await driver.connect()
    return driver


async def test_every_character_has_the_colour_asked_for():
    strip = A090Strip()
    driver = await led(strip, colour="yellow")
    await driver.show("请A017")
    assert (strip.text, set(strip.colours), len(strip.colours)) == ("请A017", {"yellow"}, 5)


@pytest.mark.parametrize(("empty", "shown"), [("blank", ""), ("rom", "欢迎光临")])
async def test_an_empty_text_is_blank_or_the_strips_own_page(empty, shown):
    strip = A090Strip()
    driver = await led(strip, empty=empty)
    await driver.show("A017")
    assert await driver.show("") == ""
    assert strip.text == shown


async def test_a_strip_that_lost_its_text_gets_it_again_when_looked_at():
    strip = A090Strip()
    driver = await led(strip)
    await driver.show("A017")
    strip.power_cycle()
    await driver.check()
    assert strip.text == "A017"


async def test_a_strip_that_declines_everything_refuses():
    strip = A090Strip()
    driver = await led(strip)
    strip.declines = True
    with pytest.raises(DeviceBroken, match="declines") as caught:
        await driver.show("A017")
    assert caught.value.code == "refused"
    assert driver.line.retries == TRIES - 1
