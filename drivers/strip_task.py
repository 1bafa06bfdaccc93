"""A strip's task: the newest text wins, and a strip that comes back gets the present.

Level-triggered: there is one wanted text and no queue. What was wanted while the strip was
away, and is not wanted any more, is never shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from drivers.device import DeviceBroken, DeviceError, Transport
from drivers.device_task import DeviceTask, Driver, World
from drivers.jobs import DeviceConfig, ShowText, StripShown

IDLE_CHECK_S = 20.0
"""A strip is pinged so often."""
REFRESH_CHECKS = 3
"""Every third time it is sent its text again instead: a strip that lost its power between two
looks lost its text and does not say so. A running text starts anew once a minute, no more."""
REFUSED_PAUSE_S = 60.0
"""A text refused by the card will be refused again; the next text is tried at once."""


class TextStrip(Driver, Protocol):
    """What every family of strips offers (`strip_kinds.py`)."""

    async def check(self) -> None:
        """Whether it answers. Raises `DeviceError`."""
        ...

    async def show(self, text: str, flash: bool = False) -> str:
        """Returns what can be read on the wall. Raises `DeviceError`."""
        ...


class StripDriver(Protocol):
    """A family's driver class, as the registry calls it."""

    def __call__(
        self,
        config: DeviceConfig,
        transport: Transport,
        turn: asyncio.Lock | None = None,
        byte_s: float = 0.0,
    ) -> TextStrip:
        """Raises `DeviceBroken` (`bad_option`) naming the option."""
        ...


class StripTask(DeviceTask):
    """Keeps one strip showing what is wanted."""

    def __init__(self, config: DeviceConfig, world: World, make: Callable[[], TextStrip]) -> None:
        super().__init__(config, world)
        self._make = make
        self._strip: TextStrip | None = None
        self._wanted: ShowText | None = None

    def show(self, order: ShowText) -> None:
        """Show this from now on."""
        self._wanted = order
        self.wake.set()

    def make(self) -> Driver:
        self._strip = self._make()
        return self._strip

    def drop(self) -> None:
        self._strip = None

    async def serve(self) -> None:
        strip = self._strip
        assert strip is not None
        self.happened("opened")
        shown: ShowText | None = None  # whatever it shows, it may be of yesterday
        checks = 0
        while not self.stopping:
            wanted = self._wanted
            if wanted is not None and wanted != shown:
                text = await self._show(strip, wanted)
                if text is not None:
                    shown = wanted
                    self.world.report(StripShown(self.config.id, text))
            elif not await self.rest(IDLE_CHECK_S):
                checks += 1
                if shown is not None and checks % REFRESH_CHECKS == 0:
                    await self._show(strip, shown)
                else:
                    await self.limited("asking the strip", strip.check(), self.call_limit_s())

    async def _show(self, strip: TextStrip, wanted: ShowText) -> str | None:
        """What can be read on the wall now; None if the card refused it."""
        try:
            text = await self.limited(
                "showing", strip.show(wanted.text, wanted.flash), self.call_limit_s()
            )
        except DeviceBroken as error:
            if error.code != "refused":
                raise
            await self._refused(error, wanted)
            return None
        self.count("shown")
        if self.link.state != "ready":
            self.happened("opened")
        return text

    async def _refused(self, error: DeviceError, wanted: ShowText) -> None:
        """The card is there: keep the line and wait for another text."""
        self.failed(error)
        self.wake.clear()
        if self._wanted == wanted:
            await self.rest(REFUSED_PAUSE_S)
