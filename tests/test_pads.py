"""Presses become commands once, in order, at their own window; displays show the present."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from drivers.jobs import Order, PadPressed, PadShow
from queued import pads as pads_module
from queued.core import commands as c
from queued.engine.hall import MailboxFull
from queued.pads import PRESS_STALE_MS, PRESSES_MAX, Pads
from queued.settings_values import DeviceSettings
from tests.hall_parts import eventually
from tests.server.hall_under_test import Running, running

PAD = DeviceSettings("pad-1", "hallpad68", "virtual://", window="1")


@dataclass
class AtPads:
    """A hall with a pad at window 1, and what its display was told."""

    hall: Running
    pads: Pads
    orders: list[Order] = field(default_factory=list)
    presses: int = 0

    @property
    def shown(self) -> list[tuple[str, int, bool | None]]:
        return [(o.number, o.waiting, o.ok) for o in self.orders if isinstance(o, PadShow)]

    @property
    def types(self) -> list[str]:
        """Of today's calls on the board, the numbers."""
        return [call.number for call in self.hall.actor.hall.calls]

    def press(self, action, number="", *, press_id="", age_ms=0, device="pad-1") -> None:
        self.presses += 1
        at_ms = self.hall.clock.now() - age_ms
        press_id = press_id or f"press-{self.presses}"
        self.pads.on_report(PadPressed(device, press_id, action, number, at_ms))

    async def settled(self, presses: int) -> None:
        """Every press has been answered."""
        await eventually(lambda: sum(self.pads.counts.values()) >= presses)
        assert sum(self.pads.counts.values()) == presses


@pytest.fixture
async def at(tmp_path, monkeypatch):
    monkeypatch.setattr(pads_module, "WAITING_EVERY_S", 0.01)
    async with running(tmp_path) as hall:
        orders: list[Order] = []
        live = hall.site.lives["demo"].running
        pads = Pads(live, [PAD], orders.append, now_ms=hall.clock.now)
        end = hall.bus.listen(pads.on_commit)
        yield AtPads(hall, pads, orders)
        end()
        await pads.stop()


async def test_a_press_calls_and_the_pad_shows_it(at: AtPads):
    await at.hall.take()
    await at.hall.take()
    at.press("open")
    at.press("call-next")
    await at.settled(2)
    assert at.types == ["A001"]
    assert at.shown[-1] == ("A001", 1, True)
    status, desk, _ = await at.hall.call("GET", "/halls/demo/windows/1", role="clerk")
    assert desk["ticket"]["number"] == "A001"


async def test_the_same_press_told_twice_calls_once(at: AtPads):
    for _ in range(3):
        await at.hall.take()
    at.press("open")
    at.press("call-next", press_id="same")
    at.press("undo")
    at.press("call-next", press_id="same")
    await at.settled(4)
    assert at.pads.counts == {"done": 3, "replayed": 1}
    assert at.types == [], "called once, and that call was taken back"
    # The control: another press does call
    at.press("call-next")
    await at.settled(5)
    assert at.types == ["A001"]


async def test_without_its_key_the_same_press_would_call_twice(at: AtPads, monkeypatch):
    """The negative control of the test above."""
    submit = at.hall.actor.submit
    keyless = lambda command, **_: submit(command)  # noqa: E731
    await at.hall.take()
    at.press("open")
    await at.settled(1)
    monkeypatch.setattr(at.hall.actor, "submit", keyless)
    for action in ("call-next", "undo", "call-next"):
        at.press(action, press_id=action)
    await at.settled(4)
    assert at.types == ["A001"]


async def test_presses_of_one_pad_keep_their_order(at: AtPads):
    for _ in range(2):
        await at.hall.take()
    for action in ("open", "call-next", "start", "finish", "call-next", "miss"):
        at.press(action)
    await at.settled(6)
    assert at.pads.counts == {"done": 6}
    assert [t.status.value for t in at.hall.actor.hall.tickets] == ["served", "missed"]
    assert at.shown[-1] == ("", 0, True)


async def test_an_old_press_calls_nobody(at: AtPads):
    await at.hall.take()
    await at.hall.open_window()
    at.press("call-next", age_ms=PRESS_STALE_MS + 1)
    await at.settled(1)
    assert at.pads.counts == {"stale": 1}
    assert at.types == [] and at.shown[-1] == ("", 1, False)
    at.press("call-next", age_ms=PRESS_STALE_MS)
    await at.settled(2)
    assert at.types == ["A001"]
    # A clock that was set back a moment ago makes no press stale
    at.press("undo", age_ms=-3_600_000)
    await at.settled(3)
    assert at.types == []


async def test_a_refusal_is_told_at_the_pad(at: AtPads):
    at.press("call-next")
    at.press("open")
    at.press("call-next")
    at.press("call", "17")
    at.press("transfer", "99")
    await at.settled(5)
    assert at.pads.counts == {
        "window_not_open": 1, "done": 1, "nobody_waiting": 1, "unknown_ticket": 1,
        "unknown_window": 1,
    }  # fmt: skip
    assert [ok for *_, ok in at.shown if ok is not None] == [False, True, False, False, False]


