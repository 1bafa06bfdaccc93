"""`queued verify --data DIR`: every hash, every fold, every promise. Exit 1 on damage."""

from __future__ import annotations

import argparse
import asyncio
import sys

from queued.commands import memory
from queued.storage.errors import StoreError
from queued.storage.verify import Report, verify


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the hall's memory is."""
    memory.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """0 if everything holds, else 1 with the first bad seq."""
    try:
        report = asyncio.run(verify(args.data, memory.meant(args)))
    except StoreError as error:
        print(f"queued verify: {error}", file=sys.stderr)
        return 1
    show(report)
    return 0 if report.ok else 1


def show(report: Report) -> None:
    """The report, a line a hall; damage on standard error."""
    for hall in report.halls:
        print(
            f"{hall.hall}: seq {hall.seq}, day {hall.day or 'none'}, {hall.records} records, "
            f"{hall.tickets} tickets, {hall.answers} answers, {hall.slips} slips"
        )
        if hall.bad_seq is not None:
            print(f"{hall.hall}: first bad seq {hall.bad_seq}", file=sys.stderr)
        for problem in hall.problems:
            print(f"{hall.hall}: {problem}", file=sys.stderr)
    if report.files:
        print(f"pages of columns and media of screens: {report.files} files")
    for problem in report.problems:
        print(problem, file=sys.stderr)
    if report.ok:
        print("everything holds")
