"""Clerks at call pads, and visitors at evaluators, in the simulated day.

A pad repeats what was not acknowledged, now and then bounces, and gives up; a clerk who sees no
lamp presses again. Everything goes over the wires of `simulated_lines`.
"""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

from drivers import hallpad68 as wire
from drivers.emulators.hallpad68 import HallPad68
from drivers.pad import GRADES
from tests.simulation.input_auditor import Press
from tests.simulation.simulated_lines import Powered

KEYS = {
    "call-next": (wire.KEY_CALL,),
    "recall": (wire.KEY_RECALL,),
    "start": (wire.KEY_START,),
    "undo": (wire.KEY_CANCEL,),
    "miss": (5, wire.KEY_FUNCTION),
    "open": (2, wire.KEY_FUNCTION),
    "pause": (0, wire.KEY_FUNCTION),
}
GRADE_NAMES = dict(pair.split("=") for pair in GRADES.split())
REPEAT_S = 0.4
TRIES = 5
BOUNCES = 0.1
LAMP_S = 8.0
"""A clerk looks at the lamp for so long."""
LOOK_S = 0.05
RECOVERS_S = 75.0
"""So long after a fault a pad may still be unheard: its driver waits before it tries again."""


class PadClerk:
    """Somebody at the window of a pad. `day` is the `DeviceDay`."""

    def __init__(self, day: Any, device: str, powered: Powered, random: Random) -> None:
        self._day = day
        self._device = device
        self._powered = powered
        self._pad: HallPad68 = powered.emulator
        self._random = random

    async def work(self) -> None:
        """All day."""
        random = self._random
        await self.press("open")
        while True:
            await asyncio.sleep(random.uniform(3, 40))
            if random.random() < 0.03:
                await self.press("pause")
                await self._rated()
                await asyncio.sleep(random.uniform(60, 600))
                await self.press("open")
            called = await self.press("call-next")
            await self._rated()
            if not called:
                await asyncio.sleep(random.uniform(10, 60))
                await self.press("open")  # a new day closes all windows
                continue
            await asyncio.sleep(random.uniform(2, 20))
            while random.random() < 0.3:
                await self.press("recall")
                await asyncio.sleep(random.uniform(2, 20))
            if (chance := random.random()) < 0.1:
                await self.press("miss" if chance < 0.07 else "undo")
                continue
            await self.press("start")
            await asyncio.sleep(min(900.0, random.expovariate(1 / 200)))

    async def press(self, key: str) -> bool | None:
        """What the lamp says within `LAMP_S`; None if it stays dark."""
        if not self._powered.on:
            await asyncio.sleep(LAMP_S)
            return None
        press = Press(self._device, key, self._day.clock.now_ms())
        self._pressed(press)
        lamps = len(self._pad.verdicts)
        await self._key(wire.Frame(self._pad.address, wire.PRESS, bytes(KEYS[key])), press)
        for _ in range(round(LAMP_S / LOOK_S)):
            if len(self._pad.verdicts) > lamps:
                press.verdict = self._pad.verdicts[-1]
                break
            await asyncio.sleep(LOOK_S)
        return press.verdict

    async def _rated(self) -> None:
        """The visitor who leaves may press a grade; a clerk waits for that."""
        if self._random.random() > 0.7 or not self._powered.on:
            return
        await asyncio.sleep(self._random.uniform(0.7, 6))
        if not self._powered.on or not self._day.was_served(self._device):
            return
        grade = self._random.randrange(wire.GRADES)
        press = Press(self._device, f"grade {GRADE_NAMES[str(grade)]}", self._day.clock.now_ms())
        self._pressed(press)
        address = self._pad.address + wire.EVALUATOR
        await self._key(wire.Frame(address, wire.GRADE, bytes([grade])), press)

    def _pressed(self, press: Press) -> None:
        sick = self._day.audit.health.get(self._device)
        # Somewhat wrong now, or until a moment ago: the line is being opened again.
        press.excused = sick is not None and (
            sick.faults > 0 or self._day.now_s() < sick.well_since + RECOVERS_S
        )
        self._day.inputs.pressed(press)

    async def _key(self, frame: wire.Frame, press: Press) -> None:
        """The pad says it until it is acknowledged, or gives up."""
        pad, random = self._pad, self._random
        done = pad.acknowledged.count(frame)
        pad.unacknowledged[:] = [frame]
        for _ in range(TRIES):
            for _ in range(2 if random.random() < BOUNCES else 1):  # a contact that bounces
                if self._powered.on:
                    self._powered.push(wire.encode(frame))
                await asyncio.sleep(0.02)
            for _ in range(round(REPEAT_S / LOOK_S)):
                if pad.acknowledged.count(frame) > done:
                    press.acknowledged = self._day.clock.now_ms()
                    pad.acknowledged.clear()
                    pad.unacknowledged.clear()
                    return
                await asyncio.sleep(LOOK_S)
        pad.unacknowledged.clear()
