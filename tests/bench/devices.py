"""Command committed → last byte on the wire, with forty strips on four lines and four printers.

The wire and the devices are most of it, so they are taken out. Counted is only the time in which
the next byte was ours to send: from the moment a frame could begin (its event committed, the strip
before it answered, the slip before it out) to the moment the kernel had its last bytes, without
the spans in which bytes of ours were on the wire, in which a device owed an answer, and the silence
a line needs to turn round.

Beside it the same under the same load without us: a program that hears of a commit through a pipe
and writes 1.5 KB (`bare_line.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

from drivers import registry
from tests.bench import bare_line
from tests.bench.hall import BenchHall, children, running
from tests.bench.http import bearer, open_windows
from tests.bench.load import drive, request

GAP_S = 0.020
"""`drivers.strip_line.GAP_MS`: the turn-around of a half-duplex line."""
RATE = 20
SECONDS = 30
STRIPS = 40
WIRES_END_S = 30.0
BITS_PER_BYTE = 10
KINDS = ("bx-fontcard", "hallbus", "a090", "pa-v21", "template")
PRINTERS = (("p1", 115200), ("p2", 115200), ("p3", 0), ("p4", 0))
"""Two on serial lines, two on the network."""
DESCRIBED = {
    "frame": "AA 55 {len-3} {addr} F8 21 00 {text:gbk} 00 {crc16xmodem}",
    "ack": "AA 55 {addr} 06",
    "columns": 16,
}
MATERIALS = tuple(
    f"材料{n}：身份证原件、复印件及本人近期免冠彩色照片各两张，委托他人办理的另附授权委托书原件及受托人身份证"
    for n in range(1, 14)
)
"""Makes a slip of 1.5 KB."""


@dataclass(slots=True)
class Family:
    """Of one kind of device, in milliseconds: what we add, and from the commit to the end."""

    added_ms: list[float] = field(default_factory=list)
    whole_ms: list[float] = field(default_factory=list)

    def p(self, percent: float, whole: bool = False) -> float:
        """A percentile; 0 without a figure."""
        ordered = sorted(self.whole_ms if whole else self.added_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0


@dataclass(slots=True)
class Measured:
    """`families` by kind; the bare component, in ms; the median slip; memory of the device process
    in MB."""

    families: dict[str, Family]
    bare_ms: Family
    slip_bytes: int
    rss_mb: float
    pss_mb: float
    uss_mb: float


def devices() -> list[dict[str, Any]]:
    """Ten strips on each line at its makers' baud rate, the last line shared by two kinds."""
    found: list[dict[str, Any]] = []
    for number in range(STRIPS):
        line, place = divmod(number, 10)
        kind = KINDS[4] if line == 3 and place % 2 else KINDS[line]
        options = {"address": place + 1, **(DESCRIBED if kind == "template" else {})}
        found.append({"id": f"s{number + 1}", "kind": kind, "line": f"bus{line + 1}",
                      "baud": registry.KINDS[kind].baud, "options": options})  # fmt: skip
    for name, baud in PRINTERS:
        found.append({"id": name, "kind": "escpos", "line": name, "baud": baud, "options": {}})
    return found


