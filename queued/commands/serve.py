"""`queued serve`: run a hall until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import gc
import logging
import os
import re
import signal
import sys
from pathlib import Path

import uvloop

from queued import app as application
from queued.engine.ports import JournalError
from queued.settings import SettingsError, load
from queued.settings_values import PORT, Settings
from queued.storage.errors import StoreError
from queued.systemd_notify import notify, watchdog_interval_s

FAILED = 1
WRONG_USE = 2

SWITCH_S = 0.00005
"""Python's default lets a busy thread keep the interpreter for 5 ms. Here the writer thread asks
for it about a dozen times in each transaction, so a full house would pay tens of milliseconds
for a commit that takes one; with 50 µs a commit under load takes hardly longer than alone."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the configuration and the data are, and where to listen."""
    parser.add_argument("--config", type=Path, required=True, metavar="hall.toml")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--host", help="address to listen on (default: [http] host)")
    parser.add_argument("--port", type=port_of, help="port to listen on (default: [http] port)")
    parser.add_argument("--no-devices", action="store_true", help="no printers, no strips")
    parser.add_argument(
        "--trust-clock", action="store_true", help="the clock is right although it looks wrong"
    )


def port_of(text: str) -> int:
    """A port of the command line; 0 takes any free one. Raises `ArgumentTypeError`."""
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) not in PORT:
        # The system would take 70000 and listen on 4464.
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: {PORT}")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """0 after a clean stop, 1 if the hall could not go on, 2 for a bad configuration."""
    logging.basicConfig(
        level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    try:
        settings = listening(load(args.config, os.environ), args.host, args.port)
    except SettingsError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return WRONG_USE
    sys.setswitchinterval(SWITCH_S)
    gc.disable()  # until the hall is there: folding a day makes values that stay
    options = application.Options(devices=not args.no_devices, trust_clock=args.trust_clock)
    try:
        return uvloop.run(_serve(settings, args.data, options))
    except (application.CannotStart, StoreError, JournalError) as error:
        print(f"queued: cannot start: {error}", file=sys.stderr)
        return FAILED


def listening(settings: Settings, host: str | None, port: int | None) -> Settings:
    """The settings with another address, if one is given."""
    http = settings.http
    return dataclasses.replace(
        settings,
        http=dataclasses.replace(
            http, host=host or http.host, port=http.port if port is None else port
        ),
    )


async def _serve(settings: Settings, data: Path, options: application.Options) -> int:
    stop = asyncio.Event()
    stop_on_signals(stop)
    async with application.running(settings, data, options) as app:
        gc.freeze()  # what is here now is here in the evening: no need to look at it again
        gc.enable()
        # Another program reads this line to know where and from which seq the hall goes on.
        print(f"queued: ready {app.url} seq={app.hall.actor.hall.seq}", flush=True)
        notify("READY=1")
        watchdog = asyncio.create_task(_watchdog(app))
        code = await application.until_stopped(app, stop)
        watchdog.cancel()
        notify("STOPPING=1")
    return code


def stop_on_signals(stop: asyncio.Event) -> None:
    """SIGTERM and SIGINT end the batch in hand and then the process."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


async def _watchdog(app: application.App) -> None:
    """Say that we live as long as the hall takes commands; silence lets systemd restart us."""
    interval_s = watchdog_interval_s()
    while interval_s is not None:
        if app.hall.actor.alive:
            notify("WATCHDOG=1")
        await asyncio.sleep(interval_s)
