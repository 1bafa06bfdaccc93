"""What a clerk does beyond call, start and finish; each test works with numbers of its own."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.real_hall import RealHall
from tests.browser.seats import HALL, Desk, Kiosk, calls, look_again
from tests.browser.watched import People


@pytest.fixture
def kiosk(visitors: People) -> Kiosk:
    return Kiosk(visitors.manager("kiosk"))


@pytest.fixture
def board(visitors: People) -> Page:
    page = visitors.somebody("board")
    page.goto(f"{HALL}/board")
    return page


def waiting(hall: RealHall, queue: str) -> list[str]:
    """The numbers of a queue, in order."""
    order: list[str] = next(
        each["order"] for each in hall.snapshot()["queues"] if each["id"] == queue
    )
    return order


def test_a_wrong_call_is_taken_back(visitors: People, kiosk: Kiosk, hall: RealHall, board: Page):
    first, second = (kiosk.take("抵押权登记").number for _ in range(2))
    own_queue = board.locator("#queues .queue", has_text="不动产登记").locator("b")
    expect(own_queue).to_have_text("2 人")
    desk = Desk(visitors.manager(), "5")
    desk.call_next(first)
    expect(own_queue).to_have_text("1 人")
    expect(desk.button("撤回")).to_have_text(re.compile(rf"撤回 {first}（\d+ 秒）"))

    desk.press("Control+z")

    expect(desk.message).to_have_text(f"已撤回 {first}，回到原来的位置。")
    expect(own_queue).to_have_text("2 人")
    expect(calls(board).filter(has_text=first)).to_have_count(0)
    assert waiting(hall, "property") == [first, second]
    expect(desk.button("撤回")).to_be_hidden()
    for number in (first, second):
        desk.call_next(number)
        desk.serve()


def test_recall_missed_and_back_again(visitors: People, kiosk: Kiosk, board: Page):
    taken = kiosk.take("往来港澳通行证及签注")
    own = visitors.somebody("phone")
    own.goto(taken.own_page)
    desk = Desk(visitors.manager(), "6")
    desk.call_next(taken.number)

    expect(desk.button("重呼")).to_have_text(re.compile(r"重呼（\d+ 秒后）"))
    visitors.watch.expect("/windows/6/recall")
    desk.press("F3")
    expect(desk.message).to_have_text(re.compile(r"刚刚呼叫过，请 \d+ 秒后再重呼。"))
    expect(desk.button("重呼")).to_be_enabled()
    desk.press("F3")
    expect(desk.message).to_have_text(f"已重呼 {taken.number}。")
    expect(calls(board).filter(has_text=taken.number)).to_contain_text("第 2 次呼叫")

    desk.press("F9")
    expect(desk.number).to_have_text("没有号码")
    look_again(own)
    expect(own.locator("#status")).to_contain_text("已过号")
    desk.row("missed", taken.number).get_by_role("button").click()
    expect(desk.message).to_have_text(f"{taken.number} 已恢复排队。")
    look_again(own)
    expect(own.locator("#status")).to_have_text("下一位就是您")
    desk.call_next(taken.number)
    desk.serve()


def test_transfer_keeps_the_place(visitors: People, kiosk: Kiosk):
    number = kiosk.take("异地就医备案").number
    desk = Desk(visitors.manager(), "4")
    tax = Desk(visitors.manager(), "7")
    desk.call_next(number)

    desk.button("转移").click()
    dialog = desk.page.get_by_role("dialog")
    dialog.get_by_role("radio", name="E 税务").check()
    dialog.get_by_role("button", name="确定").click()

    expect(desk.message).to_have_text(f"{number} 已转移。")
    expect(desk.number).to_have_text("没有号码")
    tax.call_next(number)
    tax.button("转移").click()
    dialog = tax.page.get_by_role("dialog")
    dialog.get_by_role("radio", name="4号窗口").check()
    dialog.get_by_role("button", name="确定").click()
    expect(tax.number).to_have_text("没有号码")
    desk.call_next(number)
    desk.serve()


def test_parked_with_a_reason_and_back(visitors: People, kiosk: Kiosk):
    taken = kiosk.take("综合咨询")
    own = visitors.somebody("phone")
    own.goto(taken.own_page)
    desk = Desk(visitors.manager(), "3")
    desk.call_next(taken.number)
    desk.press("F4")
    expect(desk.status).to_have_text("办理中")

    desk.button("挂起").click()
    dialog = desk.page.get_by_role("dialog")
    dialog.get_by_role("radio", name="填表").check()
    dialog.get_by_role("button", name="确定").click()

    expect(desk.row("parked", taken.number)).to_contain_text("填表")
    look_again(own)
    expect(own.locator("#status")).to_contain_text("已挂起")
    desk.row("parked", taken.number).get_by_role("button", name="恢复排队").click()
    expect(desk.row("waiting", taken.number)).to_contain_text("综合咨询")
    desk.call_next(taken.number)
    desk.serve()


def test_a_pause_says_why_and_calls_nobody(visitors: People, kiosk: Kiosk, board: Page):
    number = kiosk.take("个体工商户登记").number
    desk = Desk(visitors.manager(), "8")
    tile = board.locator("#windows .window", has_text="8号窗口")
    expect(tile).to_contain_text("空闲")

    desk.button("暂停服务").click()
    dialog = desk.page.get_by_role("dialog")
    dialog.get_by_role("radio", name="午餐").check()
    desk.press("Enter")

    expect(desk.page.locator("#window-status")).to_contain_text("暂停服务")
    expect(desk.page.locator("#pause-reason")).to_have_text("午餐")
    expect(tile).to_contain_text("暂停服务")
    desk.press("F2")
    expect(desk.message).to_have_text("不能叫下一位：窗口现在不在服务状态。")
    expect(desk.number).to_have_text("没有号码")
    desk.button("开始服务").click()
    desk.call_next(number)
    desk.serve()


def test_a_certain_number_is_called(visitors: People, kiosk: Kiosk, hall: RealHall, board: Page):
    first, second, third = (kiosk.take("高龄津贴申领").number for _ in range(3))
    desk = Desk(visitors.manager(), "1")

    desk.button("叫指定号").click()
    desk.page.keyboard.type(third.lower())
    desk.press("Enter")
    expect(desk.number).to_have_text(third)
    expect(calls(board).first).to_contain_text(third)
    desk.serve()

    desk.row("waiting", second).get_by_role("button", name="叫此号").click()
    expect(desk.number).to_have_text(second)
    desk.serve()

    visitors.watch.expect("status of 404|status of 409")
    desk.button("叫指定号").click()
    desk.page.keyboard.type("A998")
    desk.press("Enter")
    expect(desk.message).to_have_text("没有这个号码。")
    assert waiting(hall, "general") == [first]
    desk.call_next(first)
    desk.serve()


def test_another_result_than_done(visitors: People, kiosk: Kiosk):
    number = kiosk.take("个人所得税汇算咨询").number
    desk = Desk(visitors.manager(), "7")
    desk.call_next(number)
    desk.press("F4")
    expect(desk.status).to_have_text("办理中")

    desk.press("Shift+F8")
    dialog = desk.page.get_by_role("dialog")
    dialog.get_by_role("radio", name="不予受理").check()
    desk.press("+")
    dialog.get_by_role("button", name="确定").click()

    expect(desk.number).to_have_text("没有号码")
    expect(desk.message).to_have_text(f"{number} 已结束：不予受理，2 件。")


def test_a_dialog_can_be_left_with_escape(visitors: People, kiosk: Kiosk):
    number = kiosk.take("社会保障卡补领换领").number
    desk = Desk(visitors.manager(), "2")
    desk.call_next(number)

    desk.button("挂起").click()
    expect(desk.page.get_by_role("dialog")).to_be_visible()
    desk.press("Escape")

    expect(desk.page.get_by_role("dialog")).to_have_count(0)
    expect(desk.number).to_have_text(number)
    desk.serve()
