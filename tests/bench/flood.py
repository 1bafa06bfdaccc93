"""The public side: what a process does on its core, and that a flood on it costs a hall nothing.

The hall (with its clerk) has one core and the flood (the public process and what drives it)
another, and the flood runs under SCHED_IDLE: what `AllowedCPUs` and `CPUSchedulingPolicy=idle` of
the units do on a box. The core alone is not enough: the kernel's own threads, which bring a
commit to the disk, run on either, and must not wait there for a reader's turn.
`wrk` drives: a generator in Python is slower than what it should drown.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from display.pages import Pages
from queued.server.packed import packed
from tests.bench import http, live
from tests.bench.hall import BenchHall, folder, free_port, running
from tests.bench.load import request
from tests.display import samples

HALLS_CORE, FLOODS_CORE = 0, 1

CONNECTIONS = 64
ROUND_S = 4
ROUNDS = 8
"""In turn, and the middle one of their ratios counts: a disk has its moods."""
PAUSE_S = 0.005
"""Between two calls of the measured clerk: two hundred commands a second, ten busy halls' worth."""

WAITING = 320
"""As many as a full hall: the snapshot is 4 kB."""


@contextlib.contextmanager
def on_core(number: int) -> Iterator[None]:
    """What is started meanwhile runs on this core alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {number % (max(before) + 1)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


LAST: Final = ("chrt", "--idle", "0")
"""Runs when nobody else wants to: SCHED_IDLE, sched(7)."""


@contextlib.contextmanager
def public(hall: BenchHall, *under: str) -> Iterator[BenchHall]:
    """A public process that follows the hall, started by the command `under`."""
    port = free_port()
    command = [*under, sys.executable, "-m", "queued", "public", "--port", str(port)]
    command += ["--hall", f"http://127.0.0.1:{hall.port}", "--streams", "20000"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        if not process.stdout.readline().startswith("queued: ready"):
            raise RuntimeError("the public process did not start")
        shown = BenchHall(port, process, hall.folder, 0.0)
        deadline = time.monotonic() + 10
        while _seq(shown) is None and time.monotonic() < deadline:
            time.sleep(0.05)
        yield shown
    finally:
        process.terminate()
        process.wait(20)


@dataclass(slots=True)
class Driven:
    """What wrk saw."""

    rate: float
    p99_ms: float
    wrong: int


def wrk(port: int, path: str, seconds: float, *headers: str) -> Driven:
    """`seconds` of GETs from `CONNECTIONS` connections."""
    found = shutil.which("wrk")
    if found is None:
        raise RuntimeError("no wrk: apt-get install wrk")
    command = [found, "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", "--latency"]
    for header in headers:
        command += ["-H", header]
    url = f"http://127.0.0.1:{port}{path}"
    text = subprocess.run([*command, url], check=True, capture_output=True, text=True).stdout
    rate = float(_found(r"Requests/sec:\s+([\d.]+)", text))
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]
    p99_ms = float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]
    return Driven(rate, p99_ms, int(_found(r"Non-2xx or 3xx responses: (\d+)", text) or 0))


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    return match[1] if match else ""


def _seq(shown: BenchHall) -> str | None:
    """The ETag of the snapshot; None while there is none."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{shown.port}{shown.api}") as answer:
            tag: str | None = answer.headers["ETag"]
            return tag
    except urllib.error.HTTPError:
        return None


# ── What a process does ───────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Capacity:
    """Requests a second on one core, the driver on another; rounds in turn."""

    bytes: int = 0
    answered: list[float] = field(default_factory=list)
    unchanged: list[float] = field(default_factory=list)
    constant: list[float] = field(default_factory=list)
    wrong: int = 0


def capacity() -> Capacity:
    """Snapshots, 304s and constant bytes of the same size, each on the same core."""
    told = Capacity()
    with folder() as path, on_core(HALLS_CORE), running(path, "--no-devices") as hall:
        http.issue(hall, hall.token("kiosk"), 320)
        told.bytes = http.snapshot_bytes(hall)
        with contextlib.ExitStack() as stack:
            with on_core(FLOODS_CORE):
                shown = stack.enter_context(public(hall))
                port = stack.enter_context(http.bare_components(told.bytes))
            for _ in range(ROUNDS):
                tag = _seq(shown)
                for driven, rates in (
                    (wrk(shown.port, hall.api, ROUND_S), told.answered),
                    (wrk(port, "/constant", ROUND_S), told.constant),
                    (wrk(shown.port, hall.api, ROUND_S, f"If-None-Match: {tag}"), told.unchanged),
                ):
                    rates.append(driven.rate)
                    told.wrong += driven.wrong
    return told


@dataclass(slots=True)
class PageRate:
    """A page a second on one core beside constant bytes of its size; rounds in turn."""

    name: str
    path: str
    bytes: int = 0
    drawn: list[float] = field(default_factory=list)
    constant: list[float] = field(default_factory=list)
    wrong: int = 0


