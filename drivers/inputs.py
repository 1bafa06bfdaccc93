"""How a configured pad, evaluator, keypad or card reader is put together."""

from __future__ import annotations

from collections.abc import Callable

from drivers.bus import Bus, BusHandle
from drivers.device import DeviceBroken
from drivers.input_task import InputDevice
from drivers.jobs import DeviceConfig
from drivers.ports import FilePort, Port, SerialPort, TcpPort, VirtualPort
from drivers.tap import Tap
from drivers.transport import Emulator, VirtualTransport, open_port

BITS_PER_BYTE = 10
"""Start bit, eight bits, stop bit."""

BusOf = Callable[[SerialPort | TcpPort], Bus]
Make = Callable[[], InputDevice]


def input_of(
    config: DeviceConfig, port: Port, emulator: Emulator | None, bus_of: BusOf, tap: Tap
) -> Make:
    """Makes the device's driver, anew for every attempt to connect.

    Raises `DeviceBroken` (`bad_port`, `bad_option`) at once for what no attempt can put right.
    """
    if config.kind == "evdev":
        return _keypad(config, port)
    if isinstance(port, FilePort) or not isinstance(port, SerialPort | TcpPort | VirtualPort):
        raise DeviceBroken("bad_port", f"a {config.kind} device needs serial:// or tcp://")
    if config.kind == "hallpad68":
        return _pad(config, port, emulator, bus_of, tap)
    if config.kind == "line":
        return _line(config, port, tap)
    return _reader(config, port, emulator, tap)


def _keypad(config: DeviceConfig, port: Port) -> Make:
    from drivers.evdev_port import Keypad, profile_of

    if not isinstance(port, FilePort):
        raise DeviceBroken(
            "bad_port", "a keypad is a file: file:///dev/input/by-id/usb-…-event-kbd"
        )
    profile_of(config.options)
    return lambda: Keypad(config, port.path)


def _pad(
    config: DeviceConfig,
    port: SerialPort | TcpPort | VirtualPort,
    emulator: Emulator | None,
    bus_of: BusOf,
    tap: Tap,
) -> Make:
    from drivers.pad import Pad, profile_of

    profile_of(config.options)
    if isinstance(port, VirtualPort):
        assert emulator is not None
        bus = Bus(port, VirtualTransport(emulator))
    else:
        bus = bus_of(port)
    byte_s = BITS_PER_BYTE / port.baud if isinstance(port, SerialPort) else 0.0
    return lambda: Pad(config, BusHandle(bus, tap), byte_s)


def _line(config: DeviceConfig, port: Port, tap: Tap) -> Make:
    from drivers.line_input import LineInput, profile_of

    if isinstance(port, VirtualPort):
        raise DeviceBroken("bad_port", "a line device cannot be virtual: nobody would press")
    profile_of(config.options)
    return lambda: LineInput(config, tap.over(open_port(port)))


def _reader(config: DeviceConfig, port: Port, emulator: Emulator | None, tap: Tap) -> Make:
    from drivers.reader import Reader, profile_of

    profile_of(config.options)
    return lambda: Reader(config, tap.over(open_port(port, emulator)))
