"""Every page in every state looks as it was agreed; what is compared, and how: `golden.py`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import Browser

from tests.browser import golden
from tests.browser.golden import ROWS, Painter

BOARD = next(row for row in ROWS if row.name == "board-busy")

FAULTS = {
    "another colour": ".window[data-state='serving'] { border-color: #5b6670 !important }"
    " .call .number { color: #e06030 !important }",
    "a line that has moved": "#queues { translate: 0 10px }",
    "a mark that is missing": ".hall-name::before { display: none !important }",
    "a text that is larger": ".window-name { font-size: 2.2rem !important }",
    "texts over each other": ".queue-next { position: absolute; left: 1rem; bottom: 0.4rem }",
    "something that is gone": "#windows .window:last-child { visibility: hidden }",
}


@pytest.fixture(scope="module")
def painter(browser: Browser) -> Painter:
    return Painter(browser)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_page_looks_as_agreed(painter, row):
    assert golden.difference_from_golden(row, painter.draw(row)) is None


def test_a_page_that_looks_different_is_noticed(painter, tmp_path, monkeypatch):
    monkeypatch.setattr(golden, "DIFFERENCES", tmp_path)
    monkeypatch.setattr(golden, "ROOT", tmp_path)
    for fault, drawn in painter.draw_with(BOARD, FAULTS).items():
        found = golden.difference_from_golden(BOARD, drawn)
        assert found is not None and "looks different" in found, fault
        where = tmp_path / "board-busy-where.png"
        assert where.is_file()
        where.unlink()


def test_what_another_version_of_the_browser_may_do_is_no_difference(painter):
    harmless = {"a shift of a pixel": ".queue-name { translate: 1px 0 }"}
    for drawn in painter.draw_with(BOARD, harmless).values():
        assert golden.difference_from_golden(BOARD, drawn) is None


def test_a_picture_of_another_size_or_none_is_a_difference(painter):
    small = painter.draw(replace(BOARD, size="small wall"))
    assert golden.differing(small, small) is None
    assert golden.differing(small, small.crop((0, 0, 300, 200))) is not None
    assert "no picture of nothing" in str(
        golden.difference_from_golden(replace(BOARD, name="nothing"), small)
    )


def test_every_picture_has_a_row_and_all_are_small():
    files = {file.stem: file.stat().st_size for file in golden.FOLDER.glob("*.png")}
    assert set(files) == {row.name for row in ROWS}
    assert sum(files.values()) <= 4 << 20
