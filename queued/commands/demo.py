"""`queued demo`: a furnished hall with virtual devices and visitors, in a temporary folder."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path

import uvloop

from queued import app as application
from queued.commands.demo_wechat import Demo, wechat_of
from queued.commands.serve import FAILED, SWITCH_S, WRONG_USE, listening, port_of, stop_on_signals
from queued.commands.token import create
from queued.demo_traffic import Traffic
from queued.demo_traffic import run as run_traffic
from queued.settings import SettingsError, load
from queued.settings_values import Settings

CONFIG = Path(__file__).parents[2] / "config" / "demo.toml"

SAMPLES = CONFIG.parent / "content"
"""Notices, questions, telephone list, 微官网 of the demonstration hall."""

LEFT_FREE = 2
"""The first windows are for the person watching."""

SPEED_MAX = 1000.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to listen and how fast people live."""
    parser.add_argument("--port", type=port_of, default=8080)
    parser.add_argument("--speed", type=float, default=1.0, help="1 = as in life")
    parser.add_argument("--no-traffic", action="store_true", help="no virtual visitors, no clerks")
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep the data here")


def run(args: argparse.Namespace) -> int:
    """0 after Ctrl-C, 1 if the hall could not start, 2 for wrong use."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    if not 0 < args.speed <= SPEED_MAX:
        print(f"queued demo: --speed is more than 0, at most {SPEED_MAX:g}", file=sys.stderr)
        return WRONG_USE
    try:
        settings = listening(load(CONFIG, os.environ), None, args.port)
    except SettingsError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return WRONG_USE
    sys.setswitchinterval(SWITCH_S)
    speed = None if args.no_traffic else args.speed
    try:
        if args.data is not None:
            return uvloop.run(_demo(settings, args.data, speed))
        with tempfile.TemporaryDirectory(prefix="queued-demo-") as folder:
            return uvloop.run(_demo(settings, Path(folder) / "data", speed))
    except application.CannotStart as error:
        print(f"queued: cannot start: {error}", file=sys.stderr)
        return FAILED


def furnish(data: Path) -> None:
    """Put the sample pages of columns into the data folder, unless there are some."""
    content = data / application.CONTENT
    if not content.exists():
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copytree(SAMPLES, content)


async def _demo(settings: Settings, data: Path, speed: float | None) -> int:
    async with wechat_of(settings) as wechat:
        return await _with_wechat(wechat, data, speed)


async def _with_wechat(wechat: Demo, data: Path, speed: float | None) -> int:
    settings = wechat.settings
    stop = asyncio.Event()
    stop_on_signals(stop)
    await asyncio.to_thread(furnish, data)
    async with application.running(settings, data, application.Options(demo=True)) as app:
        print(f"queued: ready {app.url} seq={app.hall.actor.hall.seq}", flush=True)
        print(f"\n    {settings.hall.name}  →  {app.url}/\n\n    Ctrl-C ends it.", flush=True)
        print(f"    WeChat, played: {wechat.url}/", flush=True)
        people = asyncio.create_task(_people(app, settings, speed))
        await wechat.play(app)
        code = await application.until_stopped(app, stop)
        people.cancel()
        await asyncio.gather(people, return_exceptions=True)
    return code


async def _people(app: application.App, settings: Settings, speed: float | None) -> None:
    if speed is None:
        return
    accounts = app.store.accounts
    windows = [window.id for window in settings.windows][LEFT_FREE:]
    traffic = Traffic(
        base_url=app.url,
        hall_id=app.hall.id,
        kiosk_token=await create(accounts, "kiosk", "demo-kiosk"),
        clerk_tokens={
            window: await create(accounts, "clerk", f"demo-{window}", window) for window in windows
        },
        speed=speed,
    )
    try:
        await run_traffic(traffic)
    except Exception:  # an edge: the demo hall stays usable without its virtual people
        logging.getLogger(__name__).exception("the virtual visitors stopped")
