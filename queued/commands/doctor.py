"""`queued doctor`: what works, what does not, what to do. Touches nothing that runs.

Looks at the disk's fsync, the clock, the port, and asks every configured device for its state.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from drivers.jobs import DeviceReport
from queued.core.plan import Millis
from queued.device_link import DeviceLink
from queued.engine.clock import implausible
from queued.outputs import device_config
from queued.settings import SettingsError, load
from queued.settings_values import Settings

FSYNC_ROUNDS = 50
FSYNC_SLOW_MS = 50.0
"""A card or disk slower than this makes visitors wait at the kiosk."""

DEVICES_S = 8.0
"""Long enough for a printer to time out once and say so."""

ADVICE = {
    "near_end": "the paper is running out: have a roll at hand",
    "paper_out": "put in a new roll",
    "cover_open": "close the printer's cover",
    "cutter_jam": "switch the printer off, clear the cutter, switch it on",
    "error": "switch the printer off and on; if it stays, its manual names the light's meaning",
    "offline": "press the printer's feed or online button",
    "timeout": "check power and cable; check address, baud rate and that nothing else uses it",
    "unplugged": "plug the cable in; check that the port exists",
    "interrupted": "look whether the slip is on paper; if not, print it again",
    "bad_job": "correct the slip's template: queued slip shows it",
    "bad_port": "correct `port` in the configuration",
    "bad_option": "correct the device's options in the configuration",
    "unknown_kind": "correct `kind` in the configuration",
    "no_font": "install fonts-wqy-zenhei, or name a font file in the option `font`",
    "process_down": "see the log: the device process does not stay up",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    good: bool
    what: str
    advice: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to look at."""
    parser.add_argument("--config", type=Path, required=True, metavar="hall.toml")
    parser.add_argument("--data", type=Path, default=Path(), metavar="DIR")


def run(args: argparse.Namespace) -> int:
    """0 if everything is well, else 1."""
    try:
        settings = load(args.config, os.environ)
    except SettingsError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return 1
    findings = [_disk(args.data), _clock(), _port(settings)]
    findings += asyncio.run(_devices(settings))
    for finding in findings:
        print(f"{'good' if finding.good else 'BAD '}  {finding.what}")
        if finding.advice:
            print(f"      → {finding.advice}")
    return 0 if all(finding.good for finding in findings) else 1


def _disk(folder: Path) -> Finding:
    folder = folder if folder.is_dir() else Path(tempfile.gettempdir())
    took_ms = []
    try:
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            for _ in range(FSYNC_ROUNDS):
                started = time.perf_counter()
                file.write(b"x" * 200)
                file.flush()
                os.fdatasync(file.fileno())
                took_ms.append((time.perf_counter() - started) * 1000)
    except OSError as error:
        return Finding(False, f"disk {folder}: {error.strerror}", "free space, check rights")
    median = sorted(took_ms)[FSYNC_ROUNDS // 2]
    what = f"disk {folder}: fsync {median:.1f} ms (median of {FSYNC_ROUNDS})"
    if median > FSYNC_SLOW_MS:
        return Finding(False, what, "use an SSD; a slow card delays every ticket")
    return Finding(True, what)


def _clock() -> Finding:
    doubt = implausible(Millis(int(time.time() * 1000)), Millis(0))
    if doubt:
        return Finding(False, f"clock: {doubt}", "set the date; replace the board's battery")
    return Finding(True, f"clock: {time.strftime('%Y-%m-%d %H:%M:%S %Z')}")


def _port(settings: Settings) -> Finding:
    host, port = settings.http.host, settings.http.port
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((host, port)) == 0:
            return Finding(True, f"{host}:{port}: something answers; queued, if it is running")
        try:
            probe.close()
            with socket.socket() as bound:
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                bound.bind((host, port))
        except OSError as error:
            advice = "choose another [http] host or port, or ports above 1023"
            return Finding(False, f"{host}:{port}: {error.strerror}", advice)
    return Finding(True, f"{host}:{port}: free to listen on")


async def _devices(settings: Settings) -> list[Finding]:
    if not settings.devices:
        return [Finding(True, "devices: none configured")]
    with tempfile.TemporaryDirectory(prefix="queued-doctor-") as spool:
        # Of a card that lies on a reader meanwhile nothing is kept: any secret will do.
        secret = secrets.token_hex(16)
        configs = [device_config(device, secret) for device in settings.devices]
        link = DeviceLink(configs, Path(spool))
        link.start()
        deadline = time.monotonic() + DEVICES_S
        while time.monotonic() < deadline:
            await asyncio.sleep(0.2)
            if all(report.state in ("ready", "degraded") for report in link.reports()):
                break
        reports = link.reports()
        await link.stop()
    return list(_found(reports))


def _found(reports: Sequence[DeviceReport]) -> Iterator[Finding]:
    for report in reports:
        what = f"{report.device} ({report.kind}): {report.state}"
        if report.paper == "near_end":
            yield Finding(True, what, ADVICE["near_end"])
        elif report.state == "ready":
            yield Finding(True, what)
        else:
            error = report.last_error
            advice = ADVICE.get(error.partition(":")[0], "see the device's manual")
            yield Finding(False, f"{what} {error}".rstrip(), advice)
