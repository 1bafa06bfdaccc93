"""A capture of a device's line, replayed: the driver must say the very same bytes again.

A capture is what the technician's page saves: a head, then orders and bytes as they were seen.
Replayed, the driver is given the orders at their places, hears what the device said then, and
every byte it sends is compared. The first difference ends the replay and shows both in hex. What
was sent is then read by the kind's strict emulator as well.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers import strip_kinds
from drivers.bus import Bus, BusHandle
from drivers.device import DeviceTransient
from drivers.jobs import DeviceConfig, Order, PadShow, PrintSlip, Say, ShowText, decode_order
from drivers.pad import Pad
from drivers.ports import VirtualPort
from drivers.printer import Printer
from drivers.registry import KINDS
from drivers.transport import Emulator, VirtualTransport
from drivers.voice import ModuleVoice
from drivers.voice_task import render

FORMAT = 1
SILENCE_S = 0.001
"""What a driver waits where the device kept silent."""
LIMIT_S = 20.0


class BadCapture(ValueError):
    """A file that is no whole capture; says which line and why."""


class Differs(AssertionError):
    """The driver says something else than was captured."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A line of a capture."""

    number: int
    at_ms: int
    direction: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Capture:
    """A capture: of which device, and what was seen."""

    config: DeviceConfig
    seen: tuple[Seen, ...]


def read(text: str) -> Capture:
    """The capture in a file. Raises `BadCapture`."""
    lines = text.splitlines()
    try:
        head = json.loads(lines[0])
        if head["capture"] != FORMAT or head["kind"] not in KINDS:
            raise BadCapture("line 1: not a capture of a kind and format known here")
        config = DeviceConfig(head["device"], head["kind"], "virtual://", head["options"])
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise BadCapture(f"line 1: {error}") from None
    return Capture(config, tuple(_seen(n, line) for n, line in enumerate(lines[1:], start=2)))


def _seen(number: int, line: str) -> Seen:
    try:
        told = json.loads(line)
        seen = Seen(number, told["at_ms"], told["direction"], bytes.fromhex(told["hex"]))
    except (KeyError, TypeError, ValueError) as error:
        raise BadCapture(f"line {number}: {error}") from None
    if told.get("left_out") or told.get("length", len(seen.data)) != len(seen.data):
        raise BadCapture(f"line {number}: frames or bytes are missing, it cannot be replayed")
    if seen.direction not in ("out", "in", "order"):
        raise BadCapture(f"line {number}: direction {seen.direction!r}")
    return seen


class ReplayTransport:
    """Before `begin`, a line to an emulator (the capture began on an open line); then the capture.

    `now` is the capture's own time in seconds: silence passes at once.
    """

    def __init__(self, capture: Capture, before: Emulator) -> None:
        self._before = VirtualTransport(before)
        self._seen = list(capture.seen)
        self._offset = 0
        """Bytes of the first frame that the driver has said already."""
        self._begun = False
        self._now = 0.0
        self.orders: list[Order] = []
        """Orders whose place has come."""
        self.failure: Differs | None = None

    def begin(self) -> None:
        """From now on the capture speaks."""
        self._begun = True
        self._now = self._seen[0].at_ms / 1000 if self._seen else 0.0
        self._pass_orders()

    def now(self) -> float:
        """The capture's time in seconds."""
        return self._now

    @property
    def next(self) -> Seen | None:
        """What comes next, orders aside; None at the end."""
        return self._seen[0] if self._seen else None

    async def open(self) -> None:
        await self._before.open()

    async def close(self) -> None:
        await self._before.close()

    async def write(self, data: bytes, timeout_s: float) -> int:
        if not self._begun:
            return await self._before.write(data, timeout_s)
        for at, byte in enumerate(data):
            first = self.next
            if first is None or first.direction != "out" or first.data[self._offset] != byte:
                raise self._differs(data, at)
            self._offset += 1
            if self._offset == len(first.data):
                self._done_with_first()
        return len(data)

    async def read(self, timeout_s: float) -> bytes:
        if not self._begun:
            return await self._before.read(timeout_s)
        first = self.next
        if first is None or first.direction != "in":
            self._now += timeout_s
            await asyncio.sleep(SILENCE_S if timeout_s else 0)
            return b""
        self._done_with_first()
        await asyncio.sleep(0)
        return first.data

    def _done_with_first(self) -> None:
        first = self._seen.pop(0)
        self._offset = 0
        self._now = max(self._now, first.at_ms / 1000)
        self._pass_orders()

    def _pass_orders(self) -> None:
        while self._seen and self._seen[0].direction == "order":
            self.orders.append(decode_order(self._seen.pop(0).data))

    def _differs(self, said: bytes, at: int) -> Differs:
        first = self.next
        if first is None:
            wanted = "nothing, the capture is at its end"
        elif first.direction == "in":
            wanted = f"silence: line {first.number} is what the device says"
        else:
            wanted = f"{first.data[self._offset:].hex(' ')} (line {first.number})"
        self.failure = Differs(
            f"byte {at} differs\n  said:     {said[at:].hex(' ')}\n  captured: {wanted}"
        )
        return self.failure


