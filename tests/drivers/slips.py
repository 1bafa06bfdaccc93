"""Slips the printing tests share, and the shortest way from blocks to paper."""

from __future__ import annotations

from drivers import escpos, jobs, raster
from drivers.emulators.escpos import PrinterEmulator
from drivers.emulators.paper import Page
from drivers.printer_profile import Profile, profile_of

ADDRESS = "https://q.example/t/A001"

SLIP: tuple[jobs.Block, ...] = (
    jobs.Text("某某区政务服务中心", 2, "center", True),
    jobs.Text("一楼综合大厅", 1, "center"),
    jobs.Rule(),
    jobs.Text("A017", 4, "center", True),
    jobs.Text("婚姻登记", 2, "center"),
    jobs.Pair("前面人数", "12 人"),
    jobs.Pair("预计等待", "约 25 分钟"),
    jobs.Pair("事项", "企业设立登记（含个体工商户设立、变更、注销登记）"),
    jobs.Text("请准备：居民身份证原件及复印件；工本费 ¥0.00"),
    jobs.Qr(ADDRESS),
    jobs.Text("微信扫码查看排队进度", 1, "center"),
)
RARE = "姓名：王𠮷㐂（买买提·艾力）"


def encode(*blocks: jobs.Block, **options: str | int | float | bool) -> bytes:
    """The bytes of `blocks` for a printer with `options`."""
    return escpos.encode(blocks, profile_of(options), raster.draw_line, raster.draw_qr)


def body(*blocks: jobs.Block, **options: str | int | float | bool) -> bytes:
    """The same without what stands around every slip."""
    data = encode(*blocks, **{"cut": "none", "feed_lines": 0, **options})
    assert data.startswith(escpos.INIT + escpos.KANJI_ON)
    return data[len(escpos.INIT + escpos.KANJI_ON) :]


def page_of(data: bytes, width_mm: int = 80, charset: str = "gbk") -> Page:
    """The one page a strict printer makes of `data`, without a violation."""
    printer = PrinterEmulator(width_mm, charset)
    printer.feed(data)
    if b"\x1dV" not in data[-4:]:
        printer.tear()
    assert printer.violations == []
    assert not printer.unfinished
    (page,) = printer.pages
    return page


def printed(*blocks: jobs.Block, **options: str | int | float | bool) -> Page:
    """`blocks` on paper."""
    profile: Profile = profile_of(options)
    rom = "gb2312" if profile.charset == "image" else profile.charset
    return page_of(encode(*blocks, **options), profile.width_mm, rom)
