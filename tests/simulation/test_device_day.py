"""Days in which every device fails, audited from outside. A failing seed is printed; run it alone
with `pytest tests/simulation/test_device_day.py -k "seed and 3"`, or any other through
`run(DeviceDay(3, folder, hours=24).run())`."""

from __future__ import annotations

import logging

import pytest

from drivers import browser_voice, strip_task
from drivers.clip_voice import ClipVoice
from drivers.debounce import Debounce
from drivers.device import DeviceTransient
from drivers.input_task import InputTask
from drivers.job_task import JobTask
from drivers.jobs import NotSpoken
from queued.ratings import Ratings
from queued.slips import Slips
from queued.storage.ledger import SlipStatus
from tests.simulation.device_auditor import DeviceAudit, Row
from tests.simulation.device_day import DeviceDay
from tests.simulation.device_hall import HASTY
from tests.simulation.simulated_time import run

SHORT_H = 0.6
"""Some three hundred slips, calls of 36 windows, and a hundred faults."""
CONTROL_H = 0.25


@pytest.fixture(autouse=True)
def quiet_log():
    """A day of faults is a hundred thousand lines."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def day_of(seed, folder, hours):
    """A run of `seed` and what the auditor says of it; both in the test's output."""
    day = DeviceDay(seed, folder, hours)
    audit = run(day.run())
    print(
        f"seed {seed}: {hours:g} h, {len(audit.tickets)} tickets, {len(audit.calls)} calls, "
        f"{len(audit.papers)} sheets, {len(day.inputs.presses)} keys pressed, "
        f"{sum(day.happened.values())} faults, "
        f"{day.happened['process killed']} kills, {day.happened['reprint asked']} reprints, "
        f"strips at most {audit.stale_max_s:.0f} s behind"
    )
    return day, audit


def honest(seed, folder, hours):
    """The day, which must have no findings."""
    day, audit = day_of(seed, folder, hours)
    assert audit.found == [], f"seed {seed}: {audit.found[:5]}"
    return day, audit


@pytest.mark.parametrize("seed", [3])
def test_no_slip_strip_call_or_press_is_lost_on_a_bad_day(seed, tmp_path):
    day, audit = honest(seed, tmp_path, SHORT_H)
    # A day in which nothing happens proves nothing.
    assert len(audit.tickets) > 250, f"seed {seed}"
    assert sum(audit.reported.values()) > 150, f"seed {seed}"
    assert day.inputs.events > 80, f"seed {seed}"
    assert audit.heard_clips and audit.heard["pb"], f"seed {seed}"
    kinds = [kind for kind in day.happened if day.happened[kind]]
    assert len(kinds) > 12, f"seed {seed}: {kinds}"


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 106))
def test_no_slip_strip_call_or_press_is_lost_on_many_bad_days(seed, tmp_path):
    honest(seed, tmp_path, 24.0)


def test_the_same_seed_is_the_same_day(tmp_path):
    days = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        _, audit = day_of(5, tmp_path / name, 0.12)
        days.append((audit.papers, audit.tickets, audit.reported, audit.stale_max_s))
    assert days[0] == days[1]


# ── What the auditor must notice ──────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("device", "hung", "noticed"),
    [("p80", False, True), ("p80", True, True), (HASTY, False, True), (HASTY, True, False)],
)
def test_a_slip_that_comes_out_too_late_is_noticed(device, hung, noticed):
    audit = DeviceAudit({}, hasty=frozenset({HASTY}))
    if hung:
        audit.sick(device)
    audit.page(device, 300_000, "A001 [QR x]")
    row = Row("2026-11-24", 1, "A001", device, "confirmed", "", False, 0, 500, 120_000)
    audit._sheets(audit.papers, [row])
    assert audit.found == [f"A001 came out of {device} 120 s too late"] * noticed


