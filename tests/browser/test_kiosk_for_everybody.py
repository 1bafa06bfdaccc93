"""The kiosk for those who see, hear, reach or read less than others."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_every_page import grave_in
from tests.browser.visits import KIOSKS, PASSPORT, Visit, fits, letters, taken, tap
from tests.browser.watched import SIZES

VOICE = """
Object.defineProperty(window, "speechSynthesis", {value: {
    said: [],
    getVoices: () => [{lang: "zh-CN", name: "strict"}],
    cancel() {},
    speak(utterance) {
        if (!(utterance instanceof SpeechSynthesisUtterance)) throw new TypeError("no utterance");
        if (!utterance.text || utterance.lang !== "zh-CN") throw new Error("nothing to say");
        this.said.push(utterance.text);
    },
    addEventListener() {},
}});
Object.defineProperty(SpeechSynthesisUtterance.prototype, "voice", {value: null, writable: true});
"""
"""The one thing a headless Chromium has not: it refuses what a real voice would refuse."""


def test_the_elder_mode_is_larger_speaks_and_prints_large(visit: Visit):
    page = visit()
    page.evaluate(VOICE)
    usual = font_px(page)
    tap(page, "长辈版")
    assert font_px(page) > 1.2 * usual
    expect(page.locator("#queues .tile")).to_have_count(6)
    fits(page)
    page.locator('[data-queue="police"]').tap()
    page.locator("#things .tile", has_text=PASSPORT).tap()
    with page.expect_request(lambda request: request.url.endswith("/tickets")) as asked:
        tap(page, "取号")
    assert asked.value.post_data_json["slip"] == "large"
    number = taken(page)
    fits(page)
    said = page.evaluate("speechSynthesis.said")
    assert said[0] == "您好，请点选要办理的业务。"
    assert " ".join(number) in said[-1]
    tap(page, "完成")
    assert font_px(page) == usual, "the next visitor begins as usual"


def font_px(page: Page) -> float:
    size: str = page.evaluate("getComputedStyle(document.documentElement).fontSize")
    return float(size.removesuffix("px"))


@pytest.mark.parametrize("size", KIOSKS)
def test_from_a_wheelchair_everything_is_in_the_lower_half(visit: Visit, size: str):
    page = visit(size)
    assert above_the_middle(page, size), "in the usual position something is out of reach"
    tap(page, "低位操作")
    reach = above_the_middle(page, size)
    page.locator("#open-checkin").tap()
    reach += above_the_middle(page, size)
    page.locator("#back").tap()
    reach += above_the_middle(page, size)
    page.locator("#open-find").tap()
    letters(page, "SB")
    reach += above_the_middle(page, size)
    page.locator("#matches button").first.tap()
    reach += above_the_middle(page, size)
    page.get_by_role("button", name="优先取号").tap()
    reach += above_the_middle(page, size)
    page.locator(".take-class").tap()
    taken(page)
    reach += above_the_middle(page, size)
    assert reach == []


def above_the_middle(page: Page, size: str) -> list[str]:
    """Buttons that begin above the middle of the screen."""
    found: list[str] = page.evaluate(
        """middle => [...document.querySelectorAll("button")]
            .filter((each) => each.checkVisibility())
            .filter((each) => each.getBoundingClientRect().top < middle)
            .map((each) => each.textContent.trim())""",
        SIZES[size][1] / 2,
    )
    return found


def test_the_language_changes_on_every_screen_and_nothing_is_lost(visit: Visit):
    page = visit()
    tap(page, PASSPORT)
    page.get_by_role("button", name="English").tap()
    expect(page.locator("#confirm-title")).to_have_text("Passport application")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    tap(page, "Take a number")
    number = taken(page)
    expect(page.locator("#result-title")).to_have_text("Your number")
    page.get_by_role("button", name="中文").tap()
    expect(page.locator("#result-title")).to_have_text("您的号码")
    assert taken(page) == number
    page.get_by_role("button", name="English").tap()
    tap(page, "Done")
    expect(page.locator("#choose-title")).to_have_text("您好，请选择要办理的业务")


def test_every_screen_is_accessible(visit: Visit):
    page = visit(reduced_motion="reduce")  # a colour on its way is none to judge

    def steps():
        yield "choose"
        page.locator("#open-bundles").tap()
        yield "list"
        page.locator("#back").tap()
        page.locator("#open-find").tap()
        letters(page, "S")
        yield "find"
        page.locator("#back").tap()
        page.locator("#open-checkin").tap()
        yield "checkin"
        page.locator("#back").tap()
        tap(page, "长辈版")
        yield "elder"
        page.locator('[data-queue="police"]').tap()
        page.locator("#things .tile", has_text=PASSPORT).tap()
        yield "confirm"
        page.get_by_role("button", name="优先取号").tap()
        yield "priority"
        page.locator(".take-class").tap()
        taken(page)
        yield "result"

    for step in steps():
        assert grave_in(page) == [], step
