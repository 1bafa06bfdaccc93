"""Events in the journal: the same back, the chain broken by any change, garbage named by seq."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queued.core import events as e
from queued.core.model import Hall
from queued.engine.codec import (
    EVENT_TYPES,
    checked,
    event_of,
    hall_of,
    record_of,
    snapshot_of,
)
from queued.engine.ports import HASH_ZERO, JournalBroken, Record, Snapshot
from tests.core.given import PLAN
from tests.core.pair import plans

EVENTS = get_args(e.Event)
WHOLE = st.integers(-(2**53), 2**53)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
MOMENTS = st.lists(st.tuples(WHOLE, WHOLE), max_size=3).map(tuple)
BY_FIELD = {
    "plan": st.sampled_from(plans(PLAN)),
    "here": st.booleans(),
    "hours": MOMENTS,
    "queues": st.lists(TEXT, max_size=3).map(tuple),
    "overflow": st.lists(TEXT, max_size=3).map(tuple),
    "tally": st.dictionaries(TEXT, WHOLE, max_size=4),
}
WHOLE_FIELDS = {
    "at", "ends_at", "ticket", "value", "base", "key", "slot", "party", "runner_up_key",
    "undo_until", "times", "count", "until",
}  # fmt: skip
OPTIONAL = {"service", "slot", "runner_up", "runner_up_key", "to_window"}


def any_of(type_):
    """Events of a type with anything its fields can hold."""
    facts = {}
    for field in fields(type_):
        usual = WHOLE if field.name in WHOLE_FIELDS else TEXT
        facts[field.name] = BY_FIELD.get(field.name, usual)
        if field.name in OPTIONAL:
            facts[field.name] = st.none() | facts[field.name]
    return st.builds(type_, **facts)


ANY_EVENT = st.one_of(*(any_of(type_) for type_ in EVENTS))


def a_chain():
    """Three records in a row."""
    records, previous = [], HASH_ZERO
    for seq in (1, 2, 3):
        event = e.WindowClosed(at=seq * 10, by="clerk:王", window="1")
        records.append(record_of(event, seq, previous))
        previous = records[-1].hash
    return records


def test_every_event_has_a_name_in_the_journal():
    assert set(EVENT_TYPES.values()) == set(EVENTS)
    assert all(name == type_.__name__ for name, type_ in EVENT_TYPES.items())


@given(ANY_EVENT, st.integers(1, 2**53))
def test_every_event_comes_back_as_it_was(event, seq):
    record = record_of(event, seq, HASH_ZERO)
    assert event_of(record) == event
    assert (record.seq, record.at, record.by) == (seq, event.at, event.by)
    assert record_of(event_of(record), seq, HASH_ZERO) == record


def test_stored_bodies_are_plain_json():
    (body, *_) = [record.body for record in a_chain()]
    assert json.loads(body) == {"at": 10, "by": "clerk:王", "window": "1"}


def test_a_field_of_a_newer_version_is_ignored_and_a_missing_one_has_its_default():
    body = b'{"at":1,"by":"","day":"2026-11-23","ends_at":2,"weather":"rain"}'
    event = event_of(Record(1, 1, "DayOpened", "", body, b""))
    assert event == e.DayOpened(at=1, by="", day="2026-11-23", ends_at=2, hours=())


@pytest.mark.parametrize("changed", ["at", "type", "by", "body", "hash"])
@pytest.mark.parametrize("seq", [1, 2, 3])
def test_any_change_to_a_record_breaks_the_chain_there(changed, seq):
    chain = a_chain()
    assert list(checked(chain, 0, HASH_ZERO)) == chain
    other = {"at": 11, "type": "WindowOpened", "by": "clerk:li", "body": b"{}", "hash": bytes(32)}
    chain[seq - 1] = replace(chain[seq - 1], **{changed: other[changed]})
    with pytest.raises(JournalBroken) as broken:
        list(checked(chain, 0, HASH_ZERO))
    assert broken.value.seq == seq


def test_a_missing_and_a_moved_record_break_the_chain():
    one, two, three = a_chain()
    for chain, seq in [([one, three], 2), ([two, three], 1), ([one, two, two], 3), ([two, one], 1)]:
        with pytest.raises(JournalBroken) as broken:
            list(checked(chain, 0, HASH_ZERO))
        assert broken.value.seq == seq


def test_fields_cannot_lend_each_other_characters():
    """`by` and what stands beside it are told apart however they are written."""
    event = e.WindowClosed(at=1, by="a|1|b", window="1")
    other = replace(event, by="a")
    assert record_of(event, 1, HASH_ZERO).hash != record_of(other, 1, HASH_ZERO).hash


@given(st.binary(max_size=60), st.sampled_from([*EVENT_TYPES, "Nothing", ""]))
def test_garbage_is_named_by_its_seq(body, type_):
    record = Record(17, 0, type_, "", body, b"")
    with pytest.raises(JournalBroken, match="seq 17") as broken:
        event_of(record)
    assert broken.value.seq == 17


@given(st.binary(max_size=60))
def test_a_garbage_snapshot_is_no_snapshot(body):
    # Of seq 1: "{}" is a hall in which nothing has happened.
    assert hall_of(Snapshot(1, HASH_ZERO, body)) is None


def test_a_snapshot_of_another_seq_is_no_snapshot():
    kept = snapshot_of(Hall(seq=7), HASH_ZERO)
    assert hall_of(kept) == Hall(seq=7)
    assert hall_of(replace(kept, seq=8)) is None


def test_no_event_has_a_field_for_a_person():
    names = {field.name for type_ in EVENTS for field in fields(type_)}
    assert not names & {"name", "phone", "openid", "id_number", "visitor"}
