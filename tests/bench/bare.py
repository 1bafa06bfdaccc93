"""The bare components: what aiohttp and SQLite reach alone, on this machine, in this minute.

`python -m tests.bench.bare PORT FOLDER BYTES` serves two handlers and prints "ready":

    GET  /constant   BYTES constant bytes
    POST /append     one row into SQLite (WAL, FULL) with group commit, then a small answer
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import sys
import threading
from pathlib import Path

import uvloop
from aiohttp import web

BATCH_MAX = 256


class GroupCommit:
    """One thread, one connection: whatever rows wait go into one transaction."""

    def __init__(self, path: Path) -> None:
        self._rows: queue.SimpleQueue[tuple[bytes, asyncio.Future[None]] | None]
        self._rows = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._path = path
        threading.Thread(target=self._run, daemon=True).start()

    def append(self, body: bytes) -> asyncio.Future[None]:
        """Done when the row is on the disk."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._rows.put((body, future))
        return future

    def _run(self) -> None:
        db = sqlite3.connect(self._path, isolation_level=None)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("CREATE TABLE row (seq INTEGER PRIMARY KEY, body BLOB)")
        while (first := self._rows.get()) is not None:
            batch = [first]
            while len(batch) < BATCH_MAX:
                try:
                    batch.append(self._rows.get_nowait())
                except queue.Empty:
                    break
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT INTO row (body) VALUES (?)", [(body,) for body, _ in batch])
            db.execute("COMMIT")
            self._loop.call_soon_threadsafe(_done, [future for _, future in batch])


def _done(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


async def main(port: int, folder: Path, size: int) -> None:
    """Serve until killed."""
    constant = b"x" * size
    rows = GroupCommit(folder / "bare.sqlite")

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
    uvloop.run(main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
