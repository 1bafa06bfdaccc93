"""Trials: a test print, a test text, a test sentence, on the way every real job takes.

A trial is no ticket's slip: it is never in the ledger, and its reports are taken here before the
ledger hears of them. A strip shows the present again after some seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from drivers.jobs import (
    Block,
    JobDone,
    JobFailed,
    JobGo,
    JobReady,
    NotSpoken,
    Order,
    Pair,
    Phrase,
    PrintSlip,
    Qr,
    Report,
    Rule,
    Say,
    ShowText,
    Spoken,
    StripShown,
    Text,
)
from queued.engine.clock import Clock
from queued.outputs import PRINTERS, STRIPS
from queued.server.upkeep import NoTrial, Trial, TrialState
from queued.settings_values import DeviceSettings
from queued.voices import VOICES

JOB: Final = "test-"
"""What the ids of trials begin with; those of slips begin with a day, of calls with "call-"."""

TRIAL_S: Final = 60.0
"""A technician waits no longer; the job expires with it."""

SHOWN_S: Final = 10.0
"""Long enough to walk round the counter and look."""

STRIP_TEXT: Final = "显示测试 A000号 0123456789"


class DeviceTrials:
    """The trials of one hall. `show_present` makes a strip show what it should again."""

    def __init__(
        self,
        devices: Sequence[DeviceSettings],
        zone: ZoneInfo,
        clock: Clock,
        send: Callable[[Order], bool],
        show_present: Callable[[str], None],
        ended: Callable[[Trial], None] = lambda _trial: None,
    ) -> None:
        self._devices = {device.id: device for device in devices}
        self._zone = zone
        self._clock = clock
        self._send = send
        self._show_present = show_present
        self._ended = ended
        self._trials: dict[str, Trial] = {}
        """The last of each device."""
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._number = 0

    def can_try(self, device: str) -> bool:
        """Printers, strips and voices; a pad or a reader is tried by pressing it."""
        known = self._devices.get(device)
        return known is not None and known.kind in PRINTERS | STRIPS | VOICES

    def trial(self, device: str) -> Trial | None:
        """The last trial."""
        return self._trials.get(device)

    def try_out(self, device: str) -> Trial:
        """Begin a trial, unless one is running. Raises `NoTrial`."""
        if not self.can_try(device):
            raise NoTrial(device)
        running = self._trials.get(device)
        if running is not None and running.state == "running":
            return running
        self._number += 1
        now = self._clock.now()
        trial = Trial(f"{JOB}{now}-{self._number}", device, now, "running")
        self._trials[device] = trial
        if not self._send(self._order(trial)):
            return self._end(trial, "failed", "process_down")
        self._after(TRIAL_S, trial, lambda: self._end(trial, "failed", "timeout"))
        return trial

    def on_up(self) -> None:
        """The device process is new: what was under way is gone."""
        for trial in tuple(self._trials.values()):
            if trial.state == "running":
                self._end(trial, "failed", "interrupted")

    def on_report(self, report: Report) -> bool:
        """A listener of the device process; True if the report is a trial's and nobody else's."""
        match report:
            case StripShown(device):
                trial = self._trials.get(device)
                if trial is not None and trial.state == "running":
                    self._shown(trial)
                return False
            case JobReady(job) if job.startswith(JOB):
                self._send(JobGo(job))
            case JobDone(job, device, confirmed) if job.startswith(JOB):
                self._over(device, job, "done", "confirmed" if confirmed else "unconfirmed")
            case JobFailed(job, device, reason) if job.startswith(JOB):
                self._over(device, job, "failed", reason)
            case Spoken(job, device) if job.startswith(JOB):
                self._over(device, job, "done", "spoken")
            case NotSpoken(job, device, reason) if job.startswith(JOB):
                self._over(device, job, "failed", reason)
            case _:
                return False
        return True

    def close(self) -> None:
        """No timer is left."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _order(self, trial: Trial) -> Order:
        device = self._devices[trial.device]
        expires = trial.at + round(TRIAL_S * 1000)
        if device.kind in STRIPS:
            return ShowText(device.id, STRIP_TEXT)
        if device.kind in VOICES:
            phrases = (Phrase("test"), Phrase("test", language="en"))
            return Say(trial.id, device.id, phrases, expires)
        at = datetime.fromtimestamp(trial.at / 1000, self._zone)
        return PrintSlip(trial.id, device.id, trial_slip(device.id, at), expires)

    def _shown(self, trial: Trial) -> None:
        self._end(trial, "done", "shown")
        self._after(SHOWN_S, trial, lambda: self._show_present(trial.device))

    def _over(self, device: str, job: str, state: TrialState, code: str) -> None:
        trial = self._trials.get(device)
        if trial is not None and trial.id == job and trial.state == "running":
            self._end(trial, state, code)

    def _end(self, trial: Trial, state: TrialState, code: str) -> Trial:
        if (timer := self._timers.pop(trial.device, None)) is not None:
            timer.cancel()
        ended = self._trials[trial.device] = replace(trial, state=state, code=code)
        if state == "failed" and self._devices[trial.device].kind in STRIPS:
            self._show_present(trial.device)
        self._ended(ended)
        return ended

    def _after(self, seconds: float, trial: Trial, call: Callable[[], object]) -> None:
        if (before := self._timers.pop(trial.device, None)) is not None:
            before.cancel()
        self._timers[trial.device] = asyncio.get_running_loop().call_later(seconds, call)


def trial_slip(device: str, at: datetime) -> tuple[Block, ...]:
    """A slip that shows whether a printer is well: sizes, rare characters, width, code, cut."""
    return (
        Text("打印测试", 2, "center", bold=True),
        Text("本小票不是排队号", align="center"),
        Rule(),
        Pair("设备", device),
        Pair("时间", f"{at:%Y-%m-%d %H:%M:%S}"),
        Text("A000", 4, "center"),
        Text("汉字：一窗受理 请取走小票"),
        Text("生僻字：喆 堃 赟 㛃 𠮷"),
        Text("0123456789 ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        Rule(),
        Qr("queued test"),
    )
