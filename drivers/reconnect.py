"""A device's link as an explicit state machine. Pure: no I/O, no clock, no chance.

            opened                 failed (transient)
    connecting ──────► ready ◄────────────► degraded
        │                │      opened         │
        └── broke ───────┴──────► broken ◄─────┘      stopped: from everywhere, final

After every failure the supervisor waits `pause_s` and tries again, in `broken` too: a wrong
cable is put right and an unplugged converter comes back without anybody restarting anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

State: TypeAlias = Literal["connecting", "ready", "degraded", "broken", "stopped"]
Happening: TypeAlias = Literal["opened", "failed", "broke", "stopped"]

TRANSITIONS: Mapping[State, Mapping[Happening, State]] = {
    "connecting": {
        "opened": "ready",
        "failed": "degraded",
        "broke": "broken",
        "stopped": "stopped",
    },
    "ready": {"opened": "ready", "failed": "degraded", "broke": "broken", "stopped": "stopped"},
    "degraded": {
        "opened": "ready",
        "failed": "degraded",
        "broke": "broken",
        "stopped": "stopped",
    },
    "broken": {"opened": "ready", "failed": "degraded", "broke": "broken", "stopped": "stopped"},
    "stopped": {},
}

PAUSE_FIRST_S = 0.5
"""A cable pushed back in should be noticed before anybody wonders."""
PAUSE_MAX_S = 30.0
"""A device that is off for hours is asked twice a minute: nothing on any bus."""
PAUSE_BROKEN_S = 60.0
"""Only a person can help; the longest pause."""


@dataclass(frozen=True, slots=True)
class Link:
    """How a device is, since when, and how often it failed in a row. Times in Unix ms."""

    state: State
    since_ms: int
    failures: int = 0
    last_error: str = ""
    last_error_at_ms: int = 0


def after(link: Link, happening: Happening, at_ms: int, error: str = "") -> Link:
    """`link` after `happening`. Raises `KeyError` where the table has no way (stopped)."""
    state = TRANSITIONS[link.state][happening]
    since = link.since_ms if state == link.state else at_ms
    if happening in ("failed", "broke"):
        return Link(state, since, link.failures + 1, error, at_ms)
    return replace(link, state=state, since_ms=since, failures=0)


def pause_s(link: Link, chance: float) -> float:
    """How long to wait before the next attempt; `chance` is random in [0, 1).

    Doubles with every failure in a row; the jitter keeps ten strips that lost the same
    converter from coming back in the same instant.
    """
    if link.state == "broken":
        longest = PAUSE_BROKEN_S
    else:
        longest = min(PAUSE_MAX_S, PAUSE_FIRST_S * 2 ** min(max(link.failures - 1, 0), 16))
    return longest * (0.5 + chance / 2)
