"""Devices looked after from end to end: the real hall, the real device process, over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from drivers.emulators.escpos import PrinterEmulator
from drivers.emulators.serving import on_tcp
from drivers.jobs import DeviceReport
from queued import app as application
from queued import device_trials, upkeep
from queued.core.plan import Millis
from queued.device_link import DeviceLink
from queued.engine.clock import SimulatedClock
from queued.settings_values import DeviceSettings
from queued.storage.store import Store
from queued.strips import Strips
from queued.upkeep import Upkeep
from tests.hall_parts import eventually, kill, printer, settings
from tests.test_app import on_a_free_port

TOKEN = "token-of-manager-0123456789"
STRIP = DeviceSettings("strip", "bx-fontcard", "virtual://", window="1")
VOICE = DeviceSettings("voice", "syn6288", "virtual://")


@dataclass
class Care:
    """The hall, and a technician with a manager's token."""

    app: application.App
    http: aiohttp.ClientSession
    base: str

    async def get(self, path: str = "", **headers: str) -> Any:
        async with self.http.get(self.base + path, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def device(self, name: str) -> Any:
        return await self.get(f"/{name}")

    async def is_(self, name: str, **wanted: Any) -> bool:
        device = await self.device(name)
        return all(device[key] == value for key, value in wanted.items())

    async def kinds(self, name: str) -> list[tuple[str, str, str]]:
        found = (await self.get(f"/{name}/events"))["events"]
        return [(event["device"], event["kind"], event["code"]) for event in found]

    async def try_out(self, name: str) -> Any:
        async with self.http.post(f"{self.base}/{name}/test", json={}) as answer:
            assert answer.status == 202, await answer.text()
        await eventually(lambda: self._ended(name))
        return (await self.device(name))["test"]

    async def _ended(self, name: str) -> bool:
        test = (await self.device(name))["test"]
        return test is not None and test["state"] != "running"


@contextlib.asynccontextmanager
async def looked_after(data: Path, *devices: DeviceSettings) -> AsyncIterator[Care]:
    furnished = on_a_free_port(settings(*devices))
    async with application.running(furnished, data) as app:
        if await app.store.accounts.token(TOKEN) is None:
            await app.store.accounts.add_token(TOKEN, "manager", "m", Millis(0))
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with aiohttp.ClientSession(headers=headers) as http:
            care = Care(app, http, f"{app.url}/api/v1/halls/{app.hall.id}/devices")
            for device in devices:
                await eventually(lambda name=device.id: care.is_(name, state="ready"))
            yield care


@pytest.fixture
async def care(tmp_path: Path) -> AsyncIterator[Care]:
    async with looked_after(tmp_path / "data", printer(), STRIP, VOICE) as care:
        yield care


async def test_a_technician_tries_everything_and_no_ledger_counts_it(care: Care, monkeypatch):
    monkeypatch.setattr(device_trials, "SHOWN_S", 0.05)
    assert (await care.try_out("printer"))["code"] == "confirmed"
    assert (await care.try_out("strip"))["code"] == "shown"
    assert (await care.try_out("voice"))["code"] == "spoken"
    hall = care.app.hall.id
    assert await care.app.store.ledger.recent(hall, "printer") == []
    assert (await care.device("printer"))["done"]["slips_confirmed"] == 0
    await eventually(lambda: _has(care, "printer", ("printer", "tried", "confirmed")))
    # The slip is on (virtual) paper and says what it is.
    url = care.base.replace("/devices", "/printers/printer/slips")
    async with care.http.get(url) as answer:
        told = await answer.json()
    assert "本小票不是排队号" in told["slips"][0]["text"]
    # And the strip shows the present again.
    await eventually(lambda: _shows(care, url, "暂未开放"))


async def _has(care: Care, name: str, event: tuple[str, str, str]) -> bool:
    return event in await care.kinds(name)


async def _shows(care: Care, url: str, text: str) -> bool:
    async with care.http.get(url) as answer:
        strips = (await answer.json())["strips"]
    return strips == [{"id": "strip", "text": text}]


async def test_frames_are_live_while_one_watches(care: Care):
    async with care.http.get(f"{care.base}/strip/frames") as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        async with care.http.post(f"{care.base}/strip/test", json={}) as answer:
            assert answer.status == 202
        seen = []
        async with asyncio.timeout(20):
            while not any(word["name"] == "accepted" for one in seen for word in one["words"]):
                line = (await stream.content.readline()).decode()
                if line.startswith("data:"):
                    seen.append(json.loads(line.removeprefix("data:")))
    assert seen[0]["direction"] == "order"
    texts = [w["value"] for one in seen for w in one["words"] if w["name"] == "show_text"]
    assert device_trials.STRIP_TEXT in texts
    assert all(len(one["hex"]) == 2 * one["length"] for one in seen)


async def test_a_killed_device_process_is_an_event_and_counted(care: Care):
    process = next(iter(_children()))
    kill(process)
    await eventually(lambda: _has(care, "printer", ("", "process_ended", "process_down")))
    await eventually(lambda: care.is_("printer", state="ready"))
    assert (await care.get())["restarts"] == 1
    async with care.http.get(f"{care.app.url}/metrics") as answer:
        text = await answer.text()
    assert "queued_device_process_restarts_total 1.0" in text
    assert 'queued_device_up{device="printer",kind="escpos"} 1.0' in text
    assert 'queued_device_queue{device="voice",kind="syn6288"} 0.0' in text


def _children() -> list[int]:
    found = Path("/proc/self/task").glob("*/children")
    return [int(pid) for file in found for pid in file.read_text().split()]


async def test_a_stop_loses_no_event(tmp_path: Path):
    data = tmp_path / "data"
    async with looked_after(data, printer()) as care:
        hall = care.app.hall.id
    store = await Store.open(data)
    kinds = [(one.device, one.kind) for one in await store.device_events.of(hall)]
    await store.close()
    assert kinds[0] == ("printer", "stopped")
    assert set(kinds) == {("", "process_started"), ("printer", "ready"), ("printer", "stopped")}


async def test_trouble_is_told_with_what_to_do_and_alarms_the_manager(tmp_path, monkeypatch):
    monkeypatch.setattr(upkeep, "LOOK_S", 0.05)
    emulator = PrinterEmulator()
    async with on_tcp(emulator) as line:
        device = printer(line.url, timeout_s=0.3)
        async with looked_after(tmp_path / "data", device) as care:
            emulator.faults.paper = "out"
            async with care.http.post(f"{care.base}/printer/test", json={}) as answer:
                assert answer.status == 202
            await eventually(lambda: care.is_("printer", light="red"))
            told = await care.get("/printer", **{"Accept-Language": "zh"})
            assert (told["code"], told["text"], told["advice"]) == (
                "paper_out",
                "打印机缺纸",
                "装入新纸卷。",
            )
            english = await care.get("/printer", **{"Accept-Language": "en"})
            assert english["advice"] == "Put in a new roll."
            await eventually(lambda: _alarms(care, "设备 printer 需要处理：打印机缺纸。"))
            emulator.faults.paper = "ok"
            await eventually(lambda: care.is_("printer", light="green"))
            await eventually(lambda: _alarms(care))
            kinds = await care.kinds("printer")
    assert ("printer", "paper_out", "paper_out") in kinds


async def _alarms(care: Care, *texts: str) -> bool:
    async with care.http.get(care.base.replace("/devices", "/alarms")) as answer:
        alarms = (await answer.json())["alarms"]
    return [alarm["text"] for alarm in alarms] == list(texts)


async def test_each_change_of_light_is_told_once(tmp_path: Path):
    reports = [DeviceReport("d", "escpos", "ready", 0)]
    link = DeviceLink([], tmp_path)
    link.reports = lambda: reports  # type: ignore[method-assign]
    clock = SimulatedClock(Millis(10**12))
    strips = Strips("h", (), lambda: None, link.send)  # type: ignore[arg-type,return-value]
    watching = Upkeep("h", settings(), clock, link, strips, None)  # type: ignore[arg-type]
    told: list[tuple[str, ...]] = []
    watching.on_red = lambda device, code: told.append((device, code))
    watching.on_green = lambda device: told.append((device,))
    trouble = DeviceReport("d", "escpos", "broken", 0, last_error="bad_port: no such port")
    for now in ("ready", "broken", "broken", "ready", "ready"):
        reports[0] = trouble if now == "broken" else DeviceReport("d", "escpos", "ready", 0)
        watching.look()
    assert told == [("d", "bad_port"), ("d",)]
