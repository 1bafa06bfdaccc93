"""The devices of the bench: emulators behind lines that take their time, in a process of its own.

A pseudo terminal hands over a frame at once; a real wire sends it for as long as the baud rate
says. So each line keeps a clock of its own: a frame ends when its last byte would be out, only
then the device has it, and its answer takes its time too. TCP is as fast as it is.

This process shares two cores with the hall and is late itself. So it only counts the bytes that
had come when an answer left or a text was shown; when they left is told by who sent them.

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
    """One line. `answers`: how many bytes of the host had come, and when the answer was with the
    host's kernel; `shown`: device, number, how many had come with the last byte of its frame."""

    byte_s: float
    emulators: dict[str, Any] = field(default_factory=dict)
    answers: list[tuple[int, float]] = field(default_factory=list)
    shown: list[tuple[str, str, int]] = field(default_factory=list)
    free_at: float = 0.0
    heard: int = 0

    def take(self, data: bytes, answer: Any) -> None:
        """The host's bytes have come; `answer` sends to the host."""
        self.heard += len(data)
        self._later(len(data), self._whole, data, self.heard, answer)

    def _whole(self, data: bytes, heard: int, answer: Any) -> None:
        for name, emulator in self.emulators.items():
            before = "" if isinstance(emulator, AnsweringPrinter) else emulator.text
            said = emulator.feed(data)
            self._seen(name, emulator, before, heard)
            if said:
                self._later(len(said), self._answered, said, heard, answer)

    def _answered(self, said: bytes, heard: int, answer: Any) -> None:
        answer(said)
        self.answers.append((heard, time.monotonic()))

    def _seen(self, name: str, emulator: Any, before: str, heard: int) -> None:
        if isinstance(emulator, AnsweringPrinter):
            self.shown += [(name, number, heard) for number in emulator.cut]
            emulator.cut.clear()
        elif emulator.text != before and (found := NUMBER.search(emulator.text)):
            self.shown.append((name, found[0], heard))

    def sizes(self) -> list[int]:
        """Bytes of the slips."""
        found = [one for one in self.emulators.values() if isinstance(one, AnsweringPrinter)]
        return [size for one in found for size in one.sizes]

    def _later(self, count: int, what: Any, *arguments: Any) -> None:
        """When `count` bytes more are over the wire; at once where there is none."""
        loop = asyncio.get_running_loop()
        if not self.byte_s:
            what(*arguments)
            return
        self.free_at = max(loop.time(), self.free_at) + count * self.byte_s
        loop.call_at(self.free_at, what, *arguments)


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
        name: {"answers": wire.answers, "shown": wire.shown, "sizes": wire.sizes()}
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
