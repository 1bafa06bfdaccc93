"""The task of a pad, an evaluator, a keypad or a card reader: it listens and tells.

Every press and card gets an id of its own here, which no restart repeats, so that whoever acts
on it can do so once. A question for a rating is answered by the first grade in time, else by
"none", also when the device is away: nobody waits for ever for a visitor who has left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from drivers.device_task import DeviceTask, Driver, World
from drivers.input_event import Card, CardTrouble, Graded, InputEvent, KeyPress
from drivers.jobs import (
    AskRating,
    CardRead,
    CardUnread,
    DeviceConfig,
    Grade,
    PadPressed,
    PadShow,
    Rated,
)

RATING_S_MAX = 600.0
"""A visitor who has not answered after ten minutes has left."""


class InputDevice(Driver, Protocol):
    """What the drivers of inputs offer."""

    async def events(self) -> Sequence[InputEvent]:
        """What happened next; waits for it, for ever if need be. Raises `DeviceError`."""
        ...

    async def show(self, order: PadShow) -> None:
        """Show it, if there is a display. Also while `events` waits. Raises `DeviceError`."""
        ...


@dataclass(frozen=True, slots=True)
class _Asking:
    order: AskRating
    alarm: asyncio.Task[None]


class InputTask(DeviceTask):
    """Runs one input."""

    def __init__(self, config: DeviceConfig, world: World, make: Callable[[], InputDevice]) -> None:
        super().__init__(config, world)
        self._make = make
        self._device: InputDevice | None = None
        self._display: PadShow | None = None
        self._to_show: PadShow | None = None
        self._asking: _Asking | None = None
        # The wall clock and chance: neither a restart nor a clock set back repeats an id.
        self._life = f"{world.clock.now_ms():x}{int(world.chance() * 0xFFFFFFFF):08x}"
        self._ids = 0

    # ── what is asked ──

    def show(self, order: PadShow) -> None:
        """Show this; the newest wins, but a verdict on a press is not lost to what came after."""
        pending = self._to_show
        if order.ok is None and pending is not None:
            order = msgspec.structs.replace(order, ok=pending.ok)
        self._to_show = order
        self._display = PadShow(order.device, order.number, order.waiting)
        self.wake.set()

    def ask(self, order: AskRating) -> None:
        """Wait for a grade. A question still open ends without one."""
        self._end_asking("none")
        alarm = asyncio.create_task(self._give_up(order), name=f"rating {self.config.id}")
        self._asking = _Asking(order, alarm)

    def stop(self) -> None:
        """A question still open ends without a grade."""
        self._end_asking("none")
        super().stop()

    # ── life ──

    def make(self) -> Driver:
        self._device = self._make()
        return self._device

    def drop(self) -> None:
        self._device = None

    async def serve(self) -> None:
        device = self._device
        assert device is not None
        self.happened("opened")
        if self._to_show is None:
            self._to_show = self._display  # a display that lost its power lost its text
        self.wake.set()
        listening = asyncio.ensure_future(device.events())
        try:
            while not self.stopping:
                await self._either(listening)
                if listening.done():
                    for event in listening.result():
                        self._tell_of(event)
                    listening = asyncio.ensure_future(device.events())
                while (order := self._to_show) is not None:
                    self._to_show = None
                    await self.limited("showing", device.show(order), self.call_limit_s())
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _either(self, listening: asyncio.Future[Sequence[InputEvent]]) -> None:
        """Until something happened or is to be done."""
        woken = asyncio.ensure_future(self.wake.wait())
        try:
            await asyncio.wait((listening, woken), return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
        self.wake.clear()

    def _tell_of(self, event: InputEvent) -> None:
        at_ms = self.world.clock.now_ms()
        match event:
            case KeyPress(action, number, waited_ms):
                self.count("pressed")
                heard_ms = at_ms - waited_ms
                press = PadPressed(self.config.id, self._next_id(), action, number, heard_ms)
                self.world.report(press)
            case Graded(grade):
                self.count("rated")
                if self._asking is None:
                    self.world.report(Rated(self.config.id, grade, "", at_ms))
                else:
                    self._end_asking(grade)
            case Card(digest, masked_name, sex):
                self.count("cards")
                card = CardRead(self.config.id, self._next_id(), digest, masked_name, sex, at_ms)
                self.world.report(card)
            case CardTrouble(why):
                self.count("unread")
                unread = CardUnread(self.config.id, self._next_id(), why, at_ms)
                self.world.report(unread)

    def _next_id(self) -> str:
        self._ids += 1
        return f"{self.config.id}-{self._life}-{self._ids}"

    # ── ratings ──

    async def _give_up(self, order: AskRating) -> None:
        await self.world.clock.sleep(min(max(order.timeout_s, 0.0), RATING_S_MAX))
        self._end_asking("none")

    def _end_asking(self, grade: Grade) -> None:
        asking, self._asking = self._asking, None
        if asking is None:
            return
        if asking.alarm is not asyncio.current_task():
            asking.alarm.cancel()
        at_ms = self.world.clock.now_ms()
        self.world.report(Rated(self.config.id, grade, asking.order.ask, at_ms))
