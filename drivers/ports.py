"""Where a device is plugged in: port URLs to values. Pure; opens nothing.

tcp://HOST[:PORT]                          a network printer, a serial server in raw mode
serial:///dev/ttyUSB0?baud=9600            also parity=none|even|odd, stop=1|2, bits=7|8,
                                           flow=none|rtscts|xonxoff|dsrdtr
usb://04b8:0202[/SERIAL]                   a USB printer by its ids, and by its serial number
                                           where two of the same make are plugged in
cups://NAME                                a printer of the print server CUPS: no way back
file:///dev/usb/lp0                        any device file, or a plain file to append to
alsa://default                             a sound card, as `aplay -L` names it
browser://                                 a page of the hall that speaks
virtual://                                 an emulated device inside the device process
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from drivers.device import DeviceBroken

BAUDS = (1200, 2400, 4800, 9600, 14400, 19200, 38400, 57600, 115200, 230400)
PARITIES = {"none": "N", "even": "E", "odd": "O"}
FLOWS = ("none", "rtscts", "xonxoff", "dsrdtr")

_USB_ID = re.compile(r"([0-9a-fA-F]{4}):([0-9a-fA-F]{4})")
_USB_SERIAL = re.compile(r"[ -.0-~]{1,126}")
"""What a string descriptor holds, but no slash; makers also put blanks into it."""
_CUPS_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,126}")
"""CUPS allows more; a name that begins like an option of `lp` is asking for trouble."""

_ALSA_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_:,=.-]{0,63}")


@dataclass(frozen=True, slots=True)
class TcpPort:
    """A TCP server."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SerialPort:
    """A serial line; `parity` is N, E or O, `flow` one of `FLOWS`."""

    path: str
    baud: int
    parity: str = "N"
    stop: int = 1
    bits: int = 8
    flow: str = "none"

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True)
class FilePort:
    """A device file, or a plain file."""

    path: str

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True)
class UsbPort:
    """A USB printer, by vendor and product (4 lower-case hexadecimal digits each).

    `serial` "": the first one of these ids.
    """

    vendor: str
    product: str
    serial: str = ""

    def __str__(self) -> str:
        return f"usb {self.vendor}:{self.product}" + (f"/{self.serial}" if self.serial else "")


@dataclass(frozen=True, slots=True)
class CupsPort:
    """A print queue of CUPS, as `lpstat -e` names it."""

    name: str

    def __str__(self) -> str:
        return f"CUPS printer {self.name}"


@dataclass(frozen=True, slots=True)
class AlsaPort:
    """A sound card by its ALSA name: default, plughw:1,0, plughw:CARD=Device,DEV=0."""

    name: str

    def __str__(self) -> str:
        return f"sound card {self.name}"


@dataclass(frozen=True, slots=True)
class BrowserPort:
    """A page of the hall, wherever it is open."""

    def __str__(self) -> str:
        return "page in a browser"


@dataclass(frozen=True, slots=True)
class VirtualPort:
    """No hardware: the emulator of the device's kind."""

    def __str__(self) -> str:
        return "virtual device"


Port: TypeAlias = (
    TcpPort | SerialPort | FilePort | UsbPort | CupsPort | VirtualPort | AlsaPort | BrowserPort
)


def parse_port(url: str, tcp_port: int, baud: int) -> Port:
    """`url` as a value; `tcp_port` and `baud` are what the kind of device usually has.

    Raises `DeviceBroken` (code `bad_port`) with a sentence that says what is allowed.
    """
    try:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        # In these a colon begins no port number.
        named = parts.scheme in ("alsa", "usb", "cups")
        host, port = ("", None) if named else (parts.hostname, parts.port)
    except ValueError as error:
        raise _bad(url, str(error)) from None
    parser = _PARSERS.get(parts.scheme)
    if parser is None:
        raise _bad(url, f"begins with one of {', '.join(f'{name}://' for name in _PARSERS)}")
    if parts.fragment:
        raise _bad(url, "nothing behind a #")
    if parts.scheme != "serial" and query:
        raise _bad(url, f"{parts.scheme}:// takes no parameters")
    where = unquote(parts.path)
    if "\0" in where:
        raise _bad(url, "a path without NUL characters")
    return parser(url, host or "", port, where, parts.netloc, query, tcp_port, baud)


