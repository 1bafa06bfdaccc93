"""Lines and codes drawn as dots, fonts found, slips as pictures."""

import cv2
import numpy
import pytest
from PIL import Image

from drivers import fonts, jobs, raster
from drivers.device import DeviceBroken
from drivers.emulators import paper
from drivers.emulators.escpos import PrinterEmulator
from drivers.printer_profile import Profile, profile_of
from drivers.typesetting import Line
from tests.drivers.slips import ADDRESS, RARE, SLIP, encode, printed


@pytest.fixture
def only_packaged_font(monkeypatch):
    """A machine without any font of its own."""
    monkeypatch.setattr(fonts, "SYSTEM_FONTS", ())
    monkeypatch.delenv(fonts.ENVIRONMENT, raising=False)
    fonts._chain.cache_clear()
    yield
    fonts._chain.cache_clear()


def ink(picture: jobs.Raster) -> tuple[int, int, int, int] | None:
    """The box of everything black."""
    return raster.unpack(picture.width, picture.data).getbbox()


def draw(text: str, **kinds) -> jobs.Raster:
    return raster.draw_line(Line(text, **kinds), Profile())


@pytest.mark.parametrize("size", [1, 2, 8])
def test_a_drawn_line_is_as_high_and_wide_as_a_printed_one(size):
    picture = draw("国", size=size)
    assert picture.width == 576
    assert len(picture.data) == 72 * 30 * size
    left, top, right, bottom = ink(picture)
    assert 0 <= left < right <= 24 * size
    assert 0 <= top < bottom <= 24 * size
    assert right - left > 18 * size


def test_a_drawn_line_is_aligned():
    left, middle, right = (ink(draw("国", align=a)) for a in ("left", "center", "right"))
    assert left[0] < 24
    assert 276 <= middle[0] < 300
    assert right[0] >= 552


def test_bold_has_more_ink():
    def dots(picture):
        return sum(byte.bit_count() for byte in picture.data)

    assert dots(draw("国", bold=True)) > dots(draw("国"))


@pytest.mark.parametrize("char", "𠮷㐂䶮龘鿏")
def test_a_rare_character_is_drawn_on_a_machine_without_fonts(only_packaged_font, char):
    assert draw(char) != draw(fonts.MISSING_MARK)
    assert ink(draw(char))[2] > 18


def test_what_no_font_has_is_marked(only_packaged_font):
    assert draw("\U0001fae8") == draw(fonts.MISSING_MARK)


def test_a_machine_without_any_font_says_what_to_do(only_packaged_font, monkeypatch):
    monkeypatch.setattr(fonts, "PACKAGED_FONT", ("no_such_package", "x.ttc", 0))
    with pytest.raises(DeviceBroken, match="install fonts-wqy-zenhei") as caught:
        draw("国")
    assert caught.value.code == "no_font"


@pytest.mark.parametrize("content", [None, b"not a font"])
def test_a_configured_font_that_is_none_is_named(tmp_path, content):
    path = tmp_path / "font.ttf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DeviceBroken, match=str(path)):
        raster.draw_line(Line("国"), Profile(font=str(path)))


def test_dots_there_and_back():
    picture = Image.new("L", (16, 2), 0)
    picture.putpixel((0, 0), 255)
    picture.putpixel((15, 1), 255)
    packed = raster.pack(picture)
    assert packed == jobs.Raster(16, b"\x80\x00\x00\x01")
    assert raster.unpack(16, packed.data).tobytes() == picture.tobytes()


@pytest.mark.parametrize("width_mm", [58, 80])
@pytest.mark.parametrize("qr", ["native", "raster"])
@pytest.mark.parametrize("data", [ADDRESS, "https://q.example/t/" + "7Yb2kq9Zr3nXw5Lm" * 4])
def test_a_phone_reads_the_code_from_the_paper(width_mm, qr, data):
    page = printed(*SLIP[:-2], jobs.Qr(data), SLIP[-1], width_mm=width_mm, qr=qr)
    picture = numpy.array(paper.render(page).convert("L"))
    assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == data


@pytest.mark.parametrize("qr", ["native", "raster"])
def test_a_code_has_its_quiet_zone(qr):
    page = printed(jobs.Text("国" * 24), jobs.Qr(ADDRESS), jobs.Text("国" * 24), qr=qr)
    rows = numpy.array(paper.render(page))[:, 32:-32].min(axis=1) < 128
    blank = "".join("x" if row else "." for row in rows).strip(".")
    assert blank.count("." * 24) >= 2


@pytest.mark.parametrize(("width_mm", "paper_dots"), [(58, 464), (80, 640)])
def test_a_page_is_as_wide_as_its_paper(width_mm, paper_dots):
    page = printed(*SLIP, jobs.Text(RARE), width_mm=width_mm)
    picture = paper.render(page)
    assert picture.size == (paper_dots, page.height + paper.EDGE_DOTS)


def test_a_drawn_line_looks_like_a_printed_one():
    printed_one = paper.render(printed(jobs.Text("政务大厅A017", 2)))
    drawn_one = paper.render(printed(jobs.Text("政务大厅A017", 2), charset="image"))
    assert printed_one.size == drawn_one.size
    different = numpy.abs(numpy.array(printed_one, int) - numpy.array(drawn_one, int)) > 128
    assert different.mean() < 0.01


def test_a_partial_cut_leaves_a_bridge():
    full, partial = (paper.render(printed(jobs.Text("A"), cut=cut)) for cut in ("full", "partial"))
    middle, edge = full.width // 2, full.height - 1
    assert full.getpixel((middle, edge)) == paper.SHADOW
    assert partial.getpixel((middle, edge)) == paper.PAPER


def test_torn_paper_has_teeth():
    printer = PrinterEmulator()
    printer.feed(encode(jobs.Text("A017"), cut="none"))
    printer.tear()
    picture = paper.render(printer.pages[0])
    edge = [picture.getpixel((x, picture.height - 6)) for x in range(64)]
    assert set(edge) == {paper.SHADOW, paper.PAPER}


def test_everything_a_printer_can_do_can_be_shown():
    printer = PrinterEmulator()
    printer.feed(
        bytes.fromhex(
            "1b2d01 1d4201 41 1b4d01 42 1d2131 d5fe 0a 1b40 1d6b49057b42413137"
            "1b2a00 0200 ff01 1d763003 0100 0100 81 1b6101 1d564100"
        )
    )
    assert printer.violations == []
    picture = paper.render(printer.pages[0])
    assert picture.getextrema()[0] == paper.INK


def test_an_image_printer_prints_the_same_layout():
    page = printed(*SLIP, charset="image", width_mm=58)
    assert page.text.count("[image") == len(printed(*SLIP, width_mm=58).text.splitlines()) - 1
    assert profile_of({"charset": "image"}).charset == "image"
