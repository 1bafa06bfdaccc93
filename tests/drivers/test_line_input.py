"""Devices that send lines: patterns to events, whatever comes in between."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.device import DeviceBroken, DeviceTransient
from drivers.emulators import serving
from drivers.input_event import Graded, KeyPress
from drivers.jobs import DeviceConfig
from drivers.line_input import LINE_MAX, LineDecoder, LineInput, profile_of
from drivers.ports import parse_port
from drivers.transport import open_port
from tests.drivers.fake_clock import eventually

OPTIONS = {
    "call_next": "N",
    "call": r"C(?P<number>\w{1,9})",
    "miss": "M|X",
    "rating": r"E(?P<grade>\d)",
}
MEANINGS = {
    "N": KeyPress("call-next"),
    "C017": KeyPress("call", "017"),
    "CA017": KeyPress("call", "A017"),
    "X": KeyPress("miss"),
    "E1": Graded("very-satisfied"),
    "E5": Graded("very-dissatisfied"),
    "E9": None,
    "NN": None,
    "C": None,
    "Cgarbage": None,
    "": None,
}


@pytest.mark.parametrize("line", MEANINGS)
def test_a_line_means_what_its_pattern_says(line):
    assert profile_of(OPTIONS).event(line) == MEANINGS[line]


LINES = st.lists(st.binary(max_size=LINE_MAX).filter(lambda line: b"\n" not in line), max_size=6)


@given(LINES, st.data())
def test_any_portions_give_the_same_lines(lines, draw):
    wire = b"".join(line + b"\n" for line in lines)
    decoder, found = LineDecoder(), []
    while wire:
        size = draw.draw(st.integers(1, len(wire)))
        found += decoder.feed(wire[:size])
        wire = wire[size:]
    assert found == lines


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("portion", [1, 7, 5000])
def test_a_line_too_long_is_passed_over_and_the_next_is_read(end, portion):
    decoder, found = LineDecoder(end), []
    wire = b"N" + end + b"x" * 3000 + end + b"E1" + end
    for at in range(0, len(wire), portion):
        found += decoder.feed(wire[at : at + portion])
    assert found == [b"N", b"E1"]
    assert decoder.flaws == 1


@given(st.lists(st.binary(max_size=400), max_size=8))
def test_any_bytes_are_kept_within_bounds(portions):
    decoder = LineDecoder()
    for portion in portions:
        assert all(len(line) <= LINE_MAX for line in decoder.feed(portion))
        assert len(decoder._bytes) <= LINE_MAX + 1


class Silent:
    """Hears what it is told."""

    def __init__(self) -> None:
        self.heard = b""

    def feed(self, data: bytes) -> bytes:
        self.heard += data
        return b""


def device_on(line, now, **options) -> LineInput:
    config = DeviceConfig("pad", "line", line.url, OPTIONS | options)
    return LineInput(config, open_port(parse_port(line.url, 1, 9600)), lambda: now[0])


@pytest.mark.parametrize("serve", [serving.on_tcp, serving.on_pty])
async def test_presses_are_heard_answered_and_counted_once(serve):
    device, now = Silent(), [0]
    async with serve(device) as line:
        pad = device_on(line, now, answer=r"OK\r\n")
        await pad.connect()
        line.push(b"\xff\xfe garbage\nN\r\nN\r\n")
        assert await asyncio.wait_for(pad.events(), 10) == [KeyPress("call-next")]
        await eventually(lambda: device.heard.count(b"OK\r\n") >= 1)
        waiting = asyncio.ensure_future(pad.events())
        now[0] += 10_000
        line.push(b"N\nE2\n")
        assert (await asyncio.wait_for(waiting, 10))[0] == KeyPress("call-next")
        assert pad.unknown == 1
        await pad.close()


@pytest.mark.parametrize("serve", [serving.on_tcp, serving.on_pty])
async def test_a_line_pulled_out_is_unplugged(serve):
    async with serve(Silent()) as line:
        pad = device_on(line, [0])
        await pad.connect()
        waiting = asyncio.ensure_future(pad.events())
        await asyncio.sleep(0)
        line.unplug()
        with pytest.raises(DeviceTransient) as caught:
            await asyncio.wait_for(waiting, 10)
        assert caught.value.code == "unplugged"
        await pad.close()


@pytest.mark.parametrize(
    "options",
    [{}, {"call": "C"}, {"rating": "E"}, {"miss": "("}, {"miss": "M", "end": "tab"},
     {"miss": "M", "charset": "utf-16"}, {"miss": "M", "charset": "no"},
     {"rating": r"(?P<grade>\d)", "grades": "1=splendid"}, {"colour": "red"}],
)  # fmt: skip
def test_an_option_that_cannot_be_is_named(options):
    with pytest.raises(DeviceBroken) as caught:
        profile_of(options)
    assert caught.value.code == "bad_option"
    assert (list(options) or ["call_next"])[-1] in str(caught.value)
