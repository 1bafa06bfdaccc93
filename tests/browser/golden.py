"""Pages as pictures: which page in which state at which size, and how two pictures are compared.

A page is drawn by the real templates, styles and modules in the real browser, under its real
content policy, from fixed data at a fixed time: the hall of `tests.display.samples` answers its
requests, its stream stays open, nothing moves. To add a picture, add a row to `ROWS` and run

    python -m tests.browser.golden --renew [NAME …]

then look at what it drew. How a picture is compared is said at `differing`.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page, Route, sync_playwright

from display.pages import STATIC_DIR, Pages
from queued.server.security import page_headers
from queued.server.static import TYPES
from tests.browser.golden_halls import HALLS, NOW, Hall
from tests.display import columns, samples

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = ROOT / "tests" / "golden" / "pages"
DIFFERENCES: Final = ROOT / ".cache" / "golden"
"""Where a failing test leaves what it saw, and where it differs."""

ORIGIN: Final = "http://hall.test"

SIZES: Final[Mapping[str, tuple[int, int]]] = {
    "wall": (1920, 1080),
    "small wall": (1366, 768),
    "standing": (1080, 1920),
    "bar": (1280, 390),
    "desk": (1366, 768),
    "phone": (390, 844),
    "small phone": (320, 640),
}

SHRUNK: Final = 2
"""Pictures are kept at half size: small, and edges of glyphs weigh less."""

COLOURS: Final = 48
"""Of the palette of a kept picture; the pages use about a dozen, and their mixtures."""

DIFFERENT: Final = 40
"""Of 255, in the channel that differs most. What palettes and font smoothing change is below."""

TILE: Final = 16
TILE_SHARE: Final = 0.22
"""A picture differs when this share of the pixels of one tile of 16 × 16 does: a line of text
that has moved by 4 px, a colour that has changed, a mark that is missing, texts over each other;
not the edge of a glyph, nor a shift of 1 px."""

Act = Callable[[Page], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One picture. `act` is what somebody does before it is taken."""

    name: str
    page: str
    hall: str = "busy"
    size: str = "wall"
    language: str = "zh"
    act: Act | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    """Put over the page's context of that hall."""


def lose_the_line(page: Page) -> None:
    """The hall stops answering, and six seconds pass."""
    page.evaluate("cutTheLine()")
    page.clock.run_for(6_000)


def lose_the_phones_line(page: Page) -> None:
    """The hall stops answering; a phone, which asks, notices when it asks again."""
    page.evaluate("() => { globalThis.fetch = () => Promise.reject(new TypeError('no line')); }")
    page.clock.run_for(20_000)


def twice_as_large(page: Page) -> None:
    """The reader has set the browser to 200 % text."""
    page.evaluate("document.documentElement.style.fontSize = '225%'")


def scroll_down(page: Page) -> None:
    """What comes below."""
    page.evaluate("window.scrollTo(0, 640)")


def down_to_the_times(page: Page) -> None:
    """What the day is usually like."""
    page.evaluate("document.getElementById('times').scrollIntoView()")


def large_times(page: Page) -> None:
    """The same at 200 % text."""
    twice_as_large(page)
    page.evaluate("document.querySelector('#times .chart').scrollIntoView()")


def open_times(page: Page) -> None:
    """One queue, hour by hour."""
    page.locator("[data-queue='social'] details.times summary").click()
    page.evaluate("document.querySelector(\"[data-queue='social']\").scrollIntoView()")


def scroll_to_the_end(page: Page) -> None:
    """The foot of the page."""
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")


def own(status: str = "waiting", near: bool = False, **changes: Any) -> dict[str, Any]:
    """The context of one's own number in that state."""
    return {"ticket": samples.ticket(status, **changes), "near": near}


def near_the_north(page: Page) -> None:
    """Somebody in Qixia taps for the nearest hall."""
    page.evaluate("here => { navigator.geolocation.getCurrentPosition = (f) => f(here); }",
                  {"coords": {"latitude": 32.11, "longitude": 118.93}})  # fmt: skip
    page.locator("#by-distance").click()


