"""`queued public`: show halls to everybody. Holds no secret, changes nothing in a hall.

Follows every hall that is in a Redis (`--redis`, or QUEUED_REDIS_URL), or one server (`--hall`).
Any number of these processes may run, behind a proxy or a CDN (see config/nginx).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import ipaddress
import logging
import os
import sys
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

import uvloop
from aiohttp import web

from queued import __version__
from queued.commands.serve import port_of, stop_on_signals
from queued.public.application import Source, build, serve
from queued.public.city import City
from queued.public.site import PublicSite
from queued.public.tickets import Tickets, TicketSource
from queued.server.hub import Streams
from queued.server.limits import limits_of
from queued.settings_values import PUBLIC_REQUESTS_PER_MINUTE, STREAMS, Bounds, HttpSettings
from queued.systemd_notify import notify, watchdog_interval_s

FAILED = 1
WRONG_USE = 2

REDIS_VARIABLE = "QUEUED_REDIS_URL"
"""An address may hold a password, and command lines are everybody's to read."""


class Following(Source, TicketSource, Protocol):
    """Where halls and tickets come from."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to follow, where to listen, how much is allowed."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--redis", metavar="URL", help=f"follow all halls ({REDIS_VARIABLE})")
    source.add_argument("--hall", metavar="URL", help="follow one server, such as http://host:8080")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=port_of, default=8081)
    parser.add_argument("--public-url", default="", metavar="URL", help="how phones reach us")
    parser.add_argument(
        "--trusted-proxy", action="append", default=[], type=_network, metavar="ADDRESS",
        help="a proxy whose X-Forwarded-For is believed (again for each)",
    )  # fmt: skip
    parser.add_argument(
        "--requests-per-minute", type=_within(PUBLIC_REQUESTS_PER_MINUTE), default=1200,
        help="from one address",
    )  # fmt: skip
    parser.add_argument("--streams", type=_within(STREAMS), default=10_000, help="open at once")


def run(args: argparse.Namespace) -> int:
    """0 after a clean stop, 1 if it cannot listen, 2 for wrong use."""
    logging.basicConfig(
        level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    redis = args.redis or (None if args.hall else os.environ.get(REDIS_VARIABLE))
    if not redis and not args.hall:
        print(f"queued: give --redis, {REDIS_VARIABLE} or --hall", file=sys.stderr)
        return WRONG_USE
    if args.hall and not _is_http(args.hall):
        print("queued: --hall: not an address such as http://host:8080", file=sys.stderr)
        return WRONG_USE
    try:
        return uvloop.run(_serve(args, redis))
    except ValueError:  # the address itself is not told: it may hold a password
        print("queued: --redis: not an address such as redis://host:6379/0", file=sys.stderr)
        return WRONG_USE
    except OSError as error:
        print(f"queued: cannot listen on {args.host}:{args.port}: {error}", file=sys.stderr)
        return FAILED


async def _serve(args: argparse.Namespace, redis: str | None) -> int:
    stop = asyncio.Event()
    stop_on_signals(stop)
    app = made(args, redis)
    runner: web.AppRunner = await serve(app, args.host, args.port)
    gc.freeze()
    port = runner.addresses[0][1]
    print(f"queued: ready http://{args.host}:{port}", flush=True)
    notify("READY=1")
    watchdog = asyncio.create_task(_watchdog())
    await stop.wait()
    notify("STOPPING=1")
    watchdog.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watchdog
    await runner.cleanup()
    return 0


def made(args: argparse.Namespace, redis: str | None) -> web.Application:
    """The application. Raises `ValueError` for what is no address of a Redis."""
    http = HttpSettings(
        trusted_proxies=tuple(args.trusted_proxy),
        public_requests_per_minute=args.requests_per_minute,
        streams_max=args.streams,
    )
    limits = limits_of(http)
    streams = Streams(limits)
    city = City(streams)
    source: Following
    if redis:
        from queued.cluster.redis_link import open_redis
        from queued.public.from_redis import RedisSource

        source = RedisSource(open_redis(redis), city)
    else:
        from queued.public.from_hall import HallSource

        source = HallSource(args.hall, city)
    site = PublicSite(
        city=city,
        tickets=Tickets(source, limits),
        limits=limits,
        streams=streams,
        version=__version__,
        url=args.public_url.rstrip("/"),
    )
    return build(site, source)


async def _watchdog() -> None:
    """Say that the loop turns."""
    interval_s = watchdog_interval_s()
    while interval_s is not None:
        notify("WATCHDOG=1")
        await asyncio.sleep(interval_s)


def _within(bounds: Bounds) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) not in bounds:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, {bounds}")
        return int(text)

    return number


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no address and no network") from None
    return text


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
