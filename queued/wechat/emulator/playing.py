"""A page on which one plays somebody with WeChat: follow, write, press the menu, scan, read.

Everything goes the way it goes in life: a press becomes a signed, encrypted push to the hall's
callback address, what the hall sends comes through WeChat's API, and what this strict WeChat
refuses is refused here too. Only on the loopback, for demonstrations.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from itertools import count
from typing import Any

import msgspec
from aiohttp import web

from queued.wechat import js_sdk
from queued.wechat.emulator.platform import Person
from queued.wechat.emulator.server import Emulator

CHAT_MAX = 200
"""Lines kept; a demonstration is looked at, not searched."""

TEMPLATES_MAX = 5
LONG_TERM = 1_000_000

FILES: Mapping[str, str] = {
    "play.css": "text/css",
    "play.js": "text/javascript",
    "jweixin.js": "text/javascript",
}

Codes = Callable[[], Sequence[tuple[str, str, str]]]
"""Slips that lie about: the number, the address of its page, and its own-ticket token."""


@dataclass(frozen=True)
class Stage:
    """What the demonstration shows: `people` by openid, names of templates and their fields."""

    hall: str
    people: Mapping[str, str]
    codes: Codes
    titles: Mapping[str, str]
    labels: Mapping[str, str]
    long_term: frozenset[str] = frozenset()


class Play:
    """The page, and what its buttons do."""

    def __init__(self, emulator: Emulator, stage: Stage) -> None:
        self._emulator = emulator
        self._stage = stage
        self._chat: deque[dict[str, Any]] = deque(maxlen=CHAT_MAX)
        self._numbers = count(1)
        self._messages = count(7_000_001)
        for openid in stage.people:
            emulator.platform.people[openid] = Person(openid, follows=False)
        emulator.phone = next(iter(stage.people))
        emulator.platform.listeners.append(self._came)

    def add_to(self, app: web.Application) -> None:
        """Beside WeChat's own paths."""
        app.router.add_get("/", self._page)
        app.router.add_get("/play/state", self._state)
        app.router.add_post("/play/{deed}", self._do)
        app.router.add_get("/open/js/jweixin-1.6.0.js", self._sdk)
        app.router.add_get("/open/subscribe", self._ask_consent)
        app.router.add_post("/open/subscribe", self._consent)
        app.router.add_get("/play/files/{name}", self._file)

    # ── The page ──────────────────────────────────────────────────────────────────────────

    async def _page(self, request: web.Request) -> web.Response:
        text = _read("play.html").replace("{hall}", escape(self._stage.hall))
        return web.Response(text=text, content_type="text/html")

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in FILES:
            raise web.HTTPNotFound()
        return web.Response(text=_read(name), content_type=FILES[name])

    async def _state(self, request: web.Request) -> web.Response:
        """Everything the page shows; lines after `?after=`."""
        after = request.query.get("after", "0")
        since = int(after) if after.isdigit() and len(after) < 10 else 0
        platform, me = self._emulator.platform, self._emulator.phone
        told = {
            "me": me,
            "people": dict(self._stage.people),
            "follows": platform.people[me].follows,
            "menu": (platform.menu or {"button": []})["button"],
            "chat": [one for one in self._chat if one["n"] > since and one["whose"] == me],
            "codes": [
                {"number": number, "url": url, "token": token}
                for number, url, token in self._stage.codes()
            ],
        }
        return web.Response(body=msgspec.json.encode(told), content_type="application/json")

    def _say(self, whose: str, who: str, text: str, **more: Any) -> None:
        self._chat.append(
            {"n": next(self._numbers), "whose": whose, "who": who, "text": text, **more}
        )

    def _came(self, sent: Mapping[str, Any]) -> None:
        """The hall has sent something."""
        if sent["kind"] == "custom":
            self._say(sent["touser"], "account", sent["text"])
            return
        labels = self._stage.labels
        fields = [[labels.get(name, name), value] for name, value in sent["data"].items()]
        title = self._stage.titles.get(sent["template"], sent["template"])
        self._say(sent["touser"], "notice", title, fields=fields, page=sent["page"])

    # ── What a person does ────────────────────────────────────────────────────────────────

    async def _do(self, request: web.Request) -> web.Response:
        """POST /play/DEED. JSON only: another site's page cannot send that from a browser."""
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType()
        try:
            asked = msgspec.json.decode(await request.read(), type=dict[str, str])
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise web.HTTPBadRequest() from None
        deed = getattr(self, f"_do_{request.match_info['deed']}", None)
        if deed is None:
            raise web.HTTPNotFound()
        await deed(asked.get("text", ""))
        return web.Response(body=b"{}", content_type="application/json")

    async def _do_be(self, openid: str) -> None:
        if openid in self._stage.people:
            self._emulator.phone = openid

    async def _do_follow(self, _: str) -> None:
        await self._event("关注公众号", Event="subscribe", EventKey="")

    async def _do_unfollow(self, _: str) -> None:
        await self._event("取消关注", Event="unsubscribe", EventKey="")

    async def _do_write(self, text: str) -> None:
        if text.strip() and self._follows():
            fields = {"MsgType": "text", "Content": text[:200], "MsgId": next(self._messages)}
            await self._push(text[:200], fields)

    async def _do_click(self, key: str) -> None:
        if not self._follows():
            return
        await self._event(f"点击菜单：{self._name_of(key)}", Event="CLICK", EventKey=key[:128])

    def _follows(self) -> bool:
        """Who does not follow has no menu and cannot write."""
        me = self._emulator.phone
        if not self._emulator.platform.people[me].follows:
            self._say(me, "did", "请先关注公众号")
            return False
        return True

    async def _do_scan(self, token: str) -> None:
        """The code that binds a slip: of whoever does not follow yet it makes a follower."""
        scene, me = f"t.{token}"[:64], self._emulator.platform.people[self._emulator.phone]
        if me.follows:
            await self._event("扫小票的绑定码", Event="SCAN", EventKey=scene, Ticket="T")
        else:
            key = f"qrscene_{scene}"
            await self._event("扫小票的绑定码并关注", Event="subscribe", EventKey=key, Ticket="T")

    async def _event(self, said: str, **fields: str) -> None:
        await self._push(said, {"MsgType": "event", **fields}, who="did")

    async def _push(self, said: str, fields: Mapping[str, Any], who: str = "me") -> None:
        me = self._emulator.phone
        self._say(me, who, said)
        told = await self._emulator.push({"FromUserName": me, **fields})
        if told["out_of_service"]:
            self._say(me, "account", "该公众号暂时无法提供服务，请稍后再试")
        for text in told["texts"]:
            if text:
                self._say(me, "account", text)

    def _name_of(self, key: str) -> str:
        columns = (self._emulator.platform.menu or {"button": []})["button"]
        buttons = [one for column in columns for one in (column["sub_button"] or [column])]
        return next((one["name"] for one in buttons if one["key"] == key), key)

    # ── Consent to reminders: <wx-open-subscribe> ─────────────────────────────────────────

    async def _sdk(self, request: web.Request) -> web.Response:
        return web.Response(text=_read("jweixin.js"), content_type="text/javascript")

    async def _ask_consent(self, request: web.Request) -> web.Response:
        """The button in its frame, if the page around it is signed as WeChat wants it."""
        why = self._unsigned(request.query)
        body = _read("subscribe.html")
        text = escape(request.query.get("text", "")[:40] or "订阅")
        body = body.replace("{text}", text).replace("{why}", escape(why))
        body = body.replace("{state}", "bad" if why else "good")
        return web.Response(text=body, content_type="text/html")

    def _unsigned(self, query: Mapping[str, str]) -> str:
        """Why `wx.config` fails; "" if it does not."""
        platform = self._emulator.platform
        if query.get("appid") != platform.appid:
            return "config:fail invalid appid"
        stamp = query.get("timestamp", "")
        if not (stamp.isdigit() and len(stamp) <= 10):
            return "config:fail timestamp"
        try:
            made = js_sdk.signed(
                query.get("url", ""),
                self._emulator.hosts,
                platform.js_ticket()["ticket"],
                int(stamp),
                query.get("nonce", ""),
            )
        except js_sdk.NotOurs:
            return "config:fail invalid url domain"
        if made.signature != query.get("signature"):
            return "config:fail invalid signature"
        wanted = query.get("template", "").split(",")
        known = all(template in platform.templates for template in wanted)
        if not known or len(wanted) > TEMPLATES_MAX:
            return "subscribe:fail template"
        return ""

    async def _consent(self, request: web.Request) -> web.Response:
        """允许 or 拒绝: WeChat remembers it, and tells the account."""
        if request.content_type != "application/json" or self._unsigned(request.query):
            raise web.HTTPBadRequest()
        yes = (await request.read()) == b'{"yes":true}'
        me = self._emulator.platform.people[self._emulator.phone]
        wanted = request.query["template"].split(",")
        for template in wanted:
            more = LONG_TERM if template in self._stage.long_term else 1
            me.consents[template] = me.consents[template] + more if yes else 0
        self._say(me.openid, "did", "允许接收叫号提醒" if yes else "拒绝接收叫号提醒")
        word = "accept" if yes else "reject"
        fields = {
            "FromUserName": me.openid, "MsgType": "event", "Event": "subscribe_msg_popup_event",
        }  # fmt: skip
        await self._emulator.push(fields, nested=answers(wanted, word))
        details = {
            template: msgspec.json.encode({"status": word}).decode() for template in wanted
        }
        return web.Response(body=msgspec.json.encode(details), content_type="application/json")


def answers(templates: Sequence[str], word: str) -> str:
    """What somebody answered, as the push tells it."""
    listed = "".join(
        f"<List><TemplateId><![CDATA[{template}]]></TemplateId>"
        f"<SubscribeStatusString><![CDATA[{word}]]></SubscribeStatusString>"
        "<PopupScene>1</PopupScene></List>"
        for template in templates
    )
    return f"<SubscribeMsgPopupEvent>{listed}</SubscribeMsgPopupEvent>"


def _read(name: str) -> str:
    return (files("queued.wechat.emulator") / "play" / name).read_text("utf-8")