def _tcp(url, host, port, where, _netloc, _query, tcp_port, _baud) -> Port:
    if not host or where not in ("", "/"):
        raise _bad(url, "tcp://HOST:PORT")
    if port == 0:
        raise _bad(url, "a port number from 1 to 65535")
    return TcpPort(host, port or tcp_port)


def _serial(url, _host, _port, where, netloc, query, _tcp_port, baud) -> Port:
    if netloc or not where.startswith("/") or where == "/":
        raise _bad(url, "serial:///dev/NAME?baud=9600")
    unknown = set(query) - {"baud", "parity", "stop", "bits", "flow"}
    if unknown:
        raise _bad(url, f"no parameter {sorted(unknown)[0]!r}: baud, parity, stop, bits, flow")
    return SerialPort(
        where,
        baud=int(_choice(url, query, "baud", tuple(map(str, BAUDS)), str(baud))),
        parity=PARITIES[_choice(url, query, "parity", tuple(PARITIES), "none")],
        stop=int(_choice(url, query, "stop", ("1", "2"), "1")),
        bits=int(_choice(url, query, "bits", ("7", "8"), "8")),
        flow=_choice(url, query, "flow", FLOWS, "none"),
    )


def _file(url, _host, _port, where, netloc, _query, _tcp_port, _baud) -> Port:
    if netloc or not where.startswith("/") or where.endswith("/"):
        raise _bad(url, "file:///absolute/path")
    return FilePort(where)


def _usb(url, _host, _port, where, netloc, _query, _tcp_port, _baud) -> Port:
    found = _USB_ID.fullmatch(netloc)
    serial = where.removeprefix("/")
    if found is None or (serial and not _USB_SERIAL.fullmatch(serial)):
        allowed = "usb://VENDOR:PRODUCT, each 4 hexadecimal digits, as lsusb shows them"
        raise _bad(url, f"{allowed}; behind a slash the serial number, if need be")
    return UsbPort(found[1].lower(), found[2].lower(), serial)


def _cups(url, _host, _port, where, netloc, _query, _tcp_port, _baud) -> Port:
    if not _CUPS_NAME.fullmatch(netloc) or where not in ("", "/"):
        raise _bad(url, "cups://NAME, the name of a print queue as lpstat -e shows it")
    return CupsPort(netloc)


def _alsa(url, _host, _port, where, netloc, _query, _tcp_port, _baud) -> Port:
    if not _ALSA_NAME.fullmatch(netloc) or where not in ("", "/"):
        raise _bad(url, "alsa://NAME, the name of a sound card as aplay -L shows it")
    return AlsaPort(netloc)


def _virtual(url, _host, _port, where, netloc, _query, _tcp_port, _baud) -> Port:
    if netloc or where not in ("", "/"):
        raise _bad(url, "virtual:// with nothing behind it")
    return VirtualPort()


def _browser(url, _host, _port, where, netloc, _query, _tcp_port, _baud) -> Port:
    if netloc or where not in ("", "/"):
        raise _bad(url, "browser:// with nothing behind it")
    return BrowserPort()


_PARSERS = {
    "tcp": _tcp,
    "serial": _serial,
    "usb": _usb,
    "cups": _cups,
    "file": _file,
    "virtual": _virtual,
    "alsa": _alsa,
    "browser": _browser,
}


SCHEMES = tuple(_PARSERS)
"""What a port begins with."""


def _choice(
    url: str, query: dict[str, str], name: str, allowed: tuple[str, ...], default: str
) -> str:
    value = query.get(name, default)
    if value not in allowed:
        raise _bad(url, f"{name} is one of {', '.join(allowed)}, not {value!r}")
    return value


def _bad(url: str, allowed: str) -> DeviceBroken:
    return DeviceBroken("bad_port", f"port {url!r}: {allowed}")
