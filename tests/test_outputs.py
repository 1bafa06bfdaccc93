"""What devices are told, from a hall in every state."""

from __future__ import annotations

import dataclasses
from zoneinfo import ZoneInfo

import pytest

from drivers.jobs import Pair, Qr, Text
from queued.core import commands as c
from queued.core.decide import decide
from queued.core.estimate import Wait
from queued.core.evolve import evolve
from queued.core.model import Hall, TicketId
from queued.core.plan import Millis, QueueId, ServiceId, WindowId
from queued.furnishing import plan_of
from queued.outputs import (
    SlipFacts,
    english_names,
    headline_minutes,
    printer_of,
    screen_text,
    slip,
    strip_text,
    strips_of,
    template_facts,
)
from queued.settings import load
from queued.settings_values import DeviceSettings
from queued.slip_files import packaged_templates
from queued.slip_template import FACTS as PROMISED
from tests.hall_parts import CONFIG

AT = Millis(1_795_400_000_000)
WINDOW = WindowId(load(CONFIG, {}).windows[0].id)
BY = "manager:li"
TEMPLATES = packaged_templates()


def hall_after(*commands: c.Command) -> Hall:
    """The one-window hall after these commands, a second apart."""
    hall, at = Hall(), AT
    opening = c.OpenDay(day="2026-11-23", ends_at=Millis(AT + 86_400_000), by=BY)
    for command in (c.Configure(plan=plan_of(load(CONFIG, {})), by=BY), opening, *commands):
        at = Millis(at + 1000)
        for event in decide(hall, command, at):
            hall = evolve(hall, event)
    return hall


def service() -> ServiceId:
    return next(s.id for s in hall_after().plan.services.values() if s.materials)


FACTS = SlipFacts(
    hall_name="市民服务中心",
    zone=ZoneInfo("Asia/Shanghai"),
    ahead=5,
    wait=Wait(p10_s=100, p50_s=400, p80_s=700, p90_s=900),
    url="http://hall/t/x",
)


def facts(**changes: object) -> SlipFacts:
    return dataclasses.replace(FACTS, **changes)  # type: ignore[arg-type]


def words(hall: Hall, with_facts: SlipFacts) -> str:
    """All text of the first ticket's slip, a line a block."""
    blocks = slip(hall, hall.ticket(TicketId(1)), with_facts, TEMPLATES)
    return "\n".join(
        block.text if isinstance(block, Text) else f"{block.left} {block.right}"
        for block in blocks
        if isinstance(block, Text | Pair)
    )


def test_a_slip_tells_number_service_place_wait_and_materials() -> None:
    hall = hall_after(c.IssueTicket(service=service(), by="kiosk:k"))
    text = words(hall, facts())
    plan = hall.plan.services[service()]
    assert hall.ticket(TicketId(1)).number in text
    assert plan.name in text
    assert "前面等候 5 人" in text
    assert "预计等待 约 15 分钟内" in text
    for material in plan.materials:
        assert material in text


def test_a_slip_in_english_is_english() -> None:
    hall = hall_after(c.IssueTicket(service=service(), language="en", by="kiosk:k"))
    text = words(hall, facts())
    assert "Ahead of you 5" in text
    assert "within 15 min" in text


def test_a_slip_in_english_uses_the_english_names_there_are() -> None:
    hall = hall_after(c.IssueTicket(service=service(), language="en", by="kiosk:k"))
    english = english_names(load(CONFIG, {}))
    text = words(hall, facts(english=english))
    assert english[f"service:{service()}"] in text
    assert english["hall"] in text
    without = words(hall, facts(english={"hall": "Hall"}))
    assert hall.plan.services[service()].name in without
    chinese = hall_after(c.IssueTicket(service=service(), by="kiosk:k"))
    assert english["hall"] not in words(chinese, facts(english=english))


def test_large_type_says_the_same_in_fewer_words() -> None:
    hall = hall_after(c.IssueTicket(service=service(), by="kiosk:k"))
    text = words(hall, facts(elder=True))
    for word in (hall.ticket(TicketId(1)).number, "前面还有 5 人", "约15分钟"):
        assert word in text
    assert "预计等待" not in text


