"""Issue, call-next and snapshot over HTTP, each beside the bare component in the same run."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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


@dataclass(slots=True)
class Calls:
    """What a race of clerks left. `run` holds the latencies of call-next alone."""

    run: Run
    numbers: list[str]
    rate: float
    commands_per_s: float
    skipped: int


def call_next(
    hall: BenchHall, token: str, count: int, clerks: int = CLIENTS, *, opened: bool = False
) -> Calls:
    """`count` call-nexts from `clerks` windows at once. Between two of them the window is
    freed by `miss`, which is why the rate of calls is half of that of commands.
    """
    if not opened:
        open_windows(hall, token, clerks)
    left = itertools.count()
    run = Run()
    free: set[int] = set(range(clerks))
    numbers_called: list[str] = []

    def sends(client: int) -> Iterator[bytes]:
        path = f"{hall.api}/windows/{client + 1}"
        call = request("POST", f"{path}/call-next", bearer(token), b"{}")
        miss = request("POST", f"{path}/miss", bearer(token), b"{}")
        while next(left) < count:
            free.add(client)
            yield call
            free.discard(client)
            yield miss

    def saw(client: int, status: int, body: bytes, took_s: float) -> None:
        if client in free:
            run.latencies_s.append(took_s)
            run.statuses[status] = run.statuses.get(status, 0) + 1
            if status == 200:
                numbers_called.append(json.loads(body)["ticket"]["number"])

    whole = asyncio.run(drive(hall.port, sends, clerks, after=saw))
    run.seconds = whole.seconds
    return Calls(run, numbers_called, run.rate, whole.rate, _skipped(hall, numbers_called))


def _skipped(hall: BenchHall, called: Sequence[str]) -> int:
    """Numbers still waiting that are smaller than one called from the same queue.

    All tickets of a bench hall are of one class, so each queue is called in order.
    """
    url = f"http://127.0.0.1:{hall.port}{hall.api}"
    with urllib.request.urlopen(url) as answer:
        waiting = [n for queue in json.load(answer)["queues"] for n in queue["order"]]
    last = {number[0]: number for number in sorted(called)}
    return sum(1 for number in waiting if number < last.get(number[0], ""))


def snapshot_bytes(hall: BenchHall) -> int:
    """How long the snapshot is now."""
    with urllib.request.urlopen(f"http://127.0.0.1:{hall.port}{hall.api}") as answer:
        return len(answer.read())


def snapshot(hall: BenchHall, count: int, connections: int = SNAPSHOT_CONNECTIONS) -> Run:
    """`count` GETs of the snapshot."""
    return _repeat(hall.port, request("GET", hall.api), count, connections)


@contextlib.contextmanager
def bare_components(size: int, *url: str) -> Iterator[int]:
    """A process with the bare components, its constant answer `size` bytes long; its port.

    It appends to a SQLite file, or to the PostgreSQL of `url`."""
    with tempfile.TemporaryDirectory(prefix="queued-bare-") as folder:
        with bare(Path(folder), size, *url) as port:
            yield port


def bare_append(port: int, count: int, clients: int = CLIENTS) -> Run:
    """A bare aiohttp handler that appends one row with the same group commit."""
    message = request("POST", "/append", bearer("x" * 43), b'{"queue":"q1"}')
    return _repeat(port, message, count, clients)


def bare_constant(port: int, count: int, connections: int = SNAPSHOT_CONNECTIONS) -> Run:
    """aiohttp serving constant bytes."""
    return _repeat(port, request("GET", "/constant"), count, connections)


def _repeat(port: int, message: bytes, count: int, connections: int) -> Run:
    each = count // connections
    return asyncio.run(drive(port, lambda _client: itertools.repeat(message, each), connections))
