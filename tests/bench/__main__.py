"""`make bench`: each figure beside the bare component in the same run.

Nothing here fails a build. Absolute figures drift with the machine by a factor of two:
compare the ratios.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench import console, core, devices, flood, history, http, live, pages
from tests.bench.hall import children, folder, resident_mb, running
from tests.bench.load import Run
from tests.postgresql_server import server

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    reach: str
    ours: str
    bare: str = ""
    good: bool = True


def core_rows() -> Iterator[Row]:
    """The rulebook early and late in a day."""
    hall = core.furnished()
    hall, early = core.visits(hall, 500)
    hall, _ = core.visits(hall, 17_500)
    hall, late = core.visits(hall, 500)
    for name, seconds in (("2,000 tickets", early), ("20,000 of history", late)):
        p50 = core.p50_us(seconds)
        yield Row(f"decide+evolve, {name}", "<= 40 us p50", f"{p50:.1f} us", "", p50 <= 40)


def http_rows() -> Iterator[Row]:
    """Issue, call-next, snapshot, in one hall that nobody else uses.

    Ours and the bare component take turns, `ROUNDS` times: the machine's mood hits both.
    """
    with folder() as path, running(path, "--no-devices") as hall:
        kiosk, manager = hall.token("kiosk"), hall.token("manager")
        http.issue(hall, kiosk, 320)
        size = http.snapshot_bytes(hall)
        with http.bare_components(size) as port:
            pairs = [(http.issue(hall, kiosk, 1200), http.bare_append(port, 1600)) for _ in ROUNDS]
            issued = [run for run, _ in pairs]
            numbers = Counter(number for run in issued for number in http.numbers(run))
            doubled = sum(n - 1 for n in numbers.values())
            ratio, rate = _ratio(pairs), _middle(issued).rate
            yield Row(
                "issue over HTTP, durable, 16 clients",
                ">= 2,000/s, >= 45 % of bare",
                f"{_run(_middle(issued))}, {doubled} doubled",
                f"{_middle([bare for _, bare in pairs]).rate:,.0f}/s: {ratio:.0%}",
                rate >= 2000 and ratio >= 0.45 and not doubled,
            )
        size = http.snapshot_bytes(hall)
        with http.bare_components(size) as port:
            pairs = [(http.snapshot(hall, 6400), http.bare_constant(port, 6400)) for _ in ROUNDS]
            ratio = _ratio(pairs)
            yield Row(
                f"snapshot GET, 64 connections, {size / 1000:.1f} kB",
                ">= 85 % of constant bytes",
                _run(_middle([run for run, _ in pairs])),
                f"{_middle([bare for _, bare in pairs]).rate:,.0f}/s: {ratio:.0%}",
                ratio >= 0.85,
            )
        yield from _call_rows(hall, manager)


def city_rows() -> Iterator[Row]:
    """The same issue, durable on a PostgreSQL server of this machine; both on the same server."""
    with server() as running_server, folder() as path:
        with (path / "hall.toml").open("a", encoding="utf-8") as config:
            config.write(f'[storage]\nurl = "{running_server.url()}"\n')
        running_server.ask('CREATE SCHEMA bare AUTHORIZATION halls')
        url = f"{running_server.url()}&options=-csearch_path%3Dbare"
        with running(path, "--no-devices") as hall, http.bare_components(1000, url) as port:
            kiosk = hall.token("kiosk")
            http.issue(hall, kiosk, 320)
            pairs = [(http.issue(hall, kiosk, 1200), http.bare_append(port, 1600)) for _ in ROUNDS]
            alone = http.issue(hall, kiosk, 200, clients=1)
            bare_alone = http.bare_append(port, 200, clients=1)
            issued = _middle([run for run, _ in pairs])
            yield Row(
                "issue over HTTP, PostgreSQL, 16 clients",
                ">= 40 % of bare",
                _run(issued),
                f"{_middle([bare for _, bare in pairs]).rate:,.0f}/s: {_ratio(pairs):.0%}",
                _ratio(pairs) >= 0.4,
            )
            yield Row(
                "issue over HTTP, PostgreSQL, 1 client",
                "p50 <= bare + 3 ms",
                f"p50 {alone.percentile_ms(50):.1f}, p99 {alone.percentile_ms(99):.1f} ms",
                f"p50 {bare_alone.percentile_ms(50):.1f} ms",
                alone.percentile_ms(50) <= bare_alone.percentile_ms(50) + 3,
            )
            yield Row(
                "memory, server, on PostgreSQL",
                "<= 100 MB",
                f"{hall.memory_mb():.0f} MB",
                "",
                hall.memory_mb() <= 100,
            )


ROUNDS = range(7)


def _middle(runs: list[Run]) -> Run:
    return sorted(runs, key=lambda run: run.rate)[len(runs) // 2]


def _ratio(pairs: list[tuple[Run, Run]]) -> float:
    return _median([ours.rate / bare.rate for ours, bare in pairs])


def _call_rows(hall: object, manager: str) -> Iterator[Row]:
    calls = http.call_next(hall, manager, 2000)  # type: ignore[arg-type]
    called = Counter(calls.numbers)
    twice = sum(n - 1 for n in called.values())
    p99 = calls.run.percentile_ms(99)
    yield Row(
        "call-next, 16 clerks, 2,000 waiting",
        ">= 1,500/s, p99 <= 30 ms",
        f"{calls.rate:,.0f}/s, p99 {p99:.1f} ms, {twice} twice, {calls.skipped} skipped",
        f"{calls.commands_per_s:,.0f} commands/s in all",
        calls.rate >= 1500 and p99 <= 30 and not twice and not calls.skipped,
    )


def live_rows() -> Iterator[Row]:
    """Boards."""
    with folder() as path, running(path, "--no-devices") as hall:
        manager = hall.token("manager")
        few = asyncio.run(live.measure(hall, manager, 100, 100))
        p99 = few.percentile_ms(99)
        yield Row(
            "call to frame, 100 boards",
            "p99 <= 30 ms",
            f"p50 {few.percentile_ms(50):.1f} ms, p99 {p99:.1f} ms",
            "",
            p99 <= 30,
        )
    with folder() as path, running(path, "--no-devices") as hall:
        manager = hall.token("manager")
        many = asyncio.run(live.measure(hall, manager, 10_000, 6))
        slowest = max(many.all_s) * 1000
        yield Row(
            "10,000 SSE clients",
            "all <= 400 ms, <= 20 KB each",
            f"all in {slowest:.0f} ms, {many.kb_per_client:.1f} KB each",
            "",
            slowest <= 400 and many.kb_per_client <= 20,
        )


def start_rows() -> Iterator[Row]:
    """A restart in the evening of a busy day, and what an idle hall occupies."""
    with folder() as path:
        seq = history.fill(path, 5000)
        with running(path, "--no-devices") as hall:
            yield Row(
                f"start with a day of {seq:,} events",
                "<= 2 s",
                f"{hall.ready_s:.2f} s",
                "",
                hall.ready_s <= 2,
            )
            yield Row(
                "memory, server, after that day",
                "<= 80 MB",
                f"{hall.memory_mb():.0f} MB",
                "",
                hall.memory_mb() <= 80,
            )
    with folder() as path:
        with (path / "hall.toml").open("a", encoding="utf-8") as config:
            config.write('[[device]]\nid="p"\nkind="escpos"\nport="virtual://"\n')
        with running(path) as hall:
            time.sleep(3)  # not a test: let the device process settle
            total = hall.memory_mb() + sum(resident_mb(c) for c in children(hall.process.pid))
            yield Row(
                "memory, server and device process",
                "<= 130 MB",
                f"{total:.0f} MB",
                "",
                total <= 130,
            )


def device_rows() -> Iterator[Row]:
    """Strips and slips under twenty calls and twenty tickets a second."""
    with folder() as path:
        for row in devices.rows(devices.measure(path)):
            yield Row(*row)


def history_rows() -> Iterator[Row]:
    """The same work on a young and on an old hall, several rounds in turn."""
    rates: dict[str, list[list[float]]] = {"issue": [[], []], "call-next": [[], []]}
    rates["snapshot"] = [[], []]
    with folder() as young, folder() as old:
        history.fill(young, 1000)
        history.fill(old, 100_000)
        with running(young, "--no-devices") as a, running(old, "--no-devices") as b:
            tokens = [(hall.token("kiosk"), hall.token("manager")) for hall in (a, b)]
            for hall, (_, manager) in zip((a, b), tokens, strict=True):
                http.open_windows(hall, manager, 16)
            for _ in range(5):
                for index, hall in enumerate((a, b)):
                    kiosk, manager = tokens[index]
                    rates["issue"][index].append(1 / http.issue(hall, kiosk, 480).rate)
                    calls = http.call_next(hall, manager, 400, opened=True)
                    rates["call-next"][index].append(1 / calls.rate)
                    rates["snapshot"][index].append(1 / http.snapshot(hall, 3200).rate)
    for name, (young_s, old_s) in rates.items():
        ratio = _median(old_s) / _median(young_s)
        yield Row(
            f"{name} at 100,000 tickets against 1,000",
            "<= 1.2x",
            f"{ratio:.2f}x",
            f"{_median(young_s) * 1e6:.0f} us to {_median(old_s) * 1e6:.0f} us",
            ratio <= 1.2,
        )


def page_rows() -> Iterator[Row]:
    """Pages in a real Chromium."""
    with pages.chromium() as browser:
        with folder() as path, running(path, "--no-devices") as hall:
            painted = pages.call_to_painted(browser, hall, 200, 10)
        for what, taken in (("window", painted.tiles_ms), ("large", painted.heroes_ms)):
            p50, p99 = _median(taken), sorted(taken)[int(len(taken) * 0.99)]
            yield Row(
                f"call to painted on a board, {what}",
                "p99 <= 100 ms",
                f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, {len(taken)} calls",
                "",
                p99 <= 100,
            )
        with folder() as path, running(path, "--no-devices") as hall:
            heaps = pages.board_memory(browser, hall, 2000, 10)
        first, last = heaps[0], heaps[-1]
        yield Row(
            "heap of a board after 20,000 calls",
            "<= 1.1x that after 2,000",
            f"{last.megabytes:.2f} MB, {last.nodes} nodes, {last.listeners} listeners",
            f"{first.megabytes:.2f} MB, {first.nodes} nodes",
            last.megabytes <= first.megabytes * 1.1,
        )
        painted_ms = sorted(pages.slow_line(browser, 5))
        yield Row(
            "排队情况 on Slow 4G, empty cache, to first paint",
            "<= 1,000 ms",
            f"{_median(painted_ms):.0f} ms, worst of 5 {painted_ms[-1]:.0f} ms",
            "",
            _median(painted_ms) <= 1000,
        )
        for each in pages.weights(browser):
            yield Row(
                f"page {each.page}",
                "<= 60 kB packed",
                f"{each.bytes / 1000:.0f} kB, {each.packed / 1000:.0f} kB packed,"
                f" {each.requests} requests, {each.nodes} nodes",
                f"first paint {each.painted_ms:.0f} ms",
                each.packed <= 60_000,
            )


def console_rows() -> Iterator[Row]:
    """A clerk's key."""
    with folder() as path, running(path, "--no-devices") as hall:
        presses = console.measure(hall, hall.token("manager"), hall.token("clerk"))
        p50, p99 = presses.percentile(50), presses.percentile(99)
        rate = presses.others / presses.seconds
        yield Row(
            "console key to answer painted, Chromium",
            "p99 <= 100 ms",
            f"p50 {p50:.0f}, p99 {p99:.0f} ms, {len(presses.ms)} presses",
            f"while others make {rate:.0f} calls/s, 200 rows shown",
            p99 <= 100,
        )


