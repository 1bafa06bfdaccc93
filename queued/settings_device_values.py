"""What a configuration says of a device. Which options a kind has is the drivers' business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

Option: TypeAlias = str | int | float | bool
Options: TypeAlias = Mapping[str, Option]

DEVICE_KINDS = (
    "escpos",
    "bx-fontcard",
    "hallbus",
    "a090",
    "pa-v21",
    "template",
    "syn6288",
    "xfs5152",
    "clips",
    "browser",
    "hallpad68",
    "evdev",
    "line",
    "sam",
)
"""The kinds the device process has drivers for; a test compares them with its registry."""


PADS = frozenset({"hallpad68", "evdev", "line"})
"""Kinds whose keys are a window's buttons."""

EVALUATORS = frozenset({"hallpad68", "line"})
"""Kinds that visitors may press a grade on."""

READERS = frozenset({"sam"})
"""Kinds that read identity cards."""


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """A device on `port` (a URL), serving a window, kiosk, zone or the hall (all None)."""

    id: str
    kind: str
    port: str
    window: str | None = None
    kiosk: str | None = None
    zone: str | None = None
    slip: str = "normal"
    """Of a printer: which templates its slips are made of, one of `SLIP_KINDS`."""
    rating_s: int = 0
    """Of an evaluator: how long a visitor is asked after each service; 0: not at all."""
    options: Options = field(default_factory=lambda: MappingProxyType({}))
    """The kind's own keys (width_mm, address …); the driver checks them."""
