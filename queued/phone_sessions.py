"""Who holds a phone that was here before: a sealed cookie, good for half a day, kept nowhere.

    cookie = base64url( seal("until|kind|text") )     text: an openid, or a browser's random name

WeChat names a phone's holder only on a detour (`snsapi_base`); a person who takes a number and
comes back to it should not make that detour each time. The cookie is sealed under a key made of
the hall's secret: it cannot be forged, nobody reads an openid in it, and it ends by itself.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from aiohttp import web

from queued.core.plan import Millis
from queued.engine.clock import Clock
from queued.storage.sealing import seal, unseal

COOKIE = "queued_phone"

KEPT_MS = 12 * 3_600_000
"""A visit to a hall; the next day begins with the detour again."""

COOKIE_CHARS_MAX = 400
"""An openid has 28 characters, sealed some 120."""

Kind: TypeAlias = Literal["openid", "device"]

_PURPOSE = b"queued phone session v1"


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose phone it is: somebody WeChat named, or a browser that nobody named."""

    kind: Kind
    text: str = field(repr=False)


class PhoneSessions:
    """Makes and reads the cookies of one hall. `secret` is the hall's."""

    def __init__(self, hall: str, secret: bytes, clock: Clock) -> None:
        self._key = hmac.digest(secret, _PURPOSE, "sha256")
        self._belongs_to = f"phone|{hall}"
        self._clock = clock

    def holder(self, request: web.Request) -> Holder | None:
        """Who asks; None without a cookie, or with one that is forged or over."""
        return self.read(request.cookies.get(COOKIE, ""))

    def read(self, cookie: str) -> Holder | None:
        """What a cookie says."""
        if not cookie or len(cookie) > COOKIE_CHARS_MAX or not cookie.isascii():
            return None
        try:
            sealed = urlsafe_b64decode(cookie)
        except ValueError:
            return None
        opened = unseal(self._key, sealed, self._belongs_to)
        if opened is None:
            return None
        until, kind, text = opened.split("|", 2)
        if int(until) <= self._clock.now() or kind not in ("openid", "device"):
            return None
        return Holder(kind, text)  # type: ignore[arg-type]  # one of the two, see above

    def made(self, holder: Holder) -> str:
        """The cookie that says `holder`."""
        until = Millis(self._clock.now() + KEPT_MS)
        sealed = seal(self._key, f"{until}|{holder.kind}|{holder.text}", self._belongs_to)
        return urlsafe_b64encode(sealed).decode()

    def remember(self, response: web.StreamResponse, holder: Holder, *, secure: bool) -> None:
        """Let the phone bring its cookie from now on."""
        response.set_cookie(
            COOKIE,
            self.made(holder),
            max_age=KEPT_MS // 1000,
            httponly=True,
            samesite="Lax",  # a link in a chat is a link of another site
            secure=secure,
            path="/",
        )


def unnamed() -> Holder:
    """A browser that nobody named; it is told from others, and that is all."""
    return Holder("device", secrets.token_hex(16))
