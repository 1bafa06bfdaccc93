"""Files slips are made of: good ones are read, bad ones named before the doors open."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from queued.app import CannotStart, running
from queued.commands import check
from queued.settings import SettingsError, load
from queued.settings_values import DeviceSettings, Settings, SlipSettings
from queued.slip_files import LOGO_ROWS_MAX, load_logo, load_templates, packaged_templates
from tests.hall_parts import CONFIG, printer, settings


def with_slip(**files: str) -> Settings:
    return dataclasses.replace(settings(printer()), slip=SlipSettings(**files))


def picture(path: Path, size: tuple[int, int] = (800, 200), mode: str = "RGBA") -> Path:
    image = Image.new(mode, size)
    if mode == "RGBA":
        ImageDraw.Draw(image).rectangle((0, 0, size[0] // 2, size[1]), fill="black")
    image.save(path, "PNG")
    return path


def hall_file(folder: Path, slip: str) -> Path:
    path = folder / "hall.toml"
    path.write_text(CONFIG.read_text("utf-8") + "\n[slip]\n" + slip, "utf-8")
    return path


def test_without_files_the_packaged_ones(tmp_path: Path) -> None:
    assert load_templates(settings()).by_name.keys() == packaged_templates().by_name.keys()


def test_own_template_and_logo_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "mine.j2").write_text("= 8 | {{ number }}", "utf-8")
    picture(tmp_path / "logo.png")
    loaded = load(hall_file(tmp_path, 'zh = "mine.j2"\nlogo = "logo.png"\n'), {})
    templates = load_templates(loaded)
    assert templates.of("zh").name == "mine.j2"
    assert templates.of("en").name == "en.j2"
    assert templates.logo is not None
    assert templates.logo.width == 384


def test_check_names_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.j2").write_text("-\n\n= 9 | {{ number }}", "utf-8")
    path = hall_file(tmp_path, 'zh = "mine.j2"\nen = "none.j2"\nlogo = "hall.toml"\n')
    args = type("Args", (), {"config": path})
    assert check.run(args) == 1
    said = capsys.readouterr().err
    assert "[slip] zh: mine.j2: line 3: the size is 9, must be 1 to 8" in said
    assert "[slip] en:" in said and "none.j2 cannot be read: No such file" in said
    assert "[slip] logo: hall.toml is no PNG picture" in said
    (tmp_path / "mine.j2").write_text("-\n= 8 | {{ number }}", "utf-8")
    assert check.run(type("Args", (), {"config": hall_file(tmp_path, 'zh = "mine.j2"\n')})) == 0


async def test_a_hall_with_a_bad_template_does_not_open(tmp_path: Path) -> None:
    (tmp_path / "mine.j2").write_text("= oops", "utf-8")
    bad = with_slip(zh=str(tmp_path / "mine.j2"))
    with pytest.raises(CannotStart, match="mine.j2: line 1"):
        async with running(bad, tmp_path / "data"):
            pass


def test_what_is_no_text_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "gbk.j2").write_bytes(b"-\n-\n= | " + "政务".encode("gbk"))
    with pytest.raises(SettingsError, match="gbk.j2: line 3: is not UTF-8"):
        load_templates(with_slip(zh=str(tmp_path / "gbk.j2")))
    (tmp_path / "large.j2").write_bytes(b"-\n" * (1 << 20))
    with pytest.raises(SettingsError, match=r"large.j2 has more than"):
        load_templates(with_slip(zh=str(tmp_path / "large.j2")))
    with pytest.raises(SettingsError, match="cannot be read"):
        load_templates(with_slip(zh=str(tmp_path)))


@pytest.mark.parametrize(
    ("size", "dots", "width", "rows"),
    [((800, 200), 384, 384, 96), ((100, 50), 384, 104, 50), ((300, 3000), 384, 24, LOGO_ROWS_MAX),
     ((800, 200), 203, 200, 50)],
)  # fmt: skip
def test_a_logo_fits_the_paper(
    tmp_path: Path, size: tuple[int, int], dots: int, width: int, rows: int
) -> None:
    logo = load_logo(picture(tmp_path / "logo.png", size), dots)
    assert (logo.width, len(logo.data) // (logo.width // 8)) == (width, rows)
    # Its left half is black, its transparent right half is white.
    image = Image.frombytes("1", (logo.width, rows), logo.data).convert("L")
    assert image.getpixel((logo.width // 4, rows // 2)) == 255
    assert image.getpixel((logo.width * 3 // 4, rows // 2)) == 0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.write_bytes(b""), "is no PNG"),
        (lambda path: picture(path, (12_000, 10_000), "1"), "more than 16000000 pixels"),
        (lambda path: Image.new("RGB", (8, 8)).save(path, "JPEG"), "is no PNG"),
        (lambda path: picture(path, (5000, 5000), "1"), "5000 by 5000 pixels"),
        (lambda path: picture(path, (40_000, 40_000), "1"), "more than 16000000 pixels"),
        (lambda path: Image.new("L", (64, 64), 255).save(path), "all white"),
        (lambda path: path.write_bytes(picture(path).read_bytes()[:200]), "broken"),
    ],
)
def test_a_bad_logo_says_why(tmp_path: Path, make: object, words: str) -> None:
    make(tmp_path / "logo.png")  # type: ignore[operator]
    with pytest.raises(SettingsError, match=words):
        load_templates(with_slip(logo=str(tmp_path / "logo.png")))


def test_the_narrowest_printer_decides(tmp_path: Path) -> None:
    picture(tmp_path / "logo.png")
    hall = with_slip(logo=str(tmp_path / "logo.png"))
    narrow = DeviceSettings("n", "escpos", "virtual://", options={"dots": 200})
    loaded = load_templates(dataclasses.replace(hall, devices=(printer(), narrow)))
    assert loaded.logo is not None
    assert loaded.logo.width == 200
