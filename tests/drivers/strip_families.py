"""Every family of strips: its strict emulator and its driver, for tests that hold for all."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from drivers import strip_kinds
from drivers.device import Transport
from drivers.jobs import DeviceConfig
from drivers.ports import parse_port

QUICK = {"ack_s": 0.1, "gap_ms": 0}


@dataclass(frozen=True, slots=True)
class Family:
    """A kind with the options that make it quick and give the strip a number."""

    kind: str
    options: dict

    def config(self, url: str = "virtual://", **options) -> DeviceConfig:
        return DeviceConfig("strip", self.kind, url, QUICK | self.options | options)

    def emulator(self, **options):
        return strip_kinds.emulator(self.config(**options))

    def driver(self, transport: Transport, turn: asyncio.Lock | None = None, **options):
        driver = strip_kinds.STRIP_KINDS[self.kind].driver()
        return driver(self.config(**options), transport, turn)


DESCRIBED = {
    "frame": "AA 55 {len-3} {addr} F8 21 00 {text:gbk} 00 {crc16xmodem}",
    "ack": "AA 55 {addr} 06",
}

FAMILIES = {
    "bx-fontcard": Family("bx-fontcard", {}),
    "hallbus": Family("hallbus", {}),
    "hallbus raw": Family("hallbus", {"text": "raw", "colour": "green"}),
    "hallbus 7bit": Family("hallbus", {"text": "7bit"}),
    "hallbus gbk": Family("hallbus", {"charset": "gbk"}),
    "a090": Family("a090", {}),
    "a090 gbk": Family("a090", {"charset": "gbk", "colour": "yellow"}),
    "pa-v21": Family("pa-v21", {}),
    "template": Family("template", DESCRIBED),
}


def port_of(url: str):
    """A line's port."""
    return parse_port(url, tcp_port=4001, baud=9600)


class Wires:
    """Every strip on the pair of wires hears every byte, also what the others answer."""

    def __init__(self, *strips) -> None:
        self.strips = strips

    def feed(self, data: bytes) -> bytes:
        return b"".join(strip.feed(data) for strip in self.strips)


class Echoing:
    """A converter that hears itself: every byte sent comes back before any answer."""

    def __init__(self, strip) -> None:
        self.strip = strip

    def feed(self, data: bytes) -> bytes:
        return data + self.strip.feed(data)
