"""A day of devices from one seed: visitors, clerks, staff with paper, and everything that fails.

The seed decides all of it. People act through the actor as the server would; faults act on the
wires, on the emulators and on the device process. The auditor is told of every fault, looks at
every wall, and gets every sheet of paper.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from drivers.emulators.escpos import PrinterEmulator
from drivers.emulators.voice_module import VoiceModule
from drivers.jobs import NotSpoken, Report, Spoken
from queued.core import commands as c
from queued.core.events import ServiceFinished
from queued.core.model import TicketId
from queued.core.plan import QueueId, WindowId
from queued.core.refusals import Refused
from queued.engine.bus import Committed
from queued.outputs import device_config
from queued.settings_values import DeviceSettings
from tests.simulation.device_auditor import DeviceAudit, Row
from tests.simulation.device_faults import DeviceFaults
from tests.simulation.device_hall import (
    BLIND,
    CARD,
    HASTY,
    PAD_WINDOWS,
    PAGE,
    QUIET,
    ZONES,
    InlineDatabase,
    SimulatedHall,
    SimulatedLink,
    furniture,
    lines_of,
    zone_of,
)
from tests.simulation.device_inputs import PadClerk
from tests.simulation.input_auditor import InputAudit
from tests.simulation.simulated_sound import SimulatedPage, make_clips
from tests.simulation.simulated_time import LoopClock

BEGINS_AT = int(datetime(2026, 11, 23, 2, 30, tzinfo=UTC).timestamp()) * 1000
"""Half past ten in Shanghai: people come, and the quiet hours of zone c are near."""
LOOK_S = 5.0
"""The auditor looks at all walls so often."""
THERE_S = 9.0
"""A visitor who has been served stands before the evaluator for so long."""
SETTLE_S = 400.0
"""After the last fault everything must have come to its end."""
BUSY_PER_H = 700.0
"""Tickets an hour at the busiest time; a tenth of it at night."""
_QUIET_MINUTES = tuple(int(part[:2]) * 60 + int(part[3:]) for part in QUIET.split("-"))


@dataclass
class DeviceDay(DeviceFaults):
    """A run. `hours` simulated; faults stop `SETTLE_S` before the end."""
    seed: int
    folder: Path
    hours: float = 24.0
    happened: Counter[str] = field(default_factory=Counter)
    """Faults and reprints, by kind."""

    async def run(self) -> DeviceAudit:
        """The day, and what the auditor found."""
        self.random = Random(self.seed)
        self.clock = LoopClock(BEGINS_AT)
        self.clips = make_clips(self.folder / "clips")
        self.settings = furniture(self.clips)
        self.lines = lines_of(self.settings, self.clock, self.random)
        configs = [device_config(device) for device in self.settings.devices]
        self.link = SimulatedLink(configs, self.lines, self.clock, Random(self.random.random()))
        self.database = InlineDatabase(self.folder)
        self.hall = SimulatedHall(self.settings, self.database, self.link, self.clock)
        names = {window.id: window.name for window in self.settings.windows}
        self.audit = DeviceAudit(names, frozenset({BLIND}), frozenset({HASTY}))
        self.devices = {one.id: one for line in self.lines.values() for one in line.devices}
        self.inputs = InputAudit({pad: window for window, pad in PAD_WINDOWS.items()})
        self.finished: dict[str, float] = {}
        self._seq = 0
        self._watch()
        await self.hall.start()
        self.page = SimulatedPage(PAGE, self.hall.speakers, self._said)
        self.hall.bus.listen(self._see_who_leaves)
        people = _start(self.visitors(), self.reprints(), self.looks(), *self.clerks())
        sources = (self.deaths(), self.card_faults(), self.page_faults())
        faults = _start(*sources, *self.line_faults(), *self.device_faults())
        await asyncio.sleep(self.hours * 3600 - SETTLE_S)
        for doing, then_s in ((faults, SETTLE_S / 2), (people[:2], SETTLE_S / 2), (people[2:], 0)):
            for one in doing:
                await one.end()
            await asyncio.sleep(then_s)
        await self._close()
        return self.audit

    # ── People ────────────────────────────────────────────────────────────────────────────

    async def visitors(self) -> None:
        """They come all day, most of them in the late morning."""
        random = self._fork()
        while True:
            hour = 10.5 + self.now_s() / 3600
            share = 0.1 + 0.9 * max(0.0, math.sin((hour - 7) / 11 * math.pi))
            await asyncio.sleep(random.expovariate(BUSY_PER_H * share / 3600))
            queue = QueueId("q" + random.choice(ZONES))
            kiosk = f"kiosk:k{random.randint(1, 4)}"
            await self.give(c.IssueTicket(queue=queue, by=kiosk))

    def clerks(self) -> list[Awaitable[None]]:
        """One at every window, some of them at a call pad."""
        return [
            PadClerk(self, pad, self.devices[pad], self._fork()).work()
            if (pad := PAD_WINDOWS.get(window.id))
            else self.clerk(window.id, self._fork())
            for window in self.settings.windows
        ]

    def was_served(self, pad: str) -> bool:
        """Whether the visitor at the window of `pad` has just been served, and may be there."""
        return self.now_s() < self.finished.get(self.inputs.window_of[pad], -THERE_S) + THERE_S

    def _see_who_leaves(self, committed: Committed) -> None:
        for event in committed.events:
            if isinstance(event, ServiceFinished):
                self.finished[event.window] = self.now_s()

    async def clerk(self, window: str, random: Random) -> None:
        """Calls, calls again, serves, and goes for tea."""
        who: dict[str, Any] = {"window": WindowId(window), "by": f"clerk:{window}"}
        await self.give(c.OpenWindow(**who))
        while True:
            await asyncio.sleep(random.uniform(3, 40))
            chance = random.random()
            if chance < 0.02:
                await self.give(c.PauseWindow(**who))
                await asyncio.sleep(random.uniform(60, 900))
                await self.give(c.OpenWindow(**who))
            elif chance < 0.03:
                await self.give(c.CloseWindow(**who))
                await asyncio.sleep(random.uniform(600, 3600))
            if not await self.give(c.CallNext(**who)):
                await asyncio.sleep(random.uniform(20, 90))
                await self.give(c.OpenWindow(**who))  # a new day closes all windows
                continue
            await asyncio.sleep(random.uniform(2, 30))
            while random.random() < 0.25:
                await self.give(c.Recall(**who))
                await asyncio.sleep(random.uniform(2, 30))
            if (chance := random.random()) < 0.06:
                await self.give(c.MissTicket(**who) if chance < 0.04 else c.Undo(**who))
                continue
            await self.give(c.StartService(**who))
            await asyncio.sleep(min(1800.0, random.expovariate(1 / 400)))
            await self.give(c.FinishService(**who))

    async def give(self, command: c.Command) -> bool:
        """Whether the hall did it."""
        try:
            await self.hall.actor.submit(command)
        except Refused:
            return False
        return True

    async def reprints(self) -> None:
        """Staff look at the slips that failed, and ask for most of them again."""
        random, asked = self._fork(), set()
        while True:
            await asyncio.sleep(60)
            for row in self.rows():
                doubtful = row.status in ("failed", "expired") or row.reason == "unconfirmed"
                key = (row.day, row.ticket, row.created_at)
                likely = 0.05 if row.reason == "unconfirmed" else 0.8
                if not doubtful or key in asked or row.day != self.hall.actor.hall.day:
                    continue
                asked.add(key)
                if random.random() < likely:
                    self.happened["reprint asked"] += 1
                    where = self.settings.hall.id, row.day, TicketId(row.ticket)
                    await self.hall.slips.reprint(*where, "clerk:1")

    # ── What the auditor sees ─────────────────────────────────────────────────────────────

    async def looks(self) -> None:
        """He goes round all day."""
        strips = [one for one in self.settings.devices if "bus" in one.id]
        while True:
            await asyncio.sleep(LOOK_S)
            await self._read()
            for strip in strips:
                shows = self.devices[strip.id].emulator.text
                self.audit.wall(strip.id, strip.window, shows, self.now_s())

    async def _read(self) -> None:
        records = await self.hall.journal.read(self.settings.hall.id, self._seq, 1000)
        self._seq = records[-1].seq if records else self._seq
        self.audit.read(records, self.now_s())
        for record in records:
            self.inputs.read(record.type, json.loads(record.body))

    def rows(self) -> list[Row]:
        """The ledger of slips, read past the engine."""
        names = "day, ticket, number, device, status, reason, reprint, created_at, updated_at"
        found = self.database.rows(f"SELECT {names}, expires_at FROM slip ORDER BY created_at, job")
        return [Row(*row) for row in found]

    def _watch(self) -> None:
        for device in self.settings.devices:
            if (powered := self.devices.get(device.id)) is None:
                continue  # a sound card or a page
            if isinstance(powered.emulator, PrinterEmulator):
                powered.saw = self._paper_of(device.id, powered.emulator)
            elif isinstance(powered.emulator, VoiceModule):
                powered.saw = self._speech_of(device, powered.emulator)
        self.link.card.played = lambda words: self.audit.heard_words(CARD, words)
        self.link.listen = self._told

    def _said(self, text: str) -> None:
        self.audit.said(PAGE, self.clock.now_ms(), text, None)

    def _paper_of(self, device: str, emulator: PrinterEmulator) -> Callable[[], None]:
        def saw() -> None:
            for page in emulator.pages:
                self.audit.page(device, self.clock.now_ms(), page.text)
            emulator.pages.clear()

        return saw

    def _speech_of(self, device: DeviceSettings, emulator: VoiceModule) -> Callable[[], None]:
        quiet = _QUIET_MINUTES if "quiet" in device.options else None
        began = 0

        def saw() -> None:
            nonlocal began
            for text in emulator.spoken:
                self.audit.said(device.id, began, text, quiet)  # type: ignore[arg-type]
            emulator.spoken.clear()
            for text in emulator.cut_off:
                self.audit.found.append(f"{device.id} was cut off in {text!r}")
            emulator.cut_off.clear()
            if not emulator.speaking:
                began = 0
            elif not began:
                began = self.clock.now_ms()

        return saw

    def _told(self, report: Report) -> None:
        if isinstance(report, Spoken):
            now_ms = self.clock.now_ms()
            self.audit.told_spoken(report.device, report.job, report.text, now_ms)
        elif isinstance(report, NotSpoken):
            self.audit.told_unspoken(report.job)

    async def _close(self) -> None:
        await self._read()
        now_ms = self.clock.now_ms()
        self.inputs.close(now_ms)
        self.audit.found += self.inputs.found
        self.audit.found += ["the card played two at a time"] * self.link.card.overlaps
        self.audit.slips(self.rows(), now_ms)
        more = {"a": (CARD,), "b": (PAGE,)}
        voices = {zone: (f"v{zone}", *more.get(zone, ())) for zone in ZONES}
        voices_of = {one.id: voices[zone_of(one.id)] for one in self.settings.windows}
        waiting = tuple(self.hall.voices._pending)
        self.audit.voices(voices_of, self.hall.voices.counts, waiting, now_ms)
        await self.hall.stop()
        await self.database.close()

    def _fork(self) -> Random:
        return Random(self.random.random())


def _start(*works: Awaitable[None]) -> list[_Doing]:
    return [_Doing(work) for work in works]


class _Doing:
    """Somebody at work until told to end."""

    def __init__(self, work: Awaitable[None]) -> None:
        self._task = asyncio.ensure_future(work)

    async def end(self) -> None:
        """Raises what the work raised, if it failed before."""
        self._task.cancel()
        await asyncio.wait((self._task,))
        if not self._task.cancelled() and (error := self._task.exception()) is not None:
            raise error
