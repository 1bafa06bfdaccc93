"""Frames by description: what other drivers send, every mistake in words, a strip that obeys."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import a090, pa_v21
from drivers.device import DeviceBroken, DeviceTransient
from drivers.emulators import serving
from drivers.emulators.a090 import A090Strip
from drivers.emulators.template import TemplateStrip
from drivers.jobs import DeviceConfig
from drivers.led_template import TemplateLed, profile_of
from drivers.ports import parse_port
from drivers.template import CHECKSUMS, BadTemplate, parse, parse_pattern
from drivers.transport import VirtualTransport, open_port

YONGTAI = "AA 55 04 {addr} F8 51 {textlen} 00; AA 55 {len-3} {addr} F8 21 00 {text:gbk} 00"
YINDA = "{addr} FE {len} {seq} 86 3C 00 05 00 {text:gbk} 00 {crc16xmodem}"
AMPLUS = '"<ID00>" [ "<L1><PA><FE><MA><WC><FE>" {text:ascii} ] {xor:hex} "<E>"'
ZHONGYI = "A0 90 [{addr} A1 {len:2} ()] {xor}"
PING_AN = 'A0 [{len-4} 28 {addr} 01 0C 22 03 "B"] {sum%100} FF'

GBK = "请A017".encode("gbk")


def render(description: str, address: int = 1, text: bytes = b"") -> str:
    frames = parse(description, address, 120)
    return " ; ".join(frame.render(address, text).hex(" ") for frame in frames).upper()


GOLDEN = {
    AMPLUS: ("hello", b"<ID00><L1><PA><FE><MA><WC><FE>hello16<E>".hex(" ").upper()),
    AMPLUS.replace("ascii} ", "ascii}"): (
        "bonjour",
        b"<ID00><L1><PA><FE><MA><WC><FE>bonjour15<E>".hex(" ").upper(),
    ),
    ZHONGYI: ("", "A0 90 01 A1 00 00 A0"),
    PING_AN.replace("{addr}", "03"): ("", "A0 07 28 03 01 0C 22 03 42 42 FF"),
    YONGTAI: (
        "请A1",
        "AA 55 04 01 F8 51 04 00 ; AA 55 09 01 F8 21 00 C7 EB 41 31 00",
    ),
}


@pytest.mark.parametrize("description", GOLDEN)
def test_a_description_gives_the_frames_known_from_elsewhere(description):
    text, wire = GOLDEN[description]
    assert render(description, 1, text.encode("gbk")) == wire


@given(st.integers(1, 255), st.text(max_size=20).map(lambda text: text.encode("gbk", "ignore")))
def test_a_description_gives_what_the_drivers_send(address, text):
    [frame] = parse("A0 90 [{addr} A5 {len:2} ({text:gbk})] {xor}", address, 120)
    assert frame.render(address, text) == a090.encode(a090.Frame(address, a090.SHOW, text))
    [call] = parse("A0 [ {len-4} 28 {addr} 01 {text:gbk} ] {sum%100} FF", address, 8)
    template = pa_v21.Template(0x28, address, 1, text[:8])
    assert call.render(address, text[:8]) == pa_v21.encode(template)


CHECK_VALUES = {
    "crc16arc": 0xBB3D,
    "crc16modbus": 0x4B37,
    "crc16xmodem": 0x31C3,
    "crc16ccitt": 0x29B1,
    "sum": 477,
    "xor": 0x31,
}


@pytest.mark.parametrize("name", CHECK_VALUES)
def test_each_checksum_has_its_check_value(name):
    assert CHECKSUMS[name](b"123456789") == CHECK_VALUES[name]


WIDTHS = {
    "{addr}": "05",
    "{addr:2}": "00 05",
    "{addr:2le}": "05 00",
    "{addr:hex}": "30 35",
    "{addr:dec3}": "30 30 35",
    "{addr+128}": "85",
    "41 42 {sum:2}": "41 42 00 83",
    "41 42 {crc16arc:2le}": "41 42 B0 61",
    "4a4B": "4A 4B",
    '"OK"': "4F 4B",
}


@pytest.mark.parametrize("description", WIDTHS)
def test_a_number_is_written_as_asked(description):
    assert render(description, 5) == WIDTHS[description]


WRONG = {
    "": "a frame without bytes",
    "AA ;": "a frame without bytes",
    "AA 5": "character 4, '5': expected is a byte",
    "AA XY": "character 4, 'XY'",
    "AA {adr}": r"character 4, {adr}: no such field; there are text:gbk, addr",
    "AA {text}": "a text needs its charset",
    "AA {text:utf8}": "a text needs its charset",
    "{text:gbk} {text:gbk}": "the text stands in a frame once",
    "{addr:4}": "no way to write a number; there are 1, 2, 2le, hex",
    "AA [ {addr}": r"the bracket \[ is not closed",
    "AA ) {addr}": "closes a bracket that is not open",
    "(AA) (BB)": "only one pair of these brackets",
    "[AA {xor}]": "a checksum stands inside its own",
    "{xor} AA": "a checksum of nothing",
    "AA ??": "any byte is for answers only",
    "{len-9} AA": "len is -7 and does not fit",
    "{text:gbk} {len+200}": "len is 321 and does not fit",
    "{seq:dec1}": "seq is 255 and does not fit",
    "{len%1}": "the remainder of a division by 2 to 256",
    "{len%999}": "the remainder of a division by 2 to 256",
    "AA;" * 4 + "AA": "5 frames, at most 4",
    "AA" * 600: "a frame of 600 bytes, at most 512",
}


@pytest.mark.parametrize("description", WRONG)
def test_a_mistake_is_found_before_anything_is_sent(description):
    with pytest.raises(BadTemplate, match=WRONG[description]):
        parse(description, 1, 120)


@given(st.text(alphabet='0123456789ABCDEF{}[]();"?%+-: addrlentxsumgbkcz', max_size=40))
def test_any_description_is_read_or_refused(description):
    for read in (lambda: parse(description, 1, 40), lambda: parse_pattern(description, 1)):
        try:
            read()
        except BadTemplate as error:
            assert str(error)


def test_an_address_that_does_not_fit_is_found_at_once():
    with pytest.raises(BadTemplate, match="addr is 300 and does not fit"):
        parse("AA {addr}", 300, 40)


PATTERNS = {"": "without bytes", "?? ??": "any noise", "AA {len}": "bytes", "AA;BB": "one frame"}


@pytest.mark.parametrize("description", PATTERNS)
def test_a_wrong_answer_pattern_is_refused(description):
    with pytest.raises(BadTemplate, match=PATTERNS[description]):
        parse_pattern(description, 1)


def test_an_answer_is_found_among_other_bytes():
    pattern = parse_pattern('A0 {addr} ?? "K"', 7)
    assert pattern.found_in(b"\x00\xa0\xa0\x07\x99K\x00")
    assert not pattern.found_in(b"\xa0\x08\x99K")
    assert pattern.found_in(pattern.example())


# ── the driver ────────────────────────────────────────────────────────────────────────────

ACK = {"ack": "A0 90 {addr} ?? AA", "nak": "A0 90 {addr} ?? 55"}
COLOURLESS = "A0 90 [{addr} A5 {len:2} ({text:gbk} 01)] {xor}"


def led_on(line, **options) -> TemplateLed:
    transport = open_port(parse_port(line.url, 4001, 9600))
    given_options = {"ack_s": 0.1, "gap_ms": 0} | options
    return TemplateLed(DeviceConfig("s", "template", line.url, given_options), transport)


async def test_a_described_strip_is_driven_with_its_answers():
    """The A0 90 strip, as a hall would describe it had it no driver: one character at a time."""
    strip = A090Strip(address=3)
    async with serving.on_tcp(strip) as line:
        led = led_on(line, address=3, frame=COLOURLESS, blank="A0 90 [03 A1 00 00] {xor}", **ACK)
        await led.connect()
        assert strip.history == ["欢迎光临"]  # the blank frame, to hear the strip
        assert await led.show("请") == "请" == strip.text
        strip.declines = True
        with pytest.raises(DeviceBroken, match="declines"):
            await led.show("请")
        await led.close()


async def test_a_described_strip_that_is_silent_is_a_timeout():
    async with serving.on_tcp(A090Strip(), serving.LineFaults(silent=True)) as line:
        led = led_on(line, frame=COLOURLESS, **ACK)
        with pytest.raises(DeviceTransient) as caught:
            await led.connect()
        assert caught.value.code == "timeout"
        await led.close()


DESCRIBED = {
    "yongtai": {"frame": YONGTAI},
    "yinda": {"frame": YINDA},
    "amplus": {"frame": AMPLUS, "ack": '"ACK"', "nak": '"NACK"'},
    "queried": {"frame": "AA {text:gb2312} 0D", "query": "AB {addr}", "alive": "AC {addr}"},
    "avoiding": {"frame": "AA {text:gbk} FE", "avoid": "AA FE", "blank": "AB"},
}


@pytest.mark.parametrize("name", DESCRIBED)
async def test_a_described_strip_shows_what_the_driver_says(name):
    options = {"gap_ms": 0, "ack_s": 0.1} | DESCRIBED[name]
    strip = TemplateStrip(profile_of(options))
    led = TemplateLed(DeviceConfig("s", "template", "", options), VirtualTransport(strip))
    await led.connect()
    for text in ("A017", "请A017到3号窗口", "", "A018"):
        shown = await led.show(text)
        assert strip.text == shown
    assert strip.violations == []
    await led.check()


async def test_characters_with_bytes_to_avoid_are_not_sent():
    options = {"frame": "AA {text:gbk} FE", "avoid": "FE"}
    strip = TemplateStrip(profile_of(options))
    led = TemplateLed(DeviceConfig("s", "template", "", options), VirtualTransport(strip))
    await led.connect()
    assert "定".encode("gbk") == b"\xb6\xa8" and "动".encode("gbk") == b"\xb6\xaf"
    assert "宁".encode("gbk") == b"\xc4\xfe"
    assert await led.show("宁定") == "□定" == strip.text


async def test_an_ascii_strip_shows_what_it_can():
    options = {"frame": AMPLUS}
    strip = TemplateStrip(profile_of(options))
    led = TemplateLed(DeviceConfig("s", "template", "", options), VirtualTransport(strip))
    await led.connect()
    assert await led.show("A017 窗口 3") == "A017 ?? 3" == strip.text


@given(st.binary(max_size=120))
def test_no_bytes_harm_the_strip(data):
    TemplateStrip(profile_of({"frame": YONGTAI, "columns": 8})).feed(data)


OPTIONS = {
    "frame": {},
    "frame = 'AA'": {"frame": "AA"},
    "one charset": {"frame": "{text:gbk}; {text:ascii}"},
    "option frame of a strip: character 4": {"frame": "AA {oops}"},
    "option ack of a strip: character 1": {"frame": "{text:gbk}", "ack": "{oops}"},
    "option blank": {"frame": "{text:gbk}", "blank": "{text:gbk}"},
    "query and alive": {"frame": "{text:gbk}", "query": "AB"},
    "nothing without ack": {"frame": "{text:gbk}", "nak": "55"},
    "two hexadecimal digits": {"frame": "{text:gbk}", "avoid": "5"},
    "a text of at most": {"frame": 5},
}


@pytest.mark.parametrize("words", OPTIONS)
def test_a_wrong_option_is_named(words):
    with pytest.raises(DeviceBroken, match=re.escape(words)) as caught:
        profile_of(OPTIONS[words])
    assert caught.value.code == "bad_option"
