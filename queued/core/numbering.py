"""Number series: A001, A002 … per queue and business day.

After the last number of its digits a series starts over at `first`, but never gives out a
number that somebody may still hold up today.
"""

from __future__ import annotations

from queued.core.model import ALIVE, Hall, Series, TicketId
from queued.core.plan import QueuePlan


def next_value(hall: Hall, queue: QueuePlan) -> int | None:
    """The next free value of the queue's series, or None if every number is still held."""
    series = hall.series.get(queue.id)
    if series is None:
        return queue.first
    capacity = 10**queue.digits - queue.first
    value = series.next
    for _ in range(capacity):
        if value < queue.first or value >= 10**queue.digits:
            value = queue.first
        if not _alive(hall, series, value - queue.first):
            return value
        value += 1
    return None


def spelled(queue: QueuePlan, value: int) -> str:
    """The number as printed: letter and digits, "A017"."""
    return f"{queue.letter}{value:0{queue.digits}d}"


def taken(series: Series | None, queue: QueuePlan, value: int, ticket: TicketId) -> Series:
    """The series after `ticket` got `value`."""
    series = series or Series(next=queue.first)
    holders, index = series.holders, value - queue.first
    if index < len(holders):
        holders = holders.replace(index, ticket)
    else:
        while len(holders) < index:
            holders = holders.append(0)
        holders = holders.append(ticket)
    return Series(next=value + 1, holders=holders)


def _alive(hall: Hall, series: Series, index: int) -> bool:
    if index >= len(series.holders) or not series.holders[index]:
        return False
    return hall.ticket(TicketId(series.holders[index])).status in ALIVE
