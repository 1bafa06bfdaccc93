"""Long days and old journals: time to start, memory, and what history costs."""

from __future__ import annotations

import asyncio
from pathlib import Path

from queued.core import commands as c
from queued.core.model import WindowStatus
from queued.core.plan import QueueId, WindowId
from queued.engine.bus import Bus
from queued.engine.clock import SystemClock
from queued.engine.hall import HallActor
from queued.engine.recovery import recover
from queued.furnishing import calendar_of, plan_of
from queued.settings import load
from queued.storage.store import Store
from tests.bench.hall import QUEUES

BY = "manager:bench"
AT_ONCE = 128


def fill(path: Path, tickets: int) -> int:
    """Serve `tickets` visitors in the data folder of `path`; the journal's seq after it."""
    return asyncio.run(_fill(path, tickets))


async def _fill(path: Path, tickets: int) -> int:
    settings = load(path / "hall.toml", {})
    store = await Store.open(path / "data")
    recovered = await recover(store.journal, settings.hall.id)
    clock = SystemClock()
    actor = HallActor(settings.hall.id, store.journal, clock, Bus(), recovered)
    actor.start()
    await actor.submit(c.Configure(plan=plan_of(settings), by=BY))
    await actor.submit(calendar_of(settings).opening(clock.now(), BY))
    windows = [WindowId(str(n)) for n in range(1, 33)]
    for window in windows:
        if actor.hall.windows[window].status is not WindowStatus.OPEN:
            await actor.submit(c.OpenWindow(window=window, by=BY))

    async def clerk(number: int, window: WindowId) -> None:
        for visitor in range(number, tickets, len(windows)):
            queue = QueueId(f"q{visitor % QUEUES}")
            await actor.submit(c.IssueTicket(queue=queue, by=BY))
            await actor.submit(c.CallNext(window=window, by=BY))
            await actor.submit(c.StartService(window=window, by=BY))
            await actor.submit(c.FinishService(window=window, by=BY))

    await asyncio.gather(*(clerk(number, window) for number, window in enumerate(windows)))
    for window in windows:
        await actor.submit(c.CloseWindow(window=window, by=BY))
    seq = actor.hall.seq
    await actor.stop()
    await store.close()
    return seq
