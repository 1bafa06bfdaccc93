"""python-escpos, an independent encoder, prints on our emulator and agrees with our bytes."""

import warnings

import pytest
from PIL import Image

from drivers import escpos, jobs, raster
from drivers.emulators.escpos import PrinterEmulator
from drivers.emulators.paper import Dots, Symbol
from tests.drivers.slips import ADDRESS


@pytest.fixture
def dummy(monkeypatch, tmp_path):
    # It makes a temporary folder at import; this keeps it where pytest cleans up.
    monkeypatch.setenv("ESCPOS_CAPABILITIES_PICKLE_DIR", str(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, at import
        from escpos.printer import Dummy
    return Dummy(profile="TM-T88V")


def test_qr_is_byte_for_byte_the_same(dummy):
    dummy.qr(ADDRESS, ec=1, size=6, model=2, native=True)
    assert dummy.output.rstrip(b"\n") == escpos.qr_bytes(ADDRESS.encode(), 6)


def test_a_picture_is_byte_for_byte_the_same(dummy):
    image = Image.new("L", (64, 24), 255)
    image.paste(0, (8, 4, 40, 20))
    dummy.image(image, impl="bitImageRaster", center=False)
    ink = image.point(lambda level: 255 - level)
    assert dummy.output == escpos.raster_bytes(raster.pack(ink))


def test_its_cuts_are_cuts_here(dummy):
    printer = PrinterEmulator()
    dummy.text("A\n")
    dummy.cut()
    dummy.text("B\n")
    dummy.cut("PART")
    printer.feed(dummy.output)
    assert printer.violations == []
    assert [(page.text, page.cut) for page in printer.pages] == [("A", "full"), ("B", "partial")]


def test_its_sizes_are_sizes_here(dummy):
    printer = PrinterEmulator()
    dummy.set(custom_size=True, width=3, height=4, align="center", bold=True)
    dummy.text("政A\n")
    dummy.cut()
    printer.feed(dummy.output)
    (row, *_) = printer.pages[0].items
    assert [(glyph.width, glyph.height, glyph.bold) for glyph in row.glyphs] == [
        (72, 96, True),
        (36, 96, True),
    ]
    assert printer.violations == []


@pytest.mark.parametrize("impl", ["bitImageRaster", "graphics", "bitImageColumn"])
def test_its_three_ways_of_pictures_are_one_picture_here(dummy, impl):
    image = Image.new("L", (48, 24), 255)
    image.paste(0, (8, 4, 40, 20))
    dummy.image(image, impl=impl, center=False)
    dummy.cut()
    printer = PrinterEmulator()
    printer.feed(dummy.output)
    (dots,) = [item for item in printer.pages[0].items if isinstance(item, Dots)]
    want = raster.pack(image.point(lambda level: 255 - level))
    assert (dots.width, dots.data) == (want.width, want.data)


def test_its_native_code_is_read_here(dummy):
    printer = PrinterEmulator()
    dummy.qr(ADDRESS, native=True, size=4)
    dummy.cut()
    printer.feed(dummy.output)
    (symbol,) = [item for item in printer.pages[0].items if isinstance(item, Symbol)]
    assert (symbol.data, symbol.module) == (ADDRESS.encode(), 4)
    assert jobs.Qr(ADDRESS).data.encode() == symbol.data
