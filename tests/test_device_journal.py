"""What reports become events, that nobody waits for them, and that a clean stop loses none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from drivers.jobs import DeviceReport, JobDone, JobFailed, NotSpoken, Spoken
from queued import device_journal
from queued.core.plan import Millis
from queued.device_journal import REPEATS_STEP, REPEATS_TOLD, WAITING_MAX, DeviceJournal
from queued.engine.clock import SimulatedClock
from queued.server.upkeep import EVENT_KINDS
from queued.storage.device_events import DeviceEvent
from queued.storage.errors import StoreFailed
from queued.storage.store import Store
from tests.hall_parts import eventually

START = Millis(1_795_399_200_000)


class Kept:
    """A store that may refuse, or hang until told to go on."""

    def __init__(self) -> None:
        self.events: list[DeviceEvent] = []
        self.batches = 0
        self.full = False
        self.open = asyncio.Event()
        self.open.set()

    async def add(self, hall: str, events: Sequence[DeviceEvent]) -> None:
        await self.open.wait()
        if self.full:
            raise StoreFailed("disk full")
        self.batches += 1
        assert {one.kind for one in events} <= set(EVENT_KINDS)
        self.events += events

    def told(self, device: str = "d") -> list[tuple[str, str]]:
        return [(one.kind, one.code) for one in self.events if one.device == device]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    monkeypatch.setattr(device_journal, "GATHER_S", 0.0)
    monkeypatch.setattr(device_journal, "RETRY_S", 0.0)
    return Kept()


@pytest.fixture
async def journal(kept: Kept) -> AsyncIterator[DeviceJournal]:
    journal = DeviceJournal("demo", kept, SimulatedClock(START))
    journal.start()
    yield journal
    kept.full = False
    kept.open.set()
    await journal.stop()


def report(state: str, error: str = "", **more) -> DeviceReport:
    return DeviceReport("d", "escpos", state, START, last_error=error, **more)  # type: ignore


async def told(journal: DeviceJournal, kept: Kept, device: str = "d") -> list[tuple[str, str]]:
    await journal.stop()
    return kept.told(device)


async def test_every_change_of_state_is_an_event_with_its_reason(journal, kept):
    for each in (
        report("connecting"),
        report("ready"),
        report("ready", queue=3),
        report("degraded", "timeout: no answer"),
        report("degraded", "timeout: still no answer"),
        report("degraded", "unplugged: the cable"),
        report("ready", "unplugged: the cable"),
        report("broken", "bad_port: no permission"),
        report("stopped", "bad_port: no permission"),
    ):
        journal.on_report(each)
    assert await told(journal, kept) == [
        ("ready", ""),
        ("degraded", "timeout"),
        ("degraded", "unplugged"),
        ("ready", ""),
        ("broken", "bad_port"),
        ("stopped", "bad_port"),
    ]
    assert kept.events[1].detail == "no answer"
    assert kept.events[1].at == START


async def test_paper_is_told_of_at_each_turn(journal, kept):
    for paper in ("ok", "near_end", "near_end", "out", "ok"):
        journal.on_report(report("ready", paper=paper))
    assert await told(journal, kept) == [
        ("ready", ""),
        ("near_end", "near_end"),
        ("paper_out", "paper_out"),
        ("paper_ok", ""),
    ]


async def test_slips_that_failed_or_may_have(journal, kept):
    journal.on_report(JobDone("day-1", "d", False))
    journal.on_report(JobDone("day-2", "d", True))
    journal.on_report(JobDone("day-3", "d", False))
    journal.on_report(JobFailed("day-4", "d", "unplugged", True))
    journal.on_report(JobFailed("day-5", "d", "expired", False))
    journal.on_report(JobFailed("day-6", "d", "cancelled", False))
    assert await told(journal, kept) == [
        ("slip_unconfirmed", "unconfirmed"),
        ("slip_doubtful", "unplugged"),
        ("slip_failed", "expired"),
    ]
    assert [one.detail for one in kept.events] == ["day-3", "day-4", "day-5"]
    tally = journal.tally("d")
    assert (tally.slips_confirmed, tally.slips_unconfirmed) == (1, 2)
    assert tally.slips_failed == {"cancelled": 1, "expired": 1, "unplugged": 1}


async def test_calls_not_said_are_told_and_counted_by_reason(journal, kept):
    journal.on_report(Spoken("1", "d", "请A001号"))
    journal.on_report(NotSpoken("2", "d", "quiet"))
    journal.on_report(NotSpoken("3", "d", "timeout"))
    journal.on_report(NotSpoken("4", "d", "cancelled"))
    assert await told(journal, kept) == [("not_spoken", "quiet"), ("not_spoken", "timeout")]
    tally = journal.tally("d")
    assert tally.spoken == 1
    assert tally.not_spoken == {"cancelled": 1, "quiet": 1, "timeout": 1}
    assert "请A001号" not in str(kept.events)


async def test_the_process_and_a_line_that_is_no_order(journal, kept):
    journal.on_up()
    journal.on_down()
    bad = DeviceReport("", "agent", "degraded", START, last_error="bad_order: got `张三`")
    journal.on_report(bad)
    assert await told(journal, kept, "") == [
        ("process_started", ""),
        ("process_ended", "process_down"),
        ("degraded", "bad_order"),
    ]
    assert "张三" not in str(kept.events), "what a spoiled line held stays untold"


async def test_the_same_over_and_over_is_told_now_and_then(journal, kept):
    journal.on_report(report("degraded", "unplugged: gone"))
    for n in range(REPEATS_STEP * 3):
        journal.on_report(NotSpoken(str(n), "d", "expired"))
    journal.on_report(report("ready"))
    found = await told(journal, kept)
    assert found.count(("not_spoken", "expired")) == REPEATS_TOLD + 3
    assert ("degraded", "unplugged") in found and ("ready", "") in found
    assert f"× {REPEATS_STEP * 3}" in [one.detail for one in kept.events]


async def test_details_are_short_and_printable(journal, kept):
    journal.note("d", "degraded", "timeout", "a\nb\x1b[31m" + "x" * 500)
    await journal.stop()
    assert kept.events[0].detail.startswith("a b [31mxxx")
    assert len(kept.events[0].detail) == device_journal.DETAIL_CHARS_MAX


async def test_nobody_waits_for_a_disk_that_hangs(journal, kept):
    kept.open.clear()
    for n in range(100):
        journal.note("d", "tried", f"c{n}")  # returns at once, or this test never ends
    assert kept.events == []
    kept.open.set()
    await eventually(lambda: len(kept.events) == 100)


async def test_a_full_disk_is_tried_again_and_nothing_is_lost(journal, kept, caplog):
    kept.full = True
    journal.note("d", "tried", "one")
    await eventually(lambda: "device events wait" in caplog.text)
    journal.note("d", "tried", "two")
    kept.full = False
    await eventually(lambda: kept.told() == [("tried", "one"), ("tried", "two")])


async def test_too_many_are_counted(journal, kept):
    kept.open.clear()
    for n in range(WAITING_MAX + 7):
        journal.note("d", "tried", f"c{n}")
    kept.open.set()
    await journal.stop()
    assert len(kept.told()) <= WAITING_MAX + 1
    assert kept.told("")[-1] == ("left_out", "queue_full")
    left = sum(int(one.detail.removeprefix("× ")) for one in kept.events if one.device == "")
    assert len(kept.told()) + left == WAITING_MAX + 7


@pytest.mark.parametrize("cleanly", [True, False])
async def test_a_clean_stop_loses_nothing(tmp_path: Path, cleanly: bool):
    """And without one (the control) what the last second brought is lost: the gather time."""
    store = await Store.open(tmp_path)
    journal = DeviceJournal("demo", store.device_events, SimulatedClock(START))
    journal.start()
    for n in range(50):
        journal.note("d", "tried", f"c{n}")
    if cleanly:
        await journal.stop()
    found = [one.code for one in await store.device_events.of("demo", limit=100)]
    assert found == ([f"c{n}" for n in reversed(range(50))] if cleanly else [])
    if not cleanly:
        await journal.stop()
    await store.close()


async def test_many_events_share_a_transaction(journal, kept):
    kept.open.clear()
    for n in range(100):
        journal.note("d", "tried", f"c{n}")
    kept.open.set()
    await journal.stop()
    assert kept.batches <= 2
