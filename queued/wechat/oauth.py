"""Who holds the phone: WeChat's OAuth with `snsapi_base`, which tells the openid and asks nobody.

A `state` is good once, for ten minutes, and only in the browser that got it: its cookie is its
other half. A 快照页 account is nobody's: it is refused.
"""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal, TypeAlias
from urllib.parse import quote

from queued.engine.clock import Clock
from queued.wechat.client import WeChatClient
from queued.wechat.inbound import OPENID, OpenId

STATE_BYTES = 16
"""32 of the 128 letters and digits WeChat carries."""

GOOD_FOR_MS = 600_000
"""Nobody looks longer at WeChat's question; there is none with snsapi_base."""

PENDING_MAX = 10_000
"""Phones between leaving and coming back; the oldest must ask again."""

CODE_CHARS_MAX = 256

Reason: TypeAlias = Literal["expired_state", "bad_code", "snapshot_user"]


class SignInRefused(Exception):
    """Nobody is signed in; the person may start again."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Pending:
    cookie: bytes = field(repr=False)
    target: str = field(repr=False)
    until: int


class OAuth:
    """The sign-in of one account. `target` is what a phone wanted when it was sent away."""

    def __init__(
        self,
        client: WeChatClient,
        authorize_url: str,
        clock: Clock,
        chance: Callable[[int], str] = secrets.token_hex,
    ) -> None:
        self._client = client
        self._authorize_url = authorize_url.rstrip("/")
        self._clock = clock
        self._chance = chance
        self._pending: OrderedDict[str, _Pending] = OrderedDict()

    def begin(self, back_to: str, target: str) -> tuple[str, str]:
        """Where to send the phone, and the cookie it must bring back to `back_to`."""
        state, cookie = self._chance(STATE_BYTES), self._chance(STATE_BYTES)
        until = self._clock.now() + GOOD_FOR_MS
        self._pending[state] = _Pending(_digest(cookie), target, until)
        while len(self._pending) > PENDING_MAX:
            self._pending.popitem(last=False)
        # WeChat looks at the order of the parameters.
        url = (
            f"{self._authorize_url}/connect/oauth2/authorize?appid={self._client.appid}"
            f"&redirect_uri={quote(back_to, safe='')}&response_type=code"
            f"&scope=snsapi_base&state={state}#wechat_redirect"
        )
        return url, cookie

    async def finish(self, query: Mapping[str, str], cookie: str) -> tuple[OpenId, str]:
        """Who came back, and the target. Raises `SignInRefused`, `CallFailed`."""
        pending = self._pending.get(query.get("state", ""))
        mine = pending is not None and hmac.compare_digest(pending.cookie, _digest(cookie))
        if pending is None or not mine:
            # A stranger with a seen state must not use it up for its owner.
            raise SignInRefused("expired_state")
        del self._pending[query["state"]]
        if pending.until <= self._clock.now():
            raise SignInRefused("expired_state")
        code = query.get("code", "")
        if not code or len(code) > CODE_CHARS_MAX:
            raise SignInRefused("bad_code")
        openid, snapshot = await self._client.openid_of(code)
        if snapshot:
            raise SignInRefused("snapshot_user")
        if not OPENID.fullmatch(openid):
            raise SignInRefused("bad_code")
        return OpenId(openid), pending.target


def _digest(cookie: str) -> bytes:
    return sha256(cookie.encode("utf-8", "surrogatepass")).digest()
