"""The technician's requests: who may, bounds, garbage, and what a stream costs nobody."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from drivers.jobs import DeviceReport, FrameSeen, Order, WatchFrames
from queued.core.plan import Millis
from queued.engine.clock import SimulatedClock
from queued.frame_watch import FRAMES_WAITING_MAX, RENEW_MS, WATCH_MS, WATCHERS_MAX, FrameWatch
from queued.server.upkeep import RED_AFTER_MS, NoUpkeep, TooManyWatch, light
from queued.storage.device_events import DeviceEvent
from tests.hall_parts import eventually
from tests.server.hall_under_test import START, TOKENS, Running, running

DEVICES = "/halls/demo/devices"


@dataclass
class FakeUpkeep(NoUpkeep):
    """Events that a test sets, and real watchers of a device process that a test plays."""

    frames: FrameWatch
    stored: list[DeviceEvent] = field(default_factory=list)
    asked: list[tuple[str, int | None, int]] = field(default_factory=list)

    async def events(self, device, before, limit):
        self.asked.append((device, before, limit))
        return [one for one in self.stored if before is None or one.id < before][:limit]

    def watch(self, device):
        return self.frames.watch(device)


@dataclass
class Care:
    hall: Running
    upkeep: FakeUpkeep
    sent: list[Order]


@pytest.fixture
async def care(tmp_path) -> AsyncIterator[Care]:
    sent: list[Order] = []
    upkeep = FakeUpkeep(FrameWatch(SimulatedClock(START), sent.append))
    async with running(tmp_path, upkeep=upkeep) as hall:
        yield Care(hall, upkeep, sent)


def frame(n: int = 0) -> FrameSeen:
    return FrameSeen("strip-1", START + n, "out", bytes([n % 256]), 1)


async def test_how_a_device_is_with_words_in_both_languages(care: Care):
    for language, text, advice in (
        ("zh", "设备未连接", "重新插好连接线；确认端口存在。"),
        ("en", "The device is not connected", "Plug the cable in; check that the port exists."),
    ):
        headers = {"Accept-Language": language}
        status, told, _ = await care.hall.call(
            "GET", f"{DEVICES}/strip-1", role="manager", headers=headers
        )
        assert status == 200
        assert (told["light"], told["code"]) == ("red", "unplugged")
        assert (told["text"], told["advice"]) == (text, advice)
    _, well, _ = await care.hall.call("GET", f"{DEVICES}/printer-1", role="manager")
    assert (well["light"], well["code"], well["text"], well["advice"]) == (
        "green", None, None, None,
    )  # fmt: skip


async def test_events_come_in_pages_with_sentences(care: Care):
    care.upkeep.stored = [
        DeviceEvent(START, "strip-1", "degraded", "timeout", "no answer", id=9),
        DeviceEvent(START, "", "process_ended", "process_down", "", id=8),
        DeviceEvent(START, "strip-1", "tried", "shown", "", id=7),
    ]
    path = f"{DEVICES}/strip-1/events"
    _, page, _ = await care.hall.call("GET", f"{path}?limit=2", role="manager")
    assert [event["text"] for event in page["events"]] == [
        "出现问题：设备没有应答",
        "设备服务意外退出",
    ]
    assert page["next"] == 8
    _, rest, _ = await care.hall.call("GET", f"{path}?limit=2&before=8", role="manager")
    assert [event["text"] for event in rest["events"]] == [
        "试运行：测试文字已显示，10 秒后恢复原内容"
    ]
    assert rest["next"] is None


@pytest.mark.parametrize(
    "query", ["before=0", "before=-1", "before=x", "limit=0", "limit=201", "limit=1e9", "limit=%00"]
)
async def test_garbage_in_a_query_is_422(care: Care, query: str):
    path = f"{DEVICES}/strip-1/events?{query}"
    status, problem, _ = await care.hall.call("GET", path, role="manager")
    assert (status, problem["code"]) == (422, "invalid")
    assert care.upkeep.asked == []


async def test_devices_that_are_not_there_are_404(care: Care):
    for method, tail in (("GET", ""), ("GET", "/events"), ("GET", "/frames"), ("POST", "/test")):
        for name in ("no-such", "%00", "a" * 300):
            status, problem, _ = await care.hall.call(
                method, f"{DEVICES}/{name}{tail}", {} if method == "POST" else None, role="manager"
            )
            assert (status, problem["code"]) == (404, "unknown_device"), (method, tail, name)


async def test_what_cannot_be_tried_is_409(care: Care):
    status, problem, _ = await care.hall.call("POST", f"{DEVICES}/strip-1/test", role="manager")
    assert (status, problem["code"]) == (409, "no_test")


# ── Streams of frames ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("role", [None, *sorted(TOKENS)])
async def test_only_managers_watch_lines(care: Care, role: str | None):
    headers = {"Authorization": f"Bearer {TOKENS[role]}"} if role else {}
    url = f"{care.hall.url}/api/v1{DEVICES}/strip-1/frames"
    async with care.hall.http.get(url, headers=headers) as stream:
        allowed = role in ("manager", "admin")
        assert stream.status == (200 if allowed else 403 if role else 401)
    await eventually(lambda: not care.hall.site.streams.tasks)
    assert bool(care.sent) == allowed


async def test_a_watch_is_asked_for_and_ended(care: Care):
    headers = {"Authorization": f"Bearer {TOKENS['manager']}"}
    url = f"{care.hall.url}/api/v1{DEVICES}/strip-1/frames"
    async with care.hall.http.get(url, headers=headers) as stream:
        assert care.sent == [WatchFrames("strip-1", START + WATCH_MS)]
        care.upkeep.frames.on_report(frame(0xA5))
        async with asyncio.timeout(10):
            while not (line := await stream.content.readline()).startswith(b"data:"):
                pass
        assert b'"hex":"a5"' in line
    await eventually(lambda: care.sent[-1] == WatchFrames("strip-1", 0))
    assert care.hall.site.streams.open == 0


async def test_more_watchers_than_technicians_are_refused(care: Care):
    headers = {"Authorization": f"Bearer {TOKENS['manager']}"}
    url = f"{care.hall.url}/api/v1{DEVICES}/strip-1/frames"
    with _watching(care.upkeep.frames, WATCHERS_MAX):
        async with care.hall.http.get(url, headers=headers) as stream:
            assert stream.status == 429
    async with care.hall.http.get(url, headers=headers) as stream:
        assert stream.status == 200


async def test_a_stop_of_the_server_ends_streams_at_once(tmp_path):
    sent: list[Order] = []
    upkeep = FakeUpkeep(FrameWatch(SimulatedClock(START), sent.append))
    headers = {"Authorization": f"Bearer {TOKENS['manager']}"}
    loop = asyncio.get_running_loop()
    async with running(tmp_path, upkeep=upkeep) as hall:
        url = f"{hall.url}/api/v1{DEVICES}/strip-1/frames"
        stream = await hall.http.get(url, headers=headers)
        assert stream.status == 200
        began = loop.time()
    assert loop.time() - began < 3.0, "it waited for a stream"
    stream.close()


def _watching(frames: FrameWatch, count: int):
    stack = contextlib.ExitStack()
    for _ in range(count):
        stack.enter_context(frames.watch("strip-1"))
    return stack


async def test_one_who_reads_slowly_gets_the_newest_and_a_count():
    frames = FrameWatch(SimulatedClock(START), lambda _order: None)
    with frames.watch("strip-1") as slow:
        for n in range(FRAMES_WAITING_MAX + 20):
            frames.on_report(frame(n))
        first = await slow.frame(1)
        assert first is not None
        assert (first.at_ms, first.left_out) == (START + 20, 20)
        second = await slow.frame(1)
        assert second is not None and second.left_out == 0


async def test_a_watch_is_renewed_before_it_ends_and_after_a_restart():
    clock, sent = SimulatedClock(START), []
    frames = FrameWatch(clock, sent.append)
    with frames.watch("strip-1") as watcher, frames.watch("strip-1"):
        del sent[:]
        assert await watcher.frame(0.001) is None
        assert sent == []
        clock.move_to(Millis(START + RENEW_MS))
        assert await watcher.frame(0.001) is None
        assert sent == [WatchFrames("strip-1", START + RENEW_MS + WATCH_MS)]
        frames.on_up()
        assert len(sent) == 2
    assert sent[-1] == WatchFrames("strip-1", 0)
    with pytest.raises(TooManyWatch), _watching(frames, WATCHERS_MAX + 1):
        pass


# ── Red, amber, green ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("state", "error", "paper", "for_ms", "wanted"),
    [
        ("ready", "", "", 0, "green"),
        ("ready", "timeout: before", "ok", 0, "green"),
        ("ready", "", "near_end", 0, "amber"),
        ("ready", "", "out", 0, "red"),
        ("connecting", "", "", RED_AFTER_MS, "amber"),
        ("connecting", "process_down", "", 0, "amber"),
        ("connecting", "process_down", "", RED_AFTER_MS, "red"),
        ("degraded", "timeout: silent", "", 0, "amber"),
        ("degraded", "timeout: silent", "", RED_AFTER_MS, "red"),
        ("degraded", "cover_open: open", "", 0, "red"),
        ("broken", "bad_port: no", "", 0, "red"),
        ("stopped", "timeout: before", "", RED_AFTER_MS, "amber"),
    ],
)
def test_the_light(state, error, paper, for_ms, wanted):
    report = DeviceReport("d", "escpos", state, START, last_error=error, paper=paper)
    assert light(report, Millis(START + for_ms)) == wanted
