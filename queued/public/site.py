"""What a running public process knows, and one request as its handlers see it."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiohttp import web

from display.pages import STATIC_DIR, Pages
from queued.public.city import City
from queued.public.drawn import DrawnPages
from queued.public.tickets import Tickets
from queued.server.health import Metrics
from queued.server.hub import Streams
from queued.server.limits import Limits
from queued.server.static import StaticFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicSite:
    """The running process. It has no secret: nothing here opens anything."""

    city: City
    tickets: Tickets
    limits: Limits
    streams: Streams
    version: str
    url: str = ""
    """How phones reach us; "" : as they said."""
    pages: Pages = field(default_factory=Pages)
    static: StaticFiles = field(default_factory=lambda: StaticFiles(STATIC_DIR))
    metrics: Metrics = field(default_factory=Metrics)
    drawn: DrawnPages = field(default_factory=DrawnPages)
    """Pages that are the same for everybody,"""
    own: DrawnPages = field(default_factory=DrawnPages)
    """and those of one's own ticket: apart, so that nobody's reloading drives out the others'."""

    @property
    def tls(self) -> bool:
        """Whether the public address is https."""
        return self.url.startswith("https:")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that has been let in."""

    site: PublicSite
    request: web.Request

    def path(self, name: str) -> str:
        """A part of the path."""
        return self.request.match_info[name]
