"""Records for journals: a chain that is right, of any length, without a hall behind it."""

from __future__ import annotations

from queued.core.events import WindowClosed
from queued.core.model import Status, Ticket, TicketId
from queued.core.plan import Millis
from queued.engine.codec import record_of
from queued.engine.ports import HASH_ZERO, Answer, Batch, Record, TicketRow

NINE = Millis(1_795_395_600_000)
DAY = "2026-11-23"


def chain(count: int, after: int = 0, previous: bytes = HASH_ZERO) -> list[Record]:
    """`count` records that follow seq `after` with hash `previous`."""
    records: list[Record] = []
    for seq in range(after + 1, after + count + 1):
        event = WindowClosed(at=Millis(NINE + seq), by="clerk:王", window="1")
        records.append(record_of(event, seq, previous))
        previous = records[-1].hash
    return records


def batches(sizes: list[int]) -> list[Batch]:
    """One chain cut into batches."""
    records = chain(sum(sizes))
    cut = []
    for size in sizes:
        cut.append(Batch(records[:size]))
        records = records[size:]
    return cut


def ticket(id_: int, status: Status = Status.WAITING, number: str = "") -> Ticket:
    """A ticket as it might be."""
    return Ticket(
        id=TicketId(id_),
        number=number or f"A{id_:03}",
        queue="general",
        service=None,
        class_="normal",
        status=status,
        issued_at=NINE,
        base=NINE,
        key=NINE - 5,
    )


def row(id_: int, status: Status = Status.WAITING, day: str = DAY) -> TicketRow:
    """Its row."""
    return TicketRow(day, ticket(id_, status))


def answer(key: str, seq: int = 1, body: bytes = b"{}", at: int = NINE) -> Answer:
    """An answer to a command with a key."""
    return Answer(key, f"print of {key}", seq, Millis(at), body)
