"""Records the captures beside this file from the strict emulators, anew:

    python -m tests.drivers.record_captures

The tests replay them; a change of what a driver says shows as a difference there first.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

from drivers.emulators.hallpad68 import HallPad68
from drivers.emulators.serving import on_tcp
from drivers.hallpad68 import KEY_CALL, KEY_RECALL
from drivers.jobs import PadShow as Show
from drivers.jobs import (
    Pair,
    Phrase,
    PrintSlip,
    Qr,
    Rule,
    Say,
    ShowText,
    Text,
)
from queued import __version__
from tests.drivers.replay import FORMAT
from tests.drivers.watching import Watched, config_of, watched

FOLDER = Path(__file__).parent / "captures"
FAR = 4_102_444_800_000
"""2100: a replay next year must not find the order expired."""

CALLS = ("请A017号到1号窗口", "暂停服务", "")
SLIP = (
    Text("市民服务中心", 2, "center"),
    Text("A017", 4, "center"),
    Pair("事项", "企业开办"),
    Rule(),
    Text("前面还有 3 人"),
    Qr("http://hall/t/0"),
)


def lines(device: Watched) -> str:
    """As `capture.js` writes them."""
    config, at = device.config, datetime.now(UTC).isoformat(timespec="seconds")
    head = {
        "capture": FORMAT, "kind": config.kind, "device": config.id, "port": "virtual://",
        "options": config.options, "version": __version__, "at": at,
    }  # fmt: skip
    seen = [
        {"at_ms": frame.at_ms, "direction": frame.direction, "hex": frame.data.hex()}
        for frame in device.frames
    ]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in [head, *seen])


async def strip(kind: str, **options: str | int) -> str:
    config = config_of(kind, **options)
    async with watched(config) as device:
        await device.ready()
        device.watch()
        for text in CALLS:
            device.reports = [one for one in device.reports if one in device.frames]
            device.order(ShowText(config.id, text))
            await device.done()
        return lines(device)


async def printer(**options: str | int) -> str:
    config = config_of("escpos", **options)
    async with watched(config) as device:
        await device.ready()
        device.watch()
        device.order(PrintSlip("2026-11-23-17", config.id, SLIP, FAR))
        await device.done()
        return lines(device)


async def voice(kind: str) -> str:
    config = config_of(kind)
    async with watched(config) as device:
        await device.ready()
        device.watch()
        phrase = Phrase("call", {"number": "A017", "window": "3"})
        device.order(Say("call-17", config.id, (phrase,), FAR))
        await device.done()
        return lines(device)


async def pad() -> str:
    emulated = HallPad68(1)
    async with on_tcp(emulated) as line, watched(config_of("hallpad68", line.url)) as device:
        await device.ready()
        device.watch()
        emulated.push = line.push
        emulated.press(KEY_CALL)
        await device.until(lambda one: type(one).__name__ == "PadPressed")
        device.order(Show(device.config.id, "A017", 12, ok=True))
        await device.until(lambda _one: emulated.display == "017_12")
        emulated.press(1, 8, KEY_CALL)
        await device.until(lambda one: getattr(one, "number", "") == "18")
        emulated.rate(4)
        await device.until(lambda one: type(one).__name__ == "Rated")
        emulated.press(KEY_RECALL)
        await device.until(lambda one: getattr(one, "action", "") == "recall")
        return lines(device)


async def main() -> None:
    """Write every capture."""
    FOLDER.mkdir(exist_ok=True)
    captures = {
        "escpos-80": printer(),
        "escpos-58": printer(width_mm=58),
        "bx-fontcard": strip("bx-fontcard"),
        "hallbus-nibble": strip("hallbus"),
        "hallbus-raw": strip("hallbus", text="raw", colour="green"),
        "a090": strip("a090"),
        "pa-v21": strip("pa-v21"),
        "template": strip("template"),
        "syn6288": voice("syn6288"),
        "xfs5152": voice("xfs5152"),
        "hallpad68": pad(),
    }
    for name, recording in captures.items():
        (FOLDER / f"{name}.jsonl").write_text(await recording, "utf-8")


if __name__ == "__main__":
    asyncio.run(main())
