"""Alarms: told once, counted, acknowledged by a person, over by themselves, never without end."""

from __future__ import annotations

from queued.core.plan import Millis
from queued.engine.alarms import Alarm, Alarms
from queued.engine.clock import SimulatedClock


def alarms(most: int = 200) -> tuple[Alarms, SimulatedClock, list[Alarm]]:
    clock, told = SimulatedClock(Millis(1000)), list[Alarm]()
    made = Alarms(clock, most)
    made.listen(told.append)
    return made, clock, told


def test_the_same_again_is_counted_and_told_once():
    made, clock, told = alarms()
    first = made.raise_("guard_called", "1", {"window": "1号窗口"})
    clock.move_to(Millis(4000))
    again = made.raise_("guard_called", "1")
    made.raise_("guard_called", "2")
    assert (again.id, again.times, again.since, again.at) == (first.id, 2, 1000, 4000)
    assert again.facts == {"window": "1号窗口"}
    assert [alarm.subject for alarm in told] == ["1", "2"]


def test_the_first_who_acknowledges_counts_and_open_ones_come_first():
    made, _, _ = alarms()
    one, two = made.raise_("bad_rating", "A001"), made.raise_("bad_rating", "A002")
    assert made.acknowledge(two.id, "manager:li").acknowledged_by == "manager:li"
    assert made.acknowledge(two.id, "manager:zhao").acknowledged_by == "manager:li"
    assert made.acknowledge(99, "manager:li") is None
    assert [alarm.id for alarm in made.all()] == [one.id, two.id]


def test_a_moment_is_new_after_an_acknowledgement_and_a_state_is_not():
    made, _, told = alarms()
    for kind in ("guard_called", "device_red"):
        alarm = made.raise_(kind, "x")
        made.acknowledge(alarm.id, "manager:li")
        made.raise_(kind, "x")
    assert [alarm.kind for alarm in told] == ["guard_called", "guard_called", "device_red"]
    # And once the state is over it may come again
    assert made.clear("device_red", "x")
    assert not made.clear("device_red", "x")
    made.raise_("device_red", "x")
    assert told[-1].kind == "device_red" and len(told) == 4


def test_a_flood_pushes_out_what_somebody_has_seen():
    made, _, _ = alarms(most=3)
    ids = [made.raise_("guard_called", str(number)).id for number in range(3)]
    made.acknowledge(ids[1], "manager:li")
    made.raise_("guard_called", "3")
    assert [alarm.subject for alarm in made.all()] == ["3", "2", "0"]
    made.raise_("guard_called", "4")
    assert [alarm.subject for alarm in made.all()] == ["4", "3", "2"]
