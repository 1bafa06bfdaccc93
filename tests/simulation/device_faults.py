"""What goes wrong in the simulated day: on the wires, in the devices, with their process.

Every fault has a beginning and an end, of which the auditors are told.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from random import Random

from drivers.clips import clip_path
from drivers.emulators.escpos import PrinterEmulator
from drivers.emulators.voice_module import VoiceModule
from tests.simulation.device_auditor import DeviceAudit
from tests.simulation.device_hall import CARD, PAGE, RESTART_S, SimulatedLink
from tests.simulation.input_auditor import InputAudit
from tests.simulation.simulated_lines import LineTrouble, Powered, SimulatedLine
from tests.simulation.simulated_sound import SimulatedPage
from tests.simulation.simulated_time import LoopClock

CALM_S = 1500.0
"""Mean time between two faults of one line or one device."""
KILLED_S = 900.0
"""Mean life of the device process."""

def _paper_runs_out(emulator: PrinterEmulator, random: Random) -> None:
    emulator.faults.dots_left = random.randint(1, 900)


PRINTER_FAULTS: dict[str, Callable[[PrinterEmulator, Random], None]] = {
    "power": lambda emulator, random: None,
    "paper out": lambda emulator, random: setattr(emulator.faults, "paper", "out"),
    "paper near its end": lambda emulator, random: setattr(emulator.faults, "paper", "near_end"),
    "paper out midway": _paper_runs_out,
    "cover open": lambda emulator, random: setattr(emulator.faults, "cover_open", True),
    "cutter jam": lambda emulator, random: setattr(emulator.faults, "jams_at_cut", True),
    "stuck": lambda emulator, random: setattr(emulator.faults, "stuck", True),
    "silent": lambda emulator, random: setattr(emulator.faults, "silent", True),
    "dies": lambda emulator, random: setattr(emulator.faults, "dies_after", random.randint(0, 900)),
}


class DeviceFaults:
    """Sources of trouble, each for itself; a part of `DeviceDay`, which has what they act on."""

    audit: DeviceAudit
    inputs: InputAudit
    clock: LoopClock
    link: SimulatedLink
    lines: Mapping[str, SimulatedLine]
    devices: Mapping[str, Powered]
    page: SimulatedPage
    clips: Path
    happened: Counter[str]

    def now_s(self) -> float:
        """Simulated seconds since the beginning."""
        return asyncio.get_running_loop().time()

    def _fork(self) -> Random:
        raise NotImplementedError

    async def deaths(self) -> None:
        """The device process is killed and comes back."""
        random, everybody = self._fork(), (*self.devices, CARD, PAGE)
        while True:
            await asyncio.sleep(random.expovariate(1 / KILLED_S))
            await self._lasting("process killed", everybody, self._dead(random))

    async def _dead(self, random: Random) -> None:
        self.link.kill()
        try:
            await asyncio.sleep(random.choice(RESTART_S))
        finally:
            self.link.start()

    def line_faults(self) -> list[Awaitable[None]]:
        """One source of trouble for every line."""
        return [self._line_faults(line, self._fork()) for line in self.lines.values()]

    async def _line_faults(self, line: SimulatedLine, random: Random) -> None:
        # Only a printer tells its host to wait; other lines have no handshake.
        waits = isinstance(line.devices[0].emulator, PrinterEmulator)
        kinds = ["silent", "late", "garbled", "split", "unplugged", *["deaf"] * waits]
        while True:
            await asyncio.sleep(random.expovariate(1 / CALM_S))
            kind = random.choice(kinds)
            ids = [device.id for device in line.devices if kind != "split"]
            await self._lasting(f"line {kind}", ids, self._line_fault(line, kind, random))

    async def _line_fault(self, line: SimulatedLine, kind: str, random: Random) -> None:
        try:
            if kind == "unplugged":
                line.unplug()
            elif kind == "late":
                line.trouble.late_s = random.choice([0.1, 0.6, 1.5, 4.0])
            else:
                setattr(line.trouble, kind, True)
            await asyncio.sleep(min(300.0, random.expovariate(1 / 40)))
        finally:
            line.plug()
            line.hear_again()
            line.trouble = LineTrouble()

    def device_faults(self) -> list[Awaitable[None]]:
        """One source of trouble for every device."""
        return [self._device_faults(device, self._fork()) for device in self.devices.values()]

    async def _device_faults(self, device: Powered, random: Random) -> None:
        often = CALM_S / 2 if isinstance(device.emulator, PrinterEmulator) else CALM_S * 2
        while True:
            await asyncio.sleep(random.expovariate(1 / often))
            kinds: Sequence[str] = ("power",)
            if isinstance(device.emulator, PrinterEmulator):
                kinds = tuple(PRINTER_FAULTS)
            elif isinstance(device.emulator, VoiceModule):
                kinds = ("power", "damages", "unheeded", "deaf module")
            kind = random.choice(kinds)
            fault = getattr(self, "_" + kind.replace(" ", "_"), None)
            work = fault(device, random) if fault else self._printer(device, kind, random)
            await self._lasting(kind, (device.id,), work)

    async def _power(self, device: Powered, random: Random) -> None:
        device.on = False
        try:
            await asyncio.sleep(random.choice([0.5, 5.0, 40.0, 120.0]))
        finally:
            self._back(device)

    def _back(self, device: Powered) -> None:
        device.on = True
        started = device.emulator.power_cycle()
        if isinstance(device.emulator, VoiceModule):
            device.emulator.cut_off.clear()  # by the power, not by a driver
            device.push(started)

    async def _damages(self, device: Powered, random: Random) -> None:
        device.emulator.faults.damages = random.randint(1, 4)

    async def _unheeded(self, device: Powered, random: Random) -> None:
        device.emulator.faults.unheeded = random.randint(1, 2)

    async def _deaf_module(self, device: Powered, random: Random) -> None:
        device.emulator.faults.deaf = True
        try:
            await asyncio.sleep(random.uniform(5, 120))
        finally:
            device.emulator.faults.deaf = False

    async def _printer(self, device: Powered, kind: str, random: Random) -> None:
        emulator: PrinterEmulator = device.emulator
        PRINTER_FAULTS[kind](emulator, random)
        try:
            await asyncio.sleep(random.uniform(5, 240))
        finally:
            if kind == "dies":
                self._back(device)
            for name in ("cover_open", "cutter_jam", "jams_at_cut", "stuck", "offline", "silent"):
                setattr(emulator.faults, name, False)
            emulator.faults.paper, emulator.faults.dots_left = "ok", None
            # What waited behind the fault is printed now.
            line = next(one for one in self.lines.values() if device in one.devices)
            line.say(device.feed(b""))

    async def _lasting(self, kind: str, devices: Sequence[str], fault: Awaitable[None]) -> None:
        """A fault that the auditor knows of, from its beginning to its end."""
        self.happened[kind] += 1
        for device in devices:
            self.audit.sick(device)
            self.inputs.fault(device, self.clock.now_ms())
        try:
            await fault
        finally:
            for device in devices:
                self.audit.well(device, self.now_s())
                self.inputs.fault(device, self.clock.now_ms())

    # ── Sound without a module ──

    async def card_faults(self) -> None:
        """The sound card and its player."""
        random = self._fork()
        while True:
            await asyncio.sleep(random.expovariate(1 / CALM_S))
            kind = random.choice(("fails", "fails midway", "hangs", "clip missing"))
            await self._lasting(f"card {kind}", (CARD,), self._card(kind, random))

    async def _card(self, kind: str, random: Random) -> None:
        clip = clip_path(self.clips, "zh", "please")
        away = clip.with_suffix(".away")
        if kind == "clip missing":
            clip.rename(away)
        else:
            self.link.card.trouble = kind  # type: ignore[assignment]
        try:
            await asyncio.sleep(random.uniform(5, 120))
        finally:
            self.link.card.trouble = ""
            if away.exists():
                away.rename(clip)

    async def page_faults(self) -> None:
        """The page that speaks, its browser and its stream."""
        random, page = self._fork(), self.page
        page.open()
        while True:
            await asyncio.sleep(random.expovariate(1 / CALM_S))
            kind = random.choice(
                ("closed", "blocked", "mute", "interrupted", "language", "reload", "stream")
            )
            await self._lasting(f"page {kind}", (PAGE,), self._page(kind, random))

    async def _page(self, kind: str, random: Random) -> None:
        page = self.page
        if kind in ("closed", "reload"):
            page.close()
        elif kind == "stream":
            page.disconnect()
        if kind != "reload" and kind != "stream":
            page.trouble = kind  # type: ignore[assignment]
        try:
            quick = kind in ("reload", "stream")
            await asyncio.sleep(random.uniform(0.05, 3) if quick else random.uniform(5, 120))
        finally:
            page.trouble = ""
            if kind in ("closed", "reload"):
                page.open()
            elif kind == "stream":
                page.connect()
