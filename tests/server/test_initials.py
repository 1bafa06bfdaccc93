"""The letters a visitor taps are those of the names as they are spoken."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queued.server.initials import CHARS_MAX, FIRST, initials_of

DEMO = Path(__file__).resolve().parents[2] / "config" / "demo.toml"


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("不动产登记", "bdcdj"),
        ("住房公积金提取", "zfgjjtq"),
        ("A类 许可证（补办）", "alxkzbb"),
        ("新生儿出生一件事", "xsecsyjs"),
        ("龘", ""),
        ("", ""),
    ],
)
def test_initials(name: str, initials: str):
    assert initials_of(name) == initials


def test_they_are_those_people_wrote_by_hand():
    services = tomllib.loads(DEMO.read_text("utf-8"))["service"]
    differing = {
        one["name"]: (one["initials"], initials_of(one["name"]))
        for one in services
        if one["initials"] != initials_of(one["name"])
    }
    assert differing == {}


def test_every_letter_begins_with_the_character_the_table_names():
    for code, letter in FIRST:
        assert initials_of(code.to_bytes(2, "big").decode("gb2312")) == letter


@given(st.text(max_size=200))
def test_any_text_gives_letters_and_digits(text: str):
    initials = initials_of(text)
    assert len(initials) <= CHARS_MAX
    assert all(one in "abcdefghijklmnopqrstuvwxyz0123456789" for one in initials)