def open_a_window(page: Page) -> None:
    """The manager looks at the second window."""
    page.locator("[data-window='2']").click()


ROWS: Final[tuple[Row, ...]] = (
    Row("board-busy", "board"),
    Row("board-calling", "board", "called"),
    Row("board-empty", "board", "empty"),
    Row("board-closed", "board", "closed"),
    Row("board-forty", "board", "forty"),
    Row("board-forty-small", "board", "forty", "small wall"),
    Row("board-forty-standing", "board", "forty", "standing"),
    Row("board-standing-bilingual", "board", "called", "standing", context={"second": "en"}),
    Row("board-offline", "board", "busy", "small wall", act=lose_the_line),
    Row("board-english", "board", "called", "small wall", "en"),
    Row("board-korean", "board", "called", language="ko"),
    Row("board-media", "board", "media"),
    Row("screen-called", "screen", "called"),
    Row("screen-serving-bar", "screen", "busy", "bar", context={"second": "en"}),
    Row("screen-paused-bar", "screen", "paused", "bar"),
    Row("screen-closed", "screen", "closed", "small wall"),
    Row("status-busy", "status", size="phone"),
    Row("status-queues", "status", size="phone", act=scroll_down),
    Row("status-small", "status", size="small phone"),
    Row("status-waiting-200", "status", "crowded", "phone"),
    Row("status-found", "status", size="phone", context={"query": "社保"}),
    Row("status-times", "status", size="phone", act=down_to_the_times),
    Row("status-times-small", "status", size="small phone", act=down_to_the_times),
    Row("status-times-large-text", "status", size="small phone", language="en",
        act=large_times),
    Row("status-queue-times", "status", size="phone", act=open_times),
    Row("status-tomorrow", "status", "closed", "phone", "ko", act=down_to_the_times),
    Row("status-empty", "status", "empty", "small phone"),
    Row("city", "city", size="phone"),
    Row("city-nearest", "city", size="phone", act=near_the_north),
    Row("city-english", "city", size="small phone", language="en"),
    Row("status-closed", "status", "closed", "phone",
        context={"opens": "2026-11-24T08:30:00+08:00"}),
    Row("status-closed-english", "status", "closed", "small phone", "en"),
    Row("status-offline", "status", size="phone", act=lose_the_phones_line),
    Row("status-large-text", "status", size="small phone", act=twice_as_large),
    Row("ticket-waiting", "ticket", size="phone"),
    Row("ticket-waiting-small", "ticket", size="small phone"),
    Row("ticket-waiting-english", "ticket", size="phone", language="en"),
    Row("ticket-near", "ticket", size="phone", context=own(near=True)),
    Row("ticket-next", "ticket", size="small phone", context=own(ahead=0)),
    Row("ticket-called", "ticket", size="phone", context=own("called")),
    Row("ticket-called-small", "ticket", size="small phone", context=own("called", calls=1)),
    Row("ticket-called-large-text", "ticket", size="small phone", context=own("called"),
        act=twice_as_large),
    Row("ticket-called-english", "ticket", size="phone", language="en", context=own("called")),
    Row("ticket-serving", "ticket", size="phone", context=own("serving")),
    Row("ticket-missed", "ticket", size="phone", context=own("missed")),
    Row("ticket-parked", "ticket", size="small phone", context=own("parked")),
    Row("ticket-served", "ticket", size="phone", context=own("served")),
    Row("ticket-rated", "ticket", size="phone", context=own("served", rating="satisfied")),
    Row("ticket-left", "ticket", size="phone", context=own("cancelled")),
    Row("ticket-yesterday", "ticket", size="phone", context=own() | {"earlier": True}),
    Row("ticket-offline", "ticket", size="phone", act=lose_the_phones_line),
    Row("status-menu", "status", "empty", "phone", act=scroll_to_the_end,
        context={"columns": ["news", "questions", "contacts", "about"]}),
    Row("column-news", "column", size="phone"),
    Row("column-questions", "column", size="phone", context=columns.listing("questions")),
    Row("column-about-english", "column", size="small phone", language="en",
        context=columns.listing("about", "en")),
    Row("column-empty", "column", "empty", "small phone"),
    Row("entry-news", "entry", size="phone"),
    Row("entry-question", "entry", size="phone", act=scroll_down,
        context=columns.page("questions", "house-transfer")),
    Row("entry-large-text", "entry", size="small phone", act=twice_as_large),
    Row("contacts", "contacts", size="phone"),
    Row("contacts-large-text", "contacts", size="small phone", act=twice_as_large),
    Row("search-found", "search", size="phone"),
    Row("search-nothing", "search", size="phone",
        context={"query": "结婚登记", "results": []}),
    Row("leave", "leave", size="phone"),
    Row("error-not-found", "error", size="phone"),
    Row("login", "login", size="desk"),
    Row("start", "start", size="desk"),
    Row("floor-busy", "floor", size="desk"),
    Row("floor-forty", "floor", "forty"),
    Row("floor-window", "floor", size="desk", act=open_a_window),
    Row("floor-empty", "floor", "empty", "desk"),
    Row("story", "story", size="desk"),
    Row("admin-people", "people", size="desk"),
    Row("admin-configuration", "configuration"),
    Row("admin-content", "content"),
    Row("admin-writing", "writing"),
    Row("admin-writing-new", "writing", "empty", "desk"),
)


