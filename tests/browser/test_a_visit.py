"""One visit from the kiosk to the end, seen from every page at once."""

from __future__ import annotations

import cv2
import numpy
from playwright.sync_api import Page, expect

from tests.browser.real_hall import RealHall
from tests.browser.seats import HALL, Desk, Kiosk, Taken, calls, look_again
from tests.browser.watched import People


def own_address(slip: bytes) -> str:
    """What the QR code on the picture of a slip says."""
    picture = cv2.imdecode(numpy.frombuffer(slip, numpy.uint8), cv2.IMREAD_GRAYSCALE)
    framed = cv2.copyMakeBorder(picture, 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=255)
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(framed)
    return text


def slip_of(printer: Page, taken: Taken) -> bytes:
    """The picture of the slip on the virtual printer's page."""
    printer.goto(f"{HALL}/printers/kiosk-printer")
    slip = printer.locator(".slip", has_text=taken.number)
    expect(slip).to_have_count(1)
    address = slip.locator("img").get_attribute("src")
    assert address is not None
    expect(slip.locator("img")).to_have_js_property("complete", True)
    answer = printer.request.get(address)
    assert answer.ok
    return answer.body()


def test_from_the_kiosk_to_served(visitors: People, hall: RealHall):
    board = visitors.somebody("board")
    board.goto(f"{HALL}/board")
    status = visitors.somebody("phone")
    status.goto(f"{HALL}/status")
    kiosk = Kiosk(visitors.manager("kiosk"))

    # A number, and the slip that the virtual printer really printed.
    kiosk.choose("住房公积金提取")
    expect(kiosk.page.locator("#materials")).to_contain_text("身份证原件")
    kiosk.page.get_by_role("button", name="取号", exact=True).click()
    expect(kiosk.page.locator("#result")).to_be_visible()
    expect(kiosk.page.locator("#slip")).to_contain_text("请取走小票")
    number = kiosk.page.locator("#number").inner_text()
    address = own_address(slip_of(visitors.manager(), Taken(number, "")))
    assert address.startswith(f"{hall.url}/t/")

    own = visitors.somebody("phone")
    own.goto(address)
    expect(own.locator(".own .number")).to_have_text(number)
    expect(own.locator("#status")).to_have_text("下一位就是您")
    general = status.locator('[data-queue="general"]')
    expect(general.locator('[data-field="waiting"]')).to_have_text("1 人")

    # The clerk opens the window and calls with the keyboard alone.
    desk = Desk(visitors.manager(), "1", open=False)
    desk.button("开始服务").focus()
    desk.press("Enter")
    expect(desk.page.locator("#window-status")).to_have_text("服务中")
    expect(desk.page.locator("#next")).to_contain_text(number)
    desk.call_next(number)

    newest = calls(board).first
    expect(newest).to_contain_text(number)
    expect(newest).to_contain_text("1号窗口")
    height = newest.locator(".number").evaluate("each => each.getBoundingClientRect().height")
    assert height >= 80, "the newest call is not big"
    look_again(own)
    expect(own.locator(".own-window")).to_have_text("1号窗口")
    status.get_by_role("link", name="刷新").click()  # else it would ask within ten seconds
    expect(status.locator("#calls")).to_contain_text(f"{number} 请到 1号窗口")

    desk.serve()
    expect(desk.message).to_have_text(f"{number} 已办结。")
    expect(desk.page.locator('[data-count="served"]')).to_have_text("1")
    look_again(own)
    expect(own.locator("#status")).to_have_text("已办结")
    expect(board.locator("#windows .window").first).to_contain_text("空闲")
    status.get_by_role("link", name="刷新").click()
    expect(general.locator('[data-field="waiting"]')).to_have_text("0 人")


def test_the_check_of_the_qr_code_can_fail():
    blank = numpy.full((300, 300), 255, numpy.uint8)
    assert own_address(cv2.imencode(".png", blank)[1].tobytes()) == ""


def test_a_double_tap_takes_one_number(visitors: People, hall: RealHall):
    kiosk = Kiosk(visitors.manager("kiosk"))
    before = hall.snapshot()["seq"]

    kiosk.choose("普通护照申领")
    kiosk.page.get_by_role("button", name="取号", exact=True).dblclick()

    expect(kiosk.page.locator("#result")).to_be_visible()
    expect(kiosk.page.locator("#slip")).to_contain_text("请取走小票")
    after = hall.snapshot()
    police = next(queue for queue in after["queues"] if queue["id"] == "police")
    assert police["order"] == [kiosk.page.locator("#number").inner_text()]
    assert after["seq"] == before + 1


def test_two_visitors_take_two_numbers(visitors: People):
    kiosk = Kiosk(visitors.manager("kiosk"))
    first, second = (kiosk.take("代开发票") for _ in range(2))
    assert first.number != second.number


def test_a_kiosk_that_is_signed_out_says_so_to_the_staff(visitors: People, hall: RealHall):
    kiosk = Kiosk(visitors.manager("kiosk"))
    kiosk.choose("普通护照申领")
    before = hall.snapshot()["seq"]
    kiosk.page.context.clear_cookies()
    visitors.watch.expect("status of 401")

    kiosk.page.get_by_role("button", name="取号", exact=True).click()

    kiosk.page.wait_for_url("**/login?next=*")
    assert hall.snapshot()["seq"] == before
    kiosk.page.get_by_role("button", name="进入演示").click()
    expect(kiosk.page.locator("#choose")).to_be_visible()


def test_priority_comes_first_and_the_kiosk_explains_it(visitors: People):
    kiosk = Kiosk(visitors.manager("kiosk"))
    normal = kiosk.take("企业开办一件事")
    kiosk.choose("企业开办一件事")
    kiosk.page.get_by_role("button", name="优先取号").click()
    expect(kiosk.page.get_by_text("提前 30 分钟排序")).to_be_visible()
    kiosk.page.get_by_role("button", name="回到首页").click()
    priority = kiosk.take("企业开办一件事", priority=True)

    desk = Desk(visitors.manager(), "8")
    desk.call_next(priority.number)
    desk.serve()
    desk.call_next(normal.number)
    desk.serve()
