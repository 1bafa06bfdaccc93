"""The only place where parts meet: build them, start them in order, stop them in reverse."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from display.pages import Pages
from queued import __version__, settings_remote
from queued.alarm_keeper import AlarmKeeper
from queued.core.plan import Millis
from queued.engine.alarms import Alarms, poor_ratings
from queued.engine.bus import Bus, Committed
from queued.engine.clock import Clock, SystemClock, implausible
from queued.engine.hall import KEYS_KEPT_MS, HallActor
from queued.engine.halls import RunningHall
from queued.engine.recovery import recover
from queued.engine.tokens import TicketTokens
from queued.equipment import Equipment, Surroundings, connected
from queued.furniture import Furniture
from queued.history import History, remembered
from queued.long_waits import LongWaits
from queued.phone_sessions import PhoneSessions
from queued.retention import Retention
from queued.server.application import SITE, Parts, build, serve
from queued.server.columns import Columns, answers, columns_in
from queued.server.parts import Site
from queued.settings import SettingsError
from queued.settings_values import Settings
from queued.storage.city import city_of
from queued.storage.store import Store

if TYPE_CHECKING:
    from queued.remote.desk import Remote
    from queued.wechat_account import WechatAccount

log = logging.getLogger(__name__)

MEDIA = "media"
"""Of the data folder: what screens show beside the queues (see `server/media.py`)."""

CONTENT = "content"
"""Of the data folder: the pages of columns (see `content/folder.py`)."""

BY_CALENDAR = "system:calendar"
"""Who opens days, in the journal."""


class CannotStart(Exception):
    """The hall cannot be opened; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class App:
    """A running hall and where it listens."""

    hall: RunningHall
    store: Store
    url: str
    restarts_of_devices: Callable[[], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to run. `trust_clock`: a person says that an implausible clock is right."""

    devices: bool = True
    demo: bool = False
    trust_clock: bool = False


@contextlib.asynccontextmanager
async def running(
    settings: Settings,
    data: Path,
    options: Options = Options(),
    clock: Clock | None = None,
) -> AsyncIterator[App]:
    """The whole hall, ready when entered, stopped when left.

    Raises `CannotStart`, `StoreError`, `JournalBroken`; nothing is left running then.
    """
    clock = clock or SystemClock()
    bus = Bus()
    async with contextlib.AsyncExitStack() as stack:
        store = await Store.open(data, city=city_of(settings))
        stack.push_async_callback(store.close)
        furniture = await Furniture.open(settings, store.configurations)
        settings = furniture.settings
        hall = await _open_hall(furniture, store, bus, clock, options)
        stack.push_async_callback(hall.actor.stop)
        stack.push_async_callback(furniture.stop)
        await _alarmed(hall, store, furniture, clock, stack)
        url = _public_url(settings, address := _address(settings))
        around = Surroundings(settings, data, hall, store, bus, clock, url)
        equipment = await _equipped(around, options, stack)
        history = _history(hall, store, furniture, bus, stack)
        retention = Retention(store.people, clock)
        await retention.start()
        stack.push_async_callback(retention.stop)
        columns = columns_in(data / CONTENT, hall, clock)
        wechat = await _wechat(around, columns, stack)
        remote = _remote(around, wechat)
        parts = Parts(
            halls={hall.id: hall},
            bus=bus,
            store=store,
            settings=settings,
            furniture=furniture,
            pages=Pages(),
            devices=equipment.devices,
            readers=equipment.readers,
            speakers=equipment.speakers,
            inputs=equipment.inputs,
            upkeep=equipment.upkeep,
            history={hall.id: history},
            clock=clock,
            version=__version__,
            demo=options.demo,
            media=data / MEDIA,
            account=wechat,
            columns={hall.id: columns},
            more_routes=(*(wechat.routes if wechat else ()), *(remote.routes if remote else ())),
            counts=_counts(wechat, remote),
        )
        await _published(around, (server := build(parts))[SITE], stack)
        port = await _listen(server, address, stack)
        yield App(hall, store, f"http://{address[0]}:{port}", equipment.restarts)


def _address(settings: Settings) -> tuple[str, int]:
    """Where to listen. Port 0 is decided here: slips name the address before anybody listens."""
    host, port = settings.http.host, settings.http.port
    if port:
        return host, port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        try:
            probe.bind((host, 0))
        except OSError as error:
            raise _not_listening(host, port, error) from error
        return host, int(probe.getsockname()[1])


def _public_url(settings: Settings, address: tuple[str, int]) -> str:
    """What the QR codes of slips lead to."""
    if settings.http.public_url:
        return settings.http.public_url
    if address[0] in ("0.0.0.0", "::"):
        log.warning("set [http] public_url: phones cannot open the QR codes of slips without it")
    return f"http://{address[0]}:{address[1]}"


async def _open_hall(
    furniture: Furniture,
    store: Store,
    bus: Bus,
    clock: Clock,
    options: Options,
) -> RunningHall:
    hall_id = furniture.settings.hall.id
    known = await remembered(store.hours, hall_id)
    estimator = known.estimator
    recovered = await recover(
        store.journal, hall_id, observe=estimator.observe, observed=known.seq
    )
    calendar = furniture.calendar
    now = clock.now()
    since = Millis(max(now, recovered.hall.at) - KEYS_KEPT_MS)
    keys = await store.journal.keys(hall_id, since)
    actor = HallActor(
        hall_id,
        store.journal,
        clock,
        bus,
        recovered,
        keys=keys,
        after_close=lambda at: furniture.calendar.opening(at, BY_CALENDAR),
    )

    def learn(committed: Committed) -> None:
        for event in committed.events:
            estimator.observe(event, committed.hall)

    bus.listen(learn)
    hall = RunningHall(
        id=hall_id,
        actor=actor,
        calendar=calendar,
        tokens=TicketTokens(hall_id, store.secret),
        estimator=estimator,
        alarms=Alarms(clock),
    )
    bus.listen(poor_ratings(hall_id, hall.alarms))
    doubt = implausible(now, recovered.hall.at)
    if doubt and not options.trust_clock:
        raise CannotStart(
            f"{doubt}; set the clock, or start once with --trust-clock if it is right"
        )
    actor.start()
    await furniture.attach(actor, bus)
    await actor.submit(calendar.opening(clock.now(), BY_CALENDAR))
    return hall


async def _alarmed(
    hall: RunningHall,
    store: Store,
    furniture: Furniture,
    clock: Clock,
    stack: contextlib.AsyncExitStack,
) -> None:
    """Its alarms, with those from before the start, and who looks out for long waits."""
    keeper = AlarmKeeper(hall.id, hall.alarms, store.alarms)
    await keeper.start()
    stack.push_async_callback(keeper.stop)
    waits = LongWaits(hall, lambda: furniture.settings.rules.long_wait_minutes, clock)
    waits.start()
    stack.callback(waits.stop)


def _history(
    hall: RunningHall,
    store: Store,
    furniture: Furniture,
    bus: Bus,
    stack: contextlib.AsyncExitStack,
) -> History:
    """What its days are like, kept up to date."""
    history = History(
        hall.id, store.journal, store.hours, lambda: furniture.calendar.zone, hall.estimator
    )
    history.start(bus)
    stack.push_async_callback(history.stop)
    return history


async def _equipped(
    around: Surroundings, options: Options, stack: contextlib.AsyncExitStack
) -> Equipment:
    """The hall's devices, if there are any to run."""
    if not (options.devices and around.settings.devices):
        return Equipment()
    try:
        return await connected(around, stack)
    except SettingsError as error:
        raise CannotStart(str(error)) from error


async def _wechat(
    around: Surroundings, columns: Columns, stack: contextlib.AsyncExitStack
) -> WechatAccount | None:
    """The hall's official account, if it has one."""
    if not around.settings.wechat.appid:
        return None
    # Here, not above: a hall without an account keeps its libraries, 12 MB, out of its memory.
    from queued import wechat_account

    try:
        return await wechat_account.connected(
            around.settings, around.hall, around.store, around.bus, around.clock, around.url,
            _sessions(around), stack, partial(answers, columns, f"{around.url}/h/{around.hall.id}"),
        )  # fmt: skip
    except SettingsError as error:
        raise CannotStart(str(error)) from error


async def _published(
    around: Surroundings, site: Site, stack: contextlib.AsyncExitStack
) -> None:
    """The hall's feed into Redis, if it has one."""
    url = around.settings.redis.url
    if not url:
        return
    from queued import publishing  # here: without Redis its library stays out of the memory

    live, counts = site.lives[around.hall.id], site.parts.counts["redis_feed"]
    try:
        await publishing.published(
            url, site, live, around.store.journal, around.bus, counts, stack
        )
    except ValueError:  # its message would tell the address, which may hold a password
        raise CannotStart("[redis] url is not an address of a Redis server") from None


def _sessions(around: Surroundings) -> PhoneSessions:
    return PhoneSessions(around.hall.id, around.store.secret, around.clock)


def _remote(around: Surroundings, wechat: WechatAccount | None) -> Remote | None:
    """What can be done from afar; with an account administration may offer it at any time."""
    if wechat is None and not settings_remote.offered(around.settings):
        return None
    from queued.remote import desk

    phones, sign_in = (wechat.phones, wechat.sign_in) if wechat else (None, "")
    return desk.opened(around.hall.id, around.store, _sessions(around), phones, sign_in)


def _counts(*others: WechatAccount | Remote | None) -> dict[str, Counter[str]]:
    """How often what happened, of everything beside the server."""
    counts = {"redis_feed": Counter[str]()}
    for other in others:
        counts.update(other.counts if other is not None else {})
    return counts


async def _listen(
    app: web.Application, address: tuple[str, int], stack: contextlib.AsyncExitStack
) -> int:
    host, port = address
    try:
        runner = await serve(app, host, port)
    except OSError as error:
        raise _not_listening(host, port, error) from error
    stack.push_async_callback(runner.cleanup)
    bound: int = runner.addresses[0][1]
    return bound


def _not_listening(host: str, port: int, error: OSError) -> CannotStart:
    # asyncio wraps the system's words in its own; a failed look-up has only its own.
    number = error.errno or 0
    why = os.strerror(number) if number > 0 else error.strerror
    return CannotStart(f"cannot listen on {host}:{port}: {why}")


async def until_stopped(app: App, stop: asyncio.Event) -> int:
    """Returns 0 once `stop` is set, 1 if the hall stopped by itself."""
    stopping = asyncio.create_task(stop.wait())
    failing = asyncio.create_task(app.hall.actor.finished())
    done, pending = await asyncio.wait({stopping, failing}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    return 0 if stopping in done else 1
