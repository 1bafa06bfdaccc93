"""Golden frames of BX font cards, the incremental decoder and the strict card."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.bx_fontcard import (
    CLEAR,
    DELETE_AREAS,
    HOST,
    PING,
    STATUS,
    Area,
    Decoder,
    Flaw,
    Frame,
    answer,
    crc16,
    dynamic,
    encode,
    parse_answer,
)
from drivers.emulators.bx_fontcard import BxFontCard, Unacceptable, read_text

START = "A5A5A5A5A5A5A5A5"
HEAD = "01000080000000000000FE02"

SMALL = {
    "height": 12,
    "width": 0x40,
    "identity": 1,
    "line_spacing": 10,
    "run": 1,
    "timeout_s": 2,
    "single_line": True,
    "auto_wrap": False,
    "mode": 1,
    "speed": 0x17,
    "stay": 2,
}

GOLDEN = {
    "ping": (PING, f"{HEAD} 0500 A200010000 68F8"),
    "status": (STATUS, f"{HEAD} 0500 A102010000 2D40"),
    "clear": (CLEAR, f"{HEAD} 0500 A310010000 51F8"),
    "delete all areas": (DELETE_AREAS, f"{HEAD} 0700 A306010200FF00 67CC"),
    "set time": (
        bytes.fromhex("A2030108001320012511172605"),
        f"{HEAD} 0D00 A2030108001320012511172605 B03F",
    ),
    "lock": (bytes.fromhex("A304010600000150303030"), f"{HEAD} 0B00 A304010600000150303030 426A"),
    "dynamic 192x32": (
        dynamic(
            Area(
                bytes.fromhex("3031323334355152535454562742"),
                single_line=False,
                auto_wrap=True,
                mode=3,
                run=0,
            ),
            process=b"\x2d\0",
        ),
        f"{HEAD} 3200 A306012D000001 2900 00 0000 0000 1800 2000 00 00 00 0200 000000 02 02 03 00"
        "04 05 0E000000 3031323334355152535454562742 A87D",
    ),
    "dynamic TEMPER:21℃": (
        dynamic(Area("\\FO000TEMPER:21℃".encode("gbk"), y=0x0C, **SMALL), answer=2),
        f"{HEAD} 3500 A3060200000001 2C00 00 0000 0C00 4000 0C00 01 0A 01 0200 000000 01 01 01 00"
        "17 02 11000000 5C464F303030 54454D5045523A3231A1E6 82DA",
    ),
    "dynamic HUM:66%RH": (
        dynamic(Area(b"\\FO000HUM:66%RH", y=0x18, **SMALL), answer=2),
        f"{HEAD} 3300 A3060200000001 2A00 00 0000 1800 4000 0C00 01 0A 01 0200 000000 01 01 01 00"
        "17 02 0F000000 5C464F30303048554D3A3636255248 367A",
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_command_is_the_golden_frame(name):
    data, body = GOLDEN[name]
    wire = bytes.fromhex(START + body + "5A")
    assert encode(Frame(data)) == wire
    assert Decoder().feed(wire) == [Frame(data)]


def test_an_acceptance_is_the_golden_frame():
    wire = bytes.fromhex(f"{START} 00800100000000000000FE02 0500 A000000000 64DC 5A")
    frame = Frame(answer(True), to=HOST, sender=1)
    assert encode(frame) == wire
    assert Decoder().feed(wire) == [frame]
    verdict = parse_answer(frame.data)
    assert verdict is not None and verdict.accepted and verdict.error == 0


def test_a_refusal_says_which():
    verdict = parse_answer(answer(False, 12))
    assert verdict is not None and not verdict.accepted and verdict.error == 12
    assert parse_answer(PING) is None
    assert parse_answer(b"\xa0") is None


def test_the_crc_is_crc16_arc():
    assert crc16(b"123456789") == 0xBB3D  # the check value of the CRC catalogue


@given(st.binary(max_size=200))
def test_start_and_end_marks_never_occur_inside_a_frame(data):
    inside = encode(Frame(data))[8:-1]
    assert 0xA5 not in inside and 0x5A not in inside


@given(st.lists(st.binary(max_size=60), max_size=5), st.data())
def test_any_portions_give_the_same_frames(datas, draw):
    wire = b"".join(encode(Frame(data)) for data in datas)
    decoder, found = Decoder(), []
    while wire:
        size = draw.draw(st.integers(1, len(wire)))
        found += decoder.feed(wire[:size])
        wire = wire[size:]
    assert found == [Frame(data) for data in datas]


@given(st.binary(max_size=300))
def test_a_frame_is_found_after_any_garbage(garbage):
    decoder = Decoder()
    decoder.feed(garbage)
    assert decoder.feed(encode(Frame(PING)))[-1] == Frame(PING)


@given(st.data())
def test_no_damaged_byte_passes(draw):
    wire = bytearray(encode(Frame(dynamic(Area("请A017到3号窗口".encode("gbk"))))))
    position = draw.draw(st.integers(8, len(wire) - 2))
    wire[position] ^= draw.draw(st.integers(1, 255))
    good = [item for item in Decoder().feed(bytes(wire)) if isinstance(item, Frame)]
    assert good == []


def test_a_frame_without_end_is_dropped_and_the_next_is_read():
    decoder = Decoder()
    found = decoder.feed(b"\xa5" + b"\x01" * 9000)
    assert [item.reason for item in found if isinstance(item, Flaw)] == ["a frame without an end"]
    assert decoder.feed(encode(Frame(PING))) == [Frame(PING)]


def test_a_frame_too_long_is_not_sent():
    with pytest.raises(ValueError, match="at most 4096"):
        encode(Frame(bytes(5000)))


# ── the strict card ───────────────────────────────────────────────────────────────────────


def verdict_of(card: BxFontCard, data: bytes, to: int = 1):
    (frame,) = Decoder().feed(card.feed(encode(Frame(data, to=to))))
    assert isinstance(frame, Frame) and frame.to == HOST and frame.sender == to
    return parse_answer(frame.data)


def test_the_card_shows_what_it_accepted():
    card = BxFontCard()
    assert verdict_of(card, dynamic(Area("\\FO000请A017".encode("gbk")))).accepted
    assert card.text == "请A017"
    assert card.violations == []


def test_the_card_minds_only_its_own_address_and_the_broadcast():
    card = BxFontCard(address=7)
    assert card.feed(encode(Frame(PING, to=3))) == b""
    assert verdict_of(card, PING, to=0xFFFE).accepted
    assert card.feed(encode(Frame(PING, to=0xFFFF))) == b""


BAD_AREAS = {
    "too wide": Area(b"A", width=25),
    "too high": Area(b"A", height=33),
    "no width": Area(b"A", width=0),
    "unknown mode": Area(b"A", mode=9),
    "too slow": Area(b"A", speed=99),
    "unknown sequence": Area(b"\\XY"),
    "second byte is a backslash": Area(b"\x81\x5c"),
    "half a character": Area(b"\xc7"),
    "a control byte": Area(b"\x07"),
}


@pytest.mark.parametrize("name", BAD_AREAS)
def test_the_card_refuses_what_would_be_garbage_on_the_wall(name):
    card = BxFontCard()
    assert verdict_of(card, dynamic(Area(b"A017"))).accepted
    assert not verdict_of(card, dynamic(BAD_AREAS[name])).accepted
    assert card.text == "A017"
    assert len(card.violations) == 1


def test_the_card_refuses_a_frame_with_a_wrong_crc_by_number_5():
    wire = bytearray(encode(Frame(PING)))
    wire[-2] ^= 1
    card = BxFontCard()
    (frame,) = Decoder().feed(card.feed(bytes(wire)))
    assert parse_answer(frame.data).error == 5


def test_the_card_forgets_after_a_power_cut():
    card = BxFontCard()
    verdict_of(card, dynamic(Area(b"A017")))
    card.power_cycle()
    assert card.text == ""


@given(st.binary(max_size=400))
def test_garbage_never_breaks_the_card(garbage):
    card = BxFontCard()
    card.feed(garbage)
    assert verdict_of_after_garbage(card).accepted


def verdict_of_after_garbage(card: BxFontCard):
    frames = Decoder().feed(card.feed(encode(Frame(PING))))
    return parse_answer(frames[-1].data)


@given(st.binary(max_size=60))
def test_any_command_body_is_answered_or_ignored_never_a_crash(body):
    BxFontCard().feed(encode(Frame(b"\xa3\x06\x01\0\0" + body)))


@given(st.binary(max_size=60))
def test_any_text_is_read_or_refused(raw):
    try:
        read_text(raw)
    except Unacceptable as refusal:
        assert refusal.error == 12
