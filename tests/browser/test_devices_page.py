"""The technician at work: looks, tries, watches the line, takes a capture home and replays it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.seats import HALL
from tests.browser.watched import People
from tests.drivers.replay import Capture, decoded, load, replay


def replayed(capture: Capture) -> list[str]:
    """In a thread of its own: Playwright's loop has this one."""
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, replay(capture)).result()


def test_a_test_print_is_watched_saved_and_replayed(visitors: People, tmp_path: Path):
    page = visitors.manager()
    page.goto(f"{HALL}/devices")
    expect(page.locator("#devices .device-card").first).to_be_visible()
    page.get_by_role("link", name="kiosk-printer", exact=True).click()
    expect(page.locator("#state")).to_have_text("实时")
    expect(page.locator("#light")).to_have_text("正常")

    page.get_by_role("button", name="开始监视").click()
    expect(page.locator("#watching")).to_have_text("正在监视")
    page.get_by_role("button", name="打印测试小票").click()
    expect(page.locator("#test-result")).to_have_text("试打成功，打印机已确认")
    rows = page.locator("#frame-rows")
    expect(rows).to_contain_text("文字“打印测试”")
    expect(rows).to_contain_text("切纸")
    expect(rows.locator("tr").last).to_contain_text("状态正常")
    expect(page.locator("#events")).to_contain_text("试运行：试打成功")

    page.get_by_role("button", name="暂停显示").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="保存抓包").click()
    file = tmp_path / download.value.suggested_filename
    assert file.name.startswith("kiosk-printer-") and file.suffix == ".jsonl"
    download.value.save_as(file)
    page.get_by_role("button", name="清空").click()
    expect(page.locator("#frames-none")).to_be_visible()
    page.get_by_role("button", name="停止监视").click()
    expect(page.locator("#watching")).to_have_text("未监视")

    capture = load(file)
    assert replayed(capture) == ["confirmed=True"]
    printer = decoded(capture)
    assert printer.violations == []
    assert "本小票不是排队号" in printer.pages[0].text


def test_a_strip_shows_the_test_and_its_bytes_mean_it(visitors: People):
    page = visitors.manager()
    page.goto(f"{HALL}/devices/strip-2?lang=en")
    page.get_by_role("button", name="Watch", exact=True).click()
    expect(page.locator("#watching")).to_have_text("Watching")
    page.get_by_role("button", name="Show a test text").click()
    expect(page.locator("#frame-rows")).to_contain_text("show text “显示测试 A000号 0123456789”")
    expect(page.locator("#frame-rows")).to_contain_text("accepted")
