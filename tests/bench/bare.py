"""The bare components: what aiohttp and a database reach alone, on this machine, in this minute.

`python -m tests.bench.bare PORT FOLDER BYTES [URL]` serves two handlers and prints "ready":

    GET  /constant   BYTES constant bytes
    POST /append     one row into SQLite (WAL, FULL), or into the PostgreSQL of URL, with group
                     commit, then a small answer
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeAlias

import psycopg
import uvloop
from aiohttp import web

BATCH_MAX = 256

Write: TypeAlias = Callable[[list[bytes]], None]
"""Rows in one transaction, on the disk when it returns."""

Connect: TypeAlias = Callable[[], Write]


class GroupCommit:
    """One thread, one connection: whatever rows wait go into one transaction."""

    def __init__(self, connect: Connect) -> None:
        self._rows: queue.SimpleQueue[tuple[bytes, asyncio.Future[None]] | None]
        self._rows = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._connect = connect
        threading.Thread(target=self._run, daemon=True).start()

    def append(self, body: bytes) -> asyncio.Future[None]:
        """Done when the row is on the disk."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._rows.put((body, future))
        return future

    def _run(self) -> None:
        write = self._connect()
        while (first := self._rows.get()) is not None:
            batch = [first]
            while len(batch) < BATCH_MAX:
                try:
                    batch.append(self._rows.get_nowait())
                except queue.Empty:
                    break
            write([body for body, _ in batch])
            self._loop.call_soon_threadsafe(_done, [future for _, future in batch])


def _done(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


def sqlite(path: Path) -> Write:
    """A new file."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE row (seq INTEGER PRIMARY KEY, body BLOB)")

    def write(bodies: list[bytes]) -> None:
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO row (body) VALUES (?)", [(body,) for body in bodies])
        db.execute("COMMIT")

    return write


def postgresql(url: str) -> Write:
    """A new table; a statement is a transaction, one way to the server and back."""
    db = psycopg.connect(url, autocommit=True)
    db.execute("CREATE TABLE row (seq BIGSERIAL PRIMARY KEY, body BYTEA)")

    def write(bodies: list[bytes]) -> None:
        db.execute("INSERT INTO row (body) SELECT unnest(%s::bytea[])", (bodies,))

    return write


async def main(port: int, folder: Path, size: int, url: str = "") -> None:
    """Serve until killed."""
    constant = b"x" * size
    rows = GroupCommit(partial(postgresql, url) if url else partial(sqlite, folder / "bare.sqlite"))

    async def get_constant(_request: web.Request) -> web.Response:
        return web.Response(body=constant, content_type="application/json")

    async def append(request: web.Request) -> web.Response:
        await rows.append(await request.read())
        return web.Response(body=b'{"done":true}', status=201, content_type="application/json")

    app = web.Application()
    app.router.add_get("/constant", get_constant)
    app.router.add_post("/append", append)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]))
