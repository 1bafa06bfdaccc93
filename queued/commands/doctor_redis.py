"""The doctor looks at the hall's Redis: does it answer, and how far is the feed."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from queued.commands.doctor_findings import Finding
from queued.settings_values import Settings
from queued.storage.folder import DATABASE

BEHIND_MOST = 50
"""Events on their way while a hall is busy."""


def redis(settings: Settings, folder: Path) -> Iterator[Finding]:
    """Nothing for a hall without Redis."""
    url = settings.redis.url
    if not url:
        return
    try:
        fed = asyncio.run(_fed(url, settings.hall.id))
    except ValueError:
        yield Finding("bad", "redis_address")
        return
    except Exception as error:  # noqa: BLE001 - whatever its library raises: it does not answer
        # The kind only: an address may hold a password.
        yield Finding("bad", "redis_failed", {"why": type(error).__name__})
        return
    if settings.storage.url is not None:
        yield Finding("good", "redis", {"fed": fed, "head": "-"})  # the city's database knows
        return
    head = _head(folder, settings.hall.id)
    facts = {"fed": fed, "head": head}
    if fed > head:
        yield Finding("bad", "redis_ahead", facts)
    elif head - fed > BEHIND_MOST:
        yield Finding("note", "redis_behind", facts)
    else:
        yield Finding("good", "redis", facts)


async def _fed(url: str, hall: str) -> int:
    """Seq of the last event in the hall's stream; 0 of an empty one."""
    # Here, not above: its library is large, and most halls have no Redis.
    from queued.cluster.redis_link import open_redis
    from queued.cluster.shared import key_of

    connection = open_redis(url)
    try:
        last: Any = await connection.xrevrange(key_of(hall, "events"), count=1)
        return int(last[0][0].partition(b"-")[0]) if last else 0
    finally:
        await connection.aclose()


def _head(folder: Path, hall: str) -> int:
    """Seq of the last event in the journal; 0 where there is none yet."""
    file = folder / DATABASE
    if not file.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=1)) as database:
            found = database.execute("SELECT max(seq) FROM journal WHERE hall = ?", (hall,))
            return found.fetchone()[0] or 0
    except sqlite3.Error:  # told by the look at the database itself
        return 0
