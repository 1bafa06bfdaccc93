"""Sixteen clerks press "next" at once: every ticket is called once, in turn, and it is on record.

The whole server over real HTTP, judged by an auditor with books of his own.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
import pytest

from tests.crash import process
from tests.crash.audit import Audit, Record, journal_after
from tests.crash.line import Line
from tests.crash.naive_server import naive_hall
from tests.crash.process import API, SERVES

TICKETS = 2000
TICKETS_OF_CONTROL = 200
KIOSKS = 4

NOBODY: Mapping[str, str] = {}


@dataclass(slots=True)
class Race:
    """Kiosks and clerks at one server. `tokens` by name: kiosk, auditor, clerk1 … clerk16."""

    port: int
    tokens: Mapping[str, str]
    issued: list[str] = field(default_factory=list)
    called: list[str] = field(default_factory=list)

    async def run(self, tickets: int) -> None:
        """Half of the tickets wait when the clerks begin; the others come meanwhile."""
        await asyncio.gather(*(self._kiosk(tickets // 2, n) for n in range(KIOSKS)))
        others = tickets - tickets // 2
        rest = [asyncio.ensure_future(self._kiosk(others, n)) for n in range(KIOSKS)]
        await asyncio.gather(*(self._clerk(window, rest) for window in SERVES))
        await asyncio.gather(*rest)

    async def _kiosk(self, tickets: int, kiosk: int) -> None:
        line = await Line.open(self.port, self.tokens.get("kiosk", ""))
        for n in range(kiosk, tickets, KIOSKS):
            asked = {"queue": "ab"[n % 3 == 0], "class": "priority" if n % 7 == 0 else "normal"}
            reply = await line.ask("POST", f"{API}/tickets", asked)
            assert reply.status == 201, reply
            self.issued.append(reply.json["ticket"]["number"])
        line.close()

    async def _clerk(self, window: str, kiosks: list[asyncio.Future[None]]) -> None:
        line = await Line.open(self.port, self.tokens.get(f"clerk{window}", ""))
        path = f"{API}/windows/{window}"
        reply = await line.ask("POST", f"{path}/open", {})
        assert reply.status == 200, reply
        while True:
            last_look = all(kiosk.done() for kiosk in kiosks)
            reply = await line.ask("POST", f"{path}/call-next", {})
            if reply.status == 409:
                assert reply.json["code"] == "nobody_waiting"
                if last_look:
                    break
                continue
            assert reply.status == 200, reply
            self.called.append(reply.json["ticket"]["number"])
            for action in ("start", "finish"):
                reply = await line.ask("POST", f"{path}/{action}", {})
                assert reply.status == 200, reply
        line.close()

    async def records(self) -> list[Record]:
        """The journal as an auditor gets it."""
        return await journal_after(self.port, self.tokens.get("auditor", ""), 0)


def complaints(race: Race, records: list[Record]) -> list[str]:
    """What is wrong with a race: by what callers were told, and by what is on record."""
    audit = Audit(SERVES)
    audit.heard(records)
    times = Counter(race.called)
    found = [f"{number} was called {n} times" for number, n in times.items() if n > 1]
    found += [f"{number} was never called" for number in audit.never_called()]
    if sorted(race.issued) != sorted(paper.number for paper in audit.papers.values()):
        found.append("the journal issued other numbers than the kiosks showed")
    if times != {paper.number: paper.calls for paper in audit.papers.values() if paper.calls}:
        found.append("the journal called other numbers than the clerks saw")
    return found + audit.complaints


@pytest.fixture(scope="module")
def raced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Race, list[Record]]:
    """The race at the real server, once for all tests here."""
    folder = tmp_path_factory.mktemp("race")
    config, data = process.config(folder), folder / "data"
    clerks = {f"clerk{window}": "clerk" for window in SERVES}
    tokens = process.tokens(data, kiosk="kiosk", auditor="auditor", **clerks)
    with process.serving(config, data) as hall:
        race = Race(hall.port, tokens)

        async def run() -> list[Record]:
            await race.run(TICKETS)
            return await race.records()

        records = asyncio.run(run())
    return race, records


def test_every_ticket_is_called_once_in_turn_and_the_journal_says_why(raced):
    race, records = raced
    assert len(race.issued) == len(race.called) == TICKETS
    assert complaints(race, records) == []


def test_the_race_was_one(raced):
    """Everything the rules can choose by was chosen by, and clerks did alternate."""
    race, records = raced
    calls = [msgspec.json.decode(r.body) for r in records if r.type == "TicketCalled"]
    assert {call["rule"] for call in calls} == {"head_start", "overflow"}
    changes = sum(a["window"] != b["window"] for a, b in zip(calls, calls[1:], strict=False))
    assert changes > TICKETS / 2
    issued = {r.seq for r in records if r.type == "TicketIssued"}
    first_call = next(r.seq for r in records if r.type == "TicketCalled")
    assert any(seq > first_call for seq in issued), "nobody came while clerks were calling"
    order = [call["ticket"] for call in calls]
    assert order != sorted(order), "head starts changed nothing"


async def test_a_server_that_reads_and_then_marks_is_caught():
    """The negative control: the same race, the same checker, the usual mistake."""
    async with naive_hall() as port:
        race = Race(port, NOBODY)
        await race.run(TICKETS_OF_CONTROL)
        found = complaints(race, await race.records())
    assert any("was called" in complaint and "times" in complaint for complaint in found)
    assert any("it was the turn of" in complaint for complaint in found)


def _event(records: list[Record], type_: str, skip: int = 0) -> int:
    return [n for n, record in enumerate(records) if record.type == type_][skip]


def _changed(record: Record, **changes: object) -> Record:
    body = msgspec.json.encode(msgspec.json.decode(record.body) | changes)
    return msgspec.structs.replace(record, body=msgspec.Raw(body))


FALSIFIED = {
    "has the key": ("TicketIssued", {"key": 1}),
    "is called because": ("TicketCalled", {"runner_up": "A9999"}),
    "is called because ": ("TicketCalled", {"rule": "overflow"}),
    "is called because  ": ("TicketCalled", {"key": 1}),
    "is given out while": ("TicketIssued", {"number": "A0001"}),
    ", not its own": ("ServiceStarted", {"ticket": 1}),
    "which nobody holds": ("TicketCalled", {"ticket": 10_000}),
}
"""Complaint → the change of one record that must cause it."""


@pytest.mark.parametrize("complaint", FALSIFIED)
def test_the_auditor_sees_a_falsified_record(raced, complaint):
    race, records = raced
    type_, changes = FALSIFIED[complaint]
    at = _event(records, type_, 20)
    false = [*records[:at], _changed(records[at], **changes), *records[at + 1 :]]
    found = complaints(race, false)
    assert any("the hash does not follow" in one for one in found)
    assert any(complaint.strip() in one for one in found), found[:5]


def test_the_auditor_sees_a_missing_record_and_a_wrong_turn(raced):
    race, records = raced
    first, second = _event(records, "TicketCalled", 5), _event(records, "TicketCalled", 6)
    assert any("is followed by seq" in one for one in complaints(race, records[:5] + records[6:]))
    swapped = [*records]
    swapped[first], swapped[second] = records[second], records[first]
    found = complaints(race, swapped)
    assert any("it was the turn of" in one for one in found), found[:5]
