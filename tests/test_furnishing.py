"""From the configuration's values to the engine's."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from queued.core.plan import MINUTE, Millis, problems
from queued.furnishing import calendar_of, plan_of
from queued.settings import load
from queued.settings_values import DAYS, HoursSettings

CONFIG = Path(__file__).parent.parent / "config"


@pytest.mark.parametrize("name", ["demo", "one-window", "forty-windows"])
def test_an_example_becomes_a_plan_without_problems(name: str) -> None:
    settings = load(CONFIG / f"{name}.toml", {})
    plan = plan_of(settings)
    assert problems(plan) == ()
    assert [queue.id for queue in settings.queues] == list(plan.queues)
    assert plan.rules.recall_max == settings.rules.recall_max
    head_starts = {class_.id: class_.head_start_minutes for class_ in settings.classes}
    assert {id_: c.head_start_ms // MINUTE for id_, c in plan.classes.items()} == head_starts


def test_a_hall_open_until_24_00_is_open_until_midnight() -> None:
    settings = load(CONFIG / "demo.toml", {})
    hours = (HoursSettings(DAYS, 20 * 60, 24 * 60),)
    calendar = calendar_of(dataclasses.replace(settings, hours=hours))
    zone = ZoneInfo(settings.hall.timezone)
    evening = datetime(2026, 11, 23, 21, tzinfo=zone)
    midnight = datetime(2026, 11, 24, tzinfo=zone)

    opening = calendar.opening(Millis(int(evening.timestamp() * 1000)), "system:test")

    begin, end = opening.hours[0]
    assert begin < evening.timestamp() * 1000 < end
    assert end == midnight.timestamp() * 1000
