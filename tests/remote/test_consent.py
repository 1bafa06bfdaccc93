"""Consent to reminders: asked of the phone that holds the ticket, inside WeChat, and of no other;
and the page of the demonstration on which one plays somebody with WeChat.
"""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web

from queued.wechat.emulator.playing import Play, Stage
from tests.remote.phones import Phone, Town, town
from tests.wechat.hall_with_account import FIELDS, SUBSCRIBED
from tests.wechat.pushes import OTHER_PERSON, PERSON

SCRIPT = "https://res.wx.qq.com/open/js/jweixin-1.6.0.js"


def reminder(kind: str, **more: Any) -> str:
    fields = str(list(FIELDS[kind])).replace("'", '"')
    keys = "".join(f"{name} = {value}\n" for name, value in more.items())
    return (
        f'[[wechat_reminder]]\nid = "{kind}"\nkind = "{kind}"\ncarrier = "subscribe"\n'
        f'template = "{SUBSCRIBED[kind]}"\nfields = {fields}\n{keys}'
    )


@pytest.fixture
async def city(tmp_path: Path, unused_tcp_port: int):
    tables = reminder("called") + reminder("ahead")
    async with town(tmp_path, unused_tcp_port, tables=tables) as made:
        yield made


async def own_page(phone: Phone, path: str) -> tuple[str, str]:
    phone.town.wechat.phone = phone.person
    async with phone.http.get(phone.town.url + path) as answer:
        return await answer.text(), answer.headers["Content-Security-Policy"]


async def test_the_holder_is_asked_in_wechat(city: Town):
    phone = city.phone()
    taken = await phone.takes()
    text, policy = await own_page(phone, taken.path)
    assert f'template="{SUBSCRIBED["called"]},{SUBSCRIBED["ahead"]}"' in text
    assert f'<script defer src="{SCRIPT}">' in text
    assert "script-src 'self' https://res.wx.qq.com;" in policy
    assert "/bind/" not in text


async def test_nobody_else_is(city: Town):
    taken = await city.phone().takes()
    other = city.phone(OTHER_PERSON)
    await other.opens("/h/demo/take")
    for phone in (other, city.phone("")):
        text, policy = await own_page(phone, taken.path)
        assert "wx-open-subscribe" not in text
        assert "wx.qq.com" not in text + policy


async def test_nor_for_a_number_that_is_over(city: Town):
    phone = city.phone()
    taken = await phone.takes()
    await phone.sends(f"{taken.path}/leave")
    text, policy = await own_page(phone, taken.path)
    assert "wx-open-subscribe" not in text
    assert "wx.qq.com" not in policy


async def test_long_and_single_consents_are_not_asked_for_at_once(
    tmp_path: Path, unused_tcp_port: int
):
    tables = reminder("called", long_term="true") + reminder("ahead")
    async with town(tmp_path, unused_tcp_port, tables=tables) as city:
        phone = city.phone()
        taken = await phone.takes()
        text, _ = await own_page(phone, taken.path)
        assert f'template="{SUBSCRIBED["called"]}"' in text


# ── The page on which one plays ───────────────────────────────────────────────────────────


