"""The emulator's HTTP interface: WeChat's paths, and /fake/ to play people and accidents."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import msgspec
from aiohttp import web

from queued.wechat import xml
from queued.wechat.emulator import rules
from queued.wechat.emulator.platform import Person, Platform, Script
from queued.wechat.emulator.pushing import BadReply, Pusher
from queued.wechat.emulator.rules import No

TRIES = 3
"""How often WeChat pushes the same thing."""

PATIENCE_S = 5.0
"""How long it waits for a reply."""

TICK_S = 0.2

Work = Callable[[bytes, Mapping[str, str]], dict[str, Any]]


class Emulator:
    """WeChat's side. `callback` is the address that pushes go to, "" until it is set."""

    def __init__(self, platform: Platform, pusher: Pusher, *, hosts: frozenset[str]) -> None:
        """`hosts` are the account's 网页授权域名: where OAuth may lead back to."""
        self.platform = platform
        self.pusher = pusher
        self.hosts = hosts
        self.callback = ""
        self.patience_s = PATIENCE_S
        self.phone = ""
        """Whose phone opens pages now."""

    async def keep_time(self) -> None:
        """WeChat's clock goes with the machine's, plus what it was told to skip."""
        before = time.monotonic()
        while True:
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            self.platform.now += now - before
            before = now

    def application(self) -> web.Application:
        """All paths."""
        app = web.Application()
        p = self.platform
        posts: dict[str, tuple[type[Any], Callable[[Any], dict[str, Any]]]] = {
            "/cgi-bin/message/template/send": (rules.TemplateMessage, p.template),
            "/cgi-bin/message/subscribe/bizsend": (rules.SubscribedNotice, p.subscribed),
            "/cgi-bin/message/subscribe/send": (rules.MiniNotice, p.subscribed),
            "/cgi-bin/message/custom/send": (rules.CustomText, p.custom),
            "/cgi-bin/qrcode/create": (rules.Code, p.code),
            "/cgi-bin/menu/create": (rules.Menu, self._create_menu),
        }
        for path, (type_, work) in posts.items():
            app.router.add_post(path, self._handler(path, _decoding(type_, work)))
        stable = _decoding(rules.StableToken, p.stable_token)
        app.router.add_post("/cgi-bin/stable_token", self._handler("/cgi-bin/stable_token", stable))
        gets: dict[str, Work] = {
            "/cgi-bin/menu/get": lambda raw, query: self._menu(),
            "/cgi-bin/menu/delete": lambda raw, query: self._create_menu(None),
            "/cgi-bin/ticket/getticket": lambda raw, query: p.js_ticket(),
            "/sns/oauth2/access_token": lambda raw, query: self._openid(query),
            "/sns/jscode2session": lambda raw, query: self._session(query),
        }
        for path, get in gets.items():
            app.router.add_get(path, self._handler(path, get))
        app.router.add_get("/connect/oauth2/authorize", self._authorize)
        for name in ("script", "person", "template", "token", "clock", "push", "settings"):
            app.router.add_post(f"/fake/{name}", self._control(getattr(self, f"_fake_{name}")))
        app.router.add_get("/fake/state", self._state)
        return app

    # ── WeChat's paths ────────────────────────────────────────────────────────────────────

    def _handler(
        self, path: str, work: Work
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        needs_token = path.startswith("/cgi-bin/") and path != "/cgi-bin/stable_token"

        async def handle(request: web.Request) -> web.StreamResponse:
            raw = await request.read()
            script = self.platform.script_for(path)
            if script is not None and script.delay_s:
                await asyncio.sleep(script.delay_s)
            try:
                if script is not None and script.errcode:
                    raise No(script.errcode, "scripted")
                if needs_token:
                    self.platform.check_token(request.query.get("access_token", ""))
                self.platform.count(path)
                told = {"errcode": 0, "errmsg": "ok", **work(raw, request.query)}
            except No as refusal:
                rid = secrets.token_hex(4)
                told = {"errcode": refusal.code, "errmsg": f"{refusal} rid: {rid}"}
            if script is not None and script.cut and request.transport is not None:
                request.transport.abort()
            return web.Response(
                body=msgspec.json.encode(told), content_type="application/json"
            )

        return handle

    def _create_menu(self, menu: rules.Menu | None) -> dict[str, Any]:
        if menu is not None:
            rules.check_menu(menu)
        self.platform.menu = None if menu is None else msgspec.to_builtins(menu)
        return {}

    def _menu(self) -> dict[str, Any]:
        if self.platform.menu is None:
            raise No(rules.NO_MENU, "menu no exist")
        return {"menu": self.platform.menu}

    def _openid(self, query: Mapping[str, str]) -> dict[str, Any]:
        openid, snapshot = self._by_code(query, "code", "authorization_code")
        told: dict[str, Any] = {
            "access_token": "WEB", "expires_in": 7200, "refresh_token": "REFRESH",
            "openid": openid, "scope": "snsapi_base",
        }  # fmt: skip
        return told | ({"is_snapshotuser": 1} if snapshot else {})

    def _session(self, query: Mapping[str, str]) -> dict[str, Any]:
        openid, _ = self._by_code(query, "js_code", "authorization_code")
        return {"openid": openid, "session_key": "tiihtNczf5v6AKRyjwEUhQ=="}

    def _by_code(self, query: Mapping[str, str], name: str, grant: str) -> tuple[str, bool]:
        if set(query) != {"appid", "secret", name, "grant_type"} or query["grant_type"] != grant:
            raise No(rules.BAD_ARGUMENT, "parameters")
        return self.platform.by_code(query["appid"], query["secret"], query[name])

    async def _authorize(self, request: web.Request) -> web.StreamResponse:
        """The page that WeChat opens: with snsapi_base it leads back at once."""
        names = list(request.query)
        back = request.query.get("redirect_uri", "")
        good = (
            names == ["appid", "redirect_uri", "response_type", "scope", "state"]
            and request.query["appid"] == self.platform.appid
            and request.query["response_type"] == "code"
            and request.query["scope"] == "snsapi_base"
            and request.query["state"].isalnum()
            and len(request.query["state"]) <= 128
            and urlsplit(back).netloc in self.hosts
            and self.phone in self.platform.people
        )
        if not good:
            return web.Response(status=400, text="redirect_uri 参数错误 (10003)")
        code = self.platform.code_for(self.phone)
        joint = "&" if urlsplit(back).query else "?"
        query = urlencode({"code": code, "state": request.query["state"]})
        return web.Response(status=302, headers={"Location": back + joint + query})

    # ── People and accidents ──────────────────────────────────────────────────────────────

    def _control(
        self, work: Callable[[Any], Awaitable[Any]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            told = await work(msgspec.json.decode(await request.read() or b"{}"))
            return web.Response(body=msgspec.json.encode(told), content_type="application/json")

        return handle

    async def _state(self, request: web.Request) -> web.StreamResponse:
        p = self.platform
        told = {"sent": p.sent, "menu": p.menu, "calls": p.calls, "people": sorted(p.people)}
        return web.Response(body=msgspec.json.encode(told), content_type="application/json")

    async def _fake_script(self, asked: Any) -> Any:
        self.platform.scripts.append(Script(**asked))
        return {}

    async def _fake_person(self, asked: Any) -> Any:
        consents = asked.pop("consents", {})
        phone = asked.pop("phone", False)
        person = Person(**asked)
        person.consents.update(consents)
        self.platform.people[person.openid] = person
        self.phone = person.openid if phone else self.phone
        return {}

    async def _fake_template(self, asked: Any) -> Any:
        self.platform.templates[asked["id"]] = frozenset(asked["fields"])
        return {}

    async def _fake_token(self, asked: Any) -> Any:
        {"end": self.platform.end_token, "spoil": self.platform.spoil_token}[asked["how"]]()
        return {}

    async def _fake_clock(self, asked: Any) -> Any:
        self.platform.now += asked["advance_s"]
        return {}

    async def _fake_settings(self, asked: Any) -> Any:
        self.callback = asked.get("callback", self.callback)
        self.patience_s = asked.get("patience_s", self.patience_s)
        self.hosts |= set(asked.get("hosts", ()))
        return {}

    async def _fake_push(self, asked: Any) -> Any:
        """What a person does: `fields` of the push; `times` pushes it so often anyway."""
        return await self.push(asked["fields"], times=asked.get("times", 1))

    async def push(
        self, fields: Mapping[str, Any], times: int = 1, nested: str = ""
    ) -> dict[str, Any]:
        """Push, and again while nobody answers; what the person reads, and how many tries.

        `nested`: elements with elements in them, as XML.
        """
        person = fields["FromUserName"]
        name = fields.get("Event", fields["MsgType"])
        if name == "subscribe":
            self.platform.people.setdefault(person, Person(person)).follows = True
        elif name == "unsubscribe" and person in self.platform.people:
            self.platform.people[person].follows = False
        self.platform.acted(person, name)
        read: list[str] = []
        tries = 0
        async with aiohttp.ClientSession() as session:
            while tries < TRIES and len(read) < times:
                tries += 1
                text = await self._pushed(session, fields, person, nested)
                if text is not None:
                    read.append(text)
        # After the third try in vain people read that the account is out of service.
        return {"texts": read, "tries": tries, "out_of_service": not read}

    async def _pushed(
        self, session: aiohttp.ClientSession, fields: Mapping[str, Any], person: str, nested: str
    ) -> str | None:
        nonce = str(secrets.randbelow(10**9))
        now = int(self.platform.now)
        filled = {"ToUserName": self.pusher.account, "CreateTime": now, **fields}
        document = xml.render(filled).removesuffix(b"</xml>") + nested.encode() + b"</xml>"
        query, body = self.pusher.raw(document, now, nonce, secrets.token_bytes(16))
        try:
            async with session.post(
                self.callback,
                params=query,
                data=body,
                headers={"Content-Type": "text/xml"},
                timeout=aiohttp.ClientTimeout(total=self.patience_s),
            ) as answer:
                if answer.status != 200:
                    return None
                return self.pusher.read(await answer.read(), person, nonce)
        except (aiohttp.ClientError, TimeoutError, BadReply):
            return None


def _decoding(type_: type[Any], work: Callable[[Any], dict[str, Any]]) -> Work:
    return lambda raw, query: work(rules.decoded(raw, type_))
