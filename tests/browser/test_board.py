"""The board of a hall with forty windows: everything in one picture, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.real_hall import CONFIG, RealHall
from tests.browser.watched import People, people

HOURS = re.compile(r"^\[\[hours\]\]\n(?:(?!\[).*\n)+", re.MULTILINE)
DEVICES = re.compile(r"^\[\[device\]\]\n(?:(?!\[).*\n)+", re.MULTILINE)


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHall]:
    """The forty windows at any hour, without the devices that this machine does not have."""
    folder = tmp_path_factory.mktemp("hall")
    furniture = (CONFIG / "forty-windows.toml").read_text(encoding="utf-8")
    config = folder / "hall.toml"
    config.write_text(DEVICES.sub("", HOURS.sub("", furniture)), encoding="utf-8")
    running = RealHall(folder, config, "city-hall").start()
    yield running
    running.stop()


@pytest.fixture
def visitors(browser: Browser, hall: RealHall) -> Iterator[People]:
    with people(browser, hall.url) as those:
        yield those


def furnish(page: Page, hall: RealHall, tokens: dict[str, str]) -> None:
    """Two numbers for every service, every window open, every second one busy."""
    root = f"/api/v1/halls/{hall.id}"

    def post(path: str, role: str, body: dict[str, str]) -> int:
        headers = {"Authorization": f"Bearer {tokens[role]}"}
        return page.request.post(root + path, data=body, headers=headers).status

    for service in page.request.get(f"{root}/services").json()["services"]:
        for _ in range(2):
            assert post("/tickets", "kiosk", {"service": service["id"]}) == 201
    for position, window in enumerate(hall.snapshot()["windows"]):
        assert post(f"/windows/{window['id']}/open", "clerk", {}) == 200
        if position % 2:
            post(f"/windows/{window['id']}/call-next", "clerk", {})


def cut_off(page: Page) -> list[str]:
    """Texts that do not fit where they stand."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("#board *")]
            .filter((each) => each.children.length === 0 && each.checkVisibility())
            .filter((each) => !each.matches(".unseen"))
            .filter((each) => each.scrollWidth > each.clientWidth + 1
                && getComputedStyle(each).display !== "inline")
            .map((each) => `${each.className}: ${each.textContent}`)"""
    )
    return found


@pytest.mark.parametrize("language", ["zh", "en"])
def test_forty_windows_fit_on_one_screen(visitors: People, hall: RealHall, language: str):
    board = visitors.somebody("board")
    if hall.snapshot()["seq"] < 10:
        furnish(board, hall, {role: hall.token(role, role) for role in ("kiosk", "clerk")})

    board.goto(f"/h/{hall.id}/board?lang={language}")

    expect(board.locator("#windows .window")).to_have_count(40)
    expect(board.locator("#calls .call")).to_have_count(6)
    size = board.evaluate(
        "() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert size == [1920, 1080]
    outside = board.evaluate(
        """() => [...document.querySelectorAll("#board li, #board header *")]
            .map((each) => each.getBoundingClientRect())
            .filter((box) => box.right > 1921 || box.bottom > 1081 || box.left < -1).length"""
    )
    assert outside == 0
    if language == "zh":
        assert cut_off(board) == []
    least = board.evaluate(
        """() => Math.min(...[...document.querySelectorAll("#board .window *, #board .queue *")]
            .map((each) => parseFloat(getComputedStyle(each).fontSize)))"""
    )
    assert least >= 18
