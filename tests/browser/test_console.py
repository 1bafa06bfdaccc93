"""A clerk's day at the console without a mouse: ten visitors, a colleague who takes over, and a
server that dies between the press and the answer."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.real_hall import ANSWER_S, RealHall
from tests.browser.seats import HALL, Desk
from tests.browser.watched import People, people

WINDOW = "4"
"""Of the demonstration hall: it serves the queue `social`; nobody waits where it helps."""

NO_CONNECTION = "ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET|ERR_FAILED"
BACK_MS = 30_000
LEARNS_MS = 2_000
"""A clerk who is relieved must not go on pressing keys that do nothing."""


@pytest.fixture(scope="module")
def tokens(hall: RealHall) -> dict[str, str]:
    roles = {"王芳": "clerk", "李强": "clerk", "周宁": "admin"}
    return {name: hall.token(role, name) for name, role in roles.items()}


@pytest.fixture
def visitors(browser: Browser, hall: RealHall) -> Iterator[People]:
    with people(browser, hall.url, hall.sessions) as those:
        yield those


def ask(hall: RealHall, token: str, path: str, body: Any = None) -> Any:
    """The API, past any browser."""
    request = urllib.request.Request(
        f"{hall.url}/api/v1/halls/demo{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
        return json.load(answer)


@pytest.fixture
def take(hall: RealHall, tokens: dict[str, str]) -> Callable[..., str]:
    """A number, taken past any browser."""

    def taken(queue: str = "social", **more: Any) -> str:
        body = {"queue": queue, **more}
        number: str = ask(hall, tokens["周宁"], "/tickets", body)["ticket"]["number"]
        return number

    return taken


def events_of(hall: RealHall, tokens: dict[str, str], number: str) -> list[str]:
    """What the journal holds of `number`."""
    told = ask(hall, tokens["周宁"], f"/tickets/{number}/history")
    return [event["type"] for event in told["events"]]


def sit_down(page: Page, window: str = WINDOW) -> Desk:
    """At a window, with the keyboard alone."""
    page.goto(f"{HALL}/windows/{window}")
    expect(page.locator("#connection")).to_have_text("实时")
    if page.locator("#window-status").inner_text() != "服务中":
        page.keyboard.press("F10")
    expect(page.locator("#window-status")).to_have_text("服务中")
    return Desk(page, window, open=False)


def keys(desk: Desk, *pressed: str, says: str) -> None:
    """Press them one after the other; then the console says so."""
    for key in pressed:
        desk.press(key)
    expect(desk.message).to_have_text(says)


def test_ten_visitors_without_a_mouse(visitors, hall, tokens, take):
    numbers = [take() for _ in range(10)]
    desk = sit_down(visitors.holder(tokens["王芳"]))
    for number in numbers[:2]:
        desk.call_next(number)
        desk.serve()
    with_another_result(desk, numbers[2])
    called_by_mistake_and_missed(desk, numbers[3])
    desk.call_next(numbers[4])
    keys(desk, "F6", "2", "Enter", says=f"{numbers[4]} 已转移。")
    away_and_back(desk, numbers[5])
    a_dialog_is_left(desk, numbers[6])
    last = numbers[9]
    keys(desk, "Shift+F2", *last.lower(), "Enter", says=f"已叫 {last}，请等候群众到窗口。")
    desk.serve()
    a_pause_in_own_words(desk)
    for number in numbers[7:9]:
        desk.call_next(number)
        desk.serve()

    done = {"called": "11", "served": "8", "matters": "9", "missed": "1"}
    for name, count in done.items():
        expect(desk.page.locator(f'[data-count="{name}"]')).to_have_text(count)
    keys(desk, "F8", says="不能办结：现在没有正在办理的号码。")
    moved = ask(hall, tokens["周宁"], f"/tickets/{numbers[4]}/history")
    assert moved["queue"] == "property"


def with_another_result(desk: Desk, number: str) -> None:
    """Two matters at once, accepted."""
    desk.call_next(number)
    keys(desk, "F4", says=f"开始办理 {number}。")
    keys(desk, "Shift+F8", "2", "+", "Enter", says=f"{number} 已结束：受理，2 件。")


def called_by_mistake_and_missed(desk: Desk, number: str) -> None:
    """Taken back, called again, does not come."""
    desk.call_next(number)
    keys(desk, "Control+z", says=f"已撤回 {number}，回到原来的位置。")
    desk.call_next(number)
    keys(desk, "F9", says=f"{number} 已过号。")


def away_and_back(desk: Desk, number: str) -> None:
    """Sent for a form, back, in line again: three keys each."""
    desk.call_next(number)
    keys(desk, "F7", "2", "Enter", says=f"{number} 已挂起。")
    expect(desk.row("parked", number)).to_contain_text("填表")
    keys(desk, "Shift+F7", "1", "Enter", says=f"{number} 已恢复排队。")
    desk.call_next(number)
    desk.serve()


def a_dialog_is_left(desk: Desk, number: str) -> None:
    """It keeps the focus while it is open, gives it back, and Escape changes nothing."""
    page = desk.page
    desk.call_next(number)
    page.get_by_role("button", name="过号").focus()
    desk.press("F6")
    expect(page.get_by_role("dialog")).to_be_visible()
    for _ in range(12):
        desk.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body"
            " || document.activeElement.closest('dialog') !== null"
        )
    desk.press("F2")
    desk.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="过号")).to_be_focused()
    expect(desk.number).to_have_text(number)
    desk.serve()


def a_pause_in_own_words(desk: Desk) -> None:
    """Digits in the field are text; nobody is called meanwhile."""
    page = desk.page
    desk.press("F10")
    page.get_by_label("或填写其他原因").focus()
    page.keyboard.type("盘点 1")
    desk.press("Enter")
    expect(page.locator("#pause-reason")).to_have_text("盘点 1")
    expect(page.get_by_role("button", name="叫下一位")).to_be_disabled()
    keys(desk, "F10", says="窗口已开始服务。")


def test_keys_work_wherever_the_focus_is(visitors, tokens, take):
    desk = sit_down(visitors.holder(tokens["王芳"]))
    page = desk.page
    for place in ("#sign-out", "a.quiet", ".list-waiting .scroll", "#small"):
        number = take()
        expect(desk.row("waiting", number)).to_be_visible()
        page.locator(place).first.focus()
        desk.call_next(number)
        desk.serve()


def test_two_clerks_and_one_window(visitors, tokens, take):
    number = take()
    wang = sit_down(visitors.holder(tokens["王芳"]))
    wang.call_next(number)
    li = visitors.holder(tokens["李强"])
    li.goto(f"{HALL}/windows/{WINDOW}")
    expect(li.locator("#taken-text")).to_contain_text("王芳")
    expect(li.get_by_role("button", name="开始办理")).to_be_disabled()
    li.keyboard.press("F4")
    expect(li.locator("#message")).to_contain_text("这个窗口正由 王芳 使用")

    li.keyboard.press("F10")
    dialog = li.get_by_role("dialog")
    expect(dialog).to_contain_text(f"{number} 还没有办完")
    li.keyboard.press("Enter")

    expect(wang.page.locator("#taken-text")).to_contain_text("李强", timeout=LEARNS_MS)
    expect(li.locator("#taken")).to_be_hidden()
    expect(wang.page.get_by_role("button", name="开始办理")).to_be_disabled()
    wang.press("F4")
    expect(wang.message).to_contain_text("不能开始办理：这个窗口正由 李强 使用")
    expect(li.locator("#own-status")).to_have_text("请到窗口")
    theirs = Desk(li, WINDOW, open=False)
    theirs.serve()
    wang.press("F10")
    wang.press("Enter")
    expect(li.locator("#taken-text")).to_contain_text("王芳", timeout=LEARNS_MS)


def test_the_small_caller_stays_on_top_and_has_its_own_page(visitors, tokens, take):
    first, second = take(), take()
    desk = sit_down(visitors.holder(tokens["王芳"]))
    desk.page.context.unroute_all()  # what is intercepted never reaches a picture in a picture
    with desk.page.context.expect_page() as opened:
        desk.page.locator("#small").click()
    small = opened.value
    # The browser's own window that stays on top, with the page's styles and its session
    assert desk.page.evaluate("documentPictureInPicture.window !== null")
    assert small.url == "about:blank"
    button = small.get_by_role("button", name="叫下一位")
    expect(button).to_have_css("min-height", "60px")
    button.click()
    expect(small.locator(".caller-number")).to_have_text(first)
    expect(desk.number).to_have_text(first)
    small.keyboard.press("Control+z")
    expect(small.locator(".caller-number")).to_have_text("没有号码")
    expect(small.locator(".caller-next")).to_contain_text(first)
    small.close()

    # Where the browser has none: a small window of its own
    desk.page.evaluate("delete window.documentPictureInPicture")
    with desk.page.context.expect_page() as opened:
        desk.page.locator("#small").click()
    page = opened.value
    expect(page).to_have_url(re.compile(f"{HALL}/windows/{WINDOW}/caller$"))
    for number in (first, second):
        expect(page.get_by_role("button", name="叫下一位")).to_be_enabled()
        page.keyboard.press("F2")
        expect(page.locator(".caller-number")).to_have_text(number)
        page.keyboard.press("F4")
        expect(page.locator(".caller-state")).to_contain_text("办理中")
        page.keyboard.press("F8")
        expect(page.locator(".caller-number")).to_have_text("没有号码")
    page.keyboard.press("F6")
    expect(page.locator(".caller-message")).to_contain_text("请在工作台进行")


def test_a_reload_finds_the_command_without_an_answer(visitors, tokens, take):
    visitors.watch.expect(NO_CONNECTION)
    number = take()
    desk = sit_down(visitors.holder(tokens["王芳"]))
    keys: list[str] = []

    def silence(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        route.abort()

    desk.page.route("**/call-next", silence)
    desk.press("F2")
    expect(desk.message).to_contain_text("尚无答复，正在重发")
    expect(desk.page.locator("#connection")).to_have_text("正在重新连接")
    desk.page.unroute("**/call-next")
    desk.page.on(
        "request",
        lambda request: (
            keys.append(request.headers["idempotency-key"])
            if request.url.endswith("/call-next")
            else None
        ),
    )
    desk.page.reload()
    expect(desk.number).to_have_text(number)
    assert len(set(keys)) == 1 and len(keys) >= 2
    desk.serve()


@pytest.mark.parametrize(
    ("committed", "keyed"),
    [(False, True), (True, True), (True, False)],
    ids=["before the commit", "after it", "after it, negative control"],
)
def test_the_server_dies_between_press_and_answer(visitors, hall, tokens, take, committed, keyed):
    """With the key the press is answered as if nothing had happened, and one call is made. The
    control shows that it is the key: without it, whoever was called already is refused."""
    visitors.watch.expect(f"{NO_CONNECTION}|status of 409")
    number = take()
    desk = sit_down(visitors.holder(tokens["王芳"]))
    dead: list[bool] = []

    def dying(route: Route) -> None:
        headers = dict(route.request.headers)
        if not keyed:
            headers.pop("idempotency-key")
        if dead:
            route.continue_(headers=headers)
            return
        dead.append(True)
        if committed:
            assert route.fetch(headers=headers).status == 200
        hall.kill()
        route.abort()

    desk.page.route("**/call-next", dying)
    desk.press("F2")
    expect(desk.message).to_contain_text("尚无答复，正在重发")
    expect(desk.button("叫下一位")).to_be_disabled()
    hall.start()

    expect(desk.number).to_have_text(number, timeout=BACK_MS)
    says = re.compile(rf"连接已恢复。已叫 {number}" if keyed else rf"号码 {number} 还没有处理完")
    expect(desk.message).to_have_text(says, timeout=BACK_MS)
    assert events_of(hall, tokens, number) == ["TicketIssued", "TicketCalled"]
    expect(desk.page.locator("#connection")).to_have_text("实时", timeout=BACK_MS)
    desk.serve()
