"""Pages in a real Chromium: a call until it is painted, a board's memory, what each page weighs."""

from __future__ import annotations

import gzip
import http.client
import itertools
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, Response, sync_playwright

from tests.bench.hall import WINDOWS, BenchHall
from tests.bench.http import bearer, call_next, issue, open_windows
from tests.browser.conftest import FLAGS, chromium_path
from tests.browser.real_hall import RealHall
from tests.browser.seats import HALL, Kiosk
from tests.browser.watched import SIZES, people

SETTLE_S = 20.0
PAUSE_S = 0.06
"""Between two calls: about sixteen a second, which no hall reaches."""

HERO_PAUSE_S = 4.2
"""Longer than a call is shown for at least (`callout.js`): each is announced at once."""

LATEST_S = 2.0
"""How late the last call may be painted and still be counted; later ones end the measurement."""

PAINTED = """() => {
    globalThis.painted = {};
    const note = (key) => {
        if (key in painted) return;
        painted[key] = 0;
        // After the frame that draws it has left: the message comes behind its rendering.
        requestAnimationFrame(() => {
            const channel = new MessageChannel();
            channel.port1.onmessage = () => {
                painted[key] = performance.timeOrigin + performance.now();
            };
            channel.port2.postMessage(0);
        });
    };
    const look = () => {
        for (const tile of document.querySelectorAll("#windows .plate")) {
            note(`tile ${tile.textContent}`);
        }
        const hero = document.querySelector(".call-hero[data-fresh='true'] .number");
        if (hero) note(`hero ${hero.textContent}`);
    };
    new MutationObserver(look).observe(
        document.getElementById("board"), {childList: true, subtree: true});
}"""


FIRST_PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"

SLOW_4G = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_638_400 / 8,
    "uploadThroughput": 768_000 / 8,
}
"""What browsers' developers call Slow 4G, in bytes a second."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser of the tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        yield browser
        browser.close()


def beside(work: Callable[..., object], *facts: object, **more: object) -> None:
    """Done in another thread: while Playwright runs, its event loop occupies this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work, *facts, **more).result()


@contextmanager
def board_of(browser: Browser, hall: BenchHall) -> Iterator[Page]:
    """A board of that hall, live."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{hall.port}/h/bench/board")
    page.wait_for_selector("#windows .window")
    yield page
    context.close()


# ── A call until it is painted ────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Painted:
    """Milliseconds from sending the command, so before its commit, until the frame has left."""

    tiles_ms: list[float]
    heroes_ms: list[float]


def call_to_painted(browser: Browser, hall: BenchHall, calls: int, heroes: int) -> Painted:
    """`calls` calls seen at their window's tile, `heroes` of them apart as the large number."""
    kiosk, manager = hall.token("kiosk"), hall.token("manager")
    beside(issue, hall, kiosk, (calls + heroes + 16) // 16 * 16)
    beside(open_windows, hall, manager, WINDOWS)
    with board_of(browser, hall) as board:
        board.evaluate(PAINTED)
        tiles = _calls(board, hall, manager, calls, "tile", PAUSE_S)
    with board_of(browser, hall) as board:  # a fresh one: the other still announces its burst
        board.evaluate(PAINTED)
        large = _calls(board, hall, manager, heroes, "hero", HERO_PAUSE_S)
    return Painted(tiles, large)


def _calls(
    board: Page, hall: BenchHall, token: str, count: int, kind: str, pause_s: float
) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", hall.port)

    def act(window: int, action: str) -> Any:
        path = f"{hall.api}/windows/{window}/{action}"
        headers = {**bearer(token), "Content-Type": "application/json"}
        connection.request("POST", path, b"{}", headers)
        return json.load(connection.getresponse())

    sent: dict[str, float] = {}
    for place, window in enumerate(itertools.islice(itertools.cycle(range(1, WINDOWS + 1)), count)):
        if place >= WINDOWS:  # until now its last call could be seen: however late, it counts
            act(window, "miss")
        at = time.time() * 1000
        sent[f"{kind} {act(window, 'call-next')['ticket']['number']}"] = at
        board.wait_for_timeout(pause_s * 1000)
    board.wait_for_timeout(LATEST_S * 1000)
    for window in range(1, min(count, WINDOWS) + 1):
        act(window, "miss")
    connection.close()
    seen = board.evaluate("globalThis.painted")
    unseen = [key for key in sent if not seen.get(key)]
    if unseen:
        raise RuntimeError(f"never painted on the board: {', '.join(unseen)}")
    return [seen[key] - at for key, at in sent.items()]


# ── Memory of a board ─────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Heap:
    """Of a page after its garbage was collected."""

    megabytes: float
    nodes: int
    listeners: int


def heap(session: CDPSession) -> Heap:
    """Now."""
    session.send("HeapProfiler.collectGarbage")
    metrics = {
        each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]
    }
    return Heap(
        metrics["JSHeapUsedSize"] / 1e6, int(metrics["Nodes"]), int(metrics["JSEventListeners"])
    )


