"""Pages as pictures: which page in which state at which size, and how two pictures are compared.

A page is drawn by the real templates, styles and modules in the real browser, under its real
content policy, from fixed data at a fixed time: the hall of `tests.display.samples` answers its
requests, its stream stays open, nothing moves. To add a picture, add a row to `golden_rows` and run

    python -m tests.browser.golden --renew [NAME …]

then look at what it drew. How a picture is compared is said at `differing`.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page, Route, sync_playwright

from display.pages import STATIC_DIR, Pages
from queued.server.security import page_headers
from queued.server.static import TYPES
from tests.browser import golden_console as console
from tests.browser import golden_kiosk as kiosk
from tests.browser.golden_halls import HALLS, NOW, Hall
from tests.browser.golden_rows import ROWS, Row

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
    "caller": (380, 470),
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
            if row.page == "kiosk":
                complaints += page.evaluate(TOO_LONG)
            assert not complaints, f"{row.name}: {complaints}"
            yield page
        finally:
            context.close()

    def _answer(self, route: Route, row: Row, hall: Hall) -> None:
        path = urlsplit(route.request.url).path
        if path.startswith("/static/"):
            file = STATIC_DIR / path.removeprefix("/static/")
            route.fulfill(body=file.read_bytes(), headers={"Content-Type": TYPES[file.suffix]})
        elif (told := row.answers.get(f"{route.request.method} {path}")) is not None:
            route.fulfill(status=told[0], json=told[1])
        elif path == console.DESK:
            route.fulfill(json={**hall.contexts()["console"], **row.context}["desk"])
        elif path == kiosk.QR:
            route.fulfill(body=kiosk.code(), headers={"Content-Type": "image/svg+xml"})
        elif path in hall.files:
            kind = TYPES[path[path.rindex("."):]]
            route.fulfill(body=hall.files[path], headers={"Content-Type": kind})
        elif path == f"/{row.page}":
            context = {**hall.contexts()[row.page], **row.context}
            html = self._pages.render(row.page, row.language, context)
            route.fulfill(body=html, headers=page_headers(tls=False))
        else:
            route.fulfill(status=304)


TOO_LONG: Final = """
  () => [...document.querySelectorAll("#main, .screen:not([hidden]) > *")]
    .filter((each) => each.scrollHeight > each.clientHeight + 1)
    .map((each) => `${each.id} ${each.className} is ${each.scrollHeight - each.clientHeight} px`)
"""
"""What a visitor would have to scroll: nobody does at a kiosk."""

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
