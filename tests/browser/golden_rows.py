"""Which page in which state at which size: the golden pictures. To add one, add a row here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.sync_api import Page

from tests.browser import golden_console as console
from tests.browser import golden_kiosk as kiosk
from tests.display import afar, columns, samples

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
    answers: kiosk.Answers = field(default_factory=dict)
    """What the hall says to "METHOD /path": status and JSON."""


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


def kiosk_rows() -> Iterator[Row]:
    """Each screen of the kiosk, portrait and landscape, then its moods."""
    for size, way in (("standing", ""), ("wall", "-landscape")):
        yield Row(f"kiosk-start{way}", "kiosk", size=size)
        yield Row(f"kiosk-queue{way}", "kiosk", "large", size, act=kiosk.tap(".tile"))
        yield Row(f"kiosk-confirm{way}", "kiosk", size=size, act=kiosk.LICENCE)
        yield Row(f"kiosk-priority{way}", "kiosk", size=size,
                  act=kiosk.after(kiosk.LICENCE, kiosk.tap("#open-priority")))
        yield Row(f"kiosk-result{way}", "kiosk", size=size, act=kiosk.TAKEN,
                  answers=kiosk.gives("confirmed"))
        yield Row(f"kiosk-paper-out{way}", "kiosk", size=size, act=kiosk.TAKEN,
                  answers=kiosk.gives("failed", "paper_out"))
        yield Row(f"kiosk-find{way}", "kiosk", size=size,
                  act=kiosk.after(kiosk.tap("#open-find"), kiosk.letters("YL")))
        yield Row(f"kiosk-checkin{way}", "kiosk", size=size, act=kiosk.tap("#open-checkin"))
        yield Row(f"kiosk-elder{way}", "kiosk", size=size, act=kiosk.ELDER)
        yield Row(f"kiosk-low{way}", "kiosk", size=size, act=kiosk.LOW)
        yield Row(f"kiosk-english{way}", "kiosk", size=size, language="en")
        yield Row(f"kiosk-closed{way}", "kiosk", "closed", size)
    large = ("kiosk", "large")
    yield Row("kiosk-large", *large, "standing")
    yield Row("kiosk-large-landscape", *large, "wall")
    yield Row("kiosk-small", "kiosk", size="small wall")
    yield Row("kiosk-empty", "kiosk", "empty", "wall")
    yield Row("kiosk-offline", "kiosk", size="standing", act=lose_the_line)
    yield Row("kiosk-offline-asking", "kiosk", size="wall",
              act=kiosk.after(kiosk.LICENCE, lose_the_line))
    yield Row("kiosk-bundle", "kiosk", size="standing",
              act=kiosk.after(kiosk.tap("#open-bundles"), kiosk.tap("#things .tile", "出生")))
    yield Row("kiosk-elder-confirm", "kiosk", size="standing", act=kiosk.ELDER_LICENCE)
    yield Row("kiosk-elder-result", "kiosk", size="standing",
              act=kiosk.after(kiosk.ELDER_LICENCE, kiosk.TAKE_IT),
              answers=kiosk.gives("confirmed"))
    yield Row("kiosk-low-confirm", "kiosk", size="standing",
              act=kiosk.after(kiosk.LOW, kiosk.tap(".tile"), kiosk.tap("#things .tile")))
    yield Row("kiosk-english-result", "kiosk", size="wall", language="en",
              act=kiosk.after(kiosk.tap(".card-service", "Food business"), kiosk.TAKE_IT),
              answers=kiosk.gives("failed", "paper_out"))
    yield Row("kiosk-checked-in", "kiosk", size="standing", act=kiosk.CHECKS_IN,
              answers=kiosk.checks_in({"kind": "appointment", "ticket": kiosk.BOOKED,
                                       "today": True, "new": True}) | kiosk.gives("queued"))
    yield Row("kiosk-checkin-late", "kiosk", size="standing", act=kiosk.CHECKS_IN,
              answers=kiosk.checks_in(kiosk.LATE, 409))
    beside = {"readers": ["reader-1"]}
    yield Row("kiosk-card", "kiosk", size="standing", context=beside, answers=kiosk.CARD)
    yield Row("kiosk-card-taken-before", "kiosk", size="wall", context=beside,
              act=kiosk.after(kiosk.LICENCE, kiosk.tap("#take"), kiosk.later(1)),
              answers=kiosk.CARD | kiosk.REFUSED)
    unread = {"read_id": "r-1", "masked_name": None, "flaw": "moved"}
    yield Row("kiosk-card-unread", "kiosk", size="small wall", context=beside,
              answers=dict.fromkeys(kiosk.CARD, (200, unread)))
    yield Row("kiosk-card-hint", "kiosk", size="small wall", context=beside)
    yield Row("kiosk-leaving", "kiosk", size="standing",
              act=kiosk.after(kiosk.LICENCE, kiosk.later(50)))


def afar_rows() -> Iterator[Row]:
    """Numbers and appointments on phones."""
    unknown = {"sign_in": "/wechat/demo/enter?next=%2Fh%2Fdemo%2Ftake", "mine": []}
    yield Row("take", "take", size="phone")
    yield Row("take-services", "take", size="phone", act=scroll_down)
    yield Row("take-unknown", "take", size="phone", context=unknown | {"code": ""})
    yield Row("take-closed-english", "take", "closed", "small phone", "en", context=unknown)
    yield Row("take-empty", "take", "empty", "small phone")
    yield Row("take-one", "take_one", size="phone", context={"code": ""})
    yield Row("take-one-here", "take_one", size="small phone")
    yield Row("take-one-large-text", "take_one", size="small phone", act=twice_as_large)
    yield Row("book", "book", size="phone")
    yield Row("book-one", "book_one", size="phone", context=afar.slots())
    yield Row("book-one-english", "book_one", size="small phone", language="en",
              context=afar.slots())
    yield Row("book-one-large-text", "book_one", size="small phone", act=twice_as_large,
              context=afar.slots())
    yield Row("book-one-unknown", "book_one", "empty", "phone")
    yield Row("appointment", "appointment", size="phone")
    yield Row("appointment-end", "appointment", size="phone", act=scroll_to_the_end)
    yield Row("appointment-attended", "appointment", size="small phone",
              context=afar.attended())
    yield Row("arrive", "arrive", size="phone")
    yield Row("arrive-small-english", "arrive", size="small phone", language="en")
    yield Row("arrive-nothing", "arrive", "empty", "phone", context={"sign_in": ""})
    yield Row("onsite", "onsite", size="standing")
    yield Row("onsite-wall-english", "onsite", size="wall", language="en")


def console_rows() -> Iterator[Row]:
    """The desk in each state, its dialogs, and the small caller."""
    press = console.press
    states: Mapping[str, tuple[Mapping[str, Any], Act | None]] = {
        "called": (console.desk(), None),
        "free": (console.free(), None),
        "empty": (console.free(0), None),
        "closed": (console.closed(), None),
        "serving": (console.serving(), None),
        "waiting-200": (console.crowd(), None),
        "paused": (console.paused(), None),
        "taken": (console.taken(), None),
        "transfer": (console.serving(), press("F6", "3")),
        "park": (console.serving(), press("F7")),
        "pause": (console.free(), press("F10")),
        "finish-other": (console.serving(), press("Shift+F8", "+")),
        "take-over": (console.taken(), press("F10")),
        "refused": (console.free(), press("F8")),
        "offline": (console.serving(), lose_the_line),
    }
    for name, (context, act) in states.items():
        yield Row(f"console-{name}", "console", "called", "desk", context=context, act=act)
    yield Row("console-large", "console", size="wall", context=console.crowd())
    yield Row("console-english", "console", size="desk", language="en", context=console.english())
    for name, (context, act) in states.items():
        if name in ("called", "free", "offline"):
            yield Row(f"caller-{name}", "caller", size="caller", context=context, act=act)
    yield Row("windows", "windows", size="desk")


ROWS: Final[tuple[Row, ...]] = (
    *kiosk_rows(),
    *console_rows(),
    *afar_rows(),
    Row("board-busy", "board"),
    Row("board-calling", "board", "called"),
    Row("board-empty", "board", "empty"),
    Row("board-closed", "board", "closed"),
    Row("board-forty", "board", "forty"),
    Row("board-forty-small", "board", "forty", "small wall"),
    Row("board-forty-standing", "board", "forty", "standing"),
    Row("board-standing-bilingual", "board", "called", "standing", context={"second": "en"}),
    Row("board-waiting-200", "board", "crowded"),
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
    Row("city", "city", size="phone"),
    Row("city-nearest", "city", size="phone", act=near_the_north),
    Row("city-english", "city", size="small phone", language="en"),
    Row("status-empty", "status", "empty", "small phone"),
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
    Row("error-not-ready", "error", "empty", "desk"),
    Row("error-refused-visitor", "error", size="phone",
        context={"status": 403, "code": "csrf", "detail": None,
                 "visitor": {"what": "take", "again": "/h/demo/take", "status": "/h/demo/status"}}),
    Row("login", "login", size="desk"),
    Row("login-hall", "login", size="desk", context={"demo": False, "error": None, "typed": ""}),
    Row("login-machine", "login", size="phone", language="en",
        context={"demo": False, "typed": "token"}),
    Row("start", "start", size="desk"),
    Row("floor-busy", "floor", size="desk"),
    Row("floor-forty", "floor", "forty"),
    Row("floor-window", "floor", size="desk", act=open_a_window),
    Row("floor-empty", "floor", "empty", "desk"),
    Row("floor-offline", "floor", size="desk", act=lose_the_line),
    Row("floor-english", "floor", size="desk", language="en"),
    Row("story", "story", size="desk"),
    Row("story-not-found", "story", "empty", "desk"),
    Row("admin-people", "people", size="desk"),
    Row("admin-people-english", "people", "empty", "desk", "en"),
    Row("admin-configuration", "configuration"),
    Row("admin-content", "content"),
    Row("admin-writing", "writing"),
    Row("admin-writing-new", "writing", "empty", "desk"),
)