def board_memory(browser: Browser, hall: BenchHall, calls: int, rounds: int) -> list[Heap]:
    """The heap of one board after each of `rounds` rounds of `calls` calls."""
    kiosk, manager = hall.token("kiosk"), hall.token("manager")
    found = []
    with board_of(browser, hall) as board:
        session = board.context.new_cdp_session(board)
        session.send("Performance.enable")
        for number in range(rounds):
            beside(issue, hall, kiosk, calls)
            beside(call_next, hall, manager, calls, opened=number > 0)
            board.wait_for_timeout(1000)
            found.append(heap(session))
    return found


# ── What pages weigh ──────────────────────────────────────────────────────────────────────

PAGES = {
    "board": (f"{HALL}/board", "board"),
    "screen": (f"{HALL}/windows/2/screen", "board"),
    "kiosk": (f"{HALL}/kiosk", "kiosk"),
    "console": (f"{HALL}/windows/1", "desk"),
    "status": (f"{HALL}/status", "phone"),
    "ticket": ("own", "phone"),
    "start": ("/", "desk"),
}


@dataclass(slots=True)
class Weight:
    """What one first visit moves and makes. `packed` is the sum of the bodies under gzip."""

    page: str
    requests: int
    bytes: int
    packed: int
    nodes: int
    painted_ms: float


def weights(browser: Browser) -> list[Weight]:
    """Of every page, with an empty cache each."""
    with tempfile.TemporaryDirectory(prefix="queued-bench-") as folder:
        hall = RealHall(Path(folder)).start()
        try:
            with people(browser, hall.url) as visitors:
                own = Kiosk(visitors.manager("kiosk")).take("高龄津贴申领").own_page
                return [
                    _weight(name, visitors.manager(size), own if path == "own" else path)
                    for name, (path, size) in PAGES.items()
                ]
        finally:
            hall.stop()


def slow_line(browser: Browser, visits: int) -> list[float]:
    """Milliseconds until the phone's page of the queues is painted, each with an empty cache, on
    a line of 150 ms of round trip and 1.6 Mbit/s."""
    painted = []
    with tempfile.TemporaryDirectory(prefix="queued-bench-") as folder:
        hall = RealHall(Path(folder)).start()
        try:
            for _ in range(visits):
                with people(browser, hall.url) as visitors:
                    phone = visitors.somebody("phone")
                    session = phone.context.new_cdp_session(phone)
                    session.send("Network.enable")
                    session.send("Network.emulateNetworkConditions", SLOW_4G)
                    phone.goto(f"{HALL}/status", wait_until="networkidle")
                    painted.append(float(phone.evaluate(FIRST_PAINT)))
        finally:
            hall.stop()
    return painted


def _weight(name: str, page: Page, path: str) -> Weight:
    assert page.viewport_size is not None and SIZES
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(path, wait_until="load")
    page.wait_for_timeout(300)
    bodies = [each.body() for each in answers if "event-stream" not in each.headers["content-type"]]
    painted = page.evaluate(FIRST_PAINT)
    nodes = page.evaluate("() => document.querySelectorAll('*').length")
    return Weight(
        name, len(answers), sum(map(len, bodies)), sum(len(gzip.compress(b)) for b in bodies),
        nodes, painted,
    )  # fmt: skip
