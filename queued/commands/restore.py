"""`queued restore FILE --data DIR`: a new data folder from a backup, verified first.

With --config of a hall that names a database server, the backup goes there: so a hall moves from
its box into the city, and back.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from queued.commands import memory
from queued.commands.verify import show
from queued.storage.backup import restore
from queued.storage.errors import StoreError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """From where, and the absent or empty folder to fill."""
    parser.add_argument("file", type=Path, metavar="FILE")
    memory.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """0 with what was restored; 1 if the backup is damaged or the folder is in use."""
    try:
        show(asyncio.run(restore(args.file, args.data, memory.meant(args))))
    except StoreError as error:
        print(f"queued restore: {error}", file=sys.stderr)
        return 1
    return 0
