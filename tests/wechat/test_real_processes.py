"""A hall and a WeChat as whole processes, from the scanned slip to "your turn", with a kill."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.crash.process import API, HALL, ROOT, Serving, config, serving, tokens
from tests.wechat.hall_with_account import FIELDS, TEMPLATES, until
from tests.wechat.pushes import (
    ACCOUNT,
    AES_KEY,
    APPID,
    OTHER_PERSON,
    PERSON,
    RANDOM,
    TOKEN,
    pusher,
)

SECRET = "0123456789abcdef0123456789abcdef"
PHONE = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50"}

ACCOUNT_TABLES = """
[http]
public_url = "http://127.0.0.1:{port}"
[wechat]
appid = "{appid}"
secret = "file:wechat.secret"
token = "{token}"
aes_key = "{aes_key}"
account = "{account}"
api_url = "{wechat}"
authorize_url = "{wechat}"
phone = "0571-87654321"
"""
REMINDER = """
[[wechat_reminder]]
id = "{kind}"
kind = "{kind}"
carrier = "template"
template = "{template}"
fields = {fields}
"""


@dataclass
class Wechat:
    """The emulator's process."""

    url: str
    http: aiohttp.ClientSession

    async def fake(self, what: str, **asked: Any) -> Any:
        async with self.http.post(f"{self.url}/fake/{what}", json=asked) as answer:
            return await answer.json()

    async def pushes(self, **fields: Any) -> Any:
        """What a person reads after doing something."""
        times = fields.pop("times", 1)
        return await self.fake("push", fields={"FromUserName": PERSON, **fields}, times=times)

    async def writes(self, content: str, number: int, **more: Any) -> Any:
        return await self.pushes(MsgType="text", Content=content, MsgId=number, **more)

    async def state(self) -> Any:
        async with self.http.get(f"{self.url}/fake/state") as answer:
            return await answer.json()

    async def sent(self) -> list[Any]:
        return list((await self.state())["sent"])


@contextlib.contextmanager
def emulator(port: int):
    """`python -m queued.wechat.emulator` on a free port."""
    words = [sys.executable, "-m", "queued.wechat.emulator", "--appid", APPID, "--secret", SECRET]
    words += ["--account", ACCOUNT, "--token", TOKEN, "--aes-key", AES_KEY]
    words += ["--callback", f"http://127.0.0.1:{port}/wechat/{HALL}"]
    words += ["--host", f"127.0.0.1:{port}"]
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("wechat: ready "), line
        yield line.split()[2]
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@dataclass
class Hall:
    """The hall's process, and its people."""

    http: aiohttp.ClientSession
    url: str
    tokens: dict[str, str]
    wechat: Wechat

    async def ask(self, method: str, path: str, role: str = "kiosk", body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[role]}"}
        async with self.http.request(
            method, self.url + API + path, json=body, headers=headers
        ) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def take(self) -> Any:
        return (await self.ask("POST", "/tickets", body={"queue": "a"}))["ticket"]

    async def window(self, action: str) -> Any:
        return await self.ask("POST", f"/windows/1/{action}", "clerk")

    async def binds(self, token: str, cookie: str | None = None) -> tuple[int, str]:
        """A phone opens its slip's page in WeChat and binds: status and page at the end."""
        page = f"{self.url}/t/{token}"
        async with self.http.get(page, headers=PHONE) as answer:
            assert f"/wechat/{HALL}/bind/{token}" in await answer.text()
        bind = f"{self.url}/wechat/{HALL}/bind/{token}"
        async with self.http.get(bind, headers=PHONE, allow_redirects=False) as answer:
            assert answer.status == 303
            to, given = answer.headers["Location"], answer.cookies["queued_wechat"]
            assert given["httponly"] and given["samesite"] == "Lax"
        async with self.http.get(to.partition("#")[0], allow_redirects=False) as answer:
            back = answer.headers["Location"]
        held = {"queued_wechat": cookie or given.value}
        async with self.http.get(back, cookies=held, headers=PHONE) as answer:
            return answer.status, await answer.text()

    async def counted(self) -> str:
        async with self.http.get(f"{self.url}/metrics") as answer:
            return await answer.text()


