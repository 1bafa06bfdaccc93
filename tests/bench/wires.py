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

from drivers.emulators.escpos import PrinterEmulator
from drivers.jobs import DeviceConfig
from drivers.registry import KINDS

NUMBER = re.compile(r"[A-Z]\d{4}")
BITS_PER_BYTE = 10


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
            before = "" if isinstance(emulator, PrinterEmulator) else emulator.text
            said = emulator.feed(data)
            self._seen(name, emulator, before, came, ends)
            if said:
                out = self._occupy(time.monotonic(), len(said))
                loop = asyncio.get_running_loop()
                loop.call_at(loop.time() + max(0.0, out - time.monotonic()), answer, said)

    def _seen(self, name: str, emulator: Any, before: str, came: float, ends: float) -> None:
        if isinstance(emulator, PrinterEmulator):
            for page in emulator.pages:
                numbers = [word for word in page.text.split() if NUMBER.fullmatch(word)]
                self.shown.append((name, numbers[0] if numbers else "", came, ends))
            emulator.pages.clear()
        elif emulator.text != before and (found := NUMBER.search(emulator.text)):
            self.shown.append((name, found[0], came, ends))

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
        wires[name].emulators[device["id"]] = KINDS[config.kind].emulator(config)
    print(json.dumps(ports), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    seen = {name: {"busy": wire.busy, "shown": wire.shown} for name, wire in wires.items()}
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
