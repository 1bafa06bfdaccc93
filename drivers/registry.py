"""Which kinds of device there are: one table, and how a configured device is put together.

Drivers and emulators are imported when a device of their kind is built: a process that runs
one strip never loads a font.
"""

from __future__ import annotations

from collections.abc import Callable, MutableSequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from weakref import WeakValueDictionary

from drivers import strip_kinds
from drivers.bus import Bus, BusHandle
from drivers.device import DeviceBroken, Transport
from drivers.frames import PRIVATE
from drivers.jobs import DeviceConfig
from drivers.ports import AlsaPort, BrowserPort, Port, SerialPort, TcpPort, VirtualPort, parse_port
from drivers.remains import Remains
from drivers.tap import Describer, Tap, untapped
from drivers.transport import Emulator, open_port

if TYPE_CHECKING:
    from drivers.clip_voice import SoundPlayer
    from drivers.input_task import InputDevice
    from drivers.printer import Printer
    from drivers.printer_task import SlipPrinter
    from drivers.spool import Spool
    from drivers.strip_task import TextStrip
    from drivers.voice_task import Voice

Role = Literal["printer", "strip", "voice", "input"]


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


def _syn6288_emulator(config: DeviceConfig) -> Emulator:
    from drivers.emulators.syn6288 import Syn6288

    return Syn6288(seconds_per_char=_pace_s(config))


def _xfs5152_emulator(config: DeviceConfig) -> Emulator:
    from drivers.emulators.xfs5152 import Xfs5152

    return Xfs5152(seconds_per_char=_pace_s(config))


def _pace_s(config: DeviceConfig) -> float:
    """A virtual module speaks well within what the driver allows it."""
    from drivers.voice_profile import profile_of

    return 0.6 * profile_of(config.kind, config.options).seconds_per_char


def _no_emulator(config: DeviceConfig) -> Emulator:
    raise DeviceBroken("bad_port", f"a {config.kind} device has no line to emulate")


def _hallpad68_emulator(config: DeviceConfig) -> Emulator:
    from drivers.emulators.hallpad68 import HallPad68
    from drivers.pad import profile_of

    return HallPad68(profile_of(config.options).address)


def _sam_emulator(config: DeviceConfig) -> Emulator:
    from drivers.emulators.sam import SamReader

    return SamReader()


