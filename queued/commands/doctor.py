"""`queued doctor`: what works, what does not, what to do. Changes nothing that runs.

Looks at the disk and the data in it, the clock, Redis, the address, the font, rights and groups;
at what is plugged in and whether a device uses it; and asks every device for its state.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from display import i18n
from queued.commands import doctor_city, doctor_devices, doctor_machine, doctor_redis
from queued.commands.doctor_findings import Finding
from queued.settings import SettingsError, load
from queued.settings_values import Settings

RUNNING = "port_ours"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to look at, and how to tell it."""
    parser.add_argument("--config", type=Path, required=True, metavar="hall.toml")
    parser.add_argument("--data", type=Path, default=Path(), metavar="DIR")
    parser.add_argument("--language", choices=i18n.LANGUAGES, help="of the report; else LANG's")
    parser.add_argument("--json", action="store_true", help="for programs: one object a finding")


def run(args: argparse.Namespace) -> int:
    """0 if nothing is wrong, else 1."""
    try:
        settings = load(args.config, os.environ)
    except SettingsError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return 1
    words = i18n.catalogue(args.language or _language())
    findings = list(examined(settings, args.data))
    if args.json:
        told = [finding.told(words) for finding in findings]
        print(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        for finding in findings:
            print("\n".join(finding.lines(words)))
    return 1 if any(finding.level == "bad" for finding in findings) else 0


def examined(settings: Settings, data: Path) -> Iterator[Finding]:
    """Everything, from the machine to the devices."""
    yield from doctor_machine.disk(data)
    yield from doctor_city.server(settings, data)
    if settings.storage.url is None:
        yield from doctor_machine.database(data)
    yield from doctor_machine.clock()
    zone = settings.hall.timezone
    yield from doctor_machine.holidays(zone, datetime.now(ZoneInfo(zone)).date())
    yield from doctor_redis.redis(settings, data)
    address = doctor_machine.address(settings)
    yield address
    yield from doctor_machine.groups(settings)
    seen = doctor_devices.seen()
    if seen is None:
        yield Finding("bad", "drivers_failed")
    else:
        yield doctor_machine.font(seen.font)
        yield from doctor_devices.plugged(seen.finds, settings.devices)
    yield from asyncio.run(doctor_devices.asked(settings, address.code == RUNNING))


def _language() -> str:
    """The language of the terminal, POSIX 8.2; English where it says nothing."""
    chosen = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "zh" if chosen.lower().startswith("zh") else "en"
