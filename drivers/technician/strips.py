"""`test-led`: every dot, the address, the colours and a count, each acknowledged by the strip."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from drivers.jobs import DeviceConfig, Report, ShowText, StripShown
from drivers.technician.session import Session, session
from drivers.technician.telling import Teller

SHOW_S = 40.0
"""For one text; the driver's own limit strikes first."""
COUNT = 5
COLOURS: Mapping[str, str] = {"red": "红色", "green": "绿色", "yellow": "黄色"}
COLOURED = frozenset({"bx-fontcard", "hallbus", "a090"})
"""Kinds whose option `colour` has these names; pa-v21 numbers the strip's own settings."""
DOTS = "■■■■■■■■"
"""In GB 2312 (A1F6), so every strip has it: a dead row or column shows as a gap."""


async def test_led(config: DeviceConfig, tell: Teller, text: str, pause_s: float) -> None:
    """Show and tell. `pause_s` between two texts, for the eyes. Raises `NotWorking`."""
    address = config.options.get("address", "-")
    tell("led.address", address=address, colour=config.options.get("colour", "-"))
    if "brightness" not in config.options:
        tell("led.no_brightness")
    async with session(config) as it:
        await it.connected()
        shown = 0
        for wanted in _texts(address, text):
            shown += await _show(it, wanted, tell)
            await asyncio.sleep(pause_s)
        for colour, name in _colours(config).items():
            options = {**config.options, "colour": colour}
            it.config = DeviceConfig(config.id, config.kind, config.port, options)
            await it.connected()
            shown += await _show(it, name, tell)
            await asyncio.sleep(pause_s)
        tell("led.done", count=shown)


def _texts(address: object, text: str) -> list[str]:
    counts = [str(number) for number in range(1, COUNT + 1)]
    return [DOTS, f"地址{address}", text, "请A017号", *counts]


def _colours(config: DeviceConfig) -> Mapping[str, str]:
    seven_bit = config.options.get("text") == "7bit"  # no colours are known for it
    return COLOURS if config.kind in COLOURED and not seven_bit else {}


async def _show(it: Session, wanted: str, tell: Teller) -> int:
    it.order(ShowText(it.config.id, wanted))

    def shown(report: Report) -> str | None:
        return report.text if isinstance(report, StripShown) else None

    answer = await it.until(shown, SHOW_S)
    tell("led.shown" if answer == wanted else "led.shown_as", text=wanted, shown=answer)
    return 1
