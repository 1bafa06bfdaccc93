"""The hall bus: golden frames, what a strip reads, and what the driver never sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import hallbus
from drivers.emulators.hallbus import HallBusStrip
from drivers.hallbus import Decoder, Flaw, Frame, decode_text, encode, encode_text
from drivers.jobs import DeviceConfig
from drivers.led_hallbus import HallBusLed
from drivers.strip_text import MISSING
from drivers.transport import VirtualTransport

CODINGS = ("nibble", "raw", "7bit")

GOLDEN = {
    "the maker's example": (
        Frame(170, hallbus.TEXT, encode_text("请0005号顾客到01号柜台办理".encode("gbk"), "nibble")),
        "AA C2 44 0C 07 0E 0B 30 30 30 35 0B 0A 0C 05 0B 09 0C 0B 0B 0F 0C 0D 0B 05 0B 0D 30 31"
        "0B 0A 0C 05 0B 09 0F 01 0C 0C 0A 08 0B 00 0E 0C 0C 00 0E 0D 1A",
    ),
    "query": (Frame(5, hallbus.QUERY), "85 C0 48"),
    "blank": (Frame(5, hallbus.BLANK), "85 C0 54"),
    "A1": (Frame(1, hallbus.TEXT, b"A1"), "81 C0 44 41 31 1A"),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_frame_is_the_golden_one(name):
    frame, wire = GOLDEN[name]
    assert encode(frame) == bytes.fromhex(wire)
    assert Decoder().feed(bytes.fromhex(wire)) == [frame]


def test_a_strip_below_64_also_takes_a_frame_without_its_second_address_byte():
    strip = HallBusStrip(address=5)
    assert strip.feed(bytes.fromhex("85 48")) == hallbus.ALIVE
    strip.feed(bytes.fromhex("85 44 41 31 1A"))
    assert (strip.text, strip.violations) == ("A1", [])


def test_seven_bits_are_gb2312_without_the_top_bit():
    wire = encode_text("啊".encode("gbk"), "7bit")  # B0A1, the first of the first level
    assert wire == bytes.fromhex("3021")
    assert decode_text(wire, "7bit") == bytes.fromhex("B0A1")


WRONG = [
    Frame(-1, hallbus.QUERY),
    Frame(hallbus.ADDRESS_MAX + 1, hallbus.QUERY),
    Frame(1, hallbus.QUERY, b"A"),
    Frame(1, b"X"),
    Frame(1, hallbus.TEXT, b"A\x1aB"),
    Frame(1, hallbus.TEXT, bytes(hallbus.PARAMETERS_MAX + 1)),
]


@pytest.mark.parametrize("frame", WRONG)
def test_what_the_protocol_cannot_say_is_an_error(frame):
    with pytest.raises(ValueError):
        encode(frame)


# ── the decoder ───────────────────────────────────────────────────────────────────────────

payloads = st.binary(max_size=60).map(
    lambda data: bytes(byte & 0x7F for byte in data).replace(b"\x1a", b"")
)
frames = st.one_of(
    st.builds(Frame, st.integers(0, hallbus.ADDRESS_MAX), st.sampled_from(sorted(hallbus.BARE))),
    st.builds(
        Frame, st.integers(0, hallbus.ADDRESS_MAX), st.sampled_from(sorted(hallbus.LONG)), payloads
    ),
)


@given(st.lists(frames, max_size=5), st.sampled_from(CODINGS), st.data())
def test_any_portions_give_the_same_frames(sent, coding, draw):
    wire = b"".join(encode(frame) for frame in sent)
    decoder, found = Decoder(coding), []
    while wire:
        size = draw.draw(st.integers(1, len(wire)))
        found += decoder.feed(wire[:size])
        wire = wire[size:]
    assert found == sent


@given(st.binary(max_size=300), st.sampled_from(CODINGS), frames)
def test_a_frame_is_found_after_any_garbage(garbage, coding, frame):
    decoder = Decoder(coding)
    decoder.feed(garbage)
    assert decoder.feed(encode(frame))[-1] == frame


@given(st.binary(max_size=200), st.sampled_from(CODINGS))
def test_no_bytes_harm_a_strip(data, coding):
    strip = HallBusStrip(coding=coding)
    strip.feed(data)
    decode_text(data, coding)


def test_a_frame_without_end_is_dropped():
    found = Decoder().feed(b"\x81\xc0D" + b"1" * 2000)
    assert found == [Flaw("a frame without an end")]


@given(st.text(max_size=40).map(lambda text: text.encode("gbk", "ignore")))
def test_a_text_carried_is_the_text(data):
    high = bytes(byte for byte in data if byte >= 0x20 and byte != 0x7F)
    assert decode_text(encode_text(high, "nibble"), "nibble") == high
    assert decode_text(encode_text(data, "raw"), "raw") == data


def test_a_byte_below_a1_has_no_seven_bits():
    with pytest.raises(ValueError):
        encode_text(b"A", "7bit")


def test_half_a_byte_is_no_text():
    for wire in ("0C", "0C 41", "01 02", "7F", "0C 1F"):
        assert decode_text(bytes.fromhex(wire), "nibble") is None


# ── the driver ────────────────────────────────────────────────────────────────────────────


async def led(strip: HallBusStrip, **options) -> HallBusLed:
    config = DeviceConfig("s", "hallbus", "virtual://", {"gap_ms": 0} | options)
    driver = HallBusLed(config, VirtualTransport(strip))
    await driver.connect()
    return driver


async def test_a_call_flashes_and_what_follows_stands():
    strip = HallBusStrip()
    driver = await led(strip)
    await driver.show("请A017号", flash=True)
    assert (strip.text, strip.flashing) == ("请A017号", True)
    await driver.show("A017")
    assert (strip.text, strip.flashing) == ("A017", False)
    await driver.show("")
    assert strip.text == ""


@pytest.mark.parametrize("coding", ["nibble", "raw"])
async def test_a_colour_covers_the_whole_text(coding):
    strip = HallBusStrip(coding=coding)
    driver = await led(strip, text=coding, colour="green")
    await driver.show("请A017到3号窗口")
    assert (strip.text, strip.colour) == ("请A017到3号窗口", "green")
    assert strip.violations == []


async def test_seven_bits_have_full_width_letters():
    strip = HallBusStrip(coding="7bit")
    driver = await led(strip, text="7bit")
    assert await driver.show("请A017号") == "请Ａ０１７号" == strip.text
    assert await driver.show("王𠮷") == f"王{MISSING}"


async def test_a_letter_that_would_be_a_command_stands_apart():
    strip = HallBusStrip(coding="raw")
    driver = await led(strip, text="raw")
    assert await driver.show("请到三号D区") == "请到三号 D区" == strip.text
    assert strip.violations == []


def test_without_the_space_a_raw_strip_would_take_it_for_a_command():
    """The negative control: 号 is BA C5, the address of strip 378; D shows a text."""
    strip = HallBusStrip(coding="raw")
    strip.feed(encode(Frame(1, hallbus.TEXT, "三号D区".encode("gbk"))))
    assert strip.violations == ["a text that looks like a command"]
    assert strip.text == ""


async def test_a_character_with_a_letter_for_its_second_byte_is_not_sent():
    strip = HallBusStrip()
    driver = await led(strip, charset="gbk")
    assert "镕".encode("gbk")[1] < 0x80
    assert await driver.show("镕城") == f"{MISSING}城" == strip.text


async def test_a_text_too_long_for_the_strip_ends_in_an_ellipsis():
    strip = HallBusStrip(columns=10)
    driver = await led(strip, columns=10)
    assert await driver.show("请A017号到三号窗口") == "请A017号…" == strip.text
    assert strip.violations == []
