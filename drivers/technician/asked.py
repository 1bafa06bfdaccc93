"""Which device is meant: named on the command line, or taken from a file with [[device]] tables.

    --kind escpos --port tcp://192.168.1.50:9100 --option width_mm=58 --option cut=none
    --devices hall.toml --device kiosk-printer

The file may be a hall's whole configuration: everything but [[device]] is passed over, and so
are the keys that say what a device is for instead of how it is reached.
"""

from __future__ import annotations

import argparse
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

from drivers.jobs import DeviceConfig
from drivers.registry import KINDS, Role
from drivers.technician.words import Words

Option = str | int | float | bool

FILE_BYTES_MAX = 4 << 20
"""A hall of a hundred windows is described in 100 KB."""
NO_OPTIONS = frozenset({"id", "kind", "port", "window", "kiosk", "zone", "slip", "rating_s"})
"""Keys of [[device]] that are no option of a driver."""
ID = "device"
"""What a device without a name is called."""


class WrongUse(Exception):
    """No device can be made of what was asked; the message says why and what is allowed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How a device is named."""
    parser.add_argument("--kind", help="kind of device; python -m drivers list shows them")
    parser.add_argument("--port", help="where it is plugged in: tcp://… serial:///dev/…")
    parser.add_argument(
        "--option", action="append", default=[], metavar="KEY=VALUE", help="an option of its kind"
    )
    parser.add_argument("--devices", type=Path, metavar="FILE", help="TOML with [[device]] tables")
    parser.add_argument("--device", metavar="ID", help="which one of the file")


def device_of(
    args: argparse.Namespace, roles: Sequence[Role], usual: str, words: Words
) -> DeviceConfig:
    """The device asked for; `usual` is its kind if none is named ("": one must be).

    Raises `WrongUse`.
    """
    if args.devices is not None:
        if args.kind or args.port:
            raise WrongUse(words("use.either"))
        found = _of_file(args.devices, args.device, roles, words)
        extra = options_of(args.option, words)
        return DeviceConfig(found.id, found.kind, found.port, {**found.options, **extra})
    kind = args.kind or usual
    if not kind or not args.port:
        raise WrongUse(words("use.missing"))
    config = DeviceConfig(
        args.device or ID, kind, args.port, options_of(args.option, words)
    )
    return _fitting(config, roles, words)


def options_of(pairs: Sequence[str], words: Words) -> dict[str, Option]:
    """KEY=VALUE as TOML would read the value; what it would not is a text. Raises `WrongUse`."""
    options: dict[str, Option] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise WrongUse(words("use.option", text=pair))
        options[name] = _value(text)
    return options


def _value(text: str) -> Option:
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, KeyError):
        return text
    return value if isinstance(value, str | int | float | bool) else text


def _of_file(path: Path, id_: str | None, roles: Sequence[Role], words: Words) -> DeviceConfig:
    devices = [one for one in read(path, words) if id_ is None or one.id == id_]
    fitting = [one for one in devices if id_ is not None or _role(one.kind) in roles]
    if len(fitting) != 1:
        known = ", ".join(one.id for one in read(path, words)) or words("use.none")
        raise WrongUse(words("use.which", known=known))
    return _fitting(fitting[0], roles, words)


def read(path: Path, words: Words) -> list[DeviceConfig]:
    """The devices of a file. Raises `WrongUse` with the file and what is wrong in it."""
    try:
        with path.open("rb") as stream:
            data = stream.read(FILE_BYTES_MAX + 1)
        if len(data) > FILE_BYTES_MAX:
            raise ValueError(f"more than {FILE_BYTES_MAX} bytes")
        tables = tomllib.loads(data.decode("utf-8-sig")).get("device", [])
    except OSError as error:
        why = (error.strerror or "unreadable").lower()
        raise WrongUse(words("use.file", file=path, why=why)) from None
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, too long, too deep
        raise WrongUse(words("use.file", file=path, why=error)) from None
    if not isinstance(tables, list):
        raise WrongUse(words("use.file", file=path, why="[device], not [[device]]"))
    return [_device(path, number, table, words) for number, table in enumerate(tables, 1)]


def _device(path: Path, number: int, table: object, words: Words) -> DeviceConfig:
    named = isinstance(table, dict) and all(
        isinstance(table.get(name), str) for name in ("id", "kind", "port")
    )
    if not isinstance(table, dict) or not named:
        why = words("use.table", number=number)
        raise WrongUse(words("use.file", file=path, why=why))
    options = {name: value for name, value in table.items() if name not in NO_OPTIONS}
    for name, value in options.items():
        if not isinstance(value, str | int | float | bool):
            raise WrongUse(words("use.file", file=path, why=f"[[device]] {number}: {name}"))
    return DeviceConfig(table["id"], table["kind"], table["port"], options)


def _role(kind: str) -> str:
    return KINDS[kind].role if kind in KINDS else ""


def _fitting(config: DeviceConfig, roles: Sequence[Role], words: Words) -> DeviceConfig:
    """`config`, if a device of its kind can do it. Raises `WrongUse`."""
    if _role(config.kind) not in roles:
        kinds = ", ".join(kind.name for kind in KINDS.values() if kind.role in roles)
        raise WrongUse(words("use.kind", kind=config.kind, kinds=kinds))
    return config
