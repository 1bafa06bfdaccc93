"""Alarms: told once, counted, acknowledged by a person, over by themselves, never without end."""

from __future__ import annotations

from queued.core.plan import Millis
from queued.engine.alarms import RECALLED_MS, SEEN_KEPT_MS, Alarm, Alarms
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


# ── Over a restart ────────────────────────────────────────────────────────────────────────


def test_after_a_start_moments_are_there_and_states_come_back_when_they_are_raised():
    made, _, _ = alarms()
    made.raise_("bad_rating", "A001")
    help_ = made.raise_("guard_called", "1")
    red = made.raise_("device_red", "printer-1", {"code": "offline"})
    made.raise_("device_red", "printer-2")
    for alarm in (help_, red):
        made.acknowledge(alarm.id, "manager:li")
    known, gone = made.touched()
    assert [alarm.id for alarm in known] == [1, 2, 3, 4] and not gone
    # When the hall starts anew
    anew, clock, told = alarms()
    clock.move_to(Millis(9000))
    anew.restore(known)
    assert [alarm.subject for alarm in anew.all()] == ["A001", "1"]
    # Then a printer that still is red is the alarm that somebody sees to, and nobody is told twice
    again = anew.raise_("device_red", "printer-1", {"code": "paper_out"})
    assert (again.id, again.since, again.acknowledged_by) == (red.id, 1000, "manager:li")
    assert (again.at, again.facts, told) == (9000, {"code": "paper_out"}, [])
    # And one that has recovered and turns red another day is a new one
    anew.clear("device_red", "printer-2")
    fresh = anew.raise_("device_red", "printer-2")
    assert (fresh.id, fresh.since) == (5, 9000) and told == [fresh]
    assert [alarm.id for alarm in anew.touched()[0]] == [3, 5]


def test_what_is_over_long_ago_does_not_come_back():
    made, _, _ = alarms()
    seen, red = made.raise_("guard_called", "1"), made.raise_("device_red", "x")
    for alarm in (seen, red):
        made.acknowledge(alarm.id, "manager:li")
    anew, clock, told = alarms()
    clock.move_to(Millis(1000 + SEEN_KEPT_MS))
    anew.restore(made.touched()[0])
    assert anew.all() == []
    assert anew.touched() == ([], [seen.id, red.id])
    clock.move_to(Millis(1000 + SEEN_KEPT_MS + RECALLED_MS))
    assert anew.raise_("device_red", "x").acknowledged_by == "" and len(told) == 1
