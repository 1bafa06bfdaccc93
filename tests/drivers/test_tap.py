"""Frames are told while somebody watches, never otherwise, never too many, never private."""

from __future__ import annotations

import time

import pytest
from msgspec.structs import replace

from drivers import strip_kinds
from drivers.emulators.hallpad68 import HallPad68
from drivers.emulators.sam import SamReader, card_text
from drivers.emulators.serving import on_tcp
from drivers.frames import FRAME_BYTES_MAX, FrameSeen, WatchFrames
from drivers.jobs import Configure, PadShow, ShowText, decode_order, decode_report, encode
from drivers.tap import FRAMES_PER_S_MAX, WATCH_MAX_S, Tap
from drivers.transport import ShortWrite
from tests.drivers.agent_process import running, strip
from tests.drivers.fake_clock import FakeClock
from tests.drivers.strip_families import Wires
from tests.drivers.watching import config_of, order_of, watched

NAME, NUMBER = "王小明", "11010519491231002X"


class Line:
    """A line that takes what `room` allows."""

    one_way = True

    def __init__(self, room: int = 1 << 20) -> None:
        self.room = room
        self.answers: list[bytes] = []

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def write(self, data: bytes, timeout_s: float) -> int:
        if len(data) > self.room:
            raise ShortWrite("timeout", "full", self.room)
        return len(data)

    async def read(self, timeout_s: float) -> bytes:
        return self.answers.pop(0) if self.answers else b""


class Reading:
    """A reader that counts how often one was made, and fails when told to."""

    made = 0

    def __init__(self) -> None:
        type(self).made += 1
        self.fails = False

    def out(self, data: bytes) -> tuple:
        if data == b"boom":
            raise RuntimeError("a bug")
        return ()

    heard = out


class Tapped:
    def __init__(self, private: bool = False, room: int = 1 << 20) -> None:
        Reading.made = 0
        self.clock, self.told = FakeClock(), []
        self.tap = Tap("d", Reading, private)
        self.inner = Line(room)
        self.line = self.tap.over(self.inner)

    def watch(self, seconds: float = 10) -> None:
        until = self.clock.now_ms() + round(seconds * 1000)
        self.tap.watch(until, self.told.append, self.clock)


async def test_without_a_watcher_nothing_is_made_or_told():
    line = Tapped()
    line.inner.answers = [b"ok"]
    await line.line.write(b"hello", 1)
    assert await line.line.read(0) == b"ok"
    assert (line.told, Reading.made) == ([], 0)


async def test_frames_are_told_in_order_until_the_time_is_over():
    line = Tapped()
    line.watch(10)
    line.inner.answers = [b"ok"]
    await line.line.write(b"hello", 1)
    await line.line.read(0)
    assert [(one.direction, one.data, one.length) for one in line.told] == [
        ("out", b"hello", 5),
        ("in", b"ok", 2),
    ]
    await line.clock.advance(10)
    await line.line.write(b"late", 1)
    assert len(line.told) == 2 and not line.tap.watched


async def test_a_watch_has_an_end_whatever_was_asked():
    line = Tapped()
    line.watch(10**6)
    await line.clock.advance(WATCH_MAX_S)
    await line.line.write(b"late", 1)
    assert line.told == []


async def test_zero_ends_a_watch():
    line = Tapped()
    line.watch()
    line.tap.watch(0, line.told.append, line.clock)
    await line.line.write(b"x", 1)
    assert line.told == []


async def test_too_many_are_counted_not_told():
    line = Tapped()
    line.watch(10)
    for _ in range(FRAMES_PER_S_MAX + 30):
        await line.line.write(b"x", 1)
    assert len(line.told) == FRAMES_PER_S_MAX
    await line.clock.advance(1)
    await line.line.write(b"y", 1)
    assert (line.told[-1].data, line.told[-1].left_out) == (b"y", 30)
    assert Reading.made == 2, "what follows a gap is read afresh"


async def test_a_long_portion_comes_as_several_frames():
    line = Tapped()
    line.watch()
    data = bytes(range(256)) * 40
    await line.line.write(data, 1)
    assert b"".join(one.data for one in line.told) == data
    assert max(one.length for one in line.told) == FRAME_BYTES_MAX


