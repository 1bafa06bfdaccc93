"""The phone pages, also where JavaScript is off, and at the smallest width."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.real_hall import RealHall
from tests.browser.seats import HALL, Desk, Kiosk
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
    expect(phone.locator("#ahead")).to_have_text("0 人")

    phone.get_by_role("link", name="放弃排队").click()
    expect(phone.get_by_text("放弃后号码作废")).to_be_visible()
    phone.get_by_role("link", name="继续排队").click()
    expect(phone.locator("#status")).to_have_text("等候中，请留意叫号")
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
    expect(phone.locator("#wait")).to_have_text("下一位就是您")
    desk.serve()
    desk.call_next(second.number)
    expect(phone.locator("#status")).to_have_text("请马上到 4号窗口")
    expect(phone.get_by_role("link", name="放弃排队")).to_be_hidden()
    desk.serve()


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
