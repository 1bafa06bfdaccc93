"""Alive, ready, measured: for systemd, a supervisor and Prometheus on the local network."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Final

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from queued.core import views
from queued.core.model import WindowStatus
from queued.engine.clock import implausible
from queued.engine.ports import JournalError
from queued.server import wire
from queued.server.call import Call, answer
from queued.server.device_metrics import device_metrics
from queued.server.problems import Problem

if TYPE_CHECKING:
    from queued.server.parts import Site

HEAD_WITHIN_S: Final = 2.0
"""A journal that does not tell its head in this time is not ready for anything."""

EXPOSITION: Final = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counts of this server, kept as plain integers and turned into metrics when asked."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        """(route, status); routes are patterns, never paths."""

    def count(self, route: str, status: int) -> None:
        """A request of `route` was answered."""
        self.requests[route, status] += 1


async def alive(call: Call[None]) -> web.Response:
    """GET /healthz"""
    _local_only(call)
    return answer(wire.Health("ok", []))


async def ready(call: Call[None]) -> web.Response:
    """GET /readyz"""
    _local_only(call)
    problems = [problem async for problem in _unready(call.site)]
    if problems:
        return answer(wire.Health("not ready", problems), status=503, headers={"Retry-After": "5"})
    return answer(wire.Health("ready", []))


async def metrics(call: Call[None]) -> web.Response:
    """GET /metrics"""
    _local_only(call)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(call.site))
    headers = {"Content-Type": EXPOSITION, "Cache-Control": "no-store", "Server": "queued"}
    return web.Response(body=generate_latest(registry), headers=headers)


def _local_only(call: Call[None]) -> None:
    site = call.site
    if not site.parts.health_public and not site.limits.addresses.local(call.request):
        raise Problem("forbidden")


async def _unready(site: Site) -> AsyncIterator[str]:
    """Why the server is not ready, as sentences; none if it is."""
    now = site.parts.clock.now()
    for live in site.lives.values():
        actor = live.running.actor
        if not actor.alive:
            yield f"hall {live.id} takes no commands: {actor.failure or 'stopped'}"
            continue
        if actor.waiting:
            yield f"hall {live.id} waits for its journal"
        seen = actor.hall.seq
        try:
            head = await asyncio.wait_for(site.parts.store.journal.head(live.id), HEAD_WITHIN_S)
        except (JournalError, OSError, TimeoutError) as failure:
            yield f"journal of hall {live.id}: {type(failure).__name__}"
            continue
        if head[0] < seen:
            yield f"journal of hall {live.id} is at seq {head[0]}, the hall at {seen}"
        if (why := implausible(now, live.hall.at)) is not None:
            yield why


class _Collector(Collector):
    """Reads the server at the moment of asking."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def collect(self) -> Iterator[Metric]:
        yield self._requests()
        yield from self._halls()
        streams = GaugeMetricFamily("queued_streams", "Open live streams", labels=["hall"])
        for live in self._site.lives.values():
            streams.add_metric([live.id], live.clients)
        yield streams
        cut = CounterMetricFamily("queued_streams_cut", "Streams cut: the client did not read")
        cut.add_metric([], self._site.streams.cut)
        yield cut
        parts = self._site.parts
        yield from device_metrics(parts.devices, parts.upkeep, parts.clock.now())
        inputs = CounterMetricFamily(
            "queued_inputs", "Keys and grades pressed", labels=["role", "result"]
        )
        for role, counts in self._site.parts.inputs.items():
            for result, count in sorted(counts.items()):
                inputs.add_metric([role, result], count)
        yield inputs
        for name, counts in self._site.parts.counts.items():
            yield self._more(name, counts)

    def _more(self, name: str, counts: Counter[str]) -> Metric:
        family = CounterMetricFamily(f"queued_{name}", "What happened", labels=["what"])
        for what, count in sorted(counts.items()):
            family.add_metric([what], count)
        return family

    def _requests(self) -> Metric:
        family = CounterMetricFamily(
            "queued_requests", "Answered HTTP requests", labels=["route", "status"]
        )
        for (route, status), count in sorted(self._site.metrics.requests.items()):
            family.add_metric([route, str(status)], count)
        return family

    def _halls(self) -> Iterator[Metric]:
        seq = GaugeMetricFamily("queued_seq", "Events in the journal", labels=["hall"])
        up = GaugeMetricFamily("queued_hall_up", "1 if the hall takes commands", labels=["hall"])
        windows = GaugeMetricFamily("queued_windows_open", "Open windows", labels=["hall"])
        waiting = GaugeMetricFamily("queued_waiting", "People waiting", labels=["hall", "queue"])
        tickets = GaugeMetricFamily("queued_tickets_today", "Numbers given out", labels=["hall"])
        alarms = GaugeMetricFamily("queued_alarms", "Alarms nobody has seen to", labels=["hall"])
        for live in self._site.lives.values():
            hall = live.hall
            seq.add_metric([live.id], hall.seq)
            up.add_metric([live.id], float(live.running.actor.alive))
            unseen = [one for one in live.running.alarms.all() if not one.acknowledged_by]
            alarms.add_metric([live.id], len(unseen))
            tickets.add_metric([live.id], len(hall.tickets))
            open_ = sum(one.status is WindowStatus.OPEN for one in hall.windows.values())
            windows.add_metric([live.id], open_)
            for queue in hall.plan.queues:
                waiting.add_metric([live.id, queue], views.waiting(hall, queue))
        yield from (seq, up, windows, waiting, tickets, alarms)
