"""An auditor who knows the rules from the wall, not from the code: who may be called, and when.

It reads journal records as the API shows them, keeps its own simple books, and complains in
sentences. It imports nothing of the engine, so that a mistake there is not repeated here.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec

from tests.crash.line import Line
from tests.crash.process import API

MINUTE = 60_000
HEAD_STARTS = {"normal": 0, "priority": 30 * MINUTE}
PENALTY = 5 * MINUTE
HASH_ZERO = bytes(32)

GONE = {"served", "cancelled"}
"""Nobody holds these numbers any more."""

STEPS = {
    "ServiceStarted": ("called", "serving"),
    "ServiceFinished": ("serving", "served"),
    "TicketMissed": ("called", "missed"),
    "TicketCancelled": ("waiting", "cancelled"),
}
"""Event → what the ticket was before, and is after."""


class Record(msgspec.Struct):
    """A line of `GET /journal`; `body` as the bytes that were hashed."""

    seq: int
    type: str
    by: str
    body: msgspec.Raw
    hash: str


class Page(msgspec.Struct):
    """A page of `GET /journal`."""

    events: list[Record]
    next: int | None


async def journal_after(port: int, token: str, seq: int) -> list[Record]:
    """The records after `seq`, as an auditor with this token gets them."""
    line = await Line.open(port, token)
    found: list[Record] = []
    after: int | None = seq
    while after is not None:
        reply = await line.ask("GET", f"{API}/journal?after={after}&limit=1000")
        assert reply.status == 200, reply
        page = msgspec.json.decode(reply.body, type=Page)
        found += page.events
        after = page.next
    line.close()
    return found


def chained(previous: bytes, seq: int, at: int, type_: str, by: str, body: bytes) -> bytes:
    """The hash of a record, as the documentation of the journal describes it."""
    head = f"{seq}|{at}|{type_}|{len(by)}|{by}|".encode()
    return sha256(previous + head + body).digest()


@dataclass(slots=True)
class Paper:
    """A ticket in the auditor's books."""

    id: int
    number: str
    queue: str
    key: int
    status: str = "waiting"
    calls: int = 0


Entry = tuple[int, int, str]
"""Key with penalty, ticket, rule: what a window compares."""


@dataclass(slots=True)
class Audit:
    """The books. `serves`: window → its own queues, and those that it helps."""

    serves: Mapping[str, tuple[Sequence[str], Sequence[str]]]
    seq: int = 0
    at: int = 0
    hash: bytes = HASH_ZERO
    papers: dict[int, Paper] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    _alive: dict[str, Paper] = field(default_factory=dict)
    _lines: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    _held: dict[str, Paper] = field(default_factory=dict)

    def heard(self, records: Iterable[Record]) -> None:
        """Go on with these records, which must follow the last ones."""
        for record in records:
            body = msgspec.json.decode(record.body)
            self._chain(record, body["at"])
            if record.type == "TicketIssued":
                self._issued(body)
            elif record.type == "TicketCalled":
                self._called(body)
            elif record.type in STEPS:
                self._step(record.type, body)
            elif record.type not in ("HallConfigured", "DayOpened", "WindowOpened"):
                self._complain(f"a {record.type} was not expected here")

    def never_called(self) -> list[str]:
        """Numbers that nobody called."""
        return [paper.number for paper in self.papers.values() if not paper.calls]

    def _complain(self, sentence: str) -> None:
        self.complaints.append(f"seq {self.seq}: {sentence}")

    def _chain(self, record: Record, at: int) -> None:
        if record.seq != self.seq + 1:
            self._complain(f"is followed by seq {record.seq}")
        if at < self.at:
            self._complain(f"time goes back at seq {record.seq}")
        body = bytes(record.body)
        self.hash = chained(self.hash, record.seq, at, record.type, record.by, body)
        self.seq, self.at = record.seq, at
        if record.hash != self.hash.hex():
            self._complain("the hash does not follow from the record and the one before")
            self.hash = bytes.fromhex(record.hash)

    def _issued(self, body: Mapping[str, Any]) -> None:
        number = body["number"]
        holder = self._alive.get(number)
        if holder is not None and holder.status not in GONE:
            self._complain(f"number {number} is given out while ticket {holder.id} holds it")
        if body["ticket"] != len(self.papers) + 1:
            self._complain(f"ticket {body['ticket']} after {len(self.papers)} tickets")
        key = body["base"] - HEAD_STARTS[body["class_"]]
        if body["key"] != key or body["base"] != body["at"]:
            self._complain(f"{number} has the key {body['key']} instead of {key}")
        paper = Paper(body["ticket"], number, body["queue"], key)
        self.papers[paper.id] = self._alive[number] = paper
        insort(self._lines.setdefault(paper.queue, []), (key, paper.id))

    def _called(self, body: Mapping[str, Any]) -> None:
        number, window = body["number"], body["window"]
        paper = self.papers.get(body["ticket"])
        if paper is None or paper.number != number:
            self._complain(f"{number} is called, which nobody holds")
            return
        if paper.status != "waiting":
            self._complain(f"{number} is called to window {window}, but is {paper.status}")
        held = self._held.get(window)
        if held is not None:
            self._complain(f"window {window} calls {number} and still has {held.number}")
        self._why(body, paper, window)
        line = self._lines[paper.queue]
        if (paper.key, paper.id) in line:
            line.remove((paper.key, paper.id))
        paper.status, paper.calls = "called", paper.calls + 1
        self._held[window] = paper

    def _why(self, body: Mapping[str, Any], paper: Paper, window: str) -> None:
        """Was it this one's turn, and does the record say so?"""
        ranked = sorted(self._candidates(window))[:2]
        if not ranked or ranked[0][1] != paper.id:
            turn = self.papers[ranked[0][1]].number if ranked else "nobody's"
            self._complain(f"window {window} calls {paper.number}; it was the turn of {turn}")
            return
        key, _, rule = ranked[0]
        said = (body["rule"], body["key"], body["runner_up"], body["runner_up_key"])
        second = (self.papers[ranked[1][1]].number, ranked[1][0]) if ranked[1:] else (None, None)
        if said != (rule, key, *second):
            self._complain(f"{paper.number} is called because {said}, not {(rule, key, *second)}")

    def _candidates(self, window: str) -> Iterator[Entry]:
        own, helped = self.serves[window]
        for rule, queues, penalty in (("head_start", own, 0), ("overflow", helped, PENALTY)):
            for queue in queues:
                for key, id_ in self._lines.get(queue, [])[:2]:
                    yield key + penalty, id_, rule

    def _step(self, type_: str, body: Mapping[str, Any]) -> None:
        before, after = STEPS[type_]
        paper = self.papers.get(body["ticket"])
        if paper is None:
            self._complain(f"{type_} of ticket {body['ticket']}, which nobody took")
            return
        if paper.status != before:
            self._complain(f"{type_} of {paper.number}, which is {paper.status}")
        if before == "waiting":
            self._lines[paper.queue].remove((paper.key, paper.id))
        elif self._held.get(body["window"]) is not paper:
            self._complain(f"{type_} of {paper.number} at window {body['window']}, not its own")
        if after not in ("called", "serving"):
            self._held.pop(body.get("window", ""), None)
        paper.status = after
