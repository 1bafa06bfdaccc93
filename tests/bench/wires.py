"""The devices of the bench: emulators behind lines that take their time, in a process of its own.

A pseudo terminal hands over a frame at once; a real wire sends it for as long as the baud rate
says. So each line keeps a clock of its own: a frame ends when its last byte would be out, only
then the device has it, and its answer takes its time too. TCP is as fast as it is.

python -m tests.bench.wires FOLDER NAME    reads NAME.json, prints one line of ports, ends with its
input and leaves NAME.seen.json
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
import tty
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drivers.jobs import DeviceConfig
from drivers.registry import KINDS

NUMBER = re.compile(r"[A-Z]\d{4}")
NUMBER_BYTES = re.compile(rb"[A-Z]\d{4}")
ASKED = re.compile(rb"\x10\x04[\x01-\x04]", re.DOTALL)
RECEIPT, CUT = b"\x1dr\x01", b"\x1dV"
BITS_PER_BYTE = 10


class AnsweringPrinter:
    """A printer that is always well and only answers. The strict one sets and draws every slip,
    which takes it ten times as long as what is measured here; tests hold slips to it."""

    def __init__(self) -> None:
        self.cut: list[str] = []
        """Numbers on the slips cut since the last look."""
        self.sizes: list[int] = []
        self._slip = bytearray()

    def feed(self, data: bytes) -> bytes:
        """The answers to DLE EOT and GS r 1."""
        self._slip += data
        answers = b"\x12" * len(ASKED.findall(data)) + b"\x00" * data.count(RECEIPT)
        if CUT in data:
            slip = ASKED.sub(b"", bytes(self._slip)).replace(RECEIPT, b"")
            self.sizes.append(len(slip))
            self.cut.append(next(iter(NUMBER_BYTES.findall(slip)), b"").decode())
            self._slip.clear()
        return answers


@dataclass
class Wire:
    """One line. `busy` are the spans in which bytes were on it, both ways; `shown` what came of
    the last byte of a frame: device, number, when its first byte came, when its last was out."""

    byte_s: float
    emulators: dict[str, Any] = field(default_factory=dict)
    busy: list[tuple[float, float]] = field(default_factory=list)
    shown: list[tuple[str, str, float, float]] = field(default_factory=list)
    free_at: float = 0.0

    def take(self, data: bytes, answer: Any) -> None:
        """The host's bytes have come; `answer` sends to the host."""
        came = time.monotonic()
        ends = self._occupy(came, len(data))
        loop = asyncio.get_running_loop()
        loop.call_at(loop.time() + ends - came, self._whole, data, came, ends, answer)

    def _whole(self, data: bytes, came: float, ends: float, answer: Any) -> None:
        for name, emulator in self.emulators.items():
            before = "" if isinstance(emulator, AnsweringPrinter) else emulator.text
            said = emulator.feed(data)
            self._seen(name, emulator, before, came, ends)
            if said:
                out = self._occupy(time.monotonic(), len(said))
                loop = asyncio.get_running_loop()
                loop.call_at(loop.time() + max(0.0, out - time.monotonic()), answer, said)

    def _seen(self, name: str, emulator: Any, before: str, came: float, ends: float) -> None:
        if isinstance(emulator, AnsweringPrinter):
            self.shown += [(name, number, came, ends) for number in emulator.cut]
            emulator.cut.clear()
        elif emulator.text != before and (found := NUMBER.search(emulator.text)):
            self.shown.append((name, found[0], came, ends))

    def sizes(self) -> list[int]:
        """Bytes of the slips."""
        found = [one for one in self.emulators.values() if isinstance(one, AnsweringPrinter)]
        return [size for one in found for size in one.sizes]

    def _occupy(self, at: float, count: int) -> float:
        begin = max(at, self.free_at)
        self.free_at = begin + count * self.byte_s
        self.busy.append((begin, self.free_at))
        return self.free_at


async def serve(folder: Path, part: str) -> None:
    """Until the input ends. A device: id, kind, line, baud (0: TCP), options."""
    devices: list[dict[str, Any]] = json.loads((folder / f"{part}.json").read_text())
    wires: dict[str, Wire] = {}
    ports: dict[str, str] = {}
    for device in devices:
        name, baud = device["line"], device["baud"]
        if name not in wires:
            wires[name] = Wire(BITS_PER_BYTE / baud if baud else 0.0)
            ports[name] = await _open(folder, name, baud, wires[name])
        config = DeviceConfig(device["id"], device["kind"], "virtual://", device["options"])
        printer = config.kind == "escpos"
        emulator = AnsweringPrinter() if printer else KINDS[config.kind].emulator(config)
        wires[name].emulators[device["id"]] = emulator
    print(json.dumps(ports), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    seen = {
        name: {"busy": wire.busy, "shown": wire.shown, "sizes": wire.sizes()}
        for name, wire in wires.items()
    }
    (folder / f"{part}.seen.json").write_text(json.dumps(seen))


async def _open(folder: Path, name: str, baud: int, wire: Wire) -> str:
    loop = asyncio.get_running_loop()
    if not baud:

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(1 << 16):
                wire.take(data, writer.write)

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        return f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    path = folder / name
    path.symlink_to(os.ttyname(slave))

    def answer(said: bytes) -> None:
        os.write(master, said)

    loop.add_reader(master, lambda: wire.take(os.read(master, 1 << 16), answer))
    return f"serial://{path}?baud={baud}"


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2]))