def public_rows() -> Iterator[Row]:
    """A public process on a core of its own."""
    told = flood.capacity()
    answered, constant = _median(told.answered), _median(told.constant)
    ratio = _median([a / b for a, b in zip(told.answered, told.constant, strict=True)])
    yield Row(
        f"public process, snapshot, {told.bytes / 1000:.1f} kB, one core",
        ">= 85 % of constant bytes",
        f"{answered:,.0f}/s, {told.wrong} wrong",
        f"{constant:,.0f}/s: {ratio:.0%}",
        ratio >= 0.85 and not told.wrong,
    )
    cheaper = _median([b / a for a, b in zip(told.answered, told.unchanged, strict=True)])
    yield Row(
        "public process, 304",
        "cheaper than a 200",
        f"{_median(told.unchanged):,.0f}/s",
        f"{cheaper:.2f}x the 200s",
        cheaper > 1,
    )
    for page in flood.page_rates():
        drawn, constant = _median(page.drawn), _median(page.constant)
        name = f"public process, {page.name}, {page.bytes / 1000:.1f} kB packed, one core"
        rate = f"{drawn:,.0f}/s, {page.wrong} wrong"
        yield Row(name, "", rate, f"{constant:,.0f}/s: {drawn / constant:.0%}", not page.wrong)
    yield Row("own-ticket page, drawn anew, one core", "", f"{flood.drawn_anew():,.0f}/s", "", True)
    many = flood.streams(10_000, 6)
    slowest = max(many.all_s) * 1000
    yield Row(
        "public process, 10,000 SSE clients",
        "none cut, <= 20 KB each",
        f"call in the hall to all in {slowest:.0f} ms, {many.kb_per_client:.1f} KB each",
        "",
        many.kb_per_client <= 20,
    )


