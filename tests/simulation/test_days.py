"""Whole days with faults, audited from outside. A failing seed is printed; run it alone with
`pytest tests/simulation -k "seed and 17"`, or any other through `Days(17).run()`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from queued.core.decide import decide
from queued.core.evolve import evolve
from queued.core.invariants import violations
from queued.engine.codec import event_of, record_of
from queued.engine.draft import Outcome
from queued.engine.ports import HASH_ZERO, AppendFailed
from queued.engine.recovery import recover
from tests.engine.box import HALL, Box
from tests.simulation.auditor import Audit, Told
from tests.simulation.days import Days, last_call

SEEDS = range(1, 13)


async def audited(seed: int, steps: int = 400) -> tuple[Days, Audit]:
    """A run and what the auditor says of it."""
    days = await Days(seed, steps).run()
    audit = Audit().read(days.records(), days.told)
    assert audit.found == [], f"seed {seed}: {audit.found[:5]}"
    recovered = await recover(days.box.journal, HALL, from_start=True)
    assert recovered.hall == days.box.hall, f"seed {seed}: the journal tells another hall"
    assert violations(recovered.hall) == (), f"seed {seed}"
    for (_, day, id_), row in days.box.journal.tickets.items():
        if day == recovered.hall.day:
            assert row == recovered.hall.ticket(id_), f"seed {seed}: ticket table"
    return days, audit


@pytest.mark.parametrize("seed", SEEDS)
async def test_an_honest_hall_passes_the_audit(seed, caplog):
    days, audit = await audited(seed)
    # A day in which nothing happens proves nothing.
    assert audit.issued > 100, f"seed {seed}"
    assert audit.called > 100, f"seed {seed}"
    assert len(days.told) > 200, f"seed {seed}"
    assert days.refused > 20, f"seed {seed}"


async def test_the_seeds_have_seen_every_kind_of_trouble(caplog):
    runs = [await audited(seed, 150) for seed in SEEDS]
    assert sum(days.restarts for days, _ in runs) > 3
    assert sum(days.lost for days, _ in runs) > 0
    assert max(audit.days for _, audit in runs) > 1


async def test_the_same_seed_is_the_same_day(caplog):
    one, _ = await audited(7, 200)
    two, _ = await audited(7, 200)
    assert one.records() == two.records()
    assert one.told == two.told


@pytest.mark.soak
@pytest.mark.parametrize("block", range(20))
async def test_many_more_seeds(block, caplog):
    for seed in range(1000 + block * 50, 1050 + block * 50):
        await audited(seed, 1500)


# ── What the auditor must notice ──────────────────────────────────────────────────────────


def forged(records, change):
    """The journal with one event changed and the chain made to fit again."""
    place = last_call(records)
    events = [event_of(record) for record in records]
    events = change(events, place)
    chain, previous = [], HASH_ZERO
    for seq, event in enumerate(events, start=1):
        chain.append(record_of(event, seq, previous))
        previous = chain[-1].hash
    return chain


def somebody_else(events, place):
    """The runner-up's key written beside the winner."""
    call = events[place]
    return [*events[:place], replace(call, key=call.runner_up_key), *events[place + 1 :]]


def twice(events, place):
    """The same call in the journal twice."""
    return [*events[: place + 1], events[place], *events[place + 1 :]]


def left_out(events, place):
    """A call that never was, of somebody who was served."""
    return [*events[:place], *events[place + 1 :]]


def before_its_time(events, place):
    """A call an hour before the record that precedes it."""
    call = events[place]
    return [*events[:place], replace(call, at=call.at - 3_600_000), *events[place + 1 :]]


@pytest.mark.parametrize("change", [somebody_else, twice, left_out, before_its_time])
async def test_a_forged_journal_is_noticed(change, caplog):
    days, _ = await audited(3, 200)
    assert Audit().read(forged(days.records(), change), ()).found


async def test_a_changed_byte_is_noticed(caplog):
    days, _ = await audited(3, 100)
    records = days.records()
    records[20] = replace(records[20], body=records[20].body + b" ")
    assert "seq 21: wrong hash" in Audit().read(records, ()).found


async def test_an_answer_that_was_never_written_is_noticed(caplog):
    days, _ = await audited(3, 100)
    lie = Told(days.box.hall.seq + 1, "A999")
    assert Audit().read(days.records(), [*days.told, lie]).found


class ForgetfulBox(Box):
    """A box that answers before the disk does, and whose disk now and then loses a batch."""

    async def do(self, command, **keywords):
        hall = self.actor.hall
        try:
            return await super().do(command, **keywords)
        except AppendFailed:
            events = decide(hall, command, max(self.clock.now(), hall.at))
            for event in events:
                hall = evolve(hall, event)
            render = keywords.get("render")
            return Outcome(hall, events, render(hall, events) if render else b"")


async def test_a_hall_that_answers_before_it_is_durable_is_noticed(caplog):
    found = []
    for seed in SEEDS:
        days = await Days(seed, 200, box=ForgetfulBox()).run()
        found += Audit().read(days.records(), days.told).found
    assert any("not in the journal" in sentence for sentence in found)
