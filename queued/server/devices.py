"""What the server asks of the devices, and the devices of a hall over HTTP.

Whoever runs the devices (`queued.slips`) implements `Devices`; a hall without devices gets
`NoDevices`. Pictures come from virtual printers only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web

from drivers.jobs import DeviceReport
from queued.core.model import TicketId
from queued.core.plan import Millis
from queued.server import wire
from queued.server.call import Call, answer
from queued.server.problems import Problem


@dataclass(frozen=True, slots=True)
class SlipState:
    """What became of a slip. `reason` is a device reason code or ""; `picture` a slip's id."""

    status: str
    reason: str
    device: str
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class PrintedSlip:
    """A slip that a virtual printer cut."""

    id: str
    at: Millis
    number: str
    text: str
    png: Path


class Devices(Protocol):
    """The devices of the halls, as far as people look at them."""

    def reports(self) -> Sequence[DeviceReport]:
        """The last report of each device."""
        ...

    def strip_texts(self) -> Mapping[str, str]:
        """Device id → the text it shows now."""
        ...

    async def slip_of(self, hall: str, day: str, ticket: TicketId) -> SlipState | None:
        """The newest slip of a ticket; None if none was ever wanted."""
        ...

    async def reprint(self, hall: str, day: str, ticket: TicketId, by: str) -> SlipState:
        """Print once more, marked 补打."""
        ...

    def slips(self, device: str) -> Sequence[PrintedSlip]:
        """Slips of a virtual printer, newest first; empty for any other device."""
        ...


class NoDevices:
    """A hall without devices."""

    def reports(self) -> Sequence[DeviceReport]:
        """None."""
        return ()

    def strip_texts(self) -> Mapping[str, str]:
        """None."""
        return {}

    async def slip_of(self, hall: str, day: str, ticket: TicketId) -> SlipState | None:
        """Never wanted."""
        return None

    async def reprint(self, hall: str, day: str, ticket: TicketId, by: str) -> SlipState:
        """Fails: there is nothing to print on."""
        return SlipState("failed", "unknown_device", "")

    def slips(self, device: str) -> Sequence[PrintedSlip]:
        """None."""
        return ()


async def list_slips(call: Call[None]) -> web.Response:
    """GET /halls/{hall}/printers/{device}/slips"""
    return answer(printed(call))


async def show_slip(call: Call[None]) -> web.Response:
    """GET /halls/{hall}/printers/{device}/slips/{slip}.png"""
    device = known_device(call)
    wanted = call.path("slip")
    for slip in call.site.parts.devices.slips(device):
        if slip.id == wanted:
            try:
                content = await asyncio.to_thread(slip.png.read_bytes)
            except OSError:
                break  # swept meanwhile
            headers = {
                "Content-Type": "image/png",
                "Cache-Control": "private, max-age=86400, immutable",
                "X-Content-Type-Options": "nosniff",
                "Server": "queued",
            }
            return web.Response(body=content, headers=headers)
    raise Problem("not_found")


def printed(call: Call[None]) -> wire.PrintedSlips:
    """Slips of the printer in the path. Raises `Problem` unknown_device."""
    device = known_device(call)
    devices = call.site.parts.devices
    slips = [
        wire.PrintedSlip(
            id=slip.id,
            at=call.live.time_of(slip.at),
            number=slip.number,
            picture=picture_url(call.live.id, device, slip.id),
            text=slip.text,
        )
        for slip in devices.slips(device)
    ]
    strips = [wire.StripText(id_, text) for id_, text in sorted(devices.strip_texts().items())]
    return wire.PrintedSlips(slips, strips)


def known_device(call: Call[Any]) -> str:
    """The device id of the path. Raises `Problem` unknown_device."""
    device, parts = call.path("device"), call.site.parts
    configured = {one.id for one in parts.settings.devices}
    if device not in configured | {report.device for report in parts.devices.reports()}:
        raise Problem("unknown_device", facts={"device": device})
    return device


def picture_url(hall: str, device: str, slip: str) -> str:
    """Where the picture of a slip is."""
    return f"/api/v1/halls/{hall}/printers/{device}/slips/{slip}.png"
