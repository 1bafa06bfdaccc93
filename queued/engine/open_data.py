"""A hall's past as an open-data file: CSV (RFC 4180), UTF-8, one line per day, hour and queue.

| column | means |
| --- | --- |
| date | business day, ISO |
| hour | 0 … 23 on the hall's clock; 9 is from 9:00 to before 10:00 |
| queue, queue_name | its id, and its name now (empty if there is no such queue any more) |
| tickets | numbers taken in the hour |
| called, served, missed | calls, services finished, numbers that nobody came for, in the hour |
| waiting_mean | people in line, on average over the hour |
| wait_p50_min, wait_p80_min | minutes until the call, of numbers taken in the hour; empty if none |
| service_p50_min | minutes of service, of those finished in the hour; empty if none |

An hour in which a queue had nothing has no line; the whole hall is the sum of its queues. A
spreadsheet takes what begins with `=` for a formula: such names get an apostrophe before them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from queued.core.plan import QueueId
from queued.engine.day_figures import WHOLE_HALL, HourFigures, quantile

COLUMNS: Final = (
    "date", "hour", "queue", "queue_name", "tickets", "called", "served", "missed",
    "waiting_mean", "wait_p50_min", "wait_p80_min", "service_p50_min",
)  # fmt: skip

BOM: Final = "\ufeff"
"""Tells Excel that the file is UTF-8; other programs may stumble over it."""

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may begin to calculate at. Source: OWASP, CSV injection."""


def csv_of(
    hours: Iterable[HourFigures], names: Mapping[QueueId, str], *, bom: bool = False
) -> bytes:
    """The file of these hours; `names` of the hall's queues."""
    text = io.StringIO(newline="")
    text.write(BOM if bom else "")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_lines(hours, names))
    return text.getvalue().encode()


def safe(text: str) -> str:
    """A name as a cell that no spreadsheet calculates, on one line."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return f"'{plain}" if text.lstrip(" ").startswith(FORMULA) else plain


def _lines(
    hours: Iterable[HourFigures], names: Mapping[QueueId, str]
) -> Iterator[tuple[object, ...]]:
    for one in hours:
        if one.queue == WHOLE_HALL:
            continue
        yield (
            one.day, one.hour, safe(one.queue), safe(names.get(one.queue, "")),
            one.tickets, one.called, one.served, one.missed,
            f"{sum(one.waiting) / len(one.waiting):.1f}",
            _minutes(quantile(one.waits_s, 0.5)), _minutes(quantile(one.waits_s, 0.8)),
            _minutes(quantile(one.services_s, 0.5)),
        )  # fmt: skip


def _minutes(seconds: int | None) -> str:
    return "" if seconds is None else f"{seconds / 60:.1f}"
