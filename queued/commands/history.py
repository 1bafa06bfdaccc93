"""`queued history rebuild --config hall.toml --data DIR`: make the history of hours anew.

What hours were like, popular times and what predictions have learnt follow from the journal. They
are kept up to date by the running hall; this is for whoever does not believe them, or has changed
the hall's time zone.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

from queued.engine.ports import JournalError
from queued.history import History
from queued.settings import SettingsError, load
from queued.storage.city import City, city_of
from queued.storage.errors import StoreError
from queued.storage.store import Store

WRONG_USE = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do, of which hall, with which data."""
    parser.add_argument("deed", choices=("rebuild",))
    parser.add_argument("--config", type=Path, required=True, metavar="FILE")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")


def run(args: argparse.Namespace) -> int:
    """0 with how many days there are; 1 if the hall runs or its journal is damaged, 2
    for a bad configuration."""
    try:
        settings = load(args.config, os.environ)
        hall, city = settings.hall, city_of(settings)
        days = asyncio.run(rebuild(args.data, hall.id, ZoneInfo(hall.timezone), city))
    except SettingsError as error:
        print(*error.problems, sep="\n", file=sys.stderr)
        return WRONG_USE
    except (StoreError, JournalError) as error:
        print(f"queued history: {error}", file=sys.stderr)
        return 1
    print(f"{hall.id}: the history of {days} days was made anew from the journal")
    return 0


async def rebuild(data: Path, hall_id: str, zone: ZoneInfo, city: City | None = None) -> int:
    """Drop what follows from the journal and make it again; how many days. A run that is cut
    short is finished by the next start of the hall. Raises `StoreError`, `JournalError`."""
    store = await Store.open(data, create=False, city=city)
    try:
        await store.hours.forget(hall_id)
        history = History(hall_id, store.journal, store.hours, lambda: zone, pause_s=0)
        return await history.catch_up()
    finally:
        await store.close()
