"""The wording of waits: shared vectors, and what must hold for every estimate."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from display import waits

ALL = json.loads((Path(__file__).parent / "waits_vectors.json").read_text("utf-8"))
VECTORS, SPANS = ALL["shown"], ALL["span"]


@pytest.mark.parametrize("vector", VECTORS)
def test_vectors(vector):
    shown = waits.shown(vector["wait"], vector["ahead"])
    assert dataclasses.asdict(shown) == vector["gives"]


@given(st.lists(st.integers(0, 10 * 3600), min_size=3, max_size=3).map(sorted), st.integers(1, 500))
def test_the_promise_is_never_shorter_than_the_estimate(quantiles, ahead):
    p50, p80, p90 = quantiles
    shown = waits.shown({"p50_s": p50, "p80_s": p80, "p90_s": p90}, ahead)
    assert shown.minutes * 60 >= p80
    assert shown.high * 60 >= p90
    assert shown.low * 60 <= p50
    assert shown.low <= shown.minutes <= shown.high


@given(st.integers(0, 36000), st.integers(0, 36000))
def test_a_longer_wait_is_never_worded_shorter(one, other):
    assert (waits.round_up(min(one, other))) <= waits.round_up(max(one, other))
    assert (waits.round_down(min(one, other))) <= waits.round_down(max(one, other))


@pytest.mark.parametrize("vector", SPANS)
def test_vectors_of_spans(vector):
    span = waits.span(vector["wait"], vector["ahead"])
    assert dataclasses.asdict(span) == vector["gives"]


@given(st.lists(st.integers(0, 86_400), min_size=2, max_size=2).map(sorted))
def test_a_span_holds_what_it_was_rounded_from(bounds):
    span = waits.span({"p50_s": bounds[0], "p80_s": bounds[1]}, 5)
    if span.kind == "soon":
        assert bounds[1] <= 300
    else:
        assert span.low * 60 <= bounds[0] and bounds[1] <= span.high * 60
        assert 0 <= span.low < span.high and span.low % 5 == span.high % 5 == 0