def flood_rows() -> Iterator[Row]:
    """A hall whose public process drowns: as the units arrange it, and with less."""
    for what, pinned, under in (
        ("a core each, flood idle-class", True, flood.LAST),
        ("any core, flood idle-class", False, flood.LAST),
        ("any core, nothing done about it", False, ()),
    ):
        told = flood.flood(pinned, under)
        calm, flooded = told.p99_ms(told.calm_s), told.p99_ms(told.flooded_s)
        calls = sum(map(len, told.flooded_s))
        rate = _median([one.rate for one in told.floods])
        yield Row(
            f"call-next p99, {what}",
            "<= 1.2x" if pinned else "for comparison",
            f"{flooded:.2f} ms with {rate:,.0f} readers/s, {calls} calls",
            f"{calm:.2f} ms without: {told.ratio:.2f}x; flood's core {_median(told.busy):.0%} busy",
            told.ratio <= 1.2 or not pinned,
        )


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _run(run: Run) -> str:
    return f"{run.rate:,.0f}/s, p50 {run.percentile_ms(50):.1f}, p99 {run.percentile_ms(99):.1f} ms"


PARTS: dict[str, Callable[[], Iterator[Row]]] = {
    "core": core_rows,
    "http": http_rows,
    "city": city_rows,
    "live": live_rows,
    "start": start_rows,
    "devices": device_rows,
    "history": history_rows,
    "pages": page_rows,
    "console": console_rows,
    "public": public_rows,
    "flood": flood_rows,
}


def main(wanted: list[str]) -> int:
    """Print the table; `python -m tests.bench core http` measures only those."""
    unknown = set(wanted) - set(PARTS)
    if unknown:
        print(f"parts are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    os.chdir(ROOT)
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.2f} before; Python {sys.version.split()[0]}\n")
    print(f"{'what':<42} {'reach':<28} {'measured':<52} bare, in the same run")
    for name in wanted or PARTS:
        for row in PARTS[name]():
            mark = " " if row.good else "!"
            print(f"{mark}{row.what:<41} {row.reach:<28} {row.ours:<52} {row.bare}", flush=True)
    print("\n! = not reached in this run")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
