"""Identity cards at the kiosk: a strict reader on a pseudo terminal, its device process, a page."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from drivers.emulators import serving
from drivers.emulators.sam import SamReader, card_text
from tests.browser.real_hall import CONFIG, RealHall
from tests.browser.seats import HALL
from tests.browser.visits import fits, taken, tap
from tests.browser.watched import People, people

ZHANG = card_text("张晓梅", "11010519491231002X")
LI = card_text("李建国", "110101196001010011")

VIRTUAL = 'kind = "sam"\nport = "virtual://"\n'


class OnTheDesk:
    """The reader on its line, which runs in a thread of its own; `url` is how to reach it."""

    def __init__(self) -> None:
        self.reader = SamReader()
        self.url = ""
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))

    def start(self) -> OnTheDesk:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    async def _run(self) -> None:
        self._over = asyncio.Event()
        async with serving.on_pty(self.reader) as line:
            self.url = line.url.replace("9600", "115200")
            self._ready.set()
            await self._over.wait()

    def lay(self, card: bytes) -> None:
        """Somebody lays a card down."""
        self._loop.call_soon_threadsafe(self.reader.lay, card)

    def lift(self) -> None:
        """And takes it away."""
        self._loop.call_soon_threadsafe(self.reader.lift)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)
        self._loop.close()
        assert self.reader.violations == []


@pytest.fixture(scope="module")
def desk() -> Iterator[OnTheDesk]:
    on_the_desk = OnTheDesk().start()
    yield on_the_desk
    on_the_desk.stop()


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory, desk: OnTheDesk) -> Iterator[RealHall]:
    """The furniture of the demonstration, the reader of the first kiosk on a line."""
    folder = tmp_path_factory.mktemp("hall")
    config = folder / "hall.toml"
    furniture = (CONFIG / "demo.toml").read_text(encoding="utf-8")
    assert VIRTUAL in furniture
    real = f'kind = "sam"\nport = "{desk.url}"\npoll_ms = 200\nsame_card_s = 1\n'
    config.write_text(furniture.replace(VIRTUAL, real), encoding="utf-8")
    running = RealHall(folder, config).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def tokens(hall: RealHall) -> dict[str, str]:
    return {name: hall.token("kiosk", name) for name in ("kiosk-1", "kiosk-2")}


@pytest.fixture
def visitors(browser: Browser, hall: RealHall) -> Iterator[People]:
    with people(browser, hall.url, hall.sessions) as those:
        yield those


def at(visitors: People, token: str) -> Page:
    page = visitors.holder(token, "kiosk", has_touch=True)
    page.goto(f"{HALL}/kiosk")
    expect(page.locator("#queues button").first).to_be_visible()
    return page


def lay_until_read(page: Page, desk: OnTheDesk, card: bytes, name: str) -> None:
    """As people do: a card that lay there a moment ago is laid down once more."""
    for _ in range(10):
        desk.lift()
        desk.lay(card)
        try:
            expect(page.locator("#card-words")).to_contain_text(name, timeout=1_500)
            return
        except AssertionError:
            continue
    raise AssertionError(f"{name} is not read")


def test_a_number_goes_with_the_card_and_one_person_gets_one(
    visitors: People, tokens: dict[str, str], desk: OnTheDesk
):
    page = at(visitors, tokens["kiosk-1"])
    words = page.locator("#card-words")
    expect(words).to_contain_text("可刷身份证取号")
    fits(page)
    # Given a card that cannot be read: the kiosk says so, and what to do
    desk.lay(bytes(256))
    expect(words).to_have_text("这张证件读不出信息。可以直接取号，或请工作人员帮助。")
    fits(page)
    # Given a card that is laid down before anything is touched
    desk.lay(ZHANG)
    expect(words).to_have_text("已读取身份证（张*），请选择要办理的业务。")
    tap(page, "普通护照申领")
    expect(words).to_have_text("已读取身份证（张*），取号后号码登记在本人名下。")
    # When a number is taken, then the card goes with it, and its name is gone from the screen
    with page.expect_request(lambda request: request.url.endswith("/tickets")) as asked:
        tap(page, "取号")
    assert asked.value.post_data_json["card"]
    number = taken(page)
    expect(page.locator("#card")).to_be_hidden()
    tap(page, "完成")
    expect(words).to_contain_text("可刷身份证取号")
    # And the same person gets no second place in that queue
    visitors.watch.expect("status of 409")
    lay_until_read(page, desk, ZHANG, "张*")
    tap(page, "普通护照申领")
    tap(page, "取号")
    expect(page.locator("#message")).to_contain_text(f"您已有号码 {number} 在等候")
    desk.lift()


def test_who_walks_away_leaves_no_name_to_the_next(
    visitors: People, tokens: dict[str, str], desk: OnTheDesk
):
    page = at(visitors, tokens["kiosk-1"])
    other = at(visitors, tokens["kiosk-2"])
    lay_until_read(page, desk, LI, "李*")
    expect(other.locator("#card")).to_be_hidden()
    # The page is loaded anew while the hall still knows the card
    page.reload()
    expect(page.locator("#card-words")).to_contain_text("可刷身份证取号")
    tap(page, "普通护照申领")
    with page.expect_request(lambda request: request.url.endswith("/tickets")) as asked:
        tap(page, "取号")
    assert "card" not in asked.value.post_data_json
    taken(page)
    desk.lift()
    # And while the reader itself is in trouble nobody is asked to lay a card on it
    words = page.locator("#card-words")
    tap(page, "完成")
    desk.reader.error = 0x66
    expect(words).to_have_text("读卡器暂时不能使用，可以直接取号。")
    desk.reader.error = 0
    expect(words).to_contain_text("可刷身份证取号")
