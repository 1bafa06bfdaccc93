"""The device process as a real process: its pipe, its end, its cost."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import jobs
from drivers.emulators import serving
from drivers.emulators.bx_fontcard import BxFontCard
from drivers.emulators.escpos import PrinterEmulator
from drivers.jobs import (
    JobDone,
    JobFailed,
    JobGo,
    JobReady,
    PrintSlip,
    Raster,
    ShowText,
    Stop,
    StripShown,
    Text,
)
from drivers.lines import LineSplitter
from tests.drivers.agent_process import LIMIT_S, Agent, printer, running, strip
from tests.drivers.fake_clock import eventually

IDLE_RSS_MAX = 50 << 20


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


BIG = Raster(576, bytes(72 * 400))
"""28,800 bytes: far more than a pseudo terminal holds."""


class DeafAfter(PrinterEmulator):
    """Tells the line to stop reading once it has had some of a slip."""

    line: serving.Line | None = None
    had = 0

    def feed(self, data: bytes) -> bytes:
        self.had += len(data)
        if self.line is not None and self.had > 2000:
            self.line.faults.deaf, self.line = True, None
        return super().feed(data)


@contextlib.asynccontextmanager
async def half_a_slip() -> AsyncIterator[tuple[Agent, serving.Line, PrinterEmulator]]:
    """A printer that stopped reading in the middle of the slip j1; j2 waits behind it."""
    paper = DeafAfter(80)
    async with serving.on_pty(paper) as line:
        paper.line = line
        async with running(printer(line.url)) as agent:
            expires = round((time.time() + 60) * 1000)
            agent.order(PrintSlip("j1", "printer", (BIG, Text("A017")), expires))
            agent.print("j2")
            await agent.until_kind(JobReady)
            agent.order(JobGo("j1"))
            await eventually(lambda: line.faults.deaf)
            assert paper.pages == []
            yield agent, line, paper


async def test_the_engine_dies_while_bytes_leave_and_the_slip_is_finished():
    async with half_a_slip() as (agent, line, paper):
        agent.process.stdin.close()
        line.faults.deaf = False
        code, _ = await agent.end()
        assert code == 0
        assert len(paper.pages) == 1 and paper.violations == []
        assert JobDone("j1", "printer", True) in agent.seen
        assert not any(getattr(report, "job", "") == "j2" for report in agent.seen)


async def test_killed_while_bytes_leave_the_job_is_never_answered_nor_printed_again():
    """Also the negative control of the test above: a process killed does not finish its slip."""
    async with half_a_slip() as (agent, line, paper):
        agent.process.kill()
        await agent.process.wait()
        line.faults.deaf = False
        code, _ = await agent.end()
        assert code == -signal.SIGKILL
        assert not any(isinstance(one, JobDone | JobFailed) for one in agent.seen)
        assert paper.pages == []
        async with running(printer(line.url)) as again:
            await again.until_state("printer", "ready")
            code, _ = await again.end()
        assert code == 0
        assert not any(isinstance(one, JobReady | JobDone | JobFailed) for one in again.seen)


def test_an_engine_that_does_not_read_its_reports_ends_the_agent():
    spoiled = b'{"type":"print-slip","job":"' + b"j" * 4000 + b'","device":"d"}\n'
    with subprocess.Popen(
        [sys.executable, "-m", "drivers", "agent"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    ) as process:
        assert process.stdin is not None and process.stderr is not None
        with contextlib.suppress(BrokenPipeError):
            for _ in range(5000):
                process.stdin.write(spoiled)
        assert process.wait(LIMIT_S) == 0
        assert b"does not read its reports" in process.stderr.read()


@pytest.mark.parametrize("source", ["/dev/null", "plain file"])
async def test_orders_may_come_from_anything_that_can_be_read(source, tmp_path):
    orders = tmp_path / "orders"
    orders.write_bytes(jobs.encode(jobs.Configure((strip(),))))
    with open(orders if source == "plain file" else source, "rb") as stdin:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "drivers", "agent"),
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(LIMIT_S):
            out, log = await process.communicate()
    assert (process.returncode, log) == (0, b"")
    assert (b'"state":"stopped"' in out) == (source == "plain file")


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
