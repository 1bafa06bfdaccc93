"""The devices as Prometheus metrics. Labels are ids of the configuration and a bounded set of
words: whatever a driver may count or call its reasons, no label is made of it unseen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from queued.core.plan import Millis
from queued.server.devices import Devices
from queued.server.upkeep import Upkeep, light

COUNTERS: Final = frozenset(
    {
        "failures", "recovered", "printed", "shown", "spoken", "pressed", "rated", "cards",
        "expired", "queue_full",
    }
)  # fmt: skip
"""What drivers count that is told; anything else is `other`."""

REASONS: Final = frozenset(
    {
        "offline", "paper_out", "cover_open", "cutter_jam", "error", "timeout", "unplugged",
        "expired", "queue_full", "unknown_device", "bad_job", "cancelled", "interrupted", "quiet",
        "bad_phrase", "language", "no_clip", "garbled", "busy", "unspoken", "blocked",
    }
)  # fmt: skip
"""Why slips and sayings fail (`drivers.jobs`); anything else is `other`."""


def device_metrics(devices: Devices, upkeep: Upkeep, now: Millis) -> Iterator[Metric]:
    """What a hall's devices are and did."""
    names = ["device", "kind"]
    up = GaugeMetricFamily("queued_device_up", "1 if a device is ready", labels=names)
    red = GaugeMetricFamily("queued_device_red", "1 if a device needs somebody", labels=names)
    queue = GaugeMetricFamily("queued_device_queue", "Jobs waiting", labels=names)
    since = GaugeMetricFamily(
        "queued_device_state_since_seconds", "Unix time of the last change", labels=names
    )
    counted = CounterMetricFamily(
        "queued_device_events", "What a driver counted", labels=[*names, "event"]
    )
    for report in devices.reports():
        labels = [report.device, report.kind]
        up.add_metric(labels, float(report.state == "ready"))
        red.add_metric(labels, float(light(report, now) == "red"))
        queue.add_metric(labels, report.queue)
        since.add_metric(labels, report.since_ms / 1000)
        for name, count in _summed(report.counters, COUNTERS).items():
            counted.add_metric([*labels, name], count)
    restarts = CounterMetricFamily(
        "queued_device_process_restarts", "Times the device process was started again"
    )
    restarts.add_metric([], upkeep.restarts)
    yield from (up, red, queue, since, counted, restarts)
    yield from _jobs(devices, upkeep)


def _jobs(devices: Devices, upkeep: Upkeep) -> Iterator[Metric]:
    spoken = CounterMetricFamily("queued_device_spoken", "Calls said", labels=["device"])
    unspoken = CounterMetricFamily(
        "queued_device_not_spoken", "Calls not said", labels=["device", "reason"]
    )
    slips = CounterMetricFamily(
        "queued_device_slips", "Slips printed, confirmed or not", labels=["device", "confirmed"]
    )
    failed = CounterMetricFamily(
        "queued_device_slips_failed", "Slips failed", labels=["device", "reason"]
    )
    for report in devices.reports():
        device, tally = report.device, upkeep.tally(report.device)
        if tally.spoken or tally.not_spoken:
            spoken.add_metric([device], tally.spoken)
        if tally.slips_confirmed or tally.slips_unconfirmed:
            slips.add_metric([device, "yes"], tally.slips_confirmed)
            slips.add_metric([device, "no"], tally.slips_unconfirmed)
        for reason, count in _summed(tally.not_spoken, REASONS).items():
            unspoken.add_metric([device, reason], count)
        for reason, count in _summed(tally.slips_failed, REASONS).items():
            failed.add_metric([device, reason], count)
    yield from (spoken, unspoken, slips, failed)


def _summed(counts: Mapping[str, int], known: frozenset[str]) -> dict[str, int]:
    """`counts` with every name that is not `known` taken together."""
    summed: dict[str, int] = {}
    for name, count in sorted(counts.items()):
        told = name if name in known else "other"
        summed[told] = summed.get(told, 0) + count
    return summed
