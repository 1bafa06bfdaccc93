"""Calls to WeChat share one token, renew it once, and tell every refusal by its kind."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from redis.asyncio import Redis

from queued.core.plan import Millis
from queued.engine.clock import SimulatedClock
from queued.wechat import errors
from queued.wechat.account import open_redis
from queued.wechat.client import WeChatClient
from queued.wechat.emulator.platform import Person, Script
from queued.wechat.emulator.server import Emulator
from queued.wechat.js_sdk import NotOurs, signed
from queued.wechat.mini_program import BadUserData, MiniProgram, is_raw_data, user_data
from queued.wechat.oauth import OAuth, SignInRefused
from queued.wechat.tokens import RedisShelf
from tests.wechat.hall_with_account import (
    SECRET,
    TEMPLATES,
    client_of,
    until,
    wechat_running,
)
from tests.wechat.pushes import APPID, PERSON, START

GOLDEN = json.loads(
    (Path(__file__).parent.parent / "golden" / "wechat_vectors.json").read_text("utf-8")
)
STABLE = "/cgi-bin/stable_token"
SEND = "/cgi-bin/message/template/send"
DATA = {
    "character_string1": {"value": "A001"},
    "time2": {"value": "17:00"},
    "thing3": {"value": "已过号"},
}


class Line:
    """A client, WeChat at the other end, and a clock for both."""

    def __init__(self, http: aiohttp.ClientSession, wechat: Emulator, url: str) -> None:
        self.http = http
        self.wechat = wechat
        self.url = url
        self.clock = SimulatedClock(START)
        self.client = self.another()

    def another(self, **more) -> WeChatClient:
        return client_of(self.http, self.url, self.clock, **more)

    async def send(self, client: WeChatClient | None = None, **changes) -> str:
        asked = {"person": PERSON, "template": TEMPLATES["missed"], "data": DATA} | changes
        asked |= {"url": "https://hall.example.gov.cn/", "once_id": ""}
        return await (client or self.client).send_template(**asked)

    def later(self, seconds: int) -> None:
        self.clock.move_to(Millis(self.clock.now() + seconds * 1000))
        self.wechat.platform.now += seconds

    @property
    def tokens_fetched(self) -> int:
        return self.wechat.platform.calls[STABLE]


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    async with wechat_running() as (wechat, url), aiohttp.ClientSession() as http:
        yield Line(http, wechat, url)


# ── The token ─────────────────────────────────────────────────────────────────────────────


async def test_many_calls_at_once_fetch_one_token(line: Line):
    await asyncio.gather(*(line.send() for _ in range(20)))
    assert len(line.wechat.platform.sent) == 20 and line.tokens_fetched == 1


async def test_the_token_is_renewed_before_its_end(line: Line):
    await line.send()
    line.later(7000)
    await line.send()
    assert line.tokens_fetched == 1
    line.later(145)
    await line.send()
    assert line.tokens_fetched == 2


async def test_a_refused_token_is_replaced_once(line: Line):
    await line.send()
    line.wechat.platform.end_token()
    await asyncio.gather(*(line.send() for _ in range(5)))
    assert line.tokens_fetched == 2 and len(line.wechat.platform.sent) == 6


async def test_a_token_that_stays_the_same_is_forced_but_not_too_often(line: Line):
    await line.send()
    line.wechat.platform.spoil_token()
    await line.send()
    line.wechat.platform.spoil_token()
    with pytest.raises(errors.TokenRefused):
        await line.send()
    line.later(31)
    await line.send()
    assert len(line.wechat.platform.sent) == 3


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_after_a_second_refusal_nothing_is_tried_again(line: Line, code: int):
    line.wechat.platform.scripts.append(Script(SEND, errcode=code, times=2))
    with pytest.raises(errors.TokenRefused):
        await line.send()
    await line.send()
    assert len(line.wechat.platform.sent) == 1


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[Redis]:
    if shutil.which("redis-server") is None:
        pytest.skip("no Redis server: apt-get install redis-server")
    socket = tmp_path / "redis.sock"
    command = ["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir"]
    server = subprocess.Popen([*map(str, command), str(tmp_path)], stdout=subprocess.DEVNULL)
    connection = Redis(unix_socket_path=str(socket), socket_timeout=5)
    await until(socket.exists)
    yield connection
    await connection.aclose()
    server.terminate()
    server.wait(10)


def shelves(redis: Redis, secret: str = SECRET) -> dict[str, RedisShelf]:
    return {
        "token_shelf": RedisShelf(redis, "token", APPID, secret),
        "ticket_shelf": RedisShelf(redis, "ticket", APPID, secret),
    }


async def test_processes_share_one_token_through_redis_where_it_lies_sealed(
    line: Line, redis: Redis
):
    processes = [line.another(**shelves(redis)) for _ in range(3)]
    await asyncio.gather(*(line.send(process) for process in processes * 3))
    assert line.tokens_fetched == 1
    stored = await redis.get(f"queued:wechat:{APPID}:token")
    assert stored and b"TOKEN" not in stored and PERSON.encode() not in stored
    assert await redis.pttl(f"queued:wechat:{APPID}:token") > 0
    # The negative control: shelves of their own fetch each for themselves.
    alone = [line.another() for _ in range(3)]
    await asyncio.gather(*(line.send(process) for process in alone))
    assert line.tokens_fetched == 4


async def test_a_token_sealed_with_another_secret_is_nothing(line: Line, redis: Redis):
    await line.send(line.another(**shelves(redis, secret="f" * 32)))
    await redis.set(f"queued:wechat:{APPID}:ticket", b"garbage" * 9)
    client = line.another(**shelves(redis))
    await line.send(client)
    assert await client.js_ticket() == await client.js_ticket()
    assert line.tokens_fetched == 2


async def test_without_redis_each_process_goes_on_alone(line: Line, tmp_path: Path):
    dead = open_redis(f"unix://{tmp_path}/nowhere")
    assert dead is not None
    client = line.another(**shelves(dead))
    await line.send(client)
    await line.send(client)
    assert line.tokens_fetched == 1
    await dead.aclose()


# ── Refusals ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (-1, errors.Busy),
        (40003, errors.NotReachable),
        (43004, errors.NotReachable),
        (43101, errors.ConsentSpent),
        (45009, errors.TooMany),
        (45011, errors.TooMany),
        (47003, errors.Misconfigured),
        (40164, errors.Misconfigured),
        (99999, errors.Refused),
    ],
)
async def test_each_refusal_has_its_kind_and_is_logged_without_its_text(line, code, kind, caplog):
    line.wechat.platform.scripts.append(Script(SEND, errcode=code))
    with caplog.at_level(logging.WARNING), pytest.raises(errors.CallFailed) as refused:
        await line.send()
    assert type(refused.value) is kind and refused.value.code == code
    assert refused.value.rid in caplog.text and "scripted" not in caplog.text
    assert line.client.counts[str(code) if code != 99999 else "other"] == 1


async def test_wechats_own_limits_are_met(line: Line):
    with pytest.raises(errors.NotReachable):  # not a person of this account
        await line.send(person="o" * 28)
    with pytest.raises(errors.Misconfigured):  # 21 characters in a thing
        await line.send(data=DATA | {"thing3": {"value": "过" * 21}})
    with pytest.raises(errors.Misconfigured):
        await line.send(template="TEMPLATE-unknown-0123456789")
    with pytest.raises(errors.NotReachable):  # nothing was written in 48 hours
        await line.client.send_text(PERSON, "您好")
    line.wechat.platform.acted(PERSON, "text")
    for _ in range(5):
        await line.client.send_text(PERSON, "您好")
    with pytest.raises(errors.NotReachable):
        await line.client.send_text(PERSON, "您好")


async def test_a_call_whose_answer_is_lost_may_have_happened(line: Line):
    line.wechat.platform.scripts.append(Script(SEND, cut=True))
    with pytest.raises(errors.Unreachable) as lost:
        await line.send()
    assert lost.value.maybe_done and len(line.wechat.platform.sent) == 1


async def test_a_call_nobody_took_has_not_happened(line: Line, unused_tcp_port: int):
    line.url = f"http://127.0.0.1:{unused_tcp_port}"
    with pytest.raises(errors.Unreachable) as lost:
        await line.send(line.another())
    assert not lost.value.maybe_done
    assert SECRET not in str(lost.value) and SECRET not in repr(lost.value)


async def test_answers_that_are_none_are_told_as_such(line: Line):
    answers = [
        aiohttp.web.Response(text="<html>gateway</html>"),
        aiohttp.web.Response(text="[]"),
        aiohttp.web.Response(status=502, text="{}"),
        aiohttp.web.Response(text='{"access_token": 1, "expires_in": "soon"}'),
        aiohttp.web.Response(body=b"x" * 600_000),
        aiohttp.web.Response(text='{"errcode": "many"}'),
    ]

    async def anything(request: aiohttp.web.Request) -> aiohttp.web.Response:
        return answers.pop()

    app = aiohttp.web.Application()
    app.router.add_route("*", "/{any:.*}", anything)
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
    line.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    while answers:
        with pytest.raises(errors.Unreachable):
            await line.send(line.another())
    await runner.cleanup()


async def test_the_same_once_id_is_sent_once(line: Line):
    asked = (PERSON, TEMPLATES["missed"], DATA, "https://hall.example.gov.cn/", "a" * 32)
    first = await line.client.send_template(*asked)
    assert await line.client.send_template(*asked) == first
    assert len(line.wechat.platform.sent) == 1


async def test_codes_lead_to_us_with_their_scene(line: Line):
    url = await line.client.qr_code("t.AAAA", 3600)
    assert line.wechat.platform.scenes[url.rpartition("/")[2]][0] == "t.AAAA"
    with pytest.raises(ValueError):
        await line.client.qr_code("t" * 65, 3600)


# ── Who holds a phone ─────────────────────────────────────────────────────────────────────


async def come_back(line: Line, oauth: OAuth) -> tuple[dict[str, str], str]:
    """A phone is sent to WeChat and comes back: the query and the cookie it brings."""
    line.wechat.phone = line.wechat.phone or PERSON
    url, cookie = oauth.begin("https://hall.example.gov.cn/wechat/demo/signed-in", "TOKEN")
    async with line.http.get(url.partition("#")[0], allow_redirects=False) as answer:
        assert answer.status == 302, await answer.text()
        back = aiohttp.client.URL(answer.headers["Location"])
    return dict(back.query), cookie


def refused(reason: str):
    return pytest.raises(SignInRefused, match=reason)


async def test_a_phone_is_known_after_coming_back_once(line: Line):
    oauth = OAuth(line.client, line.url, line.clock)
    query, cookie = await come_back(line, oauth)
    with refused("expired_state"):  # another browser
        await oauth.finish(query, "0" * 32)
    with refused("expired_state"):
        await oauth.finish({**query, "state": "0" * 32}, cookie)
    assert await oauth.finish(query, cookie) == (PERSON, "TOKEN")
    with refused("expired_state"):  # the same state again
        await oauth.finish(query, cookie)


async def test_states_end_and_are_bounded(line: Line, monkeypatch):
    oauth = OAuth(line.client, line.url, line.clock)
    query, cookie = await come_back(line, oauth)
    line.later(601)
    with refused("expired_state"):
        await oauth.finish(query, cookie)
    monkeypatch.setattr("queued.wechat.oauth.PENDING_MAX", 3)
    begun = [oauth.begin("https://hall.example.gov.cn/", "T") for _ in range(5)]
    states = [url.partition("state=")[2].partition("#")[0] for url, _ in begun]
    with refused("expired_state"):
        await oauth.finish({"state": states[0], "code": "C"}, begun[0][1])
    with refused("bad_code"):
        await oauth.finish({"state": states[4], "code": ""}, begun[4][1])


async def test_a_snapshot_page_is_nobody_and_a_used_code_is_refused(line: Line):
    line.wechat.platform.people[PERSON] = Person(PERSON, snapshot=True)
    oauth = OAuth(line.client, line.url, line.clock)
    with refused("snapshot_user"):
        await oauth.finish(*(await come_back(line, oauth)))
    line.wechat.platform.people[PERSON] = Person(PERSON)
    query, cookie = await come_back(line, oauth)
    await line.client.openid_of(query["code"])
    with pytest.raises(errors.CallFailed):
        await oauth.finish(query, cookie)


# ── Pages and the mini program ────────────────────────────────────────────────────────────


def test_pages_are_signed_as_wechats_example():
    golden = GOLDEN["jsapi"][0]
    made = signed(
        golden["url"] + "#part",
        {"mp.weixin.qq.com"},
        golden["jsapi_ticket"],
        golden["timestamp"],
        golden["noncestr"],
    )
    assert made.signature == golden["signature"]


@pytest.mark.parametrize(
    "url",
    ["", "https://evil.example/", "https://hall.example.gov.cn.evil.example/", "//hall.example",
     "https://hall.example.gov.cn@evil.example/", "javascript:alert(1)", "https://[::1",
     "https://evil.example\\@hall.example.gov.cn/", "https://hall.example.gov.cn/\n&url=x",
     "ftp://hall.example.gov.cn/", "https://hall.example.gov.cn/" + "x" * 1000],
)  # fmt: skip
def test_no_page_of_others_is_signed(url):
    with pytest.raises(NotOurs):
        signed(url, {"hall.example.gov.cn"}, "ticket", 1, "nonce")


async def test_the_mini_program_signs_in_and_sends_what_was_agreed_to(line: Line):
    person = line.wechat.platform.people[PERSON]
    person.consents[TEMPLATES["missed"]] = 1
    mini = MiniProgram(line.client)
    session = await mini.signed_in(line.wechat.platform.code_for(PERSON))
    assert session.openid == PERSON and PERSON not in repr(session)
    await mini.send(PERSON, TEMPLATES["missed"], DATA, "pages/ticket")
    with pytest.raises(errors.ConsentSpent):
        await mini.send(PERSON, TEMPLATES["missed"], DATA, "pages/ticket")


def test_user_data_of_a_mini_program_is_believed_only_if_it_is_ours():
    golden = GOLDEN["mini_program_userdata"][0]
    parts = golden["session_key"], golden["iv"], golden["encryptedData"]
    assert user_data(golden["appid"], *parts)["openId"] == golden["openId"]
    with pytest.raises(BadUserData):
        user_data("wx0000000000000000", *parts)
    for wrong in (("",) * 3, ("AAAA", "AAAA", "AAAA"), (*parts[:2], parts[2][:-8] + "AAAAAAA=")):
        with pytest.raises(BadUserData):
            user_data(golden["appid"], *wrong)
    raw = GOLDEN["mini_program_rawdata_signature"][0]
    assert is_raw_data(raw["rawData"], raw["session_key"], raw["signature"])
    assert not is_raw_data(raw["rawData"] + " ", raw["session_key"], raw["signature"])
