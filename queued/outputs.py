"""From what happened to what devices should do. Pure: hall and settings in, jobs out.

What does not live here: bytes of printers and strips (drivers), when and how often a slip is
printed (slips.py), words of pages (display).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from drivers.jobs import Block, DeviceConfig, Feed, Pair, Qr, Rule, Text
from queued.core.estimate import Wait
from queued.core.model import Hall, Status, Ticket, WindowStatus
from queued.core.plan import NORMAL, ClassId, WindowId
from queued.settings_values import DeviceSettings

PRINTERS = frozenset({"escpos"})
STRIPS = frozenset({"bx-fontcard", "hallbus", "a090", "pa-v21", "template"})
"""Device kinds by what they are for."""

SUMMARY_LINES = 8
"""No summary screen in use has more lines."""

MATERIALS_PRINTED = 8
"""A longer list is on the service's page; a slip of half a metre helps nobody."""


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


_TEXTS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "reprint": "【补打】",
        "your_number": "您的号码",
        "queue": "办理队列",
        "class": "号码类别",
        "ahead": "前面等候",
        "people": "{n} 人",
        "wait": "预计等待",
        "within": "约 {n} 分钟内",
        "soon": "5 分钟以内",
        "next": "下一位就是您",
        "taken": "取号时间",
        "materials": "请提前备齐：",
        "more": "其余 {n} 项请扫码查看",
        "scan": "扫码查看排队进度",
        "mind": "请留意叫号屏幕和语音，过号请联系工作人员。",
    },
    "en": {
        "reprint": "[REPRINT]",
        "your_number": "Your number",
        "queue": "Queue",
        "class": "Ticket class",
        "ahead": "Ahead of you",
        "people": "{n}",
        "wait": "Expected wait",
        "within": "within {n} min",
        "soon": "under 5 min",
        "next": "You are next",
        "taken": "Taken at",
        "materials": "Please have ready:",
        "more": "{n} more: scan the code",
        "scan": "Scan to follow the queue",
        "mind": "Watch the screens. If you miss your call, ask the staff.",
    },
}


def slip(hall: Hall, ticket: Ticket, facts: SlipFacts) -> tuple[Block, ...]:
    """The slip of `ticket` as blocks, in the language it was taken in."""
    texts = _TEXTS.get(ticket.language, _TEXTS["zh"])
    queue = hall.plan.queues[ticket.queue]
    service = hall.plan.services.get(ticket.service) if ticket.service else None
    taken = datetime.fromtimestamp(ticket.issued_at / 1000, facts.zone)
    blocks: list[Block] = []
    if facts.reprint:
        blocks.append(Text(texts["reprint"], size=2, align="center", bold=True))
    blocks += [
        Text(facts.hall_name, align="center", bold=True),
        Rule(),
        Text(texts["your_number"], align="center"),
        Text(ticket.number, size=4, align="center", bold=True),
        Text(service.name if service else queue.name, size=2, align="center"),
        Feed(),
        Pair(texts["queue"], queue.name),
    ]
    if ticket.class_ != NORMAL:
        blocks.append(Pair(texts["class"], _class_name(hall, ticket.class_)))
    blocks.append(Pair(texts["ahead"], texts["people"].format(n=facts.ahead)))
    if (expected := _expected(texts, facts)) is not None:
        blocks.append(Pair(texts["wait"], expected))
    blocks.append(Pair(texts["taken"], taken.strftime("%Y-%m-%d %H:%M")))
    if service and service.materials:
        blocks += _materials(texts, service.materials)
    if facts.url:
        blocks += [Feed(), Qr(facts.url), Text(texts["scan"], align="center")]
    return (*blocks, Rule(), Text(texts["mind"]))


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


def device_config(device: DeviceSettings) -> DeviceConfig:
    """A configured device as the device process takes it."""
    return DeviceConfig(device.id, device.kind, device.port, dict(device.options))


def _expected(texts: Mapping[str, str], facts: SlipFacts) -> str | None:
    if facts.ahead == 0:
        return texts["next"]
    if facts.wait is None:
        return None
    if facts.wait.p80_s < 300:
        return texts["soon"]
    return texts["within"].format(n=headline_minutes(facts.wait.p80_s))


def _class_name(hall: Hall, id_: ClassId) -> str:
    plan = hall.plan.classes.get(id_)
    return plan.name if plan else id_


def _materials(texts: Mapping[str, str], materials: Sequence[str]) -> list[Block]:
    lines: list[Block] = [Feed(), Text(texts["materials"], bold=True)]
    shown = materials[:MATERIALS_PRINTED]
    lines += [Text(f"{n}. {material}") for n, material in enumerate(shown, 1)]
    if more := len(materials) - len(shown):
        lines.append(Text(texts["more"].format(n=more)))
    return lines
