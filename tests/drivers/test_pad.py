"""Pads and evaluators on real lines, alone and on one bus with strips."""

from __future__ import annotations

import asyncio

import pytest

from drivers import hallpad68 as wire
from drivers.bus import FRAME_GAP_S, Bus, BusHandle
from drivers.device import DeviceBroken, DeviceTransient
from drivers.emulators import serving
from drivers.emulators.bx_fontcard import BxFontCard
from drivers.emulators.hallpad68 import HallPad68
from drivers.input_event import Graded, KeyPress
from drivers.jobs import DeviceConfig, PadShow
from drivers.led import Strip
from drivers.pad import Pad, profile_of
from drivers.ports import parse_port
from tests.drivers.fake_clock import eventually

NEXT = wire.Frame(1, 1, b"\x0c")
SERVES = pytest.mark.parametrize("serve", [serving.on_tcp, serving.on_pty])


class Wires:
    """Everything on one pair of wires hears everything."""

    def __init__(self, *devices) -> None:
        self.devices = devices
        self.heard = b""
        self.echoes = False

    def feed(self, data: bytes) -> bytes:
        self.heard += data
        answers = b"".join(device.feed(data) for device in self.devices)
        return data + answers if self.echoes else answers


PATIENT_S = 5.0
"""For frames torn by the test, so that a busy machine tears them no further."""


def bus_on(line, frame_gap_s: float = FRAME_GAP_S) -> Bus:
    return Bus(parse_port(line.url, tcp_port=1, baud=9600), frame_gap_s=frame_gap_s)


async def pad_on(bus, now_ms=None, **options) -> Pad:
    config = DeviceConfig("pad", "hallpad68", "", {"gap_ms": 0} | options)
    pad = Pad(config, BusHandle(bus), now_ms=now_ms) if now_ms else Pad(config, BusHandle(bus))
    await pad.connect()
    return pad


async def soon(work):
    async with asyncio.timeout(10):
        return await work


@SERVES
@pytest.mark.parametrize("split", [False, True])
async def test_a_press_is_heard_and_acknowledged(serve, split):
    emulated = HallPad68(1)
    async with serve(emulated, serving.LineFaults(split=split)) as line:
        emulated.push = line.push
        pad = await pad_on(bus_on(line, PATIENT_S))
        emulated.press(1, 7, 0x0C)
        assert await soon(pad.events()) == (KeyPress("call", "17"),)
        await eventually(lambda: not emulated.unacknowledged)
        emulated.rate(4)
        assert await soon(pad.events()) == (Graded("very-satisfied"),)
        await eventually(lambda: not emulated.unacknowledged)
        assert emulated.violations == []
        await pad.close()


async def test_a_press_said_twice_is_acknowledged_twice_and_counts_once():
    now = [1000]
    emulated = HallPad68(1)
    async with serving.on_tcp(emulated) as line:
        emulated.push = line.push
        pad = await pad_on(bus_on(line), lambda: now[0])
        emulated.press(0x0C)
        emulated.press(0x0C)
        assert await soon(pad.events()) == (KeyPress("call-next"),)
        next_one = asyncio.ensure_future(pad.events())
        await eventually(lambda: len(emulated.acknowledged) == 2)
        assert not next_one.done()
        now[0] += 501
        emulated.press(0x0C)
        assert await soon(next_one) == (KeyPress("call-next"),), "the control: later it is new"
        await pad.close()


async def test_a_press_that_waits_for_its_turn_says_for_how_long():
    """So that nobody is called by an old press: strips on the same line may be in trouble."""
    now = [1000]
    emulated = HallPad68(1)
    async with serving.on_tcp(emulated) as line:
        emulated.push = line.push
        bus = bus_on(line)
        pad = await pad_on(bus, lambda: now[0])
        waiting = asyncio.ensure_future(pad.events())
        async with bus.turn:
            emulated.press(0x0A)
            while not pad._heard:
                await bus.read(0.1)
            now[0] += 16_000
        (press,) = await soon(waiting)
        assert (press, press.waited_ms) == (KeyPress("start"), 16_000)
        emulated.press(0x0C)
        (press,) = await soon(pad.events())
        assert press.waited_ms == 0, "the control: in a quiet line's turn"
        await pad.close()


async def test_a_pad_shows_what_it_is_told():
    emulated = HallPad68(1)
    async with serving.on_tcp(emulated) as line:
        pad = await pad_on(bus_on(line))
        await pad.show(PadShow("pad", "A017", 12, ok=True))
        await pad.show(PadShow("pad", "", 3))
        await eventually(lambda: emulated.display == "_3")
        await pad.show(PadShow("pad", "A017", 12, ok=False))
        await eventually(lambda: emulated.display == "017_12")
        # Done with A017: its number may not stay there
        await pad.show(PadShow("pad", "", 11, ok=True))
        await eventually(lambda: emulated.display == "_11")
        assert emulated.verdicts == [True, False, True] and emulated.alarms == 1
        assert emulated.violations == []
        await pad.close()


async def test_frames_of_others_and_garbage_are_not_answered():
    wires = Wires()
    async with serving.on_tcp(wires) as line:
        pad = await pad_on(bus_on(line))
        line.push(wire.encode(wire.Frame(2, 1, b"\x0c")))
        line.push(b"\x68\x68\x16\xff\x68\x03")  # a beginning that never goes on
        line.push(wire.encode(NEXT)[:-1] + b"\x17")
        await asyncio.sleep(0)
        events = asyncio.ensure_future(pad.events())
        await eventually(lambda: pad._decoder.flaws and not pad._decoder.midway)
        line.push(wire.encode(NEXT))
        assert await soon(events) == (KeyPress("call-next"),)
        await eventually(lambda: wires.heard == wire.encode(NEXT))
        await pad.close()


