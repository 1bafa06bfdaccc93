"""`queued slip`: a hall looks at its slips before anybody gets one."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from queued.__main__ import main
from tests.hall_parts import CONFIG
from tests.test_slip_files import hall_file, picture

DEMO = CONFIG.parent / "demo.toml"


def slip(*words: str) -> int:
    return main(["slip", *words])


@pytest.mark.parametrize(
    ("words", "width", "text"),
    [
        ((), 576, "您的号码"),
        (("--language", "en"), 576, "Citizen Service Centre"),
        (("--elder", "--printer", "kiosk-printer-2"), 384, "请坐下等候"),
        (("--elder", "--language", "en", "--reprint"), 576, "[REPRINT]"),
    ],
)
def test_a_slip_comes_out_as_picture_and_text(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    width: int,
    text: str,
) -> None:
    out = tmp_path / "new" / "slip.png"
    assert slip("--config", str(DEMO), "--out", str(out), *words) == 0
    assert text in capsys.readouterr().out
    with Image.open(out) as image:
        assert width <= image.width <= width + 200
        assert image.height > 300


def test_own_template_with_logo_on_a_printer_without_cutter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.j2").write_text("logo\n= 8 center | {{ number }}\n= | 𠮷\n", "utf-8")
    picture(tmp_path / "logo.png")
    path = hall_file(tmp_path, 'zh = "mine.j2"\nlogo = "logo.png"\n')
    text = path.read_text("utf-8").replace("width_mm = 58", 'profile = "generic-58"')
    path.write_text(text, "utf-8")
    assert slip("--config", str(path), "--out", str(tmp_path / "slip.png")) == 0
    assert "A01" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (('[slip]\n', '[slip]\nzh = "none.j2"\n'), 1, "none.j2 cannot be read"),
        (("width_mm = 58", "width_mm = 59"), 1, "printer: bad_option: printer option width_mm"),
        (("width_mm = 58", 'slip = "huge"'), 1, '"huge" is not known'),
    ],
)
def test_what_is_wrong_is_said(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: tuple[str, str],
    code: int,
    words: str,
) -> None:
    path = hall_file(tmp_path, "")
    path.write_text(path.read_text("utf-8").replace(*change), "utf-8")
    assert slip("--config", str(path), "--out", str(tmp_path / "slip.png")) == code
    assert words in capsys.readouterr().err
    assert not (tmp_path / "slip.png").exists()


def test_an_unknown_printer_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert slip("--config", str(DEMO), "--printer", "attic") == 2
    assert "there are: kiosk-printer, kiosk-printer-2" in capsys.readouterr().err
