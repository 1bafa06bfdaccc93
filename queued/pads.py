"""Call pads: a key at a window does what the console's button does, and the pad shows the window.

A press carries an id; the command gets it as its idempotency key, so a press that is told twice
calls once. Each pad's presses are carried out in order, one after the other. Displays are
level-triggered: a pad that was away gets the present.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from drivers.jobs import Order, PadPressed, PadShow, Report
from queued.core import views
from queued.core.guards import PAD
from queued.core.model import Hall
from queued.core.plan import WindowId
from queued.core.refusals import Refused
from queued.engine.bus import Committed
from queued.engine.hall import HallStopped, KeyReused, MailboxFull
from queued.engine.halls import RunningHall
from queued.engine.ports import JournalError
from queued.pad_commands import HELP, Unclear, commands_of
from queued.settings_values import PADS, DeviceSettings

log = logging.getLogger(__name__)

PRESS_STALE_MS = 5_000
"""Who got no answer for so long has pressed again or gone to the console: an old press would
call a second visitor."""

PRESSES_MAX = 8
"""Of one pad, waiting for their turn. Nobody presses faster; more are a stuck key."""

WAITING_EVERY_S = 5.0
"""The waiting count alone is refreshed so often. Each frame takes a shared line some 35 ms: where
all windows serve all queues, every number taken would otherwise occupy it with every pad."""


def wall_ms() -> int:
    """The clock that the device process stamps presses with."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class _Pad:
    device: DeviceSettings
    window: WindowId
    waiting: deque[PadPressed] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None
    shown: tuple[str, int] | None = None
    rest: asyncio.TimerHandle | None = None
    """Until it rings, only a new number or a verdict is worth a frame."""


class Pads:
    """The pads of one hall. `send` takes an order to the device process."""

    def __init__(
        self,
        hall: RunningHall,
        devices: Sequence[DeviceSettings],
        send: Callable[[Order], object],
        now_ms: Callable[[], int] = wall_ms,
    ) -> None:
        self._hall = hall
        self._send = send
        self._now_ms = now_ms
        self._pads = {
            device.id: _Pad(device, WindowId(device.window))
            for device in devices
            if device.kind in PADS and device.window is not None
        }
        self.counts: Counter[str] = Counter()
        """`done`, `replayed`, and for what was not done the reason."""

    def on_commit(self, committed: Committed) -> None:
        """A listener of the bus."""
        if committed.hall_id == self._hall.id:
            for pad in self._pads.values():
                self._show(pad, committed.hall)

    def on_up(self) -> None:
        """The device process is new and shows nothing yet."""
        for pad in self._pads.values():
            pad.shown = None
            self._show(pad, self._hall.actor.hall)

    def on_report(self, report: Report) -> None:
        """A listener of the device process."""
        if not isinstance(report, PadPressed):
            return
        pad = self._pads.get(report.device)
        if pad is None:
            self.counts["unknown_device"] += 1
            return
        if len(pad.waiting) >= PRESSES_MAX:
            self._not_done(pad, "too_many")
            return
        pad.waiting.append(report)
        if pad.task is None or pad.task.done():
            pad.task = asyncio.get_running_loop().create_task(self._work(pad))

    async def stop(self) -> None:
        """Presses not carried out by now never are."""
        for pad in self._pads.values():
            if pad.rest is not None:
                pad.rest.cancel()
        tasks = [pad.task for pad in self._pads.values() if pad.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ── Presses ───────────────────────────────────────────────────────────────────────────

    async def _work(self, pad: _Pad) -> None:
        while pad.waiting:
            press = pad.waiting.popleft()
            try:
                await self._press(pad, press)
            except Exception:  # an edge: a bug in one press must not end the pad
                log.exception("a press of %s failed", pad.device.id)
                self._not_done(pad, "bug")

    async def _press(self, pad: _Pad, press: PadPressed) -> None:
        if self._now_ms() - press.at_ms > PRESS_STALE_MS:
            self._not_done(pad, "stale")
            return
        hall = self._hall.actor.hall
        if pad.window not in hall.plan.windows:
            self._not_done(pad, "unknown_window")
            return
        if press.action in HELP:
            window = hall.plan.windows[pad.window].name
            self._hall.alarms.raise_(HELP[press.action], pad.window, {"window": window})
            self._done(pad, "done")
            return
        try:
            replayed = await self._carry_out(pad, press)
        except Unclear as unclear:
            log.info("%s: %s", pad.device.id, unclear)
            self._not_done(pad, "unclear")
        except Refused as refused:
            log.info("%s: %s: %s", pad.device.id, press.action, refused.code)
            self._not_done(pad, refused.code)
        except (MailboxFull, KeyReused, HallStopped, JournalError) as failure:
            log.warning("%s: %s: %s", pad.device.id, press.action, type(failure).__name__)
            self._not_done(pad, "failed")
        else:
            self._done(pad, "replayed" if replayed else "done")

    async def _carry_out(self, pad: _Pad, press: PadPressed) -> bool:
        """Whether it had been carried out before."""
        by = f"{PAD}{pad.device.id}"
        hall = self._hall.actor.hall
        commands = commands_of(hall, pad.window, press, pad.device.kind, by)
        asked = f"{press.action}\n{press.number}".encode()
        outcome = None
        for command in commands:
            # The command's name too: one press may give two.
            key = f"{by}:{press.press_id}:{type(command).__name__}"
            outcome = await self._hall.actor.submit(
                command, key=key, fingerprint=sha256(asked).hexdigest()
            )
        return outcome is not None and outcome.replayed

    def _done(self, pad: _Pad, how: str) -> None:
        self.counts[how] += 1
        self._show(pad, self._hall.actor.hall, ok=True)

    def _not_done(self, pad: _Pad, why: str) -> None:
        self.counts[why] += 1
        self._show(pad, self._hall.actor.hall, ok=False)

    # ── Displays ──────────────────────────────────────────────────────────────────────────

    def _show(self, pad: _Pad, hall: Hall, ok: bool | None = None) -> None:
        """Number in hand and how many this window may call, if that is new or answers a press."""
        if pad.window not in hall.plan.windows:
            return
        held = hall.windows[pad.window].ticket
        number = hall.ticket(held).number if held is not None else ""
        present = (number, views.callable_count(hall, pad.window))
        if ok is None and present == pad.shown:
            return
        if ok is None and pad.rest is not None and pad.shown and pad.shown[0] == number:
            return
        pad.shown = present
        self._send(PadShow(pad.device.id, *present, ok=ok))
        if pad.rest is None:
            loop = asyncio.get_running_loop()
            pad.rest = loop.call_later(WAITING_EVERY_S, self._rested, pad)

    def _rested(self, pad: _Pad) -> None:
        pad.rest = None
        self._show(pad, self._hall.actor.hall)
