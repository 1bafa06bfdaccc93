"""Text in columns: widths, breaks, two-part lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import jobs
from drivers.typesetting import Line, char_columns, clean, columns_of, lines_of, pair, wrap

COLUMNS = st.sampled_from([4, 8, 16, 32, 42, 48])


@pytest.mark.parametrize(
    ("char", "columns"),
    [("A", 1), ("~", 1), ("政", 2), ("，", 2), ("·", 2), ("—", 2), ("é", 2), ("〇", 2),
     ("𠮷", 2), ("￥", 2), ("ｱ", 1), ("\u0301", 0), ("\ufe00", 0)],
)  # fmt: skip
def test_a_chinese_character_takes_two_columns(char, columns):
    assert char_columns(char) == columns


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("a\tb", "a b"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("￥ and ¥", "￥ and ￥"),
        ("\x1b@\x10\x04\x01王", "@王"),
        ("e\u0301", "é"),
        ("\u200b\ufeff王\ud800", "王"),
        ("\uf900", "\uf900"),
    ],
)
def test_what_is_no_glyph_is_removed_and_nothing_else(text, want):
    assert clean(text) == want


def test_closing_marks_do_not_begin_a_line():
    assert wrap("居民身份证。请", 10) == ["居民身份", "证。请"]


def test_opening_marks_do_not_end_a_line():
    assert wrap("婚姻登记（含补领", 10) == ["婚姻登记", "（含补领"]


def test_a_number_is_not_broken():
    assert wrap("请A017到3号窗口", 6) == ["请A017", "到3号", "窗口"]


def test_a_space_at_a_break_vanishes():
    assert wrap("Window 3 is open", 8) == ["Window 3", "is open"]


def test_a_word_longer_than_the_line_is_cut():
    assert wrap("AAAAAAAAAA", 4) == ["AAAA", "AAAA", "AA"]


def test_an_empty_text_is_an_empty_line():
    assert wrap("", 8) == [""]
    assert wrap("a\n\nb", 8) == ["a", "", "b"]


def test_a_pair_fills_the_gap_with_spaces():
    assert pair("前面", "12 人", 16) == ["前面       12 人"]


def test_a_long_right_part_hangs_beside_its_label():
    assert pair("事项", "企业设立登记注销", 16) == ["事项  企业设立登", "      记注销"]


def test_beside_a_long_label_the_right_part_goes_below():
    assert pair("企业设立登记", "登记注销", 16) == ["企业设立登记", "        登记注销"]


def test_a_large_size_has_fewer_columns_and_centred_lines_are_even():
    lines = lines_of(jobs.Text("某某区政务服务中心", 2, "center"), 32)
    assert lines == (Line("某某区政务", 2, "center"), Line("服务中心", 2, "center"))


def test_a_size_too_large_for_the_paper_is_made_smaller():
    (line,) = lines_of(jobs.Text("号", 8), 20)
    assert line.size == 5


@given(st.text(), COLUMNS)
def test_every_line_fits_and_no_character_is_lost(text, columns):
    lines = wrap(text, columns)
    assert all(columns_of(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(clean(text).split())


@given(st.text(), st.text(), COLUMNS)
def test_every_line_of_a_pair_fits(left, right, columns):
    lines = pair(left, right, columns)
    assert all(columns_of(line) <= columns for line in lines)
    shown = "".join("".join(lines).split())
    assert shown == "".join((clean(left) + clean(right)).split())


@given(st.text(), st.integers(1, 8), st.sampled_from(["left", "center", "right"]))
def test_every_scaled_line_fits(text, size, align):
    for line in lines_of(jobs.Text(text, size, align), 32):
        assert columns_of(line.text) * line.size <= 32
