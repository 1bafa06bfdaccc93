"""Figures of a replay: waits against the record, and how good the predictions were.

Predictions are scored where they came true: tickets with somebody ahead that were called.
MAE is of the median; pinball loss of a quantile q at p is max(p (y - q), (p - 1) (y - q)),
in seconds; a good P80 is kept by 80 % of the tickets, P10 to P90 hold 80 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from math import floor
from typing import Any
from zoneinfo import ZoneInfo

from queued.core.estimate import Wait
from queued.replay.drive import Prediction, Result


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds; quantiles by linear interpolation. Zeros if there were no calls."""

    mean_s: float
    p50_s: float
    p90_s: float
    max_s: float


@dataclass(frozen=True, slots=True)
class Quality:
    """How good predictions were; errors in seconds, shares 0 … 1. None if nothing came true."""

    shown: int
    silent: int
    """Tickets with somebody ahead for which no honest estimate existed."""
    scored: int
    mae_s: float | None = None
    mae_last_wait_s: float | None = None
    """The same tickets, had they been shown the wait of the last one called …"""
    mae_recent_waits_s: float | None = None
    """… or the mean of the last ten waits."""
    pinball_50_s: float | None = None
    pinball_80_s: float | None = None
    pinball_90_s: float | None = None
    within_p80: float | None = None
    within_p90: float | None = None
    between_p10_p90: float | None = None


def waits_of(waits_ms: Sequence[int]) -> Waits:
    """The figures of waits in milliseconds."""
    if not waits_ms:
        return Waits(0.0, 0.0, 0.0, 0.0)
    ordered = sorted(waits_ms)
    mean = sum(ordered) / len(ordered)
    figures = (mean, quantile(ordered, 0.5), quantile(ordered, 0.9), ordered[-1])
    return Waits(*(round(figure / 1000, 1) for figure in figures))


def quantile(ordered: Sequence[int], p: float) -> float:
    """The `p`-quantile (0 … 1) of sorted, non-empty values, by linear interpolation."""
    place = p * (len(ordered) - 1)
    index = floor(place)
    after = ordered[min(index + 1, len(ordered) - 1)]
    return ordered[index] + (place - index) * (after - ordered[index])


def quality_of(predictions: Sequence[Prediction]) -> Quality:
    """The scores of all predictions that came true."""
    shown = [(p, p.wait) for p in predictions if p.wait is not None]
    silent = len(predictions) - len(shown)
    scored = [(p, w, p.waited_ms / 1000) for p, w in shown if p.waited_ms is not None]
    n = len(scored)
    if not n:
        return Quality(len(shown), silent, 0)

    def pinball(p: float, told: Sequence[int]) -> float:
        losses = (
            max(p * (y - q), (p - 1) * (y - q))
            for (_, _, y), q in zip(scored, told, strict=True)
        )
        return round(sum(losses) / n, 1)

    return Quality(
        len(shown),
        silent,
        n,
        mae_s=round(sum(abs(y - w.p50_s) for _, w, y in scored) / n, 1),
        mae_last_wait_s=round(
            sum(abs(y - p.last_wait_ms / 1000) for p, _, y in scored) / n, 1
        ),
        mae_recent_waits_s=round(
            sum(abs(y - p.recent_wait_ms / 1000) for p, _, y in scored) / n, 1
        ),
        pinball_50_s=pinball(0.5, [w.p50_s for _, w, _ in scored]),
        pinball_80_s=pinball(0.8, [w.p80_s for _, w, _ in scored]),
        pinball_90_s=pinball(0.9, [w.p90_s for _, w, _ in scored]),
        within_p80=round(sum(y <= w.p80_s for _, w, y in scored) / n, 4),
        within_p90=round(sum(y <= w.p90_s for _, w, y in scored) / n, 4),
        between_p10_p90=round(sum(w.p10_s <= y <= w.p90_s for _, w, y in scored) / n, 4),
    )