@contextlib.asynccontextmanager
async def open_hall(folder: Path, wechat: str, port: int) -> AsyncIterator[tuple[Hall, Serving]]:
    """The hall, started in `folder`; started again, it goes on."""
    tables = ACCOUNT_TABLES.format(
        port=port, appid=APPID, token=TOKEN, aes_key=AES_KEY, account=ACCOUNT, wechat=wechat
    )
    for kind, fields in FIELDS.items():
        listed = str(list(fields)).replace("'", '"')
        tables += REMINDER.format(kind=kind, template=TEMPLATES[kind], fields=listed)
    (folder / "wechat.secret").write_text(SECRET + "\n")
    file, data = config(folder, more=tables), folder / "data"
    with serving(file, data, "--port", str(port)) as process:
        roles = await asyncio.to_thread(tokens, data, kiosk="kiosk", clerk="clerk")
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(cookie_jar=jar) as http:
            yield Hall(http, f"http://127.0.0.1:{port}", roles, Wechat(wechat, http)), process


async def introduce(wechat: Wechat) -> None:
    for kind, fields in FIELDS.items():
        names = [field.partition("=")[0] for field in fields]
        await wechat.fake("template", id=TEMPLATES[kind], fields=names)
    await wechat.fake("person", openid=PERSON, phone=True)


def everything_written(folder: Path) -> bytes:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return b"".join(
        path.read_bytes() for path in files if path.name not in ("hall.toml", "wechat.secret")
    )


async def test_from_the_scanned_slip_to_your_turn(tmp_path: Path, unused_tcp_port: int):
    port = unused_tcp_port
    with emulator(port) as url:
        async with open_hall(tmp_path, url, port) as (hall, process):
            wechat = hall.wechat
            await introduce(wechat)
            # given a ticket whose holder opens the slip's page in WeChat
            ticket = await hall.take()
            status, page = await hall.binds(ticket["token"])
            assert status == 200 and f"已绑定{ticket['number']}号" in page
            assert "请先关注本公众号" in page
            told = await wechat.writes("我的号", 1)
            assert told["texts"][0].startswith("A0001（综合受理）：下一个就是您")
            # when the number is called, then the phone knows; once
            await hall.window("open")
            await hall.window("call-next")
            await until(lambda: _has(wechat, 1))
            (message,) = await wechat.sent()
            assert message["data"]["thing2"] == "1号窗口"
            assert message["page"] == f"{hall.url}/t/{ticket['token']}"
            assert PERSON.encode() not in everything_written(tmp_path)
            # and after a kill the reminders go on where they were, and repeat nothing
            process.signal(signal.SIGKILL)
        async with open_hall(tmp_path, url, port) as (hall, _):
            await hall.window("miss")
            await until(lambda: _has(hall.wechat, 2))
            assert [one["template"] for one in await hall.wechat.sent()] == [
                TEMPLATES["called"],
                TEMPLATES["missed"],
            ]
            # A push that comes three times is answered three times, and done once.
            said = await hall.wechat.writes("取消 A0001", 2, times=3)
            assert len(set(said["texts"])) == 1 and said["tries"] == 3
            assert said["texts"][0].startswith("A0001号已取消")
            # and whoever unfollows is gone from the disk
            await hall.wechat.pushes(MsgType="event", Event="unsubscribe", EventKey="")
        written = everything_written(tmp_path)
        for secret in (PERSON, SECRET, ticket["token"], "TOKEN_2001"):
            assert secret.encode() not in written, secret


async def _has(wechat: Wechat, count: int) -> bool:
    return len(await wechat.sent()) >= count