def measure(path: Path) -> Measured:
    """With the real hall and device process; `path` has the hall's configuration."""
    wanted = devices()
    with contextlib.ExitStack() as stack:
        # Working out what a slip looks like takes a printer milliseconds: not the strips'.
        ports: dict[str, str] = {}
        for name, printers in (("strips", False), ("printers", True)):
            part = [device for device in wanted if (device["kind"] == "escpos") is printers]
            ports |= stack.enter_context(_wires(path, name, part))
        _configure(path, wanted, ports)
        module = ("tests.bench.stamped", str(path))
        with running(path, module=module) as hall:
            memory = _load(hall)
    stamps, writes, bare_ms = (
        json.loads((path / f"{name}.json").read_text()) for name in ("stamps", "writes", "bare")
    )
    seen = {}
    for name in ("strips", "printers"):
        seen |= json.loads((path / f"{name}.seen.json").read_text())
    sizes = sorted(size for name, _ in PRINTERS for size in seen[name]["sizes"])
    lines = {
        name: Line(writes.get(_written_as(port), []), **seen[name]) for name, port in ports.items()
    }
    families = _families(wanted, stamps, lines)
    return Measured(families, Family(bare_ms), sizes[len(sizes) // 2], *memory)


@contextlib.contextmanager
def _wires(path: Path, name: str, wanted: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
    """The lines of `wanted` in a process of their own; the port of each."""
    (path / f"{name}.json").write_text(json.dumps(wanted))
    command = [sys.executable, "-m", "tests.bench.wires", str(path), name]
    wires = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert wires.stdout is not None
    assert wires.stdin is not None
    try:
        yield json.loads(wires.stdout.readline())
    finally:
        wires.stdin.close()
        wires.wait(WIRES_END_S)


def _configure(path: Path, wanted: list[dict[str, Any]], ports: dict[str, str]) -> None:
    text = '[[service]]\nid = "long"\nname = "企业设立登记"\nqueue = "q0"\nminutes = 20\n'
    text += f"materials = {json.dumps(MATERIALS, ensure_ascii=False)}\n"
    for device in wanted:
        text += f'[[device]]\nid = "{device["id"]}"\nkind = "{device["kind"]}"\n'
        text += f'port = "{ports[device["line"]]}"\n'
        if device["kind"] == "escpos":
            text += f'kiosk = "{device["id"]}"\n'
        else:
            text += f'window = "{device["id"][1:]}"\n'
        for name, value in device["options"].items():
            text += f"{name} = {json.dumps(value)}\n"
    with (path / "hall.toml").open("a", encoding="utf-8") as config:
        config.write(text)


def _load(hall: BenchHall) -> tuple[float, float, float]:
    """Tickets at four kiosks and calls at forty windows, `RATE` of each a second."""
    manager = hall.token("manager")
    kiosks = [hall.token("kiosk", "--name", name) for name, _ in PRINTERS]
    open_windows(hall, manager, STRIPS)
    time.sleep(3)  # not a test: the strips show their windows' names first
    with bare_line.beside(hall.folder):
        asyncio.run(_steadily(hall, manager, kiosks))
    time.sleep(2)  # and the last slip comes out
    return _memory(children(hall.process.pid)[0])


async def _steadily(hall: BenchHall, manager: str, kiosks: list[str]) -> None:
    async def every(messages: list[bytes], first_s: float, period_s: float) -> None:
        clock = asyncio.get_running_loop().time
        due = clock() + first_s
        while clock() < ends:
            await asyncio.sleep(max(0.0, due - clock()))
            due += period_s
            await drive(hall.port, lambda _: iter(messages), 1)

    ends = asyncio.get_running_loop().time() + SECONDS
    works = []
    for number, kiosk in enumerate(kiosks):
        body = b'{"service":"long"}'
        message = request("POST", f"{hall.api}/tickets", bearer(kiosk), body)
        works.append(every([message], number / RATE, len(kiosks) / RATE))
    for window in range(STRIPS):
        path = f"{hall.api}/windows/{window + 1}"
        messages = [
            request("POST", f"{path}/{action}", bearer(manager), b"{}")
            for action in ("miss", "call-next")
        ]
        # Neighbours press one after the other, and the lines take turns.
        turn = window % 10 * 4 + window // 10
        works.append(every(messages, 2 + turn / RATE, STRIPS / RATE))
    await asyncio.gather(*works)


def _memory(pid: int) -> tuple[float, float, float]:
    found: dict[str, float] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, value = line.split()[:2]
        found[name.rstrip(":")] = int(value) / 1024
    return found["Rss"], found["Pss"], found["Private_Clean"] + found["Private_Dirty"]


def _written_as(url: str) -> str:
    """How the device process names a port: of a serial line the path, else host and port."""
    return url.removeprefix("tcp://").removeprefix("serial://").partition("?")[0]


@dataclass(slots=True)
class Line:
    """What happened on one line: our writes as (when the kernel had them, bytes); of `Wire` the
    answers and what was shown; sizes of slips."""

    writes: list[tuple[float, int]]
    answers: list[tuple[int, float]]
    shown: list[tuple[str, str, int]]
    sizes: list[int]

    def wrote(self, count: int) -> int:
        """Index of the write with the `count`th byte."""
        totals = list(accumulate(size for _, size in self.writes))
        return min(bisect_left(totals, count), len(totals) - 1)

    def answered_before(self, last: int) -> float:
        """When the strip before had answered, whose turn ended with that; 0 if there was none."""
        before = sum(size for _, size in self.writes[:last])
        return max((at for heard, at in self.answers if heard <= before), default=0.0)

    def ends(self, byte_s: float) -> list[float]:
        """When the last byte of each write was over the wire."""
        free_at, found = 0.0, []
        for at, size in self.writes:
            free_at = max(at, free_at) + size * byte_s
            found.append(free_at)
        return found

    def theirs(self, byte_s: float, gap_s: float) -> list[tuple[float, float]]:
        """Spans in which it was not ours to send, in order, none touching the next."""
        spans = [(at, end) for (at, _), end in zip(self.writes, self.ends(byte_s), strict=True)]
        spans += [(self.writes[self.wrote(heard)][0], at) for heard, at in self.answers]
        merged: list[tuple[float, float]] = []
        for begin, end in sorted((begin, end + gap_s) for begin, end in spans):
            if merged and begin <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((begin, end))
        return merged


def _families(
    wanted: list[dict[str, Any]], stamps: list[tuple[str, str, float]], lines: dict[str, Line]
) -> dict[str, Family]:
    committed: dict[tuple[str, str], float] = {}
    for type_, number, at in stamps:
        committed.setdefault((type_, number), at)
    kinds = {device["id"]: device["kind"] for device in wanted}
    families: dict[str, Family] = {}
    for name, baud in {device["line"]: device["baud"] for device in wanted}.items():
        strip, line = name.startswith("bus"), lines[name]
        byte_s = BITS_PER_BYTE / baud if baud else 0.0
        theirs, ends = line.theirs(byte_s, GAP_S if strip else 0.0), line.ends(byte_s)
        previous = 0.0
        for device, number, heard in line.shown:
            at = committed.get(("TicketCalled" if strip else "TicketIssued", number))
            last = line.wrote(heard)
            if strip:
                previous = line.answered_before(last)
            if at is not None:
                label = kinds[device] if strip else "slip, serial" if baud else "slip, tcp"
                family = families.setdefault(label, Family())
                ours_s = _ours_s(theirs, max(at, previous), line.writes[last][0])
                family.added_ms.append(ours_s * 1000)
                family.whole_ms.append((ends[last] - at) * 1000)
            previous = ends[last]
    return families


def _ours_s(theirs: list[tuple[float, float]], ready: float, done: float) -> float:
    """Seconds from `ready` to `done` in which it was ours to send."""
    ours, at = 0.0, ready
    for begin, end in theirs:
        if begin >= done:
            break
        if end > at:
            ours += max(0.0, begin - at)
            at = end
    return ours + max(0.0, done - at)


def _bare(bare_ms: Family) -> str:
    return f"p50 {bare_ms.p(50):.1f}, p99 {bare_ms.p(99):.1f} ms"


def _of(label: str, measured: Measured) -> str:
    return f"slips of {measured.slip_bytes} bytes" if label.startswith("slip") else "frames"


def rows(measured: Measured) -> Iterator[tuple[str, str, str, str, bool]]:
    """What, reach, ours, the whole, good: for the table."""
    for label, family in sorted(measured.families.items()):
        p99 = family.p(99)
        yield (
            f"commit to last byte, {label}",
            "<= 5 ms + wire, p99",
            f"p50 {family.p(50):.1f}, p99 {p99:.1f}, max {family.p(100):.1f} ms added",
            f"{_bare(measured.bare_ms)}; {len(family.added_ms)} {_of(label, measured)}, with the "
            f"wire p50 {family.p(50, True):.0f}, p99 {family.p(99, True):.0f} ms",
            p99 <= 5,
        )
    yield (
        "memory, device process, after that",
        "<= 60 MB",
        f"{measured.rss_mb:.0f} MB resident",
        f"PSS {measured.pss_mb:.0f}, USS {measured.uss_mb:.0f} MB",
        measured.rss_mb <= 60,
    )
