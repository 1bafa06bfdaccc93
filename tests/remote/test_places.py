"""The code of the hall and positions, as pure functions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queued.core.plan import Millis
from queued.remote.places import STEP_MS, OnSiteCode, Proof, in_the_hall, within
from queued.settings_remote_values import RemoteSettings

CODE = OnSiteCode("demo", b"s" * 32)
NOW = Millis(1_795_399_200_000)
HALL = RemoteSettings(position="30.2489,120.2052")


def test_a_code_is_good_while_it_is_shown_and_for_five_minutes_more():
    shown = CODE.at(NOW)
    assert (len(shown), shown.isdigit()) == (6, True)
    assert CODE.until(NOW) - NOW <= STEP_MS
    last = CODE.until(NOW) + STEP_MS - 1
    assert CODE.good(shown, NOW) and CODE.good(shown, last)
    assert not CODE.good(shown, last + 1)
    assert not CODE.good(shown, NOW - STEP_MS)


def test_another_hall_and_another_secret_show_another_code():
    others = {OnSiteCode("other", b"s" * 32).at(NOW), OnSiteCode("demo", b"t" * 32).at(NOW)}
    assert CODE.at(NOW) not in others


@given(st.text())
def test_no_text_breaks_the_comparison(text):
    assert CODE.good(text, NOW) == (text in (CODE.at(NOW), CODE.at(Millis(NOW - STEP_MS))))


@pytest.mark.parametrize(
    ("latitude", "longitude", "metres", "near"),
    [
        ("30.2489", "120.2052", 1, True),
        ("30.2579", "120.2052", 1010, True),  # 0.009 degrees of a meridian: 1,001 m
        ("30.2579", "120.2052", 990, False),
        ("-30.2489", "-59.7948", 20_000_000, False),  # the other side of the earth
    ],
)
def test_how_far_it_is(latitude, longitude, metres, near):
    assert within(HALL, Proof("", latitude, longitude), metres) == near


@given(st.text() | st.floats().map(str), st.text() | st.floats().map(str))
def test_what_is_no_place_is_nowhere(latitude, longitude):
    assert within(HALL, Proof("", latitude, longitude), 10) in (True, False)


@pytest.mark.parametrize("garbage", ["x", "nan", "inf", "-inf", "1e400", "91", "", "+", "1,2"])
def test_garbage_is_nowhere(garbage):
    assert not within(HALL, Proof("", garbage, "120.2052"), 50_000_000)
    assert not within(HALL, Proof("", "30.2489", garbage), 1) or garbage == "91"


def test_a_hall_that_asks_for_nothing_believes_its_visitors():
    nothing = Proof()
    assert in_the_hall(RemoteSettings(), CODE, nothing, NOW)
    assert not in_the_hall(replace(HALL, code=True), CODE, nothing, NOW)
    assert not in_the_hall(HALL, CODE, nothing, NOW)
    assert in_the_hall(replace(HALL, code=True), CODE, Proof(CODE.at(NOW)), NOW)
    assert in_the_hall(replace(HALL, code=True), CODE, Proof("", "30.2489", "120.2052"), NOW)
    assert not in_the_hall(HALL, CODE, Proof(CODE.at(NOW)), NOW)  # no code is asked for here


def test_what_a_phone_shows_is_in_no_log():
    assert repr(Proof("123456", "30.1", "120.1")) == "Proof()"