async def replay(capture: Capture) -> list[str]:
    """What the driver said that it did, one text an order. Raises `Differs`."""
    line = ReplayTransport(capture, KINDS[capture.config.kind].emulator(capture.config))
    driver = _driver(capture.config, line)
    done: list[str] = []
    async with asyncio.timeout(LIMIT_S):
        await driver.connect()
        if isinstance(driver, Printer):
            await driver.check()  # as its task does, before the first slip
        line.begin()
        try:
            while line.orders or line.next is not None:
                if line.orders:
                    done.append(await _obey(driver, line.orders.pop(0)))
                elif isinstance(driver, Pad):
                    done += [str(event) for event in await _events(driver, line)]
                elif line.next is not None and line.next.direction == "out":
                    await driver.check()
                else:
                    await line.read(0)  # said unasked; the driver reads it away before it asks
        except DeviceTransient as error:
            raise line.failure or Differs(f"the driver gave up: {error}") from None
        finally:
            await driver.close()
    if line.failure is not None:
        raise line.failure
    return done


def _driver(config: DeviceConfig, line: ReplayTransport) -> Any:
    match KINDS[config.kind].role:
        case "printer":
            return Printer(config, line)
        case "strip":
            return strip_kinds.STRIP_KINDS[config.kind].driver()(config, line)
        case "voice":
            return ModuleVoice(config, line, line.now)
    assert config.kind == "hallpad68", "only pads can be replayed of all inputs"
    return Pad(config, BusHandle(Bus(VirtualPort(), line)))


async def _obey(driver: Any, order: Order) -> str:
    match order:
        case PrintSlip():
            return f"confirmed={await driver.print(order, _go)}"
        case ShowText(_, text, flash):
            return str(await driver.show(text, flash))
        case Say():
            return " ".join([await driver.say(one) for one in render(driver.profile, order)])
        case PadShow():
            await driver.show(order)
            return order.number
    raise BadCapture(f"an order that is not for a line: {type(order).__name__}")


async def _go() -> None:
    """The ledger always agrees."""


async def _events(pad: Pad, line: ReplayTransport) -> list[Any]:
    """The next event, or none once the capture has come to an order or its end."""
    listening = asyncio.ensure_future(pad.events())
    while not listening.done() and (line.next is not None) and not line.orders:
        await asyncio.sleep(SILENCE_S)
    if not listening.done():
        await asyncio.wait((listening,), timeout=0.05)
    if listening.done():
        return list(listening.result())
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    return []


def decoded(capture: Capture, feed_in: Callable[[Any, bytes], None] | None = None) -> Any:
    """The kind's strict emulator after everything that was sent; `feed_in` tells it the rest."""
    emulator: Any = KINDS[capture.config.kind].emulator(capture.config)
    for seen in capture.seen:
        if seen.direction == "out":
            emulator.feed(seen.data)
        elif seen.direction == "in" and feed_in is not None:
            feed_in(emulator, seen.data)
    return emulator


def load(file: Path) -> Capture:
    """The capture in `file`. Raises `BadCapture`."""
    return read(file.read_text("utf-8"))
