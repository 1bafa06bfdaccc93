"""Every family's bytes are read back to words, in any portions, and garbage harms nobody."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import a090, hallpad68, pa_v21
from drivers import bx_fontcard as bx
from drivers.describe import DESCRIBERS, describer_of
from drivers.device import DeviceBroken
from drivers.frames import FLAWS, WORDS, Word
from drivers.jobs import DeviceConfig
from drivers.registry import KINDS
from tests.drivers.watching import DESCRIBED, TEXT, URL, config_of, order_of, watched

WITHOUT_A_LINE = {"clips", "evdev", "browser"}
SAID = {
    "bx-fontcard": ("show_text", TEXT, "accepted"),
    "hallbus": ("show_text", TEXT, "alive"),
    "a090": ("show_text", TEXT, "accepted"),
    "pa-v21": ("show_text", TEXT, "accepted"),
    "template": ("show_text", TEXT, "accepted"),
    "escpos": ("text", "市民服务中心", "status_ok"),
    "syn6288": ("speak", "请A 零幺七号", "idle"),
    "xfs5152": ("speak", "请A 零幺七号", "idle"),
}


def test_every_kind_with_a_line_has_a_reader():
    assert set(DESCRIBERS) == set(KINDS) - WITHOUT_A_LINE
    assert FLAWS <= WORDS


@pytest.mark.parametrize("kind", SAID)
async def test_what_a_real_driver_says_is_read_back(kind: str):
    name, value, answer = SAID[kind]
    config = config_of(kind)
    async with watched(config) as device:
        await device.ready()
        device.watch()
        device.order(order_of(config))
        await device.done()
    sent, heard = device.words("out"), device.words("in")
    told = [word.value for word in sent if word.name == name]
    if kind == "pa-v21":
        assert sent, "a call is a template of its own"
    else:
        assert any(value.replace(" ", "") in text.replace(" ", "") for text in told), sent
    if heard:
        assert answer in {word.name for word in heard}, heard
    assert {word.name for word in [*sent, *heard]} <= WORDS
    assert not {word.name for word in [*sent, *heard]} & FLAWS


async def test_what_a_qr_code_says_is_not_told():
    config = config_of("escpos")
    async with watched(config) as device:
        await device.ready()
        device.watch()
        device.order(order_of(config))
        await device.done()
    words = device.words("out")
    assert {"picture", "qr"} & {word.name for word in words}
    assert not any(URL[:12] in word.value for word in words)


def reader(kind: str, **options):
    """A fresh reader."""
    found = describer_of(config_of(kind, **options))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("bits", "word"),
    [
        (b"\x12\x12\x12\x12", "status_ok"),
        (b"\x1a\x12\x12\x12", "status_offline"),
        (b"\x12\x16\x12\x12", "status_cover_open"),
        (b"\x12\x12\x1a\x12", "status_cutter_jam"),
        (b"\x12\x12\x12\x72", "status_paper_out"),
        (b"\x12\x12\x12\x1e", "status_near_end"),
    ],
)
def test_answers_of_a_printer_are_read_by_what_was_asked(bits: bytes, word: str):
    printer = reader("escpos")
    heard = []
    for n, byte in enumerate(bits, start=1):
        assert printer.out(bytes([0x10, 0x04, n])) == [Word("ask_status", str(n))]
        heard += [each.name for each in printer.heard(bytes([byte]))]
    assert word in heard
    assert set(heard) <= {word, "status_ok"}


def test_a_frame_in_single_bytes_means_the_same():
    wire = bx.encode(bx.Frame(bx.dynamic(bx.Area(r"\C1请A017号".encode("gbk")))))
    whole, torn = reader("bx-fontcard"), reader("bx-fontcard")
    assert whole.out(wire) == [Word("show_text", "请A017号")]
    assert [word for byte in wire for word in torn.out(bytes([byte]))] == whole.out(wire)


def test_a_damaged_frame_says_so():
    wire = bytearray(bx.encode(bx.Frame(bx.PING)))
    wire[12] ^= 0x01
    assert reader("bx-fontcard").out(bytes(wire))[0].name == "garbage"
    refused = bx.encode(bx.Frame(bx.answer(False, 5), to=bx.HOST, sender=1))
    assert reader("bx-fontcard").heard(refused)[0].name == "damaged"
    declined = a090.encode_answer(a090.Answer(1, a090.SHOW, accepted=False))
    assert reader("a090").heard(declined) == [Word("refused")]


def test_pads_and_calls_are_read():
    pad = reader("hallpad68")
    press = hallpad68.Frame(1, hallpad68.PRESS, bytes([1, 7, hallpad68.KEY_CALL]))
    assert pad.heard(hallpad68.encode(press)) == [Word("pressed", "1: call 17")]
    grade = hallpad68.Frame(0x81, hallpad68.GRADE, b"\x04")
    assert pad.heard(hallpad68.encode(grade, pad_byte=False)) == [Word("graded", "129: 4")]
    show = hallpad68.show(1, "A017", 12)
    assert pad.out(hallpad68.encode(show)) == [Word("show_number", "1: 017_12")]
    call = pa_v21.call(1, 17, 3, "A")
    assert reader("pa-v21").out(pa_v21.encode(call)) == [Word("show_call", "A17 → 3")]


def test_lines_are_judged_not_told():
    line = reader("line", call="^C(?P<number>[0-9]+)$")
    assert line.heard(b"C12\n440101199001011234\nC") == [
        Word("line_understood"),
        Word("line_unknown"),
    ]


def test_bad_options_have_no_reader():
    nonsense = DeviceConfig("d", "template", "virtual://", {"frame": "{nonsense}"})
    assert describer_of(nonsense) is None
    with pytest.raises(DeviceBroken):
        DESCRIBERS["template"](nonsense)


OPTIONS = {"template": DESCRIBED, "line": {"recall": "^R$"}}


@pytest.mark.parametrize("kind", DESCRIBERS)
@given(portions=st.lists(st.tuples(st.booleans(), st.binary(max_size=60)), max_size=12))
@settings(max_examples=40, deadline=None)
def test_garbage_is_read_without_harm(kind: str, portions: list[tuple[bool, bytes]]):
    each = reader(kind, **OPTIONS.get(kind, {}))
    for out, data in portions:
        words = each.out(data) if out else each.heard(data)
        assert {word.name for word in words} <= WORDS
