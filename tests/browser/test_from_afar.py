"""Numbers and appointments on phones: without JavaScript, on the smallest screen, accessible."""

from __future__ import annotations

import re
from itertools import product

import pytest
from playwright.sync_api import Page, expect

from tests.browser.real_hall import RealHall
from tests.browser.seats import HALL, Desk
from tests.browser.test_every_page import CHINESE, PLACEHOLDER, cut_off, grave_in, small_targets
from tests.browser.watched import People

IN_WECHAT = "Mozilla/5.0 (Linux; Android 14; Mobile) MicroMessenger/8.0.50"


def in_wechat(visitors: People, *, scripts: bool = False) -> Page:
    """The emulated WeChat's own browser in the hand of the person it plays."""
    return visitors.somebody(
        "small phone", user_agent=IN_WECHAT, java_script_enabled=scripts
    )


@pytest.fixture
def phone(visitors: People) -> Page:
    return in_wechat(visitors)


def take(phone: Page, service: str) -> str:
    """From the list of services to one's own number."""
    phone.goto(f"{HALL}/take")
    phone.get_by_role("link", name=service).click()
    phone.get_by_role("button", name="确认取号").click()
    expect(phone).to_have_url(re.compile(r"/t/[\w-]{24}"))
    return phone.locator(".own .number").inner_text()


def test_taken_on_the_way_checked_in_and_called(visitors: People, phone: Page):
    number = take(phone, "居住证申领签注")
    mine = phone.url
    # Given somebody who has not arrived yet, and reads the code of the hall from its screen
    visitors.watch.expect("status of 40[39]")
    phone.get_by_role("link", name="我已到大厅").click()
    phone.get_by_label("大厅报到码").fill("000000")
    phone.get_by_role("button", name="我已到大厅").click()
    expect(phone.get_by_text("代码：")).to_contain_text("wrong_code")
    phone.get_by_role("link", name="到厅报到").click()
    screen = visitors.manager("kiosk")
    screen.goto(f"{HALL}/onsite")
    code = screen.locator(".onsite-code").inner_text()
    phone.get_by_label("大厅报到码").fill(code)
    phone.get_by_role("button", name="我已到大厅").click()
    # Then the number waits like any other, and is called
    expect(phone).to_have_url(mine)
    expect(phone.get_by_role("link", name="我已到大厅")).to_have_count(0)
    desk = Desk(visitors.manager(), "6")
    desk.call_next(number)
    phone.reload()
    expect(phone.locator(".own-window")).to_have_text("6号窗口")
    desk.serve()


def test_taken_twice_is_one_number_and_can_be_given_up(phone: Page, hall: RealHall):
    number = take(phone, "二手房转移登记")
    assert take(phone, "二手房转移登记") == number
    phone.goto(f"{HALL}/take")
    expect(phone.locator(".choices").first).to_contain_text(number)
    phone.get_by_role("link", name=number).click()
    phone.get_by_role("link", name="放弃排队").click()
    phone.get_by_role("button", name="确定放弃").click()
    expect(phone.locator("#status")).to_have_text("已放弃排队")
    queue = next(one for one in hall.snapshot()["queues"] if one["id"] == "property")
    assert queue["waiting"] == 0


def test_booked_seen_again_and_cancelled(phone: Page):
    phone.goto(f"{HALL}/book")
    phone.get_by_role("link", name="普通护照申领").click()
    phone.locator(".day").nth(1).click()
    slot = phone.locator(".slots button:not([disabled])").first
    time = slot.inner_text().split()[0]
    slot.click()
    expect(phone.locator(".own-status")).to_contain_text(time)
    expect(phone.locator(".own-code")).to_have_js_property("complete", True)
    appointment = phone.url
    phone.goto(f"{HALL}/book")
    phone.get_by_role("link", name=time).click()
    expect(phone).to_have_url(appointment)
    phone.get_by_role("button", name="取消预约").click()
    expect(phone.locator(".own-more")).to_contain_text("已取消")
    expect(phone.get_by_text("请保存本页")).to_have_count(0)


def test_a_page_that_lay_open_too_long_leads_back(visitors: People, phone: Page):
    visitors.watch.expect("status of 403")
    phone.goto(f"{HALL}/take")
    phone.get_by_role("link", name="抵押权登记").click()
    phone.context.clear_cookies()
    phone.get_by_role("button", name="确认取号").click()
    expect(phone.locator(".notice")).to_have_text("页面已过期，请重新用微信打开。")
    phone.get_by_role("link", name="在线取号").click()
    expect(phone.get_by_role("link", name="抵押权登记")).to_be_visible()


# ── Every page, for everybody ─────────────────────────────────────────────────────────────

PAGES = ("take", "take/personal-tax", "book", "book/company-setup", "arrive")


@pytest.mark.parametrize(
    ("path", "language", "known"),
    [*product(PAGES, ("zh", "en"), (True,)), *product(PAGES, ("zh",), (False,)),
     ("onsite", "zh", False), ("onsite", "en", False)],
)  # fmt: skip
def test_they_are_accessible_and_fit(visitors: People, path: str, language: str, known: bool):
    if path == "onsite":
        page = visitors.manager("small phone")
    elif known:
        page = in_wechat(visitors, scripts=True)
        page.goto(f"{HALL}/take")
    else:
        page = visitors.somebody("small phone")
    answer = page.goto(f"{HALL}/{path}?lang={language}")
    assert answer is not None and answer.status == 200
    text = page.locator("main").inner_text()
    for papers in page.locator(".papers").all_inner_texts():
        text = text.replace(papers, "")
    assert not PLACEHOLDER.search(text)
    assert language == "zh" or not CHINESE.search(text), text
    # A screen on a wall, which nobody operates, fetches the next code by itself.
    allowed = "meta-refresh" if path == "onsite" else "none"
    assert [one for one in grave_in(page) if not one.startswith(allowed)] == []
    if path != "onsite":
        assert small_targets(page) == []
        assert cut_off(page, path) == []
