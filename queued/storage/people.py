"""Who holds a ticket, as far as the hall must know: the one place for personal data.

Nothing of it is in the journal. A row has a keyed digest to find a person by, a masked name
(张*) to show, and, only where the hall must write to somebody, the address under a seal. Every
row has its end: from then on no question finds it, and `expire` takes it off the disk.

A backup holds digests and masked names but not the key of the seals, so it brings back nobody's
address.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar, get_args

from sqlalchemy import Connection, select

from queued.core.model import TicketId
from queued.core.plan import Millis
from queued.engine.ports import PeopleFailed
from queued.storage import tables as t
from queued.storage.database import Database
from queued.storage.errors import StoreError
from queued.storage.sealing import seal, unseal
from queued.storage.threads import Work

T = TypeVar("T")

Kind: TypeAlias = Literal["id_card", "openid", "phone", "device"]
"""How somebody is known; "device": a browser that nobody named."""

KINDS = frozenset(get_args(Kind))

MASKED_CHARS_MAX = 40
"""The longest masked name; more would not be masked."""

SEALED_CHARS_MAX = 200
"""An openid has 28 characters, a phone number 11."""

_PURPOSE = b"queued people v1\0"
"""So that no other use of the hall's secret gives the same digest."""


@dataclass(frozen=True, slots=True)
class Person:
    """One way in which the holder of a ticket is known, until `expires_at`."""

    hall: str
    day: str
    ticket: TicketId
    kind: str
    digest: str = field(repr=False)
    masked: str = field(repr=False)
    sealed: bytes | None = field(repr=False)
    expires_at: Millis


class People:
    """The table of one database. Durable when a call returns; times are Unix milliseconds.

    Every call raises `PeopleFailed` if the database cannot do it.
    """

    def __init__(self, database: Database, secret: bytes, key: bytes) -> None:
        """`secret` is the hall's, for digests; `key` (32 bytes) is for the seals."""
        self._database = database
        self._secret = secret
        self._key = key

    def digest(self, kind: Kind, text: str) -> str:
        """What stands for `text` here: 64 hexadecimal digits, the same every time."""
        return hmac.digest(self._secret, _PURPOSE + f"{kind}\0{text}".encode(), "sha256").hex()

    async def put(
        self,
        hall: str,
        day: str,
        ticket: TicketId,
        kind: Kind,
        digest: str,
        *,
        expires_at: Millis,
        masked: str = "",
        secret: str | None = None,
    ) -> Person:
        """Say who holds a ticket; of one kind the newest counts. `secret` is sealed.

        Raises `ValueError` for what is too long to be masked, or no kind.
        """
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is not one of {', '.join(sorted(KINDS))}")
        if len(masked) > MASKED_CHARS_MAX or len(secret or "") > SEALED_CHARS_MAX:
            raise ValueError("a name or an address is too long")
        bound = _belongs_to(hall, day, ticket, kind)
        sealed = seal(self._key, secret, bound) if secret is not None else None
        person = Person(hall, day, ticket, kind, digest, masked, sealed, expires_at)
        values = {name: getattr(person, name) for name in Person.__slots__}

        def work(connection: Connection) -> None:
            connection.execute(t.person.delete().where(_key_of(person)))
            connection.execute(t.person.insert().values(values))

        await self._write(work)
        return person

    async def find_by_digest(
        self, hall: str, kind: Kind, digest: str, at: Millis
    ) -> Sequence[Person]:
        """The tickets of one person, newest first."""
        c = t.person.c
        query = _PERSON.where(c.hall == hall, c.kind == kind, c.digest == digest)
        return await self._people(query, at)

    async def of_ticket(
        self, hall: str, day: str, ticket: TicketId, at: Millis
    ) -> Sequence[Person]:
        """Every way in which the holder of a ticket is known."""
        c = t.person.c
        return await self._people(
            _PERSON.where(c.hall == hall, c.day == day, c.ticket == ticket), at
        )

    def reveal(self, person: Person) -> str | None:
        """What was sealed; None if nothing was, or it was sealed with a key that is gone."""
        if person.sealed is None:
            return None
        bound = _belongs_to(person.hall, person.day, person.ticket, person.kind)
        return unseal(self._key, person.sealed, bound)

    async def forget(self, kind: Kind, digest: str) -> int:
        """Take one person off the disk, in all halls; from how many tickets."""
        return await self._delete((t.person.c.kind == kind) & (t.person.c.digest == digest))

    async def expire(self, now: Millis) -> int:
        """Take off the disk whose time is over; how many rows."""
        return await self._delete(t.person.c.expires_at <= now)

    async def _people(self, query: Any, at: Millis) -> Sequence[Person]:
        c = t.person.c
        query = query.where(c.expires_at > at).order_by(c.day.desc(), c.ticket.desc(), c.kind)
        try:
            rows = await self._database.read(lambda connection: connection.execute(query).all())
        except StoreError as error:
            raise PeopleFailed(str(error)) from error
        return [Person(*row) for row in rows]

    async def _delete(self, which: Any) -> int:
        def work(connection: Connection) -> int:
            if connection.dialect.name == "sqlite":
                # Zeros instead of the bytes that were there, not just a page marked free.
                connection.exec_driver_sql("PRAGMA secure_delete=ON")
            return connection.execute(t.person.delete().where(which)).rowcount

        return await self._write(work)

    async def _write(self, work: Work[T]) -> T:
        try:
            return await self._database.write(work)
        except StoreError as error:
            raise PeopleFailed(str(error)) from error


_PERSON = select(*t.person.columns)


def _key_of(person: Person) -> Any:
    c = t.person.c
    return (
        (c.hall == person.hall)
        & (c.day == person.day)
        & (c.ticket == person.ticket)
        & (c.kind == person.kind)
    )


def _belongs_to(hall: str, day: str, ticket: TicketId, kind: str) -> str:
    return f"{hall}|{day}|{ticket}|{kind}"
