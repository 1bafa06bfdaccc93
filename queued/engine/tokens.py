"""Own-ticket tokens: unguessable, derived from a secret, stored nowhere.

    token = base64url( day (2 bytes) | ticket (3 bytes) | mac (13 bytes) )
    mac   = BLAKE2b keyed with the secret, over hall | day | ticket, 13 bytes long

24 characters, short enough for a small QR code; 104 bits to guess. Whoever holds the token may
read and cancel that ticket, so tokens are never logged and never in the journal.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import blake2b

from queued.core.model import TicketId

_DAY_ZERO = date(2020, 1, 1).toordinal()
_MAC_BYTES = 13
TOKEN_CHARS = 24
"""(2 + 3 + 13) bytes in base64."""


@lru_cache(maxsize=8)
def _day_bytes(day: str) -> bytes:
    return (date.fromisoformat(day).toordinal() - _DAY_ZERO).to_bytes(2, "big")


def day_of(token: str) -> str:
    """The business day that a token says it is of; nothing proves it. Raises `ValueError`."""
    return _day(urlsafe_b64decode(token)[:2])


def _day(raw: bytes) -> str:
    return date.fromordinal(_DAY_ZERO + int.from_bytes(raw, "big")).isoformat()


@dataclass(frozen=True, slots=True)
class TicketTokens:
    """Makes and reads the tokens of one hall. `secret` is at least 32 random bytes."""

    hall_id: str
    secret: bytes

    def token(self, day: str, ticket: TicketId) -> str:
        """The token of a ticket of business day `day` (ISO)."""
        head = _day_bytes(day) + ticket.to_bytes(3, "big")
        return urlsafe_b64encode(head + self._mac(head)).decode()

    def read(self, token: str) -> tuple[str, TicketId] | None:
        """Day and ticket of a token of this hall; None for anything else. Constant-time."""
        if len(token) != TOKEN_CHARS or not token.isascii():
            return None
        try:
            raw = urlsafe_b64decode(token)
        except ValueError:
            return None
        head, mac = raw[:5], raw[5:]
        if not hmac.compare_digest(mac, self._mac(head)):
            return None
        return _day(head[:2]), TicketId(int.from_bytes(head[2:], "big"))

    def _mac(self, head: bytes) -> bytes:
        # Not HMAC: the interpreter's gives its lock away for every call, and on a busy event
        # loop getting it back costs a thousand times the digest. BLAKE2b is a MAC by design.
        message = self.hall_id.encode() + b"|" + head
        key = self.secret[: blake2b.MAX_KEY_SIZE]
        return blake2b(message, key=key, digest_size=_MAC_BYTES).digest()
