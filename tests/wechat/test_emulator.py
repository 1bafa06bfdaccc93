"""The emulator is as strict as WeChat: what it must refuse, it refuses; it pushes three times."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from queued.engine.clock import SimulatedClock
from queued.wechat import crypto, xml
from queued.wechat.callback import Callback, Credentials
from queued.wechat.emulator import rules
from queued.wechat.emulator.platform import Person, Platform
from queued.wechat.emulator.pushing import BadReply
from queued.wechat.emulator.rules import No
from queued.wechat.emulator.server import Emulator
from tests.wechat.hall_with_account import SECRET, client_of, until, wechat_running
from tests.wechat.pushes import ACCOUNT, AES_KEY, APPID, PERSON, START, TOKEN, pusher, wrote

TEMPLATE = "TEMPLATE-0123456789-0123456789"


def platform() -> Platform:
    made = Platform(APPID, SECRET, START / 1000)
    made.people[PERSON] = Person(PERSON)
    made.templates[TEMPLATE] = frozenset({"thing1"})
    return made


def refusal(work: Callable[[], Any]) -> int:
    with pytest.raises(No) as refused:
        work()
    return refused.value.code


def message(**changes: Any) -> rules.TemplateMessage:
    data = {name: rules.Value(text) for name, text in changes.pop("data", {"thing1": "好"}).items()}
    return rules.TemplateMessage(**{"touser": PERSON, "template_id": TEMPLATE} | changes, data=data)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"touser": "o" * 28}, 40003),
        ({"template_id": "T"}, 40037),
        ({"data": {}}, 47003),
        ({"data": {"thing1": "好", "thing2": "好"}}, 47003),
        ({"data": {"thing1": ""}}, 47003),
        ({"data": {"thing1": "一\n二"}}, 47003),
        ({"data": {"thing1": "字" * 21}}, 47003),
        ({"client_msg_id": "x" * 33}, 47003),
    ],
)
def test_messages_are_checked(changes, code):
    assert refusal(lambda: platform().template(message(**changes))) == code


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("character_string", "A-017", "A017号"),
        ("number", "17", "17人"),
        ("phrase", "请到窗口", "请到窗口办理"),
        ("phrase", "叫号", "叫号3"),
        ("time", "15:01", "25:01"),
        ("time", "2019年10月1日 15:01", "2019-10-01"),
        ("letter", "ABC", "A1"),
        ("symbol", "★", "★★★★★★"),
    ],
)
def test_each_kind_of_field_has_its_limits(field, good, bad):
    name = f"{field}1"
    rules.check_data({name: rules.Value(good)}, frozenset({name}))
    checked = {name: rules.Value(bad)}
    assert refusal(lambda: rules.check_data(checked, frozenset({name}))) == 47003


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b'{"touser": 1}', b'{"surprise": 1}', b'{"touser": "\\u53f7"}'],
)
def test_bodies_are_exactly_what_is_documented(raw):
    assert refusal(lambda: rules.decoded(raw, rules.TemplateMessage)) == 47001


def test_tokens_end_and_are_forced_seldom():
    wechat = platform()
    asked = rules.StableToken("client_credential", APPID, SECRET)
    first = wechat.stable_token(asked)["access_token"]
    assert wechat.stable_token(asked)["access_token"] == first
    wechat.check_token(first)
    forced = rules.StableToken("client_credential", APPID, SECRET, True)
    second = wechat.stable_token(forced)["access_token"]
    assert refusal(lambda: wechat.check_token(first)) == 40001
    assert refusal(lambda: wechat.stable_token(forced)) == 45011
    assert refusal(lambda: wechat.check_token("")) == 41001
    wechat.now += 7201
    assert refusal(lambda: wechat.check_token(second)) == 42001
    wrong = rules.StableToken("client_credential", APPID, "guess")
    assert refusal(lambda: wechat.stable_token(wrong)) == 40125


def test_codes_are_good_once_and_not_for_long():
    wechat = platform()
    code = wechat.code_for(PERSON)
    assert wechat.by_code(APPID, SECRET, code) == (PERSON, False)
    assert refusal(lambda: wechat.by_code(APPID, SECRET, code)) == 40029
    late = wechat.code_for(PERSON)
    wechat.now += 301
    assert refusal(lambda: wechat.by_code(APPID, SECRET, late)) == 40029


def test_a_day_has_a_quota():
    wechat = platform()
    for _ in range(1000):
        wechat.count("/cgi-bin/menu/create")
    assert refusal(lambda: wechat.count("/cgi-bin/menu/create")) == 45009


REPLY = {
    "ToUserName": PERSON,
    "FromUserName": ACCOUNT,
    "CreateTime": START // 1000,
    "MsgType": "text",
    "Content": "好",
}


@pytest.mark.parametrize(
    "body",
    [
        b"ok",
        xml.render(REPLY | {"ToUserName": ACCOUNT}),
        xml.render(REPLY | {"MsgType": "image"}),
        xml.render(REPLY | {"Content": ""}),
        xml.render(REPLY | {"Content": "字" * 683}),
        xml.render(REPLY | {"CreateTime": "now"}),
        xml.render(REPLY | {"Extra": "1"}),
        xml.render(REPLY).replace(b"</xml>", b"<MsgType>text</MsgType></xml>"),
    ],
)
def test_a_reply_that_people_could_not_read_is_noticed(body):
    assert pusher("plain").read(xml.render(REPLY), PERSON, "1") == "好"
    with pytest.raises(BadReply):
        pusher("plain").read(body, PERSON, "1")


def test_an_encrypted_reply_must_be_signed_and_for_this_request():
    def sealed(key: str = AES_KEY, nonce: str = "1", **changes: str) -> bytes:
        encrypted = crypto.encrypt(crypto.key_of(key), xml.render(REPLY), APPID, bytes(16))
        signed = crypto.signature(TOKEN, "1795399200", nonce, encrypted)
        fields = {"Encrypt": encrypted, "MsgSignature": signed, "Nonce": nonce}
        return xml.render(fields | {"TimeStamp": 1_795_399_200} | changes)

    assert pusher().read(sealed(), PERSON, "1") == "好"
    for wrong in (
        sealed(MsgSignature="0" * 40), sealed(nonce="2"), sealed(key="B" * 43), xml.render(REPLY)
    ):  # fmt: skip
        with pytest.raises(BadReply):
            pusher().read(wrong, PERSON, "1")


# ── Pushing ───────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def listening(
    emulator: Emulator, handle: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_post("/callback", handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    emulator.callback = f"http://127.0.0.1:{runner.addresses[0][1]}/callback"
    try:
        yield
    finally:
        await runner.cleanup()


async def test_who_does_not_answer_is_asked_three_times():
    asked = []

    async def silent(request: web.Request) -> web.StreamResponse:
        asked.append(await request.read())
        await asyncio.Event().wait()
        raise AssertionError

    async with wechat_running() as (emulator, _), listening(emulator, silent):
        emulator.patience_s = 0.05
        told = await emulator.push(wrote("排队"))
    assert (told["tries"], told["out_of_service"], len(asked)) == (3, True, 3)


async def test_a_slow_answer_comes_as_a_message_and_is_made_once():
    made = []
    async with wechat_running() as (emulator, url):
        async with aiohttp.ClientSession() as http:
            clock = SimulatedClock(START)
            client = client_of(http, url, clock)
            gate = asyncio.Event()

            async def slowly(push: Any) -> str:
                made.append(push)
                await gate.wait()
                return "A017：前面还有3人。"

            async def later(push: Any, text: str) -> None:
                await client.send_text(push.person, text)

            vault = crypto.Vault(APPID, (crypto.key_of(AES_KEY),))
            credentials = Credentials(token=TOKEN, vault=vault)
            callback = Callback(credentials, slowly, later, clock, within_s=0.05)

            async def handle(request: web.Request) -> web.StreamResponse:
                reply = await callback.receive(request.query, await request.read())
                return web.Response(body=reply.body)

            async with listening(emulator, handle):
                told = await emulator.push(wrote("我的号"))
                assert (told["texts"], told["tries"]) == ([""], 1)
                gate.set()
                await until(lambda: emulator.platform.sent)
            (sent,) = emulator.platform.sent
            assert (sent["kind"], sent["text"]) == ("custom", "A017：前面还有3人。")
            assert len(made) == 1

