"""Ping'an Lihe V2.1: golden frames, both checksums, the strict strip and the driver."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import pa_v21
from drivers.emulators.pa_v21 import PaStrip
from drivers.jobs import DeviceConfig
from drivers.led_pa_v21 import PaLed
from drivers.pa_v21 import Decoder, Instant, Template, call, encode, version_question
from drivers.transport import VirtualTransport

GOLDEN = {
    "1234 to window 3": (call(3, 1234, 3), "A0 06 28 03 01 0C 22 03 63 FF"),
    "B1234 to window 3": (call(3, 1234, 3, "B"), "A0 07 28 03 01 0C 22 03 42 42 FF"),
    "version": (version_question(3), "A0 03 98 03 50 26 FF"),
    "instant": (
        Instant(1, "请A001到3窗口".encode("gbk")),
        "AA 01 BB 51 54 22 01 00 99 00 63 C7EB 41303031 B5BD 33 B4B0 BFDA FF",
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_frame_is_the_golden_one(name):
    frame, wire = GOLDEN[name]
    assert encode(frame) == bytes.fromhex(wire)
    assert Decoder().feed(bytes.fromhex(wire)) == [frame]


def test_the_checksum_counts_to_a_decimal_hundred():
    body = bytes.fromhex("07 28 03 01 0C 22 03 42")
    assert sum(body) == 166 and sum(body) % 100 == 0x42


WRONG = [
    lambda: call(1, 10000, 3),
    lambda: call(1, -1, 3),
    lambda: call(1, 1, 300),
    lambda: encode(Template(0x28, 1, 1, bytes(9))),
    lambda: encode(Instant(1, b"A\xffB")),
    lambda: encode(Instant(1, b"A" * 241)),
    lambda: encode(Instant(1, b"A", stay=0xFF)),
]


@pytest.mark.parametrize("build", WRONG)
def test_what_the_protocol_cannot_say_is_an_error(build):
    with pytest.raises(ValueError):
        build()


@given(st.text(max_size=40).map(lambda text: text.encode("gbk", "ignore")))
def test_the_end_mark_stands_at_the_end_only(text):
    wire = encode(Instant(1, text))
    assert wire.find(0xFF) == len(wire) - 1
    assert Decoder().feed(wire)[0].text.rstrip(b" ") == text.rstrip(b" ")


def test_a_checksum_that_would_be_the_end_mark_is_avoided():
    """The space is not idle: without it this text's CRC is FF."""
    letters = range(0x41, 0x7B)
    text = next(
        bytes([letter, letter, other])
        for letter in letters
        for other in letters
        if (2 * letter + other + 0x01 + 0x99 + 0x63 + 0xFF) & 0xFF == 0xFF
    )
    [frame] = Decoder().feed(encode(Instant(1, text)))
    assert frame == Instant(1, text + b" ")


templates = st.builds(
    Template, st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), st.binary(max_size=8)
)
instants = st.builds(Instant, st.integers(0, 254), st.text("请A1 ").map(lambda t: t.encode("gbk")))


@given(st.lists(st.one_of(templates, instants), max_size=5), st.data())
def test_any_portions_give_the_same_frames(sent, draw):
    wire = b"".join(map(encode, sent))
    whole = Decoder().feed(wire)
    decoder, found = Decoder(), []
    while wire:
        size = draw.draw(st.integers(1, len(wire)))
        found += decoder.feed(wire[:size])
        wire = wire[size:]
    assert found == whole
    assert [type(item) for item in found] == [type(item) for item in sent]


@given(st.binary(max_size=200), st.one_of(templates, instants))
def test_a_frame_is_found_after_any_garbage(garbage, frame):
    decoder = Decoder()
    decoder.feed(garbage)
    wire = encode(frame)
    # Garbage may have begun an instant text, which an FF ends; then the bytes are read again.
    found = decoder.feed(wire + bytes(300))
    assert Decoder().feed(wire)[0] in found


@given(st.binary(max_size=300))
def test_no_bytes_harm_a_strip(data):
    PaStrip().feed(data)


async def led(strip: PaStrip, **options) -> PaLed:
    config = DeviceConfig("s", "pa-v21", "virtual://", {"gap_ms": 0} | options)
    driver = PaLed(config, VirtualTransport(strip))
    await driver.connect()
    return driver


async def test_texts_are_shown_as_they_are():
    strip = PaStrip()
    driver = await led(strip)
    for text in ("请A017号", "暂停服务", ""):
        assert await driver.show(text) == text == strip.text
    assert strip.violations == []


CALLS = {
    "请B034号": "请B034号到3号窗口",
    "请1234号到3号窗口": "请1234号到3号窗口",
    "请A007到3号窗口办理": "请A007号到3号窗口",
}


@pytest.mark.parametrize("text", CALLS)
async def test_a_strip_that_knows_its_window_is_told_calls(text):
    strip = PaStrip()
    driver = await led(strip, window=3)
    await driver.show(text)
    assert strip.text == CALLS[text]


@pytest.mark.parametrize("text", ["请B034号到4号窗口", "请AB12号", "请12345号", "B034", "请"])
async def test_other_texts_stay_texts(text):
    strip = PaStrip()
    driver = await led(strip, window=3)
    assert await driver.show(text) == text == strip.text


async def test_a_summary_screen_shows_the_last_calls_one_below_the_other():
    strip = PaStrip(columns=12, lines=3)
    driver = await led(strip, columns=12, lines=3)
    text = "A017 3号窗口\nB002 1号窗口\nA016 2号窗口\nA015 3号窗口"
    assert await driver.show(text) == text.rsplit("\n", 1)[0] == strip.text
    assert await driver.show("A018 3号窗口") == "A018 3号窗口" == strip.text
    assert strip.violations == []


def test_an_answer_of_another_strip_or_our_own_echo_does_not_count():
    ear = PaLed(DeviceConfig("s", "pa-v21", "", {"address": 3}), VirtualTransport(PaStrip()))._ear
    assert ear.feed(encode(version_question(3))) == []
    assert ear.feed(encode(Template(pa_v21.ANSWER, 4, pa_v21.ASK))) == []
    assert [reply.code for reply in ear.feed(encode(Template(pa_v21.ANSWER, 3, 0x50)))] == ["ok"]
