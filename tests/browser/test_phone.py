"""The phone pages, also where JavaScript is off, and at the smallest width."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.real_hall import RealHall
from tests.browser.seats import HALL, Desk, Kiosk, look_again
from tests.browser.watched import People


def test_the_status_page_without_javascript(visitors: People):
    number = Kiosk(visitors.manager("kiosk")).take("普通护照申领").number
    desk = Desk(visitors.manager(), "6")
    desk.call_next(number)

    phone = visitors.somebody("small phone", java_script_enabled=False)
    phone.goto(f"{HALL}/status")

    expect(phone.locator("#calls")).to_contain_text(f"{number} 请到 6号窗口")
    expect(phone.locator('[data-window="6"]')).to_contain_text(number)
    expect(phone.locator('[data-queue="police"]')).to_contain_text("公安出入境")
    assert phone.locator("noscript meta[http-equiv=refresh]").count() == 1
    desk.serve()
    phone.get_by_role("link", name="刷新").click()
    expect(phone.locator('[data-window="6"] .number')).to_have_text("")


def test_leaving_the_queue_without_javascript(visitors: People, hall: RealHall):
    taken = Kiosk(visitors.manager("kiosk")).take("抵押权登记")
    phone = visitors.somebody("small phone", java_script_enabled=False)
    phone.goto(taken.own_page)
    expect(phone.locator(".own .number")).to_have_text(taken.number)
    expect(phone.locator("#status")).to_have_text("下一位就是您")

    phone.get_by_role("link", name="放弃排队").click()
    expect(phone.get_by_text("放弃后号码立即作废")).to_be_visible()
    phone.get_by_role("link", name="继续排队").click()
    expect(phone.locator("#status")).to_have_text("下一位就是您")
    phone.get_by_role("link", name="放弃排队").click()
    phone.get_by_role("button", name="确定放弃").click()

    expect(phone).to_have_url(re.compile(re.escape(taken.own_page)))
    expect(phone.locator("#status")).to_have_text("已放弃排队")
    expect(phone.get_by_role("link", name="放弃排队")).to_have_count(0)
    property_queue = next(q for q in hall.snapshot()["queues"] if q["id"] == "property")
    assert property_queue["waiting"] == 0


def test_the_own_page_counts_down(visitors: People):
    kiosk = Kiosk(visitors.manager("kiosk"))
    first, second = (kiosk.take("异地就医备案") for _ in range(2))
    phone = visitors.somebody("phone")
    phone.goto(second.own_page)
    expect(phone.locator("#ahead")).to_have_text("1 人")

    desk = Desk(visitors.manager(), "4")
    desk.call_next(first.number)
    look_again(phone)
    expect(phone.locator("#status")).to_have_text("下一位就是您")
    desk.serve()
    desk.call_next(second.number)
    look_again(phone)
    expect(phone.locator(".own-window")).to_have_text("4号窗口")
    expect(phone.get_by_role("link", name="放弃排队")).to_have_count(0)
    expect(phone).to_have_title(f"请到4号窗口 · {second.number}")
    desk.serve()
    look_again(phone)
    phone.get_by_role("button", name="基本满意").click()
    expect(phone.get_by_text("您的评价：基本满意")).to_be_visible()


def test_a_visit_without_javascript(visitors: People):
    """Found by searching, waited for, called, served, rated; the page comes anew by itself."""
    phone = visitors.somebody("small phone", java_script_enabled=False)
    phone.goto(f"{HALL}/status")
    phone.get_by_label("查找办理事项").fill("HZ")
    phone.get_by_role("button", name="查找").click()
    expect(phone.get_by_text("普通护照申领")).to_be_visible()
    expect(phone.get_by_text("异地就医备案")).to_be_hidden()
    phone.get_by_role("link", name="显示全部队列").click()
    expect(phone.locator('[data-queue="police"] [data-field="waiting"]')).to_be_visible()

    taken = Kiosk(visitors.manager("kiosk")).take("普通护照申领")
    phone.goto(taken.own_page)
    assert phone.locator("noscript meta[http-equiv=refresh]").count() == 1
    desk = Desk(visitors.manager(), "6")
    desk.call_next(taken.number)
    phone.get_by_role("link", name="刷新").click()
    expect(phone.locator(".own-window")).to_have_text("6号窗口")
    desk.serve()
    phone.get_by_role("link", name="刷新").click()
    expect(phone.locator("#status")).to_have_text("已办结")
    assert phone.locator("noscript meta[http-equiv=refresh]").count() == 0
    phone.get_by_role("button", name="非常满意").click()
    expect(phone.get_by_text("您的评价：非常满意")).to_be_visible()
    expect(phone.locator(".grade")).to_have_count(0)


@pytest.mark.parametrize("page", ["status", "own"])
@pytest.mark.parametrize("large", [False, True])
def test_nothing_is_wider_than_the_smallest_phone(visitors: People, page: str, large: bool):
    path = f"{HALL}/status"
    if page == "own":
        path = Kiosk(visitors.manager("kiosk")).take("抵押权登记").own_page
    phone = visitors.somebody("small phone", locale="en-GB")
    phone.goto(path)
    if large:  # what 200 % text comes to, whoever asks for it: browser, phone or WeChat
        phone.evaluate("document.documentElement.style.fontSize = '225%'")
    for summary in phone.locator("summary").all():
        summary.click()
    widths = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    assert phone.evaluate(widths) == [320, 320]
    wide = phone.evaluate(
        """() => [...document.querySelectorAll("main *")].filter(
            (each) => each.getClientRects().length && each.scrollWidth > each.clientWidth + 1
              && getComputedStyle(each).display !== "inline"
              && each.getBoundingClientRect().right > 320).map((each) => each.className)"""
    )
    assert wide == []


def test_a_hidden_page_rests_and_a_broken_line_is_told(visitors: People):
    phone = visitors.somebody("phone")
    phone.clock.install()
    phone.goto(f"{HALL}/status", wait_until="networkidle")
    with phone.expect_request("**/api/v1/halls/*"):  # while one looks, it asks
        phone.clock.run_for(13_000)
    asked: list[str] = []
    phone.on("request", lambda request: asked.append(request.url))

    hide = """(hidden) => {
        Object.defineProperty(document, "hidden", {configurable: true, value: hidden});
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    phone.evaluate(hide, True)
    asked.clear()
    phone.clock.run_for(300_000)
    assert asked == []

    waiting = phone.locator('[data-queue="police"] [data-field="waiting"]').inner_text()
    visitors.watch.expect("ERR_INTERNET_DISCONNECTED")
    phone.context.set_offline(True)
    phone.evaluate(hide, False)
    expect(phone.locator("#stale")).to_contain_text("网络中断，数据截至")
    expect(phone.locator('[data-queue="police"] [data-field="waiting"]')).to_have_text(waiting)

    phone.context.set_offline(False)
    phone.get_by_role("link", name="刷新").click()
    expect(phone.locator("#stale")).to_be_hidden()


def test_the_first_view_of_the_status_page_is_small(visitors: People):
    """All bodies, as sent; `make bench` tells how long they take on a slow line."""
    phone = visitors.somebody("phone")
    line = phone.context.new_cdp_session(phone)
    line.send("Network.enable")
    loaded: list[float] = []
    line.on("Network.loadingFinished", lambda event: loaded.append(event["encodedDataLength"]))
    phone.goto(f"{HALL}/status", wait_until="networkidle")
    assert 5_000 < sum(loaded) <= 60_000


def test_a_wrong_address_is_no_ticket(visitors: People):
    phone = visitors.somebody("phone")
    visitors.watch.expect("status of 404")
    answer = phone.goto("/t/0123456789abcdef0123")
    assert answer is not None and answer.status == 404
    expect(phone.get_by_role("link", name="返回首页")).to_be_visible()


def test_english_is_asked_for_once(visitors: People):
    phone = visitors.somebody("phone", locale="en-GB")
    phone.goto(f"{HALL}/status")
    expect(phone.get_by_role("heading", level=1)).to_have_text("Citizen Service Centre")
    chinese = visitors.somebody("phone")
    chinese.goto(f"{HALL}/status")
    expect(chinese.get_by_role("heading", level=1)).to_have_text("市民服务中心")
    chinese.get_by_role("link", name="English").click()
    expect(chinese.get_by_text("Waiting in the hall")).to_be_visible()
    chinese.goto(f"{HALL}/board")
    expect(chinese.get_by_text("Now calling")).to_be_visible()
