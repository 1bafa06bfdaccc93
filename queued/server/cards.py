"""Taking a number, with or without an identity card on the kiosk's reader.

What becomes of a card is a row in the table of people: the keyed digest and the masked name,
under their retention clock. Nothing of it gets into an event; the rulebook is only told which
tickets the same person holds.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from aiohttp import web

from queued.core import commands as c
from queued.core.plan import Millis
from queued.engine.draft import Render
from queued.engine.ports import PeopleFailed
from queued.server import wire
from queued.server.auth import Principal
from queued.server.call import Call, answer
from queued.server.problems import Problem
from queued.server.tickets import carry_out, idempotency, submitted, taken, ticket_in, wish
from queued.settings_values import DeviceSettings

log = logging.getLogger(__name__)

DAY_MS: Final = 86_400_000


async def card(call: Call[None]) -> web.Response:
    """GET /halls/{hall}/readers/{device}/card?after=READ_ID"""
    readers, device, who = call.site.parts.readers, call.path("device"), call.principal
    reader = readers.devices.get(device)
    if reader is None:
        raise Problem("unknown_device", facts={"device": device})
    if not _stands_at(reader, who):
        raise Problem("forbidden")
    read = await readers.next(device, call.request.query.get("after", ""))
    if read is None:
        return answer(wire.Card(None, None))
    return answer(wire.Card(read.read_id, read.masked_name or None, read.flaw or None))


def readers_of(devices: Iterable[DeviceSettings], who: Principal) -> list[str]:
    """The readers beside the kiosk `who`; nobody else's page follows cards."""
    return [one.id for one in devices if who.role == "kiosk" and _stands_at(one, who)]


def _stands_at(reader: DeviceSettings, who: Principal) -> bool:
    """A card, and be it a masked name, is for the kiosk in front of its owner."""
    if "kiosk" not in who.roles:
        return False
    return who.role != "kiosk" or reader.kiosk is None or reader.kiosk == who.name


async def take(call: Call[wire.TakeTicket]) -> web.StreamResponse:
    """POST /halls/{hall}/tickets"""
    command, render = wish(call)
    if call.body.card is None:
        return await carry_out(call, command, render, status=201)
    return await _take_with_card(call, command, render)


async def _take_with_card(
    call: Call[wire.TakeTicket], command: c.IssueTicket, render: Render
) -> web.StreamResponse:
    """A number for whoever laid down the card of the body.

    Raises `Problem` unknown_card, and `AlreadyWaiting` with the number if that person's place in
    the queue is still open.
    """
    live, parts = call.live, call.site.parts
    read = parts.readers.known(call.body.card or "")
    if read is not None and not _stands_at(parts.readers.devices[read.device], call.principal):
        raise Problem("forbidden")
    if read is None:
        # A retry comes late: what was answered is answered again, whether the card is known or not.
        key, _ = idempotency(call)
        if key is None or await parts.store.journal.answer(live.id, key) is None:
            raise Problem("unknown_card")
        return taken(call, await submitted(call, command, render), status=201)
    people = parts.store.people
    async with parts.readers.alone(read.digest):
        known = await people.find_by_digest(live.id, "id_card", read.digest, live.now())
        others = tuple(one.ticket for one in known if one.day == live.hall.day)
        outcome = await submitted(call, replace(command, others=others), render)
        day, ticket = ticket_in(outcome.answer)
        keep_ms = parts.settings.people.keep_days * DAY_MS
        try:
            await people.put(
                live.id,
                day,
                ticket,
                "id_card",
                read.digest,
                masked=read.masked_name,
                expires_at=Millis(live.now() + keep_ms),
            )
        except PeopleFailed as error:
            # The number is out and the visitor gets it; only a second one would not be noticed.
            log.error("a ticket is not bound to its card: %s", error)
    parts.readers.used(read)
    return taken(call, outcome, status=201)
