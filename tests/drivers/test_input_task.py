"""Pads in the device process: ids, ratings, displays, lines that come and go."""

from __future__ import annotations

import asyncio

import pytest

from drivers.device import DeviceTransient
from drivers.emulators import serving
from drivers.emulators.hallpad68 import HallPad68
from drivers.input_event import Card, CardTrouble, Graded, KeyPress
from drivers.jobs import (
    AskRating,
    CardRead,
    CardUnread,
    Configure,
    DeviceConfig,
    DeviceReport,
    PadPressed,
    PadShow,
    Rated,
    decode_order,
    decode_report,
    encode,
)
from drivers.registry import Device, Registry
from drivers.supervisor import Supervisor
from tests.drivers.fake_clock import FakeClock, eventually, settle


class FakePad:
    """Says what a test wants, shows what it is told."""

    def __init__(self) -> None:
        self.trouble: Exception | None = None
        self.events_waiting: asyncio.Queue = asyncio.Queue()
        self.shown: list[PadShow] = []

    async def connect(self) -> None:
        if self.trouble is not None:
            raise self.trouble

    async def events(self):
        event = await self.events_waiting.get()
        if isinstance(event, Exception):
            raise event
        return (event,)

    async def show(self, order: PadShow) -> None:
        self.shown.append(order)

    async def close(self) -> None:
        pass


class Desk:
    """A supervisor over one fake pad."""

    def __init__(self, clock: FakeClock | None = None, chance: float = 0.5) -> None:
        self.clock = clock or FakeClock()
        self.pad = FakePad()
        self.reports: list = []
        # Itself in the registry's place: `build` gives the fake.
        self.supervisor = Supervisor(self.reports.append, self, self.clock, lambda: chance)
        self.order(Configure((DeviceConfig("pad", "hallpad68", ""),)))

    def build(self, _config: DeviceConfig) -> Device:
        return Device("input", input=lambda: self.pad)

    def order(self, order) -> None:
        assert self.supervisor.obey(decode_order(encode(order)))

    async def happens(self, *events) -> list:
        self.reports.clear()
        for event in events:
            self.pad.events_waiting.put_nowait(event)
        await settle()
        return [report for report in self.reports if not isinstance(report, DeviceReport)]

    async def close(self) -> None:
        stopping = asyncio.ensure_future(self.supervisor.stop())
        await settle()
        await self.clock.advance(60)
        await stopping


@pytest.fixture
async def desk():
    desk = Desk()
    await settle()
    yield desk
    await desk.close()


async def test_presses_and_cards_are_told_with_ids_of_their_own(desk):
    found = await desk.happens(
        KeyPress("call-next"), KeyPress("call", "17"), KeyPress("call-next"), Card("d", "张*"),
        CardTrouble("moved"),
    )  # fmt: skip
    assert [(type(one), getattr(one, "action", "")) for one in found] == [
        (PadPressed, "call-next"),
        (PadPressed, "call"),
        (PadPressed, "call-next"),
        (CardRead, ""),
        (CardUnread, ""),
    ]
    assert found[1].number == "17" and found[0].at_ms == desk.clock.now_ms()
    assert len({getattr(one, "press_id", "") or one.read_id for one in found}) == 5
    assert [decode_report(encode(one)) for one in found] == found


async def test_a_press_is_as_old_as_its_hearing(desk):
    found = await desk.happens(KeyPress("start", waited_ms=16_000), KeyPress("recall"))
    now = desk.clock.now_ms()
    assert [one.at_ms for one in found] == [now - 16_000, now]


async def test_no_restart_repeats_an_id_even_when_the_clock_is_set_back():
    ids = set()
    for chance in (0.1, 0.2, 0.3):
        desk = Desk(FakeClock(1_800_000_000_000), chance)
        await settle()
        (press,) = await desk.happens(KeyPress("recall"))
        ids.add(press.press_id)
        await desk.close()
    assert len(ids) == 3


# ── ratings ───────────────────────────────────────────────────────────────────────────────


async def test_a_grade_in_time_answers_the_question_once(desk):
    desk.order(AskRating("pad", 15, "t1"))
    found = await desk.happens(Graded("satisfied"), Graded("dissatisfied"))
    assert [(one.grade, one.ask) for one in found] == [("satisfied", "t1"), ("dissatisfied", "")]
    await desk.clock.advance(60)
    assert not [one for one in desk.reports if isinstance(one, Rated) and one.grade == "none"]


async def test_nobody_answers_in_time(desk):
    desk.order(AskRating("pad", 15, "t1"))
    await desk.clock.advance(14)
    assert await desk.happens() == []
    await desk.clock.advance(2)
    assert [(one.grade, one.ask) for one in desk.reports] == [("none", "t1")]


