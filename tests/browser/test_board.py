"""Screens of a hall with forty windows: everything in one picture, calls in turn, by zone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import APIResponse, Browser, Page, expect

from tests.browser.real_hall import CONFIG, RealHall
from tests.browser.seats import calls
from tests.browser.watched import People, people

HOURS = re.compile(r"^\[\[hours\]\]\n(?:(?!\[).*\n)+", re.MULTILINE)
DEVICES = re.compile(r"^\[\[device\]\]\n(?:(?!\[).*\n)+", re.MULTILINE)


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHall]:
    """The forty windows at any hour, without the devices that this machine does not have."""
    folder = tmp_path_factory.mktemp("hall")
    furniture = (CONFIG / "forty-windows.toml").read_text(encoding="utf-8")
    config = folder / "hall.toml"
    config.write_text(DEVICES.sub("", HOURS.sub("", furniture)), encoding="utf-8")
    running = RealHall(folder, config, "city-hall").start()
    yield running
    running.stop()


@pytest.fixture
def visitors(browser: Browser, hall: RealHall) -> Iterator[People]:
    with people(browser, hall.url) as those:
        yield those


@pytest.fixture(scope="module")
def tokens(hall: RealHall) -> dict[str, str]:
    return {role: hall.token(role, role) for role in ("kiosk", "clerk")}


def furnish(page: Page, hall: RealHall, tokens: dict[str, str]) -> None:
    """Two numbers for every service, every window open, every second one busy."""
    root = f"/api/v1/halls/{hall.id}"

    def post(path: str, role: str, body: dict[str, str]) -> int:
        headers = {"Authorization": f"Bearer {tokens[role]}"}
        return page.request.post(root + path, data=body, headers=headers).status

    for service in page.request.get(f"{root}/services").json()["services"]:
        for _ in range(2):
            assert post("/tickets", "kiosk", {"service": service["id"]}) == 201
    for position, window in enumerate(hall.snapshot()["windows"]):
        assert post(f"/windows/{window['id']}/open", "clerk", {}) == 200
        if position % 2:
            post(f"/windows/{window['id']}/call-next", "clerk", {})


def cut_off(page: Page) -> list[str]:
    """Texts that do not fit where they stand."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("#board *")]
            .filter((each) => each.children.length === 0 && each.checkVisibility())
            .filter((each) => !each.matches(".unseen"))
            .filter((each) => each.scrollWidth > each.clientWidth + 1
                && getComputedStyle(each).display !== "inline")
            .map((each) => `${each.className}: ${each.textContent}`)"""
    )
    return found


SIZES = {"lying": (1920, 1080), "small": (1366, 768), "standing": (1080, 1920)}


@pytest.mark.parametrize(
    ("size", "language"), [("lying", "zh"), ("lying", "en"), ("small", "zh"), ("standing", "zh")]
)
def test_forty_windows_fit_on_one_screen(
    visitors: People, hall: RealHall, tokens: dict[str, str], size: str, language: str
):
    board = visitors.somebody("board")
    width, height = SIZES[size]
    board.set_viewport_size({"width": width, "height": height})
    if hall.snapshot()["seq"] < 10:
        furnish(board, hall, tokens)

    board.goto(f"/h/{hall.id}/board?lang={language}")

    expect(board.locator("#windows .window")).to_have_count(40)
    expect(board.locator("#calls .call")).to_have_count(6)
    whole = board.evaluate(
        "() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert whole == [width, height]
    assert outside(board, width, height) == []
    if language == "zh":
        assert cut_off(board) == []
    least = board.evaluate(
        """() => Math.min(...[...document.querySelectorAll("#board *")]
            .filter((each) => each.checkVisibility() && each.textContent.trim())
            .map((each) => parseFloat(getComputedStyle(each).fontSize)))"""
    )
    assert least >= 18


def outside(page: Page, width: int, height: int) -> list[str]:
    """What does not lie within the screen, or sticks out of its tile."""
    found: list[str] = page.evaluate(
        """([width, height]) => {
            const wrong = [];
            for (const each of document.querySelectorAll("#board li, #board li *, header *")) {
                if (!each.checkVisibility()) continue;
                const box = each.getBoundingClientRect();
                const tile = each.closest("li")?.getBoundingClientRect() ?? box;
                if (box.right > width + 1 || box.bottom > height + 1 || box.left < -1
                    || box.bottom > tile.bottom + 2 || box.right > tile.right + 2) {
                    wrong.push(`${each.className}: ${each.textContent}`);
                }
            }
            return wrong;
        }""",
        [width, height],
    )
    return found


def test_the_check_for_what_sticks_out_can_fail(visitors: People, hall: RealHall):
    board = visitors.somebody("board")
    board.goto(f"/h/{hall.id}/board")
    expect(board.locator("#windows .window")).to_have_count(40)
    board.evaluate(
        """() => document.styleSheets[0].insertRule(
            "#windows .number { font-size: 8rem !important }")"""
    )
    assert outside(board, 1920, 1080) != []


def test_calls_that_come_at_once_are_announced_one_after_the_other(
    visitors: People, hall: RealHall, tokens: dict[str, str]
):
    board = visitors.somebody("board")
    board.goto(f"/h/{hall.id}/board")
    expect(board.locator("#windows .window")).to_have_count(40)
    board.evaluate(NOTE_EVERY_CALL)

    called = []
    for window in ("1", "3", "5"):
        answer = act(board, hall, tokens, window, "call-next")
        called.append(answer.json()["ticket"]["number"])

    expect(calls(board).first).to_contain_text(called[2])
    told = board.evaluate("globalThis.told")
    assert [number for number, _ in told] == called
    times = [at for _, at in told]
    assert times[1] - times[0] >= SHOWN_MS - TICK_MS and times[2] - times[1] >= SHOWN_MS - TICK_MS
    expect(board.locator(".call-hero")).to_have_attribute("data-fresh", "true")
    expect(board.locator("#announced")).to_contain_text(called[2])


SHOWN_MS = 4000
TICK_MS = 300
NOTE_EVERY_CALL = """() => {
    globalThis.told = [];
    const note = () => {
        const hero = document.querySelector(".call-hero[data-fresh='true'] .number");
        const number = hero?.textContent;
        if (number && told.at(-1)?.[0] !== number) told.push([number, performance.now()]);
    };
    new MutationObserver(note).observe(document.getElementById("calls"), {childList: true});
}"""


def act(
    page: Page, hall: RealHall, tokens: dict[str, str], window: str, action: str, **body: str
) -> APIResponse:
    """An action at a window; it must succeed."""
    answer = page.request.post(
        f"/api/v1/halls/{hall.id}/windows/{window}/{action}",
        data=body,
        headers={"Authorization": f"Bearer {tokens['clerk']}"},
    )
    assert answer.status == 200, answer.text()
    return answer


def test_the_screen_above_a_window_follows_it(
    visitors: People, hall: RealHall, tokens: dict[str, str]
):
    screen = visitors.somebody("board")
    screen.set_viewport_size({"width": 1280, "height": 390})
    for _ in range(2):
        taken = screen.request.post(
            f"/api/v1/halls/{hall.id}/tickets",
            data={"queue": "general"},
            headers={"Authorization": f"Bearer {tokens['kiosk']}"},
        )
        assert taken.status == 201
    screen.goto(f"/h/{hall.id}/windows/7/screen?second=en")
    main = screen.locator("#main")
    expect(main).to_have_attribute("data-state", "free")
    expect(screen.locator("#next b").first).to_be_visible()

    number = act(screen, hall, tokens, "7", "call-next").json()["ticket"]["number"]
    expect(screen.locator("#number")).to_have_text(number)
    expect(screen.locator("#says")).to_have_text("请到本窗口")
    expect(screen.locator("#second")).to_have_text("Please come here")
    expect(main).to_have_attribute("data-fresh", "true")
    act(screen, hall, tokens, "7", "start")
    expect(main).to_have_attribute("data-state", "serving")
    expect(main).to_have_attribute("data-fresh", "false")
    act(screen, hall, tokens, "7", "finish")
    act(screen, hall, tokens, "7", "pause", reason="lunch")
    expect(screen.locator("#says")).to_have_text("暂停服务")
    expect(screen.locator("#hint")).to_have_text("午餐")
    act(screen, hall, tokens, "7", "close")
    expect(main).to_have_attribute("data-state", "closed")
    assert screen.evaluate(
        "() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    ) == [1280, 390]


def test_the_board_of_a_zone_shows_its_windows_and_its_calls(
    visitors: People, hall: RealHall, tokens: dict[str, str]
):
    snapshot = hall.snapshot()
    here = [window["name"] for window in snapshot["windows"] if window.get("zone") == "b"]
    board = visitors.somebody("board")
    board.goto(f"/h/{hall.id}/board?zone=b")
    expect(board.locator("#windows .window-name")).to_have_text(here)
    expect(board.locator(".board-zone")).to_have_text("B区 社会保障")
    shown = board.locator("#calls .call-to strong").all_inner_texts()
    assert shown and set(shown) <= set(here)
