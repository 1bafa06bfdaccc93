"""The whole hall in one process: what happens at its start."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

from queued import app as application
from queued.alarm_keeper import AlarmKeeper
from queued.core import commands as c
from queued.core.plan import Millis, QueueId, WindowId
from queued.engine.alarms import Alarm, Alarms
from queued.engine.clock import SimulatedClock
from queued.settings_values import Settings
from queued.storage.errors import StoreError
from tests.hall_parts import eventually, settings

WITHOUT_DEVICES = application.Options(devices=False)
NOW = Millis(1_795_400_000_000)


def on_a_free_port(furnished: Settings) -> Settings:
    http = dataclasses.replace(furnished.http, port=0)
    return dataclasses.replace(furnished, http=http)


async def test_a_clock_before_this_software_keeps_the_doors_shut(tmp_path: Path) -> None:
    dead_battery = SimulatedClock(Millis(86_400_000))
    with pytest.raises(application.CannotStart, match="battery"):
        async with application.running(
            on_a_free_port(settings()), tmp_path / "data", WITHOUT_DEVICES, dead_battery
        ):
            pass


async def test_a_person_may_say_that_the_clock_is_right(tmp_path: Path) -> None:
    trusting = dataclasses.replace(WITHOUT_DEVICES, trust_clock=True)
    dead_battery = SimulatedClock(Millis(86_400_000))
    async with application.running(
        on_a_free_port(settings()), tmp_path / "data", trusting, dead_battery
    ) as app:
        assert app.hall.actor.hall.open


async def test_two_halls_cannot_share_a_port(tmp_path: Path) -> None:
    furnished = on_a_free_port(settings())
    async with application.running(furnished, tmp_path / "a", WITHOUT_DEVICES) as app:
        port = int(app.url.rpartition(":")[2])
        http = dataclasses.replace(furnished.http, port=port)
        taken = dataclasses.replace(furnished, http=http)
        with pytest.raises(application.CannotStart, match=f"cannot listen on 127.0.0.1:{port}"):
            async with application.running(taken, tmp_path / "b", WITHOUT_DEVICES):
                pass


async def test_a_changed_configuration_waits_until_nobody_needs_the_old_one(
    tmp_path: Path,
) -> None:
    # Given somebody who waits in a queue
    old = on_a_free_port(settings())
    queue = QueueId(old.queues[0].id)
    async with application.running(old, tmp_path / "data", WITHOUT_DEVICES) as app:
        await app.hall.actor.submit(c.IssueTicket(queue=queue, by="kiosk:k"))
        letter = app.hall.actor.hall.plan.queues[queue].letter
    # When the hall starts again with another letter for it
    renamed = dataclasses.replace(old.queues[0], letter="Z")
    new = dataclasses.replace(old, queues=(renamed, *old.queues[1:]))
    async with application.running(new, tmp_path / "data", WITHOUT_DEVICES) as app:
        actor = app.hall.actor
        # Then the number in hand stays what it is
        assert actor.hall.plan.queues[queue].letter == letter
        window = WindowId(old.windows[0].id)
        await actor.submit(c.OpenWindow(window=window, by="manager:li"))
        assert actor.hall.plan.queues[queue].letter == letter
        # And when the day is over the new letter is in force
        await actor.submit(c.CloseDay(by="manager:li"))
        tomorrow = app.hall.calendar.opening(Millis(actor.hall.day_ends_at), "manager:li")
        await actor.submit(tomorrow)
        await eventually(lambda: actor.hall.plan.queues[queue].letter == "Z")


async def test_alarms_and_who_saw_to_them_outlive_a_restart(tmp_path: Path) -> None:
    furnished = on_a_free_port(settings())
    async with application.running(furnished, tmp_path / "data", WITHOUT_DEVICES) as app:
        alarms = app.hall.alarms
        seen = alarms.raise_("guard_called", "1", {"window": "1号窗口"})
        alarms.raise_("bad_rating", "A001")
        alarms.acknowledge(seen.id, "manager:li")
        before = alarms.all()
    async with application.running(furnished, tmp_path / "data", WITHOUT_DEVICES) as app:
        assert app.hall.alarms.all() == before
        assert app.hall.alarms.raise_("staff_called", "1").id == 3
        # And also when nobody has stopped it
        async with asyncio.timeout(5):
            while len(await app.store.alarms.all(app.hall.id)) < 3:
                await asyncio.sleep(0)


async def test_alarms_wait_for_a_disk_that_is_full(tmp_path: Path, caplog) -> None:
    alarms, disk = Alarms(SimulatedClock(NOW)), FullDisk()
    keeper = AlarmKeeper("demo", alarms, disk)  # type: ignore[arg-type]
    await keeper.start()
    alarms.raise_("guard_called", "1")
    await eventually(lambda: "alarms are not kept yet" in caplog.text)
    disk.full = False
    await keeper.stop()
    assert [one.subject for one in disk.rows] == ["1"]


class FullDisk:
    """Where alarms are kept."""

    full = True

    def __init__(self) -> None:
        self.rows: list[Alarm] = []

    async def all(self, hall: str) -> list[Alarm]:
        return []

    async def keep(self, hall: str, changed: list[Alarm], gone: list[int]) -> None:
        if self.full:
            raise StoreError("the disk is full")
        self.rows = changed
