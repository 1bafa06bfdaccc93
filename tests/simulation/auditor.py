"""An auditor who sees what an auditor may: the journal's bytes, and what people were told.

Shares nothing with the engine: reads JSON, keeps its own books, and believes neither the hall's
state nor its tables. Every finding is a sentence; an honest day has none.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

RULES = ("head_start", "overflow", "bound", "by_number")


class Stored(Protocol):
    """A row of the journal."""

    seq: int
    at: int
    type: str
    by: str
    body: bytes
    hash: bytes


@dataclass(frozen=True)
class Told:
    """What somebody got for a command: up to which seq, and the number it was about."""

    seq: int
    number: str


@dataclass
class Life:
    """A ticket in the auditor's books."""

    number: str
    queue: str
    issued_at: int
    key: int
    status: str = "waiting"
    before: str = "waiting"
    only: str | None = None
    slot: int | None = None
    here: bool = True


@dataclass
class Audit:
    """Reads a journal from its first record. `found` is what is wrong."""

    found: list[str] = field(default_factory=list)
    called: int = 0
    issued: int = 0
    days: int = 0

    def read(self, records: Sequence[Stored], told: Sequence[Told]) -> Audit:
        """The whole journal against itself and against all answers."""
        self.lives: dict[int, Life] = {}
        self.hands: dict[str, int] = {}
        self.plan: dict[str, Any] = {}
        numbers: dict[int, str] = {}
        hash_, seq, at = bytes(32), 0, 0
        for record in records:
            head = f"{record.seq}|{record.at}|{record.type}|{len(record.by)}|{record.by}|"
            hash_ = sha256(hash_ + head.encode() + record.body).digest()
            self._check(record.hash == hash_, f"seq {record.seq}: wrong hash")
            self._check(record.seq == seq + 1, f"seq {record.seq} after {seq}")
            self._check(record.at >= at, f"seq {record.seq}: time runs backwards")
            seq, at = record.seq, record.at
            body = json.loads(record.body)
            self._check((body["at"], body["by"]) == (record.at, record.by), f"seq {seq}: head")
            numbers[seq] = body.get("number", "")
            getattr(self, record.type, self._other)(body, seq)
        for answer in told:
            if numbers.get(answer.seq) != answer.number:
                self.found.append(f"told {answer.number} at seq {answer.seq}: not in the journal")
        seqs = [answer.seq for answer in told]
        self._check(len(seqs) == len(set(seqs)), "two people were told the same event")
        return self

    def _check(self, promise: bool, sentence: str) -> None:
        if not promise:
            self.found.append(sentence)

    def _other(self, body: dict[str, Any], seq: int) -> None:
        """Windows and pauses: nothing to count."""

    # ── One method for each event that moves somebody ─────────────────────────────────────

    def HallConfigured(self, body: dict[str, Any], seq: int) -> None:
        self.plan = body["plan"]

    def DayOpened(self, body: dict[str, Any], seq: int) -> None:
        lives = self.lives.values()
        alive = [life.number for life in lives if not self._over(life) and life.status != "missed"]
        self._check(not alive, f"seq {seq}: a day began with {alive} of the last one")
        self.lives, self.hands, self.days = {}, {}, self.days + 1

    def DayClosed(self, body: dict[str, Any], seq: int) -> None:
        ends = [life.status for life in self.lives.values()]
        tally = {end: ends.count(end) for end in ("served", "cancelled", "missed")}
        counted = {name: body["tally"].get(name, 0) for name in tally}
        self._check(counted == tally, f"seq {seq}: tally {counted}, counted {tally}")
        self._check(body["tally"].get("issued", 0) == len(ends), f"seq {seq}: issued")

    def TicketIssued(self, body: dict[str, Any], seq: int) -> None:
        alive = {life.number for life in self.lives.values() if not self._over(life)}
        self._check(body["number"] not in alive, f"seq {seq}: {body['number']} is out twice")
        self._check(body["ticket"] == len(self.lives) + 1, f"seq {seq}: ticket id")
        self.issued += 1
        self.lives[body["ticket"]] = Life(
            body["number"], body["queue"], body["at"], body["key"], slot=body["slot"],
            here=body["here"],
        )  # fmt: skip

    def TicketHeld(self, body: dict[str, Any], seq: int) -> None:
        self._move(body, seq, ("waiting",), "waiting")
        self._check(not self.lives[body["ticket"]].here, f"seq {seq}: held although he is here")

    def VisitorArrived(self, body: dict[str, Any], seq: int) -> None:
        life = self.lives[body["ticket"]]
        self._move(body, seq, ("waiting", "called"), life.status)
        life.here = True

    def TicketCalled(self, body: dict[str, Any], seq: int) -> None:
        life, window = self.lives[body["ticket"]], body["window"]
        self.called += 1
        self._check(window not in self.hands, f"seq {seq}: window {window} had somebody")
        self._check(body["at"] >= life.issued_at, f"seq {seq}: a negative wait")
        self._check(body["rule"] in RULES, f"seq {seq}: rule {body['rule']}")
        wanted = ("waiting", "missed") if body["rule"] == "by_number" else ("waiting",)
        self._check(life.status in wanted, f"seq {seq}: {life.number} was {life.status}")
        if body["rule"] != "by_number":
            self._explained(body, seq)
        life.before, life.status = life.status, "called"
        self.hands[window] = body["ticket"]

    def _explained(self, body: dict[str, Any], seq: int) -> None:
        """The call is the smallest key of this window's lines, and the runner-up the second."""
        window = self.plan["windows"][body["window"]]
        rules = self.plan["rules"]
        ranked = []
        for id_, life in self.lives.items():
            early = life.slot is not None and body["at"] < life.slot - rules["appointment_early_ms"]
            if life.status != "waiting" or early or not life.here:
                continue
            if life.only is not None:
                if life.only == body["window"]:
                    ranked.append((life.key, id_, life.number))
            elif life.queue in window["queues"]:
                ranked.append((life.key, id_, life.number))
            elif life.queue in window["overflow"]:
                ranked.append((life.key + rules["overflow_penalty_ms"], id_, life.number))
        ranked.sort()
        second = ranked[1] if ranked[1:] else (None, None, None)
        recorded = (body["key"], body["ticket"], body["runner_up"], body["runner_up_key"])
        right = (*ranked[0][:2], second[2], second[0]) if ranked else None
        self._check(recorded == right, f"seq {seq}: called {recorded}, should be {right}")

    def TicketRecalled(self, body: dict[str, Any], seq: int) -> None:
        self._move(body, seq, ("called",), "called")

    def CallUndone(self, body: dict[str, Any], seq: int) -> None:
        self._move(body, seq, ("called",), self.lives[body["ticket"]].before)
        self.hands.pop(body["window"], None)

    def ServiceStarted(self, body: dict[str, Any], seq: int) -> None:
        self._move(body, seq, ("called",), "serving")
        self.lives[body["ticket"]].here = True

    def ServiceFinished(self, body: dict[str, Any], seq: int) -> None:
        self._move(body, seq, ("serving",), "served", free=True)

    def ServiceRated(self, body: dict[str, Any], seq: int) -> None:
        self._move(body, seq, ("served",), "served")

    def TicketMissed(self, body: dict[str, Any], seq: int) -> None:
        self._move(body, seq, ("called",), "missed", free=True)
        self.lives[body["ticket"]].only, self.lives[body["ticket"]].here = None, True

    def TicketParked(self, body: dict[str, Any], seq: int) -> None:
        self._move(body, seq, ("called", "serving"), "parked", free=True)
        self.lives[body["ticket"]].only, self.lives[body["ticket"]].here = None, True

    def TicketReturned(self, body: dict[str, Any], seq: int) -> None:
        self._move(body, seq, ("parked", "missed"), "waiting")
        life = self.lives[body["ticket"]]
        life.key, life.slot = body["key"], None

    def TicketTransferred(self, body: dict[str, Any], seq: int) -> None:
        self._move(body, seq, ("called", "serving"), "waiting", free=True)
        life = self.lives[body["ticket"]]
        life.key, life.slot, life.queue = body["key"], None, body["queue"]
        life.only, life.here = body["to_window"], True

    def TicketCancelled(self, body: dict[str, Any], seq: int) -> None:
        self._move(body, seq, ("waiting", "called", "missed", "parked"), "cancelled")
        held = [w for w, id_ in self.hands.items() if id_ == body["ticket"]]
        for window in held:
            del self.hands[window]

    def _move(
        self, body: dict[str, Any], seq: int, wanted: tuple[str, ...], to: str, free: bool = False
    ) -> None:
        life = self.lives[body["ticket"]]
        self._check(life.status in wanted, f"seq {seq}: {life.number} was {life.status}")
        self._check(life.number == body["number"], f"seq {seq}: {body['number']} for {life.number}")
        if "called" in wanted and "window" in body:
            held = self.hands.get(body["window"])
            self._check(held == body["ticket"], f"seq {seq}: not in hand of {body['window']}")
        life.status = to
        if free:
            self.hands.pop(body["window"], None)

    @staticmethod
    def _over(life: Life) -> bool:
        return life.status in ("served", "cancelled")
