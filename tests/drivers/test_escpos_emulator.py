"""The emulated printer is strict: it prints what a printer prints and reports what is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import jobs
from drivers.emulators.escpos import PrinterEmulator
from drivers.emulators.escpos_press import HEAD_TO_CUTTER, PAGE_DOTS_MAX, VIOLATIONS_MAX
from drivers.emulators.paper import Barcode, Dots, Page, TextRow
from tests.drivers.slips import RARE, SLIP, encode

CUT = bytes.fromhex("1d4200 1d564100")


def feed(text: str, width_mm: int = 80, charset: str = "gbk") -> PrinterEmulator:
    printer = PrinterEmulator(width_mm, charset)
    printer.feed(bytes.fromhex(text) + CUT)
    return printer


def page(text: str, **kinds) -> Page:
    printer = feed(text, **kinds)
    assert printer.violations == []
    return printer.pages[0]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("41420a", "AB"),
        ("1c26 d5fecef1 41 0a", "政务A"),
        ("1c2e 80 1c26 d5fe 0a", "Ç政"),
        ("1c2e 1b7410 80 0a", "€"),
        ("41 0d 0a", "A"),
        ("09 41 0a", "        A"),
        ("41 1b6402 42 0a", "A\n\nB"),
        ("41 1b4a10 42 0a", "A\nB"),
        ("1b74 00 1b5200 1b4d00 1b7000 1919 1b420202 1014010005 41 0a", "A"),
    ],
)
def test_text(data, text):
    assert page(data).text == text


@pytest.mark.parametrize(
    ("data", "sizes"),
    [
        ("41 d5fe", [(12, 24), (24, 24)]),
        ("1d2111 41 d5fe", [(24, 48), (48, 48)]),
        ("1d2120 41 d5fe", [(36, 24), (72, 24)]),
        ("1c210c 41 d5fe", [(12, 24), (48, 48)]),
        ("1c5701 41 d5fe", [(12, 24), (48, 48)]),
        ("1b2130 41 d5fe", [(24, 48), (24, 24)]),
        ("1b4d01 41 d5fe", [(9, 24), (24, 24)]),
        ("1d2111 1c2100 41 d5fe", [(24, 48), (24, 24)]),
        ("1d2111 1b40 41 d5fe", [(12, 24), (24, 24)]),
    ],
)
def test_sizes_of_ascii_and_chinese(data, sizes):
    (row,) = page(data + "0a").items
    assert [(glyph.width, glyph.height) for glyph in row.glyphs] == sizes


def test_bold_underline_and_reverse():
    (row,) = page("1b4501 1b2d01 1c2d01 1d4201 41 d5fe 0a").items
    assert all(glyph.bold and glyph.underline and glyph.reverse for glyph in row.glyphs)


@pytest.mark.parametrize(("n", "x"), [("00", 0), ("01", 282), ("02", 564)])
def test_alignment_in_dots(n, x):
    (row,) = page(f"1b61{n} 41 0a").items
    assert row.x == x


def test_a_line_longer_than_the_paper_goes_on_below():
    rows = page("d5fe" * 17 + "0a", width_mm=58).items
    assert [len(row.glyphs) for row in rows] == [16, 1]


def test_line_spacing_moves_the_paper():
    first, second, third = page("1b3350 41 0a 42 0a 1b32 43 0a").items
    assert second.y - first.y == 80
    assert third.y - second.y == 80


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ("1b7a", "unknown command 1b 7a"),
        ("1c99", "unknown command 1c 99"),
        ("07", "control byte 0x07"),
        ("ff", "begins no character"),
        ("d520", "has no second byte"),
        ("d5 1b6100", "has no second byte"),
        ("8139ef31", "unsupported glyph 8139ef31"),
        ("aaa1", "unsupported glyph aaa1"),
        ("41 1b6101", "alignment changed in the middle"),
        ("1b6105", "align 5 is not allowed"),
        ("1d2188", "size 0x88 is not allowed"),
        ("41 1d564100", "cut in the middle of a line"),
        ("41 0a 1d5600", "below the print"),
        ("1d7630000100010041 41 1d763000 0100 0100 00", "picture in the middle of a line"),
        ("1d763007 0100 0100 00", "is not allowed"),
        ("1d763000 4900 0100" + "00" * 73, "picture 584 dots wide on 576"),
        ("1d286b0300 314311", "QR function 67"),
        ("1d286b0300 315130", "QR function 81"),
        ("1d286b0300 305130", "unsupported GS ("),
        ("1d284102000000", "unsupported GS ("),
        ("1d5609", "cut 9 is not allowed"),
        ("1b2a05 0000", "bit image of mode 5"),
        ("1d7299", "GS r 153"),
        ("1d4999", "GS I 153"),
        ("1b24 1000", "unsupported position"),
    ],
)
def test_what_is_wrong_is_written_down(data, complaint):
    printer = PrinterEmulator()
    printer.feed(bytes.fromhex(data))
    assert any(complaint in violation for violation in printer.violations), printer.violations


def test_a_gb18030_rom_has_the_rare_characters():
    assert page("8139ef31 9534b235 0a", charset="gb18030").text == "㐂𠮷"


def test_a_gb2312_rom_lacks_what_gbk_has():
    assert feed("86b4 0a", charset="gb2312").violations == ["unsupported glyph 86b4"]


def test_pictures_of_all_three_kinds():
    raster = page("1d763000 0100 0300 ff0081").items[0]
    column = page("1b2a21 0100 ff00ff").items[0]
    graphics = page(
        "1d284c0d00 3070 30 0101 31 0800 0300 ff0081 1d284c0200 3032"
    ).items[0]  # fmt: skip
    assert (raster.width, raster.rows, raster.data) == (8, 3, b"\xff\x00\x81")
    assert (graphics.width, graphics.rows, graphics.data) == (8, 3, b"\xff\x00\x81")
    assert column.data == b"\x80" * 8 + b"\x00" * 8 + b"\x80" * 8


@pytest.mark.parametrize("data", ["1d6849 1d6b49 05 7b42413137", "1d6849 1d6b04 7b4241313700"])
def test_barcodes_of_both_forms(data):
    (code,) = page(data).items
    assert isinstance(code, Barcode)
    assert code.data.endswith(b"A17")


def test_paper_between_head_and_cutter_is_the_top_of_the_next_slip():
    printer = feed("41 0a")
    (row,) = printer.pages[0].items
    assert row.y == HEAD_TO_CUTTER
    assert printer.pages[0].height == 30 + HEAD_TO_CUTTER


def test_questions_are_answered_inside_a_picture():
    printer = PrinterEmulator()
    printer.feed(bytes.fromhex("1d763000 0100 ff00") + bytes(100))
    assert printer.feed(b"\x10\x04\x01") == b"\x12"
    printer.feed(bytes(0xFF - 103))
    assert printer.feed(CUT) == b""
    assert printer.violations == []
    assert len(printer.pages[0].items[0].data) == 0xFF


def test_a_picture_that_spells_a_question_is_answered_unless_it_was_altered():
    picture = jobs.Raster(32, b"\xff\x10\x04\x01")
    raw = b"\x1dv0\x00\x04\x00\x01\x00" + picture.data
    assert PrinterEmulator().feed(raw) == b"\x12"
    assert PrinterEmulator().feed(encode(picture)) == b""


def test_without_paper_it_answers_and_prints_when_there_is_paper_again():
    printer = PrinterEmulator()
    printer.faults.paper = "out"
    assert printer.feed(b"A\n" + CUT + b"\x1dr\x01\x10\x04\x02") == b"\x32"
    assert printer.pages == []
    printer.faults.paper = "ok"
    assert printer.feed(b"") == b"\x00"
    assert [page.text for page in printer.pages] == ["A"]


def test_paper_that_ends_in_a_slip_stops_it():
    printer = PrinterEmulator()
    printer.faults.dots_left = 45
    assert printer.feed(b"A\nB\nC\n" + CUT + b"\x1dr\x01") == b""
    assert printer.pages == []
    assert printer.feed(b"\x10\x04\x04") == b"\x7e"


def test_paper_is_torn_off_where_there_is_no_cutter():
    printer = PrinterEmulator()
    printer.tear()
    printer.feed(encode(jobs.Text("A017"), cut="none"))
    assert printer.pages == []
    printer.tear()
    assert [(page.text, page.cut) for page in printer.pages] == [("A017", "torn")]
    assert printer.violations == []


def test_a_cutter_that_jams_is_told():
    printer = PrinterEmulator()
    printer.faults.jams_at_cut = True
    printer.feed(CUT)
    assert printer.feed(b"\x10\x04\x02\x10\x04\x03") == b"\x52\x1a"


def test_automatic_status_is_sent_at_once_and_on_change():
    printer = PrinterEmulator()
    assert printer.feed(b"\x1da\x0f") == bytes.fromhex("10000000")
    assert printer.spontaneous() == b""
    printer.faults.cover_open = True
    assert printer.feed(b"\x10\x04\x01") == bytes.fromhex("38000000 1a")
    assert printer.spontaneous() == b""


def test_a_printer_without_power_hears_nothing_more():
    printer = PrinterEmulator()
    printer.faults.dies_after = 3
    printer.feed(b"A\nB\n" + CUT)
    assert printer.dead
    assert printer.feed(b"\x10\x04\x01") == b""


def test_a_silent_printer_prints():
    printer = PrinterEmulator()
    printer.faults.silent = True
    assert printer.feed(b"A\n" + CUT + b"\x10\x04\x01\x1dr\x01") == b""
    assert len(printer.pages) == 1


def test_endless_paper_and_endless_garbage_are_bounded():
    printer = PrinterEmulator()
    printer.feed(b"A\n" * (PAGE_DOTS_MAX // 30 + 1) + b"\x07" * 2 * VIOLATIONS_MAX)
    assert "without a cut" in printer.violations[0]
    assert len(printer.violations) == VIOLATIONS_MAX


COMMANDS = st.sampled_from(
    [b"\x1b", b"\x1c", b"\x1d", b"\x10", b"\x1b@", b"\x1dv0\x00", b"\x1d(k", b"\x1dV", b"\x1dk",
     b"\x1b*", b"\x10\x04", b"\x1d(L", b"\x1c&", b"\xd5\xfe", b"\n", b"\x1da\x0f"]
)  # fmt: skip
GARBAGE = st.lists(st.one_of(st.binary(max_size=8), COMMANDS), max_size=30).map(b"".join)


@given(GARBAGE)
def test_no_garbage_breaks_it(data):
    printer = PrinterEmulator()
    printer.feed(data)
    printer.feed(bytes(300) + b"\x1b@A\n" + CUT)
    assert all(isinstance(page.text, str) for page in printer.pages)


WHOLE = encode(*SLIP, jobs.Text(RARE), jobs.Qr("x", 3), width_mm=58) + encode(*SLIP, qr="raster")


@given(GARBAGE, st.lists(st.integers(0, 4000), max_size=6))
def test_any_chunking_gives_the_same_pages(garbage, cuts):
    data = garbage + WHOLE[:4000] + CUT
    whole, torn = PrinterEmulator(), PrinterEmulator()
    whole.feed(data)
    ends = [*sorted(cuts), len(data)]
    for start, end in zip([0, *ends], ends, strict=False):
        torn.feed(data[start:end])
    assert torn.pages == whole.pages
    assert torn.violations == whole.violations


def test_byte_by_byte_is_a_slip_too():
    whole, torn = PrinterEmulator(), PrinterEmulator()
    whole.feed(WHOLE)
    for at in range(len(WHOLE)):
        torn.feed(WHOLE[at : at + 1])
    assert torn.pages == whole.pages
    assert len(whole.pages) == 2
    assert {type(item) for item in whole.pages[0].items} >= {TextRow, Dots}