async def test_a_second_question_ends_the_first(desk):
    desk.order(AskRating("pad", 15, "t1"))
    desk.order(AskRating("pad", 15, "t2"))
    found = await desk.happens(Graded("very-satisfied"))
    assert [(one.grade, one.ask) for one in found] == [("very-satisfied", "t2")]


async def test_a_question_to_a_device_that_is_away_or_unknown_is_answered_too(desk):
    desk.pad.trouble = DeviceTransient("unplugged")
    await desk.happens(DeviceTransient("unplugged"))
    desk.order(AskRating("pad", 15, "t1"))
    await desk.clock.advance(20)
    assert ("none", "t1") in [
        (one.grade, one.ask) for one in desk.reports if isinstance(one, Rated)
    ]
    desk.order(AskRating("nobody", 15, "t2"))
    assert desk.reports[-1] == Rated("nobody", "none", "t2", desk.clock.now_ms())


async def test_a_question_open_at_the_end_is_answered():
    desk = Desk()
    await settle()
    desk.order(AskRating("pad", 500, "t1"))
    await desk.close()
    assert Rated("pad", "none", "t1", desk.clock.now_ms() - 60_000) in desk.reports


# ── displays ──────────────────────────────────────────────────────────────────────────────


async def test_the_newest_display_wins_and_is_shown_again_after_a_failure(desk):
    desk.order(PadShow("pad", "A001", 4, ok=True))
    desk.order(PadShow("pad", "A002", 3, ok=True))
    await settle()
    assert desk.pad.shown == [PadShow("pad", "A002", 3, True)]
    await desk.happens(DeviceTransient("unplugged"))
    await desk.clock.advance(60)
    assert desk.pad.shown[1:] == [PadShow("pad", "A002", 3)], "without the verdict of then"
    assert await desk.happens(KeyPress("recall")), "and it listens again"


async def test_a_verdict_is_not_lost_to_what_is_shown_next(desk):
    desk.order(PadShow("pad", "A001", 4, ok=False))
    desk.order(PadShow("pad", "A001", 5))
    await settle()
    assert desk.pad.shown == [PadShow("pad", "A001", 5, False)]
    desk.order(PadShow("pad", "A001", 6))
    await settle()
    assert desk.pad.shown[1:] == [PadShow("pad", "A001", 6)], "and it is given once"


async def test_a_display_for_what_is_no_pad_breaks_nothing(desk):
    desk.order(PadShow("nobody", "A001"))
    assert await desk.happens(KeyPress("recall"))


# ── the whole way ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("serve", [serving.on_tcp, serving.on_pty])
async def test_from_the_key_to_the_report_and_over_a_pulled_cable(serve):
    emulated, reports = HallPad68(3), []
    supervisor = Supervisor(reports.append, Registry(), chance=lambda: 0.0)
    async with serve(emulated) as line:
        emulated.push = line.push
        options = {"address": 3}
        supervisor.obey(Configure((DeviceConfig("pad", "hallpad68", line.url, options),)))
        await eventually(lambda: any(_is(one, "ready") for one in reports))
        supervisor.obey(PadShow("pad", "A017", 12))
        emulated.press(0x0C)
        await eventually(lambda: any(isinstance(one, PadPressed) for one in reports))
        await eventually(lambda: emulated.display == "017_12")
        emulated.display = ""
        line.unplug()
        await eventually(lambda: any(_is(one, "degraded") for one in reports))
        await line.plug()
        await eventually(lambda: emulated.display == "017_12")
        await supervisor.stop()
    assert emulated.violations == []


def _is(report, state: str) -> bool:
    return isinstance(report, DeviceReport) and report.state == state


@pytest.mark.parametrize(
    ("kind", "port", "options", "code"),
    [
        ("evdev", "tcp://127.0.0.1", {}, "bad_port"),
        ("evdev", "virtual://", {}, "bad_port"),
        ("line", "virtual://", {"miss": "M"}, "bad_port"),
        ("line", "tcp://127.0.0.1", {}, "bad_option"),
        ("hallpad68", "file:///dev/null", {}, "bad_port"),
        ("hallpad68", "virtual://", {"address": 500}, "bad_option"),
        ("sam", "file:///dev/null", {"secret": "x" * 20}, "bad_port"),
        ("sam", "virtual://", {"secret": "x"}, "bad_option"),
    ],
)
async def test_what_cannot_be_is_red_with_its_reason(kind, port, options, code):
    reports: list = []
    supervisor = Supervisor(reports.append, Registry(), FakeClock())
    supervisor.obey(Configure((DeviceConfig("pad", kind, port, options),)))
    await settle()
    assert reports[-1].state == "broken"
    assert reports[-1].last_error.startswith(f"{code}: ")
    stopping = asyncio.ensure_future(supervisor.stop())
    await settle()
    await stopping
