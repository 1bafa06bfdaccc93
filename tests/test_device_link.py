"""The device process is kept running, and what it says is heard, garbage included."""

from __future__ import annotations

from pathlib import Path

from drivers.jobs import DeviceConfig, PrintSlip, Report, Text
from queued.device_link import DeviceLink
from tests.hall_parts import eventually, kill

PRINTER = DeviceConfig("printer", "escpos", "virtual://")


async def test_devices_report_ready(tmp_path: Path) -> None:
    link = DeviceLink([PRINTER], tmp_path)
    assert [report.state for report in link.reports()] == ["connecting"]
    link.start()
    await eventually(lambda: link.reports()[0].state == "ready")
    await link.stop()


async def test_a_killed_process_comes_back_and_asks_for_its_orders(tmp_path: Path) -> None:
    link = DeviceLink([PRINTER], tmp_path)
    ups: list[int | None] = []
    link.on_up = lambda: ups.append(link.pid)
    link.start()
    await eventually(lambda: link.reports()[0].state == "ready")

    kill(link.pid)

    await eventually(lambda: len(ups) == 2)
    assert ups[0] != ups[1]
    await eventually(lambda: link.reports()[0].state == "ready")
    await link.stop()


async def test_an_order_to_a_process_that_is_down_is_not_lost_silently(tmp_path: Path) -> None:
    link = DeviceLink([PRINTER], tmp_path)
    assert not link.send(PrintSlip("job", "printer", (Text("A001"),), 0))


async def test_a_listener_with_a_bug_does_not_deafen_the_link(tmp_path: Path) -> None:
    link = DeviceLink([PRINTER], tmp_path)

    def buggy(_report: Report) -> None:
        raise RuntimeError("bug")

    link.on_report = buggy
    link.start()
    await eventually(lambda: link.reports()[0].state == "ready")
    await link.stop()


async def test_without_devices_there_is_no_process(tmp_path: Path) -> None:
    link = DeviceLink([], tmp_path)
    link.start()
    assert link.pid is None
    await link.stop()
