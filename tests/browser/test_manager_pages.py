"""The manager's floor and administration, as people use them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.real_hall import RealHall
from tests.browser.test_every_page import grave_in, sticking_out
from tests.browser.watched import SIZES, People


@pytest.fixture(scope="module")
def token(hall: RealHall) -> str:
    return hall.token("admin", "sun")


@pytest.fixture
def admin(visitors: People, token: str) -> Iterator[Page]:
    yield visitors.holder(token)


def test_a_manager_lets_a_window_serve_another_queue_and_sees_it_at_once(visitors: People):
    page = visitors.manager()
    page.goto("/h/demo/floor")
    card = page.locator("[data-window='6']")
    card.click()
    page.get_by_role("button", name="开放窗口").click()
    expect(card).to_have_attribute("data-status", "open")

    card.click()
    page.get_by_role("radiogroup", name="税务").get_by_label("主办").check()
    page.get_by_role("button", name="立即生效").click()
    expect(card.get_by_text("当日调整")).to_be_visible()
    expect(page.locator("#desk")).not_to_be_visible()

    card.click()
    page.get_by_role("button", name="恢复设置").click()
    expect(card.get_by_text("当日调整")).not_to_be_visible()
    card.click()
    page.get_by_role("button", name="暂停服务").click()
    expect(card).to_have_attribute("data-status", "paused")
    card.click()
    page.get_by_role("button", name="关闭窗口").click()
    expect(card).to_have_attribute("data-status", "closed")


def test_the_floor_says_when_it_has_lost_the_hall(visitors: People, hall: RealHall):
    page = visitors.manager()
    page.clock.install()
    page.goto("/h/demo/floor")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    visitors.watch.expect("ERR_|Failed to (load|fetch)")
    page.context.set_offline(True)
    try:
        page.clock.run_for(30_000)  # a silent line is asked after twenty seconds
        expect(page.locator("#offline")).to_be_visible()
    finally:
        page.context.set_offline(False)
    page.clock.run_for(30_000)
    expect(page.locator("#offline")).not_to_be_visible()


def test_an_administrator_changes_a_service_with_a_preview(admin: Page):
    admin.goto("/h/demo/admin/configuration")
    admin.get_by_text("事项", exact=True).first.click()
    admin.get_by_role("button", name="添加事项").click()
    admin.get_by_label("编号").fill("library-card")
    admin.get_by_label("名称", exact=True).fill("图书证办理")
    admin.get_by_label("通常用时").fill("5")
    admin.get_by_role("button", name="放入草稿").click()
    admin.get_by_role("button", name="预览影响").click()
    expect(admin.get_by_text("新增 1 个事项：图书证办理")).to_be_visible()
    admin.get_by_label("修改说明").fill("图书馆入驻")
    admin.get_by_role("button", name="保存并生效").click()
    expect(admin.get_by_text("已保存并立即生效")).to_be_visible()
    services = admin.request.get("/api/v1/halls/demo/services").json()["services"]
    assert "library-card" in [one["id"] for one in services]
    admin.get_by_role("button", name="采用配置文件").click()
    expect(admin.get_by_text("已保存并立即生效")).to_be_visible()


@pytest.mark.parametrize("path", ["people", "configuration"])
def test_administration_is_accessible_and_fits(visitors: People, token: str, path: str):
    page = visitors.holder(token)
    page.goto(f"/h/demo/admin/{path}")
    assert grave_in(page) == []
    width, height = SIZES["small phone"]
    page.set_viewport_size({"width": width, "height": height})
    assert sticking_out(page, width) == []
