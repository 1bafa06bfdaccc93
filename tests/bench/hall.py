"""A real hall for measuring: `queued serve` in a process of its own, in a temporary folder."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

READY_S = 60.0

CONFIG = """
[hall]
id = "bench"
name = "测试大厅"
[http]
streams_max = 20000
[rules]
auto_miss_after_s = 0
recall_interval_s = 0
waiting_max = 10000
"""

QUEUE = '[[queue]]\nid = "q{n}"\nletter = "{letter}"\nname = "队列{n}"\ndigits = 4\n'
WINDOW = '[[window]]\nid = "{n}"\nname = "{n}号窗口"\nqueues = ["*"]\n'
QUEUES, WINDOWS = 8, 40


@dataclass(slots=True)
class BenchHall:
    """A running hall: where it listens, its process, its folder."""

    port: int
    process: subprocess.Popen[str]
    folder: Path
    ready_s: float

    @property
    def api(self) -> str:
        """Path of the hall in the API."""
        return "/api/v1/halls/bench"

    def token(self, role: str, *more: str) -> str:
        """A fresh access token."""
        config = ("--config", str(self.folder / "hall.toml"))
        data = ("--data", str(self.folder / "data"))
        return queued("token", role, *more, *config, *data).strip()

    def memory_mb(self) -> float:
        """Resident memory of the server process, without children."""
        return resident_mb(self.process.pid)


def queued(*words: str) -> str:
    """Run one command to its end; its output. Raises on failure."""
    command = [sys.executable, "-m", "queued", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def free_port() -> int:
    """A loopback port nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def resident_mb(pid: int) -> float:
    """VmRSS of a process in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def children(pid: int) -> list[int]:
    """Direct children of a process."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder with the configuration in it."""
    path = Path(tempfile.mkdtemp(prefix="queued-bench-"))
    try:
        text = CONFIG
        text += "".join(QUEUE.format(n=n, letter=chr(65 + n)) for n in range(QUEUES))
        text += "".join(WINDOW.format(n=n) for n in range(1, WINDOWS + 1))
        (path / "hall.toml").write_text(text, "utf-8")
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def running(
    path: Path, *more: str, module: tuple[str, ...] = ("queued",)
) -> Iterator[BenchHall]:
    """`queued serve` on what is in `path`; ended with SIGTERM. `module` and its arguments may
    stand in for `queued`."""
    port = free_port()
    command = [sys.executable, "-m", *module, "serve", "--config", str(path / "hall.toml")]
    command += ["--data", str(path / "data"), "--port", str(port), *more]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line.startswith("queued: ready"):
            raise RuntimeError(f"the hall did not start: {line!r}")
        yield BenchHall(port, process, path, time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait(READY_S)


@contextlib.contextmanager
def bare(path: Path, size: int, *url: str) -> Iterator[int]:
    """The bare components in a process of their own, on SQLite or on a server; yields the port."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.bare", str(port), str(path), str(size), *url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield port
    finally:
        process.kill()
        process.wait(READY_S)