async def test_of_a_failed_write_what_left_is_told():
    line = Tapped(room=3)
    line.watch()
    with pytest.raises(ShortWrite):
        await line.line.write(b"hello", 1)
    assert [one.data for one in line.told] == [b"hel"]


async def test_a_reader_with_a_bug_does_not_disturb_the_line(caplog):
    line = Tapped()
    line.watch()
    assert await line.line.write(b"boom", 1) == 4
    assert [one.data for one in line.told] == [b"boom"]
    assert "cannot be read back" in caplog.text


async def test_private_bytes_are_never_told():
    line = Tapped(private=True)
    line.watch()
    await line.line.write(NUMBER.encode(), 1)
    assert [(one.data, one.length) for one in line.told] == [(b"", 18)]


async def test_a_tapped_line_is_still_itself():
    assert Tapped().line.one_way is True


async def test_a_card_reader_tells_commands_and_never_a_person():
    reader = SamReader()
    async with on_tcp(reader) as served, watched(config_of("sam", served.url)) as device:
        await device.ready()
        device.watch()
        reader.lay(card_text(NAME, NUMBER))
        await device.until(lambda one: type(one).__name__ == "CardRead")
    names = {word.name for word in [*device.words("out"), *device.words("in")]}
    assert {"card_look", "card_there", "card_read"} <= names
    assert all(frame.data == b"" for frame in device.frames)
    shown = b"".join(encode(frame) for frame in device.frames).decode()
    for secret in (NAME, NUMBER, NAME.encode("utf-16-le").hex(), NUMBER.encode("utf-16-le").hex()):
        assert secret not in shown


async def test_orders_are_told_beside_the_bytes():
    config = config_of("bx-fontcard")
    async with watched(config) as device:
        await device.ready()
        device.watch()
        device.order(order_of(config))
        await device.done()
    assert device.frames[0].direction == "order"
    assert decode_order(device.frames[0].data) == order_of(config)


async def test_on_a_bus_each_device_tells_its_own_and_a_pad_hears_all():
    pad, emulated = config_of("hallpad68"), config_of("bx-fontcard")
    strip_1 = replace(emulated, id="strip")
    wires = Wires(strip_kinds.emulator(strip_1), HallPad68(1))
    async with on_tcp(wires) as served, watched(replace(pad, port=served.url)) as device:
        device.order(Configure((device.config, replace(strip_1, port=served.url))))
        await device.until(lambda one: getattr(one, "state", "") == "ready")
        device.watch()
        device.order(WatchFrames("strip", int((time.time() + 30) * 1000)))
        device.order(ShowText("strip", "请A001号"))
        device.order(PadShow("device", "A001", 3))
        await device.until(lambda one: type(one).__name__ == "StripShown")
        await device.until(lambda one: _sent(one, "show_number"))
    told = {frame.device: set() for frame in device.frames}
    for frame in device.frames:
        told[frame.device] |= {(frame.direction, word.name) for word in frame.words}
    assert ("out", "show_text") in told["strip"] and ("out", "show_text") not in told["device"]
    assert ("out", "show_number") in told["device"]
    assert ("out", "show_number") not in told["strip"]


def _sent(report: object, name: str) -> bool:
    return isinstance(report, FrameSeen) and any(word.name == name for word in report.words)


async def test_the_device_process_tells_frames_on_order():
    async with running(strip()) as agent:
        await agent.until_state("strip", "ready")
        agent.order(WatchFrames("strip", int((time.time() + 30) * 1000)))
        agent.order(ShowText("strip", "请A001号"))
        seen = await agent.until(lambda one: isinstance(one, FrameSeen) and one.direction == "in")
        assert isinstance(seen, FrameSeen)
        assert [word.name for word in seen.words] == ["accepted"]
        agent.order(WatchFrames("no-such-device", 1))
        agent.order(ShowText("strip", "请A002号"))
        await agent.until(lambda one: getattr(one, "text", "") == "请A002号")


def test_frames_survive_the_pipe():
    frame = FrameSeen("d", 5, "out", b"\x00\xff", 2, (), 7)
    assert decode_report(encode(frame).rstrip()) == frame
