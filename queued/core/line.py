"""A line of waiting tickets: sorted, immutable, and cheap to join and to leave when it is long.

How it works: the entries sit in sorted chunks of at most `CHUNK`; joining or leaving copies one
chunk and the tuple of chunks. A flat tuple would copy, and so touch, every entry of a line of a
thousand for each ticket taken, which drives everything else out of the processor's cache.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

from queued.core.plan import TicketId
from queued.core.quick import quick_init

Entry: TypeAlias = tuple[int, TicketId]
"""(key in milliseconds, ticket): lines are sorted by it."""

Chunk: TypeAlias = tuple[Entry, ...]

CHUNK = 64
"""Near the square root of the longest lines, where chunk and spine cost the same."""


@quick_init
@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Entries in calling order. Lines of the same entries are equal."""

    chunks: tuple[Chunk, ...] = ()
    """None of them is empty."""
    size: int = 0

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[Entry]:
        return chain.from_iterable(self.chunks)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Line) and tuple(self) == tuple(other)

    def joined(self, entry: Entry) -> Line:
        """The line with `entry` in its place."""
        chunks = self.chunks
        if not chunks:
            return Line(((entry,),), 1)
        row = min(self._row(entry), len(chunks) - 1)
        chunk = chunks[row]
        at = bisect_left(chunk, entry)
        return Line(
            chunks[:row] + _split(chunk[:at] + (entry,) + chunk[at:], at) + chunks[row + 1 :],
            self.size + 1,
        )

    def left(self, entry: Entry) -> Line:
        """The line without `entry`. Raises `KeyError` if it is not in it."""
        row = self._row(entry)
        chunk = self.chunks[row] if row < len(self.chunks) else ()
        at = bisect_left(chunk, entry)
        if at == len(chunk) or chunk[at] != entry:
            raise KeyError(entry)
        rest = chunk[:at] + chunk[at + 1 :]
        kept = (rest,) if rest else ()
        return Line(self.chunks[:row] + kept + self.chunks[row + 1 :], self.size - 1)

    def before(self, entry: Entry) -> int:
        """How many stand before `entry`, whether it is in the line or not."""
        row = self._row(entry)
        whole = sum(map(len, self.chunks[:row]))
        return whole + bisect_left(self.chunks[row], entry) if row < len(self.chunks) else whole

    def _row(self, entry: Entry) -> int:
        """The first chunk that does not end before `entry`; one past the last if all do."""
        return bisect_left(self.chunks, entry, key=_last)


def line(entries: Iterable[Entry]) -> Line:
    """The line of these entries, in any order."""
    ordered = tuple(sorted(entries))
    chunks = tuple(ordered[at : at + CHUNK] for at in range(0, len(ordered), CHUNK))
    return Line(chunks, len(ordered))


NOBODY = Line()
"""An empty line."""


def _last(chunk: Chunk) -> Entry:
    return chunk[-1]


def _split(chunk: Chunk, joined_at: int) -> tuple[Chunk, ...]:
    """`chunk`, in two if it has grown too long: in halves, but a line that grows at its end, as
    lines do, leaves full chunks behind."""
    if len(chunk) <= CHUNK:
        return (chunk,)
    at = CHUNK if joined_at == CHUNK else CHUNK // 2
    return (chunk[:at], chunk[at:])
