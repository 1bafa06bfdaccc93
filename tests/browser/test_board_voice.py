"""The board speaks: from the clerk's call to the page's word, everything real but the voice itself.

Chromium has no voices here, so `speech.js` stands in for its speechSynthesis, strictly.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.browser.conftest import FLAGS, chromium_path
from tests.browser.real_hall import RealHall
from tests.browser.watched import People, people

SPEECH = Path(__file__).parent / "speech.js"
CONFIG = """
[hall]
id = "spoken"
name = "市民服务中心"
[[queue]]
id = "a"
letter = "A"
name = "综合受理"
[[window]]
id = "1"
name = "1号窗口"
queues = ["a"]
[[device]]
id = "hall-voice"
kind = "browser"
port = "browser://"
repeat_pause_s = 0
"""
DEADLINE_S = 15.0


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHall]:
    folder = tmp_path_factory.mktemp("spoken")
    (folder / "hall.toml").write_text(CONFIG, encoding="utf-8")
    running = RealHall(folder, folder / "hall.toml", "spoken").start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def tokens(hall: RealHall) -> dict[str, str]:
    return {role: hall.token(role, role) for role in ("display", "clerk", "kiosk", "manager")}


@pytest.fixture(scope="module")
def kiosk_browser(playwright: Playwright) -> Iterator[Browser]:
    """Started as a hall's screen is: pages may make sound untouched."""
    flags = [*FLAGS, "--autoplay-policy=no-user-gesture-required"]
    launched = playwright.chromium.launch(executable_path=chromium_path(), args=flags)
    yield launched
    launched.close()


@pytest.fixture
def screens(kiosk_browser: Browser, hall: RealHall) -> Iterator[People]:
    with people(kiosk_browser, hall.url) as those:
        yield those


@pytest.fixture
def visitors(browser: Browser, hall: RealHall) -> Iterator[People]:
    with people(browser, hall.url, hall.sessions) as those:
        yield those


def speaking(those: People, tokens: dict[str, str], policy: str = "open") -> Page:
    """A board that owns the voice."""
    page = those.holder(tokens["display"], "board")
    page.add_init_script(f"window.speechPolicy = {policy!r};")
    page.add_init_script(path=SPEECH)
    page.goto("/h/spoken/board?voice=hall-voice")
    return page


def ask(hall: RealHall, method: str, path: str, token: str, body: object = None) -> dict:
    request = urllib.request.Request(
        f"{hall.url}/api/v1/halls/spoken{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def voice(hall: RealHall, tokens: dict[str, str]) -> dict:
    (device,) = ask(hall, "GET", "/devices", tokens["manager"])["devices"]
    return device


def until(page: Page, condition: Callable[[], bool]) -> None:
    """Wait in a way that lets the page's requests pass."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        page.wait_for_timeout(50)


def call_next(hall: RealHall, tokens: dict[str, str], language: str = "zh") -> str:
    ask(hall, "POST", "/tickets", tokens["kiosk"], {"queue": "a", "language": language})
    ask(hall, "POST", "/windows/1/open", tokens["clerk"], {})
    called = ask(hall, "POST", "/windows/1/call-next", tokens["clerk"], {})
    number = called["ticket"]["number"]
    for action in ("start", "finish"):
        ask(hall, "POST", f"/windows/1/{action}", tokens["clerk"], {})
    return number


def read(number: str) -> str:
    return "A" + "".join("零幺二三四五六七八九"[int(digit)] for digit in number[1:])


def spoken(page: Page) -> list[list[str]]:
    return page.evaluate("window.spoken")


def test_calls_are_said_in_order_and_counted(hall, tokens, screens):
    page = speaking(screens, tokens)
    until(page, lambda: voice(hall, tokens)["state"] == "ready")
    first, second = call_next(hall, tokens), call_next(hall, tokens, "en")
    until(page, lambda: len(spoken(page)) == 3)
    assert spoken(page) == [
        ["zh-CN", f"请{read(first)}号到一号窗口"],
        ["zh-CN", f"请{read(second)}号到一号窗口"],
        ["en-US", f"Number {' '.join(second)}, please go to window 1"],
    ]
    until(page, lambda: voice(hall, tokens)["counters"].get("spoken") == 2)
    expect(page.locator(".voice-hint")).to_be_hidden()


def test_an_untouched_board_asks_for_a_touch_and_then_speaks(hall, tokens, visitors):
    page = speaking(visitors, tokens, policy="")
    hint = page.get_by_role("button", name="点一下屏幕，打开播音")
    expect(hint).to_be_visible()
    number = call_next(hall, tokens)
    expect(page.locator("#calls")).to_contain_text(number)
    assert spoken(page) == []
    hint.click()
    until(page, lambda: len(spoken(page)) == 1)
    assert spoken(page) == [["zh-CN", f"请{read(number)}号到一号窗口"]]
    expect(page.locator(".voice-hint")).to_be_hidden()


def test_a_second_board_takes_over(hall, tokens, screens):
    old, new = speaking(screens, tokens), speaking(screens, tokens)
    expect(old.locator(".voice-hint")).to_have_text("播音已由另一块屏幕接管")
    call_next(hall, tokens)
    until(new, lambda: len(spoken(new)) == 1)
    assert spoken(old) == []


def test_a_board_that_is_not_signed_in_says_so(hall, tokens, visitors):
    visitors.watch.expect("401")
    page = visitors.somebody("board")
    page.add_init_script("window.speechPolicy = 'open';")
    page.add_init_script(path=SPEECH)
    page.goto("/h/spoken/board?voice=hall-voice")
    expect(page.locator(".voice-hint")).to_contain_text("请用显示屏令牌登录")


def test_without_a_page_the_voice_is_red_and_the_call_reported(hall, tokens, visitors):
    page = speaking(visitors, tokens)
    until(page, lambda: voice(hall, tokens)["state"] == "ready")
    page.close()
    page = visitors.somebody()
    call_next(hall, tokens)
    until(page, lambda: voice(hall, tokens)["state"] == "degraded")
    assert voice(hall, tokens)["last_error"].startswith("offline")
