"""Everything of a hall that talks to its devices: one process below, and who feeds and hears it.

Put together here, started and stopped in order; each part knows only the values on the pipe.
"""

from __future__ import annotations

import contextlib
import hmac
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from drivers.jobs import Report
from queued.device_link import DeviceLink
from queued.engine.bus import Bus
from queued.engine.clock import Clock
from queued.engine.halls import RunningHall
from queued.outputs import device_config, strips_of
from queued.pads import Pads
from queued.ratings import Ratings
from queued.server.devices import Devices, NoDevices
from queued.server.readers import Readers
from queued.server.speakers import Speakers
from queued.server.upkeep import NoUpkeep
from queued.server.upkeep import Upkeep as CareOfDevices
from queued.settings_values import Settings
from queued.slip_files import load_templates
from queued.slips import Slips
from queued.storage.store import Store
from queued.strips import Strips
from queued.upkeep import Upkeep
from queued.voices import Voices

CARD_SECRET = "QUEUED_CARD_SECRET"
"""In the environment of the service: a secret that several halls share, so that a person has the
same digest in all of them."""

RED = "device_red"
"""The kind of a red device's alarm."""

_CARDS = b"queued cards v1"
"""So that the readers' secret is no other one derived from the hall's."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the equipment of a hall is connected to. `url` is what slips lead to."""

    settings: Settings
    data: Path
    hall: RunningHall
    store: Store
    bus: Bus
    clock: Clock
    url: str


@dataclass(frozen=True, slots=True)
class Equipment:
    """What the server sees of the devices."""

    devices: Devices = field(default_factory=NoDevices)
    readers: Readers = field(default_factory=Readers)
    speakers: Speakers = field(default_factory=Speakers)
    inputs: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Presses and grades, counted by what became of them."""
    upkeep: CareOfDevices = field(default_factory=NoUpkeep)
    restarts: Callable[[], int] = lambda: 0


async def connected(around: Surroundings, stack: contextlib.AsyncExitStack) -> Equipment:
    """The device process with everything that talks to it; `stack` stops it in reverse.

    Raises `SettingsError` for templates of slips that cannot be used.
    """
    settings, hall = around.settings, around.hall
    spool = around.data / "spool"
    spool.mkdir(mode=0o700, exist_ok=True)
    secret = card_secret(around.store.secret)
    link = DeviceLink([device_config(device, secret) for device in settings.devices], spool)
    slips = _slips(around, link, spool)
    strips = Strips(hall.id, strips_of(settings.devices), lambda: hall.actor.hall, link.send)
    voices = Voices(hall.id, settings.devices, around.clock, link.send)
    pads = Pads(hall, settings.devices, link.send)
    ratings = Ratings(hall, settings.devices, around.clock, link.send)
    readers = Readers(settings.devices)
    speakers = Speakers(settings.devices, link.send)
    upkeep = _upkeep(around, link, strips)

    def up() -> None:
        # Who speaks is told before what there is to say.
        for part in (upkeep, slips, strips, speakers, voices, pads, ratings):
            part.on_up()

    def heard(report: Report) -> None:
        if upkeep.on_report(report):
            return  # a trial's, and nobody else's
        for part in (slips, voices, pads, ratings, readers, speakers):
            part.on_report(report)

    link.on_up, link.on_down, link.on_report = up, upkeep.on_down, heard
    for part in (strips, voices, pads, ratings):
        stack.callback(around.bus.listen(part.on_commit))
    await slips.start()
    stack.push_async_callback(slips.stop)
    stack.push_async_callback(ratings.stop)
    stack.push_async_callback(pads.stop)
    upkeep.start()
    stack.push_async_callback(upkeep.stop)
    link.start()
    stack.push_async_callback(link.stop)
    inputs = {"pad": pads.counts, "evaluator": ratings.counts}
    return Equipment(slips, readers, speakers, inputs, upkeep, lambda: link.restarts)


def card_secret(secret: bytes) -> str:
    """What readers digest card numbers under: made from the hall's own secret, so that nobody
    needs to invent and keep one. "" if the environment has one for the device process."""
    if os.environ.get(CARD_SECRET):
        return ""
    return hmac.digest(secret, _CARDS, "sha256").hex()


def _upkeep(around: Surroundings, link: DeviceLink, strips: Strips) -> Upkeep:
    """Who looks after the devices; a red one is an alarm as long as it lasts."""
    hall, alarms = around.hall, around.hall.alarms
    events = around.store.device_events
    upkeep = Upkeep(hall.id, around.settings, around.clock, link, strips, events)
    upkeep.on_red = lambda device, code: alarms.raise_(
        RED, device, {"device": device, "code": code or "error"}
    )
    upkeep.on_green = lambda device: alarms.clear(RED, device)
    return upkeep


def _slips(around: Surroundings, link: DeviceLink, spool: Path) -> Slips:
    return Slips(
        hall=around.hall,
        settings=around.settings,
        journal=around.store.journal,
        bus=around.bus,
        ledger=around.store.ledger,
        link=link,
        clock=around.clock,
        spool=spool,
        ticket_url=lambda token: f"{around.url}/t/{token}",
        templates=load_templates(around.settings),
    )
