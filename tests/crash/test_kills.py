"""kill -9 in the middle of everything, again and again: nothing acknowledged is ever lost.

A kill leaves the system's buffers alone, so it proves order and atomicity, not fsync: that is
read back at every start (`storage/connect.py`), and torn logs are in tests/storage.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from queued.storage.city import City
from tests.crash import process
from tests.crash.load import ROLES, Crowd
from tests.crash.process import QUEUED, queued

ROUNDS = 20
ROUNDS_OF_SOAK = 300
ROUNDS_OF_CONTROL = 6

ANSWERS = (40, 250)
"""A life ends after so many answers: always in the middle of others."""

CARELESS = ("-m", "tests.crash.careless_serve")


def killed_again_and_again(
    folder: Path,
    rounds: int,
    seed: int,
    entry: Sequence[str] = QUEUED,
    city: City | None = None,
) -> Crowd:
    """Lives of a server on one data folder, each killed under load and checked in the next.

    Ends early with the first complaint. The second queue has 99 numbers: they are given out
    again and again, and tickets of both lives must not be mixed up.
    """
    random, data = Random(seed), folder / "data"
    storage = f'[storage]\nurl = "{city.url}"\n' if city else ""
    config = process.config(folder, digits=2, more=storage)
    crowd = Crowd(process.tokens(data, city, **ROLES))
    starts = []
    for _ in range(rounds):
        with process.serving(config, data, entry=entry) as hall:
            starts.append(hall.ready_s)

            async def live(hall=hall) -> None:
                await crowd.check(hall.port, hall.seq)
                if crowd.all_complaints():
                    return
                end = hall.process.kill
                cuts = await crowd.load(hall.port, random.randint(*ANSWERS), end)
                assert cuts, "the kill met nobody at work"

            asyncio.run(live())
            if crowd.all_complaints():
                return crowd
            assert hall.ended() == -signal.SIGKILL
    with process.serving(config, data, entry=entry) as hall:
        asyncio.run(crowd.check(hall.port, hall.seq))
        asyncio.run(crowd.look_up_everything(hall.port))
        hall.signal(signal.SIGTERM)
        assert hall.ended() == 0
    print(f"\n{len(crowd.audit.papers)} tickets, starts {min(starts):.2f}–{max(starts):.2f} s")
    return crowd


def survives(folder: Path, rounds: int, seed: int) -> None:
    """The claim itself."""
    started = time.monotonic()
    crowd = killed_again_and_again(folder, rounds, seed)
    print(f"{rounds} kills in {time.monotonic() - started:.1f} s")
    assert crowd.all_complaints() == []
    assert len(crowd.told) > rounds * ANSWERS[0]
    numbers = [paper.number for paper in crowd.audit.papers.values()]
    assert len(set(numbers)) < len(numbers), "no number came back, so none could be mixed up"
    verified = queued("verify", "--data", folder / "data")
    assert verified.returncode == 0, verified.stderr
    assert f"seq {crowd.audit.seq}, " in verified.stdout


def test_twenty_kills_lose_nothing_and_double_nothing(tmp_path: Path):
    survives(tmp_path, ROUNDS, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 6))
def test_hundreds_of_kills(tmp_path: Path, seed: int):
    survives(tmp_path, ROUNDS_OF_SOAK, seed)


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [("early", "was told"), ("forgetful", "was answered")],
)
def test_a_careless_store_is_caught(tmp_path: Path, fault: str, complaint: str):
    """The negative control: the same kills, the same checks, one promise broken."""
    crowd = killed_again_and_again(tmp_path, ROUNDS_OF_CONTROL, 1, (*CARELESS, fault))
    assert any(complaint in found for found in crowd.all_complaints()), crowd.all_complaints()


def test_the_careless_server_is_careless_only_where_it_says_so(tmp_path: Path):
    crowd = killed_again_and_again(tmp_path, 1, 1, (*CARELESS, "honest"))
    assert crowd.all_complaints() == []
