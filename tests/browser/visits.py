"""What a visitor does at the kiosk with a finger."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

KIOSKS = ("kiosk", "kiosk, landscape", "kiosk, small")
"""Sizes of the kiosk, see `watched.SIZES`."""

PASSPORT = "普通护照申领"

Visit = Callable[..., Page]
"""Goes to a kiosk of some size: the fixture `visit`."""


def tap(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).tap()


def letters(page: Page, keys: str) -> None:
    for key in keys:
        page.locator(f'.pad:visible [data-key="{key}"]').tap()


def taken(page: Page) -> str:
    """The number on the last screen."""
    expect(page.locator("#result")).to_be_visible()
    expect(page.locator("#number")).to_have_text(re.compile(r"[A-F]\d{3}"))
    return page.locator("#number").inner_text()


def fits(page: Page) -> None:
    """Nobody scrolls at a kiosk."""
    over = page.evaluate(
        "() => { const main = document.getElementById('main');"
        " return main.scrollHeight - main.clientHeight; }"
    )
    assert over <= 0, f"{over} px do not fit the screen"