SERIAL_SERVER = 4001
"""Where serial servers in raw mode offer their first line."""

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
            emulator=strip_kinds.emulator,
        ),
        Kind(
            "hallbus",
            "strip",
            'LED strips on the hall bus "DL DH D … 1A" (Ruize and compatible)',
            tcp_port=SERIAL_SERVER,
            baud=9600,
            emulator=strip_kinds.emulator,
        ),
        Kind(
            "a090",
            "strip",
            'dual-colour LED strips "A0 90" (Zhongyi and compatible)',
            tcp_port=SERIAL_SERVER,
            baud=9600,
            emulator=strip_kinds.emulator,
        ),
        Kind(
            "pa-v21",
            "strip",
            "LED strips and summary screens of Ping'an Lihe, protocol V2.1",
            tcp_port=SERIAL_SERVER,
            baud=9600,
            emulator=strip_kinds.emulator,
        ),
        Kind(
            "template",
            "strip",
            "other LED strips, by a description of their frames",
            tcp_port=SERIAL_SERVER,
            baud=9600,
            emulator=strip_kinds.emulator,
        ),
        Kind(
            "syn6288",
            "voice",
            "voice modules with a SYN6288: Mandarin",
            tcp_port=5288,
            baud=9600,
            emulator=_syn6288_emulator,
        ),
        Kind(
            "xfs5152",
            "voice",
            "voice modules with an XFS5152, SYN6658 or VTX316: Mandarin and English",
            tcp_port=5152,
            baud=9600,
            emulator=_xfs5152_emulator,
        ),
        Kind(
            "clips",
            "voice",
            "recordings in any language, on a sound card (alsa://)",
            tcp_port=0,
            baud=9600,
            emulator=_no_emulator,
        ),
        Kind(
            "browser",
            "voice",
            "a page of the hall that speaks, such as the board (browser://)",
            tcp_port=0,
            baud=9600,
            emulator=_no_emulator,
        ),
        Kind(
            "hallpad68",
            "input",
            "call pads and evaluators on RS-485, frames FF 68 … 16",
            tcp_port=5068,
            baud=9600,
            emulator=_hallpad68_emulator,
        ),
        Kind(
            "evdev",
            "input",
            "USB number pads as call pads (file:///dev/input/by-id/…-event-kbd)",
            tcp_port=0,
            baud=9600,
            emulator=_no_emulator,
        ),
        Kind(
            "line",
            "input",
            "pads, evaluators and scanners that send lines of text",
            tcp_port=5023,
            baud=9600,
            emulator=_no_emulator,
        ),
        Kind(
            "sam",
            "input",
            "identity card readers with a SAM module (居民身份证)",
            tcp_port=5097,
            baud=115200,
            emulator=_sam_emulator,
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
    voice: Callable[[], Voice] | None = None
    heard: MutableSequence[str] | None = None
    """What a virtual voice module has said."""
    input: Callable[[], InputDevice] | None = None
    browser: bool = False
    """A voice that is a page: its task makes the driver itself."""
    tap: Tap = field(default_factory=untapped)
    """Where its bytes can be looked at."""


@dataclass(slots=True)
class Registry:
    """Builds devices. Devices with the same serial or TCP port share its line."""

    folder: Path | None = None
    """Where virtual printers lay their slips."""
    open: Callable[[Port, Emulator | None], Transport] = open_port
    """Makes the transport of a port; a simulation has lines of its own."""
    player: Callable[[str, AlsaPort], SoundPlayer] | None = None
    """Makes what plays on a sound card; a simulation has cards of its own."""
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
        if config.kind == "clips":
            return self._clips(config, port)
        if config.kind == "browser":
            return _browser(config, port)
        emulator = kind.emulator(config) if isinstance(port, VirtualPort) else None
        tap = _tap(config)
        if kind.role == "voice":
            return _voice(config, lambda: tap.over(self.open(port, emulator)), emulator, tap)
        if kind.role == "input":
            from drivers.inputs import input_of

            return Device("input", input=input_of(config, port, emulator, self._bus, tap), tap=tap)
        if kind.role == "printer":
            return self._printer(config, lambda: tap.over(self.open(port, emulator)), emulator, tap)

        def strip() -> TextStrip:
            if isinstance(port, SerialPort | TcpPort):
                return strip_kinds.strip(config, BusHandle(bus, tap), port, kind.baud)
            return strip_kinds.strip(config, tap.over(self.open(port, emulator)), port, kind.baud)

        if isinstance(port, SerialPort | TcpPort):
            bus = self._bus(port)
        return Device("strip", strip=strip, tap=tap)

    def _bus(self, port: SerialPort | TcpPort) -> Bus:
        bus = self._buses.get(str(port))
        if bus is None:
            bus = self._buses[str(port)] = Bus(port, self.open(port, None))
        if bus.port != port:
            raise DeviceBroken(
                "bad_port", f"{port} is used by another device with other settings of the line"
            )
        return bus

    def _printer(
        self,
        config: DeviceConfig,
        make: Callable[[], Transport],
        emulator: Emulator | None,
        tap: Tap,
    ) -> Device:
        remains = Remains()

        def printer() -> Printer:
            from drivers.printer import Printer

            return Printer(config, make(), remains)

        spool = None
        if emulator is not None:
            from drivers.spool import Spool

            spool = Spool(config.id, emulator, self.folder)  # type: ignore[arg-type]
        return Device("printer", printer=printer, spool=spool, tap=tap)


    def _clips(self, config: DeviceConfig, port: Port) -> Device:
        if not isinstance(port, AlsaPort | VirtualPort):
            raise DeviceBroken("bad_port", "clips need a sound card: alsa://default")

        def voice() -> Voice:
            from drivers.clip_voice import ClipVoice

            return ClipVoice(config, port, self.player)

        return Device("voice", voice=voice)


def _tap(config: DeviceConfig) -> Tap:
    def describer() -> Describer | None:
        from drivers.describe import describer_of  # only where somebody watches

        return describer_of(config)

    return Tap(config.id, describer, private=config.kind in PRIVATE)


def _voice(
    config: DeviceConfig, make: Callable[[], Transport], emulator: Emulator | None, tap: Tap
) -> Device:
    def voice() -> Voice:
        from drivers.voice import ModuleVoice

        return ModuleVoice(config, make())

    return Device("voice", voice=voice, heard=getattr(emulator, "spoken", None), tap=tap)


def _browser(config: DeviceConfig, port: Port) -> Device:
    from drivers.voice_profile import profile_of

    if not isinstance(port, BrowserPort):
        raise DeviceBroken("bad_port", "a voice of kind browser is reached at browser://")
    profile_of(config.kind, config.options)
    return Device("voice", browser=True)
