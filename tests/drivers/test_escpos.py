"""Slips as bytes: golden frames, and properties over any text."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import escpos, jobs
from drivers.device import DeviceError
from drivers.emulators.paper import Dots, TextRow
from drivers.printer_profile import Profile
from drivers.typesetting import clean
from tests.drivers.slips import ADDRESS, RARE, SLIP, body, encode, page_of, printed

GOLDEN = Path(__file__).parent.parent / "golden"


def hex_(text: str) -> bytes:
    return bytes.fromhex(text)


def test_chinese_is_gbk_in_kanji_mode():
    data = encode(jobs.Text("政务A1："), feed_lines=0)
    assert data == hex_("1b40 1c26 d5fecef1 4131 a3ba 0a 1d5600")


@pytest.mark.parametrize(
    ("block", "want"),
    [
        (jobs.Text("A"), "41 0a"),
        (jobs.Text("¥1"), "a3a4 31 0a"),
        (jobs.Text("·〇"), "a1a4 a996 0a"),
        (jobs.Text("A", align="center"), "1b6101 41 0a 1b6100"),
        (jobs.Text("A", align="right"), "1b6102 41 0a 1b6100"),
        (jobs.Text("A", bold=True), "1b4501 41 0a 1b4500"),
        (jobs.Text("号", 2), "1b333c 1d2111 1c210c bac5 0a 1d2100 1c2100 1b32"),
        (jobs.Text("号", 4), "1b3378 1d2133 bac5 0a 1d2100 1c2100 1b32"),
        (jobs.Feed(3), "1b6403"),
        (jobs.Raster(16, b"\x01\x02\x03\x04"), "1b6101 1d763000 0200 0200 01020304 1b6100"),
    ],
)
def test_golden_blocks(block, want):
    assert body(block) == hex_(want)


def test_golden_qr():
    golden = hex_(
        "1D286B0400 31413200 1D286B0300 314306 1D286B0300 314531 1D286B1B00 315030"
        "68747470733A2F2F712E6578616D706C652F742F41303031 1D286B0300 315130"
    )
    assert escpos.qr_bytes(ADDRESS.encode(), 6) == golden
    assert body(jobs.Qr(ADDRESS)) == hex_("1b4a18 1b6101") + golden + hex_("1b6100 1b4a18")


@pytest.mark.parametrize(
    ("cut", "want"), [("full", "1b6404 1d5600"), ("partial", "1b6404 1d5601"), ("none", "1b6404")]
)
def test_cut_by_option(cut, want):
    assert encode(jobs.Text(""), cut=cut) == hex_("1b40 1c26 0a" + want)


def test_what_cuts_a_half_slip_off():
    assert escpos.cut_off(Profile()) == hex_("1b40 1b6404 1d5600")
    profile = Profile(cut="partial", feed_lines=2)
    assert escpos.cut_off(profile, 3) == hex_("000000 1b40 1b6402 1d5601")


def test_a_code_page_is_chosen_before_kanji_mode():
    assert encode(codepage=0, feed_lines=0, cut="none") == hex_("1b40 1b7400 1c26")


@pytest.mark.parametrize(("name", "width_mm"), [("slip_80", 80), ("slip_58", 58)])
def test_a_whole_slip_is_as_it_was(name, width_mm):
    data = encode(*SLIP, width_mm=width_mm)
    assert data == bytes.fromhex((GOLDEN / f"{name}.hex").read_text("ascii"))
    assert page_of(data, width_mm).text + "\n" == (GOLDEN / f"{name}.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "charset", "drawn"),
    [
        ("王先生", "gbk", False),
        ("王𠮷", "gbk", True),
        ("㐂", "gbk", True),
        ("㐂", "gb18030", False),
        ("𠮷", "gb18030", False),
        ("喆镕", "gbk", False),
        ("喆镕", "gb2312", True),
        ("王先生", "gb2312", False),
        ("A", "image", True),
    ],
)
def test_a_line_the_rom_lacks_is_drawn(text, charset, drawn):
    page = printed(jobs.Text(text), charset=charset)
    assert [isinstance(item, Dots) for item in page.items[:1]] == [drawn]


def test_only_the_line_with_the_rare_character_is_drawn():
    page = printed(jobs.Text("请等候"), jobs.Text(RARE), jobs.Text("三号窗口"))
    assert page.text == "请等候\n[image 576×30]\n三号窗口"


@pytest.mark.parametrize(
    "block",
    [
        jobs.Text("A", 0),
        jobs.Text("A", 9),
        jobs.Text("国" * 2001),
        jobs.Pair("国" * 2001, ""),
        jobs.Pair("", "国" * 2001),
        jobs.Raster(8, bytes(16_001)),
        jobs.Feed(0),
        jobs.Feed(21),
        jobs.Qr(""),
        jobs.Qr("a\x1b@"),
        jobs.Qr("a", 0),
        jobs.Qr("a", 17),
        jobs.Qr("a" * 2332),
        jobs.Raster(12, b"\0\0"),
        jobs.Raster(584, bytes(73)),
        jobs.Raster(16, b"\0"),
        jobs.Raster(16, b""),
    ],
)
def test_a_block_no_printer_can_print_is_refused(block):
    with pytest.raises(DeviceError) as caught:
        encode(block)
    assert caught.value.code == "bad_job"


def test_a_slip_longer_than_two_metres_is_refused():
    encode(*[jobs.Feed(20)] * 26)
    with pytest.raises(DeviceError, match="2 m of paper"):
        encode(*[jobs.Feed(20)] * 27)


def test_a_code_too_large_is_made_of_smaller_modules():
    data = body(jobs.Qr("a" * 600, 16), width_mm=58)
    assert b"\x1d(k\x03\x001C\x04" in data  # 89 modules of 4 dots on 384
    page = printed(jobs.Qr("a" * 600, 16), width_mm=58)
    assert page.items


@pytest.mark.parametrize("command", escpos.REALTIME)
def test_a_picture_never_spells_a_real_time_command(command):
    data = escpos.raster_bytes(jobs.Raster(32, b"\x10" + command + b"\x01"))
    assert command not in data
    assert data.endswith(b"\x10\x30" + command[1:] + b"\x01")


def test_tall_pictures_go_in_bands():
    data = escpos.raster_bytes(jobs.Raster(8, bytes(range(200))))
    assert data.count(b"\x1dv0\x00\x01\x00") == 2
    assert data[6:8] == b"\x80\x00"


OPTIONS = st.fixed_dictionaries(
    {
        "width_mm": st.sampled_from([58, 80]),
        "charset": st.sampled_from(["gbk", "gb18030", "gb2312"]),
        "qr": st.sampled_from(["native", "raster"]),
        "cut": st.sampled_from(["full", "partial"]),
    }
)
CHINESE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x9FFF), max_size=60)
ANY_TEXT = st.one_of(st.text(max_size=60), CHINESE, st.text("政务A017，（）¥·𠮷\x1b\x10\x04"))


@given(ANY_TEXT, st.integers(1, 8), st.sampled_from(["left", "center", "right"]), OPTIONS)
def test_any_text_comes_out_as_it_was_or_as_a_picture(text, size, align, options):
    page = printed(jobs.Text(text, size, align), **options)
    rows = [item for item in page.items if isinstance(item, TextRow)]
    shown = "".join(row.text for row in rows).split()
    if not any(isinstance(item, Dots) for item in page.items):
        assert "".join(shown) == "".join(clean(text).split())
    else:
        assert set("".join(shown)) <= set(clean(text))


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT, OPTIONS)
def test_no_slip_breaks_the_rules_or_spells_a_real_time_command(left, right, code, options):
    blocks = [jobs.Pair(left, right), jobs.Rule(), jobs.Feed(16), jobs.Text(left, 2)]
    if code and code.isprintable():
        blocks.append(jobs.Qr(code))
    data = encode(*blocks, **options)
    assert not any(command in data for command in escpos.REALTIME)
    page_of(data, options["width_mm"], options["charset"])
