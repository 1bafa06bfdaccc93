"""Which kinds of device there are: one table, and how a configured device is put together.

Drivers and emulators are imported when a device of their kind is built: a process that runs
one strip never loads a font.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from weakref import WeakValueDictionary

from drivers.bus import Bus, BusHandle
from drivers.device import DeviceBroken, Transport
from drivers.jobs import DeviceConfig
from drivers.ports import SerialPort, TcpPort, VirtualPort, parse_port
from drivers.transport import Emulator, open_port

if TYPE_CHECKING:
    from drivers.led import Strip
    from drivers.printer import Printer
    from drivers.printer_task import SlipPrinter
    from drivers.spool import Spool
    from drivers.strip_task import TextStrip

Role = Literal["printer", "strip"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of device. `tcp_port` and `baud` are what its makers deliver."""

    name: str
    role: Role
    what: str
    tcp_port: int
    baud: int
    emulator: Callable[[DeviceConfig], Emulator]


def _printer_emulator(config: DeviceConfig) -> Emulator:
    from drivers.emulators.escpos import PrinterEmulator
    from drivers.printer_profile import profile_of

    profile = profile_of(config.options)
    # A printer that gets all text as dots may have any font.
    charset = "gbk" if profile.charset == "image" else profile.charset
    return PrinterEmulator(profile.width_mm, charset)


def _strip_emulator(config: DeviceConfig) -> Emulator:
    from drivers.emulators.bx_fontcard import BxFontCard
    from drivers.led import profile_of

    profile = profile_of(config.options)
    return BxFontCard(profile.address, profile.width, profile.height)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "escpos",
            "printer",
            "slip printers that speak ESC/POS, 58 and 80 mm",
            tcp_port=9100,
            baud=9600,
            emulator=_printer_emulator,
        ),
        Kind(
            "bx-fontcard",
            "strip",
            "LED strips with an Onbon BX-5K, BX-5MK or BX-6K font card",
            tcp_port=5005,
            baud=57600,
            emulator=_strip_emulator,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Device:
    """How to make a configured device's driver, anew for every attempt to connect."""

    role: Role
    printer: Callable[[], SlipPrinter] | None = None
    strip: Callable[[], TextStrip] | None = None
    spool: Spool | None = None
    """Where a virtual printer's slips go."""


@dataclass(slots=True)
class Registry:
    """Builds devices. Devices with the same serial or TCP port share its line."""

    folder: Path | None = None
    """Where virtual printers lay their slips."""
    _buses: WeakValueDictionary[str, Bus] = field(default_factory=WeakValueDictionary)
    """By the name of the port; a line nobody uses any more is forgotten."""

    def build(self, config: DeviceConfig) -> Device:
        """Raises `DeviceBroken`: `unknown_kind`, `bad_port`, `bad_option`."""
        kind = KINDS.get(config.kind)
        if kind is None:
            raise DeviceBroken(
                "unknown_kind", f"kind {config.kind!r}: there are {', '.join(KINDS)}"
            )
        port = parse_port(config.port, kind.tcp_port, kind.baud)
        emulator = kind.emulator(config) if isinstance(port, VirtualPort) else None
        if kind.role == "printer":
            return self._printer(config, lambda: open_port(port, emulator), emulator)
        if isinstance(port, SerialPort | TcpPort):
            bus = self._bus(port)
            return Device("strip", strip=lambda: _strip(config, BusHandle(bus)))
        return Device("strip", strip=lambda: _strip(config, open_port(port, emulator)))

    def _bus(self, port: SerialPort | TcpPort) -> Bus:
        bus = self._buses.get(str(port))
        if bus is None:
            bus = self._buses[str(port)] = Bus(port)
        if bus.port != port:
            raise DeviceBroken(
                "bad_port", f"{port} is used by another device with other settings of the line"
            )
        return bus

    def _printer(
        self, config: DeviceConfig, make: Callable[[], Transport], emulator: Emulator | None
    ) -> Device:
        def printer() -> Printer:
            from drivers.printer import Printer

            return Printer(config, make())

        spool = None
        if emulator is not None:
            from drivers.spool import Spool

            spool = Spool(config.id, emulator, self.folder)  # type: ignore[arg-type]
        return Device("printer", printer=printer, spool=spool)


def _strip(config: DeviceConfig, transport: Transport) -> Strip:
    from drivers.led import Strip

    return Strip(config, transport, transport.turn if isinstance(transport, BusHandle) else None)
