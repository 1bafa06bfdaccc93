"""`queued backup FILE --data DIR`: a verified copy of a hall, also while it runs."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from queued.commands import memory
from queued.commands.verify import show
from queued.storage.backup import backup
from queued.storage.errors import StoreError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to, and from where."""
    parser.add_argument("file", type=Path, metavar="FILE")
    memory.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """0 with what the backup holds; 1 if it could not be made or is not good."""
    try:
        show(asyncio.run(backup(args.data, args.file, memory.meant(args))))
    except StoreError as error:
        print(f"queued backup: {error}", file=sys.stderr)
        return 1
    return 0
