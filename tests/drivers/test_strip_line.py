"""Turn-around, echoes and the time bytes need on the wire. Time is counted, not waited for."""

from __future__ import annotations

import asyncio

import pytest

from drivers import strip_line
from drivers.device import DeviceTransient
from drivers.emulators.bx_fontcard import BxFontCard
from drivers.jobs import DeviceConfig
from drivers.led import Strip
from drivers.ports import FilePort, SerialPort, TcpPort, VirtualPort
from drivers.strip_kinds import byte_s
from drivers.strip_line import ACCEPTED, LineProfile, Reply, StripLine
from drivers.strip_text import lines_of
from drivers.transport import VirtualTransport


class Port:
    """Notes what happens when; an answer comes as soon as it is read."""

    def __init__(self, answers: bytes = b"") -> None:
        self.events: list = []
        self.answers = answers

    async def open(self) -> None:
        pass

    async def write(self, data: bytes, timeout_s: float) -> int:
        self.events.append(data)
        return len(data)

    async def read(self, timeout_s: float) -> bytes:
        if not timeout_s:
            return b""
        data, self.answers = self.answers, b""
        if not data:
            await asyncio.sleep(0.01)  # the real loop's time: the line's limit runs on it
        return data

    async def close(self) -> None:
        pass


class Ear:
    """Hears a K."""

    def reset(self) -> None:
        pass

    def feed(self, data: bytes) -> list[Reply]:
        return [ACCEPTED for byte in data if byte == ord("K")]


@pytest.fixture
def pauses(monkeypatch):
    """What the line waits for, in seconds."""
    events: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        events.append(round(seconds, 3))
        await real(0)

    class Pausing:
        get_running_loop = staticmethod(asyncio.get_running_loop)
        Lock = asyncio.Lock

    Pausing.sleep = staticmethod(sleep)
    monkeypatch.setattr(strip_line, "asyncio", Pausing)
    return events


async def test_after_an_answer_the_line_is_silent_for_the_gap(pauses):
    line = StripLine(Port(b"K"), LineProfile(gap_ms=40), byte_s=0.001)
    await line.ask([b"1234"], Ear())
    assert pauses == pytest.approx([0.04], abs=0.01)  # less what the answer took to be read


async def test_without_an_answer_the_bytes_need_their_time_on_the_wire(pauses):
    line = StripLine(Port(), LineProfile(gap_ms=40), byte_s=0.001)
    await line.ask([b"12345678", b"1234"], None)
    assert pauses == [0.048, 0.044]


async def test_a_frame_before_the_question_is_out_before_the_question_is_asked(pauses):
    line = StripLine(Port(b"K"), LineProfile(gap_ms=20), byte_s=0.001)
    await line.ask([b"12345678", b"?"], Ear())
    assert pauses == pytest.approx([0.028, 0.02], abs=0.005)


async def test_an_answer_may_come_as_late_as_the_bytes_take():
    port = Port()
    line = StripLine(port, LineProfile(ack_s=0.02, gap_ms=0), byte_s=0.02)
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(DeviceTransient):
        await line.ask([b"12345"], Ear())
    assert loop.time() - began >= strip_line.TRIES * (0.02 + 5 * 0.02)


async def test_our_own_echo_is_no_answer():
    port = Port(b"say KK")
    line = StripLine(port, LineProfile(ack_s=0.03, gap_ms=0, local_echo=True))
    await line.ask([b"say K"], Ear())
    assert (port.events, line.retries) == ([b"say K"], 0)


async def test_an_echo_alone_is_silence():
    class Echo(Port):
        async def write(self, data: bytes, timeout_s: float) -> int:
            self.answers = data
            return await super().write(data, timeout_s)

    line = StripLine(Echo(), LineProfile(ack_s=0.02, gap_ms=0, local_echo=True))
    with pytest.raises(DeviceTransient) as caught:
        await line.ask([b"say K"], Ear())
    assert caught.value.code == "timeout"


async def test_without_discarding_the_echo_would_be_believed():
    """The negative control of the two above."""

    class Echo(Port):
        async def write(self, data: bytes, timeout_s: float) -> int:
            self.answers = data
            return await super().write(data, timeout_s)

    await StripLine(Echo(), LineProfile(ack_s=0.02, gap_ms=0)).ask([b"say K"], Ear())


def test_a_byte_takes_as_long_as_the_line_says():
    assert byte_s(SerialPort("/dev/x", 9600), 57600) == pytest.approx(10 / 9600)
    assert byte_s(SerialPort("/dev/x", 1200, "E", 2, 7), 57600) == pytest.approx(11 / 1200)
    assert byte_s(TcpPort("x", 1), 9600) == pytest.approx(10 / 9600)
    assert byte_s(VirtualPort(), 9600) == byte_s(FilePort("/x"), 9600) == 0


# ── lines ─────────────────────────────────────────────────────────────────────────────────


def test_lines_are_as_many_as_the_screen_has():
    assert lines_of("a\nb\nc", 2) == ("a", "b")
    assert lines_of("a", 3) == ("a", "", "")
    assert lines_of("a\nb", 1) == ("a\nb",)


async def test_a_font_card_shows_the_last_calls_in_lines_of_their_own():
    card = BxFontCard(height=64)
    options = {"height": 64, "lines": 4, "gap_ms": 0}
    strip = Strip(DeviceConfig("s", "bx-fontcard", "", options), VirtualTransport(card))
    await strip.connect()
    text = "请A017到3号窗口\n请B002到1号窗口"
    assert await strip.show(text, flash=True) == text
    assert [(area.y, area.height, area.text) for area in card.areas.values()] == [
        (0, 16, "请A017到3号窗口"),
        (16, 16, "请B002到1号窗口"),
        (32, 16, " "),
        (48, 16, " "),
    ]
    assert [area.mode for area in card.areas.values()] == [3, 1, 1, 1]
    assert await strip.show("") == ""
    assert (card.areas, card.violations) == ({}, [])


async def test_a_strip_of_one_line_joins_them():
    card = BxFontCard()
    config = DeviceConfig("s", "bx-fontcard", "", {"gap_ms": 0})
    strip = Strip(config, VirtualTransport(card))
    await strip.connect()
    assert await strip.show("A017\nA016") == "A017 A016" == card.text
