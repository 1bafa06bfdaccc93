"""The device process: orders as JSON lines in, reports as JSON lines out.

It lives exactly as long as its input: when the engine dies, the pipe closes, the slip whose
bytes are leaving is finished, and the process ends. A job that was leaving then is never
answered; its ledger entry says "sent", and a person decides. What the engine cannot use (a
line that is no order) is told by a `DeviceReport` of the device "" (the agent itself) and
breaks nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from drivers.jobs import (
    BadMessage,
    DeviceReport,
    JobFailed,
    NotSpoken,
    Order,
    Report,
    decode_order,
    encode,
)
from drivers.lines import LineSplitter
from drivers.registry import Registry
from drivers.supervisor import Supervisor
from drivers.transport import can_wait, receive

log = logging.getLogger("drivers")

READ_BYTES = 1 << 16
LISTEN_S = 3600.0
"""An engine may be silent for as long as it likes; the limit only has to be some number."""
OUTBOX_BYTES_MAX = 4 << 20
"""Reports the engine did not read: thousands. It hangs, and then so do we: better to end, be
started again and find the truth in its ledger."""
WHY_CHARS_MAX = 200
"""The reason may quote a name out of the line, and a line may be a megabyte long."""
THREADS_MAX = 64
"""Host names, plain files and pictures are worked on in threads. More than there are devices
that could hang in one, and made only when needed."""
FLUSH_LIMIT_S = 2.0
"""For the last reports; an engine that is alive reads them in microseconds."""


class Outbox:
    """Reports on their way to the engine. Never blocks; `lost` is set when nobody reads."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._waiting = bytearray()
        self._writing = False
        self.lost = asyncio.Event()
        self._settled = asyncio.Event()
        """Nothing is waiting, or nobody reads any more."""
        self._settled.set()
        os.set_blocking(fd, False)

    def put(self, report: Report) -> None:
        """Send `report`, now or as soon as the pipe has room."""
        if self.lost.is_set():
            return
        self._waiting += encode(report)
        self._flush()
        if len(self._waiting) > OUTBOX_BYTES_MAX:
            log.error("the engine does not read its reports")
            self.lost.set()

    async def drain(self) -> None:
        """Wait until everything left, at most `FLUSH_LIMIT_S`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_LIMIT_S):
                await self._settled.wait()

    def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                del self._waiting[: os.write(self._fd, self._waiting)]
        except BlockingIOError:
            self._settled.clear()
            if not self._writing:
                loop.add_writer(self._fd, self._flush)
                self._writing = True
            return
        except OSError:
            self._waiting.clear()
            self.lost.set()
        self._settled.set()
        if self._writing:
            loop.remove_writer(self._fd)
            self._writing = False


class Agent:
    """Reads orders, gives them to the supervisor, counts what is no order."""

    def __init__(self, supervisor: Supervisor, report: Outbox) -> None:
        self._supervisor = supervisor
        self._outbox = report
        self._bad = 0
        self._since_ms = _now_ms()

    def take(self, line: bytes | None) -> bool:
        """Carry out one line; False when it said to stop. Never raises."""
        if line is not None and not line.strip():
            return True
        try:
            order = _order(line)
        except BadMessage as error:
            self._refuse(line, str(error)[:WHY_CHARS_MAX])
            return True
        return self._supervisor.obey(order)

    def _refuse(self, line: bytes | None, why: str) -> None:
        self._bad += 1
        log.log(
            logging.WARNING if self._bad == 1 else logging.DEBUG,
            "line %d on the pipe is no order: %s",
            self._bad,
            why,
        )
        match _whose_job(line):
            case _SlipHead(job, device):
                self._outbox.put(JobFailed(job, device, "bad_job", maybe_printed=False))
            case _SayHead(job, device):
                self._outbox.put(NotSpoken(job, device, "bad_job"))
        self._outbox.put(
            DeviceReport(
                device="",
                kind="agent",
                state="degraded",
                since_ms=self._since_ms,
                last_error=f"bad_order: {why}",
                last_error_at_ms=_now_ms(),
                counters={"bad_orders": self._bad},
            )
        )


class _SlipHead(msgspec.Struct, tag_field="type", tag="print-slip"):
    """Enough of a spoiled slip to answer it."""

    job: str
    device: str


class _SayHead(msgspec.Struct, tag_field="type", tag="say"):
    """Enough of a spoiled saying to answer it."""

    job: str
    device: str


async def run(spool: Path | None, orders: int = 0, reports: int = 1) -> int:
    """Serve until the orders end. `orders` and `reports` are file descriptors."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="work"))
    outbox = Outbox(reports)
    supervisor = Supervisor(outbox.put, Registry(spool))
    agent = Agent(supervisor, outbox)
    ends = asyncio.create_task(_read(agent, orders))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ends.cancel)
    lost = asyncio.create_task(outbox.lost.wait())
    await asyncio.wait((ends, lost), return_when=asyncio.FIRST_COMPLETED)
    ends.cancel()
    lost.cancel()
    await supervisor.stop()
    await outbox.drain()
    if ends.done() and not ends.cancelled() and (error := ends.exception()) is not None:
        log.error("the agent failed", exc_info=error)
        return 1
    return 0


async def _read(agent: Agent, fd: int) -> None:
    splitter = LineSplitter()
    async for data in _chunks(fd):
        for line in splitter.feed(data):
            if not agent.take(line):
                return


async def _chunks(fd: int) -> AsyncIterator[bytes]:
    """What comes in through `fd`, until its end."""
    if not can_wait(fd):  # a plain file or /dev/null, as somebody trying things out would use
        while data := await asyncio.to_thread(os.read, fd, READ_BYTES):
            yield data
        return
    os.set_blocking(fd, False)
    while True:
        data_or_silence = await receive(fd, lambda: os.read(fd, READ_BYTES), LISTEN_S, "stdin")
        if data_or_silence == b"":
            return
        if data_or_silence is not None:
            yield data_or_silence


def _order(line: bytes | None) -> Order:
    if line is None:
        raise BadMessage("a line that is too long")
    return decode_order(line)


def _whose_job(line: bytes | None) -> _SlipHead | _SayHead | None:
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.json.decode(line or b"", type=_SlipHead | _SayHead)
    return None


def _now_ms() -> int:
    from drivers.clock import SystemClock

    return SystemClock().now_ms()


def private_stdout() -> int:
    """A descriptor for reports; whatever prints to stdout from now on goes to stderr.

    A library that prints a line must not break the pipe.
    """
    reports = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return reports
