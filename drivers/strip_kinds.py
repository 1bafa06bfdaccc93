"""The families of strips: driver and emulator of each. For the registry.

They are imported when a strip of their kind is built.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drivers.bus import BusHandle
from drivers.device import Transport
from drivers.jobs import DeviceConfig
from drivers.ports import Port, SerialPort, TcpPort
from drivers.transport import Emulator

if TYPE_CHECKING:
    from drivers.strip_task import StripDriver, TextStrip


@dataclass(frozen=True, slots=True)
class StripKind:
    """Where a family's driver class comes from, and what emulates it."""

    driver: Callable[[], StripDriver]
    emulator: Callable[[DeviceConfig], Emulator]


def strip(config: DeviceConfig, transport: Transport, port: Port, baud: int) -> TextStrip:
    """The driver of a strip. `baud` is its kind's, for a line behind a serial server.

    Raises `DeviceBroken` (`bad_option`).
    """
    turn = transport.turn if isinstance(transport, BusHandle) else None
    return STRIP_KINDS[config.kind].driver()(config, transport, turn, byte_s(port, baud))


def emulator(config: DeviceConfig) -> Emulator:
    """A strip in software. Raises `DeviceBroken` (`bad_option`)."""
    return STRIP_KINDS[config.kind].emulator(config)


def byte_s(port: Port, baud: int) -> float:
    """Seconds a byte takes on the wire: start bit, data, parity, stop."""
    if isinstance(port, SerialPort):
        return (1 + port.bits + (port.parity != "N") + port.stop) / port.baud
    return 10 / baud if isinstance(port, TcpPort) else 0.0


def _bx_fontcard_driver() -> StripDriver:
    from drivers.led import Strip

    return Strip


def _bx_fontcard(config: DeviceConfig) -> Emulator:
    from drivers.emulators.bx_fontcard import BxFontCard
    from drivers.led import profile_of

    profile = profile_of(config.options)
    return BxFontCard(profile.address, profile.width, profile.height)


def _hallbus_driver() -> StripDriver:
    from drivers.led_hallbus import HallBusLed

    return HallBusLed


def _hallbus(config: DeviceConfig) -> Emulator:
    from drivers.emulators.hallbus import HallBusStrip
    from drivers.led_hallbus import profile_of

    profile = profile_of(config.options)
    return HallBusStrip(profile.address, profile.text, profile.columns)


def _a090_driver() -> StripDriver:
    from drivers.led_a090 import A090Led

    return A090Led


def _a090(config: DeviceConfig) -> Emulator:
    from drivers.emulators.a090 import A090Strip
    from drivers.led_a090 import profile_of

    profile = profile_of(config.options)
    return A090Strip(profile.address, profile.columns)


def _pa_v21_driver() -> StripDriver:
    from drivers.led_pa_v21 import PaLed

    return PaLed


def _pa_v21(config: DeviceConfig) -> Emulator:
    from drivers.emulators.pa_v21 import PaStrip
    from drivers.led_pa_v21 import profile_of

    profile = profile_of(config.options)
    return PaStrip(profile.address, profile.columns, profile.lines)


def _template_driver() -> StripDriver:
    from drivers.led_template import TemplateLed

    return TemplateLed


def _template(config: DeviceConfig) -> Emulator:
    from drivers.emulators.template import TemplateStrip
    from drivers.led_template import profile_of

    return TemplateStrip(profile_of(config.options))


STRIP_KINDS: Mapping[str, StripKind] = {
    "bx-fontcard": StripKind(_bx_fontcard_driver, _bx_fontcard),
    "hallbus": StripKind(_hallbus_driver, _hallbus),
    "a090": StripKind(_a090_driver, _a090),
    "pa-v21": StripKind(_pa_v21_driver, _pa_v21),
    "template": StripKind(_template_driver, _template),
}
