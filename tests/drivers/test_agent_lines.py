"""The device process with devices on real lines: printed, shown, unplugged, in doubt."""

from __future__ import annotations

import asyncio

import pytest
from PIL import Image

from drivers.emulators import serving
from drivers.emulators.bx_fontcard import BxFontCard
from drivers.emulators.escpos import PrinterEmulator
from drivers.jobs import (
    JobDone,
    JobFailed,
    JobGo,
    JobReady,
    ShowText,
    SlipPrinted,
    StripShown,
)
from tests.drivers.agent_process import printer, running, strip

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
            await asyncio.sleep(0)  # a connection given up is closed in the loop's next turn
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