async def test_every_wrong_request_is_answered_shortly_counted_and_changes_nothing(
    tmp_path: Path, unused_tcp_port: int
):
    port = unused_tcp_port
    with emulator(port) as url:
        async with open_hall(tmp_path, url, port) as (hall, _):
            await introduce(hall.wechat)
            ticket = await hall.take()
            before = (await _snapshot(hall))["seq"]
            callback = f"{hall.url}/wechat/{HALL}"
            now = int(time.time())
            # given requests with one thing wrong in each
            query, body = pusher().push(_text("取消 A0001"), now, "1", RANDOM)
            wrong: list[tuple[str, dict[str, str], bytes, int]] = [
                ("bad_signature", query | {"msg_signature": "0" * 40}, body, 403),
                ("bad_signature", query, body.replace(b"CDATA[", b"CDATA[A", 3), 403),
                ("stale", *pusher().push(_text("取消"), now - 3600, "2", RANDOM), 403),
                ("wrong_mode", *pusher("plain").push(_text("取消"), now, "3", RANDOM), 403),
                ("doctype", *pusher().raw(b"<!DOCTYPE x><xml/>", now, "4", RANDOM), 400),
                ("malformed", {}, b"", 400),
                ("malformed", query, b"\x00\xff" * 100, 400),
            ]
            for reason, asked, content, status in wrong:
                async with hall.http.post(callback, params=asked, data=content) as answer:
                    assert (answer.status, await answer.read()) == (status, b""), reason
            async with hall.http.post(callback, params=query, data=b"x" * 70_000) as answer:
                assert answer.status == 413
            async with hall.http.get(callback, params=query | {"echostr": "1"}) as answer:
                assert (answer.status, await answer.text()) == (200, "1")
            async with hall.http.put(callback) as answer:
                assert answer.status == 405
            # a guessed ticket, a state of another phone, a page of others
            for path, status in (
                (f"/bind/{'A' * 24}", 404),
                (f"/qr/{'A' * 24}.svg", 404),
                ("/signed-in?code=C&state=" + "0" * 32, 409),
                ("/js-config?url=https://evil.example/", 403),
            ):
                async with hall.http.get(callback + path) as answer:
                    assert answer.status == status, path
            refused, page = await hall.binds(ticket["token"], cookie="0" * 32)
            assert refused == 409 and "页面已过期" in page
            # then all is counted, and nothing has changed
            counted = await hall.counted()
            for reason, times in (
                ("bad_signature", 2), ("stale", 1), ("wrong_mode", 1), ("doctype", 1),
                ("malformed", 2), ("expired_state", 2), ("not_our_page", 1), ("verified", 1),
            ):  # fmt: skip
                line = f'queued_wechat_requests_total{{what="{reason}"}} {times}.0'
                assert line in counted, reason
            assert (await _snapshot(hall))["seq"] == before
            calls = (await hall.wechat.state())["calls"]
            assert not calls, "nobody's mistake costs a call to WeChat"


async def test_codes_and_signatures_for_pages_of_ours(tmp_path: Path, unused_tcp_port: int):
    port = unused_tcp_port
    with emulator(port) as url:
        async with open_hall(tmp_path, url, port) as (hall, _):
            await introduce(hall.wechat)
            ticket = await hall.take()
            base = f"{hall.url}/wechat/{HALL}"
            for _ in range(2):
                async with hall.http.get(f"{base}/qr/{ticket['token']}.svg") as answer:
                    assert answer.status == 200 and b"<svg" in await answer.read()
            assert (await hall.wechat.state())["calls"]["/cgi-bin/qrcode/create"] == 1
            async with hall.http.get(
                f"{base}/js-config", params={"url": f"{hall.url}/t/x"}
            ) as answer:
                told = await answer.json()
            assert set(told) == {"appId", "timestamp", "nonceStr", "signature"}
            # When WeChat is away, phones are told so, and nothing is lost.
            for path in ("/cgi-bin/qrcode/create", "/sns/oauth2/access_token"):
                await hall.wechat.fake("script", path=path, errcode=-1)
            second = await hall.take()
            async with hall.http.get(f"{base}/qr/{second['token']}.svg") as answer:
                assert answer.status == 503 and answer.headers["Retry-After"] == "30"
            status, page = await hall.binds(second["token"])
            assert status == 409 and "暂时连接不上微信" in page
            assert (await hall.binds(second["token"]))[0] == 200
            # The scanned code binds, and a second phone does not get it.
            scene = "t." + ticket["token"]
            read = await hall.wechat.pushes(MsgType="event", Event="SCAN", EventKey=scene)
            assert read["texts"][0].startswith("已绑定A0001号。")
            other = await hall.wechat.pushes(
                FromUserName=OTHER_PERSON,
                MsgType="event",
                Event="subscribe",
                EventKey=f"qrscene_{scene}",
            )
            assert "已绑定另一部手机" in other["texts"][0]


def test_a_hall_says_which_secret_it_cannot_read(tmp_path: Path):
    tables = ACCOUNT_TABLES.format(
        port=1, appid=APPID, token=TOKEN, aes_key=AES_KEY, account="gh_123456", wechat="http://x"
    )
    file = config(tmp_path, more=tables)
    words = ["-m", "queued", "serve", "--config", str(file), "--data", str(tmp_path / "data")]
    ended = subprocess.run(
        [sys.executable, *words, "--port", "0", "--no-devices"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert "[wechat] secret: its file cannot be read" in ended.stderr


def _text(content: str) -> dict[str, Any]:
    return {
        "FromUserName": PERSON,
        "CreateTime": int(time.time()),
        "MsgType": "text",
        "Content": content,
        "MsgId": 77,
    }


async def _snapshot(hall: Hall) -> Any:
    async with hall.http.get(hall.url + API) as answer:
        return await answer.json()
