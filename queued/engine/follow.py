"""Follow a journal from a cursor: replay what was missed, then live. Right after any crash.

Whoever reacts to events (slips, reports, other systems) keeps the cursor together with its
effect, and asks for everything after it. The bus only shortens the wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from queued.engine.bus import Bus
from queued.engine.ports import PAGE_MAX, Journal, Record

POLL_S = 5.0
"""Look even without a hint: another process may write this hall's journal."""


async def follow(journal: Journal, bus: Bus, hall_id: str, after: int) -> AsyncIterator[Record]:
    """Every record with seq > `after`, in order, each once, without end."""
    while True:
        page = await journal.read(hall_id, after, PAGE_MAX)
        for record in page:
            yield record
            after = record.seq
        if not page:
            try:
                await asyncio.wait_for(bus.passed(hall_id, after), POLL_S)
            except TimeoutError:
                pass
