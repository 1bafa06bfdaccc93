"""Follow a journal from a cursor: replay what was missed, then live. Right after any crash.

Whoever reacts to events (slips, reports, other systems) keeps the cursor together with its
effect, and asks for everything after it. The bus only shortens the wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from queued.engine.bus import Bus
from queued.engine.ports import PAGE_MAX, Journal, JournalAway, Record

POLL_S = 5.0
"""Look even without a hint: another process may write this hall's journal."""

AWAY_S = 1.0
"""Between two questions to a journal that does not answer."""


async def pages(
    journal: Journal, bus: Bus, hall_id: str, after: int
) -> AsyncIterator[list[Record]]:
    """Every record with seq > `after`, in order, each once, without end; never an empty page.

    A page is what there is at the moment, so that a follower can make its effect and its
    cursor durable once for a burst instead of once for every event.
    """
    while True:
        try:
            page = await journal.read(hall_id, after, PAGE_MAX)
        except JournalAway:
            await asyncio.sleep(AWAY_S)
            continue
        if page:
            after = page[-1].seq
            yield page
            continue
        try:
            # Not wait_for: until Python 3.12 it swallows a cancellation that comes together with
            # the event it waits for, and whoever stops this follower would wait for ever.
            async with asyncio.timeout(POLL_S):
                await bus.passed(hall_id, after)
        except TimeoutError:
            pass


async def follow(journal: Journal, bus: Bus, hall_id: str, after: int) -> AsyncIterator[Record]:
    """The records of `pages`, one by one."""
    async for page in pages(journal, bus, hall_id, after):
        for record in page:
            yield record
