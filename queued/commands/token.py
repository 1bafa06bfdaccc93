"""`queued token ROLE`: create an access token and print it alone on one line.

Also `queued token list` and `queued token revoke DIGEST`: a lost kiosk must not stay welcome.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import time
from datetime import UTC, datetime

from queued.commands import memory
from queued.core.plan import Millis, WindowId
from queued.server.auth import ROLES
from queued.storage.accounts import Accounts, AccountUnknown
from queued.storage.errors import StoreError
from queued.storage.store import Store

TOKEN_BYTES = 32
"""256 bits: nobody guesses one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The role, or what to do with existing tokens."""
    parser.add_argument("role", choices=[*ROLES, "list", "revoke"], metavar="ROLE|list|revoke")
    parser.add_argument("digest", nargs="?", help="with revoke: the token's digest, as listed")
    parser.add_argument("--name", help="of the device or person, for the journal")
    parser.add_argument("--window", help="the only window a clerk's token may act at")
    memory.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """0 done, 1 if storage refuses, 2 for wrong use."""
    if (args.role == "revoke") != (args.digest is not None):
        print("queued token: revoke needs a digest, nothing else takes one", file=sys.stderr)
        return 2
    try:
        return asyncio.run(_run(args))
    except (StoreError, AccountUnknown) as error:
        print(f"queued token: {error}", file=sys.stderr)
        return 1


async def create(accounts: Accounts, role: str, name: str, window: str | None = None) -> str:
    """A new token; only its digest is stored."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    bound = WindowId(window) if window else None
    await accounts.add_token(token, role, name, _now(), bound)
    return token


async def _run(args: argparse.Namespace) -> int:
    store = await Store.open(args.data, owner=False, city=memory.meant(args))
    try:
        if args.role == "list":
            for known in await store.accounts.tokens():
                since = datetime.fromtimestamp(known.created_at / 1000, UTC).date()
                state = "revoked" if known.revoked_at else f"since {since}"
                bound = f" window {known.window}" if known.window else ""
                print(f"{known.digest}  {known.role:<8} {known.name}{bound}  {state}")
        elif args.role == "revoke":
            await store.accounts.revoke_token(args.digest, _now())
        else:
            name = args.name or f"{args.role}-{secrets.token_hex(3)}"
            print(await create(store.accounts, args.role, name, args.window))
    finally:
        await store.close()
    return 0


def _now() -> Millis:
    return Millis(int(time.time() * 1000))