def test_an_engine_that_prints_again_what_was_sent_is_noticed(tmp_path, monkeypatch):
    async def careless(self):
        for left in await self._ledger.unfinished(self._hall.id):
            if left.status is SlipStatus.SENT:
                at = self._clock.now()
                left = await self._ledger.mark(
                    self._hall.id, left.job, SlipStatus.QUEUED, "", at, nothing_printed=True
                )
            self.orders.say(left)
        self.orders.caught_up()

    monkeypatch.setattr(Slips, "_say_again", careless)
    monkeypatch.setattr("tests.simulation.device_faults.KILLED_S", 20.0)
    _, audit = day_of(5, tmp_path, CONTROL_H)
    assert any("the ledger knows of" in sentence for sentence in audit.found)


def test_a_strip_that_is_not_sent_its_text_again_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(strip_task, "REFRESH_CHECKS", 1_000_000)
    monkeypatch.setattr("tests.simulation.device_faults.CALM_S", 300.0)
    _, audit = day_of(1, tmp_path, CONTROL_H)
    assert any("without a fault" in sentence for sentence in audit.found)


def test_a_voice_that_drops_calls_silently_is_noticed(tmp_path, monkeypatch):
    refuse = JobTask._refuse

    def silent(self, job, reason):
        if not isinstance(self.refusal(job, reason), NotSpoken):
            refuse(self, job, reason)

    monkeypatch.setattr(JobTask, "_refuse", silent)
    monkeypatch.setattr("tests.simulation.device_faults.CALM_S", 200.0)
    _, audit = day_of(2, tmp_path, CONTROL_H)
    assert any("neither spoken nor reported" in sentence for sentence in audit.found)


def test_a_pad_whose_bounces_count_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(Debounce, "first", lambda self, thing, at_ms: True)
    monkeypatch.setattr("tests.simulation.device_inputs.BOUNCES", 1.0)
    _, audit = day_of(1, tmp_path, CONTROL_H)
    assert any("nobody pressed for it" in sentence for sentence in audit.found)


def test_a_press_heard_and_not_passed_on_is_noticed(tmp_path, monkeypatch):
    tell, count = InputTask._tell_of, iter(range(10**6))

    def forgets(self, event):
        if next(count) % 10:
            tell(self, event)

    monkeypatch.setattr(InputTask, "_tell_of", forgets)
    _, audit = day_of(1, tmp_path, CONTROL_H)
    assert any("never saw whether it worked" in sentence for sentence in audit.found)


def test_a_grade_that_goes_nowhere_or_to_another_visitor_is_noticed(tmp_path, monkeypatch):
    rate, count = Ratings._rate, iter(range(10**6))

    def mixes_up(self, device, ticket, grade):
        if next(count) % 3:
            rate(self, device, max(1, ticket - 1) if grade != "none" else ticket, grade)

    monkeypatch.setattr(Ratings, "_rate", mixes_up)
    _, audit = day_of(1, tmp_path, CONTROL_H)
    assert any("is in no book" in sentence for sentence in audit.found)
    assert any("was there" in sentence for sentence in audit.found)


def test_a_card_that_failed_and_counts_as_spoken_is_noticed(tmp_path, monkeypatch):
    say = ClipVoice.say

    async def trusts(self, utterance):
        try:
            return await say(self, utterance)
        except DeviceTransient:
            return utterance.text

    monkeypatch.setattr(ClipVoice, "say", trusts)
    monkeypatch.setattr("tests.simulation.device_faults.CALM_S", 120.0)
    _, audit = day_of(1, tmp_path, CONTROL_H)
    assert any("played" in sentence for sentence in audit.found)


def test_a_page_that_does_not_answer_and_counts_as_spoken_is_noticed(tmp_path, monkeypatch):
    answer_to = browser_voice.BrowserPage.answer_to

    async def trusts(self, job, clock, limit_s):
        answer = await answer_to(self, job, clock, limit_s)
        return answer or browser_voice.SaidInBrowser(job, "", ok=True)

    monkeypatch.setattr(browser_voice.BrowserPage, "answer_to", trusts)
    monkeypatch.setattr("tests.simulation.device_faults.CALM_S", 120.0)
    _, audit = day_of(1, tmp_path, CONTROL_H)
    assert any(sentence.startswith("pb: ") for sentence in audit.found)
