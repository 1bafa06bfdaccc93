"""The command line: `queued COMMAND …`. Each command lives in its own module, imported when used.

Exit codes: 0 done, 1 the check failed, 2 wrong use.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

CHECK_FAILED = 1
WRONG_USE = 2

COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("queued.commands.serve", "run a hall"),
    "public": ("queued.commands.public", "show halls to everybody, from Redis or from one hall"),
    "demo": ("queued.commands.demo", "a furnished hall with virtual devices and visitors"),
    "check": ("queued.commands.check", "validate a configuration"),
    "content": ("queued.commands.content", "check the pages of columns"),
    "slip": ("queued.commands.slip", "show a sample slip as the printer prints it"),
    "token": ("queued.commands.token", "create an access token, or list and revoke them"),
    "user": ("queued.commands.user", "people who sign in"),
    "replay": ("queued.replay", "run real days through the engine"),
    "wechat": ("queued.commands.wechat", "the official account's menu"),
    "verify": ("queued.commands.verify", "check every hash, fold and invariant"),
    "history": ("queued.commands.history", "make the history of hours anew from the journal"),
    "export": ("queued.commands.export", "the hall's past as an open-data file"),
    "backup": ("queued.commands.backup", "copy a running hall into a file"),
    "restore": ("queued.commands.restore", "make a data folder from a backup"),
    "doctor": ("queued.commands.doctor", "what works, what does not, what to do"),
}
"""Name → module with `add_arguments(parser)` and `run(args) -> int`, and a line of help."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    # Loading makes no garbage, only things that stay: looking for some takes a fifth of the time.
    gc.disable()
    words = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(
        prog="queued", description="Queue management and ticketing for service halls."
    )
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    wanted = next((word for word in words if not word.startswith("-")), "")
    for name, (module, help_) in COMMANDS.items():
        sub = subparsers.add_parser(name, help=help_, description=help_.capitalize() + ".")
        if name == wanted:
            import_module(module).add_arguments(sub)
    args = parser.parse_args(words)
    run: Callable[[argparse.Namespace], int] = import_module(COMMANDS[args.command][0]).run
    gc.enable()
    return run(args)


if __name__ == "__main__":
    sys.exit(main())
