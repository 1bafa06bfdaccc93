"""The paths of the hall's official account: WeChat's callback, and the detours of phones."""

from __future__ import annotations

import asyncio
import io
import re
from collections import OrderedDict
from collections.abc import Sequence
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

import segno
from aiohttp import web

from queued.core.plan import Millis
from queued.engine.clock import Clock
from queued.engine.halls import RunningHall
from queued.phone_sessions import Holder, PhoneSessions
from queued.server import pages, tickets
from queued.server.call import Call, answer
from queued.server.problems import Problem
from queued.server.routes import Route
from queued.wechat import js_sdk
from queued.wechat.callback import Callback, CallbackRefused
from queued.wechat.client import QR_SECONDS_MAX, WeChatClient
from queued.wechat.errors import CallFailed
from queued.wechat.inbound import OpenId
from queued.wechat.messages import TICKET_SCENE, Conversation
from queued.wechat.oauth import OAuth, SignInRefused
from queued.wechat.phrases import phrases

COOKIE = "queued_wechat"
"""The other half of an OAuth `state`."""

BODY_WITHIN_S = 3.0
"""WeChat sends a few KB at once; it hangs up after five seconds itself."""

CODES_KEPT = 2000
"""QR codes of tickets: a busy day's."""

QR_MODULE = 8


