"""Identity cards laid on the readers of a hall, known for a minute and in memory only."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakValueDictionary

from drivers.jobs import CardRead, CardUnread, DeviceReport, Report
from queued.server.problems import Problem
from queued.settings_values import READERS, DeviceSettings

KEPT_S: Final = 60.0
"""From the card to the number; whoever takes longer lays the card down again."""

UNREAD_S: Final = 10.0
"""So long it is worth telling that a card could not be read: then its owner has gone, or laid it
down again."""

READS_MAX: Final = 500
"""Reads known at once: more than a minute of all readers of a hall."""

WAIT_S: Final = 25.0
"""Of a long poll: below what proxies cut."""

WAITERS_MAX: Final = 8
"""Long polls on one reader: its kiosk, and those that were reloaded a moment ago."""


_FLAWS: Final[Mapping[str, str]] = {"ready": "back", "degraded": "away", "broken": "away"}
"""What a kiosk is told when its reader is so."""


@dataclass(frozen=True, slots=True)
class Read:
    """A card somebody laid down a moment ago; with `flaw`, one that could not be read."""

    device: str
    read_id: str
    digest: str = field(repr=False)
    masked_name: str = field(repr=False)
    until: float = field(repr=False)
    flaw: str = ""


class Readers:
    """The readers of one hall and what lies on them. `monotonic` is in seconds."""

    def __init__(
        self,
        devices: Sequence[DeviceSettings] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._readers = {one.id: one for one in devices if one.kind in READERS}
        self._monotonic = monotonic
        self._reads: dict[str, Read] = {}
        self._newest: dict[str, Read] = {}
        self._arrived: dict[str, asyncio.Event] = {id_: asyncio.Event() for id_ in self._readers}
        self._states: dict[str, str] = {}
        self._waiting = dict.fromkeys(self._readers, 0)
        self._alone: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._closed = False

    @property
    def devices(self) -> Mapping[str, DeviceSettings]:
        """The readers by their device ids."""
        return self._readers

    def on_report(self, report: Report) -> None:
        """A listener of the device process."""
        if not isinstance(report, CardRead | CardUnread | DeviceReport):
            return
        if report.device not in self._readers:
            return
        if isinstance(report, DeviceReport):
            self._changed(report.device, report.state)
            return
        self._forget_old()
        if isinstance(report, CardUnread):
            soon = self._monotonic() + UNREAD_S
            self._tell(Read(report.device, report.read_id, "", "", soon, report.why))
            return
        until = self._monotonic() + KEPT_S
        read = Read(report.device, report.read_id, report.digest, report.masked_name, until)
        self._reads[read.read_id] = read
        if len(self._reads) > READS_MAX:
            self._drop(next(iter(self._reads.values())))
        asyncio.get_running_loop().call_later(KEPT_S, self._forget_old)
        self._tell(read)

    def _changed(self, device: str, state: str) -> None:
        """A reader that does not answer is no place to lay a card on."""
        flaw = _FLAWS.get(state)
        if flaw is not None and flaw != self._states.get(device):
            self._states[device] = flaw
            name = f"{flaw}-{self._monotonic()}"
            self._tell(Read(device, name, "", "", math.inf, flaw))

    def _tell(self, read: Read) -> None:
        self._newest[read.device] = read
        self._arrived[read.device].set()

    def known(self, read_id: str) -> Read | None:
        """The read, if it is not too long ago."""
        self._forget_old()
        return self._reads.get(read_id)

    def used(self, read: Read) -> None:
        """A ticket was taken with it: it is not offered to the next visitor."""
        if self._newest.get(read.device) is read:
            del self._newest[read.device]

    async def next(self, device: str, after: str) -> Read | None:
        """The card on a reader, other than the read `after`, or that it could not be read; waits
        for it up to `WAIT_S`. That the reader answers is no news to who heard nothing before.

        Raises `Problem` too_many_requests if too many wait there already.
        """
        if self._waiting[device] >= WAITERS_MAX:
            raise Problem("too_many_requests", headers={"Retry-After": "5"})
        self._waiting[device] += 1
        try:
            async with asyncio.timeout(WAIT_S):
                while not self._closed:
                    self._forget_old()
                    read = self._newest.get(device)
                    if read is not None and self._is_news(read, after):
                        return read
                    self._arrived[device].clear()
                    await self._arrived[device].wait()
        except TimeoutError:
            pass
        finally:
            self._waiting[device] -= 1
        return None

    def _is_news(self, read: Read, after: str) -> bool:
        if read.flaw == "back" and not after:
            return False
        return read.read_id != after and read.until > self._monotonic()

    def alone(self, digest: str) -> asyncio.Lock:
        """Held while one person takes a number: two kiosks at once are one after the other."""
        lock = self._alone.get(digest)
        if lock is None:
            lock = self._alone[digest] = asyncio.Lock()
        return lock

    def close(self) -> None:
        """End every long poll: the server stops."""
        self._closed = True
        for arrived in self._arrived.values():
            arrived.set()

    def _forget_old(self) -> None:
        now = self._monotonic()
        for read in [read for read in self._reads.values() if read.until <= now]:
            self._drop(read)

    def _drop(self, read: Read) -> None:
        del self._reads[read.read_id]
        self.used(read)
