"""`queued replay LOG`: real days through the real engine, in seconds instead of weeks.

Exit codes: 0 done, 1 the log cannot be used (with file and line), 2 wrong use. Files are
written completely or not at all.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import time as TimeOfDay
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from queued.engine.calendar import Calendar
from queued.engine.ports import JournalBroken
from queued.replay.drive import MINUTES_PER_CALL, Progress, Result, prove, replay
from queued.replay.log import LogError, Row, read_log, similar
from queued.replay.score import PREDICTION_COLUMNS, prediction_row, report_of, table_of
from queued.storage.memory import MemoryJournal

FAILED = 1
WRONG_USE = 2

DAY_STARTS = TimeOfDay(4)
"""Business days roll over when every hall is closed."""

TIMEZONE = "Europe/Warsaw"
"""Of the public data this began with."""

PROGRESS_EVERY_S = 0.5


class WrongUse(Exception):
    """The command line asks for something that cannot be done."""


class CannotWrite(Exception):
    """A result could not be written; what stood there before still does."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The log, what to do with it, where the results go."""
    parser.add_argument(
        "log",
        type=Path,
        metavar="LOG.csv[.gz]",
        help="columns arrival,called,queue; empty called = never called; more are ignored",
    )
    parser.add_argument("--queue", metavar="Q", help="only this queue")
    parser.add_argument(
        "--predictions",
        type=Path,
        metavar="OUT.csv",
        help="what every ticket with somebody ahead would have been told when it was taken",
    )
    parser.add_argument("--report", type=Path, metavar="OUT.json", help="the table as JSON")
    parser.add_argument(
        "--timezone",
        default=TIMEZONE,
        metavar="ZONE",
        help="of times without an offset, and of the business days (default: %(default)s)",
    )
    parser.add_argument(
        "--minutes-per-call",
        type=_minutes,
        default=MINUTES_PER_CALL,
        metavar="N",
        help="guess for a queue that has not shown its pace yet (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Replay, print the table, write the files. Returns the exit code."""
    try:
        zone = _zone(args.timezone)
        _check_outputs(args)
        rows = _chosen(_read(args.log, zone), args.queue)
        result, seconds = asyncio.run(_replay(rows, zone, args))
        report = report_of(result, seconds, zone, args.predictions is not None)
        _write_outputs(args, result, report)
    except WrongUse as error:
        sys.stderr.write(f"queued replay: {error}\n")
        return WRONG_USE
    except (LogError, JournalBroken, CannotWrite) as error:
        sys.stderr.write(f"queued replay: {error}\n")
        return FAILED
    sys.stdout.write(table_of(report))
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command by itself; the same as `queued replay`."""
    parser = argparse.ArgumentParser(prog="queued replay")
    add_arguments(parser)
    return run(parser.parse_args(argv))


async def _replay(
    rows: Sequence[Row], zone: ZoneInfo, args: argparse.Namespace
) -> tuple[Result, float]:
    """The result, and the seconds the engine took; reading the journal back is not in them."""
    journal = MemoryJournal()
    began = time.perf_counter()
    result, hall = await replay(
        rows,
        Calendar(zone, DAY_STARTS),
        journal,
        predict=args.predictions is not None,
        minutes_per_call=args.minutes_per_call,
        progress=_progress(sum(1 + (row.called is not None) for row in rows)),
    )
    seconds = time.perf_counter() - began
    await prove(journal, hall)
    return result, seconds


# ── What was asked for ────────────────────────────────────────────────────────────────────


def _minutes(text: str) -> int:
    minutes = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= minutes <= 240:
        raise argparse.ArgumentTypeError(f"{text!r} is not whole minutes from 1 to 240")
    return minutes


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = sorted(available_timezones())
        raise WrongUse(f"unknown time zone {name!r}{similar(name, known)}") from None


def _read(path: Path, zone: ZoneInfo) -> list[Row]:
    try:
        return read_log(path, zone)
    except OSError as error:
        raise WrongUse(f"cannot read {path}: {error.strerror}") from error


def _chosen(rows: list[Row], queue: str | None) -> list[Row]:
    if queue is None:
        return rows
    chosen = [row for row in rows if row.queue == queue]
    if not chosen:
        known = sorted({row.queue for row in rows})
        raise WrongUse(f"no queue {queue!r} in the log{similar(queue, known)}")
    return chosen


def _check_outputs(args: argparse.Namespace) -> None:
    """Complain before the work, not after it."""
    taken = {args.log.resolve(): "the log"}
    for option, path in (("--predictions", args.predictions), ("--report", args.report)):
        if path is None:
            continue
        if (other := taken.get(path.resolve())) is not None:
            raise WrongUse(f"{option} {path} would overwrite {other}")
        if not path.resolve().parent.is_dir():
            raise WrongUse(f"{option} {path} needs the folder {path.parent}")
        if path.exists() and not path.is_file():
            # Replacing a device or a folder by a file is never meant.
            raise WrongUse(f"{option} {path} is not a file")
        taken[path.resolve()] = option


# ── Results ───────────────────────────────────────────────────────────────────────────────


def _write_outputs(
    args: argparse.Namespace, result: Result, report: dict[str, object]
) -> None:
    texts: dict[Path, str] = {}
    if args.predictions is not None:
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(PREDICTION_COLUMNS)
        writer.writerows(map(prediction_row, result.predictions))
        texts[args.predictions] = out.getvalue()
    if args.report is not None:
        texts[args.report] = json.dumps(report, ensure_ascii=False, indent=2) + "\n"
    _write_all(texts)


def _write_all(texts: dict[Path, str]) -> None:
    """Write every file beside its place first, then move all into place."""
    written: list[tuple[str, Path]] = []
    try:
        for path, text in texts.items():
            place = path.resolve()
            try:
                handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
                written.append((name, place))
                with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                    file.write(text)
                os.chmod(name, 0o666 & ~_umask())
            except OSError as error:
                raise CannotWrite(f"cannot write {path}: {error.strerror}") from error
        while written:
            os.replace(*written[0])
            del written[0]
    finally:
        for name, _ in written:
            os.unlink(name)


def _umask() -> int:
    """The process's umask; mkstemp ignores it, and a report is not a secret."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _progress(total: int) -> Progress:
    """Shows how far it is on a terminal, nowhere else."""
    if not sys.stderr.isatty():
        return lambda _steps: None
    done, shown_at = 0, time.monotonic()

    def show(steps: int) -> None:
        nonlocal done, shown_at
        done += steps
        now = time.monotonic()
        if done == total:
            sys.stderr.write("\r\033[K")
        elif now - shown_at >= PROGRESS_EVERY_S:
            shown_at = now
            sys.stderr.write(f"\r{done / total:.0%} of {total:,} arrivals and calls")
            sys.stderr.flush()

    return show