def test_a_templates_facts_are_those_it_was_promised() -> None:
    hall = hall_after(c.IssueTicket(service=service(), by="kiosk:k"))
    assert set(template_facts(hall, hall.ticket(TicketId(1)), facts())) == set(PROMISED)


def test_nobody_ahead_means_next() -> None:
    hall = hall_after(c.IssueTicket(service=service(), by="kiosk:k"))
    assert "预计等待 下一位就是您" in words(hall, facts(ahead=0))


def test_an_unknown_wait_is_not_invented() -> None:
    hall = hall_after(c.IssueTicket(service=service(), by="kiosk:k"))
    assert "预计等待" not in words(hall, facts(wait=None))


def test_only_a_reprint_says_reprint() -> None:
    hall = hall_after(c.IssueTicket(service=service(), by="kiosk:k"))
    assert "补打" in words(hall, facts(reprint=True))
    assert "补打" not in words(hall, facts())


def test_the_qr_code_is_the_own_ticket_page() -> None:
    hall = hall_after(c.IssueTicket(service=service(), by="kiosk:k"))
    blocks = slip(hall, hall.ticket(TicketId(1)), facts(), TEMPLATES)
    assert [block.data for block in blocks if isinstance(block, Qr)] == ["http://hall/t/x"]
    blocks = slip(hall, hall.ticket(TicketId(1)), facts(url=""), TEMPLATES)
    assert not [block for block in blocks if isinstance(block, Qr)]


@pytest.mark.parametrize(
    ("p80_s", "minutes"),
    [(0, 5), (299, 5), (301, 10), (1800, 30), (1801, 40), (5400, 90), (5401, 120)],
)
def test_the_promise_is_rounded_up(p80_s: int, minutes: int) -> None:
    assert headline_minutes(p80_s) == minutes


def test_a_strip_follows_its_window() -> None:
    take = c.IssueTicket(queue=QueueId(next(iter(hall_after().plan.queues))), by="kiosk:k")
    open_ = c.OpenWindow(window=WINDOW, by=BY)
    call = c.CallNext(window=WINDOW, by=BY)
    start = c.StartService(window=WINDOW, by=BY)
    assert strip_text(hall_after(), WINDOW) == "暂未开放"
    assert strip_text(hall_after(open_), WINDOW) == hall_after().plan.windows[WINDOW].name
    pause = c.PauseWindow(window=WINDOW, reason="午餐", by=BY)
    assert strip_text(hall_after(open_, pause), WINDOW) == "暂停服务"
    number = hall_after(take).ticket(TicketId(1)).number
    assert strip_text(hall_after(open_, take, call), WINDOW) == f"请{number}号"
    assert strip_text(hall_after(open_, take, call, start), WINDOW) == number


def test_a_kiosk_prints_on_its_own_printer_and_others_on_a_shared_one() -> None:
    own = DeviceSettings("own", "escpos", "virtual://", kiosk="east")
    shared = DeviceSettings("shared", "escpos", "virtual://")
    strip = DeviceSettings("strip", "bx-fontcard", "virtual://", window="1")
    devices = (strip, own, shared)
    assert printer_of(devices, "kiosk:east") is own
    assert printer_of(devices, "kiosk:west") is shared
    assert printer_of((strip, own), "clerk:wang") is own
    assert printer_of((strip,), "kiosk:east") is None
    assert strips_of(devices) == [strip]


def test_a_screen_without_a_window_shows_the_last_calls_of_its_zone() -> None:
    take = c.IssueTicket(queue=QueueId(next(iter(hall_after().plan.queues))), by="kiosk:k")
    hall = hall_after(c.OpenWindow(window=WINDOW, by=BY), take, c.CallNext(window=WINDOW, by=BY))
    plan, number = hall.plan.windows[WINDOW], hall.ticket(TicketId(1)).number
    called = f"请{number}号到{plan.name}"
    whole_hall = DeviceSettings("screen", "pa-v21", "virtual://")
    elsewhere = DeviceSettings("far", "pa-v21", "virtual://", zone="nowhere")
    assert screen_text(hall, whole_hall) == called
    assert screen_text(hall, elsewhere) == ""
