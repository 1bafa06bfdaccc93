"""Named printers: each prints the same slip, and agrees with what another program knows of it."""

import re
from pathlib import Path

import pytest

from drivers import escpos, jobs
from drivers.device import DeviceBroken
from drivers.printer_models import MODELS
from drivers.printer_profile import profile_of
from tests.drivers.slips import RARE, SLIP, printed

GOLDEN = Path(__file__).parent.parent / "golden"

CHARSET_SLIP = (
    *SLIP,
    jobs.Text(RARE),
    jobs.Text("朱镕基 囍 ¥12.50 〇·", 2, "center"),
)
"""With a character only GB 18030 has (𠮷), one only GBK has (镕), one of every set."""


@pytest.mark.parametrize("name", MODELS)
def test_every_model_prints_the_slip(name):
    page = printed(*SLIP, profile=name)
    assert "A017" in page.text or MODELS[name].options.get("charset") == "image"


@pytest.mark.parametrize("name", MODELS)
def test_every_model_says_where_it_is_from(name):
    model = MODELS[name]
    assert re.fullmatch(r"(\[[EMS?]\])+", model.mark)
    assert ("[E]" not in model.mark) or model.like
    assert model.what


@pytest.mark.parametrize("name", [name for name in MODELS if MODELS[name].like])
def test_a_model_agrees_with_python_escpos(name):
    from escpos.capabilities import CAPABILITIES

    known = CAPABILITIES["profiles"][MODELS[name].like]
    profile = profile_of({"profile": name})
    pixels = known["media"]["width"]["pixels"]
    assert pixels in ("Unknown", profile.dots)
    features = known["features"]
    cuts = {
        "full": features["paperFullCut"], "partial": features["paperPartCut"], "none": True,
    }  # fmt: skip
    assert cuts[profile.cut]
    assert (profile.cut == "none") == (not features["paperFullCut"])
    assert profile.qr == "raster" or features["qrCode"]
    assert features["bitImageRaster"]


def test_an_option_beside_the_profile_wins():
    profile = profile_of({"profile": "gprinter-58", "charset": "image", "cut": "full"})
    assert (profile.dots, profile.charset, profile.cut) == (384, "image", "full")
    wider = profile_of({"profile": "generic-80-42", "width_mm": 58})
    assert wider.dots == 384


@pytest.mark.parametrize("name", ["xprinter", "", 5, True])
def test_an_unknown_profile_is_told_with_those_there_are(name):
    if name == "":
        assert profile_of({"profile": name}) == profile_of({})
        return
    with pytest.raises(DeviceBroken, match="profile.*xprinter-xp80") as caught:
        profile_of({"profile": name})
    assert caught.value.code == "bad_option"


def _outline(line, profile):
    """Of a drawn line only where it stands: fonts differ from machine to machine."""
    rows = escpos.LINE_ROWS * line.size
    return jobs.Raster(profile.dots, b"\xaa" * (profile.dots // 8 * rows))


def _outline_qr(code, profile):
    return jobs.Raster(profile.dots, b"\xcc" * (profile.dots // 8 * 40))


def _bytes_of(charset, width_mm):
    profile = profile_of({"charset": charset, "width_mm": width_mm, "qr": "raster"})
    return escpos.encode(CHARSET_SLIP, profile, _outline, _outline_qr)


def _shortened(data):
    """As hexadecimal, runs of picture bytes counted."""
    text = data.hex()
    for filler in ("aa", "cc"):
        text = re.sub(
            f"(?:{filler}){{16,}}",
            lambda run, filler=filler: f"\n{filler}*{len(run[0]) // 2}\n",
            text,
        )
    return "\n".join(
        line[at : at + 96] for line in text.split("\n") for at in range(0, max(1, len(line)), 96)
    )


@pytest.mark.parametrize("width_mm", [58, 80])
@pytest.mark.parametrize("charset", ["gbk", "gb18030", "gb2312", "image"])
def test_a_slip_in_each_character_set_is_as_it_was(charset, width_mm):
    golden = GOLDEN / f"charset_{charset}_{width_mm}.hex"
    assert _shortened(_bytes_of(charset, width_mm)) + "\n" == golden.read_text("ascii")


@pytest.mark.parametrize(
    ("charset", "four_bytes", "drawn"),
    [("gbk", False, 1), ("gb18030", True, 0), ("gb2312", False, 2)],
)
def test_what_a_rom_has_is_text_and_the_rest_is_drawn(charset, four_bytes, drawn):
    data = _bytes_of(charset, 80)
    assert ("𠮷".encode("gb18030") in data) == four_bytes
    assert data.count(b"\x1dv0") == drawn + 1  # and the code
    # "镕" is in GBK and not in GB 2312, "政" is in both
    assert ("镕".encode("gbk") in data) == (charset != "gb2312")
    assert "政".encode("gb2312") in data


def test_a_raster_only_printer_gets_no_letter():
    data = _bytes_of("image", 80)
    assert b"A017" not in data
    assert "政".encode("gbk") not in data
