"""Who is asking: access tokens, people with passwords, sessions, CSRF.

Only digests of secrets are stored or remembered. A session belongs to a user or to a token;
its CSRF token is derived from the session's secret, so it needs no place of its own. Unknown
names cost as much time as wrong passwords. Found tokens and sessions are remembered for a few
seconds: revoking one takes that long.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import time
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Protocol

from aiohttp import web
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from queued.core.plan import Millis
from queued.engine.clock import Clock
from queued.server.limits import Limits, refuse_if
from queued.server.problems import Problem

ROLES: Final = ("kiosk", "clerk", "manager", "admin", "display", "device", "auditor", "remote")

GRANTS: Final[dict[str, frozenset[str]]] = {
    **{role: frozenset({role}) for role in ROLES},
    "manager": frozenset({"manager", "clerk", "kiosk", "display"}),
    "admin": frozenset(ROLES),
}
"""What a role may act as."""

COOKIE: Final = "queued_session"
CSRF_HEADER: Final = "X-CSRF-Token"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})

REMEMBERED_S: Final = 5.0
REMEMBERED_MAX: Final = 10_000
"""Principals in memory: a city's clerks; an attacker's wrong tokens are not remembered."""

SECRET_CHARS_MAX: Final = 256
"""Longer tokens and cookies are not ours."""

VERIFIERS_MAX: Final = 2
"""Passwords checked at once: each takes 64 MB and a core for a moment."""

NOBODY: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$xt+3Jm7j05HKxBQ7f"
    "uiwUw$HD8iiRSXyfzIR9z+aAEiOoSKxWJwNZBgl1VTqHtMQ40"
)
"""Hash of a password that nobody knows: checked for unknown names, so they cost the same time."""

TOKEN_SESSION_DAYS: Final = 400
"""A kiosk or board signs in once with its token; revoking the token ends the session."""

DEMO_SESSIONS_MAX: Final = 1000


class StoredToken(Protocol):
    """An access token as stored: its one role, who holds it, the only window it may act at."""

    @property
    def digest(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def window(self) -> str | None: ...


class StoredUser(Protocol):
    """A person who signs in. `password` is an argon2 hash."""

    @property
    def name(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def password(self) -> str: ...
    @property
    def disabled_at(self) -> int | None: ...


class StoredSession(Protocol):
    """A signed-in browser, of a user or of a token's holder."""

    @property
    def role(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def window(self) -> str | None: ...


class Accounts(Protocol):
    """Storage of all three. Secrets come as they are; only their digests are stored."""

    async def token(self, token: str) -> StoredToken | None:
        """The token, unless unknown or revoked."""
        ...

    async def user(self, name: str) -> StoredUser | None:
        """The user, disabled or not."""
        ...

    async def session(self, key: str, at: Millis) -> StoredSession | None:
        """The session, unless over, its user disabled or its token revoked."""
        ...

    async def open_session(
        self,
        key: str,
        csrf: str,
        at: Millis,
        expires_at: Millis,
        *,
        user: str | None = None,
        token: str | None = None,
    ) -> None:
        """Remember a session of a user's name or of a token's digest."""
        ...

    async def close_session(self, key: str) -> None:
        """Forget it."""
        ...


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking. `by` goes into the journal; `csrf` is "" unless a cookie said who."""

    role: str
    name: str
    window: str | None = None
    csrf: str = ""

    @property
    def by(self) -> str:
        """role:name"""
        return f"{self.role}:{self.name}"

    @property
    def roles(self) -> frozenset[str]:
        """Everything it may act as."""
        return GRANTS[self.role]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh session: the cookie's secret and how long the browser keeps it."""

    who: Principal
    secret: str
    max_age_s: int


class Doors:
    """Lets callers in. `monotonic` is in seconds."""

    def __init__(
        self,
        accounts: Accounts,
        secret: bytes,
        clock: Clock,
        limits: Limits,
        *,
        session_hours: int,
        hasher: PasswordHasher | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._accounts = accounts
        self._secret = hmac.digest(secret, b"queued sessions", "sha256")
        self._clock = clock
        self._limits = limits
        self._session_ms = session_hours * 3_600_000
        self._hasher = hasher or PasswordHasher()
        self._verifying = asyncio.Semaphore(VERIFIERS_MAX)
        self._monotonic = monotonic
        self._known: OrderedDict[str, tuple[float, Principal]] = OrderedDict()
        self._demo: OrderedDict[str, Principal] = OrderedDict()

    # ── Every request ─────────────────────────────────────────────────────────────────────

    async def who(self, request: web.Request) -> Principal | None:
        """Who is asking; None if nobody says so.

        Raises `Problem` unauthenticated for credentials that are not valid, csrf for a change
        made with a cookie but without its token.
        """
        authorization = request.headers.get("Authorization")
        if authorization is not None:
            scheme, _, token = authorization.partition(" ")
            who = None
            if scheme.lower() == "bearer":
                who = await self._by_token(token.strip())
            if who is None:
                raise Problem("unauthenticated")
            return who
        if "Cookie" not in request.headers:
            return None
        secret = request.cookies.get(COOKIE)
        who = await self._by_session(secret) if secret else None
        if who is None or request.method in SAFE:
            return who
        if not same(request.headers.get(CSRF_HEADER, ""), who.csrf):
            raise Problem("csrf")
        return who

    async def signed_in(self, request: web.Request) -> Principal | None:
        """Who is signed in in this browser; for pages, which change nothing."""
        secret = request.cookies.get(COOKIE)
        return await self._by_session(secret) if secret else None

    async def _by_token(self, token: str) -> Principal | None:
        if not _may_be_ours(token):
            return None
        digest = digest_of(token)
        if (known := self._remembered(digest)) is not None:
            return known
        stored = await self._accounts.token(token)
        if stored is None or stored.role not in GRANTS:
            return None
        who = Principal(stored.role, stored.name, stored.window)
        return self._remember(digest, who)

    async def _by_session(self, secret: str) -> Principal | None:
        if not _may_be_ours(secret):
            return None
        digest = digest_of(secret)
        if (demo := self._demo.get(digest)) is not None:
            return demo
        if (known := self._remembered(digest)) is not None:
            return known
        stored = await self._accounts.session(secret, self._clock.now())
        if stored is None or stored.role not in GRANTS:
            return None
        who = Principal(stored.role, stored.name, stored.window, self.csrf(secret))
        return self._remember(digest, who)

    def _remembered(self, digest: str) -> Principal | None:
        until, who = self._known.get(digest, (0.0, None))
        return who if self._monotonic() < until else None

    def _remember(self, digest: str, who: Principal) -> Principal:
        self._known[digest] = (self._monotonic() + REMEMBERED_S, who)
        self._known.move_to_end(digest)
        if len(self._known) > REMEMBERED_MAX:
            self._known.popitem(last=False)
        return who

    # ── Signing in and out ────────────────────────────────────────────────────────────────

    async def sign_in(self, request: web.Request, name: str, password: str) -> SignedIn:
        """By password. Raises `Problem` bad_login or too_many_requests."""
        address = self._limits.addresses.of(request)
        refuse_if(self._limits.sign_in_address.take(address))
        refuse_if(self._limits.sign_in_name.take(name))
        user = await self._accounts.user(name)
        if user is not None and user.disabled_at is not None:
            user = None
        hashed = user.password if user is not None else NOBODY
        async with self._verifying:
            right = await asyncio.to_thread(self._verify, hashed, password)
        if user is None or not right or user.role not in GRANTS:
            raise Problem("bad_login")
        self._limits.sign_in_address.give_back(address)
        self._limits.sign_in_name.give_back(name)
        return await self._open(Principal(user.role, user.name), user=user.name)

    async def sign_in_with_token(self, request: web.Request, token: str) -> SignedIn:
        """By access token. Raises `Problem` bad_login or too_many_requests."""
        address = self._limits.addresses.of(request)
        refuse_if(self._limits.sign_in_address.take(address))
        who = await self._by_token(token)
        if who is None:
            raise Problem("bad_login")
        self._limits.sign_in_address.give_back(address)
        return await self._open(who, token=digest_of(token))

    def enter_demo(self) -> SignedIn:
        """The demonstration's manager; forgotten at the next start."""
        secret = secrets.token_urlsafe(32)
        who = Principal("manager", "demo", csrf=self.csrf(secret))
        self._demo[digest_of(secret)] = who
        if len(self._demo) > DEMO_SESSIONS_MAX:
            self._demo.popitem(last=False)
        return SignedIn(who, secret, self._session_ms // 1000)

    async def sign_out(self, request: web.Request) -> None:
        """End the browser's session, if there is one."""
        secret = request.cookies.get(COOKIE)
        if secret and _may_be_ours(secret):
            digest = digest_of(secret)
            self._demo.pop(digest, None)
            self._known.pop(digest, None)
            await self._accounts.close_session(secret)

    async def _open(
        self, who: Principal, *, user: str | None = None, token: str | None = None
    ) -> SignedIn:
        secret = secrets.token_urlsafe(32)
        csrf = self.csrf(secret)
        life_ms = self._session_ms if token is None else TOKEN_SESSION_DAYS * 86_400_000
        now = self._clock.now()
        expires_at = Millis(now + life_ms)
        await self._accounts.open_session(secret, csrf, now, expires_at, user=user, token=token)
        who = Principal(who.role, who.name, who.window, csrf)
        return SignedIn(who, secret, life_ms // 1000)

    async def hashed(self, password: str) -> str:
        """What is stored for a password; waits its turn like a sign-in."""
        async with self._verifying:
            return await asyncio.to_thread(self._hasher.hash, password)

    def forget_everybody(self) -> None:
        """Look at the accounts again for whoever asks next: one of them has changed."""
        self._known.clear()

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (Argon2Error, InvalidHashError):
            return False

    # ── Forms ─────────────────────────────────────────────────────────────────────────────

    def csrf(self, secret: str) -> str:
        """The CSRF token that belongs to a session's or form cookie's secret."""
        mac = hmac.digest(self._secret, secret.encode(), "sha256")
        return urlsafe_b64encode(mac[:24]).decode()


def same(given: str, expected: str) -> bool:
    """Whether two secrets are equal; the time tells nothing."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())


def digest_of(secret: str) -> str:
    """How a secret is remembered and stored: SHA-256 in hexadecimal."""
    return sha256(secret.encode()).hexdigest()


def hash_password(password: str) -> str:
    """What is stored for a password: argon2id with the library's recommended parameters."""
    return PasswordHasher().hash(password)


def set_cookie(response: web.StreamResponse, signed: SignedIn, *, secure: bool) -> None:
    """Put the session into the browser."""
    response.set_cookie(
        COOKIE,
        signed.secret,
        max_age=signed.max_age_s,
        httponly=True,
        samesite="Strict",
        secure=secure,
        path="/",
    )


def clear_cookie(response: web.StreamResponse) -> None:
    """Take it out."""
    response.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")


def _may_be_ours(secret: str) -> bool:
    return 0 < len(secret) <= SECRET_CHARS_MAX and secret.isascii()
