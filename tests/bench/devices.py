"""Command committed → last byte on the wire, with forty strips on four lines and four printers.

The wire itself is most of it, so it is taken out: of the time between the moment a frame could
begin (its event committed, the frame before it answered) and its last byte, counted is only that
in which nothing was on the wire, without the silence the line needs to turn round (`GAP_S`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drivers import registry
from tests.bench.hall import BenchHall, children, running
from tests.bench.http import bearer, open_windows
from tests.bench.load import drive, request

GAP_S = 0.020
"""`drivers.strip_line.GAP_MS`: the turn-around of a half-duplex line."""
RATE = 20
SECONDS = 12
STRIPS = 40
WIRES_END_S = 30.0
KINDS = ("bx-fontcard", "hallbus", "a090", "pa-v21", "template")
PRINTERS = (("p1", 115200), ("p2", 115200), ("p3", 0), ("p4", 0))
"""Two on serial lines, two on the network."""
DESCRIBED = {
    "frame": "AA 55 {len-3} {addr} F8 21 00 {text:gbk} 00 {crc16xmodem}",
    "ack": "AA 55 {addr} 06",
    "columns": 16,
}
MATERIALS = tuple(f"材料{n}：身份证原件、复印件及本人近期免冠彩色照片各两张" for n in range(1, 14))
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
    """`families` by kind; the median slip; memory of the device process in MB."""

    families: dict[str, Family]
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
        module = ("tests.bench.stamped", str(path / "stamps.json"))
        with running(path, module=module) as hall:
            memory = _load(hall)
    stamps = json.loads((path / "stamps.json").read_text())
    seen = {}
    for name in ("strips", "printers"):
        seen |= json.loads((path / f"{name}.seen.json").read_text())
    sizes = sorted(size for name, _ in PRINTERS for size in seen[name]["sizes"])
    return Measured(_families(wanted, stamps, seen), sizes[len(sizes) // 2], *memory)


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


def _families(
    wanted: list[dict[str, Any]], stamps: list[tuple[str, str, float]], seen: dict[str, Any]
) -> dict[str, Family]:
    committed: dict[tuple[str, str], float] = {}
    for type_, number, at in stamps:
        committed.setdefault((type_, number), at)
    kinds = {device["id"]: device["kind"] for device in wanted}
    families: dict[str, Family] = {}
    for name, baud in {device["line"]: device["baud"] for device in wanted}.items():
        strip = name.startswith("bus")
        busy = [tuple(span) for span in seen[name]["busy"]]
        previous = 0.0
        for device, number, came, ends in seen[name]["shown"]:
            event = "TicketCalled" if strip else "TicketIssued"
            at = committed.get((event, number))
            if at is not None:
                label = kinds[device] if strip else "slip, serial" if baud else "slip, tcp"
                family = families.setdefault(label, Family())
                added = _idle_s(busy, max(at, previous), ends, came, GAP_S if strip else 0.0)
                family.added_ms.append(added * 1000)
                family.whole_ms.append((ends - at) * 1000)
            previous = ends
    return families


def _idle_s(
    busy: list[tuple[float, ...]], ready: float, ends: float, came: float, gap_s: float
) -> float:
    """Seconds from `ready` to `ends` in which the wire was free; every silence between two of its
    frames counts only as far as it is longer than `gap_s`."""
    idle, at, turned = 0.0, ready, False
    first = max(0, bisect_right(busy, (ready,)) - 1)
    for begin, end in busy[first:]:
        if begin >= ends:
            break
        if end <= at:
            turned = turned or end > ready - gap_s
            continue
        if begin > at:
            idle += max(0.0, begin - at - (gap_s if turned else 0.0))
        at, turned = max(at, end), True
    return idle


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
            f"{len(family.added_ms)} {_of(label, measured)}; with the wire "
            f"p50 {family.p(50, True):.0f}, p99 {family.p(99, True):.0f} ms",
            p99 <= 5,
        )
    yield (
        "memory, device process, after that",
        "<= 60 MB",
        f"{measured.rss_mb:.0f} MB resident",
        f"PSS {measured.pss_mb:.0f}, USS {measured.uss_mb:.0f} MB",
        measured.rss_mb <= 60,
    )
