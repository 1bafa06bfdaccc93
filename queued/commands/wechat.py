"""`queued wechat menu check|show|apply`: the official account's menu."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from queued.engine.clock import SystemClock
from queued.settings import SettingsError, load
from queued.settings_values import Settings
from queued.wechat import account
from queued.wechat.errors import CallFailed
from queued.wechat.menu import Menu, MenuError, menu_of

FAILED = 1
WRONG_USE = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do, and with which hall's account."""
    parser.add_argument("what", choices=["menu"])
    parser.add_argument(
        "how",
        choices=["check", "show", "apply"],
        help="check: is it good; show: the one in force at WeChat; apply: put it in force",
    )
    parser.add_argument("--config", type=Path, required=True, metavar="hall.toml")


def run(args: argparse.Namespace) -> int:
    """0 done, 1 if the menu is wrong or WeChat refuses, 2 for a bad configuration."""
    try:
        settings = load(args.config, os.environ)
        if args.how != "check" and not settings.wechat.appid:
            raise SettingsError([f"{args.config.name}: [wechat]: appid: is missing"])
        made = menu_of(settings)
        if args.how == "check":
            _print(made)
            return 0
        shown = asyncio.run(call(settings, made if args.how == "apply" else None))
    except SettingsError as error:
        return _told(error.problems, WRONG_USE)
    except MenuError as error:
        return _told(error.problems, FAILED)
    except CallFailed as failure:
        return _told([f"queued wechat: WeChat refuses: {failure}"], FAILED)
    if args.how == "apply":
        print("The menu is in force; those who follow already see it within 24 hours.")
    elif shown is None:
        print("The account has no menu.")
    else:
        _print(shown)
    return 0


async def call(settings: Settings, wanted: Menu | None) -> Any:
    """Put a menu in force; without one, the menu in force. Raises `CallFailed`."""
    secrets = account.Secrets(settings.wechat)
    redis = account.open_redis(settings.redis.url)
    async with aiohttp.ClientSession() as session:
        client = account.client(settings.wechat, secrets, session, SystemClock(), redis)
        try:
            if wanted is None:
                return await client.menu()
            await client.create_menu(wanted)
        finally:
            if redis is not None:
                await redis.aclose()
    return None


def _print(shown: Any) -> None:
    print(msgspec.json.format(msgspec.json.encode(shown), indent=2).decode())


def _told(problems: Any, code: int) -> int:
    for problem in problems:
        print(problem, file=sys.stderr)
    return code
