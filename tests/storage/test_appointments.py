"""Who is expected: booked once, forgotten in time, bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from queued.engine.appointments import Appointment, CodeTaken, TooManyAppointments
from queued.storage import appointments as module
from queued.storage.appointments import KEPT_MS, Appointments
from queued.storage.store import Store
from tests.storage.chains import NINE

HOUR = 3_600_000
ONE = Appointment("d1", "company-setup", "appointment", NINE + HOUR, "remote:wechat", NINE)


@pytest.fixture
async def appointments(tmp_path: Path) -> AsyncIterator[Appointments]:
    store = await Store.open(tmp_path)
    yield store.appointments
    await store.close()


async def test_booked_found_cancelled(appointments: Appointments):
    assert await appointments.book("demo", ONE)
    assert await appointments.find("demo", "d1") == ONE
    assert await appointments.find("other", "d1") is None
    assert not await appointments.cancel("other", "d1")
    assert await appointments.cancel("demo", "d1")
    assert not await appointments.cancel("demo", "d1")
    assert await appointments.find("demo", "d1") is None


async def test_one_code_is_one_appointment(appointments: Appointments):
    later = replace(ONE, slot=NINE + 2 * HOUR)
    outcomes = await asyncio.gather(
        *(appointments.book("demo", one) for one in (ONE, later, ONE, later)),
        return_exceptions=True,
    )
    assert outcomes[0] is True and outcomes[2] is False
    assert all(isinstance(outcomes[at], CodeTaken) for at in (1, 3))


async def test_an_old_code_may_be_given_out_again(appointments: Appointments):
    await appointments.book("demo", ONE)
    tomorrow = replace(ONE, slot=NINE + 30 * HOUR, made_at=NINE + 26 * HOUR)
    assert await appointments.book("demo", tomorrow)
    assert await appointments.find("demo", "d1") == tomorrow


async def test_what_is_long_over_is_forgotten(appointments: Appointments):
    await appointments.book("demo", ONE)
    later = replace(ONE, digest="d2", made_at=ONE.slot + KEPT_MS)
    await appointments.book("demo", later)
    assert await appointments.find("demo", "d1") == ONE
    await appointments.book("demo", replace(later, digest="d3", made_at=later.made_at + 1))
    assert await appointments.find("demo", "d1") is None


async def test_there_is_a_bound(appointments: Appointments, monkeypatch):
    monkeypatch.setattr(module, "EXPECTED_MAX", 2)
    for digest in ("d1", "d2"):
        await appointments.book("demo", replace(ONE, digest=digest))
    assert not await appointments.book("demo", ONE), "what is there may be said again"
    with pytest.raises(TooManyAppointments):
        await appointments.book("demo", replace(ONE, digest="d3"))
    assert await appointments.book("other", ONE)
