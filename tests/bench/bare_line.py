"""What the machine itself needs between a commit and a write, under the load of the hall.

A program commits a row as the hall does, tells another through a pipe, and that one writes the
bytes of a slip to a terminal. No queue, no rules, no printer asked: less is not to be had.

python -m tests.bench.bare_line FOLDER    until its input ends; leaves bare.json: [ms, …]
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import time
import tty
from collections.abc import Iterator
from pathlib import Path

PERIOD_S = 0.1
SLIP_BYTES = 1500
END_S = 30.0


@contextlib.contextmanager
def beside(folder: Path) -> Iterator[None]:
    """Runs it for as long as the block does."""
    command = [sys.executable, "-m", "tests.bench.bare_line", str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert process.stdin is not None
    try:
        yield
    finally:
        process.stdin.close()
        process.wait(END_S)


async def commit(folder: Path) -> None:
    """The first program: a commit every `PERIOD_S`, told at once."""
    rows = sqlite3.connect(folder / "bare.sqlite", isolation_level=None, check_same_thread=False)
    rows.execute("PRAGMA journal_mode=WAL")
    rows.execute("PRAGMA synchronous=FULL")
    rows.execute("CREATE TABLE slip (body BLOB)")
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.bare_line", str(folder), "write",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None
    ended = asyncio.ensure_future(asyncio.to_thread(sys.stdin.read))
    found: list[float] = []
    while not ended.done():
        await asyncio.sleep(PERIOD_S)
        insert = "INSERT INTO slip VALUES (?)"
        await asyncio.to_thread(rows.execute, insert, (bytes(SLIP_BYTES),))
        committed = time.monotonic()
        child.stdin.write(b"go\n")
        found.append((float(await child.stdout.readline()) - committed) * 1000)
    child.stdin.close()
    await child.wait()
    (folder / "bare.json").write_text(json.dumps(found))


async def write() -> None:
    """The second: a slip for every line, and when the kernel had it."""
    master, slave = os.openpty()
    tty.setraw(slave)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    slip = bytes(SLIP_BYTES)
    while await reader.readline():
        os.write(slave, slip)
        print(time.monotonic(), flush=True)
        os.read(master, SLIP_BYTES)


if __name__ == "__main__":
    asyncio.run(write() if sys.argv[2:] else commit(Path(sys.argv[1])))
