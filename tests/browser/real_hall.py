"""A real hall in a process of its own: `queued demo` or `queued serve`, on a port that stays."""

from __future__ import annotations

import json
import os
import queue
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "config"

HASTE = {"QUEUED_RULES_RECALL_INTERVAL_S": "4"}
"""Between two calls of a number; ten seconds by default, which nobody here needs to wait."""

READY_S = 40.0
STOPPED_S = 20.0
ANSWER_S = 10.0


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class RealHall:
    """Started with `start()`, ended with `stop()`; the same data and port each time.

    Without `config` it is the demonstration hall without its virtual people.
    """

    def __init__(self, folder: Path, config: Path | None = None, hall_id: str = "demo") -> None:
        self.data = folder / "data"
        self.log = folder / "hall.log"
        self.config = config
        self.id = hall_id
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.sessions: dict[str, Any] = {}
        """Of people who have signed in, by role or token; see `watched.people`."""
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> RealHall:
        """Returns when the hall says that it is ready. Fails with its words otherwise."""
        assert self._process is None
        self.sessions.pop("manager", None)  # the demonstration's are forgotten at its start
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        with self.log.open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                self._command(),
                cwd=ROOT,
                env={**os.environ, **HASTE},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        threading.Thread(target=_pass_on, args=(self._process, lines), daemon=True).start()
        deadline = time.monotonic() + READY_S
        while not (line := _next(lines, deadline)).startswith("queued: ready"):
            if not line:
                self.stop()
                raise AssertionError(f"the hall did not start:\n{self.words()}")
        return self

    def stop(self) -> None:
        """SIGTERM, and wait for a clean end."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOPPED_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def kill(self) -> None:
        """SIGKILL: as if the power had failed."""
        process, self._process = self._process, None
        assert process is not None
        process.kill()
        process.wait(STOPPED_S)

    def token(self, role: str, name: str) -> str:
        """A new access token, as an administrator makes one."""
        command = [sys.executable, "-m", "queued", "token", role, "--name", name]
        made = subprocess.run(
            [*command, "--data", str(self.data)],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
            timeout=READY_S,
        )
        return made.stdout.strip()

    def words(self) -> str:
        """What the hall has written to its log."""
        return self.log.read_text(encoding="utf-8")

    def snapshot(self) -> dict[str, Any]:
        """The public snapshot, past any browser."""
        url = f"{self.url}/api/v1/halls/{self.id}"
        with urllib.request.urlopen(url, timeout=ANSWER_S) as answer:
            content: dict[str, Any] = json.load(answer)
            return content

    def _command(self) -> list[str]:
        where = ["--port", str(self.port), "--data", str(self.data)]
        if self.config is None:
            return [sys.executable, "-m", "queued", "demo", "--no-traffic", *where]
        return [sys.executable, "-m", "queued", "serve", "--config", str(self.config), *where]


def _pass_on(process: subprocess.Popen[str], lines: queue.SimpleQueue[str]) -> None:
    assert process.stdout is not None
    with process.stdout as stream:
        for line in stream:
            lines.put(line)
    lines.put("")


def _next(lines: queue.SimpleQueue[str], deadline: float) -> str:
    """The next line; "" at the end of the output or of our patience."""
    try:
        return lines.get(timeout=max(0.0, deadline - time.monotonic()))
    except queue.Empty:
        return ""