class Doors:
    """The account's paths under /wechat/{hall}."""

    def __init__(
        self,
        hall: RunningHall,
        callback: Callback,
        conversation: Conversation,
        client: WeChatClient,
        oauth: OAuth,
        clock: Clock,
        url: str,
        sessions: PhoneSessions,
    ) -> None:
        self._hall = hall
        self._sessions = sessions
        # Where the detour may lead back to: pages of ours that ask who is there.
        pages_ = rf"/h/{hall.id}/(take|book|arrive)(/[a-z0-9-]{{1,32}})?(\?code=[0-9]{{1,6}})?"
        self._pages = re.compile(pages_)
        self._callback = callback
        self._conversation = conversation
        self._client = client
        self._oauth = oauth
        self._clock = clock
        self._url = url
        self._base = f"/wechat/{hall.id}"
        self._codes: OrderedDict[str, str] = OrderedDict()

    def routes(self) -> Sequence[Route]:
        """The callback is not counted: WeChat's few addresses push for a whole city."""
        table: Sequence[tuple[str, str, Any, dict[str, Any]]] = (
            ("POST", "", self._receive, {"media": "application/xml", "counted": False}),
            ("GET", "", self._verify, {"media": "text/plain"}),
            ("GET", "/js-config", self._js_config, {}),
            ("GET", "/qr/{token}.svg", self._qr, {"media": "image/svg+xml"}),
            ("GET", "/bind/{token}", self._bind, {"page": True}),
            ("GET", "/enter", self._enter, {"page": True}),
            ("GET", "/signed-in", self._signed_in, {"page": True}),
        )
        return [
            Route(method=method, path=self._base + path, handler=handler, summary="", **more)
            for method, path, handler, more in table
        ]

    # ── WeChat's servers ──────────────────────────────────────────────────────────────────

    async def _verify(self, call: Call[None]) -> web.StreamResponse:
        """GET /wechat/{hall}: WeChat asks whether this address is the account's."""
        try:
            echo = self._callback.verify(call.request.query)
        except CallbackRefused as refusal:
            return _silent(refusal.status)
        return _plain(echo.encode(), "text/plain")

    async def _receive(self, call: Call[None]) -> web.StreamResponse:
        """POST /wechat/{hall}: a push."""
        try:
            async with asyncio.timeout(BODY_WITHIN_S):
                body = await call.request.read()
        except TimeoutError:
            raise Problem("malformed", headers={"Connection": "close"}) from None
        try:
            reply = await self._callback.receive(call.request.query, body)
        except CallbackRefused as refusal:
            # Whoever is not WeChat has the limits of the public.
            call.site.limits.public_request(call.request)
            return _silent(refusal.status)
        return _plain(reply.body, reply.content_type)

    # ── Phones ────────────────────────────────────────────────────────────────────────────

    async def _bind(self, call: Call[None]) -> web.StreamResponse:
        """GET /wechat/{hall}/bind/{token}: to WeChat, which says who holds the phone."""
        own = await tickets.held(call)
        return self._away(call, own.token)

    async def _enter(self, call: Call[None]) -> web.StreamResponse:
        """GET /wechat/{hall}/enter?next=: to WeChat, and back to a page of ours."""
        where = call.request.query.get("next", "")
        if not self._pages.fullmatch(where):
            raise Problem("not_found")
        return self._away(call, where)

    def _away(self, call: Call[None], target: str) -> web.StreamResponse:
        to, cookie = self._oauth.begin(f"{self._url}{self._base}/signed-in", target)
        response = pages.go(to)
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=600,
            httponly=True,
            samesite="Lax",  # WeChat leads back from another site
            secure=call.site.tls,
            path=self._base,
        )
        return response

    async def _signed_in(self, call: Call[None]) -> web.StreamResponse:
        """GET /wechat/{hall}/signed-in: back from WeChat."""
        say = phrases(pages.language_of(call.request))
        cookie = call.request.cookies.get(COOKIE, "")
        good, token = False, ""
        try:
            person, target = await self._oauth.finish(call.request.query, cookie)
            if target.startswith("/"):
                self._callback.counts["signed_in"] += 1
                return self._known(call, person, pages.go(target))
            token = target
            good, text = await self._conversation.bind(person, token, say)
            self._callback.counts["bound" if good else "not_bound"] += 1
        except SignInRefused as refusal:
            self._callback.counts[refusal.reason] += 1
            text = say(f"sign_in.{refusal.reason}")
        except CallFailed as failure:
            code = failure.code in (40029, 40163)
            self._callback.counts["bad_code" if code else "unreachable"] += 1
            text = say("sign_in.bad_code" if code else "sign_in.unreachable")
        hall = {"id": self._hall.id, "name": self._hall.actor.hall.plan.name, "name_en": ""}
        context = {"hall": hall, "good": good, "lines": text.split("\n"), "token": token}
        response = pages.page(call, "wechat", context, status=200 if good else 409)
        if good:
            return self._known(call, person, response)
        response.del_cookie(COOKIE, path=self._base)
        return response

    def _known(self, call: Call[None], person: OpenId, response: web.Response) -> web.Response:
        """The phone is known from now on, and needs no detour for a while."""
        response.del_cookie(COOKIE, path=self._base)
        self._sessions.remember(response, Holder("openid", person), secure=call.site.tls)
        return response

    async def _qr(self, call: Call[None]) -> web.StreamResponse:
        """GET /wechat/{hall}/qr/{token}.svg: scanned with WeChat, it binds the ticket."""
        own = await tickets.held(call)
        if own.live.id != self._hall.id or not own.today:
            raise Problem("unknown_ticket")
        if own.token not in self._codes:
            try:
                self._codes[own.token] = await self._code(own.token)
            except CallFailed:
                raise Problem("not_ready", headers={"Retry-After": "30"}) from None
            while len(self._codes) > CODES_KEPT:
                self._codes.popitem(last=False)
        picture = io.BytesIO()
        code = segno.make_qr(self._codes[own.token], error="m")
        code.save(picture, kind="svg", scale=QR_MODULE, border=4)
        return _plain(picture.getvalue(), "image/svg+xml")

    async def _code(self, token: str) -> str:
        left_s = Millis(self._hall.actor.hall.day_ends_at - self._clock.now()) // 1000
        seconds = min(max(60, left_s), QR_SECONDS_MAX)
        return await self._client.qr_code(TICKET_SCENE + token, seconds)

    async def _js_config(self, call: Call[None]) -> web.StreamResponse:
        """GET /wechat/{hall}/js-config?url=: lets a page of ours use WeChat's JS-SDK."""
        hosts = {urlsplit(self._url).netloc}
        try:
            # Before WeChat is asked for anything: strangers' pages cost us nothing.
            js_sdk.signed(url := call.request.query.get("url", ""), hosts, "", 0, "")
            ticket = await self._client.js_ticket()
        except js_sdk.NotOurs:
            self._callback.counts["not_our_page"] += 1
            raise Problem("forbidden") from None
        except CallFailed:
            raise Problem("not_ready", headers={"Retry-After": "30"}) from None
        made = js_sdk.signed(url, hosts, ticket, self._clock.now() // 1000, token_hex(8))
        return answer(
            {
                "appId": self._client.appid,
                "timestamp": made.timestamp,
                "nonceStr": made.nonce,
                "signature": made.signature,
            }
        )


def _silent(status: int) -> web.Response:
    """Nothing about why: the reason is counted for us only."""
    return web.Response(status=status, headers={"Server": "queued", "Cache-Control": "no-store"})


def _plain(body: bytes, content_type: str) -> web.Response:
    headers = {
        "Content-Type": f"{content_type}; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Server": "queued",
    }
    return web.Response(body=body, headers=headers)
