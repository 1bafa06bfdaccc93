"""The doctor looks at devices: what is plugged in, what is configured, and how that one answers.

What is plugged in is found by the drivers' own program (`python -m drivers list --json`); each
configured device is asked by a device process of its own, as the hall runs one.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from drivers.jobs import DeviceReport
from queued.commands.doctor_findings import Finding
from queued.device_link import DeviceLink
from queued.outputs import device_config
from queued.settings_values import DeviceSettings, Settings

DEVICES_S = 8.0
"""Long enough for a printer to time out once and say so."""
LIST_S = 20.0
"""CUPS is asked too, and may hang for some seconds."""
LOOK_S = 0.1

PAGES = frozenset({"browser"})
"""Voices that are pages: only a running hall knows whether one is open."""
BUSY = "in use by another program"


class Find(msgspec.Struct, frozen=True):
    """Something plugged in, as the drivers' program tells it."""

    sort: str
    port: str
    what: str
    closed_to: str = ""
    stable: bool = True
    others: tuple[str, ...] = ()
    snippet: str = ""


class Seen(msgspec.Struct, frozen=True):
    """All of it, and the font for characters that printers lack."""

    finds: tuple[Find, ...] = ()
    font: str = ""


def seen() -> Seen | None:
    """What is plugged in; None if the drivers' program fails."""
    command = [sys.executable, "-m", "drivers", "list", "--json"]
    here = Path(__file__).parent.parent.parent
    try:
        done = subprocess.run(command, cwd=here, capture_output=True, timeout=LIST_S, check=True)
        return msgspec.json.decode(done.stdout, type=Seen)
    except (OSError, subprocess.SubprocessError, msgspec.DecodeError):
        return None


def plugged(finds: Sequence[Find], devices: Sequence[DeviceSettings]) -> Iterator[Finding]:
    """Which of what is plugged in a device uses, and which none does."""
    for find in finds:
        users = [device for device in devices if uses(device, find)]
        facts = {"port": find.port, "what": find.what, "sort": find.sort}
        if users:
            yield Finding("good", "used", {**facts, "devices": ", ".join(d.id for d in users)})
            if not find.stable:
                yield Finding("note", "unstable", facts)
        else:
            yield Finding("note", "unused", facts, snippet=find.snippet)
        if find.closed_to:
            closed = {**facts, "group": find.closed_to}
            yield Finding("bad" if users else "note", "closed", closed)


def uses(device: DeviceSettings, find: Find) -> bool:
    """Whether the device's port is this thing, by whatever name."""
    names = {_bare(port) for port in (find.port, *find.others)}
    return bool(names & {_bare(device.port), _resolved(device.port)})


def _bare(port: str) -> str:
    return port.partition("?")[0].rstrip("/")


def _resolved(port: str) -> str:
    """The port behind a link in /dev."""
    scheme, _, path = _bare(port).partition("://")
    if scheme not in ("serial", "file") or not path.startswith("/dev/"):
        return ""
    return f"{scheme}://{os.path.realpath(path)}"


async def asked(settings: Settings, running: bool) -> list[Finding]:
    """Every configured device, asked for its state. `running`: the hall itself is up."""
    if not settings.devices:
        return [Finding("good", "devices_none")]
    pages = [device for device in settings.devices if device.kind in PAGES]
    found = [Finding("note", "page", {"device": device.id}) for device in pages]
    others = [device for device in settings.devices if device.kind not in PAGES]
    with tempfile.TemporaryDirectory(prefix="queued-doctor-") as spool:
        # Of a card that lies on a reader meanwhile nothing is kept: any secret will do.
        secret = secrets.token_hex(16)
        link = DeviceLink([device_config(device, secret) for device in others], Path(spool))
        link.start()
        deadline = time.monotonic() + DEVICES_S
        while time.monotonic() < deadline:
            await asyncio.sleep(LOOK_S)
            if all(report.state in ("ready", "degraded", "broken") for report in link.reports()):
                break
        reports = link.reports()
        await link.stop()
    return [*(_told(report, running) for report in reports), *found]


def _told(report: DeviceReport, running: bool) -> Finding:
    code, _, detail = report.last_error.partition(": ")
    facts = {"device": report.device, "kind": report.kind}
    if report.paper == "near_end":
        return Finding("note", "device_note", facts, reason="near_end")
    if report.state == "ready":
        return Finding("good", "device", facts)
    if running and BUSY in detail:
        return Finding("note", "device_busy", facts)
    reason = code or "timeout"
    return Finding("bad", "device_bad", {**facts, "detail": detail or reason}, reason=reason)
