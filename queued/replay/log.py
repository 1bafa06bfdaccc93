"""A hall's log: CSV or gzip CSV with the columns arrival, called, queue; more are ignored.

Times are ISO 8601; those without an offset are local times of the zone given. An empty
`called` means never called. Every complaint names the file and the line.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from queued.core.plan import Millis, QueueId

COLUMNS = ("arrival", "called", "queue")

LINE_MAX = 65_536
"""Bytes in a line: a hundred times a long row; more is not a log and must not fill memory."""

ROWS_MAX = 500_000
"""Tickets in one log: a year of a busy hall; its journal then takes about a gigabyte."""

QUEUES_MAX = 1_000
"""Queues in one log: twenty large cities' worth of one hall, or a wrong column."""

QUEUE_CHARS_MAX = 200

YEARS = (1971, 9000)
"""Outside of these a time cannot be meant, and time zones cannot be computed at the edges."""

GZIP_MAGIC = b"\x1f\x8b"


class LogError(Exception):
    """The log cannot be used; says where and why."""

    def __init__(self, path: Path, line: int, why: str) -> None:
        super().__init__(f"{path}: line {line}: {why}" if line else f"{path}: {why}")
        self.line = line


class _Bytes(Protocol):
    def readline(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Row:
    """A ticket as recorded. `arrival_text` is how the log spells it."""

    line: int
    queue: QueueId
    arrival: Millis
    called: Millis | None
    arrival_text: str


def read_log(path: Path, zone: ZoneInfo) -> list[Row]:
    """Every row in the order of the file. Raises `LogError`, or `OSError` if it cannot be
    opened."""
    with path.open("rb") as raw:
        zipped = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        if not zipped and path.suffix == ".gz":
            raise LogError(path, 0, "is named .gz but is not gzip")
        if not zipped:
            return _rows(path, raw, zone)
        with gzip.open(raw) as unzipped:
            return _rows(path, unzipped, zone)


def similar(word: str, known: Sequence[str]) -> str:
    """`; did you mean …?`, or what there is, or nothing, to go behind "unknown …"."""
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    shown = ", ".join(sorted(known)[:8])
    more = f" and {len(known) - 8} more" if len(known) > 8 else ""
    return f"; there are: {shown}{more}" if known else ""


def _rows(path: Path, stream: _Bytes, zone: ZoneInfo) -> list[Row]:
    reader = csv.reader(_lines(path, stream), strict=True)
    rows: list[Row] = []
    queues: set[str] = set()
    try:
        header = next(reader, None)
        if header is None:
            raise LogError(path, 0, "is empty")
        where = _columns(path, header)
        for fields in reader:
            if not fields:
                continue
            line = reader.line_num
            if len(rows) == ROWS_MAX:
                raise LogError(path, line, f"more than {ROWS_MAX:,} tickets")
            rows.append(_row(path, line, fields, where, zone))
            queues.add(rows[-1].queue)
            if len(queues) > QUEUES_MAX:
                raise LogError(
                    path, line, f"more than {QUEUES_MAX:,} queues: the right column?"
                )
    except csv.Error as error:
        raise LogError(path, reader.line_num, f"not CSV: {error}") from error
    if not rows:
        raise LogError(path, 0, "has a header and no tickets")
    return rows


def _lines(path: Path, stream: _Bytes) -> Iterator[str]:
    """Decoded lines, each bounded, each error with the number of its line."""
    line = 0
    while True:
        line += 1
        try:
            raw = stream.readline(LINE_MAX + 1)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise LogError(path, line, f"the gzip data is damaged: {error}") from error
        if not raw:
            return
        if len(raw) > LINE_MAX:
            raise LogError(path, line, f"longer than {LINE_MAX:,} bytes")
        try:
            yield raw.decode("utf-8-sig" if line == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise LogError(path, line, f"not UTF-8: {error.reason}") from error


def _columns(path: Path, header: Sequence[str]) -> tuple[int, int, int]:
    names = [name.strip() for name in header]
    for column in COLUMNS:
        if names.count(column) > 1:
            raise LogError(path, 1, f"column {column!r} stands there twice")
        if column not in names:
            if len(names) == 1 and any(mark in names[0] for mark in ";\t"):
                raise LogError(path, 1, "columns must be separated by commas")
            raise LogError(path, 1, f"no column {column!r}{similar(column, names)}")
    return names.index("arrival"), names.index("called"), names.index("queue")


def _row(
    path: Path,
    line: int,
    fields: Sequence[str],
    where: tuple[int, int, int],
    zone: ZoneInfo,
) -> Row:
    if len(fields) <= max(where):
        raise LogError(path, line, f"{len(fields)} columns, too few")
    arrival_text, called_text, queue = (fields[index].strip() for index in where)
    if not queue:
        raise LogError(path, line, "queue is empty")
    if len(queue) > QUEUE_CHARS_MAX or not queue.isprintable():
        raise LogError(
            path, line, "queue is too long or has characters that cannot be shown"
        )
    arrival = _moment(path, line, "arrival", arrival_text, zone)
    called = _moment(path, line, "called", called_text, zone) if called_text else None
    if called is not None and called < arrival:
        raise LogError(path, line, f"called {called_text} before arrival {arrival_text}")
    return Row(line, QueueId(queue), arrival, called, arrival_text)


def _moment(path: Path, line: int, column: str, text: str, zone: ZoneInfo) -> Millis:
    why = f"{column} {text[:40]!r} is not a time like 2020-01-02T08:30:00"
    if len(text) <= len("2020-01-02"):  # a day alone is not a time
        raise LogError(path, line, why)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise LogError(path, line, why) from error
    if not YEARS[0] <= moment.year <= YEARS[1]:
        raise LogError(
            path, line, f"{column} {text!r} is not in the years {YEARS[0]}-{YEARS[1]}"
        )
    if moment.tzinfo is None:
        # Through UTC: a local time that the clocks skipped is the moment after it.
        moment = moment.replace(tzinfo=zone).astimezone(UTC)
    return Millis(round(moment.timestamp() * 1000))
