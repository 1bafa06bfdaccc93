"""What is usual, on a phone: for every reader, at every size, and kept up to date."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, Page, expect

from display.pages import STATIC_DIR, Pages
from queued.server.security import page_headers
from queued.server.static import TYPES
from tests.browser.golden import ORIGIN
from tests.browser.golden_halls import busy
from tests.browser.golden_rows import twice_as_large
from tests.browser.test_every_page import AXE, GRAVE
from tests.display import samples

LATER = "2026-11-23T11:20:30+08:00"


def later() -> dict:
    """An hour on, and the first queue has grown."""
    snapshot = busy() | {"seq": 1300, "observed_at": LATER}
    snapshot["queues"][0] |= {"waiting": 30}
    snapshot["queues"][2] |= {"status": "paused"}
    return snapshot


@pytest.fixture
def phone(browser: Browser):
    """The status page of a hall eight weeks old, 320 px wide; it soon hears what is `later`."""
    context = browser.new_context(
        base_url=ORIGIN, viewport={"width": 320, "height": 640}, bypass_csp=True
    )
    page = context.new_page()
    page.route("**/*", _answer)
    page.goto("/status")
    yield page
    context.close()


def _answer(route) -> None:
    path = route.request.url.removeprefix(ORIGIN).partition("?")[0]
    if path.startswith("/static/"):
        file = STATIC_DIR / path.removeprefix("/static/")
        route.fulfill(body=file.read_bytes(), headers={"Content-Type": TYPES[file.suffix]})
    elif path == "/status":
        html = Pages().render("status", "zh", samples.realistic()["status"])
        route.fulfill(body=html, headers=page_headers(tls=False))
    else:
        route.fulfill(body=json.dumps(later()), headers={"Content-Type": "application/json"})


def bar(page: Page, chart: str) -> dict[str, float]:
    rect = page.locator(f"{chart} svg .live")
    return {name: float(rect.get_attribute(name) or "nan") for name in ("x", "height")}


def test_words_and_bars_follow_the_hall(phone: Page):
    queue = phone.locator("[data-queue=general]")
    # At eleven it is 70 % as full as in the fullest hour with its 9 people.
    expect(queue.locator("[data-field=busy]")).to_have_text("比平时忙，平时这个时候约 6 人")
    expect(phone.locator("#busy")).to_have_text("比平时忙，平时这个时候约 41 人")
    expect(phone.locator("[data-queue=property] [data-field=busy]")).to_have_text("")
    assert bar(phone, "#times") == {"x": 33, "height": 40}, "at eleven, the fourth hour, and full"
    queue.locator("details.times summary").click()
    expect(queue.locator("figure svg")).to_be_visible()


def test_it_is_clean_for_screen_readers_and_nothing_is_cut_off(phone: Page):
    for details in phone.locator("details").all():
        details.evaluate("one => { one.open = true; }")
    phone.add_script_tag(path=str(AXE))
    report = phone.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    found = [(one["id"], one["impact"]) for one in report["violations"]]
    assert [one for one in found if one[1] in GRAVE] == [], found
    expect(phone.get_by_role("table", name="全厅各时段通常的等候人数")).to_have_count(1)
    row = phone.get_by_role("row", name="10:00–11:00")
    assert row.count() == 7, "the hall's and six queues'"
    twice_as_large(phone)
    wide = phone.evaluate("document.documentElement.scrollWidth")
    assert wide <= 320
    labels = phone.locator("#times .chart-hours span").evaluate_all(
        "all => all.filter(one => one.textContent).map(one => {"
        " const range = document.createRange(); range.selectNodeContents(one);"
        " const box = range.getBoundingClientRect(); return [box.left, box.right]; })"
    )
    assert len(labels) == 5
    for (_, right), (left, _) in zip(labels, labels[1:], strict=False):
        assert right < left, "hours under the chart stand on each other"
