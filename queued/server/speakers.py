"""Pages that speak: which page says what, and its word that it was said.

A board opened with `?voice=DEVICE` keeps a stream of its own and says what comes on it. Only one
page at a time owns a voice: the newest takes over, the older one is told to be silent. A sentence
is handed to the page that is there; to one that comes while it is being said it is handed again,
under the same name, so that the page which was merely away for a moment does not say it twice.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from aiohttp import web

from drivers.jobs import Order, PageReason, Report, SaidInBrowser, SayInBrowser, VoicePage
from queued.server import wire
from queued.server.call import Call, answer
from queued.server.problems import Problem
from queued.settings_values import DeviceSettings

log = logging.getLogger(__name__)

KIND: Final = "browser"
DISPLAY: Final = "display"
"""The role of whoever may own a voice: a board signs in once, with its token."""

Deliver = Callable[[bytes], bool]
"""Writes a frame to a page; False if it has gone."""

SILENCED: Final = b"event: silenced\ndata: {}\n\n"

_ENCODE: Final = msgspec.json.Encoder().encode


class Speakers:
    """The voices of a hall that are pages. `send` takes an order to the device process."""

    def __init__(
        self,
        devices: Sequence[DeviceSettings] = (),
        send: Callable[[Order], object] = lambda _order: None,
    ) -> None:
        self._voices = {device.id for device in devices if device.kind == KIND}
        self._send = send
        self._pages: dict[str, Deliver] = {}
        self._asked: dict[str, SayInBrowser] = {}
        """By voice: what its page is saying."""

    def knows(self, device: str) -> bool:
        """Whether there is such a voice."""
        return device in self._voices

    def on_up(self) -> None:
        """The device process is new: tell it who is there."""
        self._asked.clear()
        for device in sorted(self._pages):
            self._send(VoicePage(device, there=True))

    def on_report(self, report: Report) -> None:
        """A listener of the device process."""
        if isinstance(report, SayInBrowser):
            self._asked[report.device] = report
            page = self._pages.get(report.device)
            if page is None or not page(frame_of(report)):
                self._gone(report.device)

    def attend(self, device: str, deliver: Deliver) -> Callable[[], None]:
        """A page owns the voice from now on, until it calls what is returned."""
        before = self._pages.get(device)
        self._pages[device] = deliver
        if before is not None:
            before(SILENCED)
        self._send(VoicePage(device, there=True))
        if (sentence := self._asked.get(device)) is not None:
            deliver(frame_of(sentence))

        def leave() -> None:
            if self._pages.get(device) is deliver:
                self._gone(device)

        return leave

    def said(self, device: str, job: str, ok: bool, reason: PageReason) -> bool:
        """Take a page's word; False if `job` is not what its voice is saying."""
        asked = self._asked.get(device)
        if asked is None or asked.job != job:
            return False
        del self._asked[device]
        self._send(SaidInBrowser(job, device, ok, "" if ok else reason or "error"))
        return True

    def _gone(self, device: str) -> None:
        self._pages.pop(device, None)
        # This also answers the sentence in hand: its voice is offline.
        self._asked.pop(device, None)
        self._send(VoicePage(device, there=False))


def frame_of(sentence: SayInBrowser) -> bytes:
    """A sentence as a server-sent event; without an id, so that Last-Event-ID stays a seq."""
    told = wire.SaySentence(
        job=sentence.job,
        text=sentence.text,
        language=sentence.language,
        rate=sentence.rate,
        limit_s=math.ceil(sentence.limit_s),
    )
    return b"event: say\ndata: %b\n\n" % _ENCODE(told)


async def stream(call: Call[None], device: str) -> web.StreamResponse:
    """GET /halls/{hall}/stream?voice=DEVICE, for a page that speaks."""
    who = await call.site.doors.who(call.request)
    if who is None:
        raise Problem("unauthenticated")
    if DISPLAY not in who.roles:
        raise Problem("forbidden")
    speakers = call.site.parts.speakers
    _known(speakers, device)
    log.info("voice %s: a page of %s speaks", device, who.by)
    return await call.live.stream(call.request, lambda deliver: speakers.attend(device, deliver))


async def said(call: Call[wire.VoiceSaid]) -> web.Response:
    """POST /halls/{hall}/voices/{device}/said"""
    speakers, device, body = call.site.parts.speakers, call.path("device"), call.body
    _known(speakers, device)
    return answer(wire.VoiceHeard(speakers.said(device, body.job, body.ok, body.reason)))


def _known(speakers: Speakers, device: str) -> None:
    if not speakers.knows(device):
        raise Problem("unknown_device", facts={"device": device})
