"""The lines emulators stand on: each fault does what it says, on TCP and on a terminal."""

import asyncio

import pytest

from drivers.device import DeviceTransient
from drivers.emulators import serving
from drivers.emulators.serving import LineFaults
from drivers.ports import parse_port
from drivers.transport import open_port

LINES = {"tcp": serving.on_tcp, "pty": serving.on_pty}


class Loud:
    """Answers in capitals."""

    def __init__(self):
        self.heard = b""

    def feed(self, data):
        self.heard += data
        return data.upper()


async def opened(line):
    transport = open_port(parse_port(line.url, 9100, 9600))
    await transport.open()
    return transport


async def collect(transport, count, timeout_s=2.0):
    """Reads until `count` bytes came; the chunks they came in."""
    chunks = []
    async with asyncio.timeout(timeout_s):
        while sum(map(len, chunks)) < count:
            if data := await transport.read(0.1):
                chunks.append(data)
    return chunks


@pytest.mark.parametrize("kind", LINES)
@pytest.mark.parametrize(
    ("faults", "answer"),
    [(LineFaults(), b"ABC"), (LineFaults(garbled=True), bytes(b ^ 0xFF for b in b"ABC"))],
)
async def test_answers(kind, faults, answer):
    async with LINES[kind](Loud(), faults) as line:
        transport = await opened(line)
        await transport.write(b"abc", 1)
        assert b"".join(await collect(transport, 3)) == answer
        await transport.close()


@pytest.mark.parametrize("kind", LINES)
async def test_torn_answers_come_in_pieces(kind):
    async with LINES[kind](Loud(), LineFaults(split=True)) as line:
        transport = await opened(line)
        await transport.write(b"abcdefgh", 1)
        chunks = await collect(transport, 8)
        assert b"".join(chunks) == b"ABCDEFGH"
        assert len(chunks) > 1
        await transport.close()


@pytest.mark.parametrize("kind", LINES)
async def test_a_silent_line_hears(kind):
    loud = Loud()
    async with LINES[kind](loud, LineFaults(silent=True)) as line:
        transport = await opened(line)
        await transport.write(b"abc", 1)
        assert await transport.read(0.1) == b""
        assert loud.heard == b"abc"
        await transport.close()


@pytest.mark.parametrize("kind", LINES)
async def test_late_answers_come_late_and_in_order(kind):
    async with LINES[kind](Loud(), LineFaults(late_s=0.1)) as line:
        transport = await opened(line)
        clock = asyncio.get_running_loop().time
        sent = clock()
        await transport.write(b"ab", 1)
        assert b"".join(await collect(transport, 2)) == b"AB"
        assert clock() - sent >= 0.1
        await transport.close()


@pytest.mark.parametrize("kind", LINES)
async def test_a_deaf_line_blocks_the_writer(kind):
    async with LINES[kind](Loud(), LineFaults(deaf=True)) as line:
        transport = await opened(line)
        with pytest.raises(DeviceTransient) as caught:
            await transport.write(bytes(20_000_000), 0.2)
        assert caught.value.code == "timeout"
        await transport.close()


@pytest.mark.parametrize("kind", LINES)
async def test_unplugged_after_some_bytes_and_plugged_again(kind):
    loud = Loud()
    async with LINES[kind](loud, LineFaults(unplug_after=2)) as line:
        transport = await opened(line)
        with pytest.raises(DeviceTransient):
            await transport.write(b"abcdef", 1)
            await collect(transport, 6)
        assert loud.heard == b"ab"
        await transport.close()
        with pytest.raises(DeviceTransient):
            await transport.open()
        await line.plug()
        await transport.open()
        await transport.write(b"g", 1)
        assert b"".join(await collect(transport, 1)) == b"G"
        await transport.close()


@pytest.mark.parametrize("kind", LINES)
async def test_what_a_device_says_unasked_arrives(kind):
    async with LINES[kind](Loud()) as line:
        transport = await opened(line)
        await transport.write(b"a", 1)
        line.push(b"!")
        assert b"".join(await collect(transport, 2)) in (b"A!", b"!A")
        await transport.close()


@pytest.mark.parametrize("kind", LINES)
async def test_a_broken_emulator_fails_its_test(kind):
    class Broken:
        def feed(self, data):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        async with LINES[kind](Broken()) as line:
            transport = await opened(line)
            with pytest.raises(DeviceTransient):
                await transport.write(b"a", 1)
                await collect(transport, 1)
            await transport.close()
