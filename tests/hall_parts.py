"""A small real hall for tests: real store, real actor, and devices if asked for."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from queued.core import commands as c
from queued.core.estimate import Estimator
from queued.core.model import Ticket, TicketId
from queued.core.plan import QueueId
from queued.device_link import DeviceLink
from queued.engine.bus import Bus
from queued.engine.clock import SystemClock
from queued.engine.hall import HallActor
from queued.engine.halls import RunningHall
from queued.engine.recovery import recover
from queued.engine.tokens import TicketTokens
from queued.furnishing import calendar_of, plan_of
from queued.outputs import device_config
from queued.settings import load
from queued.settings_values import DeviceSettings, Settings
from queued.slips import Slips
from queued.storage.store import Store

CONFIG = Path(__file__).parent.parent / "config" / "one-window.toml"
DEADLINE_S = 20.0


def settings(*devices: DeviceSettings) -> Settings:
    """The one-window hall, always open, with other devices."""
    loaded = load(CONFIG, {})
    return dataclasses.replace(loaded, devices=devices, hours=())


def printer(port: str = "virtual://", **options: str | int | float | bool) -> DeviceSettings:
    """A slip printer."""
    return DeviceSettings("printer", "escpos", port, options=options)


@dataclass(slots=True)
class Parts:
    """What `opened` runs."""

    hall: RunningHall
    store: Store
    slips: Slips
    link: DeviceLink
    settings: Settings

    async def issue(self, slip: c.SlipSize = "normal") -> Ticket:
        """A ticket from the kiosk."""
        queue = QueueId(self.settings.queues[0].id)
        command = c.IssueTicket(queue=queue, slip=slip, by="kiosk:k")
        outcome = await self.hall.actor.submit(command)
        return outcome.hall.ticket(TicketId(len(outcome.hall.tickets)))

    async def slip_status(self, ticket: Ticket) -> str:
        """The state of the newest slip, or "none"."""
        day = self.hall.actor.hall.day or ""
        state = await self.slips.slip_of(self.hall.id, day, ticket.id)
        return state.status if state else "none"

    async def slip_is(self, ticket: Ticket, status: str) -> bool:
        """Whether the newest slip has this state."""
        return await self.slip_status(ticket) == status


async def eventually(asked: Callable[[], object]) -> None:
    """Wait until `asked()` (or what it awaits) is true. Fails after DEADLINE_S."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        answer = asked()
        if asyncio.iscoroutine(answer):
            answer = await answer
        if answer:
            return
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def opened(
    data: Path, furnished: Settings, *, devices: bool = True
) -> AsyncIterator[Parts]:
    """The hall in `data`, open, with its device process, or with nobody in its place."""
    store = await Store.open(data)
    bus, clock = Bus(), SystemClock()
    hall_id = furnished.hall.id
    recovered = await recover(store.journal, hall_id)
    actor = HallActor(hall_id, store.journal, clock, bus, recovered)
    actor.start()
    await actor.submit(c.Configure(plan=plan_of(furnished), by="system:test"))
    calendar = calendar_of(furnished)
    await actor.submit(calendar.opening(clock.now(), "system:test"))
    hall = RunningHall(
        hall_id, actor, calendar, TicketTokens(hall_id, store.secret), Estimator()
    )
    spool = data / "spool"
    spool.mkdir(exist_ok=True)
    link = DeviceLink([device_config(device) for device in furnished.devices], spool)
    slips = Slips(
        hall=hall,
        settings=furnished,
        journal=store.journal,
        bus=bus,
        ledger=store.ledger,
        link=link,
        clock=clock,
        spool=spool,
        ticket_url=lambda token: f"http://hall/t/{token}",
    )
    link.on_up, link.on_report = slips.on_up, slips.on_report
    await slips.start()
    if devices:
        link.start()
    try:
        yield Parts(hall, store, slips, link, furnished)
    finally:
        await link.stop()
        await slips.stop()
        await actor.stop()
        await store.close()


def kill(pid: int | None) -> None:
    """SIGKILL."""
    assert pid is not None
    os.kill(pid, 9)
