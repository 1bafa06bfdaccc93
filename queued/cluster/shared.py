"""What halls and public processes have in Redis: the names of the keys, the shape of the records.

The first three are the public contract (other teams read them); the rest is for `queued public`.

| key                       | what                                                               |
| ------------------------- | ------------------------------------------------------------------ |
| queued:{hall}:snapshot    | the bytes of GET /halls/{hall}                                     |
| queued:{hall}             | channel: the seq of each new snapshot                              |
| queued:{hall}:events      | stream, one entry `SEQ-0` per event: seq, type, at, body, hash     |
| queued:halls              | set of hall ids                                                    |
| queued:{hall}:about       | `About`                                                            |
| queued:{hall}:services    | the bytes of GET /halls/{hall}/services                            |
| queued:{hall}:queue-monitor | the bytes of GET /halls/{hall}/queue-monitor                     |
| queued:{hall}:phone-page  | the bytes of GET /halls/{hall}/phone-page, of the last minute      |
| queued:{hall}:waits       | `Waits`                                                            |
| queued:{hall}:fed         | which start of the hall's process has filled these keys            |
| queued:ticket:{digest}    | `TicketRecord`, until its day has ended                            |

No personal data and no token of a ticket is in any of them. A ticket is found under a digest of
its token: whoever reads Redis can open no ticket, and whoever guesses must guess 104 bits.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from msgspec import Struct

HALLS: Final = "queued:halls"

KEPT_S: Final = 30 * 86_400
"""A hall that says nothing for longer than the longest holidays is gone for good."""

STREAM_KEPT: Final = 10_000
"""Events in the stream, about: half a busy day. Whoever needs more reads the journal."""

DIGEST_BYTES: Final = 20
PURPOSE: Final = b"queued-ticket"
"""So that the digest is worth nothing anywhere else."""


class About(Struct, frozen=True, omit_defaults=True):
    """A hall as the city's page tells it. `opens`: when it opens next, if that is known."""

    hall: str
    name: str
    name_en: str = ""
    address: str = ""
    latitude: float | None = None
    longitude: float | None = None
    opens: str | None = None


class TicketRecord(Struct, frozen=True, omit_defaults=True):
    """A ticket of a day, without its token. Who stands where is in the snapshot's `order`;
    `ahead` and `wait` (p50_s, p80_s, p90_s) are only of a hall that was asked directly."""

    hall: str
    day: str
    number: str
    queue: str
    service: str | None
    class_: str
    status: str
    issued_at: str
    window: str | None
    calls: int
    slot: str | None = None
    rating: str | None = None
    here: bool = True
    kept_until: str | None = None
    ahead: int | None = None
    wait: tuple[int, int, int] | None = None


class Waits(Struct, frozen=True):
    """How long somebody waits with so many ahead: of each queue, rungs (ahead, p10_s, p50_s,
    p80_s, p90_s), the fewest ahead first."""

    queues: dict[str, list[tuple[int, int, int, int, int]]]


def key_of(hall: str, what: str) -> str:
    """The key of one of a hall's records."""
    return f"queued:{hall}:{what}"


def channel_of(hall: str) -> str:
    """Where a hall's new snapshots are announced."""
    return f"queued:{hall}"


def ticket_key(token: str) -> str:
    """Where the record of a token's ticket is."""
    digest = blake2b(token.encode(), digest_size=DIGEST_BYTES, person=PURPOSE)
    return f"queued:ticket:{digest.hexdigest()}"
