"""A long day in a data folder, made through the real engine, without anybody pressing buttons."""

from __future__ import annotations

import asyncio
from itertools import count
from pathlib import Path

from queued.app import Options, running
from queued.commands.serve import listening
from queued.core import commands as c
from queued.core.plan import WindowId
from queued.engine.hall import BATCH_MAX, HallActor
from queued.settings import load

QUEUES = ("a", "b")
WINDOWS = 16


async def live(actor: HallActor, events: int) -> None:
    """Visits until the journal has `events` more records."""
    for window in range(1, WINDOWS + 1):
        await actor.submit(c.OpenWindow(window=WindowId(str(window)), by=f"clerk:{window}"))
    end, numbers = actor.hall.seq + events, count()
    while actor.hall.seq < end:
        await asyncio.gather(*(actor.submit(_take(next(numbers))) for _ in range(BATCH_MAX // 8)))
        await asyncio.gather(*(_visit(actor, window) for window in range(1, WINDOWS + 1)))


def _take(number: int) -> c.IssueTicket:
    return c.IssueTicket(queue=QUEUES[number % len(QUEUES)], by="kiosk:east")


async def _visit(actor: HallActor, window: int) -> None:
    id_, by = WindowId(str(window)), f"clerk:{window}"
    for _ in range(2):
        await actor.submit(c.CallNext(window=id_, by=by))
        await actor.submit(c.StartService(window=id_, by=by))
        await actor.submit(c.FinishService(window=id_, outcome="", by=by))


async def make(config: Path, data: Path, events: int) -> int:
    """Fill `data` with at least `events` records of today; the journal's seq."""
    settings = listening(load(config, {}), None, 0)
    async with running(settings, data, Options(devices=False)) as app:
        await live(app.hall.actor, events)
        return app.hall.actor.hall.seq
