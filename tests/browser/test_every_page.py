"""Every page: quiet, complete in both languages, accessible, nothing cut off, every link good."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.real_hall import ROOT, RealHall
from tests.browser.seats import HALL, Desk, Kiosk
from tests.browser.watched import SIZES, People

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = {"serious", "critical"}

TARGET_PX = 60
"""The least height of what the kiosk and the phone pages offer to press."""

PAGES = {
    "start": ("/", "desk"),
    "kiosk": (f"{HALL}/kiosk", "kiosk"),
    "windows": (f"{HALL}/windows", "desk"),
    "console": (f"{HALL}/windows/2", "desk"),
    "caller": (f"{HALL}/windows/2/caller", "small phone"),
    "board": (f"{HALL}/board", "board"),
    "screen": (f"{HALL}/windows/2/screen", "board"),
    "status": (f"{HALL}/status", "phone"),
    "column": (f"{HALL}/news", "phone"),
    "entry": (f"{HALL}/questions/house-transfer", "phone"),
    "about": (f"{HALL}/about", "phone"),
    "contacts": (f"{HALL}/contacts", "phone"),
    "search": (f"{HALL}/search?q=12333", "phone"),
    "ticket": ("own", "phone"),
    "leave": ("own/leave", "phone"),
    "printer": (f"{HALL}/printers/kiosk-printer", "desk"),
    "devices": (f"{HALL}/devices", "desk"),
    "device": (f"{HALL}/devices/kiosk-printer", "desk"),
    "floor": (f"{HALL}/floor", "desk"),
    "story": (f"{HALL}/story", "desk"),
    "login": ("/login", "desk"),
    "error": ("/no-such-page", "desk"),
    "docs": ("/api/docs", "desk"),
}
VISITORS = {"kiosk", "status", "ticket", "leave", "column", "entry", "contacts", "search"}
PLACEHOLDER = re.compile(r"\{[a-z_]+\}|undefined|NaN|\bnull\b|\[object")
CHINESE = re.compile(r"[\u4e00-\u9fff]+")


@pytest.fixture(scope="module")
def own_page() -> dict[str, str]:
    return {}


@pytest.fixture
def lived_in(visitors: People, own_page: dict[str, str]) -> Iterator[dict[str, str]]:
    """The hall with a number in hand, one missed, some waiting; the own page of one of those."""
    if not own_page:
        kiosk = Kiosk(visitors.manager("kiosk"))
        first, second = (kiosk.take("高龄津贴申领") for _ in range(2))
        waiting = [kiosk.take("高龄津贴申领", priority=False) for _ in range(3)]
        desk = Desk(visitors.manager(), "2")
        desk.call_next(first.number)
        desk.press("F9")
        expect(desk.row("missed", first.number)).to_be_visible()
        desk.call_next(second.number)
        own_page["own"] = waiting[-1].own_page
    yield own_page


def shown(
    visitors: People,
    name: str,
    language: str,
    own_page: dict[str, str],
    policy: str | None = None,
    **more: Any,
) -> Page:
    """The page, as the manager sees it, when it has settled. `policy` must be in its CSP."""
    path, size = PAGES[name]
    if path.startswith("own"):
        path = path.replace("own", own_page["own"])
    if name == "error":
        visitors.watch.expect("status of 404")
    page = visitors.manager(more.pop("size", size), **more)
    answer = page.goto(f"{path}{'&' if '?' in path else '?'}lang={language}")
    assert answer is not None
    if policy is not None:
        given = answer.headers["content-security-policy"]
        assert policy in given and "unsafe" not in given
    expect(page.locator("main")).to_be_visible()
    if name == "docs":
        expect(page.locator(".operation").first).to_be_visible()
    if name == "board":
        expect(page.locator("#windows .window").first).to_be_visible()
    return page


def grave_in(page: Page) -> list[str]:
    """What axe-core finds on the page as it is now. Evaluated, for the page's policy forbids
    scripts of others."""
    if not page.evaluate("'axe' in globalThis"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    report = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {violation['help']}: {node['target']}"
        for violation in report["violations"]
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]


def small_targets(page: Page) -> list[str]:
    """Buttons a visitor might miss."""
    found: list[str] = page.evaluate(
        """least => [...document.querySelectorAll("button, a.button")]
            .filter((each) => each.checkVisibility())
            .filter((each) => each.getBoundingClientRect().height < least)
            .map((each) => each.outerHTML)""",
        TARGET_PX,
    )
    return found


def sticking_out(page: Page, width: int) -> list[str]:
    """What makes the page scroll sideways."""
    found: list[str] = page.evaluate(
        """width => document.documentElement.scrollWidth <= width ? []
            : [...document.querySelectorAll("body, body *")]
            .filter((each) => each.getBoundingClientRect().right > width)
            .map((each) => `${each.tagName}.${each.className} #${each.id}`)""",
        width,
    )
    return found


def cut_off(page: Page, name: str) -> list[str]:
    """WCAG 1.4.10 and 1.4.4: no sideways scrolling at 320 px, nor with text twice as large."""
    width, height = SIZES["small phone"]
    page.set_viewport_size({"width": width, "height": height})
    found = sticking_out(page, width)
    # The staff's and the kiosk's pages are never on a phone; a large text there is on a desk.
    width, height = SIZES["desk" if name in ("kiosk", "console") else "phone"]
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate("document.documentElement.style.fontSize = '36px'")
    return found + sticking_out(page, width)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_quiet_accessible_and_fits(visitors, lived_in, name):
    """Under its real content policy; what it may complain of, `visitors` reports."""
    page = shown(visitors, name, "zh", lived_in, policy="default-src 'none'")
    page.wait_for_load_state("load")
    text = page.locator("body").inner_text()
    assert not PLACEHOLDER.search(text) or name == "docs"
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert grave_in(page) == []
    if name in VISITORS:
        assert small_targets(page) == []
    if name not in ("board", "screen"):
        assert cut_off(page, name) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_in_one_language(visitors, lived_in, name):
    page = shown(visitors, name, "en", lived_in)
    page.wait_for_load_state("load")
    text = page.locator("body").inner_text()
    assert not PLACEHOLDER.search(text) or name == "docs"
    assert page.locator("html").get_attribute("lang") == "en"
    # Materials and reasons are the hall's own words.
    for papers in page.locator(".papers").all_inner_texts():
        text = text.replace(papers, "")
    left = set(CHINESE.findall(text)) - {"中文"}
    assert left == set() or name == "printer", left


def test_the_checks_can_fail(visitors, lived_in):
    page = shown(visitors, "login", "zh", lived_in)
    page.evaluate(
        """() => {
            document.querySelector("label").replaceWith(document.createElement("input"));
            document.querySelector("main").insertAdjacentHTML("beforeend",
                '<button id="small-and-wide">x</button>');
            const sheet = new CSSStyleSheet();
            sheet.replaceSync("#small-and-wide { width: 600px; height: 30px }");
            document.adoptedStyleSheets = [sheet];
        }"""
    )
    assert any("label" in one for one in grave_in(page))
    assert any("small-and-wide" in one for one in small_targets(page))
    assert any("small-and-wide" in one for one in cut_off(page, "login"))


def test_a_page_that_complains_is_noticed(visitors):
    page = visitors.somebody()
    page.goto("/")
    page.evaluate(
        """() => {
            console.error("told");
            document.body.append(Object.assign(document.createElement("img"),
                {src: "http://elsewhere.invalid/x.png"}));
            document.body.setAttribute("onclick", "1");
            document.body.click();
        }"""
    )
    expect(page.locator("img")).to_have_js_property("complete", True)
    complaints = "\n".join(visitors.watch.unexpected)
    assert "told" in complaints
    assert "Content Security Policy" in complaints
    visitors.watch.expect("told|Content Security Policy|elsewhere")


def test_every_link_of_the_start_page_leads_somewhere(visitors: People, hall: RealHall):
    page = visitors.somebody()
    page.goto("/")
    doors = page.locator("form button").count()
    wechat = page.locator('.cards a[href^="http://127.0.0.1:"]').get_attribute("href")
    assert doors >= 10, "the demonstration lets people in without a password"
    page.get_by_role("button", name="自助取号机").click()
    expect(page.locator(".kiosk")).to_be_visible()

    seen: set[str] = set()
    ahead = {f"{hall.url}/"}
    while ahead - seen:
        address = (ahead - seen).pop()
        seen.add(address)
        answer = page.request.get(address)
        assert answer.status == 200, f"{answer.status} {address}"
        if "text/html" not in answer.headers["content-type"]:
            continue
        for link in re.findall(r'(?:href|src)="([^"#]+)"', answer.text()):
            if link.startswith("tel:"):
                continue
            found = urljoin(address, link.replace("&amp;", "&"))
            if found == wechat or urlsplit(found).path.startswith("/wechat/"):
                continue  # WeChat and the way through it: see test_demo.py of tests/wechat
            assert urlsplit(found).netloc == urlsplit(hall.url).netloc, found
            ahead.add(found)
    assert {f"{hall.url}{HALL}/windows/8", f"{hall.url}/api/docs"} <= seen
    assert page.url.startswith(hall.url)