# ── Drawing ───────────────────────────────────────────────────────────────────────────────


class Painter:
    """Draws rows in one browser, each in a fresh context."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._pages = Pages()

    def draw(self, row: Row) -> Image.Image:
        """The page of `row` as pictures are kept."""
        with self._shown(row) as page:
            return _shot(page)

    def draw_with(self, row: Row, faults: Mapping[str, str]) -> dict[str, Image.Image]:
        """The page of `row` once with each of `faults`, which are rules of style, by name."""
        with self._shown(row) as page:
            drawn = {}
            for name, rules in faults.items():
                page.evaluate(
                    """rules => {
                        const sheet = new CSSStyleSheet();
                        sheet.replaceSync(rules);
                        document.adoptedStyleSheets = [sheet];
                    }""",
                    rules,
                )
                drawn[name] = _shot(page)
            return drawn

    @contextmanager
    def _shown(self, row: Row) -> Iterator[Page]:
        """The page of `row` when nothing moves any more."""
        width, height = SIZES[row.size]
        hall = HALLS[row.hall]
        context = self._browser.new_context(
            base_url=ORIGIN,
            viewport={"width": width, "height": height},
            locale="zh-CN",
            timezone_id="America/Lima",
            reduced_motion="reduce",
        )
        try:
            page = context.new_page()
            complaints: list[str] = []
            page.on("pageerror", lambda error: complaints.append(str(error)))
            # An hour to spare: a clock that has run past its stop on a busy machine cannot stop.
            page.clock.install(time=NOW - timedelta(hours=1))
            page.clock.pause_at(NOW)
            page.add_init_script(STILL)
            page.add_init_script(f"globalThis.laterSnapshot = {json.dumps(hall.later)}")
            page.route("**/*", lambda route: self._answer(route, row, hall))
            page.goto(f"/{row.page}", wait_until="load")
            page.clock.run_for(600)
            if hall.later is not None:
                page.evaluate("bringLater()")
                page.clock.run_for(600)
            if row.act is not None:
                row.act(page)
            page.evaluate("document.fonts.ready.then(() => 0)")
            assert not complaints, f"{row.name}: {complaints}"
            yield page
        finally:
            context.close()

    def _answer(self, route: Route, row: Row, hall: Hall) -> None:
        path = urlsplit(route.request.url).path
        if path.startswith("/static/"):
            file = STATIC_DIR / path.removeprefix("/static/")
            route.fulfill(body=file.read_bytes(), headers={"Content-Type": TYPES[file.suffix]})
        elif path in hall.files:
            route.fulfill(body=hall.files[path], headers={"Content-Type": "image/png"})
        elif path == f"/{row.page}":
            context = {**hall.contexts()[row.page], **row.context}
            html = self._pages.render(row.page, row.language, context)
            route.fulfill(body=html, headers=page_headers(tls=False))
        else:
            route.fulfill(status=304)


STILL: Final = """
  globalThis.EventSource = class extends EventTarget {
    constructor() {
      super();
      globalThis.theStream = this;
      this.readyState = 1;
      queueMicrotask(() => this.onopen?.());
    }
    close() {}
  };
  globalThis.bringLater = () => theStream.dispatchEvent(
    new MessageEvent("snapshot", { data: JSON.stringify(laterSnapshot) }));
  globalThis.cutTheLine = () => {
    globalThis.fetch = () => Promise.reject(new TypeError("no line"));
    theStream.readyState = 0;
    theStream.onerror?.();
  };
