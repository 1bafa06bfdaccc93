"""Who watches which device's line. The device process tells frames only while somebody does."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from msgspec.structs import replace

from drivers.jobs import FrameSeen, Order, WatchFrames
from queued.engine.clock import Clock
from queued.server.upkeep import TooManyWatch

WATCH_MS: Final = 45_000
"""The device process is asked for so long, and asked again before. It allows 60 s."""

RENEW_MS: Final = 15_000

WATCHERS_MAX: Final = 8
"""In the whole hall: more than it has technicians."""

FRAMES_WAITING_MAX: Final = 500
"""For one who reads slowly: ten seconds of a line at its busiest. The oldest are left out."""


class FrameWatch:
    """The watchers of one hall. `send` takes an order to the device process."""

    def __init__(self, clock: Clock, send: Callable[[Order], object]) -> None:
        self._clock = clock
        self._send = send
        self._watchers: dict[str, set[Watcher]] = {}
        self._asked: dict[str, int] = {}

    @contextlib.contextmanager
    def watch(self, device: str) -> Iterator[Watcher]:
        """One who watches `device`. Raises `TooManyWatch`."""
        if sum(map(len, self._watchers.values())) >= WATCHERS_MAX:
            raise TooManyWatch(device)
        watcher = Watcher(lambda: self._ask(device))
        mine = self._watchers.setdefault(device, set())
        mine.add(watcher)
        self._ask(device, again=True)
        try:
            yield watcher
        finally:
            mine.discard(watcher)
            if not mine:
                self._watchers.pop(device, None)
                self._asked.pop(device, None)
                self._send(WatchFrames(device, 0))

    def on_report(self, frame: FrameSeen) -> None:
        """For everybody who watches its device."""
        for watcher in self._watchers.get(frame.device, ()):
            watcher.put(frame)

    def on_up(self) -> None:
        """The device process is new and watches nothing."""
        for device in self._watchers:
            self._ask(device, again=True)

    def _ask(self, device: str, again: bool = False) -> None:
        now = self._clock.now()
        if again or now - self._asked.get(device, 0) >= RENEW_MS:
            self._asked[device] = now
            self._send(WatchFrames(device, now + WATCH_MS))


class Watcher:
    """Somebody who watches a line. `renew` keeps the watch alive."""

    def __init__(self, renew: Callable[[], None]) -> None:
        self._renew = renew
        self._frames: deque[FrameSeen] = deque()
        self._some = asyncio.Event()
        self._left_out = 0

    def put(self, frame: FrameSeen) -> None:
        """A frame was seen."""
        if len(self._frames) >= FRAMES_WAITING_MAX:
            self._left_out += 1 + self._frames.popleft().left_out
        self._frames.append(frame)
        self._some.set()

    async def frame(self, seconds: float) -> FrameSeen | None:
        """The next frame, with how many before it were left out; None after `seconds`."""
        self._renew()
        if not self._frames:
            self._some.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._some.wait()
            except TimeoutError:
                return None
        frame, left_out = self._frames.popleft(), self._left_out
        self._left_out = 0
        return replace(frame, left_out=frame.left_out + left_out) if left_out else frame
