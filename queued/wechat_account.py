"""The hall's official account, put together: its paths, its answers, its reminders.

Nothing of the hall waits for it. Without `[wechat] appid` there is none of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import re
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import segno
from aiohttp import web

from queued.core.plan import Millis
from queued.engine.bus import Bus
from queued.engine.clock import Clock
from queued.engine.halls import RunningHall
from queued.outputs import english_names
from queued.phone_sessions import Holder, PhoneSessions
from queued.server import pages, tickets
from queued.server.call import Call, answer
from queued.server.problems import Problem
from queued.server.routes import Route
from queued.settings_values import Settings
from queued.storage.store import Store
from queued.wechat import account, js_sdk, menu
from queued.wechat.callback import Callback, CallbackRefused
from queued.wechat.client import QR_SECONDS_MAX, WeChatClient
from queued.wechat.errors import CallFailed
from queued.wechat.inbound import OpenId, Push
from queued.wechat.messages import TICKET_SCENE, About, Conversation, Questions
from queued.wechat.oauth import OAuth, SignInRefused
from queued.wechat.people import Phones
from queued.wechat.phrases import phrases
from queued.wechat.reminders import Reminders
from queued.wechat.sending import Sender

log = logging.getLogger(__name__)

COOKIE = "queued_wechat"
"""The other half of an OAuth `state`."""

BODY_WITHIN_S = 3.0
"""WeChat sends a few KB at once; it hangs up after five seconds itself."""

CONNECTIONS_MAX = 16
"""To WeChat: reminders under way, late replies, sign-ins."""

CODES_KEPT = 2000
"""QR codes of tickets: a busy day's."""

QR_MODULE = 8


@dataclass(frozen=True, slots=True)
class WechatAccount:
    """What the server sees of the account."""

    routes: Sequence[Route]
    counts: Mapping[str, Counter[str]]
    phones: Phones
    sign_in: str
    """Where a phone's holder is named, with `?next=` a page of ours to lead back to."""


async def connected(
    settings: Settings,
    hall: RunningHall,
    store: Store,
    bus: Bus,
    clock: Clock,
    url: str,
    sessions: PhoneSessions,
    stack: contextlib.AsyncExitStack,
    questions: Questions | None = None,
) -> WechatAccount:
    """The account, following its hall; `stack` stops it. `url` is what phones reach us by,
    `questions` finds answers to what people ask in their own words.

    Raises `SettingsError` for secrets that cannot be read.
    """
    secrets = account.Secrets(settings.wechat)
    if settings.wechat.mode == "plain":
        log.warning("[wechat] mode is plain: anybody on the way can read what people write")
    redis = account.open_redis(settings.redis.url)
    if redis is not None:
        stack.push_async_callback(redis.aclose)
    connector = aiohttp.TCPConnector(limit=CONNECTIONS_MAX)
    session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
    await stack.enter_async_context(session)
    client = account.client(settings.wechat, secrets, session, clock, redis)
    phones = Phones(hall, store.people, clock)
    about = _about(settings)
    sender = _sender(settings, hall, store, clock, phones, client, url, about)
    reminders = _reminders(settings, hall, store, bus, clock, phones, sender)
    conversation = Conversation(
        hall, phones, store.reminders, clock, about, reminders.bound, store.bookings.forget,
        questions,
    )  # fmt: skip
    callback = Callback(
        account.credentials(settings.wechat, secrets),
        conversation.answer,
        _Later(client),
        clock,
        sorry=phrases("zh")("sorry.text"),
    )
    stack.push_async_callback(callback.stop)
    await reminders.start()
    stack.push_async_callback(reminders.stop)
    sender.start()
    stack.push_async_callback(sender.stop)
    oauth = OAuth(client, settings.wechat.authorize_url, clock)
    doors = _Doors(hall, callback, conversation, client, oauth, clock, url, sessions)
    counts = {
        "wechat_requests": callback.counts,
        "wechat_calls": client.counts,
        "wechat_reminders": sender.counts,
    }
    return WechatAccount(doors.routes(), counts, phones, f"/wechat/{hall.id}/enter")


def _sender(
    settings: Settings,
    hall: RunningHall,
    store: Store,
    clock: Clock,
    phones: Phones,
    client: WeChatClient,
    url: str,
    about: About,
) -> Sender:
    return Sender(
        hall=hall,
        ledger=store.reminders,
        phones=phones,
        carrier=client,
        clock=clock,
        ways=settings.wechat_reminders,
        ahead=settings.wechat.ahead,
        url=url,
        names=about.names,
    )


def _reminders(
    settings: Settings,
    hall: RunningHall,
    store: Store,
    bus: Bus,
    clock: Clock,
    phones: Phones,
    sender: Sender,
) -> Reminders:
    return Reminders(
        hall=hall,
        journal=store.journal,
        bus=bus,
        ledger=store.reminders,
        phones=phones,
        clock=clock,
        ahead=settings.wechat.ahead,
        kinds=frozenset(way.kind for way in settings.wechat_reminders),
        on_owed=sender.wake,
    )


def _about(settings: Settings) -> About:
    names = dict(english_names(settings))
    names |= {f"window:{one.id}": one.name_en for one in settings.windows if one.name_en}
    kinds = {way.kind for way in settings.wechat_reminders}
    carriers = {way.carrier for way in settings.wechat_reminders}
    return About(
        phone=settings.wechat.phone,
        ahead=settings.wechat.ahead if "ahead" in kinds else 0,
        followers_only=carriers == {"template"},
        long_term=frozenset(way.template for way in settings.wechat_reminders if way.long_term),
        take_url=menu.facts(settings)["take_url"],
        book_url=menu.facts(settings)["book_url"],
        names=names,
        urls=menu.facts(settings),
    )


class _Later:
    """Sends replies that came too late for their request."""

    def __init__(self, client: WeChatClient) -> None:
        self._client = client

    async def __call__(self, push: Push, text: str) -> None:
        await self._client.send_text(push.person, text)


class _Doors:
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
