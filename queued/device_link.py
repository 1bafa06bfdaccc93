"""The device process as the engine sees it: started, fed with orders, listened to, restarted.

A hung printer or a crash in a driver ends at this pipe: ticketing goes on, the process is
started again after a pause, and everybody who needs to say their orders again is told so.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from drivers.jobs import (
    LINE_BYTES_MAX,
    BadMessage,
    Configure,
    DeviceConfig,
    DeviceReport,
    Order,
    Report,
    Stop,
    StripShown,
    decode_report,
    encode,
)

log = logging.getLogger(__name__)

RESTART_S = (0.2, 1.0, 5.0, 15.0)
"""Pauses before starting a died process again; the last one is kept."""

LIVED_S = 60.0
"""A process that lived this long starts over with the shortest pause."""

STOP_S = 5.0
"""A slip whose bytes are leaving may end; then the process is ended."""

LAST_WORDS_S = 1.0
"""To read what an ended process had said; it takes milliseconds."""

UNSENT_BYTES_MAX = 4 << 20
"""A device process that does not read is ended and started again beyond this."""

AGENT = ("-m", "drivers", "agent")
"""The device process, for the interpreter that runs us."""

Heard = Callable[[Report], None]


class DeviceLink:
    """Runs `python -m drivers agent` and keeps it running.

    `on_report` hears every report; `on_up` is called after every (re)start, when earlier
    orders are gone and must be said again; `on_down` when the process ended unasked.
    """

    def __init__(self, devices: Sequence[DeviceConfig], spool: Path) -> None:
        self._devices = tuple(devices)
        self._spool = spool
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._reports: dict[str, DeviceReport] = {}
        self._shown: dict[str, str] = {}
        self.restarts = 0
        self.on_report: Heard = lambda _report: None
        self.on_up: Callable[[], None] = lambda: None
        self.on_down: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begin; needs a running event loop."""
        if self._devices:
            self._task = asyncio.get_running_loop().create_task(self._keep_running())

    async def stop(self) -> None:
        """Ask the process to finish, then end it. Stopping twice does nothing."""
        self._stopping = True
        self.send(Stop())
        process = self._process
        if process is not None:
            try:
                await asyncio.wait_for(process.wait(), STOP_S)
            except TimeoutError:
                _kill(process)
            if self._task is not None:
                # Its last reports are still in the pipe: they are read to the end.
                await asyncio.wait((self._task,), timeout=LAST_WORDS_S)
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def send(self, order: Order) -> bool:
        """Say an order. False if the process is down: it is said again after `on_up`."""
        process = self._process
        if process is None or process.stdin is None or process.stdin.is_closing():
            return False
        process.stdin.write(encode(order))
        if process.stdin.transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            log.error("the device process does not read; starting it again")
            _kill(process)
            return False
        return True

    @property
    def pid(self) -> int | None:
        """Of the running process."""
        return self._process.pid if self._process is not None else None

    def reports(self) -> Sequence[DeviceReport]:
        """The last report of every device, in configured order."""
        return [self._reports.get(device.id) or _unheard(device) for device in self._devices]

    def strip_texts(self) -> Mapping[str, str]:
        """What each strip acknowledged last."""
        return dict(self._shown)

    async def _keep_running(self) -> None:
        failures = 0
        while not self._stopping:
            started = time.monotonic()
            try:
                await self._run_once()
            except OSError as error:
                log.error("cannot run the device process: %s", error)
            if self._stopping:
                return
            failures = 0 if time.monotonic() - started > LIVED_S else failures + 1
            pause = RESTART_S[min(max(failures - 1, 0), len(RESTART_S) - 1)]
            self.restarts += 1
            log.warning("the device process ended; starting it again in %.1f s", pause)
            self._mark_down()
            self.on_down()
            await asyncio.sleep(pause)

    async def _run_once(self) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *AGENT,
            "--spool",
            str(self._spool),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_BYTES_MAX,
            cwd=Path(__file__).parent.parent,
            # A terminal's Ctrl-C must reach us first: we let a slip finish.
            start_new_session=True,
        )
        assert process.stdout is not None
        self._process = process
        try:
            self.send(Configure(self._devices))
            self.on_up()
            while line := await process.stdout.readline():
                self._hear(line)
        except ValueError as error:  # a line longer than the limit
            log.error("the device process sent nonsense: %s", error)
        finally:
            self._process = None
            _kill(process)
            await process.wait()

    def _hear(self, line: bytes) -> None:
        try:
            report = decode_report(line)
        except BadMessage as error:
            log.error("bad report from the device process: %s", error)
            return
        if isinstance(report, DeviceReport):
            self._reports[report.device] = report
        elif isinstance(report, StripShown):
            self._shown[report.device] = report.text
        try:
            self.on_report(report)
        except Exception:  # an edge: a listener's bug must not deafen us
            log.exception("handling a device report failed")

    def _mark_down(self) -> None:
        self._shown.clear()
        for device in self._devices:
            before = self._reports.get(device.id)
            if before is None or before.last_error != "process_down":
                # A process that does not even come up: since when counts from its first end.
                self._reports[device.id] = _unheard(device, "process_down")


def _unheard(device: DeviceConfig, error: str = "") -> DeviceReport:
    now = int(time.time() * 1000)
    return DeviceReport(device.id, device.kind, "connecting", now, last_error=error)


def _kill(process: asyncio.subprocess.Process) -> None:
    """The process and whatever it started."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
