"""Trials go the way of every job and are no ticket's; strips show the present afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from drivers import jobs
from drivers.jobs import JobDone, JobFailed, JobGo, JobReady, NotSpoken, Spoken, StripShown
from queued import device_trials
from queued.core.plan import Millis
from queued.device_trials import JOB, STRIP_TEXT, DeviceTrials, trial_slip
from queued.engine.clock import SimulatedClock
from queued.server.upkeep import NoTrial, Trial
from queued.settings_values import DeviceSettings
from tests.hall_parts import eventually

START = Millis(1_795_399_200_000)
DEVICES = (
    DeviceSettings("printer", "escpos", "virtual://"),
    DeviceSettings("strip", "bx-fontcard", "virtual://"),
    DeviceSettings("voice", "syn6288", "virtual://"),
    DeviceSettings("pad", "hallpad68", "virtual://"),
)


class Bench:
    """Trials with a device process that a test plays."""

    def __init__(self) -> None:
        self.sent: list[jobs.Order] = []
        self.restored: list[str] = []
        self.ended: list[Trial] = []
        self.up = True
        self.trials = DeviceTrials(
            DEVICES,
            ZoneInfo("Asia/Shanghai"),
            SimulatedClock(START),
            self.send,
            self.restored.append,
            self.ended.append,
        )

    def send(self, order: jobs.Order) -> bool:
        if self.up:
            self.sent.append(order)
        return self.up

    def outcome(self, device: str) -> tuple[str, str]:
        trial = self.trials.trial(device)
        assert trial is not None
        return trial.state, trial.code


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    bench.trials.close()


async def test_a_slip_is_granted_here_and_reported_here(bench: Bench):
    trial = bench.trials.try_out("printer")
    assert trial.state == "running" and trial.id.startswith(JOB)
    assert bench.trials.on_report(JobReady(trial.id, "printer"))
    assert bench.sent[-1] == JobGo(trial.id)
    assert bench.trials.on_report(JobDone(trial.id, "printer", True))
    assert bench.outcome("printer") == ("done", "confirmed")
    assert [one.code for one in bench.ended] == ["confirmed"]


async def test_reports_of_real_jobs_are_left_to_the_ledger(bench: Bench):
    bench.trials.try_out("printer")
    for report in (
        JobReady("2026-11-23-1", "printer"),
        JobDone("2026-11-23-1", "printer", True),
        JobFailed("2026-11-23-1", "printer", "offline", False),
        Spoken("call-1", "voice", "x"),
        NotSpoken("call-1", "voice", "expired"),
    ):
        assert not bench.trials.on_report(report)
    assert bench.outcome("printer") == ("running", "")


async def test_a_second_press_begins_no_second_trial(bench: Bench):
    first = bench.trials.try_out("printer")
    assert bench.trials.try_out("printer") == first
    assert len(bench.sent) == 1
    bench.trials.on_report(JobFailed(first.id, "printer", "paper_out", False))
    assert bench.outcome("printer") == ("failed", "paper_out")
    assert bench.trials.try_out("printer").id != first.id


async def test_a_strip_shows_the_present_again(bench: Bench, monkeypatch):
    monkeypatch.setattr(device_trials, "SHOWN_S", 0.01)
    bench.trials.try_out("strip")
    assert bench.sent == [jobs.ShowText("strip", STRIP_TEXT)]
    assert not bench.trials.on_report(StripShown("strip", STRIP_TEXT)), "others hear it too"
    assert bench.outcome("strip") == ("done", "shown")
    await eventually(lambda: bench.restored == ["strip"])


async def test_a_strip_that_does_not_answer_is_given_up(bench: Bench, monkeypatch):
    monkeypatch.setattr(device_trials, "TRIAL_S", 0.01)
    bench.trials.try_out("strip")
    await eventually(lambda: bench.outcome("strip") == ("failed", "timeout"))
    assert bench.restored == ["strip"], "and it must not show the test when it comes back"


async def test_a_voice_says_its_test_sentence(bench: Bench):
    trial = bench.trials.try_out("voice")
    assert isinstance(bench.sent[-1], jobs.Say)
    assert bench.trials.on_report(NotSpoken(trial.id, "voice", "quiet"))
    assert bench.outcome("voice") == ("failed", "quiet")


async def test_what_cannot_be_tried_says_so(bench: Bench):
    for device in ("pad", "nobody"):
        assert not bench.trials.can_try(device)
        with pytest.raises(NoTrial):
            bench.trials.try_out(device)


async def test_without_a_device_process_a_trial_fails_at_once(bench: Bench):
    bench.up = False
    assert bench.trials.try_out("printer").code == "process_down"


async def test_a_new_device_process_knows_nothing_of_a_trial(bench: Bench):
    bench.trials.try_out("printer")
    bench.trials.on_up()
    assert bench.outcome("printer") == ("failed", "interrupted")


async def test_a_late_report_changes_nothing(bench: Bench):
    first = bench.trials.try_out("printer")
    bench.trials.on_up()
    assert bench.trials.on_report(JobDone(first.id, "printer", True))
    assert bench.outcome("printer") == ("failed", "interrupted")


def test_the_slip_says_that_it_is_no_number():
    blocks = trial_slip("printer", datetime(2026, 11, 23, 10, tzinfo=UTC))
    texts = [block.text for block in blocks if isinstance(block, jobs.Text)]
    assert "本小票不是排队号" in texts
