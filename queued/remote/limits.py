"""How often a person, or an address, may try: whoever guesses or hoards is slow."""

from __future__ import annotations

import time
from collections.abc import Callable

from aiohttp import web

from queued.server.limits import Addresses, Buckets, refuse_if

PERSON_PER_MINUTE = 6
"""Takes, check-ins, bookings of one person: mistakes are corrected in seconds, a code of six
digits is not found in a lifetime."""

STRANGER_PER_MINUTE = 30
"""Codes of appointments that do not exist, from one address: they are copied, not typed."""


class Tries:
    """Counts what is tried. Raises `Problem` too_many_requests."""

    def __init__(
        self,
        addresses: Addresses,
        per_address_minute: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._addresses = addresses
        self._people = Buckets(PERSON_PER_MINUTE, burst=PERSON_PER_MINUTE, clock=clock)
        self._from = Buckets(per_address_minute, burst=per_address_minute, clock=clock)
        self._strangers = Buckets(STRANGER_PER_MINUTE, burst=STRANGER_PER_MINUTE, clock=clock)

    def person(self, request: web.Request, digest: str) -> None:
        """Somebody tries something."""
        address = self._addresses.limited(request)
        if address is not None:
            refuse_if(self._from.take(address))
        refuse_if(self._people.take(digest))

    def unknown(self, request: web.Request) -> None:
        """Somebody asked for what does not exist."""
        address = self._addresses.limited(request)
        if address is not None:
            refuse_if(self._strangers.take(address))
