"""What a hall costs that does nothing, and how long it takes to be there after a long day.

Times are printed, never asserted: they measure the machine of the minute.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

from tests.crash import long_day, process
from tests.crash.line import Line
from tests.crash.process import API, DEMO, queued

SERVER_MB_MAX = 80.0
WITH_DEVICES_MB_MAX = 130.0
"""A box under a desk has 1 GB for everything. Shared pages are counted in both processes."""

LONG_DAY = 20_000
"""Events: 5,000 visitors, more than the busiest hall we have data of."""

IDLE_S = 3.0
IDLE_CPU_MAX = 0.25
"""Share of a core; in peace it is below 0.01. More means that something spins."""


async def until_devices_are_ready(port: int, token: str) -> None:
    """As a manager sees them."""
    deadline = time.monotonic() + process.READY_S
    async with await Line.open(port, token) as line:
        while True:
            devices = (await line.ask("GET", "/api/v1/halls/demo/devices")).json["devices"]
            if devices and all(device["state"] == "ready" for device in devices):
                return
            assert time.monotonic() < deadline, devices
            await asyncio.sleep(0.05)


def cpu_s(pid: int) -> float:
    """Processor seconds a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_memory_without_devices(tmp_path: Path):
    (tmp_path / "hall.toml").write_bytes(DEMO.read_bytes())
    with process.serving(tmp_path / "hall.toml", tmp_path / "data") as hall:
        memory = hall.memory_mb()
        print(f"\nserver {memory:.1f} MB, ready in {hall.ready_s:.2f} s")
        assert process.children(hall.process.pid) == []
    assert 10 < memory < SERVER_MB_MAX


def test_memory_with_devices_and_an_idle_hall_idles(tmp_path: Path):
    (tmp_path / "hall.toml").write_bytes(DEMO.read_bytes())
    manager = process.tokens(tmp_path / "data", manager="manager")["manager"]
    with process.serving(tmp_path / "hall.toml", tmp_path / "data", devices=True) as hall:
        asyncio.run(until_devices_are_ready(hall.port, manager))
        (agent,) = process.children(hall.process.pid)
        server_mb, agent_mb = hall.memory_mb(), process.resident_mb(agent)
        print(f"\nserver {server_mb:.1f} MB + devices {agent_mb:.1f} MB")
        used, files = [cpu_s(hall.process.pid), cpu_s(agent)], process.descriptors(agent)
        time.sleep(IDLE_S)  # Nothing to wait for: what is measured is time passing.
        share = (cpu_s(hall.process.pid) + cpu_s(agent) - sum(used)) / IDLE_S
        print(f"{share:.1%} of a core when idle, {files} files open in the device process")
        hall.signal(signal.SIGTERM)
        assert hall.ended() == 0
        assert not process.alive(agent)
    assert 20 < server_mb + agent_mb < WITH_DEVICES_MB_MAX
    assert share < IDLE_CPU_MAX


def test_a_hall_that_works_is_seen_to_work(tmp_path: Path):
    """The negative control of the share: somebody asks without end."""
    with process.serving(process.config(tmp_path), tmp_path / "data") as hall:
        before = cpu_s(hall.process.pid)

        async def ask() -> None:
            line = await Line.open(hall.port)
            while cpu_s(hall.process.pid) - before <= IDLE_CPU_MAX * IDLE_S:
                assert (await line.ask("GET", f"{API}/services")).status == 200
            line.close()

        asyncio.run(asyncio.wait_for(ask(), process.READY_S))


def test_a_start_after_a_long_day(tmp_path: Path):
    config, data = process.config(tmp_path), tmp_path / "data"
    began = time.monotonic()
    seq = asyncio.run(long_day.make(config, data, LONG_DAY))
    made_s = time.monotonic() - began
    assert seq >= LONG_DAY
    with process.serving(config, data) as hall:
        assert hall.seq == seq
        print(f"\n{seq} events made in {made_s:.1f} s; ready in {hall.ready_s:.2f} s", end=", ")
        print(f"{hall.memory_mb():.0f} MB")

        async def waiting() -> int:
            line = await Line.open(hall.port)
            queues = (await line.ask("GET", API)).json["queues"]
            line.close()
            return sum(queue["waiting"] for queue in queues)

        assert asyncio.run(waiting()) == 0
        hall.signal(signal.SIGTERM)
        assert hall.ended() == 0
    assert queued("verify", "--data", data).returncode == 0
