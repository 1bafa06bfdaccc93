"""Events to bytes and back, and the hash that chains them.

The type name and the JSON fields are the stored form for years: classes may move, names may
not change. Unknown fields of a newer version are ignored, missing ones take their defaults.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import get_args

import msgspec

from queued.core import events as e
from queued.core.model import Hall
from queued.core.plan import Millis
from queued.engine.ports import JournalBroken, Record, Snapshot

_TICKET_EVENTS = get_args(e.TicketEvent)
_HALL_EVENTS = (
    e.HallConfigured,
    e.DayOpened,
    e.DayClosed,
    e.WindowOpened,
    e.WindowPaused,
    e.WindowClosed,
    e.WindowAssigned,
)
EVENT_TYPES: dict[str, type] = {t.__name__: t for t in (*_HALL_EVENTS, *_TICKET_EVENTS)}
"""Name in the journal → class."""

# Fields and mappings in their own order: the order of a plan is the order people see.
_ENCODER = msgspec.json.Encoder()
_DECODERS: dict[str, msgspec.json.Decoder[e.Event]] = {
    name: msgspec.json.Decoder(type_) for name, type_ in EVENT_TYPES.items()
}
_HALL = msgspec.json.Decoder(Hall)


def record_of(event: e.Event, seq: int, previous: bytes) -> Record:
    """The record that follows the one with hash `previous`."""
    type_, body = type(event).__name__, _ENCODER.encode(event)
    digest = chain(previous, seq, event.at, type_, event.by, body)
    return Record(seq, event.at, type_, event.by, body, digest)


def event_of(record: Record) -> e.Event:
    """The event in a record. Raises `JournalBroken` with its seq."""
    decoder = _DECODERS.get(record.type)
    if decoder is None:
        raise JournalBroken(record.seq, f"unknown event type {record.type!r}")
    try:
        return decoder.decode(record.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise JournalBroken(record.seq, str(error)) from error


def chain(previous: bytes, seq: int, at: Millis, type_: str, by: str, body: bytes) -> bytes:
    """SHA-256 over the previous hash and every field, lengths included."""
    head = f"{seq}|{at}|{type_}|{len(by)}|{by}|".encode()
    return sha256(previous + head + body).digest()


def checked(records: Iterable[Record], after: int, previous: bytes) -> Iterator[Record]:
    """The same records, each proven to follow the one before. Raises `JournalBroken`."""
    for record in records:
        if record.seq != after + 1:
            raise JournalBroken(after + 1, f"missing; the next one is {record.seq}")
        expected = chain(previous, record.seq, record.at, record.type, record.by, record.body)
        if record.hash != expected:
            raise JournalBroken(record.seq, "its hash does not match its content")
        after, previous = record.seq, record.hash
        yield record


def snapshot_of(hall: Hall, digest: bytes) -> Snapshot:
    """A hall as bytes; `digest` is the hash of the record at its seq."""
    return Snapshot(hall.seq, digest, _ENCODER.encode(hall))


def hall_of(snapshot: Snapshot) -> Hall | None:
    """The hall in a snapshot; None if another version wrote it (fold from the start then)."""
    try:
        hall = _HALL.decode(snapshot.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return hall if hall.seq == snapshot.seq else None
