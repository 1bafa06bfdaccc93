"""Kiosks and clerks that insist: each command has a key, and is asked again until it is answered.

What they were told stays in their memory, across every death of the server; `Checks` compares it
with what the server says afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.crash.audit import Audit, journal_after
from tests.crash.line import Cut, Line, Reply
from tests.crash.process import API, SERVES

KIOSKS = 8
CLERKS = 4

ROLES: Mapping[str, str] = {
    **{f"kiosk{n}": "kiosk" for n in range(KIOSKS)},
    **{f"clerk{n}": "clerk" for n in range(CLERKS)},
    "auditor": "auditor",
}
"""Who needs an access token."""

WINDOWS = ("1", "2", "9", "13")
"""Of the clerks: two windows for everything, one of each that helps the other."""

STOPPED = 503
"""What a server that is ending may say to whom it cannot serve any more."""


@dataclass(slots=True)
class Asked:
    """A command, its key, and the first answer to it."""

    by: str
    path: str
    body: dict[str, Any]
    key: str
    first: Reply | None = None


@dataclass(slots=True)
class Caller:
    """One kiosk or clerk. `next` makes the next command from the last answer."""

    name: str
    token: str
    next: Callable[[Reply | None], tuple[str, dict[str, Any]]]
    pending: Asked | None = None
    """Sent, and nobody knows what became of it."""
    told: list[Asked] = field(default_factory=list)
    """Answered and durable, oldest first."""
    last: Reply | None = None
    complaints: list[str] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    async def work(self, port: int, answered: Callable[[], None]) -> Cut | None:
        """Ask until the server is gone; how the connection ended, None if it said so itself."""
        try:
            line = await Line.open(port, self.token)
        except Cut:
            return None
        try:
            while True:
                if self.pending is None:
                    path, body = self.next(self.last)
                    key = f"{self.name}-{next(self._numbers)}"
                    self.pending = Asked(self.name, path, body, key)
                asked = self.pending
                reply = await line.ask("POST", asked.path, asked.body, key=asked.key)
                if reply.status == STOPPED:
                    return None
                self.note(asked, reply)
                answered()
        except Cut as cut:
            return cut
        finally:
            line.close()

    def note(self, asked: Asked, reply: Reply) -> None:
        """Remember an answer."""
        self.pending, self.last = None, reply
        if reply.status in (200, 201):
            asked.first = reply
            self.told.append(asked)
        elif reply.status != 409:
            self.complaints.append(f"{asked.key} was answered with {reply.status} {reply.body!r}")


def kiosk(name: str, token: str) -> Caller:
    """Takes numbers of both queues, sometimes with priority."""
    turns = count()

    def next_command(_last: Reply | None) -> tuple[str, dict[str, Any]]:
        turn = next(turns)
        class_ = "priority" if turn % 5 == 0 else "normal"
        return f"{API}/tickets", {"queue": "ab"[turn % 2], "class": class_}

    return Caller(name, token, next_command)


def clerk(name: str, token: str, window: str) -> Caller:
    """Opens the window, then calls, starts and finishes for ever."""
    path = f"{API}/windows/{window}"
    after = {None: "start", "called": "start", "serving": "finish"}

    def next_command(last: Reply | None) -> tuple[str, dict[str, Any]]:
        if last is None:
            return f"{path}/open", {}
        state = last.json["window"]["state"] if last.status == 200 else ""
        return f"{path}/{after.get(state, 'call-next') if state else 'call-next'}", {}

    return Caller(name, token, next_command)


@dataclass(slots=True)
class Crowd:
    """Everybody, and the auditor's books, across all lives of a server."""

    tokens: Mapping[str, str]
    callers: list[Caller] = field(default_factory=list)
    audit: Audit = field(default_factory=lambda: Audit(SERVES))
    complaints: list[str] = field(default_factory=list)
    done_unheard: list[str] = field(default_factory=list)
    """Keys of what was carried out although its caller never heard so."""
    _checked: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for n in range(KIOSKS):
            self.callers.append(kiosk(f"kiosk{n}", self.tokens[f"kiosk{n}"]))
        for n, window in enumerate(WINDOWS):
            self.callers.append(clerk(f"clerk{n}", self.tokens[f"clerk{n}"], window))

    @property
    def told(self) -> list[Asked]:
        """Everything anybody was told."""
        return [asked for caller in self.callers for asked in caller.told]

    @property
    def seq(self) -> int:
        """The highest seq anybody was told."""
        return max((asked.first.json["seq"] for asked in self.told if asked.first), default=0)

    async def load(self, port: int, answers: int, end: Callable[[], None]) -> list[Cut]:
        """Everybody works; after so many answers `end` is called, in the middle of it all.

        How connections were cut, if they were.
        """
        left = count(answers - 1, -1)

        def answered() -> None:
            if next(left) == 0:
                end()

        cuts = await asyncio.gather(*(one.work(port, answered) for one in self.callers))
        return [cut for cut in cuts if cut is not None]

    # ── After a restart ───────────────────────────────────────────────────────────────────

    async def check(self, port: int, seq: int) -> None:
        """Compare a new life of the server, which began at `seq`, with what was told before."""
        if seq < self.seq:
            self._complain(f"the server is back at seq {seq}, {self.seq} was told")
        snapshot = await _get(port, "", API)
        if snapshot.json["seq"] < self.seq:
            self._complain(f"the snapshot went back to seq {snapshot.json['seq']}")
        await asyncio.gather(*(self._ask_again(caller, port) for caller in self.callers))
        self.audit.heard(await journal_after(port, self.tokens["auditor"], self.audit.seq))
        numbers = {paper.number for paper in self.audit.papers.values()}
        tickets = [asked for asked in self.told if asked.path.endswith("/tickets")]
        for asked in tickets:
            assert asked.first is not None
            if (number := asked.first.json["ticket"]["number"]) not in numbers:
                self._complain(f"{number} was given out and is not in the journal")
        if len(tickets) != len(self.audit.papers):
            found = f"{len(self.audit.papers)} tickets for {len(tickets)} answered keys"
            self._complain(found)

    async def _ask_again(self, caller: Caller, port: int) -> None:
        """First what was open, then everything answered since the last check."""
        self.complaints += caller.complaints
        caller.complaints.clear()
        line = await Line.open(port, caller.token)
        asked = caller.pending
        if asked is not None:
            reply = await line.ask("POST", asked.path, asked.body, key=asked.key)
            caller.note(asked, reply)
            if reply.replayed:
                self.done_unheard.append(asked.key)
        for asked in caller.told[self._checked.get(caller.name, 0) :]:
            again = await line.ask("POST", asked.path, asked.body, key=asked.key)
            first = asked.first
            assert first is not None
            if (again.status, again.body) != (first.status, first.body) or not again.replayed:
                self._complain(f"key {asked.key} was answered {first.body!r}, now {again.body!r}")
            await self._look_up(line, asked, first)
        self._checked[caller.name] = len(caller.told)
        line.close()

    async def _look_up(self, line: Line, asked: Asked, first: Reply) -> None:
        if asked.path.endswith("/tickets"):
            given = first.json["ticket"]
            found = await line.ask("GET", f"/api/v1/tickets/{given['token']}")
            if found.status != 200 or found.json["ticket"]["number"] != given["number"]:
                self._complain(f"the holder of {given['number']} is told {found.body!r}")

    async def look_up_everything(self, port: int) -> None:
        """Every ticket ever given out, by its token."""

        async def one(caller: Caller) -> None:
            line = await Line.open(port, caller.token)
            for asked in caller.told:
                assert asked.first is not None
                await self._look_up(line, asked, asked.first)
            line.close()

        await asyncio.gather(*(one(caller) for caller in self.callers))

    def _complain(self, sentence: str) -> None:
        self.complaints.append(sentence)

    def all_complaints(self) -> list[str]:
        """Of callers and auditor together."""
        return self.complaints + self.audit.complaints


async def _get(port: int, token: str, path: str) -> Reply:
    line = await Line.open(port, token)
    reply = await line.ask("GET", path)
    line.close()
    return reply
