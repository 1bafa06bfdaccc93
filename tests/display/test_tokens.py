"""The colours of both themes can be read: contrast as WCAG 2.2 computes it, from the file itself.

Source of the formulas: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance, #dfn-contrast-ratio.
"""

from __future__ import annotations

import re

import pytest

from display.pages import STATIC_DIR

TEXT, CONTROL = 4.5, 3.0

READ_ON = {
    "ink": ("ground", "surface", "raised", "sunken", "off-soft", "brand-soft", "warn-soft"),
    "muted": ("ground", "surface", "raised", "sunken"),
    "brand": ("ground", "surface", "raised", "brand-soft"),
    "brand-deep": ("surface", "brand-soft"),
    "on-brand": ("brand", "brand-deep"),
    "on-called": ("called",),
    "on-seal": ("seal",),
    "serving": ("ground", "surface", "raised"),
    "good": ("ground", "surface", "good-soft"),
    "warn": ("ground", "surface", "warn-soft"),
    "bad": ("ground", "surface", "bad-soft"),
    "off": ("surface", "off-soft"),
}
SEEN_ON = {
    "edge": ("ground", "surface", "raised"),
    "focus": ("ground", "surface", "raised"),
    "seal": ("ground", "surface"),
    "called": ("ground", "surface", "raised"),
}
PAIRS = [(TEXT, text, ground) for text, grounds in READ_ON.items() for ground in grounds] + [
    (CONTROL, edge, ground) for edge, grounds in SEEN_ON.items() for ground in grounds
]


def colours(theme: str) -> dict[str, str]:
    """Name → #rrggbb of one theme."""
    css = (STATIC_DIR / "css" / "tokens.css").read_text(encoding="utf-8")
    block = re.search(rf'\[data-theme="{theme}"\] \{{(.*?)\}}', css, re.DOTALL)
    assert block is not None
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block[1]))


def luminance(colour: str) -> float:
    """0 black to 1 white, of sRGB."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """1 (the same) to 21 (black on white)."""
    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_pair_of_colours_can_be_read(theme):
    known = colours(theme)
    weak = {
        f"{one} on {other}": round(contrast(known[one], known[other]), 2)
        for least, one, other in PAIRS
        if contrast(known[one], known[other]) < least
    }
    assert weak == {}


def test_both_themes_know_the_same_colours():
    assert colours("light").keys() == colours("dark").keys()


def test_the_formula_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48, "the best known grey that fails"