async def test_a_pad_acts_at_its_own_window_only(at: AtPads):
    await at.hall.take()
    await at.hall.open_window("2")
    before = at.hall.seq
    at.press("call-next", device="pad-2")
    await at.settled(1)
    assert at.pads.counts == {"unknown_device": 1} and at.hall.seq == before
    at.press("call-next")
    await at.settled(2)
    assert at.pads.counts["window_not_open"] == 1, "its window is 1, which is closed"
    # Nobody who speaks HTTP is a pad, whatever he calls himself
    for role in ("clerk", "kiosk", "manager"):
        _, called, _ = await at.hall.act("2", "call-next", role=role)
    last = (await at.hall.store.journal.read("demo", 0))[-1]
    assert not last.by.startswith("pad:")


async def test_a_stuck_key_is_cut_off(at: AtPads):
    await at.hall.open_window()
    for _ in range(PRESSES_MAX + 5):
        at.press("recall")
    await at.settled(PRESSES_MAX + 5)
    assert at.pads.counts["too_many"] == 5


async def test_help_is_called_without_a_change_in_the_hall(at: AtPads):
    seq = at.hall.seq
    at.press("call-guard")
    at.press("call-guard")
    at.press("call-adviser")
    await at.settled(3)
    assert at.hall.seq == seq
    _, told, _ = await at.hall.call("GET", "/halls/demo/alarms", role="manager")
    assert [(a["kind"], a["times"], a["text"]) for a in told["alarms"]] == [
        ("adviser_called", 1, "1号窗口呼叫导办员。"),
        ("guard_called", 2, "1号窗口呼叫保安。"),
    ]


async def test_a_busy_hall_and_a_bug_end_one_press_and_no_more(at: AtPads, monkeypatch):
    at.press("open")
    await at.settled(1)
    at.orders.clear()
    submit = at.hall.actor.submit
    for failure in (MailboxFull(), ZeroDivisionError()):

        async def fails(*_args, error=failure, **_more):
            raise error

        monkeypatch.setattr(at.hall.actor, "submit", fails)
        at.press("pause")
        await eventually(lambda: [ok for *_, ok in at.shown] == [False])
        at.orders.clear()
    monkeypatch.setattr(at.hall.actor, "submit", submit)
    at.press("pause")
    await at.settled(4)
    assert at.pads.counts == {"done": 2, "failed": 1, "bug": 1}


# ── Displays ──────────────────────────────────────────────────────────────────────────────


async def test_every_change_of_the_window_is_shown_once(at: AtPads):
    await at.hall.take()
    await at.hall.take("social")
    await at.hall.open_window()
    await eventually(lambda: at.shown == [("", 1, None), ("", 2, None)])
    await at.hall.act("1", "call-next")
    assert at.shown[-1] == ("A001", 1, None)
    await at.hall.act("1", "start")
    assert len(at.shown) == 3, "nothing that a pad shows has changed"
    await at.hall.act("1", "finish")
    assert at.shown[-1] == ("", 1, None)


async def test_a_busy_kiosk_does_not_fill_the_line(at: AtPads, monkeypatch):
    monkeypatch.setattr(pads_module, "WAITING_EVERY_S", 3600)
    for _ in range(20):
        await at.hall.actor.submit(c.IssueTicket(queue="general", by="kiosk:k"))
    assert at.shown == [("", 1, None)]
    # A number is shown at once all the same
    await at.hall.open_window()
    await at.hall.act("1", "call-next")
    assert at.shown[1:] == [("A001", 19, None)]
    # And when the pad has rested, the count follows
    await at.hall.take()
    assert len(at.shown) == 2
    at.pads._rested(at.pads._pads["pad-1"])
    assert at.shown[2:] == [("A001", 20, None)]


async def test_a_new_device_process_is_told_the_present(at: AtPads):
    await at.hall.take()
    at.orders.clear()
    at.pads.on_up()
    assert at.shown == [("", 1, None)]


async def test_a_clerk_signs_in_at_the_pad(at: AtPads):
    at.press("login", "12")
    await at.settled(1)
    window = at.hall.actor.hall.windows["1"]
    assert window.clerk == "clerk:12"
    # And another one in the next shift
    at.press("login", "34")
    await at.settled(2)
    assert at.hall.actor.hall.windows["1"].clerk == "clerk:34"


async def test_a_pad_of_a_window_that_is_gone_does_nothing(tmp_path):
    async with running(tmp_path) as hall:
        orders: list[Order] = []
        gone = DeviceSettings("pad-9", "hallpad68", "virtual://", window="9")
        pads = Pads(hall.site.lives["demo"].running, [gone], orders.append, hall.clock.now)
        pads.on_up()
        pads.on_report(PadPressed("pad-9", "p", "call-next", "", hall.clock.now()))
        await eventually(lambda: pads.counts["unknown_window"] == 1)
        assert orders == []
        await pads.stop()


async def test_two_windows_press_next_at_once(tmp_path):
    async with running(tmp_path) as hall:
        for _ in range(2):
            await hall.take()
        devices = [PAD, DeviceSettings("pad-2", "hallpad68", "virtual://", window="2")]
        pads = Pads(hall.site.lives["demo"].running, devices, lambda _o: None, hall.clock.now)
        for window in ("1", "2"):
            await hall.actor.submit(c.OpenWindow(window=window, by="clerk:x"))
        now = hall.clock.now()
        for number in (1, 2):
            pads.on_report(PadPressed(f"pad-{number}", "p", "call-next", "", now))
        await eventually(lambda: pads.counts["done"] == 2)
        held = [hall.actor.hall.windows[window].ticket for window in ("1", "2")]
        assert sorted(held) == [1, 2]
        await pads.stop()
