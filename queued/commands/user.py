"""`queued user add|passwd|disable|enable|list`: people who sign in.

The password is asked for twice on a terminal, or read as one line from standard input; it is
never an argument, where everybody on the machine could read it.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
import time

from queued.commands import memory
from queued.core.plan import Millis
from queued.server.auth import ROLES, hash_password
from queued.storage.accounts import AccountTaken, AccountUnknown
from queued.storage.errors import StoreError
from queued.storage.store import Store

PASSWORD_CHARS_MIN = 8
"""NIST SP 800-63B's floor for chosen passwords."""

PASSWORD_CHARS_MAX = 256
PEOPLE = [role for role in ROLES if role in ("clerk", "manager", "admin", "auditor")]


class BadPassword(Exception):
    """Too short, too long, or not typed the same twice."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do with whom."""
    parser.add_argument("action", choices=["add", "passwd", "disable", "enable", "list"])
    parser.add_argument("name", nargs="?")
    parser.add_argument("--role", choices=PEOPLE, default="clerk")
    memory.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """0 done, 1 if refused, 2 for wrong use."""
    if (args.action == "list") == (args.name is not None):
        print("queued user: name a person (list takes none)", file=sys.stderr)
        return 2
    try:
        return asyncio.run(_run(args))
    except (StoreError, AccountTaken, AccountUnknown, BadPassword) as error:
        print(f"queued user: {error}", file=sys.stderr)
        return 1


async def _run(args: argparse.Namespace) -> int:
    now = Millis(int(time.time() * 1000))
    store = await Store.open(args.data, owner=False, city=memory.meant(args))
    accounts = store.accounts
    try:
        match args.action:
            case "add":
                await accounts.add_user(args.name, args.role, _password(), now)
            case "passwd":
                await accounts.set_password(args.name, _password(), now)
            case "disable":
                await accounts.disable_user(args.name, now)
            case "enable":
                await accounts.enable_user(args.name, now)
            case _:
                for user in await accounts.users():
                    state = "disabled" if user.disabled_at else "active"
                    print(f"{user.name}  {user.role}  {state}")
    finally:
        await store.close()
    return 0


def _password() -> str:
    """Its hash. Raises `BadPassword`."""
    if sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if getpass.getpass("Again: ") != password:
            raise BadPassword("the two passwords differ")
    else:
        password = sys.stdin.readline().rstrip("\n")
    if not PASSWORD_CHARS_MIN <= len(password) <= PASSWORD_CHARS_MAX:
        raise BadPassword(f"a password has {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters")
    return hash_password(password)