"""
"""The stream of a hall: open, silent until `bringLater`, broken by `cutTheLine`."""


def _shot(page: Page) -> Image.Image:
    picture = page.screenshot(animations="disabled", caret="hide")
    return kept(Image.open(io.BytesIO(picture)))


def kept(picture: Image.Image) -> Image.Image:
    """As pictures are kept and compared: half size, few colours."""
    small = picture.convert("RGB").reduce(SHRUNK)
    return small.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


# ── Comparing ─────────────────────────────────────────────────────────────────────────────


def differing(one: Image.Image, other: Image.Image) -> Image.Image | None:
    """Where two pictures differ, white on black; None if they are alike.

    A pixel differs if one of its channels does by more than `DIFFERENT`. Pictures differ if
    some tile has more than `TILE_SHARE` of such pixels, or if their sizes are not the same.
    """
    if one.size != other.size:
        return Image.new("L", one.size, 255)
    channels = ImageChops.difference(one.convert("RGB"), other.convert("RGB")).split()
    most = ImageChops.lighter(ImageChops.lighter(channels[0], channels[1]), channels[2])
    marks = most.point(lambda value: 255 if value > DIFFERENT else 0)
    tiles = (max(1, marks.width // TILE), max(1, marks.height // TILE))
    worst = marks.resize(tiles, Image.Resampling.BOX).getextrema()[1]
    assert isinstance(worst, int | float)
    return marks if worst > TILE_SHARE * 255 else None


def difference_from_golden(row: Row, drawn: Image.Image) -> str | None:
    """Why `drawn` is not the kept picture of `row`; None if it is."""
    file = FOLDER / f"{row.name}.png"
    if not file.is_file():
        return f"no picture of {row.name}: python -m tests.browser.golden --renew {row.name}"
    marks = differing(Image.open(file), drawn)
    if marks is None:
        return None
    DIFFERENCES.mkdir(parents=True, exist_ok=True)
    drawn.save(DIFFERENCES / f"{row.name}.png", optimize=True)
    marks.save(DIFFERENCES / f"{row.name}-where.png", optimize=True)
    return f"{row.name} looks different: see {DIFFERENCES.relative_to(ROOT)}/{row.name}*.png"


def renew(names: list[str]) -> None:
    """Draw the rows named (or all) and keep what has changed."""
    from tests.browser.conftest import FLAGS, chromium_path

    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        painter = Painter(browser)
        for row in ROWS:
            if names and row.name not in names:
                continue
            drawn = painter.draw(row)
            if difference_from_golden(row, drawn) is not None:
                drawn.save(FOLDER / f"{row.name}.png", optimize=True)
                print(f"renewed {row.name}")
        browser.close()


if __name__ == "__main__":
    if sys.argv[1:2] != ["--renew"]:
        sys.exit("usage: python -m tests.browser.golden --renew [NAME …]")
    renew(sys.argv[2:])
