"""The device process as a real process: orders in, reports out, devices on real lines."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from drivers import jobs
from drivers.emulators import serving
from drivers.emulators.bx_fontcard import BxFontCard
from drivers.emulators.escpos import PrinterEmulator
from drivers.jobs import (
    Configure,
    DeviceConfig,
    DeviceReport,
    JobDone,
    JobFailed,
    JobGo,
    JobReady,
    PrintSlip,
    ShowText,
    SlipPrinted,
    Stop,
    StripShown,
    Text,
)
from drivers.lines import LineSplitter
from tests.drivers.fake_clock import eventually

LIMIT_S = 20.0
IDLE_RSS_MAX = 50 << 20


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
            lambda report: isinstance(report, DeviceReport)
            and (report.device, report.state) == (device, state)
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


# ── end to end ────────────────────────────────────────────────────────────────────────────


async def test_a_virtual_hall_prints_and_shows(tmp_path):
    async with running(printer(), strip(), spool=tmp_path) as agent:
        agent.order(ShowText("strip", "请A017到3号窗口"))
        agent.print("job/../1")
        assert await agent.until_kind(JobReady) == JobReady("job/../1", "printer")
        assert not list(tmp_path.rglob("*.png"))
        agent.order(JobGo("job/../1"))
        assert await agent.until_kind(JobDone) == JobDone("job/../1", "printer", confirmed=True)
        slip = await agent.until_kind(SlipPrinted)
        assert slip.job == "job/../1" and "A017" in slip.text and "市民服务中心" in slip.text
        with Image.open(tmp_path / slip.png) as picture:
            assert picture.format == "PNG" and picture.width >= 576
        assert (tmp_path / slip.png).with_suffix(".txt").read_text("utf-8") == slip.text
        assert (tmp_path / slip.png).resolve().is_relative_to(tmp_path / "printer")
        if not any(isinstance(report, StripShown) for report in agent.seen):
            await agent.until_kind(StripShown)
        assert StripShown("strip", "请A017到3号窗口") in agent.seen
        code, log = await agent.end()
        assert (code, log) == (0, b"")


async def test_real_lines_are_served_side_by_side_and_a_hung_one_alone_waits():
    hung_card, paper = BxFontCard(), PrinterEmulator(80)
    async with (
        serving.on_pty(hung_card, serving.LineFaults(deaf=True)) as hung,
        serving.on_tcp(paper) as tcp,
    ):
        async with running(strip(hung.url), printer(tcp.url)) as agent:
            agent.order(ShowText("strip", "A017"))
            for job in ("j1", "j2"):
                agent.print(job)
                await agent.until_kind(JobReady)
                agent.order(JobGo(job))
                assert await agent.until_kind(JobDone) == JobDone(job, "printer", True)
            assert len(paper.pages) == 2 and paper.violations == []
            if not any(getattr(report, "state", "") == "degraded" for report in agent.seen):
                await agent.until_state("strip", "degraded")
            assert hung_card.history == []


async def test_a_strip_unplugged_and_back_shows_the_present():
    card = BxFontCard()
    async with serving.on_tcp(card) as line:
        async with running(strip(line.url, ack_s=0.2)) as agent:
            agent.order(ShowText("strip", "A001"))
            await agent.until_kind(StripShown)
            line.unplug()
            card.power_cycle()
            agent.order(ShowText("strip", "A002"), ShowText("strip", "A003"))
            await agent.until_state("strip", "degraded")
            agent.order(ShowText("strip", "A004"))
            await line.plug()
            assert await agent.until_kind(StripShown) == StripShown("strip", "A004")
            assert card.history == ["A001", "A004"]
            assert card.violations == []


@pytest.mark.parametrize("serve", [serving.on_tcp, serving.on_pty])
async def test_a_printer_that_dies_between_two_bytes_leaves_the_slip_in_doubt(serve):
    paper = PrinterEmulator(80)
    async with serve(paper) as line:
        async with running(printer(line.url, timeout_s=0.3)) as agent:
            agent.print("j1")
            await agent.until_kind(JobReady)
            line.faults.unplug_after = 30
            agent.order(JobGo("j1"))
            failed = await agent.until_kind(JobFailed, JobDone)
            assert isinstance(failed, JobFailed)
            assert (failed.job, failed.maybe_printed) == ("j1", True)
            await line.plug()
            # Coming back, it does not print the slip again by itself …
            await agent.until_state("printer", "ready")
            agent.print("j1")
            # … nor when told to: in doubt, a person decides.
            assert await agent.until_kind(JobFailed, JobReady) == failed


async def test_a_printer_unplugged_before_the_first_byte_left_nothing_on_paper():
    """The negative control of the test above: the doubt is not claimed where there is none."""
    paper = PrinterEmulator(80)
    async with serving.on_tcp(paper) as line:
        async with running(printer(line.url, timeout_s=0.3)) as agent:
            agent.print("j1")
            await agent.until_kind(JobReady)
            line.unplug()
            agent.order(JobGo("j1"))
            failed = await agent.until_kind(JobFailed, JobDone)
            assert isinstance(failed, JobFailed)
            assert (failed.job, failed.maybe_printed) == ("j1", False)
            await line.plug()
            agent.print("j1")
            await agent.until_kind(JobReady)
            agent.order(JobGo("j1"))
            await agent.until_kind(JobDone)
            assert len(paper.pages) == 1


# ── the pipe ──────────────────────────────────────────────────────────────────────────────

GARBAGE = [
    b"garbage\n",
    b"\xff\xfe\x00\n",
    b"{}\n",
    b"[]\n",
    b'{"type":"no-such-order"}\n',
    b'{"type":"stop","now":true}\n',
    b'{"type":"job-go"}\n',
    b'{"type":"configure","devices":[{"type":"device","id":1}]}\n',
    b'{"type":"show-text","device":"strip","text":"' + b"x" * jobs.LINE_BYTES_MAX + b'"}\n',
    b"\x00" * 3_000_000 + b"\n",
    b"[" * 100_000 + b"\n",
]


async def test_garbage_is_reported_and_breaks_nothing():
    async with running(strip()) as agent:
        for count, line in enumerate(GARBAGE, start=1):
            agent.raw(line)
            report = await agent.until(lambda one: getattr(one, "kind", "") == "agent")
            assert report.counters == {"bad_orders": count}
            assert report.last_error.startswith("bad_order: ")
        agent.raw(b"\n  \n")
        agent.order(ShowText("strip", "A017"))
        assert await agent.until_kind(StripShown) == StripShown("strip", "A017")
        code, log = await agent.end()
        assert code == 0
        assert log.count(b"\n") == 1 and log.startswith(b"WARNING drivers: line 1")


async def test_a_spoiled_slip_is_answered():
    async with running(printer()) as agent:
        agent.raw(b'{"type":"print-slip","job":"j1","device":"printer","blocks":7}\n')
        assert await agent.until_kind(JobFailed) == JobFailed("j1", "printer", "bad_job", False)


@given(st.binary(max_size=200), st.data())
def test_lines_are_the_same_in_any_portions(data, draw):
    splitter, lines, rest = LineSplitter(limit=20), [], data
    while rest:
        size = draw.draw(st.integers(1, len(rest)))
        lines += splitter.feed(rest[:size])
        rest = rest[size:]
    whole = data.split(b"\n")[:-1]
    assert lines == [line if len(line) <= 20 else None for line in whole]


async def test_nothing_that_prints_to_stdout_breaks_the_pipe():
    script = (
        "import os, sys; from drivers.agent import private_stdout; fd = private_stdout();"
        "print('chatter'); os.system('echo more'); os.write(fd, b'report\\n')"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert out == b"report\n"
    assert b"chatter" in err and b"more" in err


# ── the end ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("how", ["stop", "closed pipe", "SIGTERM"])
async def test_it_ends_well(how):
    async with running(printer(), strip()) as agent:
        await agent.until_state("printer", "ready")
        if how == "stop":
            agent.order(Stop())
        elif how == "SIGTERM":
            agent.process.send_signal(signal.SIGTERM)
        else:
            agent.process.stdin.close()
        async with asyncio.timeout(LIMIT_S):
            out, log = await agent.process.communicate()
        assert agent.process.returncode == 0 and log == b""
        last = [jobs.decode_report(line) for line in out.splitlines()]
        assert {report.device for report in last if report.state == "stopped"} == {
            "printer",
            "strip",
        }


class SlowPaper(PrinterEmulator):
    """Takes its time over the slip: it answers nothing until `released`."""

    released = True

    def feed(self, data: bytes) -> bytes:
        self.faults.silent = not self.released
        return super().feed(data)


async def test_the_engine_dies_while_bytes_leave_and_the_slip_is_finished():
    paper = SlowPaper(80)
    async with serving.on_tcp(paper) as line:
        async with running(printer(line.url)) as agent:
            agent.print("j1")
            agent.print("j2")
            await agent.until_kind(JobReady)
            paper.released = False
            agent.order(JobGo("j1"))
            await eventually(lambda: paper.pages)
            agent.process.stdin.close()
            paper.released = True
            code, _ = await agent.end()
            assert code == 0
            assert len(paper.pages) == 1 and paper.violations == []


async def test_killed_while_bytes_leave_the_job_is_never_answered_nor_printed_again():
    paper = SlowPaper(80)
    async with serving.on_tcp(paper) as line:
        async with running(printer(line.url)) as agent:
            agent.print("j1")
            await agent.until_kind(JobReady)
            paper.released = False
            agent.order(JobGo("j1"))
            await eventually(lambda: paper.pages)
            agent.process.kill()
            await agent.process.wait()
            code, _ = await agent.end()
            assert code == -signal.SIGKILL
            assert not any(isinstance(one, JobDone | JobFailed) for one in agent.seen)
        paper.released = True
        async with running(printer(line.url)) as agent:
            await agent.until_state("printer", "ready")
            agent.print("j2")
            assert await agent.until_kind(JobReady) == JobReady("j2", "printer")
            assert len(paper.pages) == 1


async def test_an_engine_that_does_not_read_ends_the_agent(monkeypatch):
    async with running() as agent:
        agent.process.stdout._transport.pause_reading()  # type: ignore[union-attr]
        order = jobs.encode(ShowText("x" * 4000, "")) + b"x" * 10 + b"\n"
        spoiled = b'{"type":"print-slip","job":"' + b"j" * 4000 + b'","device":"d"}\n'
        for _ in range(2000):
            agent.raw(order[:0] + spoiled)
        async with asyncio.timeout(LIMIT_S):
            await agent.process.wait()
        agent.process.stdout._transport.resume_reading()  # type: ignore[union-attr]


# ── cost ──────────────────────────────────────────────────────────────────────────────────


async def test_an_idle_process_is_small():
    async with serving.on_pty(BxFontCard()) as line, serving.on_tcp(PrinterEmulator()) as tcp:
        devices = (printer(tcp.url), strip(line.url))
        async with running(*devices) as agent:
            await agent.until_state("printer", "ready")
            if not any(getattr(one, "device", "") == "strip" for one in agent.seen):
                await agent.until_state("strip", "ready")
            assert agent.rss() < IDLE_RSS_MAX


async def test_the_list_of_kinds_and_ports():
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "drivers", "list"), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    for word in ("escpos", "bx-fontcard", "tcp://", "serial://", "usb://", "virtual://"):
        assert word in out.decode()
