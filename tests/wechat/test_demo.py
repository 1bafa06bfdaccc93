"""The demonstration as a process: somebody follows, takes a number, and reads the answer."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing

import aiohttp
import pytest

from tests.crash.process import ROOT


@pytest.fixture
async def demo(unused_tcp_port: int) -> AsyncIterator[tuple[str, str, aiohttp.ClientSession]]:
    """Address of the hall, of its WeChat, and a browser."""
    words = ["-m", "queued", "demo", "--port", str(unused_tcp_port), "--no-traffic"]
    process = subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        hall = wechat = ""
        with closing(process.stdout) as lines:
            while not wechat:
                line = lines.readline()
                assert line, "the demonstration ended"
                if found := re.search(r"ready (http://\S+) seq", line):
                    hall = found[1]
                if found := re.search(r"WeChat, played: (http://\S+)/", line):
                    wechat = found[1]
            jar = aiohttp.CookieJar(unsafe=True)
            async with aiohttp.ClientSession(cookie_jar=jar) as browser:
                yield hall, wechat, browser
            process.terminate()
            assert process.wait(20) == 0
    finally:
        process.kill()


async def test_the_demonstration_can_be_played(demo):
    hall, wechat, browser = demo

    async def does(deed: str, text: str = "") -> None:
        async with browser.post(f"{wechat}/play/{deed}", json={"text": text}) as answer:
            assert answer.status == 200

    async with browser.get(hall) as answer:
        assert f'href="{wechat}/"' in await answer.text()
    await does("follow")
    take = f"{hall}/h/demo/take/general-advice"
    async with browser.get(take) as answer:
        page = await answer.text()
    detour = re.search(r'href="(/wechat/demo/enter[^"]*)"', page)
    assert detour
    async with browser.get(hall + detour[1].replace("&amp;", "&")) as answer:
        page = await answer.text()
        assert str(answer.url).startswith(take)
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    async with browser.post(take, data=fields) as answer:
        page = await answer.text()
    assert "A001" in page
    assert "wx-open-subscribe" in page
    await does("write", "我的号")
    async with browser.get(f"{wechat}/play/state") as answer:
        told = await answer.json()
    assert "A001（综合受理）" in told["chat"][-1]["text"]
    names = [column["name"] for column in told["menu"]]
    assert names == ["服务汇", "资讯汇", "互动汇"]
    for column in told["menu"]:
        for button in column["sub_button"]:
            if button["type"] == "view":
                async with browser.get(button["url"]) as answer:
                    assert answer.status == 200, button
