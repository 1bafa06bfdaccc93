"""Who may come in: access tokens, people with passwords, signed-in sessions.

Tokens and session keys are stored as SHA-256 digests only: a stolen backup opens no door. A
password arrives here as an opaque hash made by the server. Withdrawing a token, disabling a
person or changing a password ends the sessions that came from it, in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from queued.core.plan import Millis, WindowId
from queued.engine.ports import AccountTaken as AccountTaken
from queued.engine.ports import AccountUnknown as AccountUnknown
from queued.engine.ports import Note
from queued.storage import audit
from queued.storage import tables as t
from queued.storage.database import Database
from queued.storage.threads import Work

COMMAND_LINE = "command-line:"
"""Who changed an account with `queued user` or `queued token`."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token without the token. `window` binds it to one window."""

    digest: str
    role: str
    name: str
    window: WindowId | None
    created_at: Millis
    revoked_at: Millis | None


@dataclass(frozen=True, slots=True)
class User:
    """A person who signs in. `password` is the server's hash."""

    name: str
    role: str
    password: str
    created_at: Millis
    disabled_at: Millis | None


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. `csrf` is the digest of the token its requests must carry."""

    name: str
    role: str
    window: WindowId | None
    csrf: str
    expires_at: Millis


def digest_of(secret: str) -> str:
    """What is stored of a token: its SHA-256 in hexadecimal."""
    return sha256(secret.encode()).hexdigest()


_TOKEN = select(*t.token.columns)
_USER = select(*t.user.columns)


class Accounts:
    """Tokens, users and sessions. Durable when a call returns; times are Unix milliseconds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # ── Tokens ────────────────────────────────────────────────────────────────────────────

    async def add_token(
        self,
        token: str,
        role: str,
        name: str,
        at: Millis,
        window: WindowId | None = None,
        *,
        by: str = COMMAND_LINE,
    ) -> Token:
        """Let the holder of `token` in. Raises `AccountTaken`."""
        kept = Token(digest_of(token), role, name, window, at, None)
        values = _columns(kept)

        def work(connection: Connection) -> None:
            connection.execute(t.token.insert().values(values))
            audit.write(connection, Note(at, by), "token_added", name, role)

        await self._insert(work, "this token is in use already")
        return kept

    async def token(self, token: str) -> Token | None:
        """The token if it is known and not withdrawn."""
        query = _TOKEN.where(t.token.c.digest == digest_of(token), t.token.c.revoked_at.is_(None))
        row = await self._database.read(lambda connection: connection.execute(query).first())
        return Token(*row) if row else None

    async def tokens(self) -> list[Token]:
        """All tokens, withdrawn ones too, oldest first."""
        query = _TOKEN.order_by(t.token.c.created_at, t.token.c.digest)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [Token(*row) for row in rows]

    async def revoke_token(self, digest: str, at: Millis, *, by: str = COMMAND_LINE) -> None:
        """Withdraw a token and end its sessions. Raises `AccountUnknown`."""

        def work(connection: Connection) -> None:
            which = (t.token.c.digest == digest) & t.token.c.revoked_at.is_(None)
            done = connection.execute(t.token.update().where(which).values(revoked_at=at))
            if done.rowcount != 1:
                raise AccountUnknown("no such token, or it is withdrawn already")
            connection.execute(t.session.delete().where(t.session.c.token == digest))
            named = select(t.token.c.name, t.token.c.role).where(t.token.c.digest == digest)
            name, role = connection.execute(named).one()
            audit.write(connection, Note(at, by), "token_revoked", name, role)

        await self._database.write(work)

    # ── People ────────────────────────────────────────────────────────────────────────────

    async def add_user(
        self, name: str, role: str, password: str, at: Millis, *, by: str = COMMAND_LINE
    ) -> User:
        """Add a person. Raises `AccountTaken`."""
        user = User(name, role, password, at, None)
        values = _columns(user)

        def work(connection: Connection) -> None:
            connection.execute(t.user.insert().values(values))
            audit.write(connection, Note(at, by), "user_added", name, role)

        await self._insert(work, f"there is a person {name!r} already")
        return user

    async def user(self, name: str) -> User | None:
        """A person, disabled or not: look at `disabled_at`."""
        query = _USER.where(t.user.c.name == name)
        row = await self._database.read(lambda connection: connection.execute(query).first())
        return User(*row) if row else None

    async def users(self) -> list[User]:
        """All people by name."""
        query = _USER.order_by(t.user.c.name)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [User(*row) for row in rows]

    async def set_password(
        self, name: str, password: str, at: Millis, *, by: str = COMMAND_LINE
    ) -> None:
        """Change a password; sessions end. Raises `AccountUnknown`."""
        await self._change_user(name, {"password": password}, Note(at, by), "password_set")

    async def disable_user(self, name: str, at: Millis, *, by: str = COMMAND_LINE) -> None:
        """Keep a person out; sessions end. Raises `AccountUnknown`."""
        await self._change_user(name, {"disabled_at": at}, Note(at, by), "user_disabled")

    async def enable_user(
        self, name: str, at: Millis, *, by: str = COMMAND_LINE
    ) -> None:
        """Let a disabled person in again. Raises `AccountUnknown`."""
        await self._change_user(name, {"disabled_at": None}, Note(at, by), "user_enabled")

    async def _change_user(
        self, name: str, values: dict[str, object], note: Note, action: str
    ) -> None:
        def work(connection: Connection) -> None:
            done = connection.execute(t.user.update().where(t.user.c.name == name).values(values))
            if done.rowcount != 1:
                raise AccountUnknown(f"there is no person {name!r}")
            connection.execute(t.session.delete().where(t.session.c.user == name))
            audit.write(connection, note, action, name)

        await self._database.write(work)

    # ── Sessions ──────────────────────────────────────────────────────────────────────────

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
        """Sign in `user` (a name) or the holder of `token` (its digest): exactly one of them.

        `key` is the cookie's value, `csrf` the token; digests of both are stored. Sessions
        over by `at` are removed. Raises `AccountUnknown`, `AccountTaken`, `ValueError`.
        """
        if (user is None) == (token is None):
            raise ValueError("a session is of a user or of a token")
        row = (digest_of(key), user, token, digest_of(csrf), at, expires_at)

        def work(connection: Connection) -> None:
            if user is not None:
                who = _USER.where(t.user.c.name == user, t.user.c.disabled_at.is_(None))
            else:
                who = _TOKEN.where(t.token.c.digest == token, t.token.c.revoked_at.is_(None))
            if connection.execute(who).first() is None:
                raise AccountUnknown("nobody of that name may sign in")
            connection.execute(t.session.delete().where(t.session.c.expires_at <= at))
            connection.execute(t.session.insert().values(row))

        await self._insert(work, "this session exists already")

    async def session(self, key: str, at: Millis) -> Session | None:
        """Who holds this cookie; None if unknown, over, disabled or withdrawn."""
        s, u, k = t.session.c, t.user.c, t.token.c
        query = (
            select(s.user, u.role, k.name, k.role, k.window, s.csrf, s.expires_at)
            .select_from(t.session.outerjoin(t.user).outerjoin(t.token))
            .where(s.digest == digest_of(key), s.expires_at > at)
            .where(u.disabled_at.is_(None), k.revoked_at.is_(None))
        )
        row = await self._database.read(lambda connection: connection.execute(query).first())
        if row is None:
            return None
        user, user_role, token_name, token_role, window, csrf, expires_at = row
        if user is not None:
            return Session(user, user_role, None, csrf, expires_at)
        return Session(token_name, token_role, window, csrf, expires_at)

    async def close_session(self, key: str) -> None:
        """Sign out. An unknown key does nothing."""
        which = t.session.c.digest == digest_of(key)

        def work(connection: Connection) -> None:
            connection.execute(t.session.delete().where(which))

        await self._database.write(work)

    async def _insert(self, work: Work[None], taken: str) -> None:
        try:
            await self._database.write(work)
        except IntegrityError as error:
            raise AccountTaken(taken) from error


def _columns(value: Token | User) -> dict[str, object]:
    return {name: getattr(value, name) for name in type(value).__slots__}
