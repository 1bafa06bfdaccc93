"""Administrators write pages, visitors read them; also where there is no script."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.real_hall import RealHall
from tests.browser.test_every_page import AXE, GRAVE, sticking_out
from tests.browser.watched import SIZES, People

LIST = "/h/demo/admin/content"


@pytest.fixture(scope="module")
def token(hall: RealHall) -> str:
    return hall.token("admin", "sun")


@pytest.fixture
def admin(visitors: People, token: str) -> Iterator[Page]:
    yield visitors.holder(token)


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (640, 360), (20, 90, 140)).save(file, "JPEG")
    return file.getvalue()


def test_from_a_draft_to_a_phone_and_back(admin: Page, visitors: People):
    admin.goto(LIST)
    admin.locator("#picture").set_input_files(
        {"name": "大厅.jpg", "mimeType": "image/jpeg", "buffer": picture()}
    )
    admin.get_by_role("button", name="上传").click()
    snippet = admin.locator(".notice .token").inner_text()
    admin.get_by_role("link", name="新建：要闻公告").click()
    admin.get_by_label("标题", exact=True).fill("电梯检修通知")
    admin.get_by_label("正文", exact=True).fill(
        f"**12月8日**请走楼梯。<script>x</script>\n\n{snippet}"
    )
    preview = admin.locator("#preview")
    expect(preview.locator("strong")).to_have_text("12月8日")  # it follows what is typed
    expect(preview).to_contain_text("<script>x</script>")
    expect(preview.locator("img")).to_have_js_property("naturalWidth", 640)
    admin.get_by_role("button", name="存为草稿").click()
    expect(admin.get_by_text("已保存。")).to_be_visible()

    phone = visitors.somebody("small phone", java_script_enabled=False)
    phone.goto("/h/demo/news")
    expect(phone.get_by_text("电梯检修通知")).to_have_count(0)
    row = admin.locator("tr", has_text="电梯检修通知")
    row.get_by_role("button", name="发布").click()
    phone.goto("/h/demo/status")
    phone.get_by_role("link", name="要闻公告").click()
    phone.get_by_role("link", name="电梯检修通知").click()
    expect(phone.locator(".page-body strong")).to_have_text("12月8日")
    phone.locator("img").scroll_into_view_if_needed()
    expect(phone.locator("img")).to_be_visible()

    admin.locator("tr", has_text="电梯检修通知").get_by_role("button", name="删除").click()
    expect(admin.locator("tr", has_text="电梯检修通知")).to_have_count(0)
    admin.get_by_role("button", name="撤销删除").click()
    expect(admin.locator("tr", has_text="电梯检修通知")).to_have_count(1)


def test_two_administrators_at_one_page(admin: Page, visitors: People, token: str):
    other = visitors.holder(token)
    for page in (admin, other):
        page.goto(f"{LIST}/page?page=about/access")
    other.get_by_label("摘要").fill("乙的摘要")
    other.get_by_role("button", name="保存并发布").click()
    expect(other.get_by_text("已保存。")).to_be_visible()
    admin.get_by_label("摘要").fill("甲的摘要")
    visitors.watch.expect("status of 409")
    admin.get_by_role("button", name="保存并发布").click()
    expect(admin.get_by_role("alert").first).to_contain_text("admin:sun 已在")
    expect(admin.get_by_label("摘要")).to_have_value("甲的摘要")
    admin.get_by_role("button", name="仍然保存").click()
    expect(admin.get_by_text("已保存。")).to_be_visible()
    admin.goto(f"{LIST}/page?page=about/access")
    admin.get_by_role("button", name="恢复此版本 2").click()
    admin.goto(f"{LIST}/page?page=about/access")
    expect(admin.get_by_label("摘要")).to_have_value("乙的摘要")


def test_a_page_without_script(visitors: People, token: str):
    page = visitors.holder(token, java_script_enabled=False)
    page.goto(f"{LIST}/page?new=contacts")
    page.get_by_label("标题", exact=True).fill("夜间值班")
    page.get_by_label("名称", exact=True).first.fill("值班室")
    page.get_by_label("号码", exact=True).first.fill("12345转x")
    page.get_by_role("button", name="预览").last.click()
    expect(page.get_by_text("可以拨打的号码")).to_be_visible()
    page.get_by_label("号码", exact=True).first.fill("12345")
    page.get_by_role("button", name="预览").last.click()
    expect(page.locator("#preview a[href='tel:12345']")).to_be_visible()
    page.get_by_role("button", name="保存并发布").click()
    page.goto("/h/demo/contacts")
    expect(page.get_by_text("值班室")).to_be_visible()


@pytest.mark.parametrize(
    "path", [LIST, f"{LIST}/page?page=contacts/hall", f"{LIST}/page?page=news/saturday-service"]
)
def test_the_pages_are_accessible_and_fit(visitors: People, token: str, path: str):
    page = visitors.holder(token, "desk", bypass_csp=True)  # only to inject axe
    page.goto(path)
    if "page=" in path:
        expect(page.locator("#preview article")).to_be_visible()
    page.add_script_tag(path=AXE)
    report = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    grave = [
        f"{one['id']}: {node['target']}"
        for one in report["violations"]
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]
    assert grave == []
    page.set_viewport_size({"width": 600, "height": 800})
    assert sticking_out(page, 600) == []
    assert SIZES["desk"][0] > 600
