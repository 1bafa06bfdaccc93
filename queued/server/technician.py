"""The devices for whoever looks after them: how they are, what happened to them, what goes over
their lines, and a try-out."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from aiohttp import web

from display import i18n
from drivers.jobs import DeviceReport, FrameSeen
from queued.core.plan import Millis
from queued.server import wire
from queued.server.call import SEQ_CHARS_MAX, Call, answer, encode, number_asked
from queued.server.devices import known_device
from queued.server.hub import BEAT, HEADERS, HEARTBEAT_S, HELLO
from queued.server.pages import language_of, page, plain
from queued.server.problems import Problem
from queued.server.sentences import TimeOf
from queued.server.tickets import hall_name
from queued.server.upkeep import (
    NoTrial,
    StoredEvent,
    TooManyWatch,
    Trial,
    code_of,
    light,
)

EVENTS_USUAL: Final = 50
EVENTS_MAX: Final = 200

EVENTS_SHOWN: Final = 20
SECRET: Final = "secret"
"""The option of card readers that no page may show."""

STREAM_S: Final = 600.0
"""A stream of frames ends after so long; the browser asks again, and its right is looked at."""


# ── How they are ──────────────────────────────────────────────────────────────────────────


async def list_devices(call: Call[None]) -> web.Response:
    """GET /halls/{hall}/devices"""
    return answer(devices_of(call, call.language))


def devices_of(call: Call[Any], language: i18n.Language) -> wire.DeviceList:
    """All devices, with sentences in `language`."""
    parts, live = call.site.parts, call.live
    devices = [device_of(call, report, language) for report in parts.devices.reports()]
    return wire.DeviceList(devices, live.time_of(live.now()), parts.upkeep.restarts)


async def show_device(call: Call[None]) -> web.Response:
    """GET /halls/{hall}/devices/{device}"""
    return answer(one_device(call, call.language))


def one_device(call: Call[Any], language: i18n.Language) -> wire.Device:
    """The device of the path. Raises `Problem` unknown_device."""
    id_ = known_device(call)
    for report in call.site.parts.devices.reports():
        if report.device == id_:
            return device_of(call, report, language)
    # Configured, but the hall runs without its devices.
    raise Problem("unknown_device", facts={"device": id_})


def device_of(call: Call[Any], report: DeviceReport, language: i18n.Language) -> wire.Device:
    """What is known of one device."""
    parts, time_of = call.site.parts, call.live.time_of
    words = i18n.catalogue(language)
    settings = next((one for one in parts.settings.devices if one.id == report.device), None)
    trouble = trouble_of(report)
    tally = parts.upkeep.tally(report.device)
    trial = parts.upkeep.trial(report.device)
    at = report.last_error_at_ms
    return wire.Device(
        id=report.device,
        kind=report.kind,
        state=report.state,
        since=time_of(Millis(report.since_ms)),
        queue=report.queue,
        last_error=report.last_error or None,
        paper=report.paper or None,
        counters=dict(report.counters),
        light=light(report, call.site.parts.clock.now()),
        code=trouble or None,
        text=words.device_reason(trouble) if trouble else None,
        advice=words.device_advice(trouble) if trouble else None,
        last_error_at=time_of(Millis(at)) if at else None,
        port=settings.port if settings is not None else None,
        window=settings.window if settings is not None else None,
        zone=settings.zone if settings is not None else None,
        kiosk=settings.kiosk if settings is not None else None,
        done=wire.DeviceDone(
            spoken=tally.spoken,
            not_spoken=dict(tally.not_spoken),
            slips_confirmed=tally.slips_confirmed,
            slips_unconfirmed=tally.slips_unconfirmed,
            slips_failed=dict(tally.slips_failed),
        ),
        testable=parts.upkeep.can_try(report.device),
        test=_told(trial, time_of, words) if trial is not None else None,
    )


def trouble_of(report: DeviceReport) -> str:
    """The code of what is wrong with a device now; "" if nothing is."""
    if report.state in ("degraded", "broken") or report.last_error == "process_down":
        return code_of(report) or "error"
    if report.paper in ("near_end", "out"):
        return "near_end" if report.paper == "near_end" else "paper_out"
    return ""


# ── What happened to them ─────────────────────────────────────────────────────────────────


async def list_events(call: Call[None]) -> web.Response:
    """GET /halls/{hall}/devices/{device}/events?before=ID&limit=N"""
    before = number_asked(call, "before", 10**SEQ_CHARS_MAX, 1, 10**SEQ_CHARS_MAX)
    limit = number_asked(call, "limit", EVENTS_USUAL, 1, EVENTS_MAX)
    return answer(await events_of(call, call.language, before, limit))


async def events_of(
    call: Call[Any], language: i18n.Language, before: int | None, limit: int
) -> wire.DeviceEvents:
    """Events of the device in the path. Raises `Problem` unknown_device."""
    device, words = known_device(call), i18n.catalogue(language)
    found = await call.site.parts.upkeep.events(device, before, limit)
    events = [
        wire.DeviceEvent(
            id=event.id,
            at=call.live.time_of(event.at),
            device=event.device,
            kind=event.kind,
            code=event.code,
            text=sentence(words, event),
            detail=event.detail,
        )
        for event in found
    ]
    return wire.DeviceEvents(device, events, found[-1].id if len(found) == limit else None)


def sentence(words: i18n.Catalogue, event: StoredEvent) -> str:
    """What an event says to a person: what happened, and why where that is not the same."""
    what = words.text(f"device_event.{event.kind}")
    if event.kind == "tried" and words.has(f"device_test.{event.code}"):
        return words.text("device_event.because", what=what,
                          why=words.text(f"device_test.{event.code}"))  # fmt: skip
    if event.code in ("", event.kind) or event.kind == "process_ended":
        return what
    return words.text("device_event.because", what=what, why=words.device_reason(event.code))


# ── What goes over their lines ────────────────────────────────────────────────────────────


async def frames(call: Call[None]) -> web.StreamResponse:
    """GET /halls/{hall}/devices/{device}/frames"""
    device, streams = known_device(call), call.site.streams
    task = asyncio.current_task()
    assert task is not None
    address = streams.enter(call.request)
    streams.tasks.add(task)
    try:
        with call.site.parts.upkeep.watch(device) as watching:
            response = web.StreamResponse(headers=HEADERS)
            await response.prepare(call.request)
            if call.request.method == "HEAD":
                return response
            await response.write(HELLO)
            until = time.monotonic() + STREAM_S
            while time.monotonic() < until:
                seen = await watching.frame(HEARTBEAT_S)
                await response.write(BEAT if seen is None else _event(seen))
            return response
    except TooManyWatch:
        raise Problem("too_many_requests", headers={"Retry-After": "30"}) from None
    finally:
        streams.tasks.discard(task)
        streams.leave(address)


def _event(seen: FrameSeen) -> bytes:
    told = wire.SeenFrame(
        at_ms=seen.at_ms,
        direction=seen.direction,
        hex=seen.data.hex(),
        length=seen.length,
        words=[wire.FrameWord(word.name, word.value) for word in seen.words],
        left_out=seen.left_out,
    )
    return b"event: frame\ndata: %b\n\n" % encode(told)


# ── Try-outs ──────────────────────────────────────────────────────────────────────────────


async def try_out(call: Call[wire.Nothing]) -> web.Response:
    """POST /halls/{hall}/devices/{device}/test"""
    device, words = known_device(call), i18n.catalogue(call.language)
    try:
        trial = call.site.parts.upkeep.try_out(device)
    except NoTrial:
        raise Problem("no_test", facts={"device": device}) from None
    return answer(_told(trial, call.live.time_of, words), status=202)


def _told(trial: Trial, time_of: TimeOf, words: i18n.Catalogue) -> wire.DeviceTest:
    if trial.state == "failed":
        text = words.text("device_test.failed", why=words.device_reason(trial.code))
    else:
        text = words.text(f"device_test.{trial.code or 'running'}")
    return wire.DeviceTest(trial.id, time_of(trial.at), trial.state, trial.code, text)


# ── Pages ─────────────────────────────────────────────────────────────────────────────────


async def devices_page(call: Call[None]) -> web.Response:
    """GET /h/{hall}/devices"""
    told = devices_of(call, language_of(call.request))
    return page(call, "devices", {"hall": plain(hall_name(call.live)), **plain(told)})


async def device_page(call: Call[None]) -> web.Response:
    """GET /h/{hall}/devices/{device}"""
    language = language_of(call.request)
    context = {
        "hall": plain(hall_name(call.live)),
        "device": plain(one_device(call, language)),
        "events": plain(await events_of(call, language, None, EVENTS_SHOWN)),
        "options": _shown_options(call),
        "version": call.site.parts.version,
    }
    return page(call, "device", context)


def _shown_options(call: Call[Any]) -> dict[str, Any]:
    """The device's options as configured: a capture names them. Secrets are left out."""
    for settings in call.site.parts.settings.devices:
        if settings.id == call.path("device"):
            return {name: value for name, value in settings.options.items() if name != SECRET}
    return {}
