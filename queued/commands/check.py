"""`queued check hall.toml`: every problem of a configuration, or one line that it is good."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from queued.settings import SettingsError, load
from queued.slip_files import load_templates
from queued.wechat.menu import MenuError, menu_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The file."""
    parser.add_argument("config", type=Path, metavar="hall.toml")


def run(args: argparse.Namespace) -> int:
    """0 if the file can be used, 1 with every problem on a line of its own."""
    try:
        settings = load(args.config, os.environ)
        load_templates(settings)
        if settings.wechat.appid:
            menu_of(settings)
    except (SettingsError, MenuError) as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return 1
    print(
        f"{args.config}: good. {settings.hall.name}: {len(settings.queues)} queues, "
        f"{len(settings.services)} services, {len(settings.windows)} windows, "
        f"{len(settings.devices)} devices."
    )
    return 0