def report_of(
    result: Result, seconds: float, zone: ZoneInfo, predicted: bool
) -> dict[str, Any]:
    """Everything as plain values for JSON. `seconds` is how long the replay took."""
    longest = result.longest
    at = datetime.fromtimestamp(longest.at / 1000, zone).isoformat()
    return {
        "days": result.days,
        "tickets": result.tickets,
        "calls": result.calls,
        "never_called": result.never_called,
        "calls_left_out": result.calls_left_out,
        "waits": {
            "engine": asdict(waits_of(result.waits_ms)),
            "recorded": asdict(waits_of(result.recorded_ms)),
        },
        "longest_queue": {"queue": longest.queue, "waiting": longest.waiting, "at": at},
        "events": result.events,
        "elapsed_s": round(seconds, 3),
        "events_per_second": round(result.events / seconds) if seconds > 0 else None,
        "predictions": asdict(quality_of(result.predictions)) if predicted else None,
    }


def table_of(report: Mapping[str, Any]) -> str:
    """The report as people read it, durations in minutes and seconds."""
    engine, recorded = report["waits"]["engine"], report["waits"]["recorded"]
    longest = report["longest_queue"]
    lines = [
        f"{'days':<22}{report['days']:>14,}",
        f"{'tickets':<22}{report['tickets']:>14,}",
        f"{'calls':<22}{report['calls']:>14,}",
        f"{'never called':<22}{report['never_called']:>14,}",
    ]
    if report["calls_left_out"]:
        lines.append(
            f"{'calls after day end':<22}{report['calls_left_out']:>14,}  left out"
        )
    lines += ["", f"{'wait':<22}{'engine':>22}{'recorded':>22}"]
    for label, key in (
        ("mean", "mean_s"),
        ("P50", "p50_s"),
        ("P90", "p90_s"),
        ("max", "max_s"),
    ):
        lines.append(
            f"{'  ' + label:<22}{_both(engine[key]):>22}{_both(recorded[key]):>22}"
        )
    lines += [
        "",
        f"longest queue         {longest['waiting']:,} waiting in {longest['queue']} "
        f"at {longest['at']}",
        f"events                {report['events']:,} in {report['elapsed_s']:.1f} s, "
        f"{report['events_per_second'] or 0:,} a second",
    ]
    return "\n".join(lines + _quality_lines(report["predictions"])) + "\n"


def _quality_lines(quality: Mapping[str, Any] | None) -> list[str]:
    if quality is None:
        return []
    shown, scored = quality["shown"], quality["scored"]
    lines = ["", f"predictions           {shown:,} shown, {scored:,} came true"]
    if quality["silent"]:
        lines.append(f"  no estimate yet     {quality['silent']:,}")
    if not quality["scored"]:
        return lines
    for label, key in (
        ("mean error of P50", "mae_s"),
        ("  of the last wait", "mae_last_wait_s"),
        ("  of the last ten", "mae_recent_waits_s"),
        ("pinball P50", "pinball_50_s"),
        ("pinball P80", "pinball_80_s"),
        ("pinball P90", "pinball_90_s"),
    ):
        lines.append(f"{'  ' + label:<22}{_both(quality[key]):>22}")
    for label, key in (
        ("within P80", "within_p80"),
        ("within P90", "within_p90"),
        ("P10 to P90", "between_p10_p90"),
    ):
        lines.append(f"{'  ' + label:<22}{quality[key]:>22.1%}")
    return lines


def _both(seconds: float) -> str:
    return f"{seconds / 60:.1f} min ({seconds:,.0f} s)"


PREDICTION_COLUMNS = ("queue", "arrival", "ahead", "p10_s", "p50_s", "p80_s", "p90_s")


def prediction_row(prediction: Prediction) -> tuple[str | int, ...]:
    """A line of the predictions file; four empty fields where no honest estimate existed."""
    row, wait = prediction.row, prediction.wait
    told = ("",) * 4 if wait is None else _quantiles(wait)
    return (row.queue, row.arrival_text, prediction.ahead, *told)


def _quantiles(wait: Wait) -> tuple[int, int, int, int]:
    return (wait.p10_s, wait.p50_s, wait.p80_s, wait.p90_s)
