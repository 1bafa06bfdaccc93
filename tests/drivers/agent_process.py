"""The device process as the engine has it: a process at the other end of a pipe."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from drivers import jobs
from drivers.jobs import (
    Configure,
    DeviceConfig,
    DeviceReport,
    PrintSlip,
    Text,
)

LIMIT_S = 20.0


class Agent:
    """The engine's end of the pipe."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.seen: list[jobs.Report] = []

    def order(self, *orders: jobs.Order) -> None:
        self.raw(b"".join(jobs.encode(order) for order in orders))

    def raw(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)

    def print(self, job: str, device: str = "printer", expires_s: float = 60) -> None:
        expires = round((time.time() + expires_s) * 1000)
        blocks = (Text("市民服务中心", 2, "center"), Text("A017", 4, "center"))
        self.order(PrintSlip(job, device, blocks, expires))

    async def until(self, wanted: Callable[[jobs.Report], bool]) -> jobs.Report:
        """The next report that is `wanted`; all others are kept in `seen`."""
        assert self.process.stdout is not None
        async with asyncio.timeout(LIMIT_S):
            while line := await self.process.stdout.readline():
                report = jobs.decode_report(line)
                self.seen.append(report)
                if wanted(report):
                    return report
        raise AssertionError(f"the agent ended; it said {self.seen}")

    async def until_kind(self, *kinds: type) -> jobs.Report:
        return await self.until(lambda report: isinstance(report, kinds))

    async def until_state(self, device: str, state: str) -> jobs.Report:
        return await self.until(
            lambda report: (
                isinstance(report, DeviceReport)
                and (report.device, report.state) == (device, state)
            )
        )

    async def end(self) -> tuple[int, bytes]:
        """Close its input; its exit code and what it logged."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        async with asyncio.timeout(LIMIT_S):
            out, log = await self.process.communicate()
        self.seen += [jobs.decode_report(line) for line in out.splitlines()]
        assert self.process.returncode is not None
        return self.process.returncode, log

    def rss(self) -> int:
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextlib.asynccontextmanager
async def running(*devices: DeviceConfig, spool: Path | None = None) -> AsyncIterator[Agent]:
    arguments = ["--spool", str(spool)] if spool else []
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "drivers", "agent", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=jobs.LINE_BYTES_MAX,
    )
    agent = Agent(process)
    try:
        agent.order(Configure(devices))
        yield agent
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def printer(port: str = "virtual://", **options: str | int | float | bool) -> DeviceConfig:
    return DeviceConfig("printer", "escpos", port, options)


def strip(port: str = "virtual://", **options: str | int | float | bool) -> DeviceConfig:
    return DeviceConfig("strip", "bx-fontcard", port, options)
