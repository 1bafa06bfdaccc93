"""Every call is said in its zone, or reported."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

from drivers.jobs import JobCancel, NotSpoken, Order, Phrase, Say, Spoken
from queued.core import commands as c
from queued.core.decide import decide
from queued.core.evolve import evolve
from queued.core.model import Hall
from queued.core.plan import Millis, QueueId
from queued.device_link import DeviceLink
from queued.engine.bus import Committed
from queued.engine.clock import SimulatedClock
from queued.outputs import device_config
from queued.settings_values import DeviceSettings
from queued.voices import EXPIRES_MS, Voices
from tests.hall_parts import eventually
from tests.test_outputs import AT, BY, WINDOW, hall_after

VOICE = DeviceSettings("voice", "syn6288", "virtual://")
START = Millis(AT + 60_000)


class Room:
    """A hall with one open window and one waiting visitor, and what its voices are told."""

    def __init__(self, *devices: DeviceSettings, language: str = "zh") -> None:
        queue = QueueId(next(iter(hall_after().plan.queues)))
        take = c.IssueTicket(queue=queue, language=language, by="kiosk:k")
        self.hall: Hall = hall_after(take, c.OpenWindow(window=WINDOW, by=BY))
        self.clock = SimulatedClock(START)
        self.orders: list[Order] = []
        self.voices = Voices("hall", devices, self.clock, self.orders.append)

    def do(self, command: c.Command) -> None:
        events = decide(self.hall, command, self.clock.now())
        for event in events:
            self.hall = evolve(self.hall, event)
        self.voices.on_commit(Committed("hall", self.hall, events))

    @property
    def said(self) -> list[Say]:
        return [order for order in self.orders if isinstance(order, Say)]


def test_a_call_is_said_with_number_and_window() -> None:
    room = Room(VOICE)
    room.do(c.CallNext(window=WINDOW, by=BY))
    number = room.hall.calls[0].number
    digits = str(int("".join(filter(str.isdigit, WINDOW))))
    assert [say.phrases for say in room.said] == [
        (Phrase("call", {"number": number, "window": digits}, "zh"),)
    ]
    assert room.said[0].expires_at_ms == START + EXPIRES_MS


def test_a_visitor_who_chose_english_hears_both() -> None:
    room = Room(VOICE, language="en")
    room.do(c.CallNext(window=WINDOW, by=BY))
    assert [p.language for p in room.said[0].phrases if isinstance(p, Phrase)] == ["zh", "en"]


def test_a_recall_is_said_again_and_each_has_its_own_job() -> None:
    room = Room(VOICE)
    room.do(c.CallNext(window=WINDOW, by=BY))
    room.clock.move_to(Millis(START + 20_000))
    room.do(c.Recall(window=WINDOW, by=BY))
    assert len({say.job for say in room.said}) == 2


def test_a_voice_of_another_zone_is_silent() -> None:
    room = Room(dataclasses.replace(VOICE, zone="elsewhere"))
    room.do(c.CallNext(window=WINDOW, by=BY))
    assert not room.said


def test_an_undone_call_is_taken_back() -> None:
    room = Room(VOICE)
    room.do(c.CallNext(window=WINDOW, by=BY))
    room.do(c.Undo(window=WINDOW, by=BY))
    assert room.orders[-1] == JobCancel(room.said[0].job)


def test_a_new_device_process_says_what_is_still_worth_saying() -> None:
    room = Room(VOICE)
    room.do(c.CallNext(window=WINDOW, by=BY))
    room.voices.on_up()
    assert len(room.said) == 2
    assert room.said[0] == room.said[1]

    room.clock.move_to(Millis(START + EXPIRES_MS))
    room.voices.on_up()
    assert len(room.said) == 2
    assert room.voices.counts == {"expired": 1}


def test_what_was_said_and_what_was_not_is_counted() -> None:
    room = Room(VOICE)
    room.do(c.CallNext(window=WINDOW, by=BY))
    room.clock.move_to(Millis(START + 20_000))
    room.do(c.Recall(window=WINDOW, by=BY))
    first, second = (say.job for say in room.said)
    room.voices.on_report(Spoken(first, "voice", "请", 1))
    room.voices.on_report(NotSpoken(second, "voice", "quiet"))
    assert room.voices.counts == {"spoken": 1, "quiet": 1}
    room.voices.on_up()
    assert len(room.said) == 2


async def test_a_real_voice_says_it(tmp_path: Path) -> None:
    """Through the device process and a strict SYN6288, which says when it has finished."""
    link = DeviceLink([device_config(VOICE)], tmp_path)
    room = Room(VOICE)
    room.clock = SimulatedClock(Millis(int(time.time() * 1000)))
    room.voices = Voices("hall", [VOICE], room.clock, link.send)
    link.on_up, link.on_report = room.voices.on_up, room.voices.on_report
    link.start()
    try:
        await eventually(lambda: link.reports()[0].state == "ready")
        room.do(c.CallNext(window=WINDOW, by=BY))
        await eventually(lambda: room.voices.counts == {"spoken": 1})
    finally:
        await link.stop()
