"""The page of a city in a real browser: sorted in the phone, told nobody, for everybody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from display.pages import STATIC_DIR, Pages
from queued.public.pages import ASKS_POSITION
from queued.server.security import page_headers
from queued.server.static import TYPES
from tests.browser.test_every_page import cut_off, grave_in
from tests.display import cities

ORIGIN = "https://city.test"
QIXIA = {"latitude": 32.11, "longitude": 118.93}


@dataclass
class City:
    """The page, and everything that was asked for."""

    page: Page
    halls: list = field(default_factory=cities.halls)
    asked: list[Request] = field(default_factory=list)

    def order(self) -> list[str]:
        return self.page.eval_on_selector_all(
            "[data-hall]", "cards => cards.map((card) => card.dataset.hall)"
        )

    def told(self) -> str:
        """Everything that left the browser."""
        return "\n".join(f"{one.url} {one.post_data} {one.headers}" for one in self.asked)


@pytest.fixture(params=["zh", "en"])
def city(request: pytest.FixtureRequest, browser: Browser) -> Iterator[City]:
    context = browser.new_context(
        base_url=ORIGIN, geolocation=QIXIA, viewport={"width": 390, "height": 844}
    )
    made = City(context.new_page())
    html = Pages().render("city", request.param, {"halls": made.halls})

    def answer(route: Route) -> None:
        made.asked.append(route.request)
        path = urlsplit(route.request.url).path
        if path.startswith("/static/"):
            file = STATIC_DIR / path.removeprefix("/static/")
            route.fulfill(body=file.read_bytes(), headers={"Content-Type": TYPES[file.suffix]})
        elif path == "/":
            route.fulfill(body=html, headers=page_headers(tls=True) | ASKS_POSITION)
        else:
            body = json.dumps({"halls": made.halls})
            route.fulfill(body=body, headers={"Content-Type": "application/json"})

    made.page.route("**/*", answer)
    made.page.goto("/")
    yield made
    context.close()


def test_the_nearest_first_after_a_tap_and_nobody_is_told(city: City):
    # By wait, as the server has it, until somebody taps
    assert city.order() == [hall["id"] for hall in cities.halls()]
    city.page.context.grant_permissions(["geolocation"], origin=ORIGIN)
    city.page.locator("#by-distance").click()
    expect(city.page.locator("#by-distance")).to_have_attribute("aria-pressed", "true")
    assert city.order()[0] == "qixia"
    assert city.order()[-1] == "lishui"  # says nothing of its place
    expect(city.page.locator("[data-hall='qixia'] [data-field='away']")).to_contain_text("3.0")
    city.page.locator("#by-wait").click()
    assert city.order() == [hall["id"] for hall in cities.halls()]
    for number in ("32.11", "118.93"):
        assert number not in city.told()
    assert "city.test/api/v1/halls" in city.told()  # the negative control: something is asked


def test_without_leave_to_know_the_place_it_stays_sorted_by_wait(city: City):
    city.page.context.clear_permissions()
    city.page.locator("#by-distance").click()
    expect(city.page.locator("#by-wait")).to_have_attribute("aria-pressed", "true")
    expect(city.page.locator("#said")).not_to_be_empty()
    assert city.order() == [hall["id"] for hall in cities.halls()]


def test_it_is_for_everybody(city: City):
    assert grave_in(city.page) == []
    assert cut_off(city.page, "city") == []
    city.page.locator("#q").fill("六合" if "zh" in city.page.content()[:80] else "luhe")
    expect(city.page.locator("[data-hall='liuhe']")).to_be_visible()
    expect(city.page.locator("[data-hall='gulou']")).to_be_hidden()
