"""The server goes away and comes back, the printer does not work: what people see meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.real_hall import CONFIG, RealHall, free_port
from tests.browser.seats import HALL, Desk, Kiosk, calls
from tests.browser.visits import fits
from tests.browser.watched import People, people

NO_CONNECTION = "ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET|ERR_EMPTY"
"""What the browser itself writes to the console while nobody listens."""

BACK_MS = 30_000
"""Chromium opens a broken stream again after some seconds."""

PRINTER = re.compile(r'(id = "kiosk-printer(-2)?"\nkind = "escpos"\nport = )"virtual://"')


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHall]:
    """The furniture of the demonstration as a hall of its own, its printers out of reach."""
    folder = tmp_path_factory.mktemp("hall")
    furniture = (CONFIG / "demo.toml").read_text(encoding="utf-8")
    changed, printers = PRINTER.subn(rf'\1"tcp://127.0.0.1:{free_port()}"', furniture)
    assert printers == 2
    config = folder / "hall.toml"
    config.write_text(changed, encoding="utf-8")
    running = RealHall(folder, config).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def tokens(hall: RealHall) -> dict[str, str]:
    return {role: hall.token(role, f"{role}-1") for role in ("kiosk", "clerk")}


@pytest.fixture
def visitors(browser: Browser, hall: RealHall) -> Iterator[People]:
    with people(browser, hall.url, hall.sessions) as those:
        yield those


def test_outside_the_demonstration_one_signs_in(visitors: People, tokens: dict[str, str]):
    stranger = visitors.somebody()
    visitors.watch.expect("status of 401")
    stranger.goto(f"{HALL}/windows/1")
    expect(stranger).to_have_url(re.compile(r"/login\?next=/h/demo/windows/1$"))
    expect(stranger.get_by_role("button", name="进入演示")).to_have_count(0)
    stranger.get_by_label("用户名").fill("token")
    stranger.get_by_label("密码").fill("wrong")
    stranger.get_by_role("button", name="登录").click()
    expect(stranger.get_by_role("alert")).to_contain_text("用户名或密码不正确")
    stranger.get_by_label("用户名").fill("token")
    stranger.get_by_label("密码").fill(tokens["clerk"])
    stranger.get_by_role("button", name="登录").click()
    expect(stranger).to_have_url(re.compile(r"/h/demo/windows/1$"))


def test_without_a_slip_the_kiosk_says_what_to_do(visitors: People, tokens: dict[str, str]):
    kiosk = Kiosk(visitors.holder(tokens["kiosk"], "kiosk"))
    kiosk.choose("综合咨询")
    kiosk.page.get_by_role("button", name="取号", exact=True).click()

    expect(kiosk.page.locator("#slip")).to_contain_text("拍照或记下号码")
    code = kiosk.page.get_by_alt_text("查看本号排队进度的二维码")
    expect(code).to_be_visible()
    assert code.evaluate("each => each.complete && each.naturalWidth > 0")
    number = kiosk.page.locator("#number")
    expect(number).to_have_text(re.compile(r"A\d{3}"))
    box = number.bounding_box()
    assert box is not None and box["height"] >= 150, "the number is not larger than usual"
    fits(kiosk.page)
    kiosk.page.get_by_role("button", name="完成").click()
    expect(kiosk.page.locator("#choose")).to_be_visible()


def test_everybody_outlives_a_restart(visitors: People, tokens: dict[str, str], hall: RealHall):
    visitors.watch.expect(NO_CONNECTION)
    kiosk = Kiosk(visitors.holder(tokens["kiosk"], "kiosk"))
    number = kiosk.take("普通护照申领").number
    board = visitors.somebody("board")
    board.goto(f"{HALL}/board")
    desk = Desk(visitors.holder(tokens["clerk"]), "6")
    desk.call_next(number)
    kiosk.choose("二手房转移登记")

    hall.stop()

    take = kiosk.page.get_by_role("button", name="取号", exact=True)
    expect(kiosk.page.locator("#notice")).to_contain_text("正在重新连接")
    expect(take).to_be_disabled()
    expect(kiosk.page.locator("#number")).to_be_hidden()
    expect(desk.page.locator("#offline")).to_contain_text("恢复之前不能操作")
    expect(desk.button("开始办理")).to_be_disabled()
    expect(desk.number).to_have_text(number)
    expect(board.locator("#stale")).to_contain_text("数据停在")
    expect(calls(board).first).to_contain_text(number)

    hall.start()

    expect(take).to_be_enabled(timeout=BACK_MS)
    expect(kiosk.page.locator("#notice")).to_be_hidden()
    take.click()
    expect(kiosk.page.locator("#number")).to_have_text(re.compile(r"C\d{3}"))
    expect(desk.page.locator("#offline")).to_be_hidden(timeout=BACK_MS)
    desk.serve()
    expect(board.locator("#stale")).to_be_hidden(timeout=BACK_MS)
    expect(board.locator("#queues .queue", has_text="不动产登记").locator("b")).to_have_text("1 人")


def test_a_tap_into_the_gap_becomes_one_ticket_later(
    visitors: People, tokens: dict[str, str], hall: RealHall
):
    visitors.watch.expect(NO_CONNECTION)
    kiosk = Kiosk(visitors.holder(tokens["kiosk"], "kiosk"))
    kiosk.choose("企业开办一件事")
    take = kiosk.page.get_by_role("button", name="取号", exact=True)

    hall.stop()
    # Before the page has noticed: the button is dispatched to while it is still enabled.
    take.dispatch_event("click")
    expect(kiosk.page.locator("#message")).to_contain_text("正在重新连接")
    expect(kiosk.page.locator("#number")).to_be_hidden()
    hall.start()

    expect(kiosk.page.locator("#number")).to_have_text(re.compile(r"F\d{3}"), timeout=BACK_MS)
    company = next(each for each in hall.snapshot()["queues"] if each["id"] == "company")
    assert company["order"] == [kiosk.page.locator("#number").inner_text()]


def test_the_technician_sees_red_first_and_what_to_do(visitors: People, hall: RealHall):
    page = visitors.holder(hall.token("manager", "manager-1"))
    page.goto(f"{HALL}/devices")
    first = page.locator("#devices .device-card").first
    expect(first.locator(".light-pill")).to_have_text("需要处理", timeout=BACK_MS)
    expect(first).to_contain_text("kiosk-printer")
    expect(first).to_contain_text("设备脱机或已关机")
    expect(first).to_contain_text("检查设备电源")
    expect(page.locator("#counts")).to_contain_text("需要处理 2 台", timeout=BACK_MS)
