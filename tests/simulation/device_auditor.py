"""An auditor of devices who sees what a person in the hall sees: paper, walls, what is said.

He reads the journal's JSON and the ledger's rows, and keeps his own books; he shares no code
with slips, strips, voices or drivers. Every finding is a sentence; an honest day has none.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Protocol

STALE_MAX_S = 100.0
"""A strip shows the present so long after its last fault at the latest: it is looked at every
20 s, sent its text again every third time, and shares its wires with nine others."""
LIMBO_MAX_MS = 300_000
"""A slip is being printed for so long at most."""
SAY_MAX_MS = 60_000
"""A call is not begun later than that,"""
SAY_GRACE_MS = 45_000
"""but may wait for a module that is still speaking."""
PRINT_GRACE_MS = 60_000
"""A slip begun before it expires may be cut so much later."""
SHANGHAI = timezone(timedelta(hours=8))
NUMBER = re.compile(r"[A-Z]\d{3}")
REPRINT = "补打"


class Stored(Protocol):
    """A row of the journal."""

    seq: int
    at: int
    type: str
    body: bytes


@dataclass
class Health:
    """What is wrong with a device, counted, and since when nothing is."""

    faults: int = 0
    well_since: float = 0.0
    since_page: bool = False
    """Whether there was a fault since the last page was cut."""


@dataclass
class Paper:
    """A page that came out of a printer."""

    device: str
    at: int
    text: str
    after_fault: bool = False

    @property
    def numbers(self) -> set[str]:
        """Ticket numbers on it."""
        return {word for word in self.text.split() if NUMBER.fullmatch(word)}


@dataclass
class Row:
    """A slip in the ledger."""

    day: str
    ticket: int
    number: str
    device: str
    status: str
    reason: str
    reprint: bool
    created_at: int
    updated_at: int
    expires_at: int


@dataclass
class Issued:
    """A ticket, from the journal."""

    day: str
    ticket: int
    number: str
    at: int


@dataclass
class DeviceAudit:
    """`found` is what is wrong. Times in `_s` are simulated seconds, in `_ms` Unix time."""

    windows: Mapping[str, str]
    """Id → what its strip shows when nobody is there."""
    blind: frozenset[str] = frozenset()
    """Printers that cannot be asked."""
    hasty: frozenset[str] = frozenset()
    """Printers that say they are well while a slip is still in their buffer: if they hang then,
    it comes out when they go on, however late. A better printer is asked behind the slip."""
    found: list[str] = field(default_factory=list)
    stale_max_s: float = 0.0
    """The longest a strip took to show the present after its last fault."""

    def __post_init__(self) -> None:
        self.health: dict[str, Health] = {}
        self.papers: list[Paper] = []
        self.tickets: list[Issued] = []
        self.calls: dict[int, dict[str, Any]] = {}
        """Seq → the event."""
        self.spoken: dict[str, list[str]] = {}
        """Device → jobs reported spoken, in order; once each."""
        self.reported: Counter[str] = Counter()
        """Final reports by job."""
        self.heard: dict[str, Counter[str]] = {}
        self.heard_clips: dict[str, Counter[tuple[str, ...]]] = {}
        self.claimed: dict[str, Counter[str]] = {}
        self._status = dict.fromkeys(self.windows, "closed")
        self._hands: dict[str, tuple[int, str, bool]] = {}
        self._newest: list[tuple[int, str, str]] = []
        self._changed: dict[str, float] = dict.fromkeys(self.windows, 0.0)
        self._screens_changed = 0.0
        self._day = ""

    def _check(self, promise: bool, sentence: str) -> None:
        if not promise:
            self.found.append(sentence)

    # ── What is wrong on purpose ──────────────────────────────────────────────────────────

    def sick(self, device: str) -> None:
        """A fault begins."""
        health = self.health.setdefault(device, Health())
        health.faults += 1
        health.since_page = True

    def well(self, device: str, now_s: float) -> None:
        """A fault is over."""
        health = self.health.setdefault(device, Health())
        health.faults -= 1
        health.well_since = now_s

    # ── The journal ───────────────────────────────────────────────────────────────────────

    def read(self, records: Sequence[Stored], now_s: float) -> None:
        """The next events."""
        for record in records:
            body = json.loads(record.body)
            before = {window: self.should_show(window) for window in self.windows}
            newest = self._newest[:1]
            getattr(self, record.type, self._other)(body, record.seq)
            for window, text in before.items():
                if text != self.should_show(window):
                    self._changed[window] = now_s
            if newest != self._newest[:1]:
                self._screens_changed = now_s

    def _other(self, body: dict[str, Any], seq: int) -> None:
        """Nothing a device shows."""

    def DayOpened(self, body: dict[str, Any], seq: int) -> None:
        self._day, self._hands, self._newest = body["day"], {}, []
        self._status = dict.fromkeys(self.windows, "closed")

    def WindowOpened(self, body: dict[str, Any], seq: int) -> None:
        self._status[body["window"]] = "open"

    def WindowPaused(self, body: dict[str, Any], seq: int) -> None:
        self._status[body["window"]] = "paused"

    def WindowClosed(self, body: dict[str, Any], seq: int) -> None:
        self._status[body["window"]] = "closed"

    def TicketIssued(self, body: dict[str, Any], seq: int) -> None:
        self.tickets.append(Issued(self._day, body["ticket"], body["number"], body["at"]))

    def TicketCalled(self, body: dict[str, Any], seq: int) -> None:
        self.calls[seq] = body
        self._hands[body["window"]] = (body["ticket"], body["number"], True)
        self._forget(body)
        self._newest.insert(0, (body["ticket"], body["number"], body["window"]))

    def TicketRecalled(self, body: dict[str, Any], seq: int) -> None:
        self.TicketCalled({**body, "again": True}, seq)

    def CallUndone(self, body: dict[str, Any], seq: int) -> None:
        self._hands.pop(body["window"], None)
        self._forget(body)

    def ServiceStarted(self, body: dict[str, Any], seq: int) -> None:
        self._hands[body["window"]] = (body["ticket"], body["number"], False)

    def ServiceFinished(self, body: dict[str, Any], seq: int) -> None:
        self._hands.pop(body["window"], None)

    TicketMissed = TicketParked = TicketTransferred = ServiceFinished

    def TicketCancelled(self, body: dict[str, Any], seq: int) -> None:
        for window, (ticket, _, _) in tuple(self._hands.items()):
            if ticket == body["ticket"]:
                del self._hands[window]

    def _forget(self, body: dict[str, Any]) -> None:
        self._newest = [one for one in self._newest if one[0] != body["ticket"]]

    # ── Walls ─────────────────────────────────────────────────────────────────────────────

    def should_show(self, window: str) -> str:
        """What a visitor should read above `window` now."""
        status = self._status[window]
        if status != "open":
            return {"paused": "暂停服务", "closed": "暂未开放"}[status]
        if window not in self._hands:
            return self.windows[window]
        _, number, called = self._hands[window]
        return f"请{number}号" if called else number

    def wall(self, device: str, window: str | None, shows: str, now_s: float) -> None:
        """Somebody looks at a strip, or (without a window) at a screen of the newest calls."""
        health = self.health.setdefault(device, Health())
        if window is None:
            _, number, where = self._newest[0] if self._newest else (0, "", "")
            should = f"请{number}号到{self.windows[where]}" if number else ""
            shows, changed = shows.strip()[: max(1, len(should))], self._screens_changed
        else:
            should, changed = self.should_show(window), self._changed[window]
        if health.faults or shows == should:
            return
        behind_s = now_s - max(health.well_since, changed)
        self.stale_max_s = max(self.stale_max_s, behind_s)
        if behind_s > STALE_MAX_S:
            self.found.append(
                f"{now_s:.0f} s: strip {device} shows {shows!r} instead of {should!r} "
                f"for {behind_s:.0f} s without a fault"
            )
            health.well_since = now_s  # one finding, not one for every look

    # ── Paper ─────────────────────────────────────────────────────────────────────────────

    def page(self, device: str, at_ms: int, text: str) -> None:
        """A printer has cut a page."""
        health = self.health.setdefault(device, Health())
        self.papers.append(Paper(device, at_ms, text, health.since_page))
        health.since_page = health.faults > 0

    def slips(self, rows: Sequence[Row], now_ms: int) -> None:
        """The whole ledger against the whole heap of paper."""
        by_number: dict[str, list[Issued]] = {}
        for ticket in self.tickets:
            by_number.setdefault(ticket.number, []).append(ticket)
        sheets: dict[tuple[str, int, bool], list[Paper]] = {}
        for paper in self.papers:
            numbers = sorted(paper.numbers)
            # Of a printer without a way back nobody learns that a slip stopped half-way.
            unknown = paper.device in self.blind and paper.after_fault
            self._check(len(numbers) <= 1 or unknown, f"{paper.device}: one page with {numbers}")
            for number in paper.numbers:
                taken = [one for one in by_number.get(number, ()) if one.at <= paper.at]
                self._check(bool(taken), f"{number} on paper, and nobody took it")
                if taken:
                    key = (taken[-1].day, taken[-1].ticket, REPRINT in paper.text)
                    sheets.setdefault(key, []).append(paper)
        wanted: dict[tuple[str, int, bool], list[Row]] = {}
        for row in rows:
            wanted.setdefault((row.day, row.ticket, row.reprint), []).append(row)
            self._row(row, now_ms)
        for ticket in self.tickets:
            firsts = wanted.get((ticket.day, ticket.ticket, False), [])
            late = now_ms - ticket.at < LIMBO_MAX_MS
            self._check(late or len(firsts) == 1, f"{ticket.number}: {len(firsts)} first slips")
        for key in sheets.keys() | wanted.keys():
            self._sheets(sheets.get(key, []), wanted.get(key, []))

    def _row(self, row: Row, now_ms: int) -> None:
        what = f"slip of {row.number} on {row.device} ({row.status} {row.reason!r})"
        overdue = now_ms > row.expires_at + LIMBO_MAX_MS
        self._check(row.status != "queued" or not overdue, f"{what}: nobody sees to it")
        limbo = row.status == "sent" and not row.reason
        self._check(not limbo or now_ms < row.updated_at + LIMBO_MAX_MS, f"{what}: left hanging")
        reported = row.status not in ("failed", "expired") or row.reason
        self._check(bool(reported), f"{what}: no reason")

    def _sheets(self, papers: list[Paper], rows: list[Row]) -> None:
        number = rows[0].number if rows else "?"
        may_be_on_paper = [row for row in rows if row.status in ("sent", "confirmed", "failed")]
        self._check(
            len(papers) <= len(may_be_on_paper),
            f"{number} is on {len(papers)} sheets, the ledger knows of {len(may_be_on_paper)}",
        )
        confirmed = sum(row.status == "confirmed" for row in rows)
        whole = sum("[QR " in paper.text for paper in papers)
        self._check(whole >= confirmed, f"{number}: {confirmed} confirmed, {whole} whole sheets")
        if papers and confirmed == len(rows):
            # What a printer had in its buffer when it stopped comes out when it goes on.
            last = max(row.expires_at for row in rows) + PRINT_GRACE_MS
            late_s = (papers[-1].at - last) / 1000
            device = papers[-1].device
            hung = device in self.hasty and papers[-1].after_fault
            in_time = late_s <= 0 or hung
            self._check(in_time, f"{number} came out of {device} {late_s:.0f} s too late")

    # ── Voices ────────────────────────────────────────────────────────────────────────────

    def said(self, device: str, began_ms: int, text: str, quiet: tuple[int, int] | None) -> None:
        """A text was heard from its beginning to its end; `quiet`: minutes of the day."""
        self.heard.setdefault(device, Counter())[text] += 1
        local = datetime.fromtimestamp(began_ms / 1000, SHANGHAI)
        minute = local.hour * 60 + local.minute
        if quiet is not None and quiet[0] <= minute < quiet[1]:
            self.found.append(f"{device} spoke at {local:%H:%M}, in its quiet hours")

    def heard_words(self, device: str, words: tuple[str, ...]) -> None:
        """A sound card played these recordings to the end."""
        self.heard_clips.setdefault(device, Counter())[words] += 1

    def told_spoken(self, device: str, job: str, text: str, at_ms: int) -> None:
        """The engine was told that a call was spoken."""
        self.reported[job] += 1
        self.claimed.setdefault(device, Counter())[text] += 1
        if job not in self.spoken.setdefault(device, []):
            self.spoken[device].append(job)
            seconds = len(text) * 400
            late = at_ms - called_at(job) > SAY_MAX_MS + SAY_GRACE_MS + seconds
            self._check(not late, f"{job} was spoken {(at_ms - called_at(job)) / 1000:.0f} s late")

    def told_unspoken(self, job: str) -> None:
        """The engine was told that a call was not spoken."""
        self.reported[job] += 1

    def voices(
        self,
        voices_of: Mapping[str, Sequence[str]],
        counts: Mapping[str, int],
        waiting: Sequence[str],
        now_ms: int,
    ) -> None:
        """Every call against what was said and what was reported. `voices_of`: window → devices.

        `counts`: what the engine counted by outcome; `waiting`: jobs it still waits for.
        """
        for job in waiting:
            fresh = now_ms - called_at(job) < SAY_MAX_MS + SAY_GRACE_MS
            self._check(fresh, f"{job} was neither spoken nor reported")
        jobs = sum(len(voices_of[called["window"]]) for called in self.calls.values())
        ended = sum(counts.values())
        self._check(jobs == ended + len(waiting), f"{jobs} calls, {ended} ended")
        for device, claimed in self.claimed.items():
            for text, times in claimed.items():
                heard = self.heard.get(device, Counter())[text]
                well = heard >= times or device in self.heard_clips
                self._check(well, f"{device}: {text} told {times} times, heard {heard}")
        order = {(called["window"], called["ticket"], called["at"]): seq
                 for seq, called in self.calls.items()}  # fmt: skip
        for device, spoken in self.spoken.items():
            seqs = [order[_call_of(job)] for job in spoken]
            for earlier, later in zip(seqs, seqs[1:], strict=False):
                self._check(earlier < later, f"{device}: call {later} was said after {earlier}")
        for device, played in self.heard_clips.items():
            told = Counter(clips_of(self.calls[order[_call_of(job)]])
                           for job in self.spoken.get(device, ()))  # fmt: skip
            for words, times in told.items():
                heard = played[words]
                self._check(heard >= times, f"{device}: {words} told {times}, played {heard}")
        there = {device for devices in voices_of.values() for device in devices}
        assert there >= set(self.spoken)


def clips_of(called: Mapping[str, Any]) -> tuple[str, ...]:
    """The recordings of a call in Mandarin, as one would list them by hand; windows below 100."""
    letter, *digits = called["number"]
    tens, ones = divmod(int(called["window"]), 10)
    window = [str(tens)] * (tens > 1) + ["10"] * (tens > 0) + [str(ones)] * (ones > 0)
    to = "number-hurry-to" if called.get("again") else "number-to"
    said = ["1-yao" if digit == "1" else digit for digit in digits]
    return ("please", letter, *said, to, *window, "window")


def called_at(job: str) -> int:
    """When the call of a job was made: `call-TICKET-WINDOW-AT-DEVICE`."""
    return int(job.split("-")[3])


def _call_of(job: str) -> tuple[str, int, int]:
    _, ticket, window, at, _ = job.split("-")
    return window, int(ticket), int(at)
