"""Strips show the present: once per change, everything again after the devices came back."""

from __future__ import annotations

from drivers.jobs import Order, ShowText
from queued.core import commands as c
from queued.core.model import Hall
from queued.engine.bus import Committed
from queued.settings_values import DeviceSettings
from queued.strips import Strips
from tests.test_outputs import BY, WINDOW, hall_after

STRIP = DeviceSettings("strip", "bx-fontcard", "virtual://", window=str(WINDOW))


def shown(orders: list[Order]) -> list[str]:
    return [order.text for order in orders if isinstance(order, ShowText)]


def test_a_change_is_said_once_and_a_new_process_hears_the_present_only() -> None:
    now: list[Hall] = [hall_after()]
    orders: list[Order] = []
    strips = Strips("hall", [STRIP], lambda: now[0], orders.append)

    def committed(hall: Hall) -> None:
        now[0] = hall
        strips.on_commit(Committed("hall", hall, ()))

    committed(hall_after())
    committed(hall_after())
    committed(hall_after(c.OpenWindow(window=WINDOW, by=BY)))
    name = hall_after().plan.windows[WINDOW].name
    assert shown(orders) == ["暂未开放", name]

    orders.clear()
    strips.on_up()
    assert shown(orders) == [name]


def test_another_hall_changes_nothing() -> None:
    orders: list[Order] = []
    strips = Strips("hall", [STRIP], hall_after, orders.append)
    strips.on_commit(Committed("elsewhere", hall_after(), ()))
    assert not orders
