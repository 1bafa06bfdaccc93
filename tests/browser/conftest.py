"""A real Chromium and a real hall for every module of browser tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from tests.browser.real_hall import RealHall
from tests.browser.visits import Visit
from tests.browser.watched import ACTION_MS, People, people

HERE = Path(__file__).parent
NAMES = ("chromium", "chromium-browser", "google-chrome")

FLAGS = (
    "--no-sandbox",  # root in a container has no user namespaces
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)

expect.set_options(timeout=ACTION_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


def chromium_path() -> str:
    """The system's Chromium. Without one: skipped for whom set-up could not install it."""
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if found is None:
        why = "no Chromium on this machine: apt-get install chromium"
        if os.geteuid() == 0:
            pytest.fail(why)
        pytest.skip(why)
    return found


# For one module each: while Playwright runs, its event loop occupies the thread, and the
# asynchronous tests of other modules need their own.


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    launched = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
    yield launched
    launched.close()


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHall]:
    """The demonstration hall without virtual people."""
    running = RealHall(tmp_path_factory.mktemp("hall")).start()
    yield running
    running.stop()


@pytest.fixture
def visitors(browser: Browser, hall: RealHall) -> Iterator[People]:
    """People in the hall."""
    with people(browser, hall.url, hall.sessions) as those:
        yield those


@pytest.fixture
def visit(visitors: People) -> Visit:
    """A kiosk of some size with somebody in front of it who touches."""

    def at(size: str = "kiosk", **options: Any) -> Page:
        page = visitors.manager(size, has_touch=True, **options)
        page.goto("/h/demo/kiosk")
        expect(page.locator("#queues button").first).to_be_visible()
        return page

    return at