def page_rates() -> list[PageRate]:
    """The pages of phones: one for everybody, and one's own, as a phone asks for it (gzip)."""
    with folder() as path, on_core(HALLS_CORE), running(path, "--no-devices") as hall:
        run = http.issue(hall, hall.token("kiosk"), WAITING)
        token = json.loads(run.bodies[0])["ticket"]["token"]
        name = hall.api.rpartition("/")[2]
        told = [PageRate("status page", f"/h/{name}/status"),
                PageRate("own-ticket page", f"/t/{token}")]  # fmt: skip
        for page in told:
            with contextlib.ExitStack() as stack:
                with on_core(FLOODS_CORE):
                    shown = stack.enter_context(public(hall))
                    page.bytes = _size(shown.port, page.path)
                    port = stack.enter_context(http.bare_components(page.bytes))
                for _ in range(ROUNDS // 2):
                    for where, rates in (
                        ((shown.port, page.path), page.drawn),
                        ((port, "/constant"), page.constant),
                    ):
                        driven = wrk(*where, ROUND_S, "Accept-Encoding: gzip")
                        rates.append(driven.rate)
                        page.wrong += driven.wrong
    return told


def drawn_anew() -> float:
    """Own-ticket pages a second that one core draws and packs, none of them kept."""
    pages = Pages()
    context = samples.realistic()["ticket"] | {"stale": False, "reads_only": True, "bind": ""}
    packed(pages.render("ticket", "zh", context).encode())
    started, count = time.perf_counter(), 1000
    for _ in range(count):
        packed(pages.render("ticket", "zh", context).encode())
    return count / (time.perf_counter() - started)


def _size(port: int, path: str) -> int:
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", headers={"Accept-Encoding": "gzip"}
    )
    with urllib.request.urlopen(asked) as answer:
        return len(answer.read())


def streams(clients: int, calls: int) -> live.Reached:
    """From a call in the hall to the frame at every client of the public process."""
    with folder() as path, on_core(HALLS_CORE), running(path, "--no-devices") as hall:
        manager = hall.token("manager")
        with contextlib.ExitStack() as stack:
            with on_core(FLOODS_CORE):
                shown = stack.enter_context(public(hall))
            return asyncio.run(live.measure(hall, manager, clients, calls, shown=shown))


# ── What it costs a hall ──────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Flood:
    """call-next of one clerk in seconds, without and with the flood; the flood itself."""

    calm_s: list[list[float]] = field(default_factory=list)
    """Of each round."""
    flooded_s: list[list[float]] = field(default_factory=list)
    floods: list[Driven] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    """Share of its core that the public process and its driver used."""

    @property
    def ratio(self) -> float:
        """p99 with the flood by p99 without it: the middle of the rounds."""
        pairs = zip(self.calm_s, self.flooded_s, strict=True)
        ratios = sorted(_p99(flooded) / _p99(calm) for calm, flooded in pairs)
        return ratios[len(ratios) // 2]

    def p99_ms(self, rounds: list[list[float]]) -> float:
        """The middle of the rounds, in milliseconds."""
        return sorted(map(_p99, rounds))[len(rounds) // 2] * 1000


def flood(pinned: bool, under: Sequence[str]) -> Flood:
    """Rounds in turn: calm, flooded. Without `pinned` everybody may use every core. The flood is
    started by the command `under`."""
    told = Flood()
    halls = on_core(HALLS_CORE) if pinned else contextlib.nullcontext()
    with folder() as path, halls, running(path, "--no-devices") as hall:
        http.issue(hall, hall.token("kiosk"), WAITING)
        manager = hall.token("manager")
        http.open_windows(hall, manager, 1)
        with contextlib.ExitStack() as stack:
            with on_core(FLOODS_CORE) if pinned else contextlib.nullcontext():
                shown = stack.enter_context(public(hall, *under))
            asyncio.run(_clerk(hall, manager, 2))  # warm
            for _ in range(ROUNDS):
                told.calm_s.append(asyncio.run(_clerk(hall, manager, ROUND_S)))
                with on_core(FLOODS_CORE) if pinned else contextlib.nullcontext():
                    process = _flooding(shown, under)
                idle = _idle_s(FLOODS_CORE)
                told.flooded_s.append(asyncio.run(_clerk(hall, manager, ROUND_S)))
                told.busy.append(1 - (_idle_s(FLOODS_CORE) - idle) / ROUND_S)
                text = process.communicate(timeout=60)[0]
                rate = float(_found(r"Requests/sec:\s+([\d.]+)", text))
                told.floods.append(Driven(rate, 0.0, int(_found(r"Non-2xx.*: (\d+)", text) or 0)))
    return told


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.99)]


def _flooding(shown: BenchHall, under: Sequence[str]) -> subprocess.Popen[str]:
    """wrk, a second longer than what is measured beside it."""
    url = f"http://127.0.0.1:{shown.port}{shown.api}"
    command = [*under, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{ROUND_S + 1}s", url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    time.sleep(0.5)
    return process


def _idle_s(core: int) -> float:
    """Seconds that a core has been idle."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            return (int(ticks[3]) + int(ticks[4])) / os.sysconf("SC_CLK_TCK")
    return 0.0


async def _clerk(hall: BenchHall, token: str, seconds: float) -> list[float]:
    """One window: call, take it back, a short pause; how long each call took."""
    reader, writer = await asyncio.open_connection("127.0.0.1", hall.port)
    path = f"{hall.api}/windows/1"
    call = request("POST", f"{path}/call-next", http.bearer(token), b"{}")
    undo = request("POST", f"{path}/undo", http.bearer(token), b"{}")
    took: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        writer.write(call)
        status = await _status(reader)
        took.append(time.perf_counter() - began)
        assert status == 200, status
        writer.write(undo)  # the line stays as long as it was
        await _status(reader)
        await asyncio.sleep(PAUSE_S)
    writer.close()
    return took


async def _status(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r")[0])
    await reader.readexactly(length)
    return int(head[9:12])
