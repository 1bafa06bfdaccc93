"""From what happened to what devices should do. Pure: hall and settings in, jobs out.

What does not live here: bytes of printers and strips (drivers), when and how often a slip is
printed (slips.py), its words and layout (slip_templates), words of pages (display).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from drivers.jobs import Block, DeviceConfig
from queued.core.estimate import Wait
from queued.core.model import Hall, Status, Ticket, WindowStatus
from queued.core.plan import NORMAL, ClassId, WindowId
from queued.settings_values import READERS, DeviceSettings, Settings
from queued.slip_template import SlipTemplates

PRINTERS = frozenset({"escpos"})
STRIPS = frozenset({"bx-fontcard", "hallbus", "a090", "pa-v21", "template"})
"""Device kinds by what they are for."""

SUMMARY_LINES = 8
"""No summary screen in use has more lines."""

MATERIALS_PRINTED = 8
"""A longer list is on the service's page; a slip of half a metre helps nobody."""

SOON_S = 300
"""Below that a promise in minutes would be out of date before it is read."""


@dataclass(frozen=True, slots=True)
class SlipFacts:
    """What a slip says besides the ticket: place in line and expected wait at the moment."""

    hall_name: str
    zone: ZoneInfo
    ahead: int
    wait: Wait | None
    url: str
    """Of the own-ticket page; "" prints no QR code."""
    reprint: bool = False
    elder: bool = False
    """Large type."""
    english: Mapping[str, str] = field(default_factory=dict)
    """Of `english_names`, for slips in English."""


def slip(
    hall: Hall, ticket: Ticket, facts: SlipFacts, templates: SlipTemplates
) -> tuple[Block, ...]:
    """The slip of `ticket` as blocks, in the language it was taken in.

    Raises `TemplateProblem`: a template may fail on what its check did not try.
    """
    template = templates.of(ticket.language, facts.elder)
    return template.render(template_facts(hall, ticket, facts), templates.logo)


def template_facts(hall: Hall, ticket: Ticket, facts: SlipFacts) -> Mapping[str, object]:
    """What a template may say of `ticket`: all of `slip_template.FACTS`."""
    names = facts.english if ticket.language == "en" else {}
    queue = hall.plan.queues[ticket.queue]
    service = hall.plan.services.get(ticket.service) if ticket.service else None
    taken = datetime.fromtimestamp(ticket.issued_at / 1000, facts.zone)
    materials = service.materials if service else ()
    wait = _wait(facts)
    minutes = headline_minutes(facts.wait.p80_s) if facts.wait and wait == "within" else 0
    return {
        "hall": names.get("hall", facts.hall_name),
        "number": ticket.number,
        "queue": names.get(f"queue:{queue.id}", queue.name),
        "service": names.get(f"service:{service.id}", service.name) if service else "",
        "class_name": _class_name(hall, ticket.class_, names),
        "ahead": facts.ahead,
        "wait": wait,
        "minutes": minutes,
        "date": taken.strftime("%Y-%m-%d"),
        "time": taken.strftime("%H:%M"),
        "materials": tuple(materials[:MATERIALS_PRINTED]),
        "more_materials": max(0, len(materials) - MATERIALS_PRINTED),
        "url": facts.url,
        "reprint": facts.reprint,
        "party": ticket.party,
    }


def english_names(settings: Settings) -> Mapping[str, str]:
    """The English names there are, by "hall", "queue:ID", "service:ID", "class:ID"."""
    named = {"hall": settings.hall.name_en}
    named |= {f"queue:{one.id}": one.name_en for one in settings.queues}
    named |= {f"service:{one.id}": one.name_en for one in settings.services}
    named |= {f"class:{one.id}": one.name_en for one in settings.classes}
    return {key: name for key, name in named.items() if name}


def headline_minutes(p80_s: int) -> int:
    """The promise: P80 rounded UP to 5 min up to 30, 10 up to 90, 30 beyond (waiting.md §1.5)."""
    minutes = -(-p80_s // 60)
    step = 5 if minutes <= 30 else 10 if minutes <= 90 else 30
    return max(5, -(-minutes // step) * step)


def strip_text(hall: Hall, window_id: WindowId) -> str:
    """What the strip over a window shows now."""
    window = hall.windows[window_id]
    if window.status is WindowStatus.PAUSED:
        return "暂停服务"
    if window.status is WindowStatus.CLOSED:
        return "暂未开放"
    if window.ticket is None:
        return hall.plan.windows[window_id].name
    ticket = hall.ticket(window.ticket)
    return f"请{ticket.number}号" if ticket.status is Status.CALLED else ticket.number


def printer_of(devices: Sequence[DeviceSettings], origin: str) -> DeviceSettings | None:
    """The printer for a ticket issued by `origin` ("kiosk:east"): its own, else the first."""
    printers = [device for device in devices if device.kind in PRINTERS]
    name = origin.partition(":")[2]
    own = [device for device in printers if device.kiosk and device.kiosk == name]
    shared = [device for device in printers if not device.kiosk]
    return next(iter([*own, *shared, *printers]), None)


def strips_of(devices: Sequence[DeviceSettings]) -> Sequence[DeviceSettings]:
    """The strips and summary screens among the devices."""
    return [device for device in devices if device.kind in STRIPS]


def screen_text(hall: Hall, device: DeviceSettings) -> str:
    """What a strip shows now: its window's state, or the last calls of its zone or hall."""
    if device.window is None:
        return "\n".join(_last_calls(hall, device.zone))
    window = WindowId(device.window)
    return strip_text(hall, window) if window in hall.windows else ""


def _last_calls(hall: Hall, zone: str | None) -> Sequence[str]:
    """Newest first; a screen shows as many of them as it has lines."""
    plans = hall.plan.windows
    shown = [
        f"请{call.number}号到{plans[call.window].name}"
        for call in hall.calls
        if call.window in plans and (zone is None or plans[call.window].zone == zone)
    ]
    return shown[:SUMMARY_LINES]


def device_config(device: DeviceSettings, card_secret: str = "") -> DeviceConfig:
    """A configured device as the device process takes it.

    `card_secret` is what readers without one of their own digest card numbers under.
    """
    options = dict(device.options)
    if device.kind in READERS and card_secret:
        options.setdefault("secret", card_secret)
    return DeviceConfig(device.id, device.kind, device.port, options)


def _wait(facts: SlipFacts) -> str:
    if facts.ahead == 0:
        return "next"
    if facts.wait is None:
        return ""
    return "soon" if facts.wait.p80_s < SOON_S else "within"


def _class_name(hall: Hall, id_: ClassId, names: Mapping[str, str]) -> str:
    if id_ == NORMAL:
        return ""
    plan = hall.plan.classes.get(id_)
    return names.get(f"class:{id_}", plan.name if plan else id_)
