"""What administration needs of storage: accounts that can be changed, and the audit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from queued.core.plan import Millis, WindowId
from queued.server import auth
from queued.server.auth import StoredToken, StoredUser


class KnownToken(StoredToken, Protocol):
    """A token as administration lists it."""

    @property
    def created_at(self) -> int: ...
    @property
    def revoked_at(self) -> int | None: ...


class AccountBook(auth.Accounts, Protocol):
    """Accounts that can be changed. Durable, and in the audit, when a call returns."""

    async def users(self) -> Sequence[StoredUser]: ...

    async def tokens(self) -> Sequence[KnownToken]: ...

    async def add_user(
        self, name: str, role: str, password: str, at: Millis, *, by: str = ...
    ) -> object:
        """Raises `AccountTaken`."""
        ...

    async def set_password(
        self, name: str, password: str, at: Millis, *, by: str = ...
    ) -> None: ...

    async def disable_user(self, name: str, at: Millis, *, by: str = ...) -> None: ...

    async def enable_user(self, name: str, at: Millis, *, by: str = ...) -> None: ...

    async def add_token(
        self,
        token: str,
        role: str,
        name: str,
        at: Millis,
        window: WindowId | None = None,
        *,
        by: str = ...,
    ) -> object: ...

    async def revoke_token(self, digest: str, at: Millis, *, by: str = ...) -> None: ...


class AuditEntry(Protocol):
    """Who did what to whom."""

    @property
    def at(self) -> Millis: ...
    @property
    def by(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def detail(self) -> str: ...


class AuditBook(Protocol):
    """What administration did."""

    async def newest(self, limit: int = ...) -> Sequence[AuditEntry]:
        """Newest first."""
        ...