@pytest.mark.parametrize("local_echo", [True, False])
async def test_our_own_echo_is_no_press(local_echo):
    wires = Wires()
    wires.echoes = True
    async with serving.on_tcp(wires) as line:
        pad = await pad_on(bus_on(line), local_echo=local_echo)
        line.push(wire.encode(NEXT))
        assert await soon(pad.events()) == (KeyPress("call-next"),)
        after = asyncio.ensure_future(pad.events())
        if local_echo:
            line.push(wire.encode(wire.Frame(1, 1, b"\x0d")))
            assert await soon(after) == (KeyPress("recall"),)
            assert wires.heard.count(wire.encode(NEXT)) == 1
        else:  # the control: it answers itself again and again
            await eventually(lambda: wires.heard.count(wire.encode(NEXT)) > 3)
            after.cancel()
        await pad.close()


@SERVES
async def test_pads_and_strips_share_a_line(serve):
    first, second, card = HallPad68(1), HallPad68(2), BxFontCard(address=3)
    async with serve(Wires(card, first, second)) as line:
        first.push = second.push = line.push
        bus = bus_on(line)
        pads = [await pad_on(bus, address=1, bounce_ms=0), await pad_on(bus, address=2)]
        config = DeviceConfig("strip", "bx-fontcard", line.url, {"address": 3, "gap_ms": 0})
        handle = BusHandle(bus)
        strip = Strip(config, handle, handle.turn)
        await soon(strip.connect())
        for number in range(5):
            first.press(0x0C)
            showing = asyncio.ensure_future(strip.show(f"A{number:03}"))
            assert await soon(pads[0].events()) == (KeyPress("call-next"),)
            assert await soon(showing) == card.text == f"A{number:03}"
        second.rate(1)
        assert await soon(pads[1].events()) == (Graded("basically-satisfied"),)
        await eventually(lambda: not first.unacknowledged and not second.unacknowledged)
        for device in (strip, *pads):
            await device.close()


class HalfDuplex:
    """Notes whoever talks while a pad's frame is arriving."""

    def __init__(self) -> None:
        self.arriving = False
        self.collisions = 0

    def feed(self, data: bytes) -> bytes:
        self.collisions += self.arriving
        return b""


@pytest.mark.parametrize("listening", [True, False])
async def test_nobody_talks_while_a_pad_talks(listening):
    wires = HalfDuplex()
    async with serving.on_tcp(wires) as line:
        bus = bus_on(line, PATIENT_S)
        pad = await pad_on(bus) if listening else None
        other = BusHandle(bus)
        await other.open()
        frame = wire.encode(NEXT)
        wires.arriving = True
        line.push(frame[:4])
        await eventually(lambda: line.idle)
        if pad is not None:
            await eventually(lambda: bus._midway)

        async def talk() -> None:
            async with other.turn:
                await other.write(b"question", 1)

        talking = asyncio.ensure_future(talk())
        for byte in frame[4:]:
            line.push(bytes([byte]))
            await eventually(lambda: line.idle)
            await asyncio.sleep(0.005)
        wires.arriving = False
        await soon(talking)
        await eventually(lambda: line.received >= 8)
        assert wires.collisions == (0 if listening else 1), "without a listener: the control"
        for device in (other, pad):
            if device is not None:
                await device.close()


@SERVES
async def test_a_line_that_is_lost_is_told_and_comes_back(serve):
    emulated = HallPad68(1)
    async with serve(emulated) as line:
        emulated.push = line.push
        bus = bus_on(line)
        pad = await pad_on(bus)
        waiting = asyncio.ensure_future(pad.events())
        await asyncio.sleep(0)
        line.unplug()
        with pytest.raises(DeviceTransient) as caught:
            await soon(waiting)
        assert caught.value.code == "unplugged"
        await pad.close()
        await line.plug()
        again = await pad_on(bus)
        emulated.press(0x0D)
        assert await soon(again.events()) == (KeyPress("recall"),)
        await again.close()


async def test_noise_without_end_does_not_keep_a_strip_from_talking():
    async with serving.on_tcp(Wires(BxFontCard())) as line:
        bus = bus_on(line)
        pad = await pad_on(bus)
        handle = BusHandle(bus)
        strip = Strip(DeviceConfig("strip", "bx-fontcard", ""), handle, handle.turn)
        noise = asyncio.ensure_future(_noise(line))
        assert await soon(_shown(strip)) == "A017"
        noise.cancel()
        for device in (strip, pad):
            await device.close()


async def _noise(line) -> None:
    while True:
        line.push(b"\x68")
        await asyncio.sleep(0.005)


async def _shown(strip: Strip) -> str:
    await strip.line.open()
    return await strip.show("A017")


@pytest.mark.parametrize(
    "options",
    [{"address": 0}, {"address": 128}, {"grades": "7=satisfied"}, {"grades": "1=good"},
     {"grades": ""}, {"bounce_ms": "x"}, {"local_echo": 1}, {"colour": "red"}],
)  # fmt: skip
def test_an_option_that_cannot_be_is_named(options):
    with pytest.raises(DeviceBroken) as caught:
        profile_of(options)
    assert caught.value.code == "bad_option"
    assert next(iter(options)) in str(caught.value)
