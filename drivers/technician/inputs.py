"""`read-card` and `press`: wait for a card or a key and tell it.

Of a card nobody sees more than leaves the driver: a masked name, and the beginning of a digest.
"""

from __future__ import annotations

import os
import secrets
import time

from drivers.jobs import CardRead, DeviceConfig, PadPressed, PadShow, Rated, Report
from drivers.reader import SECRET_NAME
from drivers.technician.session import NothingHappened, NotWorking, session
from drivers.technician.telling import Teller

DIGEST_CHARS = 8
"""Enough to see that the same card gives the same digest."""


async def read_card(config: DeviceConfig, tell: Teller, seconds: float) -> None:
    """Wait for one card. Raises `NotWorking` (`no_card` if none came in time)."""
    if "secret" not in config.options and not os.environ.get(SECRET_NAME):
        # A trial needs a key, not the hall's: with another one nothing can be traced to anybody.
        tell("card.own_secret")
        options = {**config.options, "secret": secrets.token_hex(16)}
        config = DeviceConfig(config.id, config.kind, config.port, options)
    async with session(config) as it:
        await it.connected()
        tell("card.lay", seconds=round(seconds))

        def read(report: Report) -> CardRead | None:
            return report if isinstance(report, CardRead) else None

        try:
            card = await it.until(read, seconds)
        except NothingHappened:
            raise NotWorking("no_card") from None
        tell("card.read", name=card.masked_name, digest=card.digest[:DIGEST_CHARS])


async def press(config: DeviceConfig, tell: Teller, seconds: float, most: int) -> None:
    """Tell every key for `seconds`, at most `most`. Raises `NotWorking` (`no_press`: none)."""
    count = 0
    async with session(config) as it:
        await it.connected()
        tell("press.now", seconds=round(seconds))
        deadline = time.monotonic() + seconds

        def pressed(report: Report) -> PadPressed | Rated | None:
            return report if isinstance(report, PadPressed | Rated) else None

        while count < most and (left := deadline - time.monotonic()) > 0:
            try:
                found: PadPressed | Rated = await it.until(pressed, left)
            except NothingHappened:
                break
            count += 1
            if isinstance(found, Rated):
                tell("press.grade", grade=found.grade)
            else:
                tell("press.key", action=found.action, number=found.number or "-")
                it.order(PadShow(config.id, found.number, ok=True))
    if not count:
        raise NotWorking("no_press")
    tell("press.done", count=count)
