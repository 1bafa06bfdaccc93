"""What the phone pages work out: clock times, hours, searching; and what browsers they need."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from display import i18n, phone
from display.pages import STATIC_DIR
from tests.display import samples

JS = STATIC_DIR / "js"
AT = "2026-11-23T10:15:30+08:00"
VECTORS = json.loads((Path(__file__).parent / "find_vectors.json").read_text("utf-8"))

NEWER = {
    "optional chaining, of 2020": r"\?\.(?!\d)",
    "?? and its like, of 2020": r"\?\?|\|\|=|&&=",
    "a catch without a name, of 2019": r"catch\s*\{",
    "private fields, of 2022": r"this\.#",
    "numbers with _, of 2021": r"\d_\d",
    "functions of newer browsers": r"AbortSignal\.timeout|replaceChildren|replaceAll|\.at\("
    r"|structuredClone|Object\.fromEntries|\.flat\(|\.flatMap\(|Promise\.any|allSettled",
}
"""What Chromium 61, the floor of the phone pages, does not know."""


@pytest.mark.parametrize(
    ("seconds", "low", "high"),
    [(0, "10:15", "10:20"), (270, "10:20", "10:20"), (271, "10:20", "10:25"),
     (660, "10:25", "10:30"), (50_000, "00:05", "00:10")],
)  # fmt: skip
def test_clock_times_are_rounded_outward(seconds, low, high):
    assert (phone.from_clock(AT, seconds), phone.to_clock(AT, seconds)) == (low, high)


def test_hours_of_the_same_days_share_a_line():
    lines = phone.week(samples.hours(), i18n.catalogue("zh").text)
    assert lines == [("周一至周五", "08:30–12:00、13:30–17:30"), ("周六", "09:00–12:00")]
    odd = [{"days": ("sun", "mon"), "open": "00:00", "close": "00:00"}]
    assert phone.week(odd, i18n.catalogue("en").text) == [("Mon, Sun", "00:00–00:00")]
    assert phone.week([], i18n.catalogue("zh").text) == []


@pytest.mark.parametrize("vector", VECTORS)
def test_vectors_of_searching(vector):
    assert phone.matches(vector["query"], vector["text"]) == vector["finds"]


@given(st.text(max_size=40))
def test_any_query_is_only_text(query):
    assert phone.matches(query, "企业开办 | qykb") in (True, False)


def loaded_by(module: str, seen: dict[str, str]) -> dict[str, str]:
    """The module and all it imports: name → source without comments and strings."""
    if module not in seen:
        source = (JS / module).read_text("utf-8")
        seen[module] = re.sub(r"//[^\n]*|\"[^\"\n]*\"|'[^'\n]*'", "", source)
        for name in re.findall(r'from "\./([^"]+)"', source):
            loaded_by(name, seen)
    return seen


def newer_than_the_floor(source: str) -> list[str]:
    return [name for name, pattern in NEWER.items() if re.search(pattern, source)]


@pytest.mark.parametrize("page", ["status.js", "ticket.js"])
def test_phones_load_nothing_that_old_browsers_cannot_read(page):
    for name, source in loaded_by(page, {}).items():
        assert newer_than_the_floor(source) == [], name


def test_the_check_of_the_floor_can_fail():
    for source in ("a?.b", "a ?? b", "catch {", "this.#a", "1_000", "[].at(-1)"):
        assert newer_than_the_floor(source), source
    assert newer_than_the_floor("a ? .5 : b; a ?.5 : 1") == []


def test_what_is_for_browsers_without_modules_is_of_their_time():
    source = re.sub(r"//[^\n]*", "", (JS / "reload.js").read_text("utf-8"))
    assert not re.search(r"\b(const|let|import|export|class|async)\b|=>|`", source)


@pytest.mark.parametrize("page", ["status", "ticket"])
def test_every_module_is_asked_for_at_once(page):
    """A module found inside another one costs a round trip of a slow line."""
    html = (STATIC_DIR.parent / "templates" / f"{page}.html").read_text("utf-8")
    named = re.search(r"ahead_of_time\(\(([^)]*)\)\)", html)[1]
    imported = {name.removesuffix(".js") for name in loaded_by(f"{page}.js", {})} - {page}
    assert set(re.findall(r'"(\w+)"', named)) == imported
