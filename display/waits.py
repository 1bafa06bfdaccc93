"""How an expected wait is worded: a promise rounded up, a range, never a bare mean.

The numbers come from the estimate; this module only rounds. People forgive "within 35 minutes"
that took 20, not the opposite, so the headline is the 80 % bound rounded up, in steps that grow
with the wait (nobody needs "within 87 minutes"). `static/js/waits.js` is the same rule in the
browser; both run the vectors in `tests/display/waits_vectors.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

STEPS: Final = ((30, 5), (90, 10))
"""(up to minutes, step in minutes); beyond the last one `LONG_STEP`."""

LONG_STEP: Final = 30
SOON_S: Final = 300
"""Below five minutes every number would be pretence: "less than 5 minutes"."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A wait as shown. Minutes; `low` and `high` are None unless `kind` is soon or within.

    * `next`     nobody is ahead
    * `soon`     less than five minutes
    * `within`   at most `minutes`, usually between `low` and `high`
    * `unknown`  no estimate: show only how many are ahead
    """

    kind: Literal["next", "soon", "within", "unknown"]
    minutes: int | None = None
    low: int | None = None
    high: int | None = None


def shown(wait: Mapping[str, int] | None, ahead: int | None = None) -> Shown:
    """Word the estimate `wait` (`p50_s`, `p80_s`, `p90_s`) of somebody with `ahead` before him."""
    if ahead == 0:
        return Shown("next")
    if wait is None:
        return Shown("unknown")
    minutes = round_up(wait["p80_s"])
    low = round_down(wait["p50_s"])
    high = max(round_up(wait["p90_s"]), minutes)
    kind: Literal["soon", "within"] = "soon" if wait["p80_s"] < SOON_S else "within"
    return Shown(kind, minutes, low, high)


SPAN_STEP_S: Final = 300
FAR_S: Final = 90 * 60
FAR_STEP_S: Final = 1800
"""Beyond an hour and a half nobody plans by five minutes."""


@dataclass(frozen=True, slots=True)
class Span:
    """A wait as a phone shows it, in whole minutes; both None unless `kind` is span.

    From the 50 % to the 80 % bound, rounded outward: four of five are called before `high`.
    `next` nobody is ahead · `soon` at most five minutes · `span` · `unknown` no estimate
    """

    kind: Literal["next", "soon", "span", "unknown"]
    low: int | None = None
    high: int | None = None


def span(wait: Mapping[str, int] | None, ahead: int | None = None) -> Span:
    """Word the estimate `wait` (`p50_s`, `p80_s`) of somebody with `ahead` before him."""
    if ahead == 0:
        return Span("next")
    if wait is None:
        return Span("unknown")
    least, most = wait["p50_s"], max(wait["p50_s"], wait["p80_s"])
    if most <= SPAN_STEP_S:
        return Span("soon")
    step = SPAN_STEP_S if most <= FAR_S else FAR_STEP_S
    high = -(-most // step) * step
    low = min(least // step * step, high - step)
    return Span("span", low // 60, high // 60)


def round_up(seconds: int) -> int:
    """Minutes, rounded up to the step of their size; at least 5."""
    for limit, step in STEPS:
        if seconds <= limit * 60:
            return max(step, -(-seconds // (step * 60)) * step)
    return -(-seconds // (LONG_STEP * 60)) * LONG_STEP


def round_down(seconds: int) -> int:
    """Minutes, rounded down to the step of their size; at least 0."""
    for limit, step in STEPS:
        if seconds < limit * 60:
            return max(0, seconds // (step * 60) * step)
    return seconds // (LONG_STEP * 60) * LONG_STEP