@pytest.fixture
async def playing(city: Town):
    """The played WeChat of a hall, and its page's address."""
    stage = Stage(
        hall="市民服务中心",
        people={PERSON: "张女士", OTHER_PERSON: "李先生"},
        codes=lambda: [("A001", "http://x/t/1", "1")],
        titles={SUBSCRIBED["called"]: "叫号通知"},
        labels={"character_string1": "号码"},
    )
    pages = web.Application()
    Play(city.wechat, stage).add_to(pages)
    runner = web.AppRunner(pages, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield city, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def does(city: Town, url: str, deed: str, text: str = "") -> None:
    async with city.http.post(f"{url}/play/{deed}", json={"text": text}) as answer:
        assert answer.status == 200


async def chat(city: Town, url: str) -> list[dict[str, Any]]:
    async with city.http.get(f"{url}/play/state") as answer:
        return (await answer.json())["chat"]


async def test_what_one_presses_reaches_the_hall_and_what_it_says_is_read(playing):
    city, url = playing
    async with city.http.get(url) as answer:
        assert "市民服务中心" in await answer.text()
    await does(city, url, "write", "排队")
    await does(city, url, "follow")
    await does(city, url, "write", "排队")
    lines = [(one["who"], one["text"].split("\n")[0]) for one in await chat(city, url)]
    assert lines[0] == ("did", "请先关注公众号")
    assert lines[1] == ("did", "关注公众号")
    assert lines[2] == ("account", "感谢关注。")
    assert lines[3] == ("me", "排队")
    assert "排队情况" in lines[4][1]


async def test_a_scanned_slip_is_bound_and_another_person_reads_nothing(playing):
    city, url = playing
    await city.walk_in()
    await does(city, url, "scan", city.app.hall.tokens.token(city.hall.day, 1))
    assert "已绑定A001号" in (await chat(city, url))[-1]["text"]
    await does(city, url, "be", OTHER_PERSON)
    assert await chat(city, url) == []
    await does(city, url, "be", "oNobodyAtAll")
    assert city.wechat.phone == OTHER_PERSON


async def test_no_other_page_can_press(playing):
    city, url = playing
    async with city.http.post(f"{url}/play/follow", data={"text": ""}) as answer:
        assert answer.status == 415
    for body in (b"", b"[]", b"\xff", b'{"text": 1}'):
        headers = {"Content-Type": "application/json"}
        async with city.http.post(f"{url}/play/follow", data=body, headers=headers) as answer:
            assert answer.status == 400
    for path in ("/play/fly", "/play/files/..%2Fplay.py"):
        async with city.http.post(f"{url}{path}", json={}) as answer:
            assert answer.status in (404, 405)
    assert await chat(city, url) == []


async def signed(city: Town, phone: Phone, path: str, **changes: str) -> dict[str, str]:
    """The query of WeChat's frame in the page at `path`, as its script would make it."""
    page = f"{city.url}{path}"
    async with phone.http.get(f"{city.url}/wechat/demo/js-config", params={"url": page}) as answer:
        made = await answer.json()
    text, _ = await own_page(phone, path)
    template = unescape(re.findall(r'wx-open-subscribe template="([^"]*)"', text)[0])
    query = {
        "appid": made["appId"], "timestamp": str(made["timestamp"]), "nonce": made["nonceStr"],
        "signature": made["signature"], "url": page, "template": template, "text": "提醒我",
    }  # fmt: skip
    return query | changes


async def test_who_allows_it_is_called_by_a_message(playing):
    city, url = playing
    await does(city, url, "follow")
    phone = city.phone()
    taken = await phone.takes()
    frame = f"{url}/open/subscribe?{urlencode(await signed(city, phone, taken.path))}"
    async with city.http.get(frame) as answer:
        assert 'data-state="good"' in await answer.text()
    async with city.http.post(frame, data={"yes": "true"}) as answer:
        assert answer.status == 400  # another site's form
    async with city.http.post(
        frame, data=b'{"yes":true}', headers={"Content-Type": "application/json"}
    ) as answer:
        assert answer.status == 200
    digest = city.app.store.people.digest("openid", PERSON)
    consents = await city.app.store.reminders.consents(digest)
    assert consents == {SUBSCRIBED["called"]: 1, SUBSCRIBED["ahead"]: 1}


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": "0" * 40}, {"url": "https://evil.example/"}, {"appid": "wx0"},
        {"timestamp": "x"}, {"template": "NOT-A-TEMPLATE"}, {"nonce": "other"},
    ],
)  # fmt: skip
async def test_a_page_that_is_not_signed_gets_no_button(playing, changes):
    city, url = playing
    phone = city.phone()
    taken = await phone.takes()
    query = urlencode(await signed(city, phone, taken.path, **changes))
    async with city.http.get(f"{url}/open/subscribe?{query}") as answer:
        assert 'data-state="bad"' in await answer.text()
    headers = {"Content-Type": "application/json"}
    async with city.http.post(
        f"{url}/open/subscribe?{query}", data=b'{"yes":true}', headers=headers
    ) as answer:
        assert answer.status == 400


async def test_pages_of_others_are_not_signed(city: Town):
    for page in ("https://evil.example/", "", "javascript:alert(1)", f"{city.url}.evil.example/"):
        async with city.http.get(
            f"{city.url}/wechat/demo/js-config", params={"url": page}
        ) as answer:
            assert answer.status == 403
