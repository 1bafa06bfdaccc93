"""`queued` as its users have it: whole processes, started, asked, ended and killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from queued.commands.token import create
from queued.storage.city import City
from queued.storage.store import Store

ROOT = Path(__file__).resolve().parent.parent.parent
DEMO = ROOT / "config" / "demo.toml"

READY_S = 30.0
"""Starting takes about a second; this only ends a test that hangs."""

EXIT_S = 30.0
QUEUED = ("-m", "queued")

HALL = "crash"
API = f"/api/v1/halls/{HALL}"

CONFIG = f"""
[hall]
id = "{HALL}"
name = "测试大厅"
[rules]
auto_miss_after_s = 0
undo_within_s = 0
overflow_penalty_minutes = 5
waiting_max = 10000
[[class]]
id = "normal"
name = "普通"
[[class]]
id = "priority"
name = "优先"
head_start_minutes = 30
[[queue]]
id = "a"
letter = "A"
name = "综合受理"
digits = 4
[[queue]]
id = "b"
letter = "B"
name = "社保医保"
digits = %(digits)d
"""

WINDOW = '[[window]]\nid = "{id}"\nname = "{id}号窗口"\nqueues = {queues}\noverflow = {overflow}\n'

SERVES: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    **{str(number): (("a", "b"), ()) for number in range(1, 9)},
    **{str(number): (("a",), ("b",)) for number in range(9, 13)},
    **{str(number): (("b",), ("a",)) for number in range(13, 17)},
}
"""Window → its own queues, and those that it only helps: 16 windows of three kinds."""


def config(folder: Path, *, digits: int = 4, more: str = "") -> Path:
    """A configuration file with two queues and 16 windows; `digits` of the second queue."""
    text = CONFIG % {"digits": digits}
    for id_, (queues, overflow) in SERVES.items():
        text += WINDOW.format(id=id_, queues=_listed(queues), overflow=_listed(overflow))
    file = folder / "hall.toml"
    file.write_text(text + more, "utf-8")
    return file


def _listed(ids: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{id_}"' for id_ in ids) + "]"


def queued(*words: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, *QUEUED, *map(str, words)],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=READY_S + EXIT_S,
        check=False,
    )


def tokens(data: Path, city: City | None = None, /, **names: str) -> dict[str, str]:
    """Access tokens by name, each of the role given; made as `queued token` makes them."""

    async def make() -> dict[str, str]:
        store = await Store.open(data, owner=False, city=city)
        try:
            return {
                name: await create(store.accounts, role, name) for name, role in names.items()
            }
        finally:
            await store.close()

    return asyncio.run(make())


@dataclass(slots=True)
class Serving:
    """A running server: where it listens, and where it says what went wrong."""

    process: subprocess.Popen[str]
    port: int
    seq: int
    """What its ready line said."""
    ready_s: float
    log: Path

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; do not wait."""
        self.process.send_signal(number)

    def ended(self) -> int:
        """Its exit code, once it has ended; nothing more may have been said by then."""
        code = self.process.wait(EXIT_S)
        assert self.process.stdout is not None
        assert self.process.stdout.read() == "", "only the ready line is for others to read"
        self.process.stdout.close()
        return code

    def memory_mb(self) -> float:
        """Resident memory without children."""
        return resident_mb(self.process.pid)


@contextlib.contextmanager
def serving(
    config_file: Path,
    data: Path,
    *more: str,
    entry: Sequence[str] = QUEUED,
    devices: bool = False,
) -> Iterator[Serving]:
    """A server on a free port, ready; killed if it still runs at the end."""
    words = [sys.executable, *entry, "serve", "--config", str(config_file)]
    words += ["--data", str(data), "--port", "0", *more]
    if not devices:
        words.append("--no-devices")
    log = config_file.parent / "serve.log"
    started = time.monotonic()
    with log.open("a", encoding="utf-8") as errors:
        process = subprocess.Popen(
            words, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    try:
        line = _first_line(process)
        assert line.startswith("queued: ready http://"), line + log.read_text("utf-8")
        _, _, url, seq = line.split()
        yield Serving(
            process,
            int(url.rpartition(":")[2]),
            int(seq.removeprefix("seq=")),
            time.monotonic() - started,
            log,
        )
    finally:
        process.kill()
        process.wait(EXIT_S)
        assert process.stdout is not None
        process.stdout.close()


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], READY_S)
    return process.stdout.readline() if readable else "nothing was said in time: "


def resident_mb(pid: int) -> float:
    """VmRSS of a process in MB."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def children(pid: int) -> list[int]:
    """Direct children of a process."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    """Whether a process of this id runs (a zombie does not)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def descriptors(pid: int) -> int:
    """How many files and sockets a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))
