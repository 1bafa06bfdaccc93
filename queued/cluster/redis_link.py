"""Connections to Redis. A hall never waits for one; whoever uses it bears that it is away."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

WITHIN_S: Final = 2.0
"""A Redis that does not answer in this time is down."""

CANCEL_AGAIN_S: Final = 0.2


def open_redis(url: str) -> Redis:
    """A connection that is made when first used, and again when it has broken. Raises
    `ValueError` for what is no address of a Redis."""
    return Redis.from_url(
        url,
        socket_timeout=WITHIN_S,
        socket_connect_timeout=WITHIN_S,
        retry=Retry(NoBackoff(), 0),
    )


async def ended(task: asyncio.Task[Any]) -> None:
    """Cancel a task that speaks to Redis, until it has ended.

    redis-py sends under `asyncio.wait_for`, which until Python 3.12 swallows a cancellation that
    comes in the same moment as the end of what it waits for.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_AGAIN_S)
