"""Where a command finds what a hall remembers: `--data`, and `--config` for a hall of a city.

A hall on its own box has everything in its data folder. A hall of a city has its journal on the
server that `[storage] url` or QUEUED_STORAGE_URL names; its folder remembers which hall it is.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from queued.settings import ENVIRONMENT_PREFIX, SettingsError, load
from queued.storage.city import City, city_of, remembered
from queued.storage.errors import StoreError

VARIABLE = f"{ENVIRONMENT_PREFIX}STORAGE_URL"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The folder, and who knows where the database server is."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--config",
        type=Path,
        metavar="hall.toml",
        help=f"of a hall whose journal is on a database server ([storage] url or {VARIABLE})",
    )


def meant(args: argparse.Namespace, environ: Mapping[str, str] = os.environ) -> City | None:
    """The server and the hall; None if everything is in the folder. Raises `StoreError`."""
    if args.config is not None:
        try:
            return city_of(load(args.config, environ))
        except SettingsError as error:
            raise StoreError("; ".join(error.problems)) from error
    url, known = environ.get(VARIABLE), remembered(args.data)
    if url and known is None:
        raise StoreError(f"{VARIABLE} is set: say which hall is meant with --config hall.toml")
    return City(url, known) if url and known else None
