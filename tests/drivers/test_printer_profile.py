"""Options of a printer: every wrong one is named."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.device import DeviceBroken
from drivers.printer_profile import Profile, profile_of


def test_without_options_it_is_an_80_mm_gbk_printer():
    profile = profile_of({})
    assert profile == Profile()
    assert (profile.dots, profile.columns, profile.charset) == (576, 48, "gbk")


@pytest.mark.parametrize(
    ("options", "dots", "columns"),
    [({"width_mm": 58}, 384, 32), ({"width_mm": 80, "dots": 512}, 512, 42)],
)
def test_dots_and_columns_follow_the_paper(options, dots, columns):
    profile = profile_of(options)
    assert (profile.dots, profile.columns) == (dots, columns)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("width_mm", 76), ("width_mm", "80"), ("width_mm", True), ("dots", 500), ("dots", 100),
        ("charset", "utf8"), ("qr", "yes"), ("cut", True), ("feed_lines", 21),
        ("feed_lines", 1.5), ("status", "on"), ("codepage", 256), ("codepage", -2),
        ("font", 5), ("timeout_s", 0), ("timeout_s", "2"), ("timeout_s", float("nan")),
        ("paper", "A4"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_named(name, value):
    with pytest.raises(DeviceBroken, match=name) as caught:
        profile_of({name: value})
    assert caught.value.code == "bad_option"


NAMES = st.sampled_from([field.name for field in fields(Profile)] + ["unknown"])
VALUES = st.one_of(st.text(max_size=5), st.integers(), st.floats(), st.booleans())


@given(st.dictionaries(NAMES, VALUES))
def test_any_options_are_taken_or_refused(options):
    try:
        profile = profile_of(options)
    except DeviceBroken as error:
        assert error.code == "bad_option"
    else:
        assert profile.dots % 8 == 0
