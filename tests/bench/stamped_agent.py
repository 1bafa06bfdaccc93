"""The device process, noting when the kernel had taken the bytes of each write.

python -m tests.bench.stamped_agent agent …    writes.json: {port: [[seconds, bytes], …]} at the end
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from drivers import __main__ as program
from drivers import agent, serial_link, transport

FOLDER = "QUEUED_BENCH_FOLDER"

_writes: dict[str, list[tuple[float, int]]] = defaultdict(list)
_send_all, _run = transport.send_all, agent.run


async def send_all(
    fd: int, send: Callable[[memoryview], int], data: bytes, timeout_s: float, name: str
) -> int:
    """As `drivers.transport.send_all`."""
    written = await _send_all(fd, send, data, timeout_s, name)
    _writes[name].append((time.monotonic(), written))
    return written


async def run(spool: Path | None, orders: int = 0, reports: int = 1) -> int:
    """As `drivers.agent.run`; the process leaves without a word to `atexit`."""
    try:
        return await _run(spool, orders, reports)
    finally:
        Path(os.environ[FOLDER], "writes.json").write_text(json.dumps(_writes))


if __name__ == "__main__":
    transport.send_all = serial_link.send_all = send_all
    agent.run = run
    sys.exit(program.main())
