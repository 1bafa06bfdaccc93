"""The API of a public process: the reads of the halls' own API, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from queued.public.pages import site_hall, told
from queued.public.shown_hall import CACHE_CONTROL
from queued.public.site import Asked, PublicSite
from queued.public.tickets import placed
from queued.server import wire
from queued.server.call import answer
from queued.server.health import EXPOSITION
from queued.server.problems import Problem
from queued.server.whole import Head, Whole

SERVICES: Final = Head(200, {
    "Content-Type": "application/json",
    "Cache-Control": "public, max-age=60, stale-if-error=86400",
    "X-Content-Type-Options": "nosniff",
    "Server": "queued",
})  # fmt: skip
MONITORS: Final = Head(200, {
    "Content-Type": "application/json",
    "Cache-Control": CACHE_CONTROL,
    "X-Content-Type-Options": "nosniff",
    "Server": "queued",
})  # fmt: skip


async def stream(asked: Asked) -> web.StreamResponse:
    """GET /halls/{hall}/stream"""
    return await site_hall(asked).hub.stream(asked.request)


async def services(asked: Asked) -> web.StreamResponse:
    """GET /halls/{hall}/services"""
    return _beside(asked, "services", SERVICES)


async def queue_monitor(asked: Asked) -> web.StreamResponse:
    """GET /halls/{hall}/queue-monitor"""
    return _beside(asked, "queue-monitor", MONITORS)


def _beside(asked: Asked, what: str, head: Head) -> web.StreamResponse:
    body = site_hall(asked).bytes.get(what)
    if body is None:
        raise Problem("not_ready")
    return Whole(head, body)


async def own_ticket(asked: Asked) -> web.StreamResponse:
    """GET /tickets/{token}"""
    token = asked.path("token")
    record = await asked.site.tickets.find(asked.request, token)
    hall = asked.site.city.hall(record.hall)
    return answer(told(placed(record, token, hall).ticket, hall))


# ── For whoever runs it ───────────────────────────────────────────────────────────────────


async def alive(asked: Asked) -> web.StreamResponse:
    """GET /healthz"""
    _local_only(asked)
    return answer(wire.Health("ok", []))


async def ready(asked: Asked) -> web.StreamResponse:
    """GET /readyz: not ready while nobody has told which halls there are. A source that has
    gone is told too, and what is known is shown: a proxy need not take us out."""
    _local_only(asked)
    city = asked.site.city
    if not city.ready:
        problems = ["no word from the source yet"]
        return answer(wire.Health("not ready", problems), status=503, headers={"Retry-After": "5"})
    lost = ["the source is away: what is shown grows old"] if city.source_lost() else []
    return answer(wire.Health("ready", lost))


async def metrics(asked: Asked) -> web.StreamResponse:
    """GET /metrics"""
    _local_only(asked)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(asked.site))
    headers = {"Content-Type": EXPOSITION, "Cache-Control": "no-store", "Server": "queued"}
    return web.Response(body=generate_latest(registry), headers=headers)


def _local_only(asked: Asked) -> None:
    if not asked.site.limits.addresses.local(asked.request):
        raise Problem("forbidden")


class _Collector(Collector):
    """Reads the process at the moment of asking."""

    def __init__(self, site: PublicSite) -> None:
        self._site = site

    def collect(self) -> Iterator[Metric]:
        site, city = self._site, self._site.city
        requests = CounterMetricFamily(
            "queued_requests", "Answered HTTP requests", labels=["route", "status"]
        )
        for (route, status), count in sorted(site.metrics.requests.items()):
            requests.add_metric([route, str(status)], count)
        yield requests
        happened = CounterMetricFamily("queued_public", "What happened", labels=["what"])
        for what, count in sorted(city.counts.items()):
            happened.add_metric([what], count)
        yield happened
        cut = CounterMetricFamily("queued_streams_cut", "Streams cut: the client did not read")
        cut.add_metric([], site.streams.cut)
        yield cut
        for name, help_, value in (
            ("queued_streams", "Open live streams", site.streams.open),
            ("queued_halls", "Halls shown", len(city.halls)),
            ("queued_halls_stale", "Halls that are silent",
             sum(city.stale(hall) for hall in city.shown())),
            ("queued_source_up", "1 if the source answers", not city.source_lost()),
        ):  # fmt: skip
            yield GaugeMetricFamily(name, help_, value=float(value))
