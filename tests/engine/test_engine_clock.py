"""The machine's clock made monotonic, and the one that tests move."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queued.engine.clock import EARLIEST, YEAR_MS, SimulatedClock, SystemClock, implausible

DAY = 86_400_000
NOW = EARLIEST + 100 * DAY


class Machine:
    """Readings in seconds."""

    def __init__(self) -> None:
        self.wall, self.monotonic = NOW / 1000, 5.0
        self.clock = SystemClock(lambda: self.wall, lambda: self.monotonic)

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


def test_usually_it_is_the_wall_clock():
    machine = Machine()
    for seconds in (0, 0.5, 3600):
        machine.passes(seconds)
        assert machine.clock.now() == int(machine.wall * 1000)


def test_set_back_it_goes_at_half_speed_until_the_wall_has_caught_up():
    machine = Machine()
    machine.wall -= 3600
    assert machine.clock.now() == NOW
    machine.passes(3600)
    assert machine.clock.now() == NOW + 1_800_000
    machine.passes(3600)
    assert machine.clock.now() == NOW + 3_600_000
    machine.passes(10)
    assert machine.clock.now() == NOW + 3_610_000


@given(st.lists(st.tuples(st.integers(-7200, 7200), st.integers(0, 600)), max_size=40))
def test_it_never_runs_backwards_and_never_stands_still(changes):
    machine = Machine()
    before = machine.clock.now()
    for jump, passing in changes:
        machine.wall += jump
        machine.passes(passing)
        now = machine.clock.now()
        assert now - before >= passing * 500 - 1, "slower than half speed"
        before = now


async def test_a_call_comes_when_its_moment_is_past():
    loop = asyncio.get_running_loop()
    rung = loop.create_future()
    SystemClock().call_at(0, lambda: rung.set_result(True))
    async with asyncio.timeout(5):
        assert await rung


async def test_a_cancelled_call_does_not_come():
    rung = []
    clock = SystemClock()
    clock.call_at(0, lambda: rung.append(1)).cancel()
    second = asyncio.get_running_loop().create_future()
    clock.call_at(0, lambda: second.set_result(None))
    async with asyncio.timeout(5):
        await second
    assert rung == []


def test_simulated_timers_fire_in_order_and_may_set_others():
    clock, rung = SimulatedClock(0), []
    clock.call_at(20, lambda: rung.append("b"))
    clock.call_at(10, lambda: (rung.append("a"), clock.call_at(15, lambda: rung.append("a2"))))
    clock.call_at(20, lambda: rung.append("c"))
    clock.call_at(12, lambda: rung.append("never")).cancel()
    assert clock.next_timer() == 10
    clock.move_to(19)
    assert rung == ["a", "a2"]
    clock.move_to(20)
    assert rung == ["a", "a2", "b", "c"]
    assert clock.next_timer() is None
    with pytest.raises(ValueError, match="19 is before 20"):
        clock.move_to(19)


@pytest.mark.parametrize(
    ("now", "last_at", "why"),
    [
        (EARLIEST - 1, 0, "battery"),
        (0, NOW, "battery"),
        (EARLIEST, 0, None),
        (NOW, 0, None),
        (NOW, NOW, None),
        (NOW - DAY, NOW, None),
        (NOW - DAY - 1, NOW, "a day before"),
        (NOW + YEAR_MS, NOW, None),
        (NOW + YEAR_MS + 1, NOW, "a year after"),
    ],
)
def test_which_clock_should_not_be_believed(now, last_at, why):
    reason = implausible(now, last_at)
    assert (why is None and reason is None) or why in reason
