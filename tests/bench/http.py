"""Issue, call-next and snapshot over HTTP, each beside the bare component in the same run."""

from __future__ import annotations

import asyncio
import itertools
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.bench.hall import QUEUES, BenchHall, bare
from tests.bench.load import Run, drive, request

CLIENTS = 16
SNAPSHOT_CONNECTIONS = 64


def bearer(token: str) -> dict[str, str]:
    """The header that carries `token`."""
    return {"Authorization": f"Bearer {token}"}


def issue(hall: BenchHall, token: str, count: int, clients: int = CLIENTS) -> Run:
    """`count` tickets from `clients` kiosks at once, over all queues."""
    messages = [
        request("POST", f"{hall.api}/tickets", bearer(token), b'{"queue":"q%d"}' % n)
        for n in range(QUEUES)
    ]

    def sends(client: int) -> Iterator[bytes]:
        return itertools.islice(itertools.cycle(messages), client, client + count // clients)

    return asyncio.run(drive(hall.port, sends, clients, keep_bodies=True))


def numbers(run: Run) -> list[str]:
    """The numbers given out or called in the answers of a run."""
    answers = [json.loads(body) for body in run.bodies]
    return [answer["ticket"]["number"] for answer in answers if answer.get("ticket")]


def open_windows(hall: BenchHall, token: str, windows: int) -> Run:
    """Open the first windows."""

    def sends(client: int) -> Iterator[bytes]:
        path = f"{hall.api}/windows/{client + 1}/open"
        yield request("POST", path, bearer(token), b"{}")

    return asyncio.run(drive(hall.port, sends, windows))


def call_next(hall: BenchHall, token: str, count: int, clerks: int = CLIENTS) -> Run:
    """Call `count` tickets from `clerks` windows at once: call-next, start, finish, again.

    Latencies and bodies are those of call-next alone; seconds are of everything.
    """
    left = itertools.count()
    calls = Run()

    def sends(client: int) -> Iterator[bytes]:
        path = f"{hall.api}/windows/{client + 1}"
        messages = [
            request("POST", f"{path}/{action}", bearer(token), b"{}")
            for action in ("call-next", "start", "finish")
        ]
        while next(left) < count:
            yield from messages

    run = asyncio.run(drive(hall.port, sends, clerks, keep_bodies=True))
    called = Counter(run.statuses)
    calls.seconds, calls.statuses = run.seconds, called
    return run


def snapshot(hall: BenchHall, count: int, connections: int = SNAPSHOT_CONNECTIONS) -> Run:
    """`count` GETs of the snapshot."""
    message = request("GET", hall.api)
    return asyncio.run(
        drive(
            hall.port, lambda _client: itertools.repeat(message, count // connections), connections
        )
    )


def bare_append(count: int, body: bytes, clients: int = CLIENTS) -> Run:
    """A bare aiohttp handler that appends one row with the same group commit."""
    message = request("POST", "/append", bearer("x" * 43), body)
    with tempfile.TemporaryDirectory(prefix="queued-bare-") as folder:
        with bare(Path(folder), 10) as port:
            return asyncio.run(
                drive(port, lambda _client: itertools.repeat(message, count // clients), clients)
            )


def bare_constant(count: int, size: int, connections: int = SNAPSHOT_CONNECTIONS) -> Run:
    """aiohttp serving `size` constant bytes."""
    message = request("GET", "/constant")
    with tempfile.TemporaryDirectory(prefix="queued-bare-") as folder:
        with bare(Path(folder), size) as port:
            return asyncio.run(
                drive(
                    port,
                    lambda _client: itertools.repeat(message, count // connections),
                    connections,
                )
            )
