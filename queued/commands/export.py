"""`queued export FILE.csv --config hall.toml --data DIR`: the hall's past as an open-data file.

Works beside the running hall. Columns: `queued/engine/open_data.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from datetime import date
from pathlib import Path

from queued.core.plan import QueueId
from queued.engine.open_data import csv_of
from queued.settings import SettingsError, load
from queued.storage.errors import StoreError
from queued.storage.store import Store

FAILED = 1
WRONG_USE = 2

STANDARD_OUTPUT = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to, of which hall, from when to when."""
    parser.add_argument("file", metavar="FILE", help="where to; - for standard output")
    parser.add_argument("--config", type=Path, required=True, metavar="hall.toml")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    for name, dest in (("--from", "begin"), ("--to", "end")):
        parser.add_argument(name, dest=dest, type=day_of, metavar="DAY", help="such as 2026-11-23")
    parser.add_argument("--bom", action="store_true", help="for Excel: mark the file as UTF-8")


def day_of(text: str) -> date:
    """A day of the command line. Raises `ArgumentTypeError`."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:  # 20261123 is another way to write one
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-11-23")
    return day


def run(args: argparse.Namespace) -> int:
    """0 with how many lines there are, 1 if it could not be read or written, 2 for wrong use."""
    try:
        settings = load(args.config, os.environ)
        names = {QueueId(queue.id): queue.name for queue in settings.queues}
        content = asyncio.run(_file(args, settings.hall.id, names))
        _write(args.file, content)
    except SettingsError as error:
        print(*error.problems, sep="\n", file=sys.stderr)
        return WRONG_USE
    except StoreError as error:
        print(f"queued export: {error}", file=sys.stderr)
        return FAILED
    except OSError as error:
        print(f"queued export: cannot write {args.file}: {error.strerror}", file=sys.stderr)
        return FAILED
    if args.file != STANDARD_OUTPUT:
        lines = content.count(b"\r\n") - 1
        print(f"{args.file}: {lines} lines")
    return 0


async def _file(args: argparse.Namespace, hall_id: str, names: dict[QueueId, str]) -> bytes:
    store = await Store.open(args.data, create=False, owner=False)
    try:
        hours = await store.hours.between(hall_id, args.begin or date.min, args.end or date.max)
    finally:
        await store.close()
    return csv_of(hours, names, bom=args.bom)


def _write(file: str, content: bytes) -> None:
    """Whole or not at all; what stood there before stays if it fails."""
    if file == STANDARD_OUTPUT:
        sys.stdout.buffer.write(content)
        return
    place = Path(file).absolute()
    if place.exists() and not place.is_file():
        raise OSError(0, "it is not a file")
    handle, draft = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(draft, 0o644)  # open data
        os.replace(draft, place)
    except BaseException:
        os.unlink(draft)
        raise
