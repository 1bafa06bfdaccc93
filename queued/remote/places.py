"""Who is in the hall: the code that is shown there, or a position that the visitor gives. Pure.

The code is an HMAC over the number of the five minutes it is shown in, six digits of it. The
code before it is good too: it is typed by people. A position is used once, and never kept.
"""

from __future__ import annotations

import hmac
import math
from dataclasses import dataclass, field

from queued.core.plan import Millis
from queued.settings_remote_values import RemoteSettings

STEP_MS = 5 * 60_000
"""Long enough to find the sign and to type, short enough that a photograph is soon worthless."""

DIGITS = 6

EARTH_M = 6_371_009
"""Mean radius of the earth (IUGG)."""

_PURPOSE = "queued on-site code v1"


@dataclass(frozen=True, slots=True)
class Proof:
    """What a phone brings to show where it is; "" for nothing."""

    code: str = field(default="", repr=False)
    latitude: str = field(default="", repr=False)
    longitude: str = field(default="", repr=False)


class OnSiteCode:
    """The code of one hall."""

    def __init__(self, hall: str, secret: bytes) -> None:
        self._hall = hall
        self._secret = secret

    def at(self, now: Millis) -> str:
        """What is shown now."""
        return self._of(now // STEP_MS)

    def good(self, code: str, now: Millis) -> bool:
        """Whether `code` is the one shown now, or the one before. The time tells nothing."""
        given = code.encode("utf-8", "replace")
        step = now // STEP_MS
        # Both are compared whatever the first comparison says.
        found = [hmac.compare_digest(given, self._of(step - back).encode()) for back in (0, 1)]
        return any(found)

    def until(self, now: Millis) -> Millis:
        """When the next one is shown."""
        return Millis((now // STEP_MS + 1) * STEP_MS)

    def _of(self, step: int) -> str:
        message = f"{_PURPOSE}|{self._hall}|{step}".encode()
        number = int.from_bytes(hmac.digest(self._secret, message, "sha256")[:8], "big")
        return f"{number % 10**DIGITS:0{DIGITS}}"


def within(settings: RemoteSettings, proof: Proof, metres: int) -> bool:
    """Whether the position given is so near to the hall's; False without the one or the other."""
    hall = _point(*settings.position.split(",")) if settings.position else None
    there = _point(proof.latitude, proof.longitude)
    return hall is not None and there is not None and _apart(hall, there) <= metres


def in_the_hall(settings: RemoteSettings, code: OnSiteCode, proof: Proof, now: Millis) -> bool:
    """Whether a phone has shown that it is in the hall; a hall that asks for nothing believes."""
    if settings.code and proof.code and code.good(proof.code, now):
        return True
    if settings.position and within(settings, proof, settings.radius_m):
        return True
    return not settings.code and not settings.position


def _point(latitude: str, longitude: str) -> tuple[float, float] | None:
    """Degrees as radians; None for what is no place on the earth."""
    try:
        north, east = float(latitude), float(longitude)
    except ValueError:
        return None
    if not (abs(north) <= 90 and abs(east) <= 180):  # NaN is not either
        return None
    return math.radians(north), math.radians(east)


def _apart(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Metres on the great circle (haversine formula)."""
    north, east = (one[0] - other[0]) / 2, (one[1] - other[1]) / 2
    chord = math.sin(north) ** 2 + math.cos(one[0]) * math.cos(other[0]) * math.sin(east) ** 2
    return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(chord)))
