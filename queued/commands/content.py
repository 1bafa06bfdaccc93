"""`queued content check DIR`: every page that cannot be read, every link and picture that is
missing, or one line that all is good. DIR is the `content` in a hall's data folder."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from queued.content.folder import Contents, Folder
from queued.content.page import COLUMNS
from queued.content.review import faults

CHECK_FAILED = 1
WRONG_USE = 2

SENTENCES = {
    "left_out": "is left out; a link may be http, https, tel, mailto or a page of the hall, a "
    "picture one that was uploaded",
    "no_page": "leads to a page that does not exist",
    "no_picture": "there is no such picture",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do, and where."""
    steps = parser.add_subparsers(dest="step", metavar="STEP", required=True)
    check = steps.add_parser("check", help="name everything that is wrong with the pages")
    check.add_argument("folder", type=Path, metavar="DIR")


def run(args: argparse.Namespace) -> int:
    """0 if all pages are good, 1 with every problem on a line of its own, 2 for no folder."""
    if not args.folder.is_dir():
        print(f"{args.folder}: is no folder", file=sys.stderr)
        return WRONG_USE
    contents = Folder(args.folder, "/h/hall").look()
    problems = list(problems_of(contents))
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        return CHECK_FAILED
    counts = ", ".join(
        f"{sum(one.page.column == column for one in contents.pages.values())} {column}"
        for column in COLUMNS
    )
    print(f"{args.folder}: good. {counts}, {len(contents.pictures)} pictures.")
    return 0


def problems_of(contents: Contents) -> Iterator[str]:
    """Everything that an author should know, each with its file."""
    for trouble in contents.troubles:
        for sentence in trouble.sentences:
            yield f"{trouble.file}: {sentence}"
    for path, loaded in contents.pages.items():
        for code, what in faults(loaded.page, loaded.rendered, contents):
            yield f"{path}.md: {what}: {SENTENCES[code]}"
