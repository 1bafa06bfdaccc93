"""How much is allowed: token buckets in bounded number, and the sizes of everything a caller sends.

Requests of the machine itself are not limited (boards, benches, the hall's own services); with
a proxy in front, the caller's address comes from `X-Forwarded-For` and is limited as usual.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

from aiohttp import web

from queued.server.problems import Problem
from queued.settings_values import HttpSettings

BODY_BYTES_MAX: Final = 64 * 1024
"""The longest request body is a few hundred bytes; this is what a confused client may send."""

BUCKETS_MAX: Final = 10_000
"""Addresses remembered at once, least recently seen forgotten first: about 2 MB."""

BURST_S: Final = 10
"""A bucket holds this many seconds of its rate: a page and its parts come at once."""

STREAMS_PER_ADDRESS: Final = 100
"""Live streams from one address other than the machine itself: all screens behind one router."""

FORWARDED: Final = "X-Forwarded-For"
FORWARDED_CHARS_MAX: Final = 1000
"""A longer `X-Forwarded-For` is not read to its end."""


class Buckets:
    """Token buckets, one per key. `clock` is monotonic, in seconds."""

    def __init__(
        self,
        per_minute: float,
        *,
        burst: float | None = None,
        most: int = BUCKETS_MAX,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate = per_minute / 60
        self._burst = burst if burst is not None else max(1.0, self._rate * BURST_S)
        self._most = most
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Take one; 0.0 if there was one, else the seconds until there is."""
        now = self._clock()
        level, at = self._levels.pop(key, (self._burst, now))
        level = min(self._burst, level + (now - at) * self._rate)
        wait = 0.0 if level >= 1 else (1 - level) / self._rate
        self._levels[key] = (level - 1 if not wait else level, now)
        if len(self._levels) > self._most:
            self._levels.popitem(last=False)
        return wait

    def give_back(self, key: str) -> None:
        """What was taken did not count after all."""
        if key in self._levels:
            level, at = self._levels[key]
            self._levels[key] = (min(self._burst, level + 1), at)

    def __len__(self) -> int:
        return len(self._levels)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one server."""

    public: Buckets
    tickets: Buckets
    sign_in_name: Buckets
    sign_in_address: Buckets
    addresses: Addresses
    streams_max: int

    def public_request(self, request: web.Request) -> None:
        """Count a request of the public. Raises `Problem` too_many_requests."""
        if request.remote in _LOOPBACK and FORWARDED not in request.headers:
            return
        address = self.addresses.limited(request)
        if address is not None:
            refuse_if(self.public.take(address))

    def ticket(self, request: web.Request, by: str) -> None:
        """Count a ticket taken. Raises `Problem` too_many_requests."""
        address = self.addresses.limited(request)
        if address is not None:
            refuse_if(self.tickets.take(by))


def limits_of(settings: HttpSettings, clock: Callable[[], float] = time.monotonic) -> Limits:
    """The limits that `[http]` sets."""
    attempts = settings.sign_in_attempts_per_minute
    return Limits(
        public=Buckets(settings.public_requests_per_minute, clock=clock),
        tickets=Buckets(settings.tickets_per_minute, clock=clock),
        # Whoever guesses from many addresses meets the limit of the name; five times as wide,
        # so that a stranger's guessing from one address does not lock out its owner.
        sign_in_name=Buckets(attempts * 5, burst=attempts * 5, clock=clock),
        sign_in_address=Buckets(attempts, burst=attempts, clock=clock),
        addresses=Addresses(settings.trusted_proxies),
        streams_max=settings.streams_max,
    )


def refuse_if(wait_s: float) -> None:
    """Raises `Problem` too_many_requests unless `wait_s` is 0."""
    if wait_s:
        seconds = max(1, round(wait_s + 0.5))
        raise Problem(
            "too_many_requests",
            facts={"retry_after_s": seconds},
            headers={"Retry-After": str(seconds)},
        )


class Addresses:
    """Where requests come from, seen through trusted proxies (addresses or networks)."""

    def __init__(self, trusted_proxies: Sequence[str]) -> None:
        self._trusted = [ip_network(proxy, strict=False) for proxy in trusted_proxies]

    def of(self, request: web.Request) -> str:
        """The caller's address; that of the nearest proxy that is not trusted."""
        peer = request.remote or ""
        forwarded = request.headers.get(FORWARDED)
        if forwarded is None or not self._trusts(peer):
            return peer
        for hop in reversed(forwarded[-FORWARDED_CHARS_MAX:].split(",")):
            address = hop.strip()
            if not _is_address(address):
                return peer
            if not self._trusts(address):
                return address
        return peer

    def limited(self, request: web.Request) -> str | None:
        """The address whose limits count; None for the machine itself."""
        peer = request.remote or ""
        if peer in _LOOPBACK and FORWARDED not in request.headers:
            return None
        return self.of(request)

    def local(self, request: web.Request) -> bool:
        """Whether the caller is on the machine or in a private network."""
        address = self.of(request)
        if not _is_address(address):
            return False
        parsed = ip_address(address)
        return parsed.is_loopback or parsed.is_private or parsed.is_link_local

    def _trusts(self, address: str) -> bool:
        if not self._trusted or not _is_address(address):
            return False
        parsed = ip_address(address)
        return any(parsed in network for network in self._trusted)


_LOOPBACK = frozenset({"127.0.0.1", "::1", ""})
"""An empty peer is a Unix socket: whoever opens it is on the machine."""


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
