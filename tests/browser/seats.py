"""What people do at the pages: take a number at the kiosk, work at a window."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, Response, expect

HALL = "/h/demo"
NUMBER = re.compile(r"[A-F]\d{3,4}")


@dataclass(frozen=True, slots=True)
class Taken:
    """A number taken at the kiosk, and the address of its own page."""

    number: str
    own_page: str


class Kiosk:
    """The kiosk's page with somebody in front of it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.goto(f"{HALL}/kiosk")

    def take(self, service: str, *, priority: bool = False) -> Taken:
        """Through all three screens, and back to the first."""
        self.choose(service)
        button = "取号"
        if priority:
            self.page.get_by_role("button", name="优先取号").click()
            button = "我符合条件，优先取号"
        with self.page.expect_response(is_ticket) as answer:
            self.page.get_by_role("button", name=button, exact=True).click()
        taken = taken_of(answer.value)
        expect(self.page.locator("#number")).to_have_text(taken.number)
        self.page.get_by_role("button", name="完成").click()
        expect(self.page.locator("#choose")).to_be_visible()
        return taken

    def choose(self, service: str) -> None:
        """The first screen."""
        self.page.get_by_role("button", name=service, exact=True).click()
        expect(self.page.locator("#confirm-title")).to_have_text(service)


def is_ticket(answer: Response) -> bool:
    """Whether this is the answer to "take a number"."""
    return answer.request.method == "POST" and answer.url.endswith("/tickets")


def taken_of(answer: Response) -> Taken:
    """What the hall gave."""
    ticket = answer.json()["ticket"]
    assert NUMBER.fullmatch(ticket["number"])
    return Taken(ticket["number"], f"/t/{ticket['token']}")


class Desk:
    """A window's console with somebody at the keyboard."""

    def __init__(self, page: Page, window: str, *, open: bool = True) -> None:
        self.page = page
        self.window = window
        page.goto(f"{HALL}/windows/{window}")
        expect(page.locator("#connection")).to_have_text("实时")
        state = page.locator("#window-status")
        if open and state.inner_text() != "服务中":
            self.button("开始服务").click()
            expect(state).to_have_text("服务中")

    @property
    def number(self) -> Locator:
        """The number in hand."""
        return self.page.locator("#own-number")

    @property
    def status(self) -> Locator:
        """What is being done with it."""
        return self.page.locator("#own-status")

    @property
    def message(self) -> Locator:
        """What the console says about the last action."""
        return self.page.locator("#message")

    def button(self, name: str) -> Locator:
        """An action by its words."""
        return self.page.get_by_role("button", name=name)

    def row(self, list_name: str, number: str) -> Locator:
        """The row of `number` in the list waiting, parked or missed."""
        rows = self.page.locator(f"#{list_name} tr")
        return rows.filter(has=self.page.get_by_role("rowheader", name=number, exact=True))

    def press(self, key: str) -> None:
        """A key of the keyboard."""
        self.page.keyboard.press(key)

    def call_next(self, number: str) -> None:
        """F2, expecting `number`."""
        expect(self.button("叫下一位")).to_be_enabled()
        self.press("F2")
        expect(self.number).to_have_text(number)
        expect(self.status).to_have_text("请到窗口")

    def serve(self) -> None:
        """F4, F8."""
        self.press("F4")
        expect(self.status).to_have_text("办理中")
        self.press("F8")
        expect(self.number).to_have_text("没有号码")


def look_again(phone: Page) -> None:
    """As when it is taken out of the pocket: a phone page asks at once."""
    phone.evaluate("dispatchEvent(new Event('pageshow'))")


def calls(board: Page) -> Locator:
    """The latest calls of a board."""
    return board.locator("#calls .call")
