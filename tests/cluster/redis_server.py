"""A real Redis of one's own, which can be killed, started again, and emptied."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from queued.cluster.redis_link import open_redis
from tests.hall_parts import eventually


class RedisServer:
    """Behind a Unix socket in `folder`; what it was told is on the disk when it says so."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("redis-server") is None:
            pytest.skip("no Redis server: apt-get install redis-server")
        folder.mkdir(exist_ok=True)
        self.data = folder / "data"
        self.socket = folder / "r.sock"
        self.url = f"unix://{self.socket}"
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """With whatever is in `data`."""
        self.data.mkdir(exist_ok=True)
        self.socket.unlink(missing_ok=True)
        command = ["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.data]
        durable = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        self._process = subprocess.Popen(
            [*map(str, command), *durable], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        await eventually(self._answers)

    def kill(self) -> None:
        """As a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)
        self._process = None

    def stop(self) -> None:
        """At the end of a test."""
        if self._process is not None:
            self.kill()

    def empty(self) -> None:
        """Its disk is a new one. Not while it runs."""
        assert self._process is None
        shutil.rmtree(self.data)

    def connect(self) -> Redis:
        """A connection; whoever opens it closes it."""
        return open_redis(self.url)

    async def _answers(self) -> bool:
        redis = self.connect()
        try:
            return bool(await redis.ping())
        except (OSError, RedisError):  # not there yet, or it still loads its file
            return False
        finally:
            await redis.aclose()
