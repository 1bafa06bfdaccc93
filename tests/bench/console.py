"""From a clerk's key to the answer on the glass: a real Chromium, a real server, a busy hall.

What is measured, inside the page: from the `keydown` event to the first frame after the number
in hand has changed, which is what a clerk sees. Meanwhile other windows call `CALLS_PER_S` times a
second, so the hall publishes that many snapshots and the page looks at its desk again and again.
"""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Page, sync_playwright

from tests.bench import http
from tests.bench.hall import BenchHall
from tests.browser.conftest import FLAGS, chromium_path

CALLS_PER_S = 10
ROUNDS = 120
WINDOW = "40"
OTHERS = range(1, 11)
ANSWER_S = 10.0

WATCH = """() => {
  const number = document.getElementById("own-number");
  globalThis.painted = [];
  let pressed = null;
  addEventListener("keydown", (event) => {
    if (["F2", "F8"].includes(event.key)) pressed = performance.now();
  }, { capture: true });
  new MutationObserver(() => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      if (pressed !== null) painted.push(performance.now() - pressed);
      pressed = null;
    };
    channel.port2.postMessage(null);
  })).observe(number, { childList: true });
}"""
"""A message sent in an animation frame arrives right after that frame was painted."""


@dataclass(slots=True)
class Presses:
    """Milliseconds from key to paint, sorted; and how many others called meanwhile."""

    ms: list[float] = field(default_factory=list)
    others: int = 0
    seconds: float = 0.0

    def percentile(self, p: float) -> float:
        """Below which `p` percent lie."""
        return self.ms[min(len(self.ms) - 1, int(len(self.ms) * p / 100))]


def measure(hall: BenchHall, manager: str, clerk: str) -> Presses:
    """`ROUNDS` visitors at one console, F2, F4, F8 each."""
    http.issue(hall, manager, 1600)
    http.open_windows(hall, manager, len(OTHERS))
    with sync_playwright() as playwright, _others(hall, manager) as calls:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        page = browser.new_page(base_url=f"http://127.0.0.1:{hall.port}")
        _sit_down(page, clerk)
        page.evaluate(WATCH)
        began = page.evaluate("performance.now()")
        for _ in range(ROUNDS):
            _visitor(page)
        lasted = page.evaluate("performance.now()") - began
        ms = sorted(page.evaluate("painted"))
        browser.close()
        return Presses(ms, len(calls), lasted / 1000)


def _sit_down(page: Page, clerk: str) -> None:
    page.goto(f"/login?next=/h/bench/windows/{WINDOW}")
    page.click(".machine summary")
    page.fill(".machine [name=password]", clerk)
    page.click(".machine form button")
    page.wait_for_selector("#connection[data-state=live]")
    page.keyboard.press("F10")
    page.wait_for_selector('#window-status[data-status="open"]')


def _visitor(page: Page) -> None:
    for key, shown in (("F2", "called"), ("F4", "serving"), ("F8", "none")):
        page.keyboard.press(key)
        page.wait_for_selector(f'#own[data-status="{shown}"]')


@contextmanager
def _others(hall: BenchHall, token: str) -> Iterator[list[float]]:
    """Other clerks call, start and finish in turn, `CALLS_PER_S` calls a second."""
    ended, calls = threading.Event(), list[float]()

    def work() -> None:
        turn = 0
        while not ended.wait(1 / CALLS_PER_S):
            window = OTHERS[turn % len(OTHERS)]
            for action in ("call-next", "start", "finish"):
                _act(hall, token, window, action)
            calls.append(turn)
            turn += 1

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield calls
    finally:
        ended.set()
        thread.join(ANSWER_S)


def _act(hall: BenchHall, token: str, window: int, action: str) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{hall.port}{hall.api}/windows/{window}/{action}",
        data=b"{}",
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
        answer.read()
