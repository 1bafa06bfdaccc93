"""Calls to WeChat: one session, one token for all, every refusal as an exception of its kind.

A refused token is replaced and the call made once more; nothing else is tried again here, since
only the caller knows whether doing it twice does harm. Neither secrets nor openids are logged.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec

from queued.engine.clock import Clock
from queued.wechat.errors import BY_CODE, CallFailed, TokenRefused, Unreachable, error_of
from queued.wechat.tokens import Shared, Shelf

log = logging.getLogger(__name__)

WITHIN_S = 8.0
"""For a whole call: WeChat answers in a tenth of a second or is not there."""

CONNECT_WITHIN_S = 3.0

ANSWER_BYTES_MAX = 256 * 1024
"""A menu is the longest answer, some ten KB."""

QR_SECONDS_MAX = 2_592_000
"""Thirty days, the longest life of a temporary code."""

_RID = re.compile(r"rid: ([0-9a-f-]{1,64})")

Body = Mapping[str, Any]


class WeChatClient:
    """The API of one account. `counts` by errcode ("0" is good, "unreachable" no answer)."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        appid: str,
        secret: str,
        api_url: str,
        clock: Clock,
        token_shelf: Shelf,
        ticket_shelf: Shelf,
    ) -> None:
        """The session's own limits hold; `api_url` may be a proxy's, or an emulator's."""
        self.appid = appid
        self._secret = secret
        self._api = api_url.rstrip("/")
        self._session = session
        self._tokens = Shared(token_shelf, self._fetch_token, clock)
        self._tickets = Shared(ticket_shelf, self._fetch_ticket, clock)
        self.counts: Counter[str] = Counter()

    # ── What an account does ──────────────────────────────────────────────────────────────

    async def send_template(
        self, person: str, template: str, data: Body, url: str, once_id: str
    ) -> str:
        """模板消息; the message's id. WeChat sends one `once_id` (≤ 32 characters) only once."""
        body = {
            "touser": person,
            "template_id": template,
            "url": url,
            "client_msg_id": once_id,
            "data": data,
        }
        return str((await self.call("/cgi-bin/message/template/send", body)).get("msgid", ""))

    async def send_subscribed(self, person: str, template: str, data: Body, url: str) -> str:
        """订阅通知 (bizsend); the message's id, "" where WeChat tells none."""
        body = {"touser": person, "template_id": template, "page": url, "data": data}
        return str((await self.call("/cgi-bin/message/subscribe/bizsend", body)).get("msgid", ""))

    async def send_text(self, person: str, text: str) -> None:
        """客服消息: only soon after the person wrote, clicked, followed or scanned."""
        body = {"touser": person, "msgtype": "text", "text": {"content": text}}
        await self.call("/cgi-bin/message/custom/send", body)

    async def qr_code(self, scene: str, seconds: int) -> str:
        """What a code must hold that leads to us with `scene` (1 … 64 characters)."""
        if not 1 <= len(scene) <= 64 or not 1 <= seconds <= QR_SECONDS_MAX:
            raise ValueError("a scene has 1 to 64 characters, a code lives up to 30 days")
        body = {
            "expire_seconds": seconds,
            "action_name": "QR_STR_SCENE",
            "action_info": {"scene": {"scene_str": scene}},
        }
        return str((await self.call("/cgi-bin/qrcode/create", body)).get("url", ""))

    async def menu(self) -> Any:
        """The menu in force, as WeChat keeps it; None if there is none (46003)."""
        try:
            return (await self.call("/cgi-bin/menu/get")).get("menu")
        except CallFailed as failure:
            if failure.code == 46003:
                return None
            raise

    async def create_menu(self, menu: Body) -> None:
        """Put `menu` in force; followers see it within a day."""
        await self.call("/cgi-bin/menu/create", menu)

    async def js_ticket(self) -> str:
        """What signatures of pages are made of; shared like the access token."""
        return await self._tickets.value()

    # ── Who holds a phone ─────────────────────────────────────────────────────────────────

    async def openid_of(self, code: str) -> tuple[str, bool]:
        """Openid by an OAuth code (good once, five minutes), and whether it is a 快照页 one."""
        query = {"code": code, "grant_type": "authorization_code"}
        told = await self.asked("/sns/oauth2/access_token", query)
        return str(told.get("openid", "")), told.get("is_snapshotuser") == 1

    async def asked(self, path: str, query: Mapping[str, str]) -> Body:
        """A call that proves itself by the AppSecret instead of a token."""
        proof = {"appid": self.appid, "secret": self._secret}
        return await self.exchange("GET", path, {**proof, **query}, None)

    # ── Calls ─────────────────────────────────────────────────────────────────────────────

    async def call(self, path: str, body: Body | None = None) -> Body:
        """POST `body` (GET without one) with the access token. Raises `CallFailed`."""
        method = "GET" if body is None else "POST"
        token = await self._tokens.value()
        try:
            return await self.exchange(method, path, {"access_token": token}, body)
        except TokenRefused:
            another = await self._tokens.instead_of(token)
            return await self.exchange(method, path, {"access_token": another}, body)

    async def _fetch_token(self, force: bool) -> tuple[str, int]:
        body = {
            "grant_type": "client_credential",
            "appid": self.appid,
            "secret": self._secret,
            "force_refresh": force,
        }
        told = await self.exchange("POST", "/cgi-bin/stable_token", {}, body)
        return _given(told, "access_token")

    async def _fetch_ticket(self, _force: bool) -> tuple[str, int]:
        token = await self._tokens.value()
        query = {"access_token": token, "type": "jsapi"}
        told = await self.exchange("GET", "/cgi-bin/ticket/getticket", query, None)
        return _given(told, "ticket")

    async def exchange(
        self, method: str, path: str, query: Mapping[str, str], body: Body | None
    ) -> Body:
        """One request and its answer. Raises `CallFailed`."""
        # Not aiohttp's json=: names must stay as they are, "\\u" escapes would be shown.
        data = None if body is None else msgspec.json.encode(body)
        try:
            async with self._session.request(
                method,
                self._api + path,
                params=query,
                data=data,
                headers={"Content-Type": "application/json"} if data is not None else None,
                timeout=aiohttp.ClientTimeout(total=WITHIN_S, sock_connect=CONNECT_WITHIN_S),
                allow_redirects=False,
            ) as answer:
                raw = await _read(answer.content)
                status = answer.status
        except aiohttp.ClientConnectorError as failure:
            raise self._unreachable(failure, maybe_done=False) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as failure:
            raise self._unreachable(failure, maybe_done=True) from None
        return self._told(path, status, raw)

    def _unreachable(self, failure: BaseException, *, maybe_done: bool) -> Unreachable:
        # Of the exception only its kind: its text holds the address, with the token in it.
        self.counts["unreachable"] += 1
        return Unreachable(type(failure).__name__, maybe_done=maybe_done)

    def _told(self, path: str, status: int, raw: bytes) -> Body:
        try:
            told = msgspec.json.decode(raw)
        except msgspec.DecodeError:
            told = None
        if status != 200 or not isinstance(told, dict):
            self.counts["unreachable"] += 1
            raise Unreachable(f"HTTP {status}", maybe_done=True)
        code = told.get("errcode", 0)
        if not isinstance(code, int):
            raise Unreachable("an answer nobody can read", maybe_done=True)
        self.counts[str(code) if code in BY_CODE or code == 0 else "other"] += 1
        if code:
            rid = _RID.search(str(told.get("errmsg", "")))
            log.warning("WeChat refuses %s: errcode %d, rid %s", path, code, rid[1] if rid else "")
            raise error_of(code, rid[1] if rid else "")
        return told


async def _read(content: aiohttp.StreamReader) -> bytes:
    """The whole body; a longer one than any answer of WeChat's is cut, and so no JSON."""
    raw = bytearray()
    async for chunk in content.iter_chunked(16_384):
        raw += chunk
        if len(raw) > ANSWER_BYTES_MAX:
            break
    return bytes(raw[:ANSWER_BYTES_MAX])


def _given(told: Body, name: str) -> tuple[str, int]:
    value, seconds = told.get(name), told.get("expires_in")
    if not isinstance(value, str) or not value or not isinstance(seconds, int):
        raise Unreachable("an answer without what was asked for", maybe_done=True)
    return value, seconds
