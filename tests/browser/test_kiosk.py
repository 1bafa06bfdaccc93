"""The kiosk by touch: found in several ways, one number for one wish, checked in, never left."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.real_hall import ROOT, RealHall
from tests.browser.seats import HALL
from tests.browser.visits import KIOSKS, PASSPORT, Visit, fits, letters, taken, tap
from tests.browser.watched import People

START = ROOT / "systemd" / "kiosk" / "start.html"

@pytest.fixture(scope="module")
def booking(hall: RealHall) -> Callable[[str, float], None]:
    """Books the passport service for so many minutes from now, as another system does."""
    token = hall.token("remote", "booking")

    def book(code: str, minutes: float) -> None:
        slot = datetime.now(UTC) + timedelta(minutes=minutes)
        body = {"code": code, "service": "passport", "slot": slot.isoformat()}
        request = urllib.request.Request(
            f"{hall.url}/api/v1/halls/demo/appointments",
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 201

    return book


def scan(page: Page, code: str) -> None:
    """As a scanner does: keys without a pause, then Enter, whatever has the focus."""
    page.evaluate(
        """code => {
            const press = (key) => (document.activeElement ?? document.body).dispatchEvent(
                new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
            for (const key of [...code, "Enter"]) press(key);
        }""",
        code,
    )


def waiting(hall: RealHall, queue: str) -> list[str]:
    order: list[str] = next(q for q in hall.snapshot()["queues"] if q["id"] == queue)["order"]
    return order


# ── Finding and taking ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", KIOSKS)
def test_a_number_by_touch(visit: Visit, hall: RealHall, size: str):
    page = visit(size)
    fits(page)
    tap(page, PASSPORT)
    expect(page.locator("#materials")).to_contain_text("身份证原件")
    fits(page)
    tap(page, "取号")
    number = taken(page)
    fits(page)
    assert number in waiting(hall, "police")
    expect(page.locator("#where")).to_contain_text("西区 专业服务")
    expect(page.locator("#bring")).to_contain_text("身份证原件")
    code = page.get_by_alt_text("查看本号排队进度的二维码")
    expect(code).to_have_js_property("complete", True)
    expect(page.locator("#returning")).to_contain_text("秒后返回首页")
    tap(page, "完成")
    expect(page.locator("#choose")).to_be_visible()


def test_a_service_by_its_initials(visit: Visit):
    page = visit()
    page.locator("#open-find").tap()
    letters(page, "GJJ")
    expect(page.locator("#find-count")).to_have_text("找到 1 项")
    expect(page.locator('#pad [data-key="X"]')).to_be_disabled()
    page.locator("#matches .tile", has_text="住房公积金提取").tap()
    expect(page.locator("#confirm-title")).to_have_text("住房公积金提取")


def test_several_services_in_one_visit(visit: Visit, hall: RealHall):
    page = visit()
    page.locator("#open-bundles").tap()
    page.get_by_role("button", name="退休养老一件事").tap()
    expect(page.locator("#parts")).to_contain_text("高龄津贴申领")
    materials = page.locator("#materials li").all_inner_texts()
    assert {"身份证或社会保障卡", "户口簿", "换领的交回旧卡"} <= set(materials)
    assert len(materials) == len(set(materials))
    tap(page, "取号")
    assert taken(page) in waiting(hall, "social")


def test_priority_in_two_taps_with_its_rule(visit: Visit):
    page = visit()
    tap(page, PASSPORT)
    page.get_by_role("button", name="优先取号").tap()
    expect(page.locator(".rule-words")).to_contain_text("提前 30 分钟排序")
    expect(page.locator(".rule")).to_contain_text("《残疾人保障法》第五十五条")
    with page.expect_response(lambda answer: answer.url.endswith("/tickets")) as answer:
        tap(page, "我符合条件，优先取号")
    assert answer.value.json()["ticket"]["class"] == "priority"


# ── One number for one wish ───────────────────────────────────────────────────────────────


def answer_is_lost(page: Page) -> None:
    """The hall hears the wish and gives the number; its answer never arrives."""

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/halls/demo/tickets", lose)


@pytest.mark.parametrize("remembers", [True, False])
def test_a_reloaded_page_asks_for_the_same_number(
    visit: Visit, visitors: People, hall: RealHall, remembers: bool
):
    """The negative control forgets: then the same visitor gets two numbers."""
    visitors.watch.expect("ERR_FAILED")
    page = visit()
    before = len(waiting(hall, "tax"))
    answer_is_lost(page)
    tap(page, "代开发票")
    tap(page, "取号")
    expect(page.locator("#message")).to_contain_text("正在重新连接")
    assert len(waiting(hall, "tax")) == before + 1
    page.unroute("**/halls/demo/tickets")
    if not remembers:
        page.evaluate("sessionStorage.clear()")
    page.reload()
    if not remembers:
        expect(page.locator("#choose")).to_be_visible()
        tap(page, "代开发票")
        tap(page, "取号")
    assert taken(page) == waiting(hall, "tax")[-1]
    assert len(waiting(hall, "tax")) == before + (1 if remembers else 2)


def test_who_has_finished_leaves_nothing_to_the_next(visit: Visit):
    page = visit()
    numbers = []
    for _ in range(2):
        tap(page, "代开发票")
        tap(page, "取号")
        numbers.append(taken(page))
        tap(page, "完成")
    assert numbers[0] != numbers[1]
    page.reload()
    expect(page.locator("#choose")).to_be_visible()
    expect(page.locator("#result")).to_be_hidden()


# ── Checking in ───────────────────────────────────────────────────────────────────────────


def test_an_appointment_is_checked_in_once_from_any_screen(
    visit: Visit, hall: RealHall, booking: Callable[[str, float], None]
):
    booking("ONCE2026", 20)
    page = visit()
    page.locator("#open-find").tap()
    page.locator("#query").focus()
    scan(page, "once-2026")
    number = taken(page)
    expect(page.locator("#result-title")).to_have_text("签到成功，您的号码")
    expect(page.locator("#result-slot")).to_contain_text("预约时间")
    tap(page, "完成")

    other = visit("kiosk, landscape")
    other.locator("#open-checkin").tap()
    letters(other, "ONCE2026")
    tap(other, "签到")
    assert taken(other) == number
    expect(other.locator("#result-title")).to_have_text("您已签到，您的号码")
    expect(other.get_by_role("button", name="补打小票")).to_be_visible()
    assert waiting(hall, "police").count(number) == 1


def test_why_not_and_what_to_do(
    visit: Visit, visitors: People, booking: Callable[[str, float], None]
):
    visitors.watch.expect("status of 40[49]")
    booking("EARLY999", 300)
    booking("LATE9999", -45)
    page = visit()
    scan(page, "NOSUCH99")
    expect(page.locator("#checkin-message")).to_have_text("没有找到这个预约，请核对预约码。")
    expect(page.locator("#walk-in")).to_be_hidden()
    scan(page, "EARLY999")
    expect(page.locator("#checkin-message")).to_contain_text("以后签到")
    scan(page, "LATE9999")
    expect(page.locator("#checkin-message")).to_contain_text("已过，请按现场取号办理")
    page.locator("#walk-in").tap()
    expect(page.locator("#confirm-title")).to_have_text(PASSPORT)


def test_a_scanned_slip_shows_its_place(visit: Visit, hall: RealHall):
    page = visit()
    tap(page, PASSPORT)
    with page.expect_response(lambda answer: answer.url.endswith("/tickets")) as answer:
        tap(page, "取号")
    ticket = answer.value.json()["ticket"]
    tap(page, "完成")
    order = waiting(hall, "police")
    scan(page, f"{hall.url}/t/{ticket['token']}")
    assert taken(page) == ticket["number"]
    expect(page.locator("#ahead")).to_have_text(f"{order.index(ticket['number'])} 人")
    assert waiting(hall, "police") == order
    # And once it is no longer waiting, what has become of it
    assert page.request.post(f"/t/{ticket['token']}/leave", max_redirects=0).status == 303
    scan(page, f"{hall.url}/t/{ticket['token']}")
    expect(page.locator("#result-status")).to_contain_text("这个号码已经作废")


# ── It looks after itself ─────────────────────────────────────────────────────────────────


def test_it_goes_home_by_itself_and_a_touch_gives_more_time(visitors: People):
    page = visitors.manager("kiosk", has_touch=True)
    page.clock.install()
    page.goto(f"{HALL}/kiosk")
    page.get_by_role("button", name="English").tap()
    page.get_by_role("button", name="Passport application", exact=True).tap()
    counted = page.locator("#returning")
    expect(counted).to_be_hidden()
    page.clock.run_for(50_000)
    expect(counted).to_contain_text("Back to the start in")
    page.locator("#confirm-title").tap()
    expect(counted).to_be_hidden()
    page.clock.run_for(50_000)
    expect(page.locator("#confirm")).to_be_visible()
    page.clock.run_for(15_000)
    expect(page.locator("#choose-title")).to_have_text("您好，请选择要办理的业务")


def test_there_is_no_way_out(visit: Visit):
    page = visit()
    address = page.url
    kept = page.evaluate(
        """() => {
            const send = (event) => !document.body.dispatchEvent(event);
            const key = (key, more = {}) => send(new KeyboardEvent("keydown",
                {key, bubbles: true, cancelable: true, ...more}));
            const plain = (name, more = {}) => send(new MouseEvent(name,
                {bubbles: true, cancelable: true, ...more}));
            return {
                menu: plain("contextmenu"),
                drag: plain("dragstart"),
                selection: plain("selectstart"),
                f5: key("F5"), f11: key("F11"), back: key("Backspace"),
                history: key("ArrowLeft", {altKey: true}),
                print: key("p", {ctrlKey: true}), menuKey: key("ContextMenu"),
                zoom: send(new WheelEvent("wheel",
                    {ctrlKey: true, bubbles: true, cancelable: true})),
                letter: key("a"),
            };
        }"""
    )
    assert kept.pop("letter") is False, "a negative control: ordinary keys go through"
    assert set(kept.values()) == {True}, kept
    page.go_back()
    assert page.url == address
    expect(page.locator("#choose")).to_be_visible()
    links = page.locator("a:not(.skip)")
    expect(links).to_have_count(0)
    assert page.evaluate("getComputedStyle(document.body).userSelect") == "none"


def test_a_silent_hall_is_a_calm_screen(
    visit: Visit, visitors: People, hall: RealHall, browser: Browser
):
    """For a kiosk that is running, and for one that has just been switched on."""
    visitors.watch.expect("ERR_")
    page = visit()
    hall.stop()
    switched_on = browser.new_context().new_page()
    try:
        switched_on.goto(f"{START.as_uri()}#{hall.url}{HALL}/kiosk")
        expect(switched_on.locator("h1")).to_have_text("系统正在启动，请稍候")
        expect(page.locator("#rest")).to_contain_text("系统正在恢复")
        expect(page.locator("#choices")).to_be_hidden()
    finally:
        hall.start()
    expect(page.locator("#choices")).to_be_visible(timeout=30_000)
    expect(page.locator("#rest")).to_be_hidden()
    expect(switched_on.locator("#choose-title")).to_be_visible(timeout=30_000)
    switched_on.context.close()


def test_a_kiosk_without_a_page_says_what_is_missing(browser: Browser):
    page = browser.new_context().new_page()
    for nowhere in ("", "#", "#javascript:alert(1)", "#file:///etc/passwd", "#%E0%A4%A"):
        page.goto("about:blank")
        page.goto(f"{START.as_uri()}{nowhere}")
        expect(page.locator("h1")).to_have_text("没有设置取号页面")
    page.context.close()
